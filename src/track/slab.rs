//! All vehicles side by side, found by VIN or by number.

use std::hash::BuildHasher;

use foldhash::quality::RandomState;
use hashbrown::HashTable;

use super::entry::Entry;
use super::vehicle::Saved;
use crate::base::{Timestamp, Vin};

/// The number of a vehicle in its slab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VehicleId(pub u32);

/// All vehicles.
#[derive(Debug)]
pub struct Slab {
    entries: Vec<Entry>,
    /// Their numbers by their VINs, which stand in the entries: at most 11 bytes a vehicle.
    index: HashTable<u32>,
    /// Seeded at random: whoever chooses VINs cannot choose where they go.
    hasher: RandomState,
    limit: usize,
}

impl Slab {
    /// Room for at most `limit` vehicles.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { entries: Vec::new(), index: HashTable::new(), hasher: RandomState::default(), limit }
    }

    /// The number of a vehicle, which is entered if it is new; `None` when there is no room.
    pub fn enter(&mut self, vin: Vin, now: Timestamp) -> Option<VehicleId> {
        self.find(vin).or_else(|| self.push(Entry::new(vin, now)))
    }

    fn push(&mut self, entry: Entry) -> Option<VehicleId> {
        if self.entries.len() >= self.limit {
            return None;
        }
        let number = self.entries.len() as u32;
        let hash = self.hasher.hash_one(entry.vin());
        self.entries.push(entry);
        let (entries, hasher) = (&self.entries, &self.hasher);
        self.index.insert_unique(hash, number, |number| hasher.hash_one(entries[*number as usize].vin()));
        Some(VehicleId(number))
    }

    /// Puts back a vehicle as it was saved; false when there is no room or it is there already.
    pub fn restore(&mut self, saved: Saved) -> bool {
        self.find(saved.track.vin).is_none() && self.push(Entry::of(saved.track, saved.report.as_ref())).is_some()
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
        let same = |number: &u32| self.entries[*number as usize].vin() == vin;
        self.index.find(self.hasher.hash_one(vin), same).copied().map(VehicleId)
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
