//! `battery.over_current`: more current than the pack is made for. What it is made for is not on the wire: either no pack of its
//! chemistry stands it, or its own management warns and nothing else is odd.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::look::{ByChemistry, Look, finding, rising, signal};
use super::under_voltage::UnderVoltageSettings;
use crate::base::span;
use crate::detect::detector::{Detector, Finding, Sight, Signal, fact};
use crate::model::{Chemistry, Kind, Level};

/// When a current counts as too strong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OverCurrentSettings {
    /// Discharge of levels 1, 2, 3, of the capacity in an hour, that no pack of the chemistry is made for (**assumed**).
    pub c_rate: ByChemistry<[f64; 3]>,
    /// Discharge from which a warning of the management with no other reason is about current (**assumed**).
    pub warned_c_rate: f64,
    /// How long it must be gone before the alert is cleared.
    #[serde(with = "span::text")]
    pub clear_after: Duration,
}

impl Default for OverCurrentSettings {
    fn default() -> Self {
        Self {
            c_rate: ByChemistry {
                lfp: [4.0, 5.0, 6.0],
                nmc: [4.0, 5.0, 6.0],
                na: [5.0, 6.0, 8.0],
                vrla: [3.0, 4.0, 5.0],
            },
            warned_c_rate: 0.7,
            clear_after: Duration::from_mins(10),
        }
    }
}

/// The rule, with the limits of empty cells.
#[derive(Debug, Clone)]
pub struct OverCurrent(pub OverCurrentSettings, pub UnderVoltageSettings);

impl Detector for OverCurrent {
    fn kind(&self) -> Kind {
        Kind::OverCurrent
    }

    fn clear_after(&self) -> Duration {
        self.0.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        let Some(look) = Look::at(sight) else { return Signal::Unknown };
        let rate = look.at_least(|battery| -battery.current.0) / look.capacity_ah();
        let known = look.features.coulombs.capacity_ah().is_some();
        let own = rising(rate, self.0.c_rate.of(look.now.chemistry)).filter(|_| known);
        let warned = (rate >= self.0.warned_c_rate && !has_other_reason(look, &self.1))
            .then(|| look.last.map_or(0, |last| last.alarm_level.min(look.now.alarm_level)))
            // No level is the usual case, and an error would cost an allocation.
            .filter(|level| *level > 0)
            .and_then(|level| Level::try_from(level).ok());
        signal(own.max(warned), own.is_none() && look.now.alarm_level == 0)
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        let Some(look) = Look::again(sight) else { return Finding::default() };
        let amps = -look.at_least(|battery| -battery.current.0);
        let rate = -amps / look.capacity_ah();
        let level = look.now.alarm_level;
        finding(
            format!(
                "{amps:.0} A drawn, {rate:.1} times the capacity in an hour, the management warns (level {level}); ride slower"
            ),
            format!("放电电流 {amps:.0} A，为容量的 {rate:.1} 倍率，电池管理系统报警（{level} 级）；请降低车速"),
            vec![fact("current_a", amps), fact("c_rate", rate), fact("bms_level", f64::from(level))],
        )
    }
}

/// Managements warn of an empty cell up to so much above the limit (**assumed**).
const NEARLY: f64 = 1.05;

/// Whether a warning of the management may be about something else.
fn has_other_reason(look: &Look<'_>, limits: &UnderVoltageSettings) -> bool {
    let battery = look.now;
    let hottest = battery.hottest().map_or(20.0, |celsius| celsius.0);
    let spread = hottest - battery.coldest().map_or(20.0, |celsius| celsius.0);
    let (low, high) = battery.cells_mv.iter().fold((u16::MAX, 0), |(low, high), mv| (low.min(*mv), high.max(*mv)));
    // The management looks at cells as the current makes them sag.
    let empty = f64::from(low) / 1000.0 <= limits.cell_v.of(battery.chemistry)[0] * NEARLY;
    let uneven = high > low && high - low >= 290 && battery.chemistry != Chemistry::Vrla;
    hottest >= 55.0 || spread >= 8.0 || battery.insulation.0 <= 500.0 || uneven || empty
}

#[cfg(test)]
mod tests {
    use super::super::stage::{Stage, level};
    use super::*;
    use crate::base::units::{Amps, Kiloohms};
    use crate::model::Battery;

    fn rule() -> OverCurrent {
        OverCurrent(OverCurrentSettings::default(), UnderVoltageSettings::default())
    }

    #[test]
    fn a_warning_without_another_reason_is_about_current() {
        let drawn = |amps: f64, alarm: u8, odd: fn(&mut Battery)| {
            let mut stage = Stage::of(Chemistry::Lfp);
            stage.go_on(2, 5, |battery, _| {
                (battery.current, battery.alarm_level) = (Amps(-amps), alarm);
                odd(battery);
            });
            stage.ask(&rule())
        };
        assert_eq!(drawn(40.0, 2, |_| {}), Signal::Present(Level::Two));
        assert_eq!(drawn(40.0, 0, |_| {}), Signal::Absent);
        assert_eq!(drawn(5.0, 2, |_| {}), Signal::Unknown, "too little for a warning about current");
        assert_eq!(drawn(40.0, 2, |battery| battery.insulation = Kiloohms(200.0)), Signal::Unknown);
        assert_eq!(drawn(40.0, 2, |battery| level(battery, 2350)), Signal::Unknown, "nearly empty");
    }
}
