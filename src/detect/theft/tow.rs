//! `theft.tow`: a locked vehicle leaves the place where it was locked, without its owner's key and faster than drift.
//!
//! One far fix at speed is enough, because a count of fixes is slower at any report rate (measured on 66 real trips:
//! three fixes > 30 m need 28 s at one report a second, 91 s at one in 30 s). Without speed, two fixes in a row must be
//! away, because a spike of > 50 m occurs in about 0.02 % of still fixes and returns with the next.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::span;
use crate::detect::detector::{Detector, Finding, Sight, Signal, fact};
use crate::model::{Kind, Level, Words};
use crate::track::ParkAnchor;

/// When a vehicle counts as towed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TowSettings {
    /// Least distance from the park anchor, metres; the anchor's own drift raises it.
    pub distance_m: f64,
    /// Speed over ground at which one fix is enough, m/s.
    pub speed_mps: f64,
    /// Fixes in a row that must be away at less speed.
    pub fixes: u16,
    /// How long the vehicle must be back or in its owner's hands before the alert is cleared.
    #[serde(with = "span::text")]
    pub clear_after: Duration,
}

impl Default for TowSettings {
    fn default() -> Self {
        Self { distance_m: 60.0, speed_mps: 3.0, fixes: 2, clear_after: Duration::from_mins(2) }
    }
}

/// The rule.
#[derive(Debug, Clone)]
pub struct Tow(pub TowSettings);

impl Detector for Tow {
    fn kind(&self) -> Kind {
        Kind::Tow
    }

    fn clear_after(&self) -> Duration {
        self.0.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        let report = sight.report;
        if report.key_near {
            // Whatever moves it, its owner is with it.
            return Signal::Absent;
        }
        let (Some(anchor), Some(position)) = (&sight.track.park, &report.position) else { return Signal::Unknown };
        if anchor.away_fixes == 0 {
            return Signal::Absent;
        }
        let far = anchor.away_m > self.0.distance_m.max(anchor.reach(position.hdop));
        let fast = position.speed.0 >= self.0.speed_mps;
        if far && (fast || anchor.away_fixes >= self.0.fixes) {
            Signal::Present(Level::Three)
        } else {
            // Away, but perhaps only a spike: neither a theft nor a return.
            Signal::Unknown
        }
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        sight.track.park.as_ref().map_or_else(Finding::default, |anchor| describe(anchor, sight))
    }
}

fn describe(anchor: &ParkAnchor, sight: Sight<'_>) -> Finding {
    let seconds = sight.report.stamp.time.seconds_since(anchor.last_here).max(0.0);
    let kmh = anchor.top_speed_mps * 3.6;
    let metres = anchor.away_m;
    Finding {
        why: Words {
            en: format!("locked, moved {metres:.0} m in {seconds:.0} s at {kmh:.0} km/h, no owner key"),
            zh: format!("已上锁，{seconds:.0} 秒内移动 {metres:.0} 米，时速 {kmh:.0} 公里，车主钥匙不在附近"),
        },
        evidence: vec![
            fact("distance_m", metres),
            fact("duration_s", seconds),
            fact("speed_kmh", kmh),
            fact("wheel_mps", sight.report.motion.wheel.0),
            fact("tilt_deg", sight.report.motion.tilt.0),
            fact("anchor_drift_m", anchor.drift_m),
        ],
    }
}
