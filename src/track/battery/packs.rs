//! The packs of a vehicle: the one in it, and the one before it, because couriers alternate between two.

use serde::{Deserialize, Serialize};

use super::features::PackFeatures;
use super::reading::Reading;

/// The packs of a vehicle.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Packs {
    /// In place, because nearly every vehicle has one.
    pub(in crate::track) now: Option<PackFeatures>,
    pub(in crate::track) before: Option<Box<PackFeatures>>,
    /// Device time of the first report in a row without a reading, s; 0 when the last one had one.
    #[serde(default)]
    pub(in crate::track) unanswered_s: u32,
}

impl Packs {
    /// Takes note of a reading; `last` is the vehicle's reading before.
    pub fn follow(&mut self, now: &Reading, last: Option<&Reading>) {
        if self.now.as_ref().is_none_or(|pack| pack.pack != now.pack) {
            self.exchange();
        }
        let pack = match &mut self.now {
            Some(pack) if pack.pack == now.pack => pack,
            other => other.insert(PackFeatures::new(now)),
        };
        pack.follow(now, last);
        self.unanswered_s = 0;
    }

    /// Puts the one before in the place of the one in it, and the other way round.
    fn exchange(&mut self) {
        match (self.now.take(), &mut self.before) {
            (Some(left), Some(room)) => self.now = Some(std::mem::replace(room, left)),
            (left, _) => {
                self.now = self.before.take().map(|pack| *pack);
                self.before = left.map(Box::new);
            }
        }
    }

    /// Takes note of a report without a reading, device time in seconds; of one that lives on its backup cell there is no
    /// pack to answer.
    pub fn miss(&mut self, now_s: u32, powered: bool) {
        if !powered {
            self.unanswered_s = 0;
        } else if self.unanswered_s == 0 {
            self.unanswered_s = now_s;
        }
    }

    /// For how long reports have had no reading, s, from the first of them; 0 when the last one had one. Silence before the
    /// first does not count: nobody knows whether the management would have answered.
    #[must_use]
    pub fn unanswered_for_s(&self, now_s: u32) -> u32 {
        if self.unanswered_s == 0 { 0 } else { now_s.saturating_sub(self.unanswered_s) }
    }

    /// What is remembered of the pack in the vehicle; `None` before its first reading.
    #[must_use]
    pub fn present(&self) -> Option<&PackFeatures> {
        self.now.as_ref()
    }
}
