//! `battery.wrong_charger`: a charger of another pack feeds it: its voltage goes beyond the profile of the chemistry while the
//! current has not fallen, as it does when the right charger reaches its own.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::look::{ByChemistry, Look, finding, signal};
use super::over_voltage::OverVoltageSettings;
use crate::base::span;
use crate::detect::detector::{Detector, Finding, Sight, Signal, fact};
use crate::model::{Battery, Chemistry, Kind, Level, Mode};
use crate::track::battery::sampling::median;

/// When a charger counts as the wrong one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WrongChargerSettings {
    /// Voltage that the right charger holds, V a cell.
    pub profile_v: ByChemistry<f64>,
    /// Mean cell over it (**assumed**: chargers are made to 1 %).
    pub over: f64,
    /// What chargers for lead add below 25 °C, V/K a module (3.3 mV/K a cell).
    pub lead_v_per_k: f64,
    /// Current at the profile over the strongest, below which the charger had ended as it should (**assumed**).
    pub tapered: f64,
    /// How long it must be gone before the alert is cleared.
    #[serde(with = "span::text")]
    pub clear_after: Duration,
}

impl Default for WrongChargerSettings {
    fn default() -> Self {
        Self {
            profile_v: ByChemistry { lfp: 3.65, nmc: 4.2, na: 3.95, vrla: 14.7 },
            over: 1.025,
            lead_v_per_k: 0.02,
            tapered: 0.6,
            clear_after: Duration::from_mins(30),
        }
    }
}

/// The rule, with the limits of cells.
#[derive(Debug, Clone)]
pub struct WrongCharger(pub WrongChargerSettings, pub OverVoltageSettings);

impl WrongCharger {
    fn limit_volts(&self, look: &Look<'_>) -> f64 {
        let held = self.0.profile_v.of(look.now.chemistry);
        let cold = match look.now.chemistry {
            Chemistry::Vrla => look.now.coldest().map_or(0.0, |celsius| (25.0 - celsius.0).max(0.0)),
            Chemistry::Lfp | Chemistry::Nmc | Chemistry::Na => 0.0,
        };
        held * self.0.over + cold * self.0.lead_v_per_k
    }
}

impl Detector for WrongCharger {
    fn kind(&self) -> Kind {
        Kind::WrongCharger
    }

    fn clear_after(&self) -> Duration {
        self.0.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        let Some(look) = Look::at(sight) else { return Signal::Unknown };
        if look.mode != Mode::Charging {
            return Signal::Absent;
        }
        let volts = look.at_least(usual_volts);
        let limit = self.limit_volts(look);
        let charge = look.features.charge;
        let tapered = charge
            .lowest()
            .is_some_and(|(lowest, _)| f64::from(lowest) < self.0.tapered * f64::from(charge.strongest_a()));
        let present = volts >= limit && !tapered && !self.1.is_worn(look) && !look.has_bad_cell();
        // As bad as what it does to the cells.
        let level = self.1.level(look).unwrap_or(Level::One);
        signal(present.then_some(level), volts < limit * 0.99)
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        let Some(look) = Look::again(sight) else { return Finding::default() };
        let (volts, limit) = (usual_volts(look.now), self.limit_volts(look));
        let (amps, usual) = (look.now.current.0, f64::from(look.features.charge.usual_a().unwrap_or(f32::NAN)));
        finding(
            format!(
                "wrong charger: {volts:.2} V a cell, the limit is {limit:.2} V, {amps:.1} A (usually {usual:.1} A); unplug it"
            ),
            format!(
                "充电器不匹配：单体平均 {volts:.2} V，上限 {limit:.2} V，电流 {amps:.1} A（平时 {usual:.1} A）；请拔掉"
            ),
            vec![fact("mean_cell_v", volts), fact("limit_v", limit), fact("current_a", amps)],
        )
    }
}

/// The mean cell, or the median one where that is lower: one odd cell moves the mean.
fn usual_volts(battery: &Battery) -> f64 {
    let median = median(&battery.cells_mv).map_or(f64::INFINITY, |mv| f64::from(mv) / 1000.0);
    Look::mean_volts(battery).min(median)
}

#[cfg(test)]
mod tests {
    use super::super::stage::{Stage, level};
    use super::*;
    use crate::base::units::{Amps, Percent};

    fn rule() -> WrongCharger {
        WrongCharger(WrongChargerSettings::default(), OverVoltageSettings::default())
    }

    #[test]
    fn a_voltage_beyond_the_profile_without_a_taper_is_anothers_charger() {
        let mut stage = Stage::of(Chemistry::Lfp);
        stage.plug().go_on(8, 300, |battery, time| {
            battery.current = Amps(6.0);
            level(battery, (3500.0 + 35.0 * time) as u16);
        });
        assert_eq!(stage.ask(&rule()), Signal::Present(Level::One));
        stage.say(60, |_| {});
        stage.go_on(4, 60, |battery, _| level(battery, 3900));
        assert_eq!(stage.ask(&rule()), Signal::Present(Level::Three), "as bad as what it does to the cells");
        let mut tapers = Stage::of(Chemistry::Lfp);
        tapers.plug().go_on(2, 300, |battery, _| (battery.current = Amps(6.0), level(battery, 3500)).1);
        tapers.go_on(10, 300, |battery, time| {
            battery.current = Amps(6.0 - 0.5 * time);
            level(battery, 3650);
        });
        assert_eq!(tapers.ask(&rule()), Signal::Absent, "the right one holds its voltage");
        tapers.go_on(2, 300, |battery, _| level(battery, 3780));
        assert_eq!(tapers.ask(&rule()), Signal::Unknown, "the right one that does not end is overcharging");
        assert_eq!(Stage::of(Chemistry::Lfp).ask(&rule()), Signal::Absent, "not on a charger");
    }

    #[test]
    fn one_odd_module_and_worn_plates_are_not_the_chargers_fault() {
        let charged = |soh: f64, odd: u16| {
            let mut stage = Stage::of(Chemistry::Vrla);
            stage.plug().go_on(4, 300, |battery, _| {
                (battery.current, battery.soh) = (Amps(2.8), Percent(soh));
                level(battery, if odd > 0 { 14_300 } else { 15_600 });
                if odd > 0 {
                    battery.cells_mv[0] = odd;
                }
            });
            stage.ask(&rule())
        };
        assert_eq!(charged(95.0, 0), Signal::Present(Level::One));
        assert_eq!(charged(55.0, 0), Signal::Unknown);
        assert_eq!(charged(95.0, 18_000), Signal::Absent);
    }
}
