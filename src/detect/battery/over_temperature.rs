//! `battery.over_temperature`: the pack is too hot.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::look::{Look, finding, rising, signal};
use crate::base::span;
use crate::detect::detector::{Detector, Finding, Sight, Signal, fact};
use crate::model::{Battery, Chemistry, Kind};

/// When a pack counts as too hot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OverTemperatureSettings {
    /// Hottest sensor of levels 1, 2, 3, °C: level 3 is one maker's GB/T 32960 threshold, the others are **assumed** (cells are
    /// made for 60 °C).
    pub hottest_c: [f64; 3],
    /// The same of sodium packs, which fast charging may leave at 58 °C (**assumed**).
    pub na_hottest_c: [f64; 3],
    /// How long it must be gone before the alert is cleared.
    #[serde(with = "span::text")]
    pub clear_after: Duration,
}

impl Default for OverTemperatureSettings {
    fn default() -> Self {
        Self { hottest_c: [55.0, 60.0, 70.0], na_hottest_c: [60.0, 64.0, 70.0], clear_after: Duration::from_mins(10) }
    }
}

/// The rule.
#[derive(Debug, Clone)]
pub struct OverTemperature(pub OverTemperatureSettings);

impl Detector for OverTemperature {
    fn kind(&self) -> Kind {
        Kind::OverTemperature
    }

    fn clear_after(&self) -> Duration {
        self.0.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        let Some(look) = Look::at(sight) else { return Signal::Unknown };
        let hottest = look.end_at_least(|ends| ends.hottest_c);
        let steps = if look.now.chemistry == Chemistry::Na { &self.0.na_hottest_c } else { &self.0.hottest_c };
        signal(rising(hottest, steps), hottest < steps[0] - 3.0)
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        let Some(look) = Look::again(sight) else { return Finding::default() };
        let (hottest, amps) = (hottest(look.now), look.now.current.0);
        finding(
            format!("pack at {hottest:.0} °C, {amps:.1} A; let it cool, neither ride nor charge"),
            format!("电池温度 {hottest:.0} °C，电流 {amps:.1} A；请停用并冷却，勿充电"),
            vec![fact("hottest_c", hottest), fact("current_a", amps)],
        )
    }
}

fn hottest(battery: &Battery) -> f64 {
    battery.hottest().map_or(f64::NAN, |celsius| celsius.0)
}

#[cfg(test)]
mod tests {
    use super::super::stage::Stage;
    use super::*;
    use crate::base::units::Celsius;
    use crate::model::Level;

    #[test]
    fn levels_depend_on_the_chemistry_and_one_reading_is_none() {
        let rule = OverTemperature(OverTemperatureSettings::default());
        for (chemistry, celsius, expected) in [
            (Chemistry::Lfp, 50.0, Signal::Absent),
            (Chemistry::Lfp, 54.0, Signal::Unknown),
            (Chemistry::Lfp, 57.0, Signal::Present(Level::One)),
            (Chemistry::Na, 57.5, Signal::Unknown),
            (Chemistry::Na, 65.0, Signal::Present(Level::Two)),
            (Chemistry::Nmc, 71.0, Signal::Present(Level::Three)),
        ] {
            let mut stage = Stage::of(chemistry);
            stage.say(60, |battery| battery.probes[0] = Celsius(celsius));
            assert!(!matches!(stage.ask(&rule), Signal::Present(_)), "one reading of {celsius} °C");
            stage.say(60, |_| {});
            assert_eq!(stage.ask(&rule), expected, "{chemistry:?} at {celsius} °C");
        }
    }
}
