//! What the rules of the battery look at, and what they have in common: levels, and that two readings must agree.

use serde::{Deserialize, Serialize};

use crate::detect::detector::{Finding, Sight, Signal};
use crate::model::{Battery, Chemistry, Evidence, Level, Mode, Words};
use crate::track::PackFeatures;

/// A reading of a pack with what is remembered of the pack.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look<'a> {
    pub(super) features: &'a PackFeatures,
    pub(super) now: &'a Battery,
    /// The reading before, of the same pack.
    pub(super) last: Option<&'a Battery>,
    pub(super) mode: Mode,
    /// Device time, s.
    pub(super) seconds: i64,
}

impl<'a> Look<'a> {
    /// `None` for happenings, and when the management said nothing.
    pub(super) fn at(sight: Sight<'a>) -> Option<Self> {
        if sight.event.is_some() {
            return None;
        }
        Self::again(sight)
    }

    /// The same, to explain.
    pub(super) fn again(sight: Sight<'a>) -> Option<Self> {
        let now = sight.report.battery.as_ref()?;
        let last = sight.before.and_then(|before| before.battery.as_ref()).filter(|last| last.pack == now.pack);
        let seconds = sight.report.stamp.time.0 / 1000;
        Some(Self { features: sight.track.packs.present()?, now, last, mode: sight.report.mode, seconds })
    }

    /// The lower of a value in this and the last reading: a spike is none. NaN in the first reading.
    pub(super) fn at_least(&self, value: impl Fn(&Battery) -> f64) -> f64 {
        self.last.map_or(f64::NAN, |last| value(last).min(value(self.now)))
    }

    /// The higher of a value in this and the last reading.
    pub(super) fn at_most(&self, value: impl Fn(&Battery) -> f64) -> f64 {
        self.last.map_or(f64::NAN, |last| value(last).max(value(self.now)))
    }

    /// Mean voltage of the cells, V.
    pub(super) fn mean_volts(battery: &Battery) -> f64 {
        battery.voltage.0 / battery.cells_mv.len().max(1) as f64
    }

    /// Capacity, Ah; a common one as long as it is not known.
    pub(super) fn capacity_ah(&self) -> f64 {
        self.features.coulombs.capacity_ah().map_or(20.0, f64::from)
    }

    /// Whether one cell is so much worse than the others that it accounts for what is odd.
    pub(super) fn has_bad_cell(&self) -> bool {
        let fallen = self.features.cells.fallen.cell().is_some_and(|(.., readings)| readings >= 3);
        fallen || self.features.cells.laggard.cell().is_some()
    }
}

/// Thresholds of the levels 1, 2 and 3.
pub(super) type Steps = [f64; 3];

/// Thresholds that depend on the chemistry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByChemistry<T> {
    /// Of lithium iron phosphate.
    pub lfp: T,
    /// Of nickel manganese cobalt.
    pub nmc: T,
    /// Of sodium ion.
    pub na: T,
    /// Of lead-acid; of a 12 V module where it is a voltage.
    pub vrla: T,
}

impl<T> ByChemistry<T> {
    /// Those of one chemistry.
    #[must_use]
    pub fn of(&self, chemistry: Chemistry) -> &T {
        match chemistry {
            Chemistry::Lfp => &self.lfp,
            Chemistry::Nmc => &self.nmc,
            Chemistry::Na => &self.na,
            Chemistry::Vrla => &self.vrla,
        }
    }
}

/// The level that a value reaches upwards.
pub(super) fn rising(value: f64, steps: &Steps) -> Option<Level> {
    let levels = [Level::Three, Level::Two, Level::One];
    steps.iter().rev().zip(levels).find(|(step, _)| value >= **step).map(|(_, level)| level)
}

/// The level that a value reaches downwards.
pub(super) fn falling(value: f64, steps: &Steps) -> Option<Level> {
    rising(-value, &steps.map(|step| -step))
}

/// Present at that level; else absent when it is clearly so.
pub(super) fn signal(level: Option<Level>, clear: bool) -> Signal {
    match level {
        Some(level) => Signal::Present(level),
        None if clear => Signal::Absent,
        None => Signal::Unknown,
    }
}

/// A finding from its parts.
pub(super) fn finding(en: String, zh: String, evidence: Vec<Evidence>) -> Finding {
    Finding { why: Words { en, zh }, evidence }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_reached_from_below_and_from_above() {
        let steps = [55.0, 60.0, 70.0];
        for (value, level) in
            [(54.9, None), (55.0, Some(Level::One)), (69.0, Some(Level::Two)), (99.0, Some(Level::Three))]
        {
            assert_eq!(rising(value, &steps), level);
            assert_eq!(falling(-value, &steps.map(|step| -step)), level);
        }
        assert_eq!(rising(f64::NAN, &steps), None, "nothing measured");
    }
}
