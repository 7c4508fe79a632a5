//! `battery.bms_silent`: the battery management does not answer although the pack feeds the tracker.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::look::finding;
use crate::base::span;
use crate::detect::detector::{Detector, Finding, Sight, Signal, fact};
use crate::model::{Kind, Level};
use crate::track::guard;

/// When a management counts as silent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BmsSilentSettings {
    /// Level 1 after so long.
    #[serde(with = "span::text")]
    pub after: Duration,
    /// Level 2 after so long.
    #[serde(with = "span::text")]
    pub long_after: Duration,
    /// How long it must be gone before the alert is cleared.
    #[serde(with = "span::text")]
    pub clear_after: Duration,
}

impl Default for BmsSilentSettings {
    fn default() -> Self {
        Self { after: Duration::from_mins(2), long_after: Duration::from_mins(15), clear_after: Duration::from_mins(5) }
    }
}

/// The rule.
#[derive(Debug, Clone)]
pub struct BmsSilent(pub BmsSilentSettings);

impl Detector for BmsSilent {
    fn kind(&self) -> Kind {
        Kind::BmsSilent
    }

    fn clear_after(&self) -> Duration {
        self.0.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        let report = sight.report;
        if sight.event.is_some() || sight.track.packs.present().is_none() {
            return Signal::Unknown;
        }
        if report.battery.is_some() || report.link.backup_power {
            // It answers, or there is no pack: others' business.
            return Signal::Absent;
        }
        let silent_s = silence(sight);
        if silent_s >= self.0.long_after.as_secs() {
            Signal::Present(Level::Two)
        } else if silent_s >= self.0.after.as_secs() {
            Signal::Present(Level::One)
        } else {
            Signal::Unknown
        }
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        let minutes = silence(sight) as f64 / 60.0;
        finding(
            format!(
                "the battery management has not answered for {minutes:.0} min although it has power; check its wiring"
            ),
            format!("电池管理系统已 {minutes:.0} 分钟无应答，但供电正常；请检查线束"),
            vec![fact("silent_min", minutes)],
        )
    }
}

/// For how long reports have said nothing of the pack, s.
fn silence(sight: Sight<'_>) -> u64 {
    sight.track.packs.unanswered_for_s(guard::seconds(sight.report.stamp.time)).into()
}

#[cfg(test)]
mod tests {
    use super::super::stage::Stage;
    use super::*;
    use crate::model::Chemistry;

    #[test]
    fn a_management_that_does_not_answer_is_told_and_a_missing_pack_is_not() {
        let rule = BmsSilent(BmsSilentSettings::default());
        let mut stage = Stage::of(Chemistry::Lfp);
        assert_eq!(stage.ask(&rule), Signal::Absent);
        stage.say_all(60, |report| report.battery = None);
        assert_eq!(stage.ask(&rule), Signal::Unknown, "a minute is no silence");
        stage.say_all(120, |_| {});
        assert_eq!(stage.ask(&rule), Signal::Present(Level::One));
        stage.say_all(800, |_| {});
        assert_eq!(stage.ask(&rule), Signal::Present(Level::Two));
        stage.say_all(60, |report| report.link.backup_power = true);
        assert_eq!(stage.ask(&rule), Signal::Absent, "without a pack there is nothing to answer");
        stage.say_all(60, |report| report.link.backup_power = false);
        assert_eq!(stage.ask(&rule), Signal::Unknown, "a new one has a moment to answer");
    }

    #[test]
    fn a_silence_of_the_whole_vehicle_is_none_of_its_management() {
        let rule = BmsSilent(BmsSilentSettings::default());
        let mut stage = Stage::of(Chemistry::Lfp);
        stage.say_all(7200, |report| report.battery = None);
        assert_eq!(stage.ask(&rule), Signal::Unknown, "the first word after two hours");
        stage.say_all(10, |_| {});
        assert_eq!(stage.ask(&rule), Signal::Unknown, "and the second");
        stage.say_all(110, |_| {});
        assert_eq!(stage.ask(&rule), Signal::Present(Level::One));
    }
}
