//! `theft.pack_theft`: somebody works on a locked vehicle, and then its pack is gone. The vehicle stays, and its tracker
//! lives on its own cell.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::scene::{Departure, DepartureSettings, Scene};
use crate::base::span;
use crate::detect::detector::{Detector, Finding, Sight, Signal};
use crate::model::{Kind, Level};

/// When a pack counts as stolen: shaken first, then without power.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PackTheftSettings {
    /// How long its case must be gone before the alert is cleared.
    #[serde(with = "span::text")]
    pub clear_after: Duration,
}

impl Default for PackTheftSettings {
    fn default() -> Self {
        Self { clear_after: Duration::from_mins(10) }
    }
}

/// The rule.
#[derive(Debug, Clone)]
pub struct PackTheft(pub PackTheftSettings, pub DepartureSettings);

impl Detector for PackTheft {
    fn kind(&self) -> Kind {
        Kind::PackTheft
    }

    fn clear_after(&self) -> Duration {
        self.0.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        let scene = match Scene::of(sight) {
            Ok(scene) => scene,
            Err(signal) => return signal,
        };
        let guard = scene.guard;
        if !guard.is_powerless() || !guard.forced {
            return Signal::Absent;
        }
        if matches!(scene.departure(&self.1), Departure::Seen | Departure::Sure) {
            // It is gone altogether: not this rule's case.
            return Signal::Unknown;
        }
        let shown = guard.powerless > 0 && guard.sound;
        Signal::Present(if shown { Level::Three } else { Level::Two })
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        let scene = Scene::look(sight);
        scene.describe("shaken, then the pack was gone", "有振动，随后电池断开")
    }
}

#[cfg(test)]
mod tests {
    use super::super::stage::{Says, Stage, without_pack};
    use super::*;
    use crate::model::EventKind;

    fn rule() -> PackTheft {
        PackTheft(PackTheftSettings::default(), DepartureSettings::default())
    }

    #[test]
    fn work_and_then_no_power_is_a_theft() {
        let mut stage = Stage::parked();
        assert_eq!(stage.happen(EventKind::Vibration).ask(&rule()), Says::Nothing);
        assert_eq!(stage.wait(40).happen(EventKind::PowerCut).ask(&rule()), Says::Probable);
        assert_eq!(stage.say(without_pack).ask(&rule()), Says::Confirmed);
        assert_eq!(stage.wait(3600).say(|_| {}).ask(&rule()), Says::Confirmed, "as long as it is gone");
        stage.say(|report| *report = Stage::parked().last().clone());
        assert_eq!(stage.ask(&rule()), Says::Nothing);
    }

    #[test]
    fn no_power_without_work_is_another_case() {
        let mut stage = Stage::parked();
        assert_eq!(stage.happen(EventKind::PowerCut).say(without_pack).ask(&rule()), Says::Nothing);
        let mut stage = Stage::parked();
        stage.happen(EventKind::Vibration).wait(1200).say(|_| {}).happen(EventKind::PowerCut).say(without_pack);
        assert_eq!(stage.ask(&rule()), Says::Nothing, "shaken long before");
    }
}
