//! What all rules of theft ask first: is there a vehicle that stands locked and without its owner's key, and has it left
//! the place where it was left?

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::span;
use crate::detect::detector::{Finding, Sight, Signal, fact};
use crate::model::{Evidence, Words};
use crate::track::ParkAnchor;
use crate::track::guard::{self, DISTURBED_S, Guard};

/// What is set of a rule that asks only for signs: nothing but when it is content again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClearSettings {
    /// How long its case must be gone before the alert is cleared.
    #[serde(with = "span::text")]
    pub clear_after: Duration,
}

impl Default for ClearSettings {
    fn default() -> Self {
        Self { clear_after: Duration::from_mins(10) }
    }
}

/// When a vehicle counts as gone from where it was left. An anchor's reach, which grows with the drift of the place, is
/// the least distance in any case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DepartureSettings {
    /// Distance from the anchor that is enough together with a disturbance, metres: a spike of more than 50 m occurs in
    /// 0.02 % of still fixes, and never twice in a row (measured).
    pub distance_m: f64,
    /// The same without any other sign, metres (**assumed**: farther than any drift).
    pub alone_m: f64,
    /// Speed over ground of a vehicle that is driven, m/s (**assumed**: a trot). One fix is enough after a disturbance.
    pub speed_mps: f64,
    /// Speed over ground of somebody who carries it, m/s (**assumed**: a slow walk).
    pub walking_mps: f64,
    /// Fixes in a row that must be away when nothing drives.
    pub fixes: u16,
    /// Swift fixes in a row that need no other sign (on 18 recorded rides five are there 4 s after the first 10 m).
    pub swift_fixes: u8,
}

impl Default for DepartureSettings {
    fn default() -> Self {
        Self { distance_m: 60.0, alone_m: 200.0, speed_mps: 3.0, walking_mps: 0.8, fixes: 2, swift_fixes: 5 }
    }
}

/// Whether a vehicle is where it was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Departure {
    /// It is there.
    Here,
    /// It may be a spike, or nobody can tell.
    Unclear,
    /// One fix says that it is driven.
    Hinted,
    /// Its position says that it is gone.
    Seen,
    /// Its position says so, and it was lifted, shaken or rolled.
    Sure,
}

/// A setting in whole seconds.
pub(super) fn whole_seconds(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX)
}

/// A guarded vehicle as rules look at it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'a> {
    pub sight: Sight<'a>,
    pub guard: &'a Guard,
    pub park: Option<&'a ParkAnchor>,
    pub now_s: u32,
}

impl<'a> Scene<'a> {
    /// What a rule says of the scene, or what all of them say when there is nothing to guard.
    pub fn judge(sight: Sight<'a>, rule: impl FnOnce(Self) -> Signal) -> Signal {
        let guard = &sight.track.theft;
        if guard.voice.is_strange() {
            // What another device says tells nothing about this vehicle.
            return Signal::Unknown;
        }
        if !guard.is_armed() {
            // Unlocked, or its owner is with it: whatever moves it.
            return Signal::Absent;
        }
        rule(Self::look(sight))
    }

    /// The same without asking, to explain what was found.
    pub fn look(sight: Sight<'a>) -> Self {
        let now_s = guard::seconds(sight.time());
        Self { sight, guard: &sight.track.theft, park: sight.track.park.as_ref(), now_s }
    }

    /// Whether something that happened at `then_s` is not older than so many seconds.
    pub fn is_recent(&self, then_s: u32, within_s: u32) -> bool {
        then_s != 0 && self.now_s.saturating_sub(then_s) <= within_s
    }

    /// The same for a setting.
    pub fn is_recent_span(&self, then_s: u32, within: Duration) -> bool {
        self.is_recent(then_s, whole_seconds(within))
    }

    /// Whether it was lifted a while ago and has been shaken ever since, for so long.
    pub fn is_loaded(&self, shaken_for: Duration) -> bool {
        let lasts = self.guard.stirring_s() >= whole_seconds(shaken_for);
        lasts && self.guard.was_lifted() && self.is_recent(self.guard.stirred_s, DISTURBED_S)
    }

    /// Whether it has left the place where it was left.
    pub fn departure(&self, limits: &DepartureSettings) -> Departure {
        let Some(park) = self.park else { return Departure::Unclear };
        if park.away_fixes == 0 {
            return Departure::Here;
        }
        let [away, speed, reach, roamed] =
            [park.away_m, park.top_speed_mps, park.reach_m, park.roamed_m].map(f64::from);
        let far = away > limits.distance_m.max(2.0 * reach);
        let several = park.away_fixes >= limits.fixes;
        if self.guard.is_disturbed_since(park.last_here_s) || self.guard.has_rolled() {
            let driven = speed >= limits.speed_mps && away > 10.0_f64.max(reach / 2.0);
            let carried = several && speed >= limits.walking_mps && away > reach;
            if driven || carried || (several && far) {
                return Departure::Sure;
            }
        }
        let driven = park.swift_fixes >= limits.swift_fixes && away > reach && roamed > 10.0;
        let swift_and_far = away > limits.distance_m.max(reach) && speed >= limits.speed_mps;
        let seen = park.vanished || driven || (several && swift_and_far);
        let wanders = several && away > limits.alone_m.max(reach) && roamed > limits.alone_m / 2.0;
        if seen || wanders {
            Departure::Seen
        } else if swift_and_far {
            Departure::Hinted
        } else {
            Departure::Unclear
        }
    }

    /// That it was moved, in words and numbers; `how` comes before "no owner key".
    pub fn describe_movement(&self, (en, zh): (&str, &str)) -> Finding {
        let (metres, kmh, here_s) =
            self.park.map_or((0.0, 0.0, self.now_s), |park| (park.away_m, park.top_speed_mps * 3.6, park.last_here_s));
        let seconds = self.now_s.saturating_sub(here_s);
        let mut evidence = vec![
            fact("distance_m", metres.into()),
            fact("duration_s", seconds.into()),
            fact("speed_kmh", kmh.into()),
            fact("anchor_drift_m", self.park.map_or(0.0, |park| park.drift_m.into())),
        ];
        evidence.extend(self.motion());
        Finding {
            why: Words {
                en: format!("locked, moved {metres:.0} m in {seconds} s at {kmh:.0} km/h, {en}no owner key"),
                zh: format!("已上锁，{seconds} 秒内移动 {metres:.0} 米，时速 {kmh:.0} 公里，{zh}车主钥匙不在附近"),
            },
            evidence,
        }
    }

    /// Something else that happened, in words; `en` and `zh` come between "locked" and "no owner key".
    pub fn describe(&self, en: &str, zh: &str) -> Finding {
        Finding {
            why: Words {
                en: format!("locked, {en}, no owner key"), zh: format!("已上锁，{zh}，车主钥匙不在附近")
            },
            evidence: self.motion(),
        }
    }

    /// What wheel and inertial sensor say.
    pub fn motion(&self) -> Vec<Evidence> {
        let motion = &self.sight.report.motion;
        vec![
            fact("wheel_mps", motion.wheel.0),
            fact("vibration_g", motion.vibration.0),
            fact("tilt_deg", motion.tilt.0),
            fact("shaken_s", self.guard.stirring_s().into()),
            fact("rolled_m", self.guard.rolled_m.into()),
        ]
    }
}
