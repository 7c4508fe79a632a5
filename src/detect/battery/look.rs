//! What the rules of the battery look at, and what they have in common: levels, and that two readings must agree.

use std::cell::OnceCell;

use serde::{Deserialize, Serialize};

use super::cell_fault::Fault;
use super::sensor::Lie;
use crate::detect::detector::{Finding, Sight, Signal};
use crate::model::{Battery, Chemistry, Evidence, Level, Mode, Report, Words};
use crate::track::battery::sampling::extremes;
use crate::track::{Before, PackFeatures, Track};

/// A reading of a pack with what is remembered of the pack, as all rules look at it: what several of them ask is found once.
#[derive(Debug, Clone)]
pub struct Look<'a> {
    pub(super) features: &'a PackFeatures,
    pub(super) now: &'a Battery,
    /// The reading before, of the same pack.
    pub(super) last: Option<&'a Battery>,
    pub(super) mode: Mode,
    /// Device time, s.
    pub(super) seconds: i64,
    /// The extremes of this reading and of the one before.
    pub(super) ends: Ends,
    last_ends: Ends,
    /// The judgements that several rules share, once one of them has asked.
    pub(super) fault: OnceCell<Option<Fault>>,
    pub(super) lie: OnceCell<Option<Lie>>,
}

/// The extremes of one reading.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    /// Of the sensors, °C; NaN without any.
    pub(super) hottest_c: f64,
    pub(super) coldest_c: f64,
    /// Of the cells that were measured, mV; without any `u16::MAX` and 0.
    pub(super) lowest_mv: u16,
    pub(super) highest_mv: u16,
}

impl Ends {
    fn of(battery: &Battery) -> Self {
        let (lowest_mv, highest_mv) = extremes(&battery.cells_mv).unwrap_or((u16::MAX, 0));
        let degrees = battery.coldest_and_hottest();
        let (coldest_c, hottest_c) = degrees.map_or((f64::NAN, f64::NAN), |(low, high)| (low.0, high.0));
        Self { hottest_c, coldest_c, lowest_mv, highest_mv }
    }

    /// Voltage of the highest cell, V; NaN when none was measured.
    pub(super) fn highest_volts(&self) -> f64 {
        if self.highest_mv == 0 { f64::NAN } else { f64::from(self.highest_mv) / 1000.0 }
    }

    /// Voltage of the lowest cell, V; NaN when none was measured.
    pub(super) fn lowest_volts(&self) -> f64 {
        if self.highest_mv == 0 { f64::NAN } else { f64::from(self.lowest_mv) / 1000.0 }
    }
}

impl<'a> Look<'a> {
    /// At a report with what is remembered including it, and the report before; `None` when the management said nothing.
    #[must_use]
    pub fn of(report: &'a Report, before: Option<&'a Before>, track: &'a Track) -> Option<Self> {
        let now = report.battery.as_ref()?;
        let features = track.packs.present()?;
        let last = before.map(|before| &before.battery).filter(|last| last.pack == now.pack);
        let ends = Ends::of(now);
        let (last_ends, seconds) = (last.map_or(ends, Ends::of), report.stamp.time.0 / 1000);
        let (fault, lie) = (OnceCell::new(), OnceCell::new());
        Some(Self { features, now, last, mode: report.mode, seconds, ends, last_ends, fault, lie })
    }

    /// `None` for happenings, and when the management said nothing.
    pub(super) fn at(sight: Sight<'a>) -> Option<&'a Self> {
        if sight.event.is_some() { None } else { sight.pack }
    }

    /// The same, to explain.
    pub(super) fn again(sight: Sight<'a>) -> Option<&'a Self> {
        sight.pack
    }

    /// The lower of an extreme in this and the last reading. NaN in the first reading.
    pub(super) fn end_at_least(&self, value: impl Fn(&Ends) -> f64) -> f64 {
        if self.last.is_none() { f64::NAN } else { value(&self.last_ends).min(value(&self.ends)) }
    }

    /// The higher of an extreme in this and the last reading.
    pub(super) fn end_at_most(&self, value: impl Fn(&Ends) -> f64) -> f64 {
        self.both_at_most(|_, ends| value(ends))
    }

    /// The higher of what a reading and its extremes make.
    pub(super) fn both_at_most(&self, value: impl Fn(&Battery, &Ends) -> f64) -> f64 {
        self.last.map_or(f64::NAN, |last| value(last, &self.last_ends).max(value(self.now, &self.ends)))
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
