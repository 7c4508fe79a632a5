//! Everything remembered of one vehicle.

use serde::{Deserialize, Serialize};

use super::battery::{Before, Packs, Reading};
use super::guard::{self, Guard};
use super::park::ParkAnchor;
use super::sequence::Sequence;
use crate::base::{Timestamp, Vin};
use crate::model::{Event, Position, Report};

/// What is remembered of one vehicle, besides its last report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Track {
    /// Who.
    pub vin: Vin,
    /// When it was last heard, by the collector's clock.
    #[serde(rename = "seen_ms")]
    pub seen: Timestamp,
    /// Whether it is connected, as far as its presence tells.
    pub online: bool,
    /// Which messages came; `None` before the first with a number.
    pub sequence: Option<Sequence>,
    /// Where it was locked.
    pub park: Option<ParkAnchor>,
    /// What happened to it since.
    pub theft: Guard,
    /// How its packs behaved; unknown of one that was stored before this was remembered.
    #[serde(default)]
    pub packs: Packs,
}

impl Track {
    /// A vehicle of which nothing is known.
    #[must_use]
    pub fn new(vin: Vin, now: Timestamp) -> Self {
        Self {
            vin,
            seen: now,
            online: false,
            sequence: None,
            park: None,
            theft: Guard::default(),
            packs: Packs::default(),
        }
    }

    /// Takes note of a report that is newer than all before and has just been heard; `before` is what the one before it said
    /// of the pack.
    pub fn follow(&mut self, report: &Report, before: Option<&Before>) {
        let fix = self.theft.follow(report, self.seen);
        self.anchor(fix, guard::seconds(report.stamp.time));
        if let Some(battery) = &report.battery {
            let now = Reading::of(report, battery);
            let last = before.map(|before| Reading::before(before, (now.pack, battery)));
            self.packs.follow(&now, last.as_ref());
        } else {
            self.packs.miss(guard::seconds(report.stamp.time), !report.link.backup_power);
        }
    }

    /// Holds a fix against the place where it was left.
    fn anchor(&mut self, fix: Option<Position>, now_s: u32) {
        if !self.theft.is_armed() {
            // In use: whatever moves it is its owner.
            self.park = None;
            return;
        }
        let Some(fix) = fix else { return };
        let here = self.park.as_ref().is_none_or(|park| park.away_fixes == 0);
        let Some(park) = self.park.as_mut().filter(|_| !(here && self.theft.jumped)) else {
            self.park = Some(ParkAnchor::drop_at(&fix, now_s));
            return;
        };
        park.compare(&fix, now_s, self.theft.signs(park.last_here_s));
        if park.away_fixes == 0 {
            self.theft.stay();
        }
    }

    /// Takes note of a happening that is newer than all before.
    pub fn hear(&mut self, event: &Event) {
        self.theft.hear(event);
        if !self.theft.is_armed() {
            self.park = None;
        }
    }
}

/// A vehicle's memory in the form in which it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    /// Version of this form.
    pub version: u32,
    /// What is remembered.
    pub track: Track,
    /// The last report.
    pub report: Option<Report>,
}

impl Saved {
    /// The version that this code writes and reads.
    pub const VERSION: u32 = 3;
}

#[cfg(test)]
mod tests {
    use crate::track::{Brief, Entry};

    /// What a vehicle with 16 cells costs about which nothing is odd, without its last report and the index, and with it.
    #[test]
    fn a_vehicle_costs_few_bytes() {
        let entry = size_of::<Entry>();
        let state = entry - size_of::<Option<Brief>>();
        assert!(state <= 300 && entry <= 416, "{state} bytes, {entry} with the last report");
    }
}
