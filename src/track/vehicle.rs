//! Everything remembered of one vehicle.

use serde::{Deserialize, Serialize};

use super::battery::{Packs, Reading};
use super::park::ParkAnchor;
use super::sequence::Sequence;
use crate::base::{Timestamp, Vin};
use crate::model::{Event, Report};

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
    /// How its packs behaved.
    #[serde(default)]
    pub packs: Packs,
}

impl Track {
    /// A vehicle of which nothing is known.
    #[must_use]
    pub fn new(vin: Vin, now: Timestamp) -> Self {
        Self { vin, seen: now, online: false, sequence: None, park: None, packs: Packs::default() }
    }

    /// Takes note of a report that is newer than all before; `before` is the one before it.
    pub fn follow(&mut self, report: &Report, before: Option<&Report>) {
        self.park = ParkAnchor::follow(self.park, report);
        if let Some(battery) = &report.battery {
            let last = before.and_then(Reading::of_report);
            self.packs.follow(&Reading::of(report, battery), last.as_ref());
        }
    }

    /// Takes note of a happening that is newer than all before.
    pub fn hear(&mut self, _event: &Event) {}
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
    pub const VERSION: u32 = 1;
}
