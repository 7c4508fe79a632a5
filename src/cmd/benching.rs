//! Carries out a load: threads, signals, what is printed, and the exit code.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use super::onlooker::{Collector, Onlooker};
use super::output::{self, Style};
use super::{ExitCode, Failure, agent, agents, stop};
use crate::base::{Condition, Stopwatch, Timestamp};
use crate::bench::conductor::{Broken, Cause, Conductor};
use crate::bench::gauge::{Limits, resident_bytes};
use crate::bench::latency::Latency;
use crate::bench::preflight::lacks;
use crate::bench::report::{self, Context, Second};
use crate::bench::share::{Share, Word};
use crate::bench::shared::{Counters, Phase, get};
use crate::bench::witness::{Notes, compare};
use crate::bench::worker::Outcome;
use crate::bench::{Agent, FleetWorker, Living, Plan, Report, Role, Shared, Worker, table};
use crate::mqtt::BrokerUrl;

/// Between two looks at how far the run is.
pub const TICK: Duration = Duration::from_millis(20);

/// What to carry out.
#[derive(Debug)]
pub struct Order {
    /// What the run does; the broker's address is looked up here.
    pub plan: Plan,
    /// The broker.
    pub url: BrokerUrl,
    /// How to print.
    pub style: Style,
    /// When to fail.
    pub fail_if: Vec<Condition>,
    /// How many agents this process leads, and when the load began.
    pub agents: Option<u32>,
    /// What all agents have in common follows from it.
    pub begin: Timestamp,
    /// A collector to look on.
    pub collector: Option<Collector>,
    /// How a fleet lives, for that role.
    pub fleet: Option<Living>,
}

type Thread = JoinHandle<std::io::Result<Outcome>>;

/// The lines and numbers of each second.
#[derive(Debug)]
pub struct Seconds {
    name: &'static str,
    printed_ns: u64,
    /// The seconds so far.
    pub series: Vec<Second>,
}

impl Seconds {
    /// None yet.
    #[must_use]
    pub fn new(role: Role) -> Self {
        let name = if role == Role::Subscribe { "end_to_end_latency" } else { "publish_latency" };
        Self { name, printed_ns: 0, series: Vec::new() }
    }

    /// Prints what has changed, and keeps it.
    pub fn show(&mut self, now_ns: u64, counters: &Counters, latency: &Latency) {
        let span_s = now_ns.saturating_sub(self.printed_ns) as f64 / 1e9;
        self.printed_ns = now_ns;
        let now = Second {
            s: now_ns / 1_000_000_000,
            connected: get(&counters.connected),
            counters: counters.growing().into_iter().filter(|(_, total)| *total > 0).collect(),
            p50_ms: latency.quantile_ms(0.5),
            p99_ms: latency.quantile_ms(0.99),
            max_ms: latency.quantile_ms(1.0),
        };
        let none = Second::default();
        let lines = table::second(&now, self.series.last().unwrap_or(&none), span_s, self.name, latency.count());
        for line in lines {
            say(&line);
        }
        self.series.push(now);
    }
}

/// A run that is going on.
#[derive(Debug)]
pub struct Run {
    plan: Arc<Plan>,
    shared: Arc<Shared>,
    watch: Stopwatch,
    conductor: Conductor,
    threads: Vec<Thread>,
    seconds: Seconds,
    printed_ns: u64,
    resident: [Option<u64>; 2],
}

/// Carries out a load, prints its report, and judges.
///
/// # Errors
/// Limits of the machine that are too low, no broker, a condition that holds, a generator that was the bottleneck.
pub async fn carry_out(mut order: Order) -> Result<(), Failure> {
    prepare(&mut order).await?;
    let onlooker = match order.collector.clone() {
        Some(collector) => Some(Onlooker::start(collector).await?),
        None => None,
    };
    let (mut report, broken) = measure(&order).await?;
    let seen = match onlooker {
        Some(onlooker) => onlooker.conclude(&report.notes).await.map(|sight| {
            let (taken, alerts) = compare(&report.notes, &sight);
            (report.collector, report.alerts) = (Some(taken), Some(alerts));
        }),
        None => Ok(()),
    };
    match order.style {
        Style::Json => output::object(Style::Json, "report", &report),
        Style::Plain => output::line(table::of_report(&report).trim_end()),
    }
    seen?;
    judge(&report, &order, broken)
}

/// Checks what the machine allows, and looks up the broker.
///
/// # Errors
/// Conditions on what is not measured, limits of the machine that are too low, no broker.
pub async fn prepare(order: &mut Order) -> Result<(), Failure> {
    let usage = |what: String| Failure::new(ExitCode::Usage, what);
    order.fail_if.iter().try_for_each(|condition| report::check_name(condition, &order.plan)).map_err(usage)?;
    let plan = &order.plan;
    let mut limits = Limits::read();
    let connections =
        if plan.agent == Agent::ALONE { plan.all_connections() } else { plan.own_connections().iter().sum() };
    if order.agents.is_some() {
        // Each agent looks at its own.
        limits.files = (u64::MAX, u64::MAX);
    }
    if let Some(what) = lacks(u64::from(connections), plan.settings.sources.len() as u64, &limits) {
        return Err(Failure::new(ExitCode::Failure, what));
    }
    let url = order.url.clone();
    let reached = tokio::task::spawn_blocking(move || url.reach()).await;
    order.plan.settings.address =
        reached.map_err(|error| Failure::new(ExitCode::Failure, format!("cannot look for the broker: {error}")))??;
    Ok(())
}

/// Carries out a load; the answer says what was found, and what stopped it before its end.
///
/// # Errors
/// When the system cannot start threads.
pub async fn measure(order: &Order) -> Result<(Report, Option<Broken>), Failure> {
    if let Some(count) = order.agents {
        return agents::measure(order, count).await;
    }
    let mut run = Run::start(order)?;
    let ended = stop::requested(None);
    tokio::pin!(ended);
    let mut tick = tokio::time::interval(TICK);
    let mut asked = false;
    loop {
        tokio::select! {
            () = &mut ended, if !asked => {
                asked = true;
                run.interrupt();
            }
            _ = tick.tick() => run.tick(),
        }
        if run.is_over() {
            break;
        }
    }
    let share = run.share();
    Ok(order.report(share, run.seconds.series))
}

impl Run {
    /// Starts the threads of a run.
    ///
    /// # Errors
    /// When the system cannot.
    pub fn start(order: &Order) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::new(ExitCode::Failure, format!("cannot start: {error}"));
        let (plan, shared, watch) = (Arc::new(order.plan.clone()), Arc::new(Shared::default()), Stopwatch::start());
        let before = resident_bytes();
        let mut threads = Vec::new();
        for index in 0..plan.threads {
            let builder = std::thread::Builder::new().name(format!("bench-{index}"));
            let index = plan.worker(index);
            let thread = if let Some(living) = order.fleet.clone() {
                let (plan, shared) = (Arc::clone(&plan), Arc::clone(&shared));
                // Vehicles are built in the threads that let them live: a million takes a while.
                builder.spawn(move || FleetWorker::new(&plan, &shared, index, watch, &living)?.run())
            } else {
                let worker = Worker::new(&plan, &shared, index, watch).map_err(failed)?;
                builder.spawn(move || worker.run())
            };
            threads.push(thread.map_err(failed)?);
        }
        Ok(Self {
            conductor: Conductor::new(Arc::clone(&plan), Arc::clone(&shared)),
            plan,
            shared,
            watch,
            threads,
            seconds: Seconds::new(order.plan.role),
            printed_ns: 0,
            resident: [before, None],
        })
    }

    /// Somebody stops it; that is its regular end when it has no other.
    pub fn interrupt(&mut self) {
        let why = "stopped before its end".to_owned();
        self.conductor.stop(self.watch.ns(), Broken { why, cause: Cause::User });
        if self.plan.duration.is_none() && self.plan.limit.is_none() {
            self.conductor.broken = None;
        }
    }

    /// Whether all its threads have ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
    }

    /// Whether all connections are open.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.conductor.is_ready
    }

    /// Lets one of several processes go on when all are ready.
    pub fn release(&mut self) {
        self.conductor.may_run = true;
    }

    /// Goes on to what is due; called often.
    pub fn tick(&mut self) {
        let now_ns = self.watch.ns();
        let before = self.shared.phase();
        self.conductor.tick(now_ns);
        if before == Phase::Connect && self.shared.phase() == Phase::Run {
            self.resident[1] = resident_bytes();
        }
        if now_ns - self.printed_ns >= 1_000_000_000 {
            self.print_second(now_ns);
        }
        if self.threads.iter().any(|thread| thread.is_finished() && self.shared.phase() != Phase::Leave) {
            // One that failed must not leave the others waiting.
            let why = "a thread of the generator failed".to_owned();
            self.conductor.stop(now_ns, Broken { why, cause: Cause::Generator });
        }
    }

    fn print_second(&mut self, now_ns: u64) {
        self.printed_ns = now_ns;
        let (counters, latency) = (&self.shared.counters, self.shared.take_interval());
        if self.plan.agent == Agent::ALONE {
            self.seconds.show(now_ns, counters, &latency);
        } else {
            agent::say(&Word::Second(counters.totals(), latency));
        }
    }

    /// Waits for the threads, and says what they found.
    #[must_use]
    pub fn share(&mut self) -> Share {
        self.print_second(self.watch.ns());
        let mut outcomes = Vec::new();
        let mut fault = None;
        for thread in self.threads.drain(..) {
            match thread.join() {
                Ok(Ok(outcome)) => outcomes.push(outcome),
                Ok(Err(error)) => fault = Some(format!("cannot wait for sockets: {error}")),
                Err(_) => fault = Some("a thread of the generator failed".to_owned()),
            }
        }
        let mut broken = self.conductor.broken.take();
        if let Some(why) = fault {
            broken = Some(Broken { why, cause: Cause::Generator });
        }
        Share {
            outcomes,
            totals: self.shared.counters.totals(),
            times_ns: self.shared.times_ns(),
            resident: self.resident,
            broken,
            last_failure: self.shared.last_loss(),
        }
    }
}

impl Order {
    /// Puts the report together of what one or several processes found.
    #[must_use]
    pub fn report(&self, mut share: Share, series: Vec<Second>) -> (Report, Option<Broken>) {
        let counters = Counters::default();
        counters.add(&share.totals);
        let mut notes = Notes::default();
        for outcome in &mut share.outcomes {
            notes.add(std::mem::take(&mut outcome.notes));
        }
        let mut plan = self.plan.clone();
        plan.agent.count = self.agents.unwrap_or(plan.agent.count);
        let mut report = Report::of(
            &share.outcomes,
            Context {
                broker: self.url.to_string(),
                plan: &plan,
                counters: &counters,
                times_ns: share.times_ns,
                series,
                resident: share.resident,
                partial: share.broken.as_ref().map(|broken| broken.why.clone()),
                last_failure: share.last_failure,
            },
        );
        report.notes = notes;
        (report, share.broken)
    }
}

/// A line of how it goes, on stderr, so that stdout has the report alone.
fn say(line: &str) {
    #[expect(clippy::print_stderr, reason = "progress for people, as other generators print it")]
    {
        eprintln!("{line}");
    }
}

/// What stopped a run is a failure, unless somebody wanted it.
///
/// # Errors
/// A broker that is gone, a thread that failed.
pub fn gone(order: &Order, broken: &Broken) -> Result<(), Failure> {
    match broken.cause {
        Cause::Broker => {
            let message = format!("cannot load the broker at {}: {}", order.url, broken.why);
            Err(Failure::new(ExitCode::Unreachable, message))
        }
        Cause::Generator => Err(Failure::new(ExitCode::Failure, broken.why.clone())),
        Cause::User => Ok(()),
    }
}

/// What the exit code says, the worst first.
fn judge(report: &Report, order: &Order, broken: Option<Broken>) -> Result<(), Failure> {
    if let Some(broken) = broken {
        gone(order, &broken)?;
    }
    if !report.invalid.is_empty() {
        let message = format!("INVALID: the generator was the bottleneck: {}", report.invalid.join("; "));
        return Err(Failure::new(ExitCode::Invalid, message));
    }
    let held = report::held(&order.fail_if, report, order.plan.role);
    if held.is_empty() { Ok(()) } else { Err(Failure::new(ExitCode::Threshold, held.join("; "))) }
}
