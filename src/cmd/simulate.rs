//! `zhilian simulate`: a fleet against any broker.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::access::TlsArgs;
use super::gateways::{CarriageArgs, Manner, QosArgs};
use super::output::{self, Style};
use super::status::Status;
use super::{ExitCode, Failure, stop};
use crate::base::{Clock, Stopwatch, Timestamp, span};
use crate::config::files::{self, Folder};
use crate::config::{self, Config};
use crate::model::Incident;
use crate::mqtt::fleet::Tally;
use crate::mqtt::pool::{Settings, Waker};
use crate::mqtt::url::Unreachable;
use crate::mqtt::{BrokerUrl, Credentials, Endpoint, FleetLink};
use crate::sim::{Emission, Fleet, Scenario, Setting};
use crate::wire::{Format, Message, Utterance};

/// Emissions between two looks at the clock and at whether to stop.
const BURST: u32 = 512;

/// A simulated fleet: every vehicle with its own MQTT connection.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// The broker, such as `mqtt://user:password@host:1883` [default: mqtt on this machine]
    #[arg(long, value_name = "URL")]
    pub broker: Option<String>,
    /// A file that says who each vehicle is to the broker: CSV with a header, by VIN or in turn (see docs/bench.md)
    #[arg(long, value_name = "FILE")]
    pub credentials: Option<PathBuf>,
    /// TLS with the broker.
    #[command(flatten)]
    pub tls: TlsArgs,
    /// List the scenarios that come with the program, and end
    #[arg(long)]
    pub list: bool,
    /// Write the incidents that really happened to this file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub truth: Option<PathBuf>,
    /// How the fleet is carried.
    #[command(flatten)]
    pub carriage: CarriageArgs,
    /// How surely.
    #[command(flatten)]
    pub qos: QosArgs,
    /// What is simulated.
    #[command(flatten)]
    pub run: RunArgs,
    /// How fast time goes.
    #[command(flatten)]
    pub time: TimeArgs,
}

/// Reads the name of a payload format.
///
/// # Errors
/// What was expected.
pub fn parse_format(text: &str) -> Result<Format, String> {
    match text {
        "json" => Ok(Format::Json),
        "protobuf" => Ok(Format::Protobuf),
        _ => Err("expected json or protobuf".to_owned()),
    }
}

/// What is simulated.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// A scenario by name or path [default: demo]
    #[arg(long, value_name = "NAME|FILE")]
    pub scenario: Option<String>,
    /// How many vehicles, instead of what the scenario says
    #[arg(long, value_name = "N")]
    pub vehicles: Option<u32>,
    /// What all randomness follows from, instead of what the scenario says
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// How long to run, such as 90s or 2h, instead of what the scenario says
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    pub duration: Option<Duration>,
    /// One JSON object a line on stdout, for programs
    #[arg(long)]
    pub json: bool,
}

/// How fast time goes.
#[derive(Debug, Args)]
pub struct TimeArgs {
    /// Run so many times as fast as the world
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    pub speed: f64,
    /// When faster time began (RFC 3339); give it to all processes that belong together
    #[arg(long, value_name = "TIME", value_parser = Timestamp::parse)]
    pub epoch: Option<Timestamp>,
}

impl TimeArgs {
    /// The clock that these flags ask for.
    ///
    /// # Errors
    /// When the speed is not a number from 0.001 to 100000.
    pub fn clock(&self) -> Result<Clock, Failure> {
        if !(0.001..=100_000.0).contains(&self.speed) {
            let message = format!("--speed: expected 0.001 to 100000, found {}", self.speed);
            return Err(Failure::new(ExitCode::Usage, message));
        }
        let epoch = self.epoch.unwrap_or_else(|| Clock::wall().now());
        Ok(Clock::fast(epoch, self.speed))
    }
}

impl RunArgs {
    /// How to print.
    #[must_use]
    pub fn style(&self) -> Style {
        if self.json { Style::Json } else { Style::Plain }
    }

    /// The scenario that these flags and the configuration ask for.
    ///
    /// # Errors
    /// Its first fault.
    pub fn scenario(&self, config: &Config) -> Result<Scenario, Failure> {
        let name = self.scenario.as_deref().unwrap_or(&config.simulate.scenario);
        let mut scenario = config::run::scenario(name)?;
        if let Some(vehicles) = self.vehicles {
            scenario.vehicles = vehicles;
            scenario
                .check()
                .map_err(|(key, what)| Failure::new(ExitCode::Usage, format!("--vehicles: {key}: {what}")))?;
        }
        scenario.seed = self.seed.unwrap_or(scenario.seed);
        // A shorter run simply ends before the later incidents.
        scenario.duration = self.duration.unwrap_or(scenario.duration);
        Ok(scenario)
    }

    /// The run that these flags and the configuration ask for.
    ///
    /// # Errors
    /// The first fault in the scenario or its place.
    pub fn setting(&self, config: &Config, begin: Timestamp) -> Result<Setting, Failure> {
        Ok(config::run::setting(self.scenario(config)?, begin)?)
    }
}

/// What a fleet did.
#[derive(Debug, Default)]
pub struct Summary {
    /// Vehicles.
    pub vehicles: u32,
    /// Reports handed to the connections.
    pub reports: u64,
    /// Events handed to the connections.
    pub events: u64,
    /// Answers to commands handed to the connections.
    pub replies: u64,
    /// Packets in which reports, events and answers came that had waited for a network.
    pub batches: u64,
    /// What really happened.
    pub incidents: BTreeMap<u32, Incident>,
}

impl Summary {
    fn count(&mut self, message: &Message) {
        match message {
            Message::Report(_) => self.reports += 1,
            Message::Event(_) => self.events += 1,
            Message::Reply(_) => self.replies += 1,
            Message::Batch(batch, _) => {
                let [reports, events, replies] = batch.counts();
                self.reports += reports;
                self.events += events;
                self.replies += replies;
                self.batches += 1;
            }
            Message::Presence(_) => {}
        }
    }
}

/// A running fleet.
#[derive(Debug)]
pub struct Running {
    thread: JoinHandle<io::Result<(Summary, FleetLink)>>,
    stop: Arc<AtomicBool>,
    waker: Arc<Waker>,
    tally: Arc<Tally>,
    truth: Option<(PathBuf, File)>,
}

impl Running {
    /// Starts a fleet. `incidents` is told what begins.
    ///
    /// # Errors
    /// When the truth file cannot be created, a vehicle is nobody, or the broker does not accept the first one; nothing
    /// runs then.
    pub async fn start(
        endpoint: &Endpoint,
        credentials: Credentials,
        setting: Setting,
        asked: &Manner,
        clock: Clock,
        truth: Option<&Path>,
        incidents: mpsc::Sender<Incident>,
    ) -> Result<Self, Failure> {
        let truth = truth.map(create).transpose()?;
        let broker = endpoint.url.clone();
        let address = spawn_blocking(move || broker.reach()).await.map_err(|error| failed(&error))??;
        let boot = u32::try_from(setting.begin.0 / 1000).unwrap_or(0);
        let fleet = Fleet::new(&Arc::new(setting), asked.shards);
        let vins = fleet.vins();
        if asked.gateways.is_none() {
            credentials.check_vehicles(&vins.iter().map(|(_, vin)| *vin).collect::<Vec<_>>())?;
        }
        let mut settings = Settings { tls: endpoint.tls.clone(), ..Settings::of_vehicles(address, u64::from(boot)) };
        let roster = asked.roster(vins, Arc::new(credentials), boot, &mut settings);
        let link = FleetLink::new(settings, roster, Stopwatch::start(), ()).map_err(|error| failed(&error))?;
        let mut link = probed(link, &endpoint.url).await?;
        link.open(link.connections());
        let (tally, waker, stop) = (link.tally(), link.waker(), Arc::new(AtomicBool::new(false)));
        let stopped = Arc::clone(&stop);
        let builder = std::thread::Builder::new().name("fleet".to_owned());
        let thread = builder.spawn(move || drive(fleet, link, clock, &incidents, &stopped));
        Ok(Self { thread: thread.map_err(|error| failed(&error))?, stop, waker, tally, truth })
    }

    /// What its connections have done so far.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Waits until the scenario is over.
    pub async fn over(&mut self) {
        while !self.thread.is_finished() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Ends the run: the vehicles send what waits, say that they are gone, and disconnect.
    ///
    /// # Errors
    /// When the truth file cannot be written.
    pub async fn stop(self) -> Result<(Summary, Arc<Tally>), Failure> {
        self.stop.store(true, Ordering::Relaxed);
        if let Err(error) = self.waker.wake() {
            tracing::debug!(%error, "the fleet notices by itself that it is to stop");
        }
        let thread = self.thread;
        let farewell = spawn_blocking(move || {
            let (summary, link) = thread.join().map_err(|_| io::Error::other("its thread panicked"))??;
            Ok((summary, link.stop().0))
        });
        let said: io::Result<_> = farewell.await.map_err(|error| failed(&error))?;
        let (summary, tally) = said.map_err(|error| failed(&error))?;
        if let Some((path, file)) = self.truth {
            let written = write_truth(file, summary.incidents.values());
            written.map_err(|error| Failure::new(ExitCode::Failure, format!("{}: {error}", path.display())))?;
        }
        Ok((summary, tally))
    }
}

/// The connections, the first of which the broker has accepted.
async fn probed(mut link: FleetLink, url: &BrokerUrl) -> Result<FleetLink, Failure> {
    let probing = spawn_blocking(move || link.probe().map(|()| link));
    let accepted = probing.await.map_err(|error| failed(&error))?;
    accepted.map_err(|why| Unreachable { url: url.clone(), why }.into())
}

fn failed(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(ExitCode::Failure, format!("the fleet failed: {error}"))
}

fn create(path: &Path) -> Result<(PathBuf, File), Failure> {
    let file = File::create(path);
    let file = file.map_err(|error| Failure::new(ExitCode::Failure, format!("{}: {error}", path.display())))?;
    Ok((path.to_owned(), file))
}

fn write_truth<'a>(file: File, incidents: impl Iterator<Item = &'a Incident>) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    for incident in incidents {
        serde_json::to_writer(&mut out, incident)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Lets the fleet live until it is over or stopped.
fn drive(
    mut fleet: Fleet,
    mut link: FleetLink,
    clock: Clock,
    incidents: &mpsc::Sender<Incident>,
    stopped: &AtomicBool,
) -> io::Result<(Summary, FleetLink)> {
    let mut summary = Summary { vehicles: fleet.vins().len() as u32, ..Summary::default() };
    while let Some(deadline) = fleet.next_deadline() {
        link.turn(clock.until(deadline))?;
        if stopped.load(Ordering::Relaxed) {
            break;
        }
        let now = clock.now();
        while let Some((vehicle, command)) = link.next_command() {
            fleet.command(now, vehicle, &command);
        }
        for _ in 0..BURST {
            let Some(emission) = fleet.poll(now) else { break };
            carry_out(emission, &mut link, &mut summary, incidents);
        }
    }
    Ok((summary, link))
}

/// Hands what a vehicle says to its connection, and counts it.
fn carry_out(emission: Emission, link: &mut FleetLink, summary: &mut Summary, incidents: &mpsc::Sender<Incident>) {
    match emission.output.into() {
        Utterance::Message(message) => {
            summary.count(&message);
            link.send(emission.vehicle, &message, 0);
        }
        Utterance::Network(reachable) => link.set_reachable(emission.vehicle, reachable),
        Utterance::Truth(incident) => {
            if incident.end.is_none() {
                // Nobody may be listening: the summary has it all the same.
                let _ = incidents.try_send(incident.clone());
            }
            summary.incidents.insert(incident.id, incident);
        }
    }
}

/// Runs the command.
///
/// # Errors
/// A bad scenario, a bad broker URL, an unreachable broker, a truth file that cannot be written.
pub async fn run(args: SimulateArgs, config: &Config) -> Result<(), Failure> {
    if args.list {
        list_scenarios();
        return Ok(());
    }
    let style = args.run.style();
    let clock = args.time.clock()?;
    let begin = args.time.epoch.unwrap_or_else(|| clock.now());
    let setting = args.run.setting(config, begin)?;
    let endpoint = args.tls.endpoint(args.broker.as_deref(), &config.broker)?;
    let credentials = match &args.credentials {
        Some(path) => Credentials::read(path, endpoint.tls.as_ref())?,
        None => Credentials::same(endpoint.url.login.clone()),
    };
    let place = setting.place.file.en.clone();
    let (sender, mut incidents) = mpsc::channel(1024);
    let manner = Manner::of(args.carriage, args.qos, config, setting.scenario.vehicles)?;
    let truth = args.truth.as_deref();
    let mut running = Running::start(&endpoint, credentials, setting, &manner, clock, truth, sender).await?;
    output::object(style, "started", &json!({ "broker": endpoint.to_string(), "place": place }));
    if style == Style::Plain {
        output::line(&format!("a fleet in {place} reports to {endpoint}; Ctrl-C stops it"));
    }
    let mut status = Status::new(style);
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    let ended = stop::requested(None);
    tokio::pin!(ended);
    loop {
        tokio::select! {
            () = &mut ended => break,
            () = running.over() => break,
            Some(incident) = incidents.recv() => status.aside(|| output::incident(style, &incident)),
            _ = tick.tick() => status.show(&describe(running.tally())),
        }
    }
    status.finish();
    let (summary, tally) = running.stop().await?;
    print_summary(style, &summary, &tally);
    Ok(())
}

/// Prints each embedded scenario with the first line of its comment.
fn list_scenarios() {
    for name in files::names(Folder::Scenario) {
        let text = files::find(Folder::Scenario, &name).map(|source| source.text).unwrap_or_default();
        let about = text.lines().next().unwrap_or_default().trim_start_matches(['#', ' ']);
        output::line(&format!("{name:<12} {about}"));
    }
}

fn describe(tally: &Tally) -> String {
    let get = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    format!(
        "{} vehicles connected, {} messages sent, {} acknowledged, {} sent again, {} connections lost",
        get(&tally.online),
        get(&tally.sent),
        get(&tally.acknowledged),
        get(&tally.resent),
        get(&tally.losses)
    )
}

fn print_summary(style: Style, summary: &Summary, tally: &Tally) {
    let get = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    let body = json!({
        "vehicles": summary.vehicles,
        "reports_sent": summary.reports,
        "events_sent": summary.events,
        "replies_sent": summary.replies,
        "batches_sent": summary.batches,
        "acknowledged": get(&tally.acknowledged),
        "resent": get(&tally.resent),
        "dropped": get(&tally.dropped),
        "connections_lost": get(&tally.losses),
        "incidents": count_kinds(summary.incidents.values()),
    });
    output::object(style, "summary", &body);
    if style == Style::Plain {
        output::line(&format!(
            "{} vehicles sent {} reports and {} events; {} given up",
            summary.vehicles,
            summary.reports,
            summary.events,
            get(&tally.dropped)
        ));
    }
}

/// How many incidents of each kind there were.
#[must_use]
pub fn count_kinds<'a>(incidents: impl Iterator<Item = &'a Incident>) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    for incident in incidents {
        *counts.entry(incident.kind.name()).or_default() += 1;
    }
    counts
}
