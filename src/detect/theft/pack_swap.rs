//! `theft.pack_swap`: another pack sits in a vehicle that has been locked all the time. Who is authorised to exchange packs
//! opens the lock or has a key near, which starts the watch anew.

use std::time::Duration;

use super::scene::{ClearSettings, Scene};
use crate::detect::detector::{Detector, Finding, Sight, Signal};
use crate::model::{Kind, Level};

/// The rule.
#[derive(Debug, Clone)]
pub struct PackSwap(pub ClearSettings);

impl Detector for PackSwap {
    fn kind(&self) -> Kind {
        Kind::PackSwap
    }

    fn clear_after(&self) -> Duration {
        self.0.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        Scene::judge(sight, |scene| {
            let guard = scene.guard;
            if !guard.swapped {
                return Signal::Absent;
            }
            // The number alone is a strong sign; that the power was gone or somebody shook the vehicle is the second.
            let worked_on = guard.cut_s != 0 || guard.shaken_s != 0 || guard.lifted_s != 0;
            Signal::Present(if worked_on { Level::Three } else { Level::Two })
        })
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        let scene = Scene::look(sight);
        let pack = sight.report.battery.as_ref().map_or("", |battery| battery.pack.as_str());
        scene.describe(&format!("another pack sits in it: {pack}"), &format!("电池已被换成 {pack}"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::stage::{Says, Stage, without_pack};
    use super::*;
    use crate::base::PackId;
    use crate::model::EventKind;
    use crate::model::Report;

    fn rule() -> PackSwap {
        PackSwap(ClearSettings::default())
    }

    fn with_another(report: &mut Report) {
        *report = Stage::parked().last().clone();
        if let Some(battery) = &mut report.battery {
            battery.pack = PackId::from("BT00000042").unwrap();
        }
    }

    #[test]
    fn another_pack_under_a_closed_lock_is_a_swap() {
        let mut stage = Stage::parked();
        assert_eq!(stage.wait(60).say(with_another).ask(&rule()), Says::Probable, "its number alone");
        let mut stage = Stage::parked();
        stage.happen(EventKind::Vibration).wait(30).happen(EventKind::PowerCut).say(without_pack);
        assert_eq!(stage.ask(&rule()), Says::Nothing);
        assert_eq!(stage.wait(90).say(with_another).ask(&rule()), Says::Confirmed);
    }

    #[test]
    fn who_opens_the_lock_or_has_a_key_may_exchange_it() {
        for with_key in [false, true] {
            let mut stage = Stage::parked();
            stage.wait(60).say(|report| (report.locked, report.key_near) = (with_key, with_key));
            stage.wait(60).happen(EventKind::PowerCut).say(without_pack);
            stage.wait(90).say(with_another);
            assert_eq!(stage.wait(60).say(|_| {}).ask(&rule()), Says::Nothing, "key near: {with_key}");
        }
        let mut stage = Stage::parked();
        stage.happen(EventKind::Unlock).wait(90).say(with_another);
        assert_eq!(stage.ask(&rule()), Says::Nothing, "the event alone says that it is open");
    }
}
