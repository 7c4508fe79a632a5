//! `battery.temperature_spread`: one place in the pack is much hotter than the others.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::look::{Look, finding, rising, signal};
use crate::base::span;
use crate::detect::detector::{Detector, Finding, Sight, Signal, fact};
use crate::model::{Battery, Kind};

/// When a pack counts as unevenly hot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TemperatureSpreadSettings {
    /// Hottest less coldest sensor of levels 1, 2, 3, K: level 3 is one maker's GB/T 32960 threshold, the others are
    /// **assumed**.
    pub spread_k: [f64; 3],
    /// How long it must be gone before the alert is cleared.
    #[serde(with = "span::text")]
    pub clear_after: Duration,
}

impl Default for TemperatureSpreadSettings {
    fn default() -> Self {
        Self { spread_k: [9.0, 14.0, 20.0], clear_after: Duration::from_mins(10) }
    }
}

/// The rule.
#[derive(Debug, Clone)]
pub struct TemperatureSpread(pub TemperatureSpreadSettings);

impl Detector for TemperatureSpread {
    fn kind(&self) -> Kind {
        Kind::TemperatureSpread
    }

    fn clear_after(&self) -> Duration {
        self.0.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        let Some(look) = Look::at(sight) else { return Signal::Unknown };
        let spread = look.end_at_least(|ends| ends.hottest_c - ends.coldest_c);
        signal(rising(spread, &self.0.spread_k), spread < self.0.spread_k[0] - 2.0)
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        let Some(look) = Look::again(sight) else { return Finding::default() };
        let spread = spread(look.now);
        let probe = look.now.probes.iter().enumerate().max_by(|(_, a), (_, b)| a.0.total_cmp(&b.0));
        let (number, hottest) = probe.map_or((0, f64::NAN), |(index, celsius)| (index + 1, celsius.0));
        finding(
            format!(
                "one place is hot: sensor no. {number} at {hottest:.0} °C, {spread:.0} K above the coldest; have it checked"
            ),
            format!("局部过热：{number} 号温度传感器 {hottest:.0} °C，比最低处高 {spread:.0} K；请送检"),
            vec![fact("spread_k", spread), fact("hottest_c", hottest), fact("sensor_no", number as f64)],
        )
    }
}

fn spread(battery: &Battery) -> f64 {
    let ends = battery.hottest().zip(battery.coldest());
    ends.map_or(f64::NAN, |(hottest, coldest)| hottest.0 - coldest.0)
}

#[cfg(test)]
mod tests {
    use super::super::stage::Stage;
    use super::*;
    use crate::base::units::Celsius;
    use crate::model::{Chemistry, Level};

    #[test]
    fn a_hot_place_is_told_by_its_level() {
        let rule = TemperatureSpread(TemperatureSpreadSettings::default());
        for (celsius, expected) in [
            (30.0, Signal::Absent),
            (32.0, Signal::Unknown),
            (34.0, Signal::Present(Level::One)),
            (40.0, Signal::Present(Level::Two)),
            (45.0, Signal::Present(Level::Three)),
        ] {
            let mut stage = Stage::of(Chemistry::Lfp);
            stage.say(60, |battery| battery.probes[1] = Celsius(celsius));
            assert!(!matches!(stage.ask(&rule), Signal::Present(_)), "one reading of {celsius} °C");
            stage.say(60, |_| {});
            assert_eq!(stage.ask(&rule), expected, "{celsius} °C beside 24 °C");
        }
    }
}
