//! Carries out a load: threads, signals, what is printed, and the exit code.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use super::onlooker::{Collector, Onlooker};
use super::output::{self, Style};
use super::{ExitCode, Failure, stop};
use crate::base::{Condition, Stopwatch};
use crate::bench::conductor::{Broken, Cause, Conductor};
use crate::bench::gauge::{Limits, resident_bytes};
use crate::bench::preflight::lacks;
use crate::bench::report::{self, Context, Second};
use crate::bench::shared::{Phase, get};
use crate::bench::witness::compare;
use crate::bench::worker::Outcome;
use crate::bench::{FleetWorker, Living, Plan, Report, Role, Shared, Worker, table};
use crate::mqtt::BrokerUrl;

/// Between two looks at how far the run is.
const TICK: Duration = Duration::from_millis(20);

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
    /// A collector to look on.
    pub collector: Option<Collector>,
    /// How a fleet lives, for that role.
    pub fleet: Option<Living>,
}

type Thread = JoinHandle<std::io::Result<Outcome>>;

/// A run that is going on.
struct Run {
    plan: Arc<Plan>,
    shared: Arc<Shared>,
    watch: Stopwatch,
    conductor: Conductor,
    threads: Vec<Thread>,
    series: Vec<Second>,
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
    let connections = u64::from(order.plan.all_connections());
    let sources = order.plan.settings.sources.len() as u64;
    if let Some(what) = lacks(connections, sources, &Limits::read()) {
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
    let mut run = Run::start(order.plan.clone(), order.fleet.as_ref())?;
    let ended = stop::requested(None);
    tokio::pin!(ended);
    let mut tick = tokio::time::interval(TICK);
    let mut asked = false;
    loop {
        tokio::select! {
            () = &mut ended, if !asked => {
                asked = true;
                let complete = run.plan.duration.is_none() && run.plan.limit.is_none();
                run.interrupt(complete);
            }
            _ = tick.tick() => run.tick(),
        }
        if run.threads.iter().all(JoinHandle::is_finished) {
            break;
        }
    }
    Ok(run.finish(order))
}

impl Run {
    fn start(plan: Plan, fleet: Option<&Living>) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::new(ExitCode::Failure, format!("cannot start: {error}"));
        let (plan, shared, watch) = (Arc::new(plan), Arc::new(Shared::default()), Stopwatch::start());
        let before = resident_bytes();
        let mut threads = Vec::new();
        for index in 0..plan.threads {
            let builder = std::thread::Builder::new().name(format!("bench-{index}"));
            let thread = if let Some(living) = fleet.cloned() {
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
            series: Vec::new(),
            printed_ns: 0,
            resident: [before, None],
        })
    }

    /// Somebody stops it; that is its regular end when it has no other.
    fn interrupt(&mut self, complete: bool) {
        let why = "stopped before its end".to_owned();
        self.conductor.stop(self.watch.ns(), Broken { why, cause: Cause::User });
        if complete {
            self.conductor.broken = None;
        }
    }

    fn tick(&mut self) {
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
        let span_s = (now_ns - self.printed_ns) as f64 / 1e9;
        self.printed_ns = now_ns;
        let latency = self.shared.take_interval();
        let counters = &self.shared.counters;
        let now = Second {
            s: now_ns / 1_000_000_000,
            connected: get(&counters.connected),
            counters: counters.growing().into_iter().filter(|(_, total)| *total > 0).collect(),
            p50_ms: latency.quantile_ms(0.5),
            p99_ms: latency.quantile_ms(0.99),
            max_ms: latency.quantile_ms(1.0),
        };
        let none = Second::default();
        let name = if self.plan.role == Role::Subscribe { "end_to_end_latency" } else { "publish_latency" };
        let lines = table::second(&now, self.series.last().unwrap_or(&none), span_s, name, latency.count());
        for line in lines {
            say(&line);
        }
        self.series.push(now);
    }

    /// Puts the report together.
    fn finish(mut self, order: &Order) -> (Report, Option<Broken>) {
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
        let mut report = Report::of(
            &outcomes,
            Context {
                broker: order.url.to_string(),
                plan: &self.plan,
                counters: &self.shared.counters,
                times_ns: self.shared.times_ns(),
                series: std::mem::take(&mut self.series),
                resident: self.resident,
                partial: broken.as_ref().map(|broken| broken.why.clone()),
                last_failure: self.shared.last_loss(),
            },
        );
        for outcome in &mut outcomes {
            report.notes.add(std::mem::take(&mut outcome.notes));
        }
        (report, broken)
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
