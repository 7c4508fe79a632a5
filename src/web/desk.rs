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
use crate::alert::{self, Action, Order, Permit, Signature, Window, WindowRefusal};
use crate::base::{AlertId, Timestamp, Vin, span};
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
pub enum Request {
    /// A step of an alert.
    Step(Box<Alert>, Order, oneshot::Sender<Result<Alert, alert::Refusal>>),
    /// An authorised window.
    Authorise(Permit, oneshot::Sender<Result<Window, WindowRefusal>>),
    /// The early end of one.
    Revoke(Vin, AlertId, oneshot::Sender<Result<Window, WindowRefusal>>),
}

impl Request {
    /// The vehicle that it is about.
    #[must_use]
    pub fn vin(&self) -> Vin {
        match self {
            Self::Step(told, ..) => told.vin,
            Self::Authorise(permit, _) => permit.vin,
            Self::Revoke(vin, ..) => *vin,
        }
    }

    /// Carries it out and answers; a window that changed by it is handed back, too.
    pub fn carry_out(self, now: Timestamp, core: &mut Core) -> Option<Window> {
        // Whoever asked may have gone; it is done all the same.
        let (done, answer) = match self {
            Self::Step(told, order, answer) => {
                drop(answer.send(core.operate(now, &told, order)));
                return None;
            }
            Self::Authorise(permit, answer) => (core.authorise(now, permit), answer),
            Self::Revoke(vin, id, answer) => (core.revoke(now, vin, id), answer),
        };
        let window = done.as_ref().ok().cloned();
        drop(answer.send(done));
        window
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
pub(super) type Body<T> = Result<Json<T>, JsonRejection>;

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

pub(super) fn bad(what: String) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, what)
}

/// The body, or in one line what is wrong with it.
pub(super) fn read<T>(body: Body<T>) -> Result<T, Refusal> {
    body.map(|Json(value)| value).map_err(|rejection| match rejection.status() {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            let what = "expected a JSON body with the header Content-Type: application/json";
            Refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, what.to_owned())
        }
        StatusCode::UNPROCESSABLE_ENTITY => bad(rejection.body_text()),
        status => Refusal(status, rejection.body_text()),
    })
}

pub(super) fn signature(by: Option<String>, note: Option<String>) -> Result<Signature, Refusal> {
    for (member, text, longest) in [("by", &by, NAME_LENGTH), ("note", &note, NOTE_LENGTH)] {
        let length = text.as_ref().map_or(0, |text| text.chars().count());
        if length > longest {
            return Err(bad(format!("{member}: expected at most {longest} characters, found {length}")));
        }
    }
    Ok(Signature { by, note })
}

/// Asks the collector and waits for what comes of it.
pub(super) async fn ask<T>(hub: &Hub, request: Request, answered: oneshot::Receiver<T>) -> Result<T, Refusal> {
    let busy = || Refusal(StatusCode::SERVICE_UNAVAILABLE, "the collector is busy or stopping: try again".to_owned());
    if !hub.ask(request) {
        return Err(busy());
    }
    answered.await.map_err(|_| busy())
}

async fn order(hub: &Hub, id: &str, action: Action, signature: Signature) -> Answer {
    let told = find_alert(hub, id)?;
    let (answer, answered) = oneshot::channel();
    let request = Request::Step(Box::new(told), Order { action, signature }, answer);
    let done = ask(hub, request, answered).await?;
    done.map(Json).map_err(|refusal| {
        let status = match refusal {
            alert::Refusal::Unknown(_) => StatusCode::NOT_FOUND,
            alert::Refusal::State { .. } | alert::Refusal::Another { .. } => StatusCode::CONFLICT,
        };
        Refusal(status, refusal.to_string())
    })
}
