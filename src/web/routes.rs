//! The HTTP interface. Answers are JSON; times are Unix milliseconds of the collector's clock.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{delete, get, post};
use axum::{Extension, Router};
use serde::Deserialize;
use serde_json::json;

use super::hub::Hub;
use super::metrics::Metrics;
use super::view::{AlertQuery, VehicleView};
use super::{assets, desk, permits, stream};
use crate::base::Vin;
use crate::model::{Alert, Kind};

/// Most alerts in one answer.
const ALERTS_LIMIT: usize = 1000;

/// Most bytes of a request's body.
const MAX_BODY: usize = 16 * 1024;

/// The whole interface.
pub fn router(hub: Arc<Hub>, metrics: Metrics) -> Router {
    Router::new()
        .route("/api/v1/vehicles", get(vehicles))
        .route("/api/v1/vehicles/{vin}", get(vehicle))
        .route("/api/v1/alerts", get(alerts))
        .route("/api/v1/alerts/{id}", get(alert))
        .route("/api/v1/alerts/{id}/acknowledge", post(desk::acknowledge))
        .route("/api/v1/alerts/{id}/snooze", post(desk::snooze))
        .route("/api/v1/alerts/{id}/reopen", post(desk::reopen))
        .route("/api/v1/windows", get(permits::list).post(permits::open))
        .route("/api/v1/windows/{id}", delete(permits::revoke))
        .route("/api/v1/stats", get(stats))
        .route("/api/v1/place", get(place))
        .route("/api/v1/stream", get(stream::stream))
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(|Extension(metrics): Extension<Metrics>| async move { metrics.render() }))
        .fallback(get(assets::file))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(Extension(metrics))
        .with_state(hub)
}

/// A refusal with one line that says what to do.
pub(super) struct Refusal(pub StatusCode, pub String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

async fn vehicles(State(hub): State<Arc<Hub>>) -> Response {
    let view = hub.view();
    let vehicles: Vec<&VehicleView> = view.vehicles.values().map(|shown| &shown.view).collect();
    Json(json!({ "now_ms": view.stats.now_ms, "vehicles": vehicles })).into_response()
}

async fn vehicle(State(hub): State<Arc<Hub>>, Path(vin): Path<String>) -> Result<Response, Refusal> {
    let vin: Vin = vin.parse().map_err(|error| Refusal(StatusCode::BAD_REQUEST, format!("{error}")))?;
    let view = hub.view();
    let shown = view.vehicles.get(&vin);
    let shown = shown.ok_or_else(|| Refusal(StatusCode::NOT_FOUND, format!("no vehicle {vin} has been heard")))?;
    let query = AlertQuery { vin: Some(vin), ..AlertQuery::default() };
    let alerts: Vec<&Alert> = view.alerts(&query).take(ALERTS_LIMIT).collect();
    let report = shown.report.as_ref().map(|kept| kept.report(vin));
    Ok(Json(json!({ "vehicle": shown.view, "report": report, "alerts": alerts })).into_response())
}

#[derive(Debug, Deserialize)]
struct AlertParameters {
    state: Option<String>,
    rule: Option<String>,
    vin: Option<String>,
    limit: Option<usize>,
}

async fn alerts(State(hub): State<Arc<Hub>>, Query(asked): Query<AlertParameters>) -> Result<Response, Refusal> {
    let bad = |what: String| Refusal(StatusCode::BAD_REQUEST, what);
    let open = match asked.state.as_deref() {
        None | Some("") => None,
        Some("open") => Some(true),
        Some("closed") => Some(false),
        Some(other) => return Err(bad(format!("state: expected open or closed, found {other:?}"))),
    };
    let kind = match asked.rule.as_deref() {
        None | Some("") => None,
        Some(rule) => {
            let known = Kind::ALL.iter().map(|kind| kind.rule()).collect::<Vec<_>>().join(", ");
            Some(Kind::of_rule(rule).ok_or_else(|| bad(format!("rule: expected one of {known}, found {rule:?}")))?)
        }
    };
    let vin = match asked.vin.as_deref() {
        None | Some("") => None,
        Some(vin) => Some(vin.parse().map_err(|error| bad(format!("vin: {error}")))?),
    };
    let limit = asked.limit.unwrap_or(200).min(ALERTS_LIMIT);
    let query = AlertQuery { open, kind, vin };
    let view = hub.view();
    let alerts: Vec<&Alert> = view.alerts(&query).take(limit).collect();
    Ok(Json(json!({ "alerts": alerts })).into_response())
}

async fn alert(State(hub): State<Arc<Hub>>, Path(id): Path<String>) -> Result<Response, Refusal> {
    Ok(Json(find_alert(&hub, &id)?).into_response())
}

/// An alert by its id as text.
pub(super) fn find_alert(hub: &Hub, id: &str) -> Result<Alert, Refusal> {
    let id = id.parse().map_err(|what: &str| Refusal(StatusCode::BAD_REQUEST, what.to_owned()))?;
    hub.view().alert(id).cloned().ok_or_else(|| Refusal(StatusCode::NOT_FOUND, format!("no alert {id}")))
}

async fn stats(State(hub): State<Arc<Hub>>) -> Response {
    Json(hub.view().stats).into_response()
}

async fn place(State(hub): State<Arc<Hub>>) -> Result<Response, Refusal> {
    let place = hub.place.clone();
    let place =
        place.ok_or_else(|| Refusal(StatusCode::NOT_FOUND, "no place is set: start with --place".to_owned()))?;
    Ok(([(header::CONTENT_TYPE, "application/geo+json")], place).into_response())
}

async fn ready(State(hub): State<Arc<Hub>>) -> Response {
    match hub.not_ready() {
        None => "ready\n".into_response(),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response(),
    }
}
