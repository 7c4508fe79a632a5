//! The live stream: server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream::{self, Stream, StreamExt};
use tokio::sync::broadcast::error::RecvError;

use super::hub::{Frame, Hub};

/// `GET /api/v1/stream`. A reader that comes back with `Last-Event-ID` gets the alerts it missed first; one that cannot
/// keep up is cut off, comes back and fetches everything anew.
pub async fn stream(
    State(hub): State<Arc<Hub>>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let last_id = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let (missed, receiver) = hub.follow(last_id);
    let closing = hub.closing();
    let live = stream::unfold((receiver, closing), |(mut receiver, mut closing)| async move {
        let frame = tokio::select! {
            frame = receiver.recv() => frame,
            _ = closing.wait_for(|closing| *closing) => return None,
        };
        match frame {
            Ok(frame) => Some((frame, (receiver, closing))),
            Err(RecvError::Lagged(_) | RecvError::Closed) => None,
        }
    });
    let frames = stream::iter(missed).chain(live).map(|frame| Ok(to_event(&frame)));
    Sse::new(frames).keep_alive(KeepAlive::new().interval(Duration::from_secs(5)))
}

fn to_event(frame: &Frame) -> Event {
    let event = Event::default().event(frame.event).data(&frame.data);
    match frame.id {
        Some(id) => event.id(id.to_string()),
        None => event,
    }
}
