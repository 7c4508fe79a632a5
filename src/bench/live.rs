//! A run while it goes on: what can be seen of it, and what can be asked of it. Whoever serves this needs no lock on the
//! run: it hands over each second, and its threads look for wishes.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::latency::Latency;
use super::plan::{Plan, Role};
use super::report::{Context, Report};
use super::series::Second;
use super::shared::{Phase, Shared, get};
use super::steering::{Change, Injection, NOTICE, Wish};
use super::traffic::Measured;
use super::worker::Outcome;
use crate::base::{Stopwatch, Vin};
use crate::model::Kind;
use crate::sim::Setting;
use crate::sim::incident::draw_victim;

/// What a live report says of itself.
const STILL_RUNNING: &str = "still running: what was sent in the warm-up counts, too";
/// Most incidents that can be asked for at once.
const MOST_AT_ONCE: u32 = 1000;

/// A run as it began.
#[derive(Debug, Clone)]
pub struct Began {
    /// What it does.
    pub plan: Arc<Plan>,
    /// What its threads share.
    pub shared: Arc<Shared>,
    /// Its watch.
    pub watch: Stopwatch,
    /// The broker's address, without the login.
    pub broker: String,
    /// The fleet and the names of its vehicles by number, for that role.
    pub fleet: Option<(Arc<Setting>, Vec<Vin>)>,
}

/// The present run, for those who watch and steer it.
#[derive(Debug)]
pub struct Live {
    steerable: bool,
    stopped: AtomicBool,
    run: Mutex<Option<Run>>,
}

#[derive(Debug)]
struct Run {
    began: Began,
    series: Vec<Second>,
    latency: Latency,
    struck: BTreeSet<u32>,
    next_incident: u32,
}

/// Why a wish is not granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It makes no sense.
    Senseless(String),
    /// It makes no sense now, or for this run.
    NotNow(String),
}

impl Live {
    /// No run yet. One that is not `steerable` can only be watched and stopped.
    #[must_use]
    pub fn new(steerable: bool) -> Self {
        Self { steerable, stopped: AtomicBool::new(false), run: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Run>> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A run begins; it takes the place of the one before.
    pub fn attach(&self, began: Began) {
        if self.steerable {
            began.shared.steering.open();
        }
        let next_incident = began.fleet.as_ref().map_or(0, |(setting, _)| setting.first_free_incident());
        let (series, latency, struck) = (Vec::new(), Latency::default(), BTreeSet::new());
        *self.lock() = Some(Run { began, series, latency, struck, next_incident });
    }

    /// Shows a second of the run, and the times that were handed over in it.
    pub fn show(&self, second: &Second, latency: &Latency) {
        if let Some(run) = &mut *self.lock() {
            run.series.push(second.clone());
            run.latency.add(latency);
        }
    }

    /// Whether somebody wants the run to end.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// The report as it would be if the run ended now; `None` before it begins.
    #[must_use]
    pub fn report(&self) -> Option<Report> {
        self.lock().as_ref().map(Run::report)
    }

    /// The numbers for Prometheus; empty before the run begins.
    #[must_use]
    pub fn metrics(&self) -> String {
        self.lock().as_ref().map_or_else(String::new, |run| {
            let [start_ns, ..] = run.began.shared.times_ns();
            let now_ns = run.began.watch.ns();
            let wishes = run.began.shared.steering.wishes();
            let s = |ns: u64| ns.saturating_sub(start_ns) as f64 / 1e9;
            let due = |from_ns, to_ns| super::pace::due_between(&wishes.stages, s(from_ns), s(to_ns));
            let running = run.began.shared.phase() == Phase::Run;
            // The rate of this moment, from what is due in the next millisecond.
            let rate = if running { 1000.0 * due(now_ns, now_ns + 1_000_000) } else { 0.0 };
            super::metrics::exposition(&run.began.shared, &run.latency, rate)
        })
    }

    /// Lets the run end now.
    ///
    /// # Errors
    /// When there is none.
    pub fn stop(&self) -> Result<(), Refusal> {
        let guard = self.lock();
        let run = guard.as_ref().ok_or_else(no_run)?;
        // A run that was steered too much can still be stopped.
        let _ = run.began.shared.steering.ask(run.now_s(), Wish::Stop(true));
        self.stopped.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Asks for another rate, for churn, or for a storm.
    ///
    /// # Errors
    /// What does not fit the run.
    pub fn ask(&self, wish: Wish) -> Result<Change, Refusal> {
        let guard = self.lock();
        let run = self.steered(guard.as_ref())?;
        let (role, verb) = (run.began.plan.role, run.began.plan.role.name());
        let unfit = |what: &str| Err(Refusal::NotNow(format!("bench {verb}: {what}")));
        match wish {
            Wish::RatePerS(_) if role != Role::Publish => return unfit("it has no rate of its own"),
            Wish::ChurnPerS(_) | Wish::Storm(_) if role == Role::Fleet => {
                return unfit("vehicles come and go as their scenario has it");
            }
            Wish::RatePerS(_) | Wish::ChurnPerS(_) | Wish::Storm(_) | Wish::Inject(_) | Wish::Stop(_) => {}
        }
        // By then all threads know, so that none goes too far on the old schedule.
        let notice = NOTICE + run.began.plan.settings.tick;
        let soon = run.began.shared.phase() == Phase::Run && matches!(wish, Wish::RatePerS(_) | Wish::ChurnPerS(_));
        let at_s = run.now_s() + if soon { notice.as_secs_f64() } else { 0.0 };
        run.began.shared.steering.ask(at_s, wish).map_err(|what| Refusal::NotNow(what.to_owned()))?;
        Ok(Change { at_s, wish })
    }

    /// Lets `count` incidents of a kind befall vehicles drawn by the seed, or one a certain vehicle.
    ///
    /// # Errors
    /// When the run has no vehicles, or none that the incident suits.
    pub fn inject(&self, kind: Kind, count: u32, vin: Option<Vin>) -> Result<Vec<Injection>, Refusal> {
        let mut guard = self.lock();
        let run = self.steered(guard.as_ref())?;
        let Some((setting, vins)) = run.began.fleet.clone() else {
            let verb = run.began.plan.role.name();
            return Err(Refusal::NotNow(format!(
                "bench {verb} has no vehicles that anything could befall: use bench fleet"
            )));
        };
        if !(1..=MOST_AT_ONCE).contains(&count) {
            return Err(Refusal::Senseless(format!("count: expected 1 to {MOST_AT_ONCE}, found {count}")));
        }
        let run = guard.as_mut().ok_or_else(no_run)?;
        let mut injections = Vec::new();
        for _ in 0..if vin.is_some() { 1 } else { count } {
            let id = run.next_incident;
            let drawn = draw_victim(&setting, kind, id, &run.struck).map_err(Refusal::Senseless)?;
            let vehicle = match vin {
                None => drawn,
                Some(vin) => {
                    let found = vins.iter().position(|known| *known == vin);
                    found.ok_or_else(|| Refusal::Senseless(format!("no vehicle {vin} in this run")))? as u32
                }
            };
            let injection = Injection { kind, vin: vins[vehicle as usize], vehicle, id };
            let asked = run.began.shared.steering.ask(run.now_s(), Wish::Inject(injection));
            asked.map_err(|what| Refusal::NotNow(what.to_owned()))?;
            run.struck.insert(vehicle);
            run.next_incident += 1;
            injections.push(injection);
        }
        Ok(injections)
    }

    fn steered<'a>(&self, run: Option<&'a Run>) -> Result<&'a Run, Refusal> {
        let run = run.ok_or_else(no_run)?;
        if !self.steerable {
            return Err(Refusal::NotNow(
                "bench knee chooses its rates itself: it can be watched and stopped".to_owned(),
            ));
        }
        if run.began.shared.phase() > Phase::Run {
            return Err(Refusal::NotNow("the run is over".to_owned()));
        }
        Ok(run)
    }
}

fn no_run() -> Refusal {
    Refusal::NotNow("no run has begun yet".to_owned())
}

impl Run {
    /// Seconds since messages began; 0 before.
    fn now_s(&self) -> f64 {
        let [start_ns, ..] = self.began.shared.times_ns();
        let begun = self.began.shared.phase() >= Phase::Run;
        if begun { self.began.watch.ns().saturating_sub(start_ns) as f64 / 1e9 } else { 0.0 }
    }

    fn report(&self) -> Report {
        let shared = &self.began.shared;
        let counters = &shared.counters;
        let wishes = shared.steering.wishes();
        let plan = Plan { stages: wishes.stages, ..(*self.began.plan).clone() };
        let [start_ns, _, end_ns] = shared.times_ns();
        let begun = shared.phase() >= Phase::Run;
        let now_ns = self.began.watch.ns().min(end_ns);
        let mut measured =
            Measured { done: get(&counters.pub_succ), done_in_time: get(&counters.pub_succ), ..Measured::default() };
        measured.tally.received.total = get(&counters.recv);
        let own = if plan.role == Role::Subscribe { &mut measured.end_to_end } else { &mut measured.latency };
        own.add(&self.latency);
        let outcome = Outcome { measured, offered: get(&counters.publish), ..Outcome::default() };
        let context = Context {
            broker: self.began.broker.clone(),
            times_ns: if begun { [start_ns, start_ns, now_ns] } else { [0; 3] },
            series: self.series.clone(),
            steering: wishes.changes,
            partial: Some(STILL_RUNNING.to_owned()),
            last_failure: shared.last_loss(),
            ..Context::empty(&plan, counters)
        };
        let mut report = Report::of(&[outcome], context);
        // What is on its way is not lost yet, and the generator is judged at the end.
        report.messages.lost = 0;
        report.invalid.clear();
        report
    }
}
