//! All vehicles side by side, found by VIN or by number.

use std::collections::HashMap;

use super::vehicle::{Saved, Track};
use crate::base::{Timestamp, Vin};
use crate::model::Report;

/// The number of a vehicle in its slab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VehicleId(pub u32);

/// A vehicle: what is remembered and what it said last.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What is remembered.
    pub track: Track,
    /// The last report, the newest by its number.
    pub report: Option<Report>,
}

/// All vehicles.
#[derive(Debug)]
pub struct Slab {
    entries: Vec<Entry>,
    index: HashMap<Vin, VehicleId>,
    limit: usize,
}

impl Slab {
    /// Room for at most `limit` vehicles.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { entries: Vec::new(), index: HashMap::new(), limit }
    }

    /// The number of a vehicle, which is entered if it is new; `None` when there is no room.
    pub fn enter(&mut self, vin: Vin, now: Timestamp) -> Option<VehicleId> {
        if let Some(id) = self.index.get(&vin) {
            return Some(*id);
        }
        self.push(Entry { track: Track::new(vin, now), report: None })
    }

    fn push(&mut self, entry: Entry) -> Option<VehicleId> {
        if self.entries.len() >= self.limit {
            return None;
        }
        let id = VehicleId(self.entries.len() as u32);
        self.index.insert(entry.track.vin, id);
        self.entries.push(entry);
        Some(id)
    }

    /// Puts back a vehicle as it was saved; false when there is no room or it is there already.
    pub fn restore(&mut self, saved: Saved) -> bool {
        !self.index.contains_key(&saved.track.vin)
            && self.push(Entry { track: saved.track, report: saved.report }).is_some()
    }

    /// A vehicle by its number.
    #[must_use]
    pub fn get(&self, id: VehicleId) -> &Entry {
        &self.entries[id.0 as usize]
    }

    /// A vehicle by its number, to change it.
    pub fn get_mut(&mut self, id: VehicleId) -> &mut Entry {
        &mut self.entries[id.0 as usize]
    }

    /// The number of a known vehicle.
    #[must_use]
    pub fn find(&self, vin: Vin) -> Option<VehicleId> {
        self.index.get(&vin).copied()
    }

    /// All vehicles in the order in which they appeared.
    pub fn iter(&self) -> impl Iterator<Item = (VehicleId, &Entry)> {
        self.entries.iter().enumerate().map(|(number, entry)| (VehicleId(number as u32), entry))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
