//! `zhilian bench`: honest load. The flags, and the plan that they make; [`super::benching`] carries it out.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::access::TlsArgs;
use super::agents::{self, AgentArgs};
use super::benching::{self, Order};
use super::gateways::{self, CarriageArgs};
use super::knee::{self, Bounds};
use super::numbers::{parse_count, parse_qos, parse_rate, parse_size, parse_stage, parse_time, parse_version};
use super::onlooker::Collector;
use super::output::Style;
use super::reporting::{self, CompareArgs, ReportArgs};
use super::{ExitCode, Failure, agent};
use crate::base::{Clock, Condition, Timestamp, span};
use crate::bench::knee::Search;
use crate::bench::pace::Stage;
use crate::bench::{Agent, Living, Plan, Role};
use crate::config::{self, Config};
use crate::mqtt::pool::{Qos, Settings, Version};
use crate::mqtt::{Credentials, Endpoint};
use crate::sim::Fleet;
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
    /// Say what changed between two reports, and whether by more than chance
    Compare(CompareArgs),
    /// Be a simulated fleet: vehicles that ride, park, charge and are stolen
    #[command(after_help = AFTER_HELP)]
    Fleet(FleetArgs),
}

const AFTER_HELP: &str = "\
Times: 500ms, 10s, 5m; a bare number is milliseconds. Counts: 500, 10k, 1M. Sizes: 300, 1kb.
Conditions name a number of the report: p50, p90, p99, p99.9, max, mean (service_p99 and so on for the time since a \
message was really written), lost, unsent, shortfall, achieved, duplicates, reordered, missing, connect_fail, \
connect_lost, or a path into the JSON report; with --compare also p99.change and p99.worse (percent) and worse.
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
    /// A file that says who each client is: `user,password` in each line, or CSV with a header (see docs/bench.md)
    #[arg(long, value_name = "FILE", conflicts_with = "username")]
    pub credentials: Option<std::path::PathBuf>,
    /// TLS with the broker.
    #[command(flatten)]
    pub tls: TlsArgs,
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
    /// What becomes of the report.
    #[command(flatten)]
    pub reporting: ReportArgs,
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
    /// Try both ends of what was found so many times more, to be sure of them
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(0..=100))]
    repeats: u32,
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
        let endpoint = self.common.endpoint(config)?;
        let mut plan = self.common.plan(Role::Fleet, &endpoint)?;
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
        if !gateways && plan.credentials.goes_by_vin() {
            let vins: Vec<_> = Fleet::new(&setting, 1).vins().into_iter().map(|(_, vin)| vin).collect();
            plan.credentials.check_vehicles(&vins)?;
        }
        let mut order = self.common.order(plan, endpoint);
        order.collector = self.collector;
        order.fleet = Some(Living { setting, speed, format, gateways });
        Ok(order)
    }
}

impl CommonArgs {
    fn endpoint(&self, config: &Config) -> Result<Endpoint, Failure> {
        self.tls.endpoint(self.broker.as_deref(), &config.broker)
    }

    fn credentials(&self, endpoint: &Endpoint) -> Result<Credentials, Failure> {
        if let Some(path) = &self.credentials {
            return Ok(Credentials::read(path, endpoint.tls.as_ref())?);
        }
        let given = self.username.clone().zip(self.password.clone());
        Ok(Credentials::same(given.or_else(|| endpoint.url.login.clone())))
    }

    /// When the load began; the same for all agents.
    fn begin(&self) -> Timestamp {
        self.agents.part.map_or_else(|| Clock::wall().now(), |part| part.begin)
    }

    /// What the flags that all verbs have make of a plan. The address is looked up later.
    fn plan(&self, role: Role, endpoint: &Endpoint) -> Result<Plan, Failure> {
        let run = self.begin().0 as u32;
        let mut settings = Settings::of_vehicles(([0, 0, 0, 0], 0).into(), u64::from(run));
        settings.tls.clone_from(&endpoint.tls);
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
            credentials: Arc::new(self.credentials(endpoint)?),
            client: "zlbench".to_owned(),
            run,
            churn: self.churn,
            storm_at: self.storm_at,
            watched: false,
            backlog: u64::MAX,
        })
    }

    fn order(self, plan: Plan, endpoint: Endpoint) -> Order {
        let style = if self.json { Style::Json } else { Style::Plain };
        let (agents, begin) = (self.agents.led(), self.begin());
        let Self { fail_if, reporting, .. } = self;
        let url = endpoint.url;
        Order { plan, url, style, fail_if, agents, begin, collector: None, fleet: None, reporting, live: None }
    }
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

    fn plan(&self, endpoint: &Endpoint) -> Result<Plan, Failure> {
        let mut plan = self.common.plan(Role::Publish, endpoint)?;
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
            let endpoint = args.common.endpoint(config)?;
            let plan = args.common.plan(Role::Connect, &endpoint)?;
            args.common.order(plan, endpoint)
        }
        BenchCommand::Pub(args) => {
            let endpoint = args.common.endpoint(config)?;
            let plan = args.plan(&endpoint)?;
            args.common.order(plan, endpoint)
        }
        BenchCommand::Sub(args) => {
            let endpoint = args.common.endpoint(config)?;
            let mut plan = args.common.plan(Role::Subscribe, &endpoint)?;
            plan.topic.clone_from(&args.topic);
            plan.warmup = args.warmup;
            args.common.order(plan, endpoint)
        }
        BenchCommand::Knee(args) => {
            if args.publish.common.agents.agents.is_some() {
                let message = "--agents: a knee is found with one process";
                return Err(Failure::new(ExitCode::Usage, message));
            }
            if args.publish.common.reporting.compare.is_some() || !args.publish.stages.is_empty() {
                let message = "--compare and --stages are for a single load: a knee is bounded with --p99";
                return Err(Failure::new(ExitCode::Usage, message));
            }
            let endpoint = args.publish.common.endpoint(config)?;
            let mut plan = args.publish.plan(&endpoint)?;
            plan.duration.get_or_insert(KNEE_STEP);
            let search = Search::new(args.publish.rate, args.most);
            let bounds = Bounds { p99: args.p99, repeats: args.repeats };
            return knee::run(args.publish.common.order(plan, endpoint), search, bounds).await;
        }
        BenchCommand::Fleet(args) => args.order(config)?,
        BenchCommand::Compare(args) => return reporting::compare(&args),
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
    fn listeners_hear_what_is_published() {
        assert_eq!(listening_filter("zl/bench/%i"), "zl/bench/+");
        assert_eq!(listening_filter("v%i/x"), "+/x");
        assert_eq!(listening_filter("one"), "one");
    }
}
