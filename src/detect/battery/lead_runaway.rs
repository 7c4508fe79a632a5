//! `battery.lead_runaway`: lead-acid runs away on its charger: at constant voltage its current should fall; here it rises again,
//! and the pack grows warmer with it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::look::{Look, finding, rising, signal};
use super::over_voltage::OverVoltageSettings;
use crate::base::span;
use crate::detect::detector::{Detector, Finding, Sight, Signal, fact};
use crate::model::{Battery, Chemistry, Kind, Level, Mode};

/// When lead-acid counts as running away.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LeadRunawaySettings {
    /// Rise of temperature since the current was lowest, levels 1, 2, 3, K (**assumed**).
    pub rise_k: [f64; 3],
    /// Current over the lowest one (**assumed**).
    pub growth: f64,
    /// Current that a full pack does not take, A.
    pub least_a: f64,
    /// Level 3 as well from this temperature, °C (**assumed**).
    pub hot_c: f64,
    /// How long it must be gone before the alert is cleared.
    #[serde(with = "span::text")]
    pub clear_after: Duration,
}

impl Default for LeadRunawaySettings {
    fn default() -> Self {
        Self { rise_k: [3.0, 6.0, 12.0], growth: 1.2, least_a: 0.3, hot_c: 50.0, clear_after: Duration::from_mins(30) }
    }
}

/// The rule, with the limits of cells.
#[derive(Debug, Clone)]
pub struct LeadRunaway(pub LeadRunawaySettings, pub OverVoltageSettings);

impl Detector for LeadRunaway {
    fn kind(&self) -> Kind {
        Kind::LeadRunaway
    }

    fn clear_after(&self) -> Duration {
        self.0.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        let Some(look) = Look::at(sight) else { return Signal::Unknown };
        if look.now.chemistry != Chemistry::Vrla || look.mode != Mode::Charging {
            return Signal::Absent;
        }
        let Some((lowest, at)) = look.features.charge.lowest() else { return Signal::Unknown };
        let amps = look.at_least(|battery| battery.current.0);
        if self.1.is_charger(look) {
            // No constant voltage: the charger overdoes it, and that heats as well.
            return Signal::Unknown;
        }
        let rises = amps >= f64::from(lowest) * self.0.growth + self.0.least_a;
        let celsius = look.at_least(mean_celsius);
        let level = rising(celsius - f64::from(at), &self.0.rise_k);
        let level = if celsius >= self.0.hot_c { level.map(|_| Level::Three) } else { level };
        signal(level.filter(|_| rises), !rises)
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        let Some(look) = Look::again(sight) else { return Finding::default() };
        let (lowest, at) = look.features.charge.lowest().unwrap_or_default();
        let (amps, celsius) = (look.now.current.0, mean_celsius(look.now));
        finding(
            format!(
                "on its charger the current rises again, {lowest:.1} to {amps:.1} A, and it warms, {at:.0} to {celsius:.0} °C; unplug it"
            ),
            format!(
                "充电末期电流回升（{lowest:.1} → {amps:.1} A）且温度上升（{at:.0} → {celsius:.0} °C），铅酸热失控；请立即拔掉"
            ),
            vec![
                fact("current_a", amps),
                fact("lowest_a", lowest.into()),
                fact("temperature_c", celsius),
                fact("before_c", at.into()),
            ],
        )
    }
}

fn mean_celsius(battery: &Battery) -> f64 {
    let sum: f64 = battery.probes.iter().map(|celsius| celsius.0).sum();
    sum / battery.probes.len() as f64
}

#[cfg(test)]
mod tests {
    use super::super::stage::{Stage, level};
    use super::*;
    use crate::base::units::{Amps, Celsius};

    /// At constant voltage for an hour, its current falling; then the current and the temperature change by so much.
    fn held(amps: f64, kelvin: f64) -> Stage {
        let mut stage = Stage::of(Chemistry::Vrla);
        stage.plug().go_on(12, 300, |battery, time| {
            level(battery, 14_600);
            battery.current = Amps(2.5 - 0.18 * time);
        });
        stage.go_on(6, 300, |battery, time| {
            battery.current.0 += amps / 6.0;
            battery.probes.iter_mut().for_each(|probe| *probe = Celsius(24.0 + kelvin * time / 6.0));
        });
        stage
    }

    #[test]
    fn current_and_temperature_that_rise_together_are_a_runaway() {
        let rule = LeadRunaway(LeadRunawaySettings::default(), OverVoltageSettings::default());
        assert_eq!(held(1.5, 8.0).ask(&rule), Signal::Present(Level::Two));
        assert_eq!(held(1.5, 30.0).ask(&rule), Signal::Present(Level::Three));
        assert_eq!(held(1.5, 0.0).ask(&rule), Signal::Unknown, "more current alone");
        assert_eq!(held(-0.2, 8.0).ask(&rule), Signal::Absent, "a hot day");
        assert_eq!(Stage::of(Chemistry::Lfp).ask(&rule), Signal::Absent);
    }
}
