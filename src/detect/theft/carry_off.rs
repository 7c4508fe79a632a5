//! `theft.carry_off`: a locked vehicle is picked up, carried to a corner, laid into a van and driven away.
//!
//! What tells it from a tow is how it lies: measured, lifted into a car and driven 16°, lifted to a rack 38°, laid on its
//! side 74°.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::scene::{Departure, DepartureSettings, Scene};
use crate::base::span;
use crate::detect::detector::{Detector, Finding, Sight, Signal};
use crate::model::{Kind, Level};

/// When a vehicle counts as carried off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CarryOffSettings {
    /// Tilt of a vehicle that is carried or lies, degrees (between the measured 16° and 38°).
    pub tilt_deg: f64,
    /// Shaken for so long after it was lifted: it is carried (**assumed**).
    #[serde(with = "span::text")]
    pub shaken_for: Duration,
    /// How long its case must be gone before the alert is cleared.
    #[serde(with = "span::text")]
    pub clear_after: Duration,
}

impl Default for CarryOffSettings {
    fn default() -> Self {
        Self { tilt_deg: 25.0, shaken_for: Duration::from_secs(5), clear_after: Duration::from_mins(2) }
    }
}

/// The rule.
#[derive(Debug, Clone)]
pub struct CarryOff(pub CarryOffSettings, pub DepartureSettings);

impl Detector for CarryOff {
    fn kind(&self) -> Kind {
        Kind::CarryOff
    }

    fn clear_after(&self) -> Duration {
        self.0.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        Scene::judge(sight, |scene| {
            let guard = scene.guard;
            if f64::from(guard.top_tilt_deg) < self.0.tilt_deg || guard.has_rolled() {
                return Signal::Absent;
            }
            match scene.departure(&self.1) {
                Departure::Sure => Signal::Present(Level::Three),
                Departure::Seen => Signal::Present(Level::Two),
                Departure::Here | Departure::Unclear | Departure::Hinted if scene.is_loaded(self.0.shaken_for) => {
                    Signal::Present(Level::Two)
                }
                Departure::Here => Signal::Absent,
                Departure::Unclear | Departure::Hinted => Signal::Unknown,
            }
        })
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        let scene = Scene::look(sight);
        let (tilt, seconds) = (scene.guard.top_tilt_deg, scene.guard.stirring_s());
        match scene.departure(&self.1) {
            Departure::Sure | Departure::Seen => scene.describe_movement((
                &format!("tilted by {tilt:.0}° as if carried, "),
                &format!("倾斜 {tilt:.0}°（疑似被搬走），"),
            )),
            Departure::Here | Departure::Unclear | Departure::Hinted => scene.describe(
                &format!("lifted, tilted by {tilt:.0}° and shaken for {seconds} s"),
                &format!("被抬起，倾斜 {tilt:.0}°，持续振动 {seconds} 秒"),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::stage::{Says, Stage, on_van, put};
    use super::*;
    use crate::base::units::Degrees;
    use crate::model::EventKind;

    fn rule() -> CarryOff {
        CarryOff(CarryOffSettings::default(), DepartureSettings::default())
    }

    #[test]
    fn what_lies_on_its_side_while_it_moves_is_carried() {
        for (tilt, expected) in [(36.0, Says::Confirmed), (74.0, Says::Confirmed), (16.0, Says::Nothing)] {
            let mut stage = Stage::parked();
            stage.happen(EventKind::Lift).say(on_van);
            stage.go_on(30, |report, second| {
                put(report, 1.3 * second, 1.3);
                report.motion.tilt = Degrees(tilt);
            });
            assert_eq!(stage.ask(&rule()), expected, "{tilt}°");
        }
    }

    #[test]
    fn before_it_is_away_a_lift_and_a_tilt_make_it_probable() {
        let mut stage = Stage::parked();
        stage.happen(EventKind::Lift).say(on_van).say(|report| report.motion.tilt = Degrees(40.0));
        assert_eq!(stage.ask(&rule()), Says::Nothing);
        assert_eq!(stage.go_on(6, |_, _| {}).ask(&rule()), Says::Probable);
    }

    #[test]
    fn knocked_over_is_not_carried() {
        let mut stage = Stage::parked();
        stage.say(|report| report.motion.tilt = Degrees(72.0)).go_on(60, |_, _| {});
        assert_eq!(stage.ask(&rule()), Says::Nothing);
    }
}
