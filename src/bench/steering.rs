//! What somebody who watches a run asks of it while it goes on: another rate, a storm, an incident.
//!
//! The threads of a run look whether there is anything new, which costs them a load of one number.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;

use super::pace::{Stage, redirected};
use crate::base::Vin;
use crate::model::Kind;

/// How far ahead of its asking a rate changes, besides one wake-up of the generator: by then all threads know of it, so
/// that none has taken messages that the new rate does not have due.
pub const NOTICE: Duration = Duration::from_millis(50);
/// Most changes of a run.
const MOST_CHANGES: usize = 10_000;

/// What was asked for, and when.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Change {
    /// When it took effect, seconds since messages began.
    pub at_s: f64,
    /// What.
    #[serde(flatten)]
    pub wish: Wish,
}

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// So many messages a second from now on.
    RatePerS(f64),
    /// So many connections a second to be closed and opened again from now on.
    ChurnPerS(f64),
    /// All connections to be cut at once.
    Storm(bool),
    /// An incident.
    Inject(Injection),
    /// The end.
    Stop(bool),
}

/// An incident that somebody lets happen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Injection {
    /// What happens.
    pub kind: Kind,
    /// To whom.
    pub vin: Vin,
    /// The vehicle's number in the run.
    #[serde(skip)]
    pub vehicle: u32,
    /// The incident's number in the run.
    pub id: u32,
}

/// What is asked of a run so far.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// Messages a second.
    pub stages: Vec<Stage>,
    /// Connections to be closed and opened again, a second.
    pub churn: Vec<Stage>,
    /// How often all connections were to be cut.
    pub storms: u32,
    /// Incidents, in the order in which they were asked for.
    pub injections: Vec<Injection>,
    /// All of it.
    pub changes: Vec<Change>,
}

/// The wishes that the threads of a run share.
#[derive(Debug, Default)]
pub struct Steering {
    open: AtomicBool,
    version: AtomicU64,
    wishes: Mutex<Wishes>,
}

impl Steering {
    /// Begins with what the plan has.
    pub fn begin(&self, stages: &[Stage], churn: f64) {
        *self.lock() = Wishes { stages: stages.to_vec(), churn: vec![Stage::steady(churn)], ..Wishes::default() };
    }

    /// From now on somebody may ask for something.
    pub fn open(&self) {
        self.open.store(true, Ordering::Relaxed);
    }

    /// Whether somebody may ask for something: then a schedule without a next message is not over.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    /// Grows with each change; 0 when nothing was ever asked for.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// What is asked for.
    #[must_use]
    pub fn wishes(&self) -> Wishes {
        self.lock().clone()
    }

    /// Asks for something at a time, seconds since messages began.
    ///
    /// # Errors
    /// When too much was asked for already.
    pub fn ask(&self, at_s: f64, wish: Wish) -> Result<(), &'static str> {
        let mut wishes = self.lock();
        if wishes.changes.len() >= MOST_CHANGES {
            return Err("too many changes in one run");
        }
        match wish {
            Wish::RatePerS(rate) => wishes.stages = redirected(&wishes.stages, at_s, rate),
            Wish::ChurnPerS(rate) => wishes.churn = redirected(&wishes.churn, at_s, rate),
            Wish::Storm(_) => wishes.storms += 1,
            Wish::Inject(injection) => wishes.injections.push(injection),
            Wish::Stop(_) => {}
        }
        wishes.changes.push(Change { at_s, wish });
        drop(wishes);
        self.version.fetch_add(1, Ordering::Release);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Wishes> {
        self.wishes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::pace::due_between;

    #[test]
    fn what_was_due_before_a_change_stays_due() {
        let steering = Steering::default();
        steering.begin(&[Stage { lasts_s: 4.0, from: 0.0, to: 400.0 }, Stage::steady(400.0)], 0.0);
        steering.ask(2.0, Wish::RatePerS(1000.0)).unwrap();
        steering.ask(3.0, Wish::RatePerS(0.0)).unwrap();
        steering.ask(5.0, Wish::RatePerS(50.0)).unwrap();
        let wishes = steering.wishes();
        // Half of the ramp has a quarter of its area, 200 of 800; then a second of 1,000, nothing, and 50 a second.
        let due = |to_s: f64| due_between(&wishes.stages, 0.0, to_s).round() as u64;
        assert_eq!([2.0, 3.0, 5.0, 7.0].map(due), [200, 1200, 1200, 1300]);
        assert_eq!((steering.version(), wishes.changes.len(), wishes.storms), (3, 3, 0));
        let told = serde_json::to_value(wishes.changes[0]).unwrap();
        assert_eq!(told, serde_json::json!({ "at_s": 2.0, "rate_per_s": 1000.0 }));
    }
}
