//! Authorised windows over HTTP: an operator lets a vehicle be serviced, towed or transported for a time.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::oneshot;

use super::desk::{Body, Request, ask, bad, read, signature};
use super::hub::Hub;
use super::routes::Refusal;
use crate::alert::{Permit, Purpose, Window, WindowRefusal};
use crate::base::{Timestamp, Vin, span};

/// How long a window can be.
const LENGTH: std::ops::RangeInclusive<Duration> = Duration::from_mins(1)..=Duration::from_hours(31 * 24);

/// What an operator authorises.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    vin: Vin,
    purpose: Purpose,
    #[serde(rename = "from_ms")]
    from: Option<Timestamp>,
    #[serde(rename = "for", with = "span::text")]
    time: Duration,
    by: Option<String>,
    note: Option<String>,
}

/// Which windows are asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Which {
    vin: Option<String>,
}

/// `POST /api/v1/windows`
pub(super) async fn open(State(hub): State<Arc<Hub>>, body: Body<Asked>) -> Result<Json<Window>, Refusal> {
    let Asked { vin, purpose, from, time, by, note } = read(body)?;
    if !LENGTH.contains(&time) {
        let [least, most] = [*LENGTH.start(), *LENGTH.end()].map(span::format);
        return Err(bad(format!("for: expected {least} to {most}, found {}", span::format(time))));
    }
    let permit = Permit { vin, purpose, from, time, signature: signature(by, note)? };
    let (answer, answered) = oneshot::channel();
    finish(ask(&hub, Request::Authorise(permit, answer), answered).await?)
}

/// `GET /api/v1/windows`
pub(super) async fn list(State(hub): State<Arc<Hub>>, Query(which): Query<Which>) -> Result<Response, Refusal> {
    let vin: Option<Vin> = match which.vin.as_deref() {
        None | Some("") => None,
        Some(vin) => Some(vin.parse().map_err(|error| bad(format!("vin: {error}")))?),
    };
    let view = hub.view();
    let windows: Vec<&Window> =
        view.windows().into_iter().filter(|window| vin.is_none_or(|vin| vin == window.vin)).collect();
    Ok(Json(json!({ "now_ms": view.stats.now_ms, "windows": windows })).into_response())
}

/// `DELETE /api/v1/windows/{id}`: a method that no page of another origin can use unasked.
pub(super) async fn revoke(State(hub): State<Arc<Hub>>, Path(id): Path<String>) -> Result<Json<Window>, Refusal> {
    let id = id.parse().map_err(|_| bad("a window id has 32 hexadecimal digits".to_owned()))?;
    let vin = hub.view().window(id).map(|window| window.vin);
    let vin = vin.ok_or_else(|| Refusal(StatusCode::NOT_FOUND, format!("no window {id}")))?;
    let (answer, answered) = oneshot::channel();
    finish(ask(&hub, Request::Revoke(vin, id, answer), answered).await?)
}

fn finish(done: Result<Window, WindowRefusal>) -> Result<Json<Window>, Refusal> {
    done.map(Json).map_err(|refusal| {
        let status = match refusal {
            WindowRefusal::Unknown(_) => StatusCode::NOT_FOUND,
            WindowRefusal::Past => StatusCode::BAD_REQUEST,
            WindowRefusal::Over(_) | WindowRefusal::TooMany(_) => StatusCode::CONFLICT,
        };
        Refusal(status, refusal.to_string())
    })
}
