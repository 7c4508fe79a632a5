//! `battery.over_voltage`: a cell is charged beyond its limit, whatever charges it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::look::{ByChemistry, Ends, Look, finding, rising, signal};
use crate::base::span;
use crate::detect::detector::{Detector, Finding, Sight, Signal, fact};
use crate::model::{Battery, Chemistry, Kind, Level, Mode};
use crate::track::battery::reading::measured;
use crate::track::battery::sampling::median;

/// When a cell counts as overcharged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OverVoltageSettings {
    /// Highest cell of levels 1, 2, 3, V: NMC level 3 is one maker's GB/T 32960 threshold, the others are **assumed** from data
    /// sheets. A cell whose sensor lies is not asked.
    pub cell_v: ByChemistry<[f64; 3]>,
    /// Mean cell from which it is the charger and not one odd cell, V: a hundredth over the profile (**assumed**); more of
    /// lead, which is charged with pulses.
    pub mean_v: ByChemistry<f64>,
    /// So far above the median module on a charger, mV, one of lead is full before the others: of 100 sound packs none was by
    /// 1140 in half a month, and one that lacks a tenth of its charge is (tuned on the seeds 1 to 19).
    pub first_mv: f64,
    /// State of health of lead below which its voltage says nothing of its charger, %.
    pub worn_soh_pct: f64,
    /// How long it must be gone before the alert is cleared.
    #[serde(with = "span::text")]
    pub clear_after: Duration,
}

impl Default for OverVoltageSettings {
    fn default() -> Self {
        Self {
            cell_v: ByChemistry {
                lfp: [3.7, 3.75, 3.85],
                nmc: [4.25, 4.28, 4.35],
                na: [4.0, 4.05, 4.15],
                vrla: [15.8, 16.4, 17.0],
            },
            mean_v: ByChemistry { lfp: 3.69, nmc: 4.24, na: 3.99, vrla: 15.1 },
            first_mv: 1300.0,
            worn_soh_pct: 77.0,
            clear_after: Duration::from_mins(10),
        }
    }
}

/// The rule.
#[derive(Debug, Clone)]
pub struct OverVoltage(pub OverVoltageSettings);

impl Detector for OverVoltage {
    fn kind(&self) -> Kind {
        Kind::OverVoltage
    }

    fn clear_after(&self) -> Duration {
        self.0.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        let Some(look) = Look::at(sight) else { return Signal::Unknown };
        if look.has_bad_cell() {
            // The charger fills the others too far for want of that cell: its rule speaks.
            return Signal::Unknown;
        }
        let steps = self.0.cell_v.of(look.now.chemistry);
        let volts = highest_volts(look);
        signal(rising(volts, steps).filter(|_| self.0.is_charger(look)), volts < steps[0] * 0.99)
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        let Some(look) = Look::again(sight) else { return Finding::default() };
        let volts = highest_volts(look);
        let (mean, amps) = (Look::mean_volts(look.now), look.now.current.0);
        finding(
            format!("a cell is overcharged: {volts:.2} V, mean {mean:.2} V, {amps:.1} A; unplug the charger"),
            format!("单体过充：{volts:.2} V，平均 {mean:.2} V，电流 {amps:.1} A；请拔掉充电器"),
            vec![fact("highest_cell_v", volts), fact("mean_cell_v", mean), fact("current_a", amps)],
        )
    }
}

impl OverVoltageSettings {
    /// Whether it is lead whose sulfated plates resist: its voltage rises on any charger.
    pub(super) fn is_worn(&self, look: &Look<'_>) -> bool {
        look.now.chemistry == Chemistry::Vrla && look.now.soh.0 <= self.worn_soh_pct
    }

    /// Whether the whole pack is charged too far.
    pub(super) fn is_charger(&self, look: &Look<'_>) -> bool {
        !self.is_worn(look) && look.at_least(Look::mean_volts) >= *self.mean_v.of(look.now.chemistry)
    }

    /// The level that the highest cell reaches.
    pub(super) fn level(&self, look: &Look<'_>) -> Option<Level> {
        rising(highest_volts(look), self.cell_v.of(look.now.chemistry))
    }

    /// One cell that is full long before the others, from level 2 on: cells differ by as much as level 1.
    pub(super) fn overfilled(&self, look: &Look<'_>) -> Option<(usize, Level)> {
        let level =
            self.level(look).filter(|level| *level >= Level::Two && !self.is_charger(look) && !self.is_worn(look))?;
        let lying = look.features.cells.lying_cell();
        let cells = look.now.cells_mv.iter().enumerate();
        let cells = cells.filter(|(index, mv)| measured(**mv) && Some(*index) != lying);
        cells.max_by_key(|(_, mv)| **mv).map(|(cell, _)| (cell, level))
    }

    /// A module of lead that is full before the others: on a charger it is so far above the median one, in two readings. The
    /// charge that is left for the others then overfills it, a little more every time.
    pub(super) fn fills_first(&self, look: &Look<'_>) -> Option<(usize, Level)> {
        let charged = look.now.chemistry == Chemistry::Vrla && look.mode == Mode::Charging;
        if !charged || self.is_charger(look) || self.is_worn(look) {
            return None;
        }
        let lying = look.features.cells.lying_cell();
        let above_mv = |battery: &Battery, cell: usize| {
            let median = median(&battery.cells_mv).unwrap_or(f32::INFINITY);
            battery.cells_mv.get(cell).map_or(0.0, |mv| f64::from(*mv) - f64::from(median))
        };
        let cells = look.now.cells_mv.iter().enumerate();
        let cells = cells.filter(|(index, mv)| measured(**mv) && Some(*index) != lying);
        let (cell, _) = cells.max_by_key(|(_, mv)| **mv)?;
        (look.at_least(|battery| above_mv(battery, cell)) >= self.first_mv).then_some((cell, Level::One))
    }
}

/// The highest cell of both readings, V.
pub(super) fn highest_volts(look: &Look<'_>) -> f64 {
    let Some(lying) = look.features.cells.lying_cell() else { return look.end_at_least(Ends::highest_volts) };
    look.at_least(|battery| {
        let cells = battery.cells_mv.iter().enumerate().filter(|(index, mv)| measured(**mv) && *index != lying);
        cells.map(|(_, mv)| *mv).max().map_or(f64::NAN, |mv| f64::from(mv) / 1000.0)
    })
}

#[cfg(test)]
mod tests {
    use super::super::stage::{Stage, level};
    use super::*;
    use crate::base::units::Percent;

    #[test]
    fn a_pack_that_is_overcharged_is_told_and_one_odd_cell_is_not() {
        let rule = OverVoltage(OverVoltageSettings::default());
        for (chemistry, mv, expected) in [
            (Chemistry::Nmc, 4190, Signal::Absent),
            (Chemistry::Nmc, 4245, Signal::Unknown),
            (Chemistry::Nmc, 4260, Signal::Present(Level::One)),
            (Chemistry::Lfp, 3900, Signal::Present(Level::Three)),
            (Chemistry::Vrla, 16_000, Signal::Present(Level::One)),
        ] {
            let mut stage = Stage::of(chemistry);
            stage.plug().go_on(2, 300, |battery, _| level(battery, mv));
            assert_eq!(stage.ask(&rule), expected, "{chemistry:?} at {mv} mV");
        }
        let mut stage = Stage::of(Chemistry::Nmc);
        stage.plug().go_on(2, 300, |battery, _| {
            level(battery, 4150);
            battery.cells_mv[2] = 4400;
        });
        assert_eq!(stage.ask(&rule), Signal::Unknown, "the charger is right");
        let mut stage = Stage::of(Chemistry::Vrla);
        stage.plug().go_on(2, 300, |battery, _| {
            battery.soh = Percent(55.0);
            level(battery, 16_500);
        });
        assert_eq!(stage.ask(&rule), Signal::Unknown, "sulfated plates resist");
    }
}
