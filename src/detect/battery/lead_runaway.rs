//! `battery.lead_runaway`: lead-acid runs away on its charger: at constant voltage its current should fall; here it rises again,
//! and the pack grows warmer with it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::look::{Look, finding, rising, signal};
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

/// The rule.
#[derive(Debug, Clone)]
pub struct LeadRunaway(pub LeadRunawaySettings);

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
