//! `theft.tamper`: somebody works on a locked vehicle without success. One shake is a passer-by or a lorry and no more than
//! suspicious; a second one, or one that goes on, is work.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::scene::{Departure, DepartureSettings, Scene, whole_seconds};
use crate::base::span;
use crate::detect::detector::{Detector, Finding, Sight, Signal};
use crate::model::{Kind, Level};
use crate::track::guard::DISTURBED_S;

/// When a vehicle counts as tampered with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TamperSettings {
    /// How long one shake stays suspicious.
    #[serde(with = "span::text")]
    pub shaken_for: Duration,
    /// Shakes of one attempt, at least 10 s apart, that are work.
    pub shakes: u8,
    /// Shaken for so long after the first one: work (**assumed**).
    #[serde(with = "span::text")]
    pub works_for: Duration,
    /// Shaken for so long without any event: suspicious (**assumed**).
    #[serde(with = "span::text")]
    pub unexplained_for: Duration,
    /// How long its case must be gone before the alert is cleared.
    #[serde(with = "span::text")]
    pub clear_after: Duration,
}

impl Default for TamperSettings {
    fn default() -> Self {
        Self {
            shaken_for: Duration::from_mins(5),
            shakes: 2,
            works_for: Duration::from_secs(10),
            unexplained_for: Duration::from_secs(30),
            clear_after: Duration::from_mins(10),
        }
    }
}

/// The rule.
#[derive(Debug, Clone)]
pub struct Tamper(pub TamperSettings, pub DepartureSettings);

impl Tamper {
    fn level(&self, scene: &Scene) -> Option<Level> {
        let (guard, limits) = (scene.guard, &self.0);
        let stirred = scene.is_recent(guard.stirred_s, DISTURBED_S);
        if scene.is_recent_span(guard.shaken_s, limits.shaken_for) {
            let again = guard.shakes >= limits.shakes && guard.stirred_s >= guard.shaken_s;
            let goes_on = stirred && guard.stirring_s() >= whole_seconds(limits.works_for);
            return Some(if again || goes_on { Level::Two } else { Level::One });
        }
        (stirred && guard.stirring_s() >= whole_seconds(limits.unexplained_for)).then_some(Level::One)
    }
}

impl Detector for Tamper {
    fn kind(&self) -> Kind {
        Kind::Tamper
    }

    fn clear_after(&self) -> Duration {
        self.0.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        Scene::judge(sight, |scene| {
            if matches!(scene.departure(&self.1), Departure::Seen | Departure::Sure) {
                // It is gone: not this rule's case any more.
                return Signal::Unknown;
            }
            match self.level(&scene) {
                Some(level) => Signal::Present(level),
                None => Signal::Absent,
            }
        })
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        let scene = Scene::look(sight);
        let (times, seconds) = (scene.guard.shakes, scene.guard.stirring_s());
        scene.describe(
            &format!("shaken {times} times, for {seconds} s in all"),
            &format!("振动 {times} 次，最近一次持续 {seconds} 秒"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::stage::{Says, Stage};
    use super::*;
    use crate::model::EventKind;
    use crate::model::Report;

    fn rule() -> Tamper {
        Tamper(TamperSettings::default(), DepartureSettings::default())
    }

    fn shake(report: &mut Report) {
        report.motion.vibration.0 = 0.25;
    }

    fn quiet(report: &mut Report) {
        report.motion.vibration.0 = 0.004;
    }

    #[test]
    fn one_shake_is_suspicious_and_more_are_work() {
        let mut stage = Stage::parked();
        assert_eq!(stage.happen(EventKind::Vibration).ask(&rule()), Says::Suspected);
        assert_eq!(stage.say(shake).ask(&rule()), Says::Suspected);
        assert_eq!(stage.wait(30).say(quiet).ask(&rule()), Says::Suspected);
        stage.wait(30).happen(EventKind::Vibration).say(shake);
        assert_eq!(stage.ask(&rule()), Says::Probable, "again");
        assert_eq!(stage.wait(900).say(quiet).ask(&rule()), Says::Nothing);
        let mut stage = Stage::parked();
        stage.happen(EventKind::Vibration).say(shake).go_on(12, |_, _| {});
        assert_eq!(stage.ask(&rule()), Says::Probable, "it goes on");
    }

    #[test]
    fn lorries_and_owners_shake_it_too() {
        let mut stage = Stage::parked();
        for _ in 0..5 {
            stage.happen(EventKind::Vibration).say(|_| {}).wait(30);
        }
        assert_eq!(stage.ask(&rule()), Says::Suspected, "felt, but nothing is seen");
        let mut stage = Stage::parked();
        stage.say(|report| report.key_near = true).happen(EventKind::Vibration).say(shake).go_on(30, |_, _| {});
        assert_eq!(stage.ask(&rule()), Says::Nothing);
    }
}
