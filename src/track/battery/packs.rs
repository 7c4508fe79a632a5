//! The packs of a vehicle: the one in it, and the one before it, because couriers alternate between two.

use serde::{Deserialize, Serialize};

use super::features::PackFeatures;
use super::reading::Reading;

/// The packs of a vehicle.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Packs {
    now: Option<Box<PackFeatures>>,
    before: Option<Box<PackFeatures>>,
}

impl Packs {
    /// Takes note of a reading; `last` is the vehicle's reading before.
    pub fn follow(&mut self, now: &Reading, last: Option<&Reading>) {
        if self.now.as_ref().is_none_or(|pack| pack.pack != now.pack) {
            std::mem::swap(&mut self.now, &mut self.before);
        }
        let pack = match &mut self.now {
            Some(pack) if pack.pack == now.pack => pack,
            other => other.insert(Box::new(PackFeatures::new(now))),
        };
        pack.follow(now, last);
    }

    /// What is remembered of the pack in the vehicle; `None` before its first reading.
    #[must_use]
    pub fn present(&self) -> Option<&PackFeatures> {
        self.now.as_deref()
    }
}
