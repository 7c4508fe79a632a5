//! `battery.under_voltage`: the cells are emptied beyond their limit. One cell alone is a cell's fault and another rule's.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::look::{ByChemistry, Look, falling, finding, signal};
use crate::base::span;
use crate::detect::detector::{Detector, Finding, Sight, Signal, fact};
use crate::model::{Battery, Kind};
use crate::track::battery::reading::measured;

/// When cells count as emptied too far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UnderVoltageSettings {
    /// Lowest cell of levels 1, 2, 3, V: level 3 of NMC and LFP is one maker's GB/T 32960 threshold, the others are
    /// **assumed**, below the usual cut-off under load.
    pub cell_v: ByChemistry<[f64; 3]>,
    /// How long it must be gone before the alert is cleared.
    #[serde(with = "span::text")]
    pub clear_after: Duration,
}

impl Default for UnderVoltageSettings {
    fn default() -> Self {
        Self {
            cell_v: ByChemistry {
                lfp: [2.3, 2.1, 1.9],
                nmc: [2.75, 2.5, 1.9],
                na: [1.75, 1.4, 1.2],
                vrla: [10.0, 9.5, 9.0],
            },
            clear_after: Duration::from_mins(10),
        }
    }
}

/// The rule.
#[derive(Debug, Clone)]
pub struct UnderVoltage(pub UnderVoltageSettings);

impl Detector for UnderVoltage {
    fn kind(&self) -> Kind {
        Kind::UnderVoltage
    }

    fn clear_after(&self) -> Duration {
        self.0.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        let Some(look) = Look::at(sight) else { return Signal::Unknown };
        let steps = self.0.cell_v.of(look.now.chemistry);
        let volts = lowest_volts(look);
        signal(falling(volts, steps), volts > steps[0] * 1.02)
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        let Some(look) = Look::again(sight) else { return Finding::default() };
        let volts = lowest_volts(look);
        let (amps, soc) = (look.now.current.0, look.now.soc.0);
        finding(
            format!(
                "emptied too far: lowest cell {volts:.2} V at {amps:.1} A, charge {soc:.0} %; switch off and charge"
            ),
            format!("过放：最低单体 {volts:.2} V，电流 {amps:.1} A，电量 {soc:.0} %；请关机并充电"),
            vec![fact("lowest_cell_v", volts), fact("current_a", amps), fact("soc_pct", soc)],
        )
    }
}

/// The lowest cell of both readings that no other rule speaks for, V, without what the current makes it sag: a worn pack
/// that is asked too much is not empty.
fn lowest_volts(look: &Look<'_>) -> f64 {
    let features = look.features;
    let bad = [
        features.cells.lying_cell(),
        features.cells.laggard.cell(),
        features.cells.fallen.cell().map(|(cell, ..)| cell),
    ];
    let ohms = f64::from(features.resistance.milliohms().unwrap_or(0.0)) / 1000.0;
    let sag = |battery: &Battery| (-battery.current.0).max(0.0) * ohms;
    if bad == [None; 3] {
        return look.both_at_most(|battery, ends| ends.lowest_volts() + sag(battery));
    }
    look.at_most(|battery| {
        let cells = battery.cells_mv.iter().enumerate();
        let cells = cells.filter(|(index, mv)| measured(**mv) && !bad.contains(&Some(*index)));
        cells.map(|(_, mv)| *mv).min().map_or(f64::NAN, |mv| f64::from(mv) / 1000.0 + sag(battery))
    })
}

#[cfg(test)]
mod tests {
    use super::super::stage::{Stage, level};
    use super::*;
    use crate::base::units::Amps;
    use crate::model::{Chemistry, Level};

    #[test]
    fn empty_cells_are_told_by_what_is_left_without_the_current() {
        let rule = UnderVoltage(UnderVoltageSettings::default());
        for (chemistry, mv, expected) in [
            (Chemistry::Nmc, 3000, Signal::Absent),
            (Chemistry::Nmc, 2780, Signal::Unknown),
            (Chemistry::Nmc, 2700, Signal::Present(Level::One)),
            (Chemistry::Lfp, 2000, Signal::Present(Level::Two)),
            (Chemistry::Vrla, 8900, Signal::Present(Level::Three)),
        ] {
            let mut stage = Stage::of(chemistry);
            stage.say(60, |battery| level(battery, mv));
            assert!(!matches!(stage.ask(&rule), Signal::Present(_)), "one reading of {mv} mV");
            stage.say(60, |_| {});
            assert_eq!(stage.ask(&rule), expected, "{chemistry:?} at {mv} mV");
        }
        // 5 mΩ are known of its cells: 60 A make them sag by 0.3 V.
        let mut stage = Stage::of(Chemistry::Nmc);
        stage.ride(80, 0.0).go_on(2, 200, |battery, _| {
            battery.current = Amps(-60.0);
            level(battery, 2700);
        });
        assert_eq!(stage.ask(&rule), Signal::Absent, "it sags");
    }
}
