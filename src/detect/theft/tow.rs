//! `theft.tow`: a locked vehicle is lifted and driven away, without its owner's key. Also the general rule for whatever
//! moves a vehicle and is told apart by nothing else.
//!
//! One far fix at speed is enough, because a count of fixes is slower at any report rate (measured on 66 real trips: three
//! fixes > 30 m need 28 s at one report a second, 91 s at one in 30 s). Before the first metre, that it was lifted is a
//! suspicion, and that it goes on being shaken is probable cause.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::scene::{Departure, DepartureSettings, Scene};
use crate::base::span;
use crate::detect::detector::{Detector, Finding, Sight, Signal};
use crate::model::{Kind, Level};

/// When a vehicle counts as towed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TowSettings {
    /// How long a lifting alone stays suspicious.
    #[serde(with = "span::text")]
    pub lifted_for: Duration,
    /// Shaken for so long after it was lifted: it is loaded (**assumed**: who only makes room is done in less).
    #[serde(with = "span::text")]
    pub shaken_for: Duration,
    /// How long the vehicle must be back or in its owner's hands before the alert is cleared.
    #[serde(with = "span::text")]
    pub clear_after: Duration,
}

impl Default for TowSettings {
    fn default() -> Self {
        let (lifted_for, clear_after) = (Duration::from_mins(5), Duration::from_mins(2));
        Self { lifted_for, shaken_for: Duration::from_secs(5), clear_after }
    }
}

/// The rule.
#[derive(Debug, Clone)]
pub struct Tow(pub TowSettings, pub DepartureSettings);

impl Detector for Tow {
    fn kind(&self) -> Kind {
        Kind::Tow
    }

    fn clear_after(&self) -> Duration {
        self.0.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        Scene::judge(sight, |scene| {
            match scene.departure(&self.1) {
                Departure::Sure => Signal::Present(Level::Three),
                Departure::Seen => Signal::Present(Level::Two),
                Departure::Hinted | Departure::Here | Departure::Unclear if scene.is_loaded(self.0.shaken_for) => {
                    Signal::Present(Level::Two)
                }
                Departure::Hinted => Signal::Present(Level::One),
                Departure::Here | Departure::Unclear
                    if scene.is_recent_span(scene.guard.lifted_s, self.0.lifted_for) =>
                {
                    Signal::Present(Level::One)
                }
                Departure::Here => Signal::Absent,
                // Away, but perhaps only a spike: neither a theft nor a return.
                Departure::Unclear => Signal::Unknown,
            }
        })
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        let scene = Scene::look(sight);
        let lifted = scene.guard.lifted_s != 0;
        match scene.departure(&self.1) {
            Departure::Sure if lifted => scene.describe_movement(("after it was lifted, ", "此前被抬起，")),
            Departure::Sure => scene.describe_movement(("shaken meanwhile, ", "期间有振动，")),
            Departure::Seen if scene.park.is_some_and(|park| park.vanished) => {
                scene.describe_movement(("seen by nobody, wheel not turned, ", "期间失联且车轮未转动，"))
            }
            Departure::Seen => scene.describe_movement(("", "")),
            Departure::Hinted | Departure::Here | Departure::Unclear if scene.is_loaded(self.0.shaken_for) => {
                let seconds = scene.guard.stirring_s();
                scene.describe(&format!("lifted and shaken for {seconds} s"), &format!("被抬起并持续振动 {seconds} 秒"))
            }
            Departure::Hinted => scene.describe_movement(("one fix, ", "单个定位点，")),
            Departure::Here | Departure::Unclear => scene.describe("lifted", "被抬起"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::stage::{Says, Stage, on_van, put};
    use super::*;
    use crate::model::EventKind;

    fn rule() -> Tow {
        Tow(TowSettings::default(), DepartureSettings::default())
    }

    #[test]
    fn a_lift_grows_into_a_tow() {
        let mut stage = Stage::parked();
        assert_eq!(stage.ask(&rule()), Says::Nothing);
        assert_eq!(stage.happen(EventKind::Lift).ask(&rule()), Says::Suspected);
        assert_eq!(stage.say(on_van).ask(&rule()), Says::Suspected);
        assert_eq!(stage.go_on(6, |_, _| {}).ask(&rule()), Says::Probable, "it goes on being shaken");
        stage.go_on(10, |report, second| put(report, 6.0 * second, 6.0));
        assert_eq!(stage.ask(&rule()), Says::Confirmed);
        let stolen = stage.wait(7200).say(|report| (report.motion.vibration.0, report.motion.tilt.0) = (0.004, 7.0));
        assert_eq!(stolen.ask(&rule()), Says::Confirmed, "standing somewhere else does not bring it back");
        assert_eq!(stolen.say(|report| report.key_near = true).ask(&rule()), Says::Nothing);
    }

    #[test]
    fn a_position_alone_is_probable_when_it_drives() {
        let mut stage = Stage::parked();
        stage.go_on(20, |report, second| put(report, 8.0 * second, 8.0));
        assert_eq!(stage.ask(&rule()), Says::Probable);
    }

    fn spike(stage: &mut Stage) {
        stage.say(|report| put(report, 250.0, 0.0)).wait(1);
    }

    fn datum(stage: &mut Stage) {
        stage.go_on(5, |report, _| put(report, 480.0, 0.0));
    }

    fn drift(stage: &mut Stage) {
        stage.go_on(300, |report, second| put(report, 60.0 * (second / 50.0).sin(), 0.2));
    }

    fn zero(stage: &mut Stage) {
        stage.happen(EventKind::Vibration).say(on_van);
        stage.go_on(20, |report, _| report.position.as_mut().expect("a fix").at.lon = 0.0);
    }

    fn zero_and_back(stage: &mut Stage) {
        zero(stage);
        stage.go_on(20, |report, _| put(report, 0.0, 0.0));
    }

    fn owners_van(stage: &mut Stage) {
        stage.go_on(60, |report, second| {
            put(report, 9.0 * second, 9.0);
            report.key_near = true;
        });
        // It stops, and its owner goes.
        stage.go_on(5, |report, _| {
            put(report, 600.0, 0.0);
            report.key_near = false;
        });
    }

    fn ride(stage: &mut Stage) {
        stage.go_on(60, |report, second| {
            put(report, 9.0 * second, 9.0);
            report.locked = false;
        });
    }

    #[test]
    fn what_only_looks_like_it_is_none() {
        for (name, case) in [
            ("spike", spike as fn(&mut Stage)),
            ("datum", datum),
            ("drift", drift),
            ("a longitude of zero", zero),
            ("and back", zero_and_back),
            ("owner's van", owners_van),
            ("ride", ride),
        ] {
            let mut stage = Stage::parked();
            case(&mut stage);
            assert!(matches!(stage.ask(&rule()), Says::Nothing | Says::Unclear), "{name}: {:?}", stage.ask(&rule()));
        }
    }

    #[test]
    fn nothing_is_locked_out_for_ever() {
        let mut stage = Stage::parked();
        // The receiver says nonsense for long, then the vehicle is really stolen.
        stage.go_on(20, |report, _| report.position.as_mut().expect("a fix").at.lon = 0.0);
        stage.go_on(20, |report, _| put(report, 0.0, 0.0));
        stage.happen(EventKind::Lift).say(on_van);
        stage.go_on(20, |report, second| put(report, 8.0 * second, 8.0));
        assert_eq!(stage.ask(&rule()), Says::Confirmed);
    }
}
