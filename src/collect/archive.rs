//! The pasts of all vehicles that have a gap, within bounds.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::past::Past;
use crate::base::{Timestamp, span};
use crate::track::VehicleId;

/// What is kept so that messages can still be put in order when they come late.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// After a late message that leaves a gap open, the next is awaited for so long (**assumed**: a few round trips).
    #[serde(with = "span::text")]
    pub patience: Duration,
    /// A gap that nothing has filled for so long stays.
    #[serde(with = "span::text")]
    pub keep_for: Duration,
    /// Most messages kept of a vehicle: nearly three hours of fast reports.
    pub per_vehicle: usize,
    /// Most messages kept in all, some 0.7 KB each.
    pub in_all: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(2),
            keep_for: Duration::from_hours(7),
            per_vehicle: 10_000,
            in_all: 100_000,
        }
    }
}

/// The pasts of all vehicles that have a gap.
#[derive(Debug, Default)]
pub(super) struct Archive {
    pub settings: Settings,
    pasts: BTreeMap<VehicleId, Box<Past>>,
    /// Messages kept in all.
    kept: usize,
    replays: BTreeSet<(Timestamp, VehicleId)>,
    /// Whose oldest gap was noticed when.
    oldest: BTreeSet<(Timestamp, VehicleId)>,
}

impl Archive {
    pub fn new(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// Whether a vehicle has a gap.
    pub fn holds(&self, vehicle: VehicleId) -> bool {
        !self.pasts.is_empty() && self.pasts.contains_key(&vehicle)
    }

    pub fn get(&self, vehicle: VehicleId) -> Option<&Past> {
        if self.pasts.is_empty() { None } else { self.pasts.get(&vehicle).map(AsRef::as_ref) }
    }

    /// Takes a past out, to change it; [`Archive::put`] puts it back.
    pub fn take(&mut self, vehicle: VehicleId) -> Option<Box<Past>> {
        if self.pasts.is_empty() {
            return None;
        }
        let past = self.pasts.remove(&vehicle)?;
        self.kept -= past.kept.len();
        if let Some(since) = past.oldest_gap() {
            self.oldest.remove(&(since, vehicle));
        }
        if let Some(at) = past.replay_at {
            self.replays.remove(&(at, vehicle));
        }
        Some(past)
    }

    pub fn put(&mut self, vehicle: VehicleId, past: Box<Past>) {
        self.kept += past.kept.len();
        self.oldest.extend(past.oldest_gap().map(|since| (since, vehicle)));
        self.replays.extend(past.replay_at.map(|at| (at, vehicle)));
        self.pasts.insert(vehicle, past);
    }

    /// The vehicle that must go so that the rest fits, the one whose gap is the oldest.
    pub fn overfull(&self) -> Option<VehicleId> {
        let first = if self.kept > self.settings.in_all { self.oldest.first() } else { None };
        first.map(|(_, vehicle)| *vehicle)
    }

    /// Whose past is to be gone through again next, and when.
    pub fn next_replay(&self) -> Option<(Timestamp, VehicleId)> {
        self.replays.first().copied()
    }

    /// Whose oldest gap will have been kept for long enough next, and when.
    pub fn next_expiry(&self) -> Option<(Timestamp, VehicleId)> {
        self.oldest.first().map(|(since, vehicle)| (*since + self.settings.keep_for, *vehicle))
    }

    /// Messages and vehicles that are kept.
    pub fn size(&self) -> (usize, usize) {
        (self.kept, self.pasts.len())
    }
}
