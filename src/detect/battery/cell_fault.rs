//! The faults of one cell: `battery.weak_cell`, `battery.short_early`, `battery.short_mid` and
//! `battery.contact_resistance`. One judgement with four names, so that they never contradict each other: which cell stands
//! out, and what of it.
//!
//! A joint adds resistance and takes no charge. A weak cell has more resistance and, the emptier the pack, less charge; on
//! top of a charge it is ahead of all others, long before it is the first to be empty. A short takes charge all the time and
//! adds no resistance; how fast tells its size.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::cell_words::describe;
use super::look::{ByChemistry, Look, rising};
use super::outlier::{Outlier, is_ahead};
use super::over_voltage::OverVoltageSettings;
use crate::base::span;
use crate::detect::detector::{Detector, Finding, Sight, Signal};
use crate::model::{Battery, Chemistry, Kind, Level};
use crate::track::battery::{ocv, sampling::median};

/// When a cell counts as faulty. All but the voltages **assumed**.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CellFaultSettings {
    /// Deviations of the others (robust) that a cell must stand out by, in charge or resistance.
    pub sigmas: f64,
    /// How long a lag must last.
    #[serde(with = "span::text")]
    pub held: Duration,
    /// Lag of levels 1, 2, 3, % of the charge; level 3 by voltage alone.
    pub lag_pct: [f64; 3],
    /// Growth of a lag over some days, levels 1, 2, 3, % of the charge.
    pub growth_pct: [f64; 3],
    /// Readings in a row that must show a sudden fall.
    pub fallen_readings: u8,
    /// Excess of resistance, in that of the median cell, from which a cell is weak.
    pub weak_excess: f64,
    /// What that excess must make under a usual load, mV: rounding and cells measured one after the other make less.
    pub excess_mv: f64,
    /// Excess from which it is a joint: levels 1, 2, 3.
    pub contact_excess: ByChemistry<[f64; 3]>,
    /// Lag from which it is no joint, %.
    pub joint_lag_pct: f64,
    /// Lag from which resistance tells nothing of a cell, because it is drained, %.
    pub drained_pct: f64,
    /// Below the median cell, mV: level 3 (one maker's GB/T 32960 threshold is 300); not of lead.
    pub deviation_mv: f64,
    /// A short below this is a later one, Ω.
    pub mid_ohm: f64,
    /// What loses less than through this is no short, Ω.
    pub early_ohm: f64,
    /// Steps of the current before a resistance is believed.
    pub steps: u8,
    /// How long it must be gone before the alert is cleared.
    #[serde(with = "span::text")]
    pub clear_after: Duration,
}

impl Default for CellFaultSettings {
    fn default() -> Self {
        Self {
            sigmas: 6.0,
            held: Duration::from_mins(30),
            lag_pct: [1.5, 7.0, 1000.0],
            growth_pct: [1.0, 5.0, 1000.0],
            fallen_readings: 3,
            weak_excess: 0.3,
            excess_mv: 12.0,
            contact_excess: ByChemistry {
                lfp: [0.95, 1.3, 1000.0],
                nmc: [0.95, 1.3, 1000.0],
                na: [0.95, 1.3, 1000.0],
                vrla: [0.7, 1.3, 1000.0],
            },
            joint_lag_pct: 5.0,
            drained_pct: 25.0,
            deviation_mv: 300.0,
            mid_ohm: 30.0,
            early_ohm: 3000.0,
            steps: 60,
            clear_after: Duration::from_hours(24),
        }
    }
}

/// The rule, under one of its four names.
#[derive(Debug, Clone)]
pub struct CellFault {
    /// Which of the four.
    pub kind: Kind,
    /// The settings.
    pub settings: CellFaultSettings,
    /// Limits of cells.
    pub limits: OverVoltageSettings,
}

/// A cell that stands out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fault {
    /// What it is taken for.
    pub(super) kind: Kind,
    level: Level,
    /// From 0.
    pub(super) cell: usize,
    /// Resistance of the leak, Ω, if it is a short.
    pub(super) leak_ohm: Option<f64>,
}

impl Detector for CellFault {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn clear_after(&self) -> Duration {
        self.settings.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        let Some(look) = Look::at(sight) else { return Signal::Unknown };
        // One judgement: all four names have the same settings.
        match look.fault.get_or_init(|| self.settings.judge(look, &self.limits)) {
            Some(fault) if fault.kind == self.kind => Signal::Present(fault.level),
            Some(_) => Signal::Unknown,
            None => Signal::Absent,
        }
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        let Some(look) = Look::again(sight) else { return Finding::default() };
        self.settings.judge(look, &self.limits).map_or_else(Finding::default, |fault| describe(look, fault))
    }
}

impl CellFaultSettings {
    fn judge(&self, look: &Look<'_>, limits: &OverVoltageSettings) -> Option<Fault> {
        let Some(outlier) = self.outlier(look.features, look.seconds) else {
            // One cell that is full long before the others has less room than they have.
            let (cell, level) = limits.overfilled(look).or_else(|| limits.fills_first(look))?;
            return Some(Fault { kind: Kind::WeakCell, level, cell, leak_ohm: None });
        };
        let Outlier { cell, lag, excess, fall_mv } = outlier;
        let lag_pct = f64::from(look.features.cells.get(cell).lag_pct());
        let own_excess = f64::from(look.features.cells.get(cell).ohm_excess());
        let below_mv = look.at_least(|battery| below_median(battery, cell));
        let collapsed = look.now.chemistry != Chemistry::Vrla && below_mv >= self.deviation_mv;
        // Empty at rest while the others are not: only a leak does that, however far behind it was when last measured.
        let emptied =
            collapsed && look.now.soc.0 >= HALF_FULL_PCT && look.at_most(|battery| battery.current.0.abs()) < REST_A;
        // A cell that is far behind or nearly empty has more resistance for that.
        let drained = emptied || lag_pct >= self.drained_pct;
        let excess = excess.filter(|_| !drained);
        // A joint takes no charge, and a cell that lacks some has more resistance for that.
        let joint = excess
            .filter(|_| lag_pct < self.joint_lag_pct)
            .and_then(|excess| rising(excess, self.contact_excess.of(look.now.chemistry)));
        let leak_ohm = Self::leak_ohm(look, cell, fall_mv);
        // A short adds no resistance; what is neither is called weak.
        let known = look.features.cells.steps() >= self.steps && !drained;
        // What is empty loses no more: its leak is at least twice as large as it seems (assumed).
        let mid_ohm = if emptied { 2.0 * self.mid_ohm } else { self.mid_ohm };
        let resists = known && own_excess >= SOUND_EXCESS;
        let grows = f64::from(look.features.cells.get(cell).growth_pct()) >= self.growth_pct[0];
        // Nor is it ahead of the others on top of a charge, not even before.
        let runs_ahead = is_ahead(look.features, cell) || look.features.cells.leader.has_been(cell);
        let leaks = !resists && !runs_ahead;
        let (kind, level) = match (joint, excess, leak_ohm) {
            (Some(level), ..) => (Kind::ContactResistance, level),
            (None, None, Some(ohm)) if leaks && ohm < mid_ohm => {
                (Kind::ShortMid, lag.unwrap_or(Level::One).max(Level::Two))
            }
            (None, None, Some(ohm)) if leaks && ohm < self.early_ohm => (Kind::ShortEarly, lag.unwrap_or(Level::One)),
            (None, None, _) if leaks && known && grows => (Kind::ShortEarly, lag.unwrap_or(Level::One)),
            (None, ..) => (Kind::WeakCell, lag.unwrap_or(Level::One)),
        };
        let level = if collapsed { Level::Three } else { level };
        // When the charger fills the others too far for want of this one, that is its doing.
        let level = limits.level(look).map_or(level, |over| over.max(level));
        Some(Fault { kind, level, cell, leak_ohm: leak_ohm.filter(|_| excess.is_none()) })
    }

    /// What a cell loses, as the resistance of a leak: by its sudden fall, else by how its lag has grown.
    fn leak_ohm(look: &Look<'_>, cell: usize, fall_mv: Option<f64>) -> Option<f64> {
        let volts = f64::from(*look.now.cells_mv.get(cell)?) / 1000.0;
        let (fallen, laggard) = (&look.features.cells.fallen, &look.features.cells.laggard);
        let by_fall = fall_mv.and_then(|_| fallen_pct(look, cell)).filter(|pct| *pct >= MUCH_PCT);
        let by_fall = by_fall.map(|pct| pct / f64::from(fallen.untold_h()).max(LEARNT_H));
        let hours = (look.seconds - i64::from(laggard.since().0)) as f64 / 3600.0;
        let lag = f64::from(look.features.cells.get(cell).lag_pct() - laggard.first_pct());
        let by_lag = (laggard.cell() == Some(cell) && (hours >= GROWN_H || (hours >= 1.0 && lag >= MUCH_PCT)))
            .then(|| lag / (hours + f64::from(laggard.untold_h())));
        let rate = by_fall.unwrap_or(0.0).max(by_lag.unwrap_or(0.0));
        let amps = rate / 100.0 * look.capacity_ah();
        (amps > 0.0).then(|| volts / amps)
    }
}

/// Excess of resistance that a sound cell may have (**assumed**).
const SOUND_EXCESS: f64 = 0.2;

/// Above this charge of the pack a weak cell is not empty, % (**assumed**: it lacks a fifth of its capacity).
const HALF_FULL_PCT: f64 = 35.0;
/// Below this current a voltage is that of a resting cell, A.
const REST_A: f64 = 1.0;

/// A lag that grows steadily is known with this delay, h: the memory of [`crate::track::battery::features`].
const LEARNT_H: f64 = 3.0;
/// So long a lag must grow until its growth tells a leak, h: the charge goes up and down meanwhile.
const GROWN_H: f64 = 6.0;
/// So much charge lost in less is no error of what was known before, %.
const MUCH_PCT: f64 = 3.0;

/// How much less charge a resting cell has than what is known of it, %; `None` where the voltage does not tell.
fn fallen_pct(look: &Look<'_>, cell: usize) -> Option<f64> {
    let charge = |mv: f32| ocv::charge_at(look.now.chemistry, mv);
    let own = f32::from(*look.now.cells_mv.get(cell)?);
    let lag = charge(median(&look.now.cells_mv)?)? - charge(own)?;
    // What it was ahead by on top of a charge is no loss.
    Some(f64::from(lag - look.features.cells.get(cell).lag_pct().max(0.0)))
}

/// How far a cell is below the median one, mV.
fn below_median(battery: &Battery, cell: usize) -> f64 {
    let median = median(&battery.cells_mv).unwrap_or(0.0);
    battery.cells_mv.get(cell).map_or(0.0, |mv| f64::from(median) - f64::from(*mv))
}

#[cfg(test)]
mod tests {
    use super::super::stage::{Stage, level};
    use super::*;

    /// What the four rules say, of those that claim anything.
    fn claimed(stage: &Stage) -> Option<(Kind, Level)> {
        let kinds = [Kind::ShortMid, Kind::ContactResistance, Kind::ShortEarly, Kind::WeakCell];
        let said = kinds.map(|kind| {
            let (settings, limits) = (CellFaultSettings::default(), OverVoltageSettings::default());
            (kind, stage.ask(&CellFault { kind, settings, limits }))
        });
        let absent = said.iter().filter(|(_, signal)| *signal == Signal::Absent).count();
        let mut present =
            said.iter().filter_map(
                |(kind, signal)| {
                    if let Signal::Present(level) = signal { Some((*kind, *level)) } else { None }
                },
            );
        let found = present.next();
        assert_eq!((present.next(), absent), (None, if found.is_some() { 0 } else { 4 }), "one judgement: {said:?}");
        found
    }

    /// At rest for hours, the third cell losing so much of its charge in an hour, %, on a curve of 9.4 mV/%.
    fn leaking(hours: u32, pct_per_h: f64) -> Stage {
        let mut stage = Stage::of(Chemistry::Nmc);
        stage.go_on(hours * 12, 300, |battery, time| {
            battery.cells_mv[2] = (3751.0 - 9.4 * pct_per_h * time / 12.0) as u16;
        });
        stage
    }

    #[test]
    fn a_sound_pack_has_no_bad_cell() {
        assert_eq!(claimed(&Stage::of(Chemistry::Nmc)), None);
        assert_eq!(claimed(Stage::of(Chemistry::Lfp).ride(200, 0.15)), None);
        assert_eq!(claimed(&leaking(24, 0.01)), None, "what cells differ by");
    }

    #[test]
    fn how_fast_a_cell_loses_charge_tells_the_short() {
        assert_eq!(claimed(&leaking(30, 0.15)).map(|(kind, _)| kind), Some(Kind::ShortEarly), "125 Ω");
        let (kind, level) = claimed(&leaking(4, 4.0)).expect("5 Ω");
        assert!(kind == Kind::ShortMid && level >= Level::Two, "{kind:?} {level:?}");
    }

    #[test]
    fn resistance_alone_is_a_joint_when_it_is_much_and_a_weak_cell_else() {
        assert_eq!(claimed(Stage::of(Chemistry::Lfp).ride(300, 0.5)), Some((Kind::WeakCell, Level::One)));
        assert_eq!(claimed(Stage::of(Chemistry::Lfp).ride(300, 1.1)), Some((Kind::ContactResistance, Level::One)));
        assert_eq!(claimed(Stage::of(Chemistry::Lfp).ride(300, 2.0)), Some((Kind::ContactResistance, Level::Two)));
        assert_eq!(claimed(Stage::of(Chemistry::Lfp).ride(40, 2.0)), None, "too few steps to tell");
    }

    #[test]
    fn a_cell_that_runs_ahead_of_all_others_lacks_capacity() {
        let ahead = |third_pct: f64, eighth_pct: f64, odd: f64| {
            let mut stage = Stage::of(Chemistry::Nmc);
            stage.ride(300, odd).go_on(250, 300, |_, _| {}).go_on(144, 300, |battery, time| {
                let share = time / 144.0;
                battery.cells_mv[2] = (3751.0 + 9.4 * third_pct * share) as u16;
                battery.cells_mv[7] = (3751.0 + 9.4 * eighth_pct * share) as u16;
            });
            stage
        };
        assert_eq!(claimed(&ahead(2.5, 0.0, 0.15)), None, "cells differ");
        assert_eq!(claimed(&ahead(6.0, 5.0, 0.15)), None, "two of them are no weak cell");
        let mut usual = Stage::of(Chemistry::Nmc);
        usual.go_on(600, 300, |battery, _| battery.cells_mv[2] = 3807).ride(300, 0.15);
        assert_eq!(claimed(&usual), None, "it always was");
        assert_eq!(claimed(&ahead(6.0, 0.0, -0.1)), None, "what lacks capacity resists");
        let mut weak = ahead(6.0, 0.0, 0.15);
        assert_eq!(claimed(&weak), Some((Kind::WeakCell, Level::One)));
        // When the pack empties it is the first to be empty. That alone would be a leak.
        weak.ride(300, 0.0).go_on(72, 300, |battery, time| battery.cells_mv[2] = (3807.0 - 1.4 * time) as u16);
        assert!(matches!(claimed(&weak), Some((Kind::WeakCell, _))), "{:?}", claimed(&weak));
    }

    #[test]
    fn a_module_of_lead_that_is_full_first_lacks_capacity() {
        let charged = |odd_mv: u16| {
            let mut stage = Stage::of(Chemistry::Vrla);
            stage.plug().go_on(4, 300, |battery, _| {
                battery.current = crate::base::units::Amps(2.8);
                level(battery, 14_200);
                battery.cells_mv[1] = odd_mv;
            });
            claimed(&stage)
        };
        assert_eq!(charged(15_300), None, "modules differ");
        assert_eq!(charged(15_600), Some((Kind::WeakCell, Level::One)));
        assert_eq!(charged(16_500), Some((Kind::WeakCell, Level::Two)), "overcharged by now");
    }

    #[test]
    fn a_cell_that_is_full_long_before_the_others_has_less_room() {
        let mut stage = Stage::of(Chemistry::Lfp);
        stage.plug().go_on(2, 300, |battery, _| {
            level(battery, 3450);
            battery.cells_mv[5] = 3780;
        });
        assert_eq!(claimed(&stage), Some((Kind::WeakCell, Level::Two)));
    }

    #[test]
    fn a_cell_that_is_empty_among_full_ones_leaks_whatever_it_resists() {
        let ridden = |soc: f64| {
            let mut stage = Stage::of(Chemistry::Nmc);
            stage.ride(300, 0.5);
            stage.go_on(3, 300, |battery, time| {
                battery.soc = crate::base::units::Percent(soc);
                battery.cells_mv[2] = (3700.0 - 150.0 * time) as u16;
            });
            claimed(&stage)
        };
        assert_eq!(ridden(50.0), Some((Kind::ShortMid, Level::Three)));
        assert_eq!(ridden(20.0), Some((Kind::WeakCell, Level::Three)), "the pack is nearly empty");
    }

    #[test]
    fn a_cell_that_has_fallen_far_below_is_to_be_stopped() {
        let mut stage = leaking(4, 4.0);
        stage.go_on(2, 300, |battery, _| battery.cells_mv[2] = 3400);
        assert_eq!(claimed(&stage).map(|(_, level)| level), Some(Level::Three));
    }
}
