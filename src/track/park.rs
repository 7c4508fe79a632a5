//! Where a locked vehicle was left, how far its position wanders there on its own (the place's own drift), and how it is
//! away from there.

use serde::{Deserialize, Serialize};

use crate::base::geodesy::LatLonE7;
use crate::model::Position;

/// What one unit of HDOP is worth, metres (user range error of a single-frequency receiver).
const METRES_PER_HDOP: f32 = 2.6;
/// Fixes after which the middle of the anchor moves no faster.
const SETTLED_FIXES: u16 = 24;
/// A fix this many deviations away is not drift.
const DRIFT_SIGMAS: f32 = 4.0;
/// A fix closer than this is always taken for drift, metres.
const LEAST_DRIFT_M: f32 = 20.0;
/// Drift is forgotten so slowly, a fix.
const DRIFT_KEPT: f32 = 0.998;
/// While the inertial sensor is quiet the vehicle cannot have moved: up to here, metres, what its position says is drift
/// (**assumed**: reflections between high houses give 30–50 m, rarely more).
const QUIET_DRIFT_M: f32 = 150.0;
/// At this speed over ground a fix is no drift, m/s: receivers that stand say at most 1 m/s, even between high houses
/// (Doppler speed is an order better than position; the figure is **assumed**).
pub const SWIFT_MPS: f32 = 2.0;
/// Fixes in a row, all at one other place, after which a vehicle that cannot have moved is taken to stand there: another
/// datum, or a receiver that had been wrong.
const RESETTLED_FIXES: u16 = 3;
/// The same without an inertial sensor to say so.
const RESETTLED_BLIND_FIXES: u16 = 10;
/// No change of datum moves a position by more, metres (GCJ-02 moves Chongqing by 480 m; 300–700 m all over China).
pub const DATUM_M: f32 = 700.0;

/// What else is known when a fix is compared with the anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a sign of its own; any mixture occurs")]
pub struct Signs {
    /// It has an inertial sensor that works.
    pub feels: bool,
    /// Shaken or lifted lately, or since the last fix that was still there.
    pub disturbed: bool,
    /// Its wheel has turned since the last fix that was still there.
    pub rolled: bool,
    /// It was silent for long after the last fix that was still there.
    pub silent: bool,
}

/// The place where a vehicle was locked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ParkAnchor {
    /// Mean of the fixes taken for drift.
    pub at: LatLonE7,
    /// The first fix that was away; while it is there, where that is.
    pub(super) away_at: LatLonE7,
    /// Largest distance of a fix taken for drift from the middle, slowly forgotten, metres.
    pub drift_m: f32,
    /// How far the last fix could lie from the middle and still be drift, metres.
    pub reach_m: f32,
    /// How far away the vehicle is now, metres; 0 while it is there.
    pub away_m: f32,
    /// How far it went from the first fix that was away, metres: 0 when it only jumped.
    pub roamed_m: f32,
    /// The fastest it went since it left, m/s.
    pub top_speed_mps: f32,
    /// Device time of the last fix that was still there, Unix seconds.
    pub last_here_s: u32,
    /// How many fixes it rests on.
    pub fixes: u16,
    /// Fixes in a row that were away.
    pub away_fixes: u16,
    /// Most fixes in a row that were away and swift.
    pub swift_fixes: u8,
    pub(super) swift_now: u8,
    /// It came out of a silence at another place, without having rolled there.
    pub vanished: bool,
}

impl ParkAnchor {
    /// Drops an anchor at the first fix after it was locked.
    #[must_use]
    pub fn drop_at(position: &Position, now_s: u32) -> Self {
        let at = LatLonE7::from(position.at);
        Self {
            at,
            away_at: at,
            drift_m: 0.0,
            reach_m: LEAST_DRIFT_M,
            away_m: 0.0,
            roamed_m: 0.0,
            top_speed_mps: 0.0,
            last_here_s: now_s,
            fixes: 1,
            away_fixes: 0,
            swift_fixes: 0,
            swift_now: 0,
            vanished: false,
        }
    }

    /// Takes note of a fix at `now_s`.
    pub fn compare(&mut self, position: &Position, now_s: u32, signs: Signs) {
        let fix = LatLonE7::from(position.at);
        let (distance, speed) = (self.at.distance(fix).0 as f32, position.speed.0 as f32);
        self.reach_m = self.reach(position.hdop as f32);
        let quiet = signs.feels && !signs.disturbed && !signs.rolled;
        let slow = speed < SWIFT_MPS && self.top_speed_mps < SWIFT_MPS;
        let drifts = quiet && slow && !self.vanished && distance <= QUIET_DRIFT_M;
        if (distance <= self.reach_m && speed < SWIFT_MPS) || drifts {
            self.stay(fix, distance, now_s, signs.disturbed);
        } else {
            self.leave(fix, distance, speed);
            let enough = if signs.feels { RESETTLED_FIXES } else { RESETTLED_BLIND_FIXES };
            let carried = signs.disturbed || (signs.rolled && !signs.silent);
            let jumped = slow && !carried && self.away_fixes >= enough && self.roamed_m <= self.reach_m.max(30.0);
            if jumped && !self.vanished {
                self.resettle(position, distance, now_s, signs);
            }
        }
    }

    fn stay(&mut self, fix: LatLonE7, distance: f32, now_s: u32, disturbed: bool) {
        // Who carries it away slowly must not take the anchor along.
        if !disturbed {
            let weight = 1.0 / f64::from(self.fixes.saturating_add(1).min(SETTLED_FIXES));
            self.at = self.at.towards(fix, weight);
            self.drift_m = (self.drift_m * DRIFT_KEPT).max(distance);
            self.fixes = self.fixes.saturating_add(1).min(1000);
        }
        self.away_at = self.at;
        self.last_here_s = now_s;
        self.away_m = 0.0;
        self.roamed_m = 0.0;
        self.top_speed_mps = 0.0;
        (self.away_fixes, self.swift_fixes, self.swift_now) = (0, 0, 0);
        self.vanished = false;
    }

    fn leave(&mut self, fix: LatLonE7, distance: f32, speed: f32) {
        if self.away_fixes == 0 {
            self.away_at = fix;
        }
        self.roamed_m = self.roamed_m.max(self.away_at.distance(fix).0 as f32);
        self.away_m = distance;
        self.away_fixes = self.away_fixes.saturating_add(1);
        self.top_speed_mps = self.top_speed_mps.max(speed);
        self.swift_now = if speed >= SWIFT_MPS { self.swift_now.saturating_add(1) } else { 0 };
        self.swift_fixes = self.swift_fixes.max(self.swift_now);
    }

    /// It jumped to another place and stays there, and nothing says that it was moved: the receiver changed its mind,
    /// unless nobody could watch meanwhile or no receiver errs as much.
    fn resettle(&mut self, position: &Position, distance: f32, now_s: u32, signs: Signs) {
        let unseen = signs.silent || !signs.feels;
        if distance > DATUM_M && unseen && !signs.rolled {
            self.vanished = true;
        } else {
            *self = Self::drop_at(position, now_s);
        }
    }

    /// How far a fix may lie from the middle and still be drift, metres.
    fn reach(&self, hdop: f32) -> f32 {
        let sigma = hdop * METRES_PER_HDOP;
        (DRIFT_SIGMAS * sigma).max(1.5 * self.drift_m).max(LEAST_DRIFT_M)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::LatLon;
    use crate::base::units::{Degrees, Metres, MetresPerSecond};
    use crate::model::Fix;

    const QUIET: Signs = Signs { feels: true, disturbed: false, rolled: false, silent: false };
    const SHAKEN: Signs = Signs { disturbed: true, ..QUIET };

    fn fix(north_m: f64, speed: f64) -> Position {
        Position {
            fix: Fix::ThreeD,
            at: LatLon { lat: 29.56 + north_m / 111_195.0, lon: 106.57 },
            altitude: Metres(250.0),
            speed: MetresPerSecond(speed),
            heading: Degrees(0.0),
            satellites: 9,
            hdop: 1.0,
        }
    }

    /// An anchor after fixes 300 s apart, each so far north and so fast.
    fn after(fixes: &[(f64, f64)], signs: Signs) -> ParkAnchor {
        let mut anchor = ParkAnchor::drop_at(&fix(0.0, 0.0), 0);
        for (number, (north, speed)) in fixes.iter().enumerate() {
            anchor.compare(&fix(*north, *speed), 300 * (number as u32 + 1), signs);
        }
        anchor
    }

    #[test]
    fn it_learns_the_drift_of_its_place() {
        let wandering = [(30.0, 0.0), (55.0, 0.4), (-40.0, 0.1), (15.0, 0.0)];
        let anchor = after(&wandering, QUIET);
        assert!(anchor.away_fixes == 0 && anchor.drift_m > 40.0, "{anchor:?}");
        assert!(anchor.reach_m > 60.0, "{anchor:?}");
        let shaken = after(&[(30.0, 0.0), (55.0, 0.4)], SHAKEN);
        assert_eq!(shaken.away_fixes, 2, "the same is no drift when somebody shakes it");
    }

    #[test]
    fn whoever_carries_it_slowly_does_not_take_the_anchor_along() {
        let steps: Vec<(f64, f64)> = (1..40).map(|second| (1.2 * f64::from(second), 1.2)).collect();
        let anchor = after(&steps, SHAKEN);
        assert!(anchor.away_m > 44.0 && anchor.away_fixes > 15, "{anchor:?}");
    }

    #[test]
    fn another_datum_moves_the_anchor_and_a_silence_does_not() {
        let jumped = [(480.0, 0.0), (482.0, 0.0), (479.0, 0.0)];
        assert_eq!(after(&jumped, QUIET).away_fixes, 0);
        let blind = Signs { feels: false, ..QUIET };
        assert_eq!(after(&jumped, blind).away_fixes, 3, "without an inertial sensor it takes longer");
        assert_eq!(after(&jumped.repeat(4), blind).away_fixes, 0);
        let far = [(3000.0, 0.0), (3002.0, 0.0), (2999.0, 0.0)];
        assert!(!after(&far, QUIET).vanished, "nothing moved it");
        assert!(after(&far, Signs { silent: true, ..QUIET }).vanished, "nobody could watch");
        let ridden = Signs { silent: true, rolled: true, ..QUIET };
        assert!(!after(&far, ridden).vanished, "it was ridden there");
    }

    #[test]
    fn a_drive_is_no_drift() {
        let anchor = after(&[(15.0, 5.0), (80.0, 9.0), (160.0, 9.0), (240.0, 1.0)], QUIET);
        assert_eq!((anchor.away_fixes, anchor.swift_fixes), (4, 3));
        assert!(anchor.roamed_m > 200.0 && anchor.top_speed_mps > 8.0, "{anchor:?}");
        let stays = after(&[(15.0, 5.0), (80.0, 9.0), (140.0, 0.0), (140.0, 0.0), (140.0, 0.0)], QUIET);
        assert_eq!(stays.away_fixes, 5, "where it was driven to is not its place");
    }
}
