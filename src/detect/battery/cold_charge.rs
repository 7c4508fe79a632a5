//! `battery.cold_charge`: charged below 0 °C, where lithium plates on the anode. Braking is not meant, it is short.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::look::{Look, falling, finding, signal};
use crate::base::span;
use crate::detect::detector::{Detector, Finding, Sight, Signal, fact};
use crate::model::{Chemistry, Kind, Mode};

/// When charging counts as too cold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ColdChargeSettings {
    /// Warmest sensor of levels 1, 2, 3, °C (0 °C is in every data sheet; the others are **assumed**).
    pub warmest_c: [f64; 3],
    /// Current, of the capacity in an hour (data sheets allow up to a tenth).
    pub c_rate: f64,
    /// How long it must be gone before the alert is cleared.
    #[serde(with = "span::text")]
    pub clear_after: Duration,
}

impl Default for ColdChargeSettings {
    fn default() -> Self {
        Self { warmest_c: [0.0, -5.0, -20.0], c_rate: 0.1, clear_after: Duration::from_mins(10) }
    }
}

/// The rule.
#[derive(Debug, Clone)]
pub struct ColdCharge(pub ColdChargeSettings);

impl Detector for ColdCharge {
    fn kind(&self) -> Kind {
        Kind::ColdCharge
    }

    fn clear_after(&self) -> Duration {
        self.0.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        let Some(look) = Look::at(sight) else { return Signal::Unknown };
        let plates = match look.now.chemistry {
            Chemistry::Lfp | Chemistry::Nmc => true,
            Chemistry::Na | Chemistry::Vrla => false,
        };
        let amps = look.at_least(|battery| battery.current.0);
        let warmest = look.end_at_most(|ends| ends.hottest_c);
        let charged = look.mode == Mode::Charging && amps > (self.0.c_rate * look.capacity_ah()).max(0.5);
        let level = falling(warmest, &self.0.warmest_c).filter(|_| plates && charged);
        signal(level, !plates || amps < 0.3 || warmest > self.0.warmest_c[0] + 2.0)
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        let Some(look) = Look::again(sight) else { return Finding::default() };
        let warmest = look.now.hottest().map_or(f64::NAN, |celsius| celsius.0);
        let amps = look.now.current.0;
        finding(
            format!(
                "charged with {amps:.1} A at {warmest:.0} °C: lithium plates; unplug it and charge in a warm place"
            ),
            format!("{warmest:.0} °C 低温充电，电流 {amps:.1} A，有析锂风险；请拔掉，到温暖处充电"),
            vec![fact("warmest_c", warmest), fact("current_a", amps)],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::stage::Stage;
    use super::*;
    use crate::base::units::{Amps, Celsius};
    use crate::model::Level;

    #[test]
    fn lithium_charged_in_the_frost_plates() {
        let rule = ColdCharge(ColdChargeSettings::default());
        for (chemistry, celsius, amps, expected) in [
            (Chemistry::Lfp, -8.0, 3.0, Signal::Present(Level::Two)),
            (Chemistry::Nmc, -2.0, 3.0, Signal::Present(Level::One)),
            (Chemistry::Lfp, -8.0, 1.0, Signal::Unknown),
            (Chemistry::Lfp, -8.0, 0.0, Signal::Absent),
            (Chemistry::Lfp, 12.0, 3.0, Signal::Absent),
            (Chemistry::Na, -8.0, 3.0, Signal::Absent),
        ] {
            let mut stage = Stage::of(chemistry);
            stage.plug().go_on(2, 60, |battery, _| {
                battery.current = Amps(amps);
                battery.probes.iter_mut().for_each(|probe| *probe = Celsius(celsius));
            });
            assert_eq!(stage.ask(&rule), expected, "{chemistry:?}, {celsius} °C, {amps} A");
        }
    }
}
