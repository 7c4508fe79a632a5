//! Several shards behind one face: the same stream of emissions, whatever their number.

use std::sync::Arc;

use super::output::Emission;
use super::setting::Setting;
use super::world::{Shard, World};
use crate::base::{Timestamp, Vin};
use crate::model::{Command, Kind};

/// All shards of a fleet.
#[derive(Debug)]
pub struct Fleet {
    shards: Vec<World>,
    heads: Vec<Option<Emission>>,
}

impl Fleet {
    /// Builds a fleet in `shards` parts (at least one).
    #[must_use]
    pub fn new(setting: &Arc<Setting>, shards: u32) -> Self {
        let count = shards.max(1);
        let shards: Vec<World> =
            (0..count).map(|index| World::new(Arc::clone(setting), Shard { index, count })).collect();
        let heads = shards.iter().map(|_| None).collect();
        Self { shards, heads }
    }

    /// All VINs with their numbers, in order.
    #[must_use]
    pub fn vins(&self) -> Vec<(u32, Vin)> {
        let mut vins: Vec<_> = self.shards.iter().flat_map(World::vins).collect();
        vins.sort_unstable();
        vins
    }

    /// When the fleet has to be polled next; `None` when the run is over.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let heads = self.heads.iter().flatten().map(|head| head.at);
        heads.chain(self.shards.iter().filter_map(World::next_deadline)).min()
    }

    /// Gives a vehicle a command that reached it at `now`.
    pub fn command(&mut self, now: Timestamp, vehicle: u32, command: &Command) {
        for shard in &mut self.shards {
            shard.command(now, vehicle, command);
        }
    }

    /// Lets an incident befall a vehicle from `now` on, as [`World::inject`] does.
    pub fn inject(&mut self, now: Timestamp, vehicle: u32, kind: Kind, id: u32) {
        for shard in &mut self.shards {
            shard.inject(now, vehicle, kind, id);
        }
    }

    /// The next emission of any shard that is due by `now`: by time, then by vehicle.
    pub fn poll(&mut self, now: Timestamp) -> Option<Emission> {
        // Nothing to choose from, and an emission is long.
        if let [only] = &mut self.shards[..] {
            return only.poll(now);
        }
        for (head, shard) in self.heads.iter_mut().zip(&mut self.shards) {
            if head.is_none() {
                *head = shard.poll(now);
            }
        }
        let due = self.heads.iter_mut().filter(|head| head.as_ref().is_some_and(|head| head.at <= now));
        due.min_by_key(|head| head.as_ref().map(|head| (head.at, head.vehicle)))?.take()
    }
}
