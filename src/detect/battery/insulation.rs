//! `battery.insulation`: the insulation between pack and frame decays.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::look::{Look, falling, finding, signal};
use crate::base::span;
use crate::detect::detector::{Detector, Finding, Sight, Signal, fact};
use crate::model::{Kind, Level};

/// When insulation counts as bad.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InsulationSettings {
    /// Insulation of levels 1, 2, 3, kΩ: level 3 is one maker's GB/T 32960 threshold, the others are **assumed**.
    pub kohm: [f64; 3],
    /// Level 1 as well below this share of what this pack usually has (**assumed**) ...
    pub share: f64,
    /// ... if that is less than this, kΩ: far above it, meters are coarse.
    pub below_kohm: f64,
    /// How long it must be gone before the alert is cleared.
    #[serde(with = "span::text")]
    pub clear_after: Duration,
}

impl Default for InsulationSettings {
    fn default() -> Self {
        Self { kohm: [500.0, 350.0, 250.0], share: 0.5, below_kohm: 1000.0, clear_after: Duration::from_mins(30) }
    }
}

/// The rule.
#[derive(Debug, Clone)]
pub struct Insulation(pub InsulationSettings);

impl Detector for Insulation {
    fn kind(&self) -> Kind {
        Kind::Insulation
    }

    fn clear_after(&self) -> Duration {
        self.0.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        let Some(look) = Look::at(sight) else { return Signal::Unknown };
        let left = look.at_most(|battery| battery.insulation.0);
        let usual = f64::from(look.features.usual_insulation_kohm());
        let fell = left <= self.0.share * usual && left <= self.0.below_kohm;
        let level = falling(left, &self.0.kohm).or(fell.then_some(Level::One));
        signal(level, left > 1.2 * self.0.kohm[0] && left > 0.7 * usual)
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        let Some(look) = Look::again(sight) else { return Finding::default() };
        let (left, usual) = (look.now.insulation.0, f64::from(look.features.usual_insulation_kohm()));
        finding(
            format!(
                "insulation {left:.0} kΩ, usually {usual:.0} kΩ; keep it dry and have it checked, do not touch the pack"
            ),
            format!("绝缘电阻 {left:.0} kΩ，平时 {usual:.0} kΩ；请保持干燥并送检，勿触摸电池"),
            vec![fact("insulation_kohm", left), fact("usual_kohm", usual)],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::stage::Stage;
    use super::*;
    use crate::base::units::Kiloohms;
    use crate::model::Chemistry;

    #[test]
    fn levels_and_a_sudden_fall() {
        let rule = Insulation(InsulationSettings::default());
        for (kohm, expected) in [
            (1400.0, Signal::Absent),
            (740.0, Signal::Present(Level::One)),
            (480.0, Signal::Present(Level::One)),
            (300.0, Signal::Present(Level::Two)),
            (10.0, Signal::Present(Level::Three)),
        ] {
            let mut stage = Stage::of(Chemistry::Lfp);
            stage.say(60, |battery| battery.insulation = Kiloohms(kohm));
            assert!(!matches!(stage.ask(&rule), Signal::Present(_)), "one reading of {kohm} kΩ");
            stage.say(60, |_| {});
            assert_eq!(stage.ask(&rule), expected, "{kohm} kΩ");
        }
        let mut stage = Stage::of(Chemistry::Lfp);
        stage.go_on(2, 60, |battery, _| battery.insulation = Kiloohms(900.0));
        assert_eq!(stage.ask(&rule), Signal::Unknown, "less than usual, but more than half of it");
    }
}
