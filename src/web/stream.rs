//! The live stream: server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream::{self, Stream, StreamExt};
use serde::Deserialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::hub::{Frame, Hub};
use super::routes::Refusal;

/// What the stream tells.
const KINDS: [&str; 4] = ["alert", "window", "vehicles", "stats"];

/// What a reader asks for.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    events: Option<String>,
}

impl Wanted {
    fn kinds(&self) -> Result<Vec<&'static str>, Refusal> {
        let Some(events) = &self.events else { return Ok(KINDS.to_vec()) };
        let known = |name: &str| KINDS.into_iter().find(|kind| *kind == name.trim());
        let refused = |name: &str| {
            Refusal(StatusCode::BAD_REQUEST, format!("events: expected some of {}, found {name:?}", KINDS.join(", ")))
        };
        events.split(',').map(|name| known(name).ok_or_else(|| refused(name))).collect()
    }
}

/// `GET /api/v1/stream`. A reader that comes back with `Last-Event-ID` gets the alerts it missed first; one that cannot
/// keep up is cut off, comes back and fetches everything anew. With `events=alert,stats` it gets only these.
pub(super) async fn stream(
    State(hub): State<Arc<Hub>>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    let kinds = wanted.kinds()?;
    let last_id = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let (missed, receiver) = hub.follow(last_id);
    let moves = kinds.contains(&"vehicles").then(|| hub.follow_vehicles());
    let ends = (receiver, moves, hub.closing());
    let live = stream::unfold(ends, |(mut receiver, mut moves, mut closing)| async move {
        let frame = tokio::select! {
            frame = receiver.recv() => frame,
            frame = next(&mut moves) => frame,
            _ = closing.wait_for(|closing| *closing) => return None,
        };
        match frame {
            Ok(frame) => Some((frame, (receiver, moves, closing))),
            Err(RecvError::Lagged(_) | RecvError::Closed) => None,
        }
    });
    let frames = stream::iter(missed).chain(live);
    let frames = frames.filter(move |frame| std::future::ready(kinds.contains(&frame.event)));
    let frames = frames.map(|frame| Ok(to_event(&frame)));
    Ok(Sse::new(frames).keep_alive(KeepAlive::new().interval(Duration::from_secs(5))))
}

/// The next frame about vehicles; never one for who did not ask.
async fn next(moves: &mut Option<Receiver<Arc<Frame>>>) -> Result<Arc<Frame>, RecvError> {
    match moves {
        Some(moves) => moves.recv().await,
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
