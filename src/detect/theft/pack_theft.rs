//! `theft.pack_theft`: somebody works on a locked vehicle, and then its pack is gone. The vehicle stays, and its tracker
//! lives on its own cell.

use std::time::Duration;

use super::scene::{ClearSettings, Departure, DepartureSettings, Scene};
use crate::detect::detector::{Detector, Finding, Sight, Signal};
use crate::model::{Kind, Level};

/// The rule.
#[derive(Debug, Clone)]
pub struct PackTheft(pub ClearSettings, pub DepartureSettings);

impl Detector for PackTheft {
    fn kind(&self) -> Kind {
        Kind::PackTheft
    }

    fn clear_after(&self) -> Duration {
        self.0.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        Scene::judge(sight, |scene| {
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
        })
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
        PackTheft(ClearSettings::default(), DepartureSettings::default())
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
