//! The interface of a load that goes on: what can be seen of it, and what can be asked of it.
//!
//! There is no login. It listens on this machine alone unless told otherwise, and is not steered by pages that a browser on
//! this machine might have open.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Json, Response};
use axum::routing::{get, post, put};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::numbers::parse_rate;
use super::seconds::say;
use super::{ExitCode, Failure};
use crate::base::Vin;
use crate::bench::live::Refusal;
use crate::bench::steering::Wish;
use crate::bench::{Live, html};
use crate::model::Kind;

/// Most bytes of a request's body.
const MAX_BODY: usize = 4096;
/// How often a browser loads the page again, seconds.
const RELOAD_S: u32 = 2;

/// Listens, says where, and serves in the background as long as the program runs.
///
/// # Errors
/// An address of other machines that was not asked for in so many words, or one in use.
pub async fn serve(address: SocketAddr, open: bool, live: Arc<Live>) -> Result<(), Failure> {
    if !address.ip().is_loopback() && !open {
        let message = format!(
            "--http {address}: other machines could steer the run: take 127.0.0.1, or add --http-open if they may"
        );
        return Err(Failure::new(ExitCode::Usage, message));
    }
    let listener = TcpListener::bind(address).await.map_err(|error| {
        let message = format!("cannot listen for HTTP on {address}: {error}; choose another port with --http");
        Failure::new(ExitCode::Failure, message)
    })?;
    say(&format!("live at http://{}", listener.local_addr().unwrap_or(address)));
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router(live)).await {
            tracing::error!(%error, "the HTTP interface stopped");
        }
    });
    Ok(())
}

fn router(live: Arc<Live>) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/report", get(report))
        .route("/metrics", get(metrics))
        .route("/rate", put(rate))
        .route("/churn", post(churn))
        .route("/storm", post(storm))
        .route("/inject", post(inject))
        .route("/stop", post(stop))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn(no_pages))
        .with_state(live)
}

/// Refuses what a page in a browser sends to steer: the page here has no buttons, so it is one of somebody else.
async fn no_pages(request: Request, next: Next) -> Response {
    if request.method() != Method::GET && request.headers().contains_key(header::ORIGIN) {
        return refused(StatusCode::FORBIDDEN, "pages in a browser may not steer the run: use curl or a program");
    }
    next.run(request).await
}

fn refused(status: StatusCode, what: &str) -> Response {
    (status, Json(json!({ "error": what }))).into_response()
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Senseless(what) => refused(StatusCode::BAD_REQUEST, &what),
            Self::NotNow(what) => refused(StatusCode::CONFLICT, &what),
        }
    }
}

async fn page(State(live): State<Arc<Live>>) -> Response {
    match live.report() {
        Some(report) => Html(html::of_report(&report, Some(RELOAD_S))).into_response(),
        None => refused(StatusCode::SERVICE_UNAVAILABLE, "no run has begun yet"),
    }
}

async fn report(State(live): State<Arc<Live>>) -> Response {
    match live.report() {
        Some(report) => Json(report).into_response(),
        None => refused(StatusCode::SERVICE_UNAVAILABLE, "no run has begun yet"),
    }
}

async fn metrics(State(live): State<Arc<Live>>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], live.metrics()).into_response()
}

/// A rate in a body: `5000`, `5k`, or an object such as `{"rate": 5000}`.
fn rate_of(body: &str, member: &str) -> Result<f64, Refusal> {
    let expected = || format!("expected a number such as 5000 or 5k, or {{\"{member}\": 5000}}, found {body:?}");
    let value: Value = serde_json::from_str(body).unwrap_or(Value::Null);
    let text = match value.get(member) {
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => return Err(Refusal::Senseless(expected())),
        None => body.to_owned(),
    };
    parse_rate(&text).map_err(|_| Refusal::Senseless(expected()))
}

async fn rate(State(live): State<Arc<Live>>, body: String) -> Result<Response, Refusal> {
    Ok(Json(live.ask(Wish::RatePerS(rate_of(&body, "rate")?))?).into_response())
}

async fn churn(State(live): State<Arc<Live>>, body: String) -> Result<Response, Refusal> {
    Ok(Json(live.ask(Wish::ChurnPerS(rate_of(&body, "rate")?))?).into_response())
}

async fn storm(State(live): State<Arc<Live>>) -> Result<Response, Refusal> {
    Ok(Json(live.ask(Wish::Storm(true))?).into_response())
}

async fn stop(State(live): State<Arc<Live>>) -> Result<Response, Refusal> {
    live.stop()?;
    Ok(Json(json!({ "stop": true })).into_response())
}

/// What is to happen.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Incident {
    kind: Kind,
    count: Option<u32>,
    vin: Option<Vin>,
}

async fn inject(State(live): State<Arc<Live>>, body: String) -> Result<Response, Refusal> {
    let asked: Incident = serde_json::from_str(&body).map_err(|error| {
        Refusal::Senseless(format!("expected an incident such as {{\"kind\": \"tow\", \"count\": 3}}: {error}"))
    })?;
    let injected = live.inject(asked.kind, asked.count.unwrap_or(1), asked.vin)?;
    Ok(Json(json!({ "incidents": injected })).into_response())
}
