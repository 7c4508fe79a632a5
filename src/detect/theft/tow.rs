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
        let scene = match Scene::of(sight) {
            Ok(scene) => scene,
            Err(signal) => return signal,
        };
        match scene.departure(&self.1) {
            Departure::Sure => Signal::Present(Level::Three),
            Departure::Seen => Signal::Present(Level::Two),
            Departure::Here | Departure::Unclear if scene.is_loaded(self.0.shaken_for) => Signal::Present(Level::Two),
            Departure::Here | Departure::Unclear if scene.is_recent_span(scene.guard.lifted_s, self.0.lifted_for) => {
                Signal::Present(Level::One)
            }
            Departure::Here => Signal::Absent,
            // Away, but perhaps only a spike: neither a theft nor a return.
            Departure::Unclear => Signal::Unknown,
        }
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
            Departure::Here | Departure::Unclear if scene.is_loaded(self.0.shaken_for) => {
                let seconds = scene.guard.stirring_s();
                scene.describe(&format!("lifted and shaken for {seconds} s"), &format!("被抬起并持续振动 {seconds} 秒"))
            }
            Departure::Here | Departure::Unclear => scene.describe("lifted", "被抬起"),
        }
    }
}
