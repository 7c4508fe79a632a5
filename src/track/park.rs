//! Where a locked vehicle was left, and how far its position wanders there on its own: the place's own drift.

use serde::{Deserialize, Serialize};

use crate::base::{LatLon, Timestamp};
use crate::model::{Position, Report};

/// What one unit of HDOP is worth, metres (user range error of a single-frequency receiver).
const METRES_PER_HDOP: f64 = 2.6;
/// Fixes after which the middle of the anchor moves no faster.
const SETTLED_FIXES: u16 = 24;
/// A fix this many deviations away is not drift.
const DRIFT_SIGMAS: f64 = 4.0;
/// A fix closer than this is always taken for drift, metres.
const LEAST_DRIFT_M: f64 = 20.0;

/// The place where a vehicle was locked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ParkAnchor {
    /// Mean of the fixes taken for drift.
    pub at: LatLon,
    /// Largest distance of such a fix from the middle, slowly forgotten, metres.
    pub drift_m: f64,
    /// How many fixes it rests on.
    pub fixes: u16,
    /// Device time of the last fix that was still there.
    pub last_here: Timestamp,
    /// How far away the vehicle is now, metres; 0 while it is there.
    pub away_m: f64,
    /// Fixes in a row that were away.
    pub away_fixes: u16,
    /// The fastest it went since it left, m/s.
    pub top_speed_mps: f64,
}

impl ParkAnchor {
    /// Takes note of a report; `None` when the vehicle is in use, so that no anchor holds.
    #[must_use]
    pub fn follow(anchor: Option<Self>, report: &Report) -> Option<Self> {
        if !report.locked {
            return None;
        }
        let Some(position) = &report.position else { return anchor };
        let time = report.stamp.time;
        Some(match anchor {
            None => Self::drop_at(position, time),
            Some(anchor) => anchor.compare(position, time),
        })
    }

    fn drop_at(position: &Position, time: Timestamp) -> Self {
        Self {
            at: position.at,
            drift_m: 0.0,
            fixes: 1,
            last_here: time,
            away_m: 0.0,
            away_fixes: 0,
            top_speed_mps: 0.0,
        }
    }

    fn compare(mut self, position: &Position, time: Timestamp) -> Self {
        let distance = self.at.distance(position.at).0;
        if distance <= self.reach(position.hdop) && position.speed.0 < 2.0 {
            let weight = 1.0 / f64::from((self.fixes + 1).min(SETTLED_FIXES));
            self.at.lat += (position.at.lat - self.at.lat) * weight;
            self.at.lon += (position.at.lon - self.at.lon) * weight;
            self.drift_m = (self.drift_m * 0.998).max(distance);
            self.fixes = self.fixes.saturating_add(1).min(1000);
            self.last_here = time;
            self.away_m = 0.0;
            self.away_fixes = 0;
            self.top_speed_mps = 0.0;
        } else {
            self.away_m = distance;
            self.away_fixes = self.away_fixes.saturating_add(1);
            self.top_speed_mps = self.top_speed_mps.max(position.speed.0);
        }
        self
    }

    /// How far a fix may lie from the middle and still be drift, metres.
    #[must_use]
    pub fn reach(&self, hdop: f64) -> f64 {
        let sigma = hdop * METRES_PER_HDOP;
        (DRIFT_SIGMAS * sigma).max(1.5 * self.drift_m).max(LEAST_DRIFT_M)
    }
}
