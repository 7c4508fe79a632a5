//! `theft.ride_away`: a locked vehicle is hot-wired, or its lock picked, and ridden or rolled away: the lock says closed and
//! the wheel turns.
//!
//! A wheel that turns under a closed lock is a strong sign by itself; a position that agrees is the second.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::scene::{Departure, DepartureSettings, Scene};
use crate::base::span;
use crate::detect::detector::{Detector, Finding, Sight, Signal};
use crate::model::{Kind, Level};

/// When a vehicle counts as ridden away.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RideAwaySettings {
    /// Speed of the wheel that nobody gives it by making room, m/s (**assumed**: a walk).
    pub wheel_mps: f64,
    /// Distance rolled that goes with it, metres.
    pub rolled_m: u32,
    /// How long its case must be gone before the alert is cleared.
    #[serde(with = "span::text")]
    pub clear_after: Duration,
}

impl Default for RideAwaySettings {
    fn default() -> Self {
        Self { wheel_mps: 1.0, rolled_m: 3, clear_after: Duration::from_mins(2) }
    }
}

/// The rule.
#[derive(Debug, Clone)]
pub struct RideAway(pub RideAwaySettings, pub DepartureSettings);

impl Detector for RideAway {
    fn kind(&self) -> Kind {
        Kind::RideAway
    }

    fn clear_after(&self) -> Duration {
        self.0.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        Scene::judge(sight, |scene| {
            let guard = scene.guard;
            let rolls = sight.report.motion.wheel.0 >= self.0.wheel_mps
                && (guard.rolled_m >= self.0.rolled_m || guard.stirring_s() >= self.0.rolled_m);
            if !rolls && !guard.has_rolled() {
                return Signal::Absent;
            }
            match scene.departure(&self.1) {
                Departure::Sure => Signal::Present(Level::Three),
                Departure::Here | Departure::Unclear | Departure::Hinted | Departure::Seen => {
                    Signal::Present(Level::Two)
                }
            }
        })
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        let scene = Scene::look(sight);
        let (rolled, mps) = (scene.guard.rolled_m, sight.report.motion.wheel.0);
        match scene.departure(&self.1) {
            Departure::Sure | Departure::Seen => {
                scene.describe_movement((&format!("wheel rolled {rolled} m, "), &format!("车轮滚动 {rolled} 米，")))
            }
            Departure::Here | Departure::Unclear | Departure::Hinted => scene.describe(
                &format!("wheel turns at {mps:.1} m/s, rolled {rolled} m"),
                &format!("车轮转动 {mps:.1} 米/秒，滚动 {rolled} 米"),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::stage::{Says, Stage, put};
    use super::*;
    use crate::base::units::MetresPerSecond;
    use crate::model::Report;

    fn rule() -> RideAway {
        RideAway(RideAwaySettings::default(), DepartureSettings::default())
    }

    fn roll(report: &mut Report, mps: f64) {
        report.motion.wheel = MetresPerSecond(mps);
        report.motion.odometer.0 += mps;
    }

    #[test]
    fn a_turning_wheel_is_probable_and_a_position_confirms_it() {
        let mut stage = Stage::parked();
        assert_eq!(stage.go_on(4, |report, _| roll(report, 2.0)).ask(&rule()), Says::Probable);
        stage.go_on(10, |report, second| {
            roll(report, 5.0);
            put(report, 8.0 + 5.0 * second, 5.0);
        });
        assert_eq!(stage.ask(&rule()), Says::Confirmed);
    }

    #[test]
    fn who_makes_room_or_owns_it_takes_nothing() {
        let mut stage = Stage::parked();
        assert_eq!(stage.go_on(1, |report, _| roll(report, 1.2)).ask(&rule()), Says::Nothing, "rolled aside");
        let mut stage = Stage::parked();
        stage.go_on(60, |report, second| {
            roll(report, 1.2);
            put(report, 1.2 * second, 1.2);
            report.key_near = true;
        });
        assert_eq!(stage.ask(&rule()), Says::Nothing, "pushed by its owner");
    }
}
