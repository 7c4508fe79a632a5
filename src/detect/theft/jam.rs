//! `theft.jam`: a jammer silences satellites and network while the vehicle is driven away. What the vehicle kept says
//! afterwards that it was moved about in the dark; or it comes back elsewhere and has nothing to say.
//!
//! Silence alone is no theft: a garage has no movement, an outage and a missed upload have positions, whoever withdrew
//! consent is still heard.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::scene::{Departure, DepartureSettings, Scene, whole_seconds};
use crate::base::span;
use crate::detect::detector::{Detector, Finding, Sight, Signal};
use crate::model::{Kind, Level};

/// When a vehicle counts as jammed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JamSettings {
    /// Moved about in the dark for so long (**assumed**).
    #[serde(with = "span::text")]
    pub dark_for: Duration,
    /// How long its case must be gone before the alert is cleared.
    #[serde(with = "span::text")]
    pub clear_after: Duration,
}

impl Default for JamSettings {
    fn default() -> Self {
        Self { dark_for: Duration::from_secs(20), clear_after: Duration::from_mins(10) }
    }
}

/// The rule.
#[derive(Debug, Clone)]
pub struct Jam(pub JamSettings, pub DepartureSettings);

impl Detector for Jam {
    fn kind(&self) -> Kind {
        Kind::Jam
    }

    fn clear_after(&self) -> Duration {
        self.0.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        Scene::judge(sight, |scene| {
            if scene.guard.has_rolled() {
                // It is ridden away, whatever hole in the coverage it passes.
                return Signal::Absent;
            }
            let dark = scene.guard.dark_s() >= whole_seconds(self.0.dark_for);
            let vanished = scene.park.is_some_and(|park| park.vanished);
            match scene.departure(&self.1) {
                Departure::Here if dark && sight.report.position.is_none() => Signal::Present(Level::Two),
                Departure::Sure | Departure::Seen if dark => Signal::Present(Level::Three),
                Departure::Unclear | Departure::Hinted if dark => Signal::Present(Level::Two),
                Departure::Sure | Departure::Seen if vanished => Signal::Present(Level::Two),
                Departure::Unclear | Departure::Hinted => Signal::Unknown,
                Departure::Here | Departure::Sure | Departure::Seen => Signal::Absent,
            }
        })
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        let scene = Scene::look(sight);
        let seconds = scene.guard.dark_s();
        match scene.departure(&self.1) {
            Departure::Sure | Departure::Seen if seconds > 0 => scene.describe_movement((
                &format!("shaken for {seconds} s without satellites and network, "),
                &format!("其间 {seconds} 秒无卫星、无网络且持续振动，"),
            )),
            Departure::Sure | Departure::Seen => {
                scene.describe_movement(("silent meanwhile, wheel not turned, ", "期间失联且车轮未转动，"))
            }
            Departure::Here | Departure::Unclear | Departure::Hinted => scene.describe(
                &format!("shaken for {seconds} s without satellites and network"),
                &format!("{seconds} 秒无卫星、无网络且持续振动"),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::stage::{Says, Stage, on_van, put};
    use super::*;
    use crate::model::Report;

    fn rule() -> Jam {
        Jam(JamSettings::default(), DepartureSettings::default())
    }

    /// Reports each ten seconds that all come half an hour later.
    fn held_back(stage: &mut Stage, count: i64, change: impl Fn(&mut Report)) {
        let back = stage.now().plus_seconds(1800.0);
        for _ in 0..count {
            stage.wait(10).say_late(back, &change);
        }
    }

    #[test]
    fn moved_about_in_the_dark_is_jammed() {
        let mut stage = Stage::parked();
        held_back(&mut stage, 12, |report| {
            report.position = None;
            on_van(report);
        });
        assert_eq!(stage.ask(&rule()), Says::Probable);
        let mut back = stage;
        back.wait(1860).say(|report| put(report, 3000.0, 0.0)).wait(1).say(|_| {});
        assert_eq!(back.ask(&rule()), Says::Confirmed, "it comes back elsewhere");
    }

    #[test]
    fn a_garage_and_a_late_upload_are_not() {
        let mut stage = Stage::parked();
        held_back(&mut stage, 30, |report| report.position = None);
        assert_eq!(stage.ask(&rule()), Says::Nothing, "a garage");
        let mut stage = Stage::parked();
        held_back(&mut stage, 30, |_| {});
        assert_eq!(stage.ask(&rule()), Says::Nothing, "a late upload");
        let mut stage = Stage::parked();
        stage.go_on(60, |report, _| report.position = None);
        assert_eq!(stage.ask(&rule()), Says::Nothing, "consent withdrawn");
        stage.wait(3600).say(|report| put(report, 0.0, 0.0));
        assert_eq!(stage.ask(&rule()), Says::Nothing);
    }

    #[test]
    fn ridden_through_a_hole_in_the_coverage_is_not_jammed() {
        let mut stage = Stage::parked();
        let odometer = stage.last().motion.odometer.0;
        stage.go_on(30, |report, second| {
            put(report, 4.0 * second, 4.0);
            (report.motion.wheel.0, report.motion.odometer.0) = (4.0, odometer + 4.0 * second);
        });
        held_back(&mut stage, 12, |report| {
            report.position = None;
            on_van(report);
        });
        stage.wait(1860).say(|report| put(report, 3000.0, 4.0));
        assert_eq!(stage.ask(&rule()), Says::Nothing);
    }

    #[test]
    fn silent_and_back_elsewhere_without_rolling_is_jammed() {
        for (rolled_m, expected) in [(0.0, Says::Probable), (3000.0, Says::Nothing)] {
            let mut stage = Stage::parked();
            stage.wait(2400).say(|report| {
                put(report, 3000.0, 0.0);
                report.motion.odometer.0 += rolled_m;
            });
            stage.go_on(4, |_, _| {});
            assert_eq!(stage.ask(&rule()), expected, "rolled {rolled_m} m");
        }
    }
}
