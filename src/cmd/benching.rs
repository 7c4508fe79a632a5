//! Carries out a load: threads, signals, what is printed, and the exit code.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use super::onlooker::{Collector, Onlooker};
use super::output::{self, Style};
use super::reporting::{Outputs, ReportArgs};
use super::seconds::Seconds;
use super::{ExitCode, Failure, agent, agents, stop};
use crate::base::{Condition, Stopwatch, Timestamp};
use crate::bench::conductor::{Broken, Cause, Conductor};
use crate::bench::gauge::{Limits, resident_bytes};
use crate::bench::live::Began;
use crate::bench::preflight::{Needs, lacks};
use crate::bench::report::Context;
use crate::bench::series::{Second, Span};
use crate::bench::share::{Share, Word};
use crate::bench::shared::{Counters, Phase};
use crate::bench::steering::Wishes;
use crate::bench::witness::{Notes, compare};
use crate::bench::worker::Outcome;
use crate::bench::{Agent, FleetWorker, Live, Living, Plan, Report, Shared, Worker, conditions, html, table};
use crate::mqtt::BrokerUrl;
use crate::sim::Fleet;

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
    /// What becomes of the report besides, and who may watch and steer.
    pub reporting: ReportArgs,
    /// Those who watch and steer, when there are any.
    pub live: Option<Arc<Live>>,
}

type Thread = JoinHandle<std::io::Result<Outcome>>;

/// A run that is going on.
#[derive(Debug)]
pub struct Run {
    plan: Arc<Plan>,
    shared: Arc<Shared>,
    watch: Stopwatch,
    conductor: Conductor,
    live: Option<Arc<Live>>,
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
    if order.agents.is_some() && order.reporting.http.is_some() {
        let message = "--http: a load of several processes is not steered; leave out --http or --agents";
        return Err(Failure::new(ExitCode::Usage, message));
    }
    let outputs = Outputs::open(&mut order).await?;
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
    outputs.compare(&mut report);
    match order.style {
        Style::Json => output::object(Style::Json, "report", &report),
        Style::Plain => output::line(table::of_report(&report).trim_end()),
    }
    outputs.finish(&html::of_report(&report, None))?;
    seen?;
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
    let plan = &order.plan;
    let mut limits = Limits::read();
    let connections =
        if plan.agent == Agent::ALONE { plan.all_connections() } else { plan.own_connections().iter().sum() };
    if order.agents.is_some() {
        // Each agent looks at its own.
        limits.files = (u64::MAX, u64::MAX);
    }
    let needs = Needs {
        connections: u64::from(connections),
        sources: plan.settings.sources.len() as u64,
        vehicles: order.fleet.as_ref().map_or(0, |_| u64::from(plan.vehicles / plan.agent.count)),
        tls: plan.settings.tls.is_some(),
    };
    if let Some(what) = lacks(&needs, &limits) {
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
        if !asked && order.live.as_ref().is_some_and(|live| live.is_stopped()) {
            asked = true;
            run.interrupt();
        }
        if run.is_over() {
            break;
        }
    }
    let share = run.share();
    Ok(order.report(share, run.seconds.series, run.shared.steering.wishes()))
}

impl Run {
    /// Starts the threads of a run.
    ///
    /// # Errors
    /// When the system cannot.
    pub fn start(order: &Order) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::new(ExitCode::Failure, format!("cannot start: {error}"));
        let (plan, shared, watch) = (Arc::new(order.plan.clone()), Arc::new(Shared::default()), Stopwatch::start());
        shared.steering.begin(&plan.stages, plan.churn);
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
        if let Some(live) = &order.live {
            let fleet = order.fleet.as_ref().map(|living| {
                let vins = Fleet::new(&living.setting, 1).vins().into_iter().map(|(_, vin)| vin).collect();
                (Arc::clone(&living.setting), vins)
            });
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
        let times_ns = self.shared.times_ns();
        let (counters, latency) = (&self.shared.counters, self.shared.take_interval());
        let span = Span { from_ns: std::mem::replace(&mut self.printed_ns, now_ns), to_ns: now_ns, times_ns };
        if self.plan.agent == Agent::ALONE {
            let now = self.seconds.show(&span, counters, &latency, &self.shared.steering.wishes().stages);
            if let Some(live) = &self.live {
                live.show(now, &latency);
            }
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
    pub fn report(&self, mut share: Share, series: Vec<Second>, wishes: Wishes) -> (Report, Option<Broken>) {
        let counters = Counters::default();
        counters.add(&share.totals);
        let mut notes = Notes::default();
        for outcome in &mut share.outcomes {
            notes.add(std::mem::take(&mut outcome.notes));
        }
        // As it was steered: what is asked for is what the rates had due that were asked for.
        let mut plan = Plan { stages: wishes.stages, ..self.plan.clone() };
        plan.agent.count = self.agents.unwrap_or(plan.agent.count);
        let mut report = Report::of(
            &share.outcomes,
            Context {
                broker: self.url.to_string(),
                plan: &plan,
                counters: &counters,
                times_ns: share.times_ns,
                series,
                steering: wishes.changes,
                resident: share.resident,
                partial: share.broken.as_ref().map(|broken| broken.why.clone()),
                last_failure: share.last_failure,
            },
        );
        report.notes = notes;
        (report, share.broken)
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
