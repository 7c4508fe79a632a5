//! Looks on a collector while it is loaded: its live stream, its counters before and after, what it has kept.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use url::Url;

use super::{ExitCode, Failure};
use crate::base::{AlertId, Stopwatch};
use crate::bench::witness::{Counts, Notes, Sight};
use crate::model::Alert;

/// How long a collector may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long what was sent may take to be counted: its numbers are shown once a second.
const SETTLING: Duration = Duration::from_secs(8);
/// Between two looks at whether it is.
const LOOK: Duration = Duration::from_millis(500);
/// How long the last alerts may take after everything is counted.
const LAST: Duration = Duration::from_secs(1);
/// The stream, without the vehicles: they would make the collector write, and us read, what nobody wants.
const STREAM: &str = "/api/v1/stream?events=alert";

/// A collector's HTTP interface.
#[derive(Debug, Clone)]
pub struct Collector {
    authority: String,
}

impl std::str::FromStr for Collector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("expected a collector's address such as http://127.0.0.1:8080, found {text:?}");
        let url = Url::parse(text).map_err(|_| expected())?;
        let plain = url.scheme() == "http" && url.path() == "/" && url.query().is_none() && url.username().is_empty();
        let host = url.host_str().filter(|_| plain).ok_or_else(expected)?;
        Ok(Self { authority: format!("{host}:{}", url.port_or_known_default().unwrap_or(80)) })
    }
}

impl std::fmt::Display for Collector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "http://{}", self.authority)
    }
}

type Alerts = Arc<Mutex<Vec<(u64, Alert)>>>;

/// Who looks on.
#[derive(Debug)]
pub struct Onlooker {
    collector: Collector,
    before: Counts,
    alerts: Alerts,
    reading: JoinHandle<String>,
}

impl Onlooker {
    /// Begins to look on.
    ///
    /// # Errors
    /// When there is no collector.
    pub async fn start(collector: Collector) -> Result<Self, Failure> {
        let gone = |why: String| {
            Failure::new(ExitCode::Unreachable, format!("cannot look on the collector at {collector}: {why}"))
        };
        let before = collector.json("/api/v1/stats").await.map_err(gone)?;
        let stream = collector.get(STREAM, None).await.map_err(gone)?;
        let alerts = Alerts::default();
        let reading = tokio::spawn(read(collector.clone(), stream, Arc::clone(&alerts)));
        Ok(Self { collector, before, alerts, reading })
    }

    /// Waits until what was sent is counted, and says what was seen.
    ///
    /// # Errors
    /// When the collector is gone.
    pub async fn conclude(mut self, notes: &Notes) -> Result<Sight, Failure> {
        let collector = self.collector.clone();
        let gone =
            |why: String| Failure::new(ExitCode::Unreachable, format!("the collector at {collector} is gone: {why}"));
        let mut after = self.before;
        let settled = async {
            loop {
                let counts: Counts = self.collector.json("/api/v1/stats").await?;
                let done = counts.reports - self.before.reports.min(counts.reports) >= notes.reports;
                after = counts;
                if done {
                    return Ok::<(), String>(());
                }
                sleep(LOOK).await;
            }
        };
        // What it does not take in time it has not taken.
        if let Ok(Err(why)) = timeout(SETTLING, settled).await {
            return Err(gone(why));
        }
        sleep(LAST).await;
        if self.reading.is_finished() {
            let why = (&mut self.reading).await.unwrap_or_default();
            return Err(gone(why));
        }
        self.reading.abort();
        let alerts = std::mem::take(&mut *self.alerts.lock().unwrap_or_else(PoisonError::into_inner));
        let mut kept = BTreeSet::new();
        for id in alerts.iter().map(|(_, alert)| alert.id).collect::<BTreeSet<AlertId>>() {
            if self.collector.get(&format!("/api/v1/alerts/{id}"), None).await.is_ok() {
                kept.insert(id);
            }
        }
        Ok(Sight { before: self.before, after, alerts, kept })
    }
}

impl Drop for Onlooker {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

impl Collector {
    async fn get(&self, path: &str, last_id: Option<&str>) -> Result<Response<Incoming>, String> {
        let asked = async {
            let stream = TcpStream::connect(&self.authority).await.map_err(|error| error.to_string())?;
            let said = |error: hyper::Error| format!("it answers no HTTP: {error}");
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(said)?;
            // It ends with the answer, or when the answer is dropped.
            tokio::spawn(connection);
            let request = Request::get(path).header(HOST, &self.authority);
            let request = match last_id {
                Some(id) => request.header("last-event-id", id),
                None => request,
            };
            let request = request.body(Empty::<Bytes>::new()).map_err(|error| error.to_string())?;
            let answer = sender.send_request(request).await.map_err(said)?;
            let status = answer.status();
            if status.is_success() { Ok(answer) } else { Err(format!("{path}: it answers {status}")) }
        };
        timeout(PATIENCE, asked).await.unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs())))
    }

    async fn json<T: DeserializeOwned>(&self, path: &str) -> Result<T, String> {
        let body = self.get(path, None).await?.into_body().collect();
        let body = timeout(PATIENCE, body).await.map_err(|_| "its answer does not end".to_owned())?;
        let bytes = body.map_err(|error| error.to_string())?.to_bytes();
        serde_json::from_slice(&bytes).map_err(|error| format!("{path}: is it a collector of zhilian? {error}"))
    }
}

/// Reads the stream, and goes on with a new one where it is cut off; the answer is why it cannot.
async fn read(collector: Collector, first: Response<Incoming>, alerts: Alerts) -> String {
    let watch = Stopwatch::start();
    let mut events = Events::default();
    let mut body = first.into_body();
    loop {
        while let Some(Ok(frame)) = body.frame().await {
            let now_ns = watch.wall_ns(watch.ns());
            let Some(bytes) = frame.data_ref() else { continue };
            for alert in events.take(bytes) {
                alerts.lock().unwrap_or_else(PoisonError::into_inner).push((now_ns, alert));
            }
        }
        events.rest.clear();
        let last_id = Some(events.last_id.as_str()).filter(|id| !id.is_empty());
        match collector.get(STREAM, last_id).await {
            Ok(answer) => body = answer.into_body(),
            Err(why) => return why,
        }
    }
}

/// Takes the alerts from a stream of server-sent events, as its pieces come.
#[derive(Debug, Default)]
struct Events {
    rest: Vec<u8>,
    last_id: String,
    is_alert: bool,
}

impl Events {
    fn take(&mut self, bytes: &[u8]) -> Vec<Alert> {
        self.rest.extend_from_slice(bytes);
        let rest = std::mem::take(&mut self.rest);
        let whole = rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let mut found = Vec::new();
        for line in rest[..whole].split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if let Some(name) = field(line, b"event:") {
                self.is_alert = name == b"alert";
            } else if let Some(id) = field(line, b"id:") {
                self.last_id = String::from_utf8_lossy(id).into_owned();
            } else if let Some(data) = field(line, b"data:").filter(|_| self.is_alert) {
                found.extend(serde_json::from_slice::<Alert>(data));
            }
        }
        self.rest.extend_from_slice(&rest[whole..]);
        found
    }
}

/// The value of a line with a field.
fn field<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let value = line.strip_prefix(name)?;
    Some(value.strip_prefix(b" ").unwrap_or(value))
}
