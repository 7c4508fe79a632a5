//! The operators' desk: requests that change something. The collector alone changes its state, so a request waits for it and
//! is answered with what came of it.
//!
//! A body must be JSON by its content type: no page of another origin can send that without asking first, and nobody answers
//! such a question here.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Json;
use serde::Deserialize;
use tokio::sync::oneshot;

use super::hub::Hub;
use super::routes::{Refusal, find_alert};
use crate::alert::{self, Action, Order, Signature};
use crate::base::{Timestamp, span};
use crate::collect::Core;
use crate::model::Alert;

/// Longest name of an operator, characters.
const NAME_LENGTH: usize = 64;
/// Longest note, characters.
const NOTE_LENGTH: usize = 500;
/// How long an alert can be silenced at once.
const SNOOZE: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(7 * 24);

/// Something that an operator wants of the collector.
#[derive(Debug)]
pub struct Request {
    told: Alert,
    order: Order,
    answer: oneshot::Sender<Result<Alert, alert::Refusal>>,
}

impl Request {
    /// Carries it out and answers.
    pub fn carry_out(self, now: Timestamp, core: &mut Core) {
        let done = core.operate(now, &self.told, self.order);
        // Whoever asked may have gone; it is done all the same.
        drop(self.answer.send(done));
    }
}

/// What an operator says to a step.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signed {
    by: Option<String>,
    note: Option<String>,
}

/// The same, and for how long.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Snoozed {
    #[serde(rename = "for", with = "span::text")]
    time: Duration,
    by: Option<String>,
    note: Option<String>,
}

type Answer = Result<Json<Alert>, Refusal>;
type Body<T> = Result<Json<T>, JsonRejection>;

/// `POST /api/v1/alerts/{id}/acknowledge`
pub(super) async fn acknowledge(State(hub): State<Arc<Hub>>, Path(id): Path<String>, body: Body<Signed>) -> Answer {
    let Signed { by, note } = read(body)?;
    order(&hub, &id, Action::Acknowledge, signature(by, note)?).await
}

/// `POST /api/v1/alerts/{id}/snooze`
pub(super) async fn snooze(State(hub): State<Arc<Hub>>, Path(id): Path<String>, body: Body<Snoozed>) -> Answer {
    let Snoozed { time, by, note } = read(body)?;
    if !SNOOZE.contains(&time) {
        let [least, most] = [*SNOOZE.start(), *SNOOZE.end()].map(span::format);
        return Err(bad(format!("for: expected {least} to {most}, found {}", span::format(time))));
    }
    order(&hub, &id, Action::Snooze(time), signature(by, note)?).await
}

/// `POST /api/v1/alerts/{id}/reopen`
pub(super) async fn reopen(State(hub): State<Arc<Hub>>, Path(id): Path<String>, body: Body<Signed>) -> Answer {
    let Signed { by, note } = read(body)?;
    order(&hub, &id, Action::Reopen, signature(by, note)?).await
}

fn bad(what: String) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, what)
}

/// The body, or in one line what is wrong with it.
fn read<T>(body: Body<T>) -> Result<T, Refusal> {
    body.map(|Json(value)| value).map_err(|rejection| match rejection.status() {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            let what = "expected a JSON body with the header Content-Type: application/json";
            Refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, what.to_owned())
        }
        StatusCode::UNPROCESSABLE_ENTITY => bad(rejection.body_text()),
        status => Refusal(status, rejection.body_text()),
    })
}

fn signature(by: Option<String>, note: Option<String>) -> Result<Signature, Refusal> {
    for (member, text, longest) in [("by", &by, NAME_LENGTH), ("note", &note, NOTE_LENGTH)] {
        let length = text.as_ref().map_or(0, |text| text.chars().count());
        if length > longest {
            return Err(bad(format!("{member}: expected at most {longest} characters, found {length}")));
        }
    }
    Ok(Signature { by, note })
}

async fn order(hub: &Hub, id: &str, action: Action, signature: Signature) -> Answer {
    let told = find_alert(hub, id)?;
    let (answer, answered) = oneshot::channel();
    let busy = || Refusal(StatusCode::SERVICE_UNAVAILABLE, "the collector is busy or stopping: try again".to_owned());
    if !hub.ask(Request { told, order: Order { action, signature }, answer }) {
        return Err(busy());
    }
    let done = answered.await.map_err(|_| busy())?;
    done.map(Json).map_err(|refusal| {
        let status = match refusal {
            alert::Refusal::Unknown(_) => StatusCode::NOT_FOUND,
            alert::Refusal::State { .. } | alert::Refusal::Another { .. } => StatusCode::CONFLICT,
        };
        Refusal(status, refusal.to_string())
    })
}
