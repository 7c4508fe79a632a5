//! `battery.self_discharge`: the whole pack empties itself: at rest it loses more in a day than its tracker draws.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::look::{Look, finding, rising, signal};
use crate::base::span;
use crate::detect::detector::{Detector, Finding, Sight, Signal, fact};
use crate::model::Kind;

/// When a pack counts as emptying itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SelfDischargeSettings {
    /// Loss in a day of levels 1, 2, 3, % (**assumed**: a tracker of 0.6 W draws up to 2 %, healthy cells lose 0.1 %).
    pub daily_pct: [f64; 3],
    /// Least loss in one rest, %.
    pub lost_pct: f64,
    /// How long it must be gone before the alert is cleared.
    #[serde(with = "span::text")]
    pub clear_after: Duration,
}

impl Default for SelfDischargeSettings {
    fn default() -> Self {
        Self { daily_pct: [2.8, 12.0, 40.0], lost_pct: 1.0, clear_after: Duration::from_hours(24) }
    }
}

/// The rule.
#[derive(Debug, Clone)]
pub struct SelfDischarge(pub SelfDischargeSettings);

impl Detector for SelfDischarge {
    fn kind(&self) -> Kind {
        Kind::SelfDischarge
    }

    fn clear_after(&self) -> Duration {
        self.0.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        let Some(look) = Look::at(sight) else { return Signal::Unknown };
        let rest = look.features.rest;
        // The tracker draws a larger share of what is left in a worn pack.
        let left = (look.now.soh.0 / 100.0).clamp(0.2, 1.0);
        let (lost, daily) = (f64::from(rest.lost_pct()), f64::from(rest.daily_pct()) * left);
        if look.has_bad_cell() {
            // One cell takes the mean along.
            return Signal::Unknown;
        }
        let level = rising(daily, &self.0.daily_pct).filter(|_| lost >= self.0.lost_pct);
        signal(level, daily < 0.7 * self.0.daily_pct[0])
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        let Some(look) = Look::again(sight) else { return Finding::default() };
        let rest = look.features.rest;
        let (lost, daily) = (f64::from(rest.lost_pct()), f64::from(rest.daily_pct()));
        finding(
            format!(
                "empties itself: {lost:.1} % lost in its last rest, {daily:.1} % a day; have it checked, do not leave it charging"
            ),
            format!("自放电过快：上次静置损失 {lost:.1} %，每天 {daily:.1} %；请送检，勿无人看管充电"),
            vec![fact("lost_pct", lost), fact("daily_pct", daily)],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::stage::Stage;
    use super::*;
    use crate::base::units::Percent;
    use crate::model::{Chemistry, Level};

    #[test]
    fn what_a_resting_pack_loses_in_a_day_tells_the_level() {
        let rule = SelfDischarge(SelfDischargeSettings::default());
        for (daily_pct, expected) in [
            (1.5, Signal::Absent),
            (6.0, Signal::Present(Level::One)),
            (18.0, Signal::Present(Level::Two)),
            (60.0, Signal::Present(Level::Three)),
        ] {
            let mut stage = Stage::of(Chemistry::Nmc);
            stage.go_on(144, 300, |battery, _| battery.soc = Percent(battery.soc.0 - daily_pct / 288.0));
            assert_eq!(stage.ask(&rule), expected, "{daily_pct} % a day");
        }
    }

    #[test]
    fn one_cell_that_drags_the_others_down_is_another_rules() {
        let rule = SelfDischarge(SelfDischargeSettings::default());
        let mut stage = Stage::of(Chemistry::Nmc);
        stage.go_on(72, 300, |battery, time| {
            battery.soc = Percent(battery.soc.0 - 0.06);
            battery.cells_mv[2] = (3751.0 - 4.0 * time) as u16;
        });
        assert_eq!(stage.ask(&rule), Signal::Unknown);
    }
}
