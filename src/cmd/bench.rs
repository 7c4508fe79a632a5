//! `zhilian bench`: honest load. The flags, and the plan that they make; [`super::benching`] carries it out.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::agents::{self, AgentArgs};
use super::benching::{self, Order};
use super::gateways::{self, CarriageArgs};
use super::knee;
use super::onlooker::Collector;
use super::output::Style;
use super::simulate::parse_url;
use super::{ExitCode, Failure, agent};
use crate::base::{Clock, Condition, Timestamp, span};
use crate::bench::knee::Search;
use crate::bench::pace::Stage;
use crate::bench::{Agent, Living, Plan, Role};
use crate::config::{self, Config};
use crate::mqtt::BrokerUrl;
use crate::mqtt::pool::{Qos, Settings, Version};
use crate::wire::Format;

/// How long `knee` tries a rate, unless told otherwise.
const KNEE_STEP: Duration = Duration::from_secs(5);
/// Memory that messages may take while they wait, bytes.
const BACKLOG_BYTES: u64 = 256 << 20;

/// What to load a broker with.
#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// Open connections and keep them open
    #[command(after_help = AFTER_HELP)]
    Conn(ConnArgs),
    /// Publish at a rate that does not wait for the broker
    #[command(after_help = AFTER_HELP)]
    Pub(PubArgs),
    /// Subscribe and count what comes
    #[command(after_help = AFTER_HELP)]
    Sub(SubArgs),
    /// Find the highest rate that a broker sustains
    #[command(after_help = AFTER_HELP)]
    Knee(KneeArgs),
    /// Be a simulated fleet: vehicles that ride, park, charge and are stolen
    #[command(after_help = AFTER_HELP)]
    Fleet(FleetArgs),
}

const AFTER_HELP: &str = "\
Times: 500ms, 10s, 5m; a bare number is milliseconds. Counts: 500, 10k, 1M. Sizes: 300, 1kb.
Conditions name a number of the report: p50, p90, p99, p99.9, max, mean (service_p99 and so on for the time since a \
message was really written), lost, unsent, shortfall, achieved, duplicates, reordered, missing, connect_fail, \
connect_lost, or a path into the JSON report.
Exit codes: 3 a condition holds, 4 no broker, 5 the generator was the bottleneck. docs/bench.md has all of it.";

/// What all verbs have in common.
#[derive(Debug, Args)]
pub struct CommonArgs {
    /// The broker, such as `mqtt://user:password@host:1883` [default: mqtt on this machine]
    #[arg(long, value_name = "URL")]
    pub broker: Option<String>,
    /// How many clients; with --gateways, how many vehicles
    #[arg(short, long, value_name = "N", default_value = "100", value_parser = parse_count)]
    pub count: u64,
    /// Time between two new connections
    #[arg(short = 'i', long, value_name = "TIME", default_value = "1ms", value_parser = parse_time)]
    pub interval: Duration,
    /// Version of MQTT: 4 (3.1.1) or 5
    #[arg(short = 'V', long, value_name = "4|5", default_value = "5", value_parser = parse_version)]
    pub mqtt_version: Version,
    /// Quality of service: 0 or 1
    #[arg(short, long, value_name = "0|1", default_value = "1", value_parser = parse_qos)]
    pub qos: Qos,
    /// Seconds without traffic after which a connection is tested; 0: never
    #[arg(short, long, value_name = "SECONDS", default_value_t = 60)]
    pub keepalive: u16,
    /// User, instead of the one in the URL
    #[arg(short, long, value_name = "NAME", requires = "password")]
    pub username: Option<String>,
    /// Password
    #[arg(short = 'P', long, value_name = "WORD", requires = "username")]
    pub password: Option<String>,
    /// A file with a user and a password in each line (`user,password`), taken in turn
    #[arg(long, value_name = "FILE", conflicts_with = "username")]
    pub credentials: Option<std::path::PathBuf>,
    /// Keep sessions at the broker for so long after a connection ends
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    pub session: Option<Duration>,
    /// Addresses of this machine to connect from, taken in turn
    #[arg(long, value_name = "ADDRESS,…", value_delimiter = ',')]
    pub ifaddr: Vec<IpAddr>,
    /// Threads
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub threads: u32,
    /// Wake up once in so long at most: less CPU, and all times up to so much longer; 0: for every message [default: 0 up to
    /// 2,000 messages a second and thread, then for 8 messages, at least once in 1 ms]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub tick: Option<Duration>,
    /// How long, from when all connections are open [default: until Ctrl-C]
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    pub duration: Option<Duration>,
    /// Close so many connections a second, and open them again
    #[arg(long, value_name = "N", default_value_t = 0.0, value_parser = parse_rate)]
    pub churn: f64,
    /// Cut all connections at once after this time; they come back after waits that differ
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    pub storm_at: Option<Duration>,
    /// The report as one JSON object on stdout
    #[arg(long)]
    pub json: bool,
    /// Exit with 3 when this holds, such as 'p99>200ms' or 'lost>0'; may be given several times
    #[arg(long, value_name = "CONDITION")]
    pub fail_if: Vec<Condition>,
    /// Processes.
    #[command(flatten)]
    pub agents: AgentArgs,
}

/// Open connections and keep them open.
#[derive(Debug, Args)]
pub struct ConnArgs {
    #[command(flatten)]
    common: CommonArgs,
}

/// Publish.
#[derive(Debug, Args)]
pub struct PubArgs {
    #[command(flatten)]
    common: CommonArgs,
    /// Messages a second, of all clients together
    #[arg(long, value_name = "N", default_value = "100", value_parser = parse_rate, conflicts_with = "interval_of_msg")]
    rate: f64,
    /// Time between two messages of one client, instead of --rate
    #[arg(short = 'I', long, value_name = "TIME", value_parser = parse_time)]
    interval_of_msg: Option<Duration>,
    /// Begin at 0 and reach the rate after this time
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    ramp: Option<Duration>,
    /// Several rates one after the other, such as 10s:1000,30s:5000, instead of --rate
    #[arg(long, value_name = "TIME:N,…", value_delimiter = ',', value_parser = parse_stage,
          conflicts_with_all = ["rate", "interval_of_msg", "ramp"])]
    stages: Vec<Stage>,
    /// Bytes of a payload
    #[arg(short, long, value_name = "BYTES", default_value = "256", value_parser = parse_size)]
    size: u64,
    /// Topic; %i stands for the client's number
    #[arg(short, long, value_name = "TOPIC", default_value = "zl/bench/%i")]
    topic: String,
    /// Messages in all
    #[arg(short = 'L', long, value_name = "N", value_parser = parse_count)]
    limit: Option<u64>,
    /// What is sent in the first so much time is not measured
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = span::parse)]
    warmup: Duration,
    /// So many connections carry the vehicles' messages, instead of one each
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    gateways: Option<u32>,
    /// So many connections of this process listen to what it publishes: loss and delay from end to end
    #[arg(long, value_name = "N", default_value_t = 0)]
    listen: u32,
}

/// Subscribe.
#[derive(Debug, Args)]
pub struct SubArgs {
    #[command(flatten)]
    common: CommonArgs,
    /// Topic filter; %i stands for the client's number
    #[arg(short, long, value_name = "FILTER", default_value = "zl/bench/#")]
    topic: String,
    /// What comes in the first so much time is not measured
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = span::parse)]
    warmup: Duration,
}

/// Find the highest rate.
#[derive(Debug, Args)]
pub struct KneeArgs {
    #[command(flatten)]
    publish: PubArgs,
    /// A rate holds when 99 of 100 messages take no longer
    #[arg(long, value_name = "TIME", default_value = "100ms", value_parser = parse_time)]
    p99: Duration,
    /// Do not try more messages a second than this
    #[arg(long, value_name = "N", default_value = "1M", value_parser = parse_rate)]
    most: f64,
}

/// Be a fleet.
#[derive(Debug, Args)]
pub struct FleetArgs {
    #[command(flatten)]
    common: CommonArgs,
    /// A scenario by name or path; --count says how many vehicles
    #[arg(long, value_name = "NAME|FILE", default_value = "demo")]
    scenario: String,
    /// What all randomness follows from, instead of what the scenario says
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Let the fleet live so many times as fast as the world, so that it says more
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = parse_rate)]
    speed: f64,
    /// What is sent in the first so much time is not measured
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = span::parse)]
    warmup: Duration,
    #[command(flatten)]
    carriage: CarriageArgs,
    /// Look on the collector at this address, such as `http://127.0.0.1:8080`: what it takes, which incidents it alerts, how fast
    #[arg(long, value_name = "URL")]
    collector: Option<Collector>,
}

impl FleetArgs {
    fn order(self, config: &Config) -> Result<Order, Failure> {
        let usage = |what: &str| Failure::new(ExitCode::Usage, what);
        if self.common.qos == Qos::AtMostOnce && self.carriage.gateways.is_none() {
            return Err(usage(gateways::NEEDS_GATEWAYS));
        }
        let format = self.carriage.format.unwrap_or_default();
        if format != Format::Json && self.common.mqtt_version == Version::V4 {
            return Err(usage("--format: only MQTT 5 can say that a payload is no JSON"));
        }
        if self.common.churn > 0.0 || self.common.storm_at.is_some() {
            return Err(usage(
                "--churn and --storm-at: vehicles come and go as their scenario has it (see cell_outage)",
            ));
        }
        if !(0.001..=100_000.0).contains(&self.speed) {
            return Err(usage("--speed: expected 0.001 to 100000"));
        }
        // A collector takes what is ahead of its clock for an error.
        if self.collector.is_some() && (self.speed - 1.0).abs() > f64::EPSILON {
            return Err(usage("--speed: a collector is looked on at the speed of the world, without --speed"));
        }
        let url = self.common.url(config)?;
        let mut plan = self.common.plan(Role::Fleet, &url)?;
        plan.watched = self.collector.is_some();
        let mut scenario = config::run::scenario(&self.scenario)?;
        scenario.vehicles = plan.vehicles;
        scenario.check().map_err(|(key, what)| usage(&format!("--count: {key}: {what}")))?;
        scenario.seed = self.seed.unwrap_or(scenario.seed);
        if plan.duration.is_none() {
            plan.duration = Some(scenario.duration.div_f64(self.speed));
        }
        plan.warmup = self.warmup;
        plan.settings.outbox = Settings::of_vehicles(plan.settings.address, 0).outbox;
        if let Some(gateways) = self.carriage.gateways {
            plan.connections = gateways.min(plan.vehicles);
            plan.threads = plan.threads.min(plan.connections);
            plan.settings.in_flight = gateways::IN_FLIGHT;
            plan.settings.outbox = (gateways::WAITING / plan.connections as usize).max(1);
        }
        let setting = Arc::new(config::run::setting(scenario, self.common.begin())?);
        let (speed, gateways) = (self.speed, self.carriage.gateways.is_some());
        let mut order = self.common.order(plan, url);
        order.collector = self.collector;
        order.fleet = Some(Living { setting, speed, format, gateways });
        Ok(order)
    }
}

fn number_with(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let lower = text.trim().to_ascii_lowercase();
    let unit = units.iter().find(|(unit, _)| lower.ends_with(unit) && !unit.is_empty());
    let (number, factor) =
        unit.map_or((lower.as_str(), 1.0), |(unit, factor)| (&lower[..lower.len() - unit.len()], *factor));
    let value: f64 = number.trim().parse().ok()?;
    (value.is_finite() && value >= 0.0).then_some(value * factor)
}

fn parse_rate(text: &str) -> Result<f64, String> {
    let found = number_with(text, &[("k", 1e3), ("m", 1e6)]).filter(|rate| *rate <= 1e9);
    found.ok_or_else(|| format!("expected a number such as 500 or 10k, found {text:?}"))
}

fn parse_count(text: &str) -> Result<u64, String> {
    let found = parse_rate(text)?;
    if found >= 1.0 { Ok(found as u64) } else { Err("expected at least 1".to_owned()) }
}

fn parse_size(text: &str) -> Result<u64, String> {
    let found = number_with(text, &[("kb", 1024.0), ("mb", 1_048_576.0), ("b", 1.0)]);
    let fits = found.filter(|size| *size <= 1_048_576.0).map(|size| size as u64);
    fits.ok_or_else(|| format!("expected a size up to 1mb such as 300 or 1kb, found {text:?}"))
}

fn parse_time(text: &str) -> Result<Duration, String> {
    // As other generators have it, a bare number is in milliseconds.
    match text.parse() {
        Ok(ms) => Ok(Duration::from_millis(ms)),
        Err(_) => span::parse(text),
    }
}

fn parse_version(text: &str) -> Result<Version, String> {
    match text {
        "4" | "3.1.1" => Ok(Version::V4),
        "5" | "5.0" => Ok(Version::V5),
        _ => Err("expected 4 (which is 3.1.1) or 5".to_owned()),
    }
}

/// Reads a quality of service.
///
/// # Errors
/// What was expected.
pub fn parse_qos(text: &str) -> Result<Qos, String> {
    match text {
        "0" => Ok(Qos::AtMostOnce),
        "1" => Ok(Qos::AtLeastOnce),
        _ => Err("expected 0 or 1".to_owned()),
    }
}

fn parse_stage(text: &str) -> Result<Stage, String> {
    let expected = || format!("expected a time and a rate, such as 10s:1000, found {text:?}");
    let (time, rate) = text.split_once(':').ok_or_else(expected)?;
    let rate = parse_rate(rate)?;
    Ok(Stage { lasts_s: span::parse(time)?.as_secs_f64(), from: rate, to: rate })
}

impl CommonArgs {
    fn url(&self, config: &Config) -> Result<BrokerUrl, Failure> {
        parse_url(self.broker.as_deref().unwrap_or(&config.broker.url))
    }

    fn logins(&self, url: &BrokerUrl) -> Result<Vec<(String, String)>, Failure> {
        if let Some(path) = &self.credentials {
            return read_credentials(path);
        }
        let given = self.username.clone().zip(self.password.clone());
        Ok(given.or_else(|| url.login.clone()).into_iter().collect())
    }

    /// When the load began; the same for all agents.
    fn begin(&self) -> Timestamp {
        self.agents.part.map_or_else(|| Clock::wall().now(), |part| part.begin)
    }

    /// What the flags that all verbs have make of a plan. The address is looked up later.
    fn plan(&self, role: Role, url: &BrokerUrl) -> Result<Plan, Failure> {
        let run = self.begin().0 as u32;
        let mut settings = Settings::of_vehicles(([0, 0, 0, 0], 0).into(), u64::from(run));
        settings.version = self.mqtt_version;
        settings.keep_alive_s = self.keepalive;
        settings.sources.clone_from(&self.ifaddr);
        settings.clean_start = self.session.is_none();
        settings.session_expiry_s = self.session.map_or(0, |kept| kept.as_secs().try_into().unwrap_or(u32::MAX));
        settings.max_packet = 2 << 20;
        settings.outbox = usize::MAX;
        let vehicles = u32::try_from(self.count).unwrap_or(u32::MAX);
        Ok(Plan {
            role,
            settings,
            tick: self.tick,
            vehicles,
            connections: vehicles,
            listeners: 0,
            threads: self.threads.min(vehicles),
            agent: self.agents.agent(),
            connect_rate: 1.0 / self.interval.as_secs_f64().max(1e-6),
            stages: Vec::new(),
            limit: None,
            duration: self.duration,
            warmup: Duration::ZERO,
            qos: self.qos,
            topic: String::new(),
            filter: String::new(),
            payload: 0,
            logins: self.logins(url)?,
            client: "zlbench".to_owned(),
            run,
            churn: self.churn,
            storm_at: self.storm_at,
            watched: false,
            backlog: u64::MAX,
        })
    }

    fn order(self, plan: Plan, url: BrokerUrl) -> Order {
        let style = if self.json { Style::Json } else { Style::Plain };
        let (agents, begin) = (self.agents.led(), self.begin());
        Order { plan, url, style, fail_if: self.fail_if, agents, begin, collector: None, fleet: None }
    }
}

fn read_credentials(path: &std::path::Path) -> Result<Vec<(String, String)>, Failure> {
    let fault = |what: String| Failure::new(ExitCode::Usage, format!("{}: {what}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| fault(error.to_string()))?;
    let pair = |(at, line): (usize, &str)| match line.split_once(',') {
        Some((user, word)) if !user.is_empty() => Ok((user.trim().to_owned(), word.trim().to_owned())),
        Some(_) | None => {
            Err(Failure::new(ExitCode::Usage, format!("{}:{}: expected user,password", path.display(), at + 1)))
        }
    };
    let found: Vec<_> =
        text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(pair).collect::<Result<_, _>>()?;
    if found.is_empty() { Err(fault("expected lines of user,password, found none".to_owned())) } else { Ok(found) }
}

impl PubArgs {
    fn stages(&self) -> Vec<Stage> {
        if !self.stages.is_empty() {
            return self.stages.clone();
        }
        let rate = match self.interval_of_msg {
            Some(interval) => self.common.count as f64 / interval.as_secs_f64().max(1e-9),
            None => self.rate,
        };
        let ramp = self.ramp.map(|ramp| Stage { lasts_s: ramp.as_secs_f64(), from: 0.0, to: rate });
        ramp.into_iter().chain([Stage::steady(rate)]).collect()
    }

    fn plan(&self, url: &BrokerUrl) -> Result<Plan, Failure> {
        let mut plan = self.common.plan(Role::Publish, url)?;
        if self.topic.contains(['+', '#']) || self.topic.is_empty() {
            let message = format!("--topic: expected a topic name without + and #, found {:?}", self.topic);
            return Err(Failure::new(ExitCode::Usage, message));
        }
        plan.stages = self.stages();
        if !self.stages.is_empty() && plan.duration.is_none() {
            let all_s = self.stages.iter().map(|stage| stage.lasts_s).sum();
            plan.duration = Duration::try_from_secs_f64(all_s).ok();
        }
        plan.limit = self.limit;
        plan.warmup = self.warmup;
        plan.topic.clone_from(&self.topic);
        plan.filter = listening_filter(&self.topic);
        plan.payload = self.size as usize;
        plan.listeners = self.listen;
        plan.backlog = BACKLOG_BYTES / (self.size + 256);
        if let Some(gateways) = self.gateways {
            plan.connections = gateways.min(plan.vehicles);
            plan.threads = plan.threads.min(plan.connections);
            plan.settings.in_flight = gateways::IN_FLIGHT;
        }
        Ok(plan)
    }
}

/// A filter for all topics that a pattern makes: the level with the number becomes `+`.
fn listening_filter(topic: &str) -> String {
    let level = |level: &str| if level.contains("%i") { "+".to_owned() } else { level.to_owned() };
    topic.split('/').map(level).collect::<Vec<_>>().join("/")
}

/// Runs the command.
///
/// # Errors
/// A bad flag or file, limits of the machine that are too low, no broker, a condition that holds, a generator that was
/// the bottleneck.
pub async fn run(command: BenchCommand, config: &Config) -> Result<(), Failure> {
    let mut order = match command {
        BenchCommand::Conn(args) => {
            let url = args.common.url(config)?;
            let plan = args.common.plan(Role::Connect, &url)?;
            args.common.order(plan, url)
        }
        BenchCommand::Pub(args) => {
            let url = args.common.url(config)?;
            let plan = args.plan(&url)?;
            args.common.order(plan, url)
        }
        BenchCommand::Sub(args) => {
            let url = args.common.url(config)?;
            let mut plan = args.common.plan(Role::Subscribe, &url)?;
            plan.topic.clone_from(&args.topic);
            plan.warmup = args.warmup;
            args.common.order(plan, url)
        }
        BenchCommand::Knee(args) => {
            if args.publish.common.agents.agents.is_some() {
                let message = "--agents: a knee is found with one process";
                return Err(Failure::new(ExitCode::Usage, message));
            }
            if !args.publish.common.fail_if.is_empty() || !args.publish.stages.is_empty() {
                let message = "--fail-if and --stages are for a single load: a knee is bounded with --p99";
                return Err(Failure::new(ExitCode::Usage, message));
            }
            let url = args.publish.common.url(config)?;
            let mut plan = args.publish.plan(&url)?;
            plan.duration.get_or_insert(KNEE_STEP);
            let search = Search::new(args.publish.rate, args.most);
            return knee::run(args.publish.common.order(plan, url), search, args.p99).await;
        }
        BenchCommand::Fleet(args) => args.order(config)?,
    };
    agents::deal(&mut order.plan, order.agents)?;
    if order.plan.agent == Agent::ALONE {
        return benching::carry_out(order).await;
    }
    if let Err(failure) = agent::carry_out(order).await {
        agent::fail(failure);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_users_of_other_generators_write_them() {
        assert_eq!((parse_count("10k"), parse_count("1M")), (Ok(10_000), Ok(1_000_000)));
        assert_eq!((parse_size("1kb"), parse_size("300"), parse_size("300b")), (Ok(1024), Ok(300), Ok(300)));
        assert_eq!((parse_time("10"), parse_time("2s")), (Ok(Duration::from_millis(10)), Ok(Duration::from_secs(2))));
        for text in ["", "k", "-1", "1x", "nan", "1e300"] {
            assert!(parse_count(text).is_err(), "{text}");
        }
        assert!(parse_size("2mb").is_err() && parse_time("soon").is_err() && parse_stage("10s").is_err());
    }

    #[test]
    fn listeners_hear_what_is_published() {
        assert_eq!(listening_filter("zl/bench/%i"), "zl/bench/+");
        assert_eq!(listening_filter("v%i/x"), "+/x");
        assert_eq!(listening_filter("one"), "one");
    }
}
