//! `battery.sulfation`: lead plates are sulfated or dried out: less capacity, and more resistance than wear explains.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::look::{Look, finding, signal};
use crate::base::span;
use crate::detect::detector::{Detector, Finding, Sight, Signal, fact};
use crate::model::{Chemistry, Kind, Level};

/// When lead-acid counts as sulfated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SulfationSettings {
    /// State of health, %.
    pub soh_pct: f64,
    /// Resistance over the usual one of this pack (**assumed**) ...
    pub growth: f64,
    /// ... or resistance of a module times capacity, Ω·Ah: a new one has 0.4, a worn one 0.6 (**assumed**), ...
    pub ohm_ah: f64,
    /// ... measured above this temperature, °C: cold raises resistance.
    pub warm_c: f64,
    /// How long it must be gone before the alert is cleared.
    #[serde(with = "span::text")]
    pub clear_after: Duration,
}

impl Default for SulfationSettings {
    fn default() -> Self {
        Self { soh_pct: 77.0, growth: 2.3, ohm_ah: 0.75, warm_c: 10.0, clear_after: Duration::from_hours(24) }
    }
}

/// The rule.
#[derive(Debug, Clone)]
pub struct Sulfation(pub SulfationSettings);

impl Detector for Sulfation {
    fn kind(&self) -> Kind {
        Kind::Sulfation
    }

    fn clear_after(&self) -> Duration {
        self.0.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        let Some(look) = Look::at(sight) else { return Signal::Unknown };
        if look.now.chemistry != Chemistry::Vrla {
            return Signal::Absent;
        }
        let soh = look.at_most(|battery| battery.soh.0);
        if soh > self.0.soh_pct + 1.0 {
            return Signal::Absent;
        }
        let warm = look.now.coldest().is_some_and(|celsius| celsius.0 >= self.0.warm_c);
        let growth = look.features.resistance.growth().map_or(1.0, f64::from);
        let product = look.features.resistance.milliohms().map_or(0.0, f64::from) / 1000.0 * look.capacity_ah();
        let resistive = warm && (growth >= self.0.growth || product >= self.0.ohm_ah);
        let present = soh <= self.0.soh_pct && resistive;
        signal(present.then_some(Level::One), false)
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        let Some(look) = Look::again(sight) else { return Finding::default() };
        let (soh, milliohms) = (look.now.soh.0, look.features.resistance.milliohms().map_or(f64::NAN, f64::from));
        finding(
            format!(
                "plates sulfated: {soh:.0} % of the capacity, {milliohms:.0} mΩ a module; charge it fully with pulses, or replace it"
            ),
            format!("铅酸硫化：健康度 {soh:.0} %，每节内阻 {milliohms:.0} mΩ；请做脉冲修复充满或更换"),
            vec![fact("soh_pct", soh), fact("module_mohm", milliohms)],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::stage::{Stage, level};
    use super::*;
    use crate::base::units::{Amps, Celsius, Percent};

    #[test]
    fn worn_lead_that_resists_is_sulfated() {
        let rule = Sulfation(SulfationSettings::default());
        let mut stage = Stage::of(Chemistry::Vrla);
        stage.ride(80, 0.0);
        assert_eq!(stage.ask(&rule), Signal::Absent, "sound");
        // 20 mΩ times 20 Ah is a new module's.
        stage.go_on(2, 60, |battery, _| battery.soh = Percent(60.0));
        assert_eq!(stage.ask(&rule), Signal::Unknown, "worn, but it does not resist");
        let mut stage = Stage::of(Chemistry::Vrla);
        stage.go_on(80, 10, |battery, time| {
            battery.current = Amps(if (time as u32).is_multiple_of(2) { -12.0 } else { 0.0 });
            level(battery, (12_400.0 + battery.current.0 * 45.0) as u16);
            battery.soh = Percent(60.0);
        });
        assert_eq!(stage.ask(&rule), Signal::Present(Level::One));
        stage.go_on(2, 60, |battery, _| battery.probes.iter_mut().for_each(|probe| *probe = Celsius(-5.0)));
        assert_eq!(stage.ask(&rule), Signal::Unknown, "cold lead resists as well");
        assert_eq!(Stage::of(Chemistry::Lfp).ask(&rule), Signal::Absent);
    }
}
