//! The live stream: server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream::{self, Stream, StreamExt};
use serde::Deserialize;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::hub::{Frame, Hub};
use super::routes::Refusal;

/// What a reader asks for.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    vehicles: Option<String>,
}

/// `GET /api/v1/stream`. A reader that comes back with `Last-Event-ID` gets the alerts it missed first; one that cannot
/// keep up is cut off, comes back and fetches everything anew. With `?vehicles=no` it is told of all but vehicles.
pub(super) async fn stream(
    State(hub): State<Arc<Hub>>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    let positions = match wanted.vehicles.as_deref() {
        None | Some("yes") => Some(hub.follow_vehicles()),
        Some("no") => None,
        Some(other) => return Err(super::desk::bad(format!("vehicles: expected yes or no, found {other:?}"))),
    };
    let last_id = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let (missed, receiver) = hub.follow(last_id);
    let closing = hub.closing();
    let live =
        stream::unfold((receiver, positions, closing), |(mut receiver, mut positions, mut closing)| async move {
            let frame = tokio::select! {
                frame = receiver.recv() => frame,
                frame = next_of(&mut positions) => frame,
                _ = closing.wait_for(|closing| *closing) => return None,
            };
            match frame {
                Ok(frame) => Some((frame, (receiver, positions, closing))),
                Err(RecvError::Lagged(_) | RecvError::Closed) => None,
            }
        });
    let frames = stream::iter(missed).chain(live).map(|frame| Ok(to_event(&frame)));
    Ok(Sse::new(frames).keep_alive(KeepAlive::new().interval(Duration::from_secs(5))))
}

/// The next frame of a feed; never, where there is none.
async fn next_of(feed: &mut Option<Receiver<Arc<Frame>>>) -> Result<Arc<Frame>, RecvError> {
    match feed {
        Some(feed) => feed.recv().await,
        None => std::future::pending().await,
    }
}

fn to_event(frame: &Frame) -> Event {
    let event = Event::default().event(frame.event).data(&frame.data);
    match frame.id {
        Some(id) => event.id(id.to_string()),
        None => event,
    }
}
