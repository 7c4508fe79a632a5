//! Carries out a load: threads, signals, what is printed, and the exit code.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use super::output::{self, Style};
use super::reporting::{Outputs, ReportArgs};
use super::{ExitCode, Failure, stop};
use crate::base::{Condition, Stopwatch};
use crate::bench::conductor::{Broken, Cause, Conductor};
use crate::bench::gauge::{Limits, resident_bytes};
use crate::bench::live::Began;
use crate::bench::preflight::lacks;
use crate::bench::report::Context;
use crate::bench::series::{Second, Span};
use crate::bench::shared::Phase;
use crate::bench::worker::Outcome;
use crate::bench::{FleetWorker, Live, Plan, Report, Role, Shared, Worker, conditions, html, table};
use crate::mqtt::BrokerUrl;
use crate::sim::Setting;

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
    /// A fleet and how many times as fast as the world it lives, for that role.
    pub fleet: Option<(Arc<Setting>, f64)>,
    /// What becomes of the report besides, and who may watch and steer.
    pub reporting: ReportArgs,
    /// Those who watch and steer, when there are any.
    pub live: Option<Arc<Live>>,
}

type Thread = JoinHandle<std::io::Result<Outcome>>;

/// A run that is going on.
struct Run {
    plan: Arc<Plan>,
    shared: Arc<Shared>,
    watch: Stopwatch,
    conductor: Conductor,
    live: Option<Arc<Live>>,
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
    let outputs = Outputs::open(&mut order).await?;
    prepare(&mut order).await?;
    let (mut report, broken) = measure(&order).await?;
    outputs.compare(&mut report);
    match order.style {
        Style::Json => output::object(Style::Json, "report", &report),
        Style::Plain => output::line(table::of_report(&report).trim_end()),
    }
    outputs.finish(&html::of_report(&report, None))?;
    judge(&report, &order, broken)
}

/// Checks what the machine allows, and looks up the broker.
///
/// # Errors
/// Conditions on what is not measured, limits of the machine that are too low, no broker.
pub async fn prepare(order: &mut Order) -> Result<(), Failure> {
    let usage = |what: String| Failure::new(ExitCode::Usage, what);
    let compares = order.reporting.compare.is_some();
    let check = |condition| conditions::check_name(condition, &order.plan, compares);
    order.fail_if.iter().try_for_each(check).map_err(usage)?;
    order.plan.credentials.check_clients(order.plan.all_connections() as usize)?;
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
        if !asked && order.live.as_ref().is_some_and(|live| live.is_stopped()) {
            asked = true;
            run.interrupt();
        }
        if run.threads.iter().all(JoinHandle::is_finished) {
            break;
        }
    }
    Ok(run.finish(order))
}

impl Run {
    fn start(order: &Order) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::new(ExitCode::Failure, format!("cannot start: {error}"));
        let (plan, shared) = (Arc::new(order.plan.clone()), Arc::new(Shared::default()));
        let watch = Stopwatch::start();
        shared.steering.begin(&plan.stages, plan.churn);
        let before = resident_bytes();
        let mut threads = Vec::new();
        let mut vins = Vec::new();
        for index in 0..plan.threads {
            let builder = std::thread::Builder::new().name(format!("bench-{index}"));
            let thread = if let Some((setting, speed)) = &order.fleet {
                let worker = FleetWorker::new(&plan, &shared, index, watch, setting, *speed).map_err(failed)?;
                vins.extend(worker.vins());
                builder.spawn(move || worker.run())
            } else {
                let worker = Worker::new(&plan, &shared, index, watch).map_err(failed)?;
                builder.spawn(move || worker.run())
            };
            threads.push(thread.map_err(failed)?);
        }
        vins.sort_unstable();
        let vins = vins.into_iter().map(|(_, vin)| vin).collect();
        if let Some(live) = &order.live {
            let fleet = order.fleet.as_ref().map(|(setting, _)| (Arc::clone(setting), vins));
            let (plan, shared, broker) = (Arc::clone(&plan), Arc::clone(&shared), order.url.to_string());
            live.attach(Began { plan, shared, watch, broker, fleet });
        }
        Ok(Self {
            conductor: Conductor::new(Arc::clone(&plan), Arc::clone(&shared)),
            plan,
            shared,
            watch,
            live: order.live.clone(),
            threads,
            series: Vec::new(),
            printed_ns: 0,
            resident: [before, None],
        })
    }

    /// Somebody stops it; that is its regular end when it has no other.
    fn interrupt(&mut self) {
        let why = "stopped before its end".to_owned();
        self.conductor.stop(self.watch.ns(), Broken { why, cause: Cause::User });
        if self.plan.duration.is_none() && self.plan.limit.is_none() {
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
        let span = Span { from_ns: self.printed_ns, to_ns: now_ns, times_ns: self.shared.times_ns() };
        let span_s = (now_ns - self.printed_ns) as f64 / 1e9;
        self.printed_ns = now_ns;
        let latency = self.shared.take_interval();
        let now = Second::of(&span, &self.shared.counters, &latency, &self.shared.steering.wishes().stages);
        if let Some(live) = &self.live {
            live.show(&now, &latency);
        }
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
        let wishes = self.shared.steering.wishes();
        // As it was steered: what is asked for is what the rates had due that were asked for.
        let plan = Plan { stages: wishes.stages, ..(*self.plan).clone() };
        let report = Report::of(
            &outcomes,
            Context {
                broker: order.url.to_string(),
                plan: &plan,
                counters: &self.shared.counters,
                times_ns: self.shared.times_ns(),
                series: std::mem::take(&mut self.series),
                steering: wishes.changes,
                resident: self.resident,
                partial: broken.as_ref().map(|broken| broken.why.clone()),
                last_failure: self.shared.last_loss(),
            },
        );
        (report, broken)
    }
}

/// A line of how it goes, on stderr, so that stdout has the report alone.
pub fn say(line: &str) {
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
    let held = conditions::held(&order.fail_if, report, order.plan.role);
    if held.is_empty() { Ok(()) } else { Err(Failure::new(ExitCode::Threshold, held.join("; "))) }
}
