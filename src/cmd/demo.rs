//! `zhilian demo`: broker, fleet and collector in one process, with one clock.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use tokio::sync::mpsc;

use super::access::parse_url;
use super::output::{self, Style};
use super::simulate::{RunArgs, TimeArgs, count_kinds};
use super::status::Status;
use super::{Failure, collect, simulate, stop};
use crate::base::Timestamp;
use crate::collect::Counters;
use crate::config::Config;
use crate::model::{Alert, Incident};
use crate::mqtt::{Broker, Credentials, Endpoint};
use crate::score;

/// Broker, fleet, collector and dashboard in one process.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Where the embedded broker listens; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:1883")]
    pub mqtt: SocketAddr,
    /// Where API and dashboard listen; port 0 takes any free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    pub http: Option<SocketAddr>,
    /// Keep the store in this file [default: one that is removed at the end]
    #[arg(long, value_name = "FILE")]
    pub store: Option<PathBuf>,
    /// What is simulated.
    #[command(flatten)]
    pub run: RunArgs,
    /// How fast time goes.
    #[command(flatten)]
    pub time: TimeArgs,
}

/// Runs the command.
///
/// # Errors
/// A bad scenario, a port in use, a store that cannot be opened.
pub async fn run(args: DemoArgs, mut config: Config) -> Result<(), Failure> {
    let style = args.run.style();
    let clock = args.time.clock()?;
    // Checked before anything is started; the run itself begins when everything stands.
    let checked = args.run.setting(&config, clock.now())?;
    let scratch = Scratch::new();
    config.store.path = args.store.clone().unwrap_or_else(|| scratch.path.clone());
    config.http.listen = args.http.unwrap_or(config.http.listen);

    let broker = Broker::start(args.mqtt, None).await?;
    let url = parse_url(&format!("mqtt://{}", broker.address()))?;
    let endpoint = Endpoint { url: url.clone(), tls: None };
    let (alert_sender, alerts) = mpsc::channel(256);
    let place = Some(checked.scenario.place.clone());
    let options = collect::Options { endpoint: endpoint.clone(), place, config: config.clone() };
    let collector = collect::Running::start(options, clock, alert_sender).await?;
    let (incident_sender, incidents) = mpsc::channel(1024);
    let setting = args.run.setting(&config, args.time.epoch.unwrap_or_else(|| clock.now()))?;
    let begin = setting.begin;
    let nobody = Credentials::default();
    let manner = (&config.simulate).into();
    let fleet = simulate::Running::start(&endpoint, nobody, setting, &manner, clock, None, incident_sender).await?;

    let http = format!("http://{}", collector.http);
    output::object(style, "listening", &json!({ "mqtt": url.to_string(), "http": http }));
    if style == Style::Plain {
        greet(&url.to_string(), &http, &checked);
    }
    let mut watching = Watching { style, status: Status::new(style), incidents, alerts, raised: Vec::new() };
    let (fleet, collector) = watching.watch(fleet, collector).await;

    // The fleet goes first, so that the collector gets all that it said.
    let (said, _) = fleet.stop().await?;
    let counters = watching.drain(collector.stop()).await?;
    broker.stop().await;
    summarise(style, &said, &counters, &watching.raised, begin);
    Ok(())
}

fn greet(mqtt: &str, http: &str, setting: &crate::sim::Setting) {
    let (vehicles, place) = (setting.scenario.vehicles, &setting.place.file);
    output::line(&format!("智联 zhilian: {vehicles} vehicles in {} ({})", place.en, place.zh));
    output::line(&format!("  dashboard  {http}"));
    output::line(&format!(
        "  MQTT       {mqtt}   try: mosquitto_sub -V 5 -p {} -t 'zl/v1/+/up/#'",
        mqtt.rsplit(':').next().unwrap_or("1883")
    ));
    output::line(&format!("  API        {http}/api/v1/vehicles   {http}/api/v1/alerts   {http}/metrics"));
    output::line("  within the next minute one vehicle is stolen and one battery burns; Ctrl-C stops");
}

/// What the command watches while it runs.
struct Watching {
    style: Style,
    status: Status,
    incidents: mpsc::Receiver<Incident>,
    alerts: mpsc::Receiver<Alert>,
    raised: Vec<Alert>,
}

impl Watching {
    /// Prints what happens until somebody stops it or the scenario is over.
    async fn watch(
        &mut self,
        mut fleet: simulate::Running,
        collector: collect::Running,
    ) -> (simulate::Running, collect::Running) {
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        let ended = stop::requested(None);
        tokio::pin!(ended);
        loop {
            tokio::select! {
                () = &mut ended => break,
                () = fleet.over() => break,
                Some(incident) = self.incidents.recv() => {
                    self.status.aside(|| output::incident(self.style, &incident));
                }
                Some(alert) = self.alerts.recv() => self.on_alert(alert),
                _ = tick.tick() => self.status.show(&collect::describe(collector.hub())),
            }
        }
        self.status.finish();
        (fleet, collector)
    }

    /// Prints the alerts that still come while the collector stops.
    async fn drain(&mut self, stopping: impl Future<Output = Result<Counters, Failure>>) -> Result<Counters, Failure> {
        tokio::pin!(stopping);
        let counters = loop {
            tokio::select! {
                counters = &mut stopping => break counters,
                Some(alert) = self.alerts.recv() => self.on_alert(alert),
            }
        };
        while let Ok(alert) = self.alerts.try_recv() {
            self.on_alert(alert);
        }
        counters
    }

    fn on_alert(&mut self, alert: Alert) {
        self.status.aside(|| output::alert(self.style, &alert));
        if alert.state.is_open() {
            // It may have grown.
            self.raised.retain(|known| known.id != alert.id);
            self.raised.push(alert);
        }
    }
}

fn summarise(style: Style, said: &simulate::Summary, counters: &Counters, raised: &[Alert], begin: Timestamp) {
    let incidents: Vec<Incident> = said.incidents.values().cloned().collect();
    // Alerts of an earlier run, kept in the store, are not this run's business.
    let own: Vec<Alert> = raised.iter().filter(|alert| alert.episode >= begin).cloned().collect();
    let (missed, false_alerts) = score::missed_and_false(&incidents, &own);
    let by_rule = collect::count_rules(own.iter().map(|alert| alert.kind));
    let body = json!({
        "vehicles": said.vehicles,
        "reports_sent": said.reports,
        "reports_received": counters.reports,
        "lost": counters.missing,
        "duplicates": counters.duplicates,
        "incidents": count_kinds(incidents.iter()),
        "alerts": by_rule,
        "missed_incidents": missed,
        "false_alerts": false_alerts,
    });
    output::object(style, "summary", &body);
    if style == Style::Plain {
        output::line(&format!(
            "{} vehicles sent {} reports, {} arrived, {} messages lost, {} double",
            said.vehicles, said.reports, counters.reports, counters.missing, counters.duplicates
        ));
        output::line(&format!(
            "{} incidents, {} alerts, {missed} incidents missed, {false_alerts} false alerts",
            incidents.len(),
            own.len()
        ));
    }
}

/// A store that goes when the demonstration ends.
struct Scratch {
    path: PathBuf,
}

impl Scratch {
    fn new() -> Self {
        Self { path: std::env::temp_dir().join(format!("zhilian-demo-{}.db", std::process::id())) }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        for ending in ["", "-wal", "-shm"] {
            let mut name = self.path.clone().into_os_string();
            name.push(ending);
            // Not there when the user chose a store.
            drop(std::fs::remove_file(name));
        }
    }
}
