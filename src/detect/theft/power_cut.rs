//! `theft.power_cut`: the pack of a locked vehicle ceases to give power, and nothing explains it: it was charged and content,
//! and nobody was noticed. Wires to a tracker are cut so.

use std::time::Duration;

use super::scene::{ClearSettings, Scene};
use crate::detect::detector::{Detector, Finding, Sight, Signal};
use crate::model::{Kind, Level};

/// The rule.
#[derive(Debug, Clone)]
pub struct PowerCut(pub ClearSettings);

impl Detector for PowerCut {
    fn kind(&self) -> Kind {
        Kind::PowerCut
    }

    fn clear_after(&self) -> Duration {
        self.0.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        Scene::judge(sight, |scene| {
            let guard = scene.guard;
            if !guard.is_powerless() {
                return Signal::Absent;
            }
            // An event alone may be a loose plug, and an empty pack switches itself off.
            let shown = guard.powerless > 0 && guard.sound;
            Signal::Present(if shown { Level::Two } else { Level::One })
        })
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        let scene = Scene::look(sight);
        let seconds = scene.now_s.saturating_sub(scene.guard.cut_s);
        scene.describe(&format!("without power from its pack for {seconds} s"), &format!("主电源断开 {seconds} 秒"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::stage::{Says, Stage, without_pack};
    use super::*;
    use crate::model::EventKind;

    fn rule() -> PowerCut {
        PowerCut(ClearSettings::default())
    }

    #[test]
    fn lost_power_is_suspicious_and_probable_once_it_is_seen() {
        let mut stage = Stage::parked();
        assert_eq!(stage.happen(EventKind::PowerCut).ask(&rule()), Says::Suspected);
        assert_eq!(stage.say(without_pack).ask(&rule()), Says::Probable);
        let mut stage = Stage::parked();
        assert_eq!(stage.wait(60).say(without_pack).ask(&rule()), Says::Probable, "the event may be lost");
    }

    #[test]
    fn an_empty_pack_and_a_silent_management_explain_it() {
        let mut stage = Stage::parked();
        stage.say(|report| report.battery.as_mut().expect("a pack").soc.0 = 2.0).wait(300);
        assert_eq!(stage.happen(EventKind::PowerCut).say(without_pack).ask(&rule()), Says::Suspected);
        let mut stage = Stage::parked();
        assert_eq!(stage.say(|report| report.battery = None).ask(&rule()), Says::Nothing, "no backup power");
    }
}
