//! `battery.capacity_fade`: the pack has lost much of its capacity: its management says so, or the charge counted between two
//! states of charge has shrunk.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::look::{Look, falling, finding, signal};
use crate::base::span;
use crate::detect::detector::{Detector, Finding, Sight, Signal, fact};
use crate::model::{Kind, Level};

/// When a pack counts as worn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CapacityFadeSettings {
    /// State of health of levels 1, 2, 3, % (80 % ends a car's use, 70 % an e-bike's by GB/T 36972; the others **assumed**).
    pub soh_pct: [f64; 3],
    /// Capacity over the best that was measured, level 1 (**assumed**).
    pub kept: f64,
    /// How long it must be gone before the alert is cleared.
    #[serde(with = "span::text")]
    pub clear_after: Duration,
}

impl Default for CapacityFadeSettings {
    fn default() -> Self {
        Self { soh_pct: [77.0, 40.0, 20.0], kept: 0.7, clear_after: Duration::from_hours(24) }
    }
}

/// The rule.
#[derive(Debug, Clone)]
pub struct CapacityFade(pub CapacityFadeSettings);

impl Detector for CapacityFade {
    fn kind(&self) -> Kind {
        Kind::CapacityFade
    }

    fn clear_after(&self) -> Duration {
        self.0.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        let Some(look) = Look::at(sight) else { return Signal::Unknown };
        let soh = look.at_most(|battery| battery.soh.0);
        let kept = look.features.coulombs.kept().map_or(1.0, f64::from);
        let level = falling(soh, &self.0.soh_pct).or((kept <= self.0.kept).then_some(Level::One));
        signal(level, soh > self.0.soh_pct[0] + 1.0 && kept > self.0.kept + 0.05)
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        let Some(look) = Look::again(sight) else { return Finding::default() };
        let (soh, ah) = (look.now.soh.0, look.features.coulombs.capacity_ah().map_or(f64::NAN, f64::from));
        finding(
            format!("worn: {soh:.0} % of its capacity is left, {ah:.0} Ah counted; plan to replace it"),
            format!("容量衰减：健康度 {soh:.0} %，实测 {ah:.0} Ah；请计划更换"),
            vec![fact("soh_pct", soh), fact("capacity_ah", ah)],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::stage::Stage;
    use super::*;
    use crate::base::units::Percent;
    use crate::model::Chemistry;

    #[test]
    fn what_is_left_tells_the_level() {
        let rule = CapacityFade(CapacityFadeSettings::default());
        for (soh, expected) in [
            (90.0, Signal::Absent),
            (77.5, Signal::Unknown),
            (70.0, Signal::Present(Level::One)),
            (35.0, Signal::Present(Level::Two)),
        ] {
            let mut stage = Stage::of(Chemistry::Lfp);
            stage.say(60, |battery| battery.soh = Percent(soh));
            assert_ne!(stage.ask(&rule), Signal::Present(Level::One), "one reading of {soh} %");
            stage.say(60, |_| {});
            assert_eq!(stage.ask(&rule), expected, "{soh} %");
        }
    }
}
