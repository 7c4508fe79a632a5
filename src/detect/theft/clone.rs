//! `theft.clone`: two devices speak in one vehicle's name. A device that starts again never goes back to an old boot number,
//! so two that take turns are two; kilometres between them within minutes are the second sign.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::scene::whole_seconds;
use crate::base::span;
use crate::detect::detector::{Detector, Finding, Sight, Signal, fact};
use crate::model::{Kind, Level, Words};
use crate::track::guard;

/// When an identity counts as cloned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CloneSettings {
    /// How long after they last took turns it counts.
    #[serde(with = "span::text")]
    pub turn_for: Duration,
    /// Turns that are needed when they are at one place: one may be an old message that came late.
    pub turns: u8,
    /// How long its case must be gone before the alert is cleared.
    #[serde(with = "span::text")]
    pub clear_after: Duration,
}

impl Default for CloneSettings {
    fn default() -> Self {
        Self { turn_for: Duration::from_mins(15), turns: 2, clear_after: Duration::from_mins(15) }
    }
}

/// The rule.
#[derive(Debug, Clone)]
pub struct Clone(pub CloneSettings);

impl Detector for Clone {
    fn kind(&self) -> Kind {
        Kind::Clone
    }

    fn clear_after(&self) -> Duration {
        self.0.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        let voice = &sight.track.theft.voice;
        let since_s = guard::seconds(sight.time()).saturating_sub(voice.turn_s);
        if voice.turns == 0 || since_s > whole_seconds(self.0.turn_for) {
            return if voice.is_strange() { Signal::Unknown } else { Signal::Absent };
        }
        if voice.apart_m > 0.0 {
            Signal::Present(Level::Three)
        } else if voice.turns >= self.0.turns {
            Signal::Present(Level::Two)
        } else {
            Signal::Unknown
        }
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        let voice = &sight.track.theft.voice;
        let (turns, metres) = (voice.turns, voice.apart_m);
        Finding {
            why: Words {
                en: format!("two devices speak in its name: {turns} turns between boots, {metres:.0} m apart"),
                zh: format!("两台设备使用同一身份：启动号交替 {turns} 次，相距 {metres:.0} 米"),
            },
            evidence: vec![fact("turns", turns.into()), fact("apart_m", metres.into())],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::stage::{Says, Stage, put};
    use super::*;
    use crate::model::Report;

    fn rule() -> Clone {
        Clone(CloneSettings::default())
    }

    fn speak(report: &mut Report, boot: u32, north_m: f64) {
        report.stamp.boot = boot;
        put(report, north_m, 0.0);
    }

    #[test]
    fn two_devices_that_take_turns_are_a_clone() {
        let mut stage = Stage::parked();
        stage.wait(60).say(|report| speak(report, 99, 5000.0));
        assert_eq!(stage.ask(&rule()), Says::Unclear, "it may have been moved while it was off");
        stage.wait(240).say(|report| speak(report, 7, 0.0));
        assert_eq!(stage.ask(&rule()), Says::Confirmed);
        assert_eq!(stage.wait(1200).say(|_| {}).ask(&rule()), Says::Nothing, "the other has fallen silent");
        let mut stage = Stage::parked();
        for boot in [99, 7, 99, 7] {
            stage.wait(60).say(|report| speak(report, boot, 0.0));
        }
        assert_eq!(stage.ask(&rule()), Says::Probable, "at one place");
    }

    #[test]
    fn a_device_that_starts_again_is_itself() {
        let mut stage = Stage::parked();
        for boot in [8, 9, 12] {
            stage.wait(600).say(|report| speak(report, boot, 3.0));
            assert_eq!(stage.ask(&rule()), Says::Nothing);
        }
    }
}
