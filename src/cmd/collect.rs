//! `zhilian collect`: the collector against any broker, with its store and its interface.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::access::TlsArgs;
use super::collecting::Collecting;
use super::output::{self, Style};
use super::shard::Surroundings;
use super::simulate::TimeArgs;
use super::status::Status;
use super::{ExitCode, Failure, stop};
use crate::base::{AlertId, Clock, span};
use crate::collect::deal::core_of;
use crate::collect::{self, Core, Counters};
use crate::config::{self, Config};
use crate::model::{Alert, Kind};
use crate::mqtt::subscriber::Subscription;
use crate::mqtt::{Endpoint, Subscriber};
use crate::store::{Restored, Writer};
use crate::web::Hub;
use crate::web::metrics::Metrics;
use crate::wire::topic::{UPLINK_FILTER, shared_uplink_filter};

/// How long the broker may take to answer at the start.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the broker keeps the subscription and its messages while the collector is away.
const SESSION_KEPT: Duration = Duration::from_hours(1);

/// The collector: subscribes, detects, stores, shows.
#[derive(Debug, Args)]
pub struct CollectArgs {
    /// The broker, such as `mqtt://user:password@host:1883` [default: mqtt on this machine]
    #[arg(long, value_name = "URL")]
    pub broker: Option<String>,
    /// TLS with the broker.
    #[command(flatten)]
    pub tls: TlsArgs,
    /// Where API and dashboard listen; port 0 takes any free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    pub http: Option<SocketAddr>,
    /// The store's file [default: zhilian.db]
    #[arg(long, value_name = "FILE")]
    pub store: Option<PathBuf>,
    /// The place on the map: a name, a path, or "" for none [default: chongqing]
    #[arg(long, value_name = "NAME|FILE")]
    pub place: Option<String>,
    /// Stop by itself after this time, such as 90s or 5m
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    pub duration: Option<Duration>,
    /// One JSON object a line on stdout, for programs
    #[arg(long)]
    pub json: bool,
    /// How fast time goes.
    #[command(flatten)]
    pub time: TimeArgs,
}

/// What a collector needs to start.
#[derive(Debug)]
pub struct Options {
    /// The broker.
    pub endpoint: Endpoint,
    /// The place on the map.
    pub place: Option<String>,
    /// Its settings.
    pub config: Config,
}

/// A running collector.
#[derive(Debug)]
pub struct Running {
    /// Where the interface listens.
    pub http: SocketAddr,
    hub: Arc<Hub>,
    task: JoinHandle<Counters>,
    store: Writer,
    server: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl Running {
    /// Opens the store, binds the interface, connects to the broker; then collects. `alerts` is told every change.
    ///
    /// # Errors
    /// When any of these fails; nothing runs then.
    pub async fn start(options: Options, clock: Clock, alerts: mpsc::Sender<Alert>) -> Result<Self, Failure> {
        let Options { endpoint, place, config } = options;
        let place = match place.as_deref() {
            None | Some("") => None,
            Some(name) => Some(config::run::place_map(&config::run::place(name)?)),
        };
        let (store, restored) = Writer::start(&config.store.path)?;
        let listen = config.http.listen;
        let listener = TcpListener::bind(listen).await.map_err(|error| {
            let message = format!("cannot listen for HTTP on {listen}: {error}; choose another port with --http");
            Failure::new(ExitCode::Failure, message)
        })?;
        let http = listener.local_addr().unwrap_or(listen);
        let subscriber = connect(endpoint, &config).await?;

        let metrics = Metrics::install().map_err(|what| Failure::new(ExitCode::Failure, what))?;
        let (hub, requests) = Hub::new(place);
        let hub = Arc::new(hub);
        hub.health.subscribed.store(true, Ordering::Relaxed);
        let cores = restore(&config.collect, restored, &hub);

        let (stop, stopped) = watch::channel(false);
        let server = tokio::spawn(serve(listener, Arc::clone(&hub), metrics));
        let around = Surroundings {
            clock,
            hub: Arc::clone(&hub),
            store: store.desk(),
            saves_per_s: config.store.vehicles_per_s.div_ceil(cores.len()),
            sender: subscriber.sender(),
            alerts,
        };
        let collecting = Collecting::start(cores, &around);
        let task = tokio::spawn(collecting.run(subscriber, requests, stopped));
        Ok(Self { http, hub, task, store, server, stop })
    }

    /// The picture it shows.
    #[must_use]
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Takes what is still under way, flushes the store, closes all connections; answers what was counted.
    ///
    /// # Errors
    /// When the store could not be flushed.
    pub async fn stop(self) -> Result<Counters, Failure> {
        self.stop.send_replace(true);
        let counters = self
            .task
            .await
            .map_err(|error| Failure::new(ExitCode::Failure, format!("the collector failed: {error}")))?;
        let stored = tokio::task::spawn_blocking(|| self.store.close()).await.unwrap_or(false);
        self.hub.close();
        if timeout(Duration::from_secs(2), self.server).await.is_err() {
            tracing::debug!("a reader kept its connection open");
        }
        if stored {
            Ok(counters)
        } else {
            Err(Failure::new(ExitCode::Failure, "the store could not be written: the last states are missing in it"))
        }
    }
}

/// As many cores as the settings want, each with its share of what was stored; what was stored is shown.
fn restore(settings: &collect::Settings, restored: Restored, hub: &Hub) -> Vec<Core> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let count = if settings.shards == 0 { (processors - 1).max(1) } else { settings.shards };
    let share = collect::Settings { max_vehicles: settings.max_vehicles.div_ceil(count), ..settings.clone() };
    let open = restored.open_alerts();
    restored.alerts.into_iter().for_each(|alert| hub.show_alert(alert));
    restored.windows.iter().for_each(|window| hub.show_window(window.clone()));
    let mut cores: Vec<Core> = (0..count).map(|_| Core::new(&share)).collect();
    for saved in restored.vehicles {
        cores[core_of(saved.track.vin, count)].restore(vec![saved], Vec::new());
    }
    for alert in open {
        cores[core_of(alert.vin, count)].restore(Vec::new(), vec![alert]);
    }
    for window in restored.windows {
        cores[core_of(window.vin, count)].restore_windows(vec![window]);
    }
    cores
}

async fn connect(endpoint: Endpoint, config: &Config) -> Result<Subscriber, Failure> {
    let filter = match config.broker.group.as_str() {
        "" => UPLINK_FILTER.to_owned(),
        group => shared_uplink_filter(group),
    };
    subscribe(Subscription { endpoint, client_id: config.broker.client_id.clone(), filter, kept: SESSION_KEPT }).await
}

/// Connects and subscribes.
///
/// # Errors
/// When the broker cannot be reached; nothing runs then.
pub async fn subscribe(subscription: Subscription) -> Result<Subscriber, Failure> {
    let url = subscription.endpoint.url.clone();
    let mut subscriber = Subscriber::start(subscription);
    match subscriber.ready(PATIENCE).await {
        Ok(()) => Ok(subscriber),
        Err(why) => {
            subscriber.stop().await;
            Err(Failure::new(ExitCode::Unreachable, format!("cannot reach the broker at {url}: {why}")))
        }
    }
}

async fn serve(listener: TcpListener, hub: Arc<Hub>, metrics: Metrics) {
    let mut closing = hub.closing();
    let shutdown = async move {
        // An error means that the hub is gone: close all the same.
        drop(closing.wait_for(|closing| *closing).await);
    };
    let router = crate::web::router(hub, metrics);
    if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(shutdown).await {
        tracing::error!(%error, "the HTTP interface stopped");
    }
}

/// Runs the command.
///
/// # Errors
/// Bad settings, a store that cannot be opened, a port in use, an unreachable broker.
pub async fn run(args: CollectArgs, mut config: Config) -> Result<(), Failure> {
    let style = if args.json { Style::Json } else { Style::Plain };
    let clock = args.time.clock()?;
    let endpoint = args.tls.endpoint(args.broker.as_deref(), &config.broker)?;
    let url = endpoint.url.clone();
    config.http.listen = args.http.unwrap_or(config.http.listen);
    config.store.path = args.store.unwrap_or(config.store.path);
    let place = Some(args.place.unwrap_or_else(|| config.map.place.clone()));
    let (sender, mut alerts) = mpsc::channel(256);
    let running = Running::start(Options { endpoint, place, config }, clock, sender).await?;
    let http = format!("http://{}", running.http);
    output::object(style, "listening", &json!({ "mqtt": url.to_string(), "http": http }));
    if style == Style::Plain {
        output::line(&format!("collecting from {url}; dashboard and API on {http}; Ctrl-C stops"));
    }
    let mut status = Status::new(style);
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    let ended = stop::requested(args.duration);
    tokio::pin!(ended);
    let mut raised = BTreeMap::new();
    loop {
        tokio::select! {
            () = &mut ended => break,
            Some(alert) = alerts.recv() => {
                note_raised(&mut raised, &alert);
                status.aside(|| output::alert(style, &alert));
            }
            _ = tick.tick() => status.show(&describe(running.hub())),
        }
    }
    status.finish();
    let stopping = running.stop();
    tokio::pin!(stopping);
    let counters = loop {
        tokio::select! {
            counters = &mut stopping => break counters?,
            Some(alert) = alerts.recv() => {
                note_raised(&mut raised, &alert);
                output::alert(style, &alert);
            }
        }
    };
    print_summary(style, &counters, &raised);
    Ok(())
}

/// Takes note of an alert that was raised or grew: by which rule it is in the end.
pub fn note_raised(raised: &mut BTreeMap<AlertId, Kind>, alert: &Alert) {
    if alert.state.is_open() {
        raised.insert(alert.id, alert.kind);
    }
}

/// How many alerts there are by each rule.
pub fn count_rules(kinds: impl Iterator<Item = Kind>) -> BTreeMap<&'static str, u64> {
    let mut count = BTreeMap::new();
    for kind in kinds {
        *count.entry(kind.rule()).or_default() += 1;
    }
    count
}

/// How things are, in a line.
#[must_use]
pub fn describe(hub: &Hub) -> String {
    let stats = hub.view().stats;
    format!(
        "{} vehicles ({} online), {} reports ({:.0}/s), {} lost, {} turned away, {} open alerts",
        stats.vehicles, stats.online, stats.reports, stats.reports_per_s, stats.lost, stats.rejected, stats.open_alerts
    )
}

/// Says what was collected.
pub fn print_summary(style: Style, counters: &Counters, raised: &BTreeMap<AlertId, Kind>) {
    let body = json!({
        "reports_received": counters.reports,
        "events_received": counters.received - counters.reports,
        "lost": counters.missing,
        "duplicates": counters.duplicates,
        "rejected": counters.rejected_total(),
        "alerts": count_rules(raised.values().copied()),
    });
    output::object(style, "summary", &body);
    if style == Style::Plain {
        output::line(&format!(
            "{} reports received, {} lost, {} double, {} turned away, {} alerts raised",
            counters.reports,
            counters.missing,
            counters.duplicates,
            counters.rejected_total(),
            counters.raised
        ));
    }
}
