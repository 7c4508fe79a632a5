//! The world: the vehicles of one shard, woken in order of time. Pass `now`, take outputs until there is none, sleep
//! until the next deadline.

use std::sync::Arc;

use super::agenda::Agenda;
use super::incident::asked_for;
use super::output::{Emission, Output};
use super::queue::Queue;
use super::setting::Setting;
use super::vehicle::Vehicle;
use crate::base::{Timestamp, Vin};
use crate::model::{Command, Kind};

/// Which part of the fleet a world simulates: the vehicles whose number leaves `index` when divided by `count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// From 0.
    pub index: u32,
    /// At least 1.
    pub count: u32,
}

impl Shard {
    /// All vehicles.
    pub const WHOLE: Self = Self { index: 0, count: 1 };
}

/// The vehicles of one shard.
#[derive(Debug)]
pub struct World {
    setting: Arc<Setting>,
    shard: Shard,
    vehicles: Vec<Vehicle>,
    /// When each has to be woken next. Kept beside them, so that an old entry of the agenda costs no look at a vehicle.
    due: Vec<Timestamp>,
    agenda: Agenda,
    waiting: Queue,
    said: Vec<Output>,
    finished: bool,
}

impl World {
    /// Builds the vehicles of a shard.
    #[must_use]
    pub fn new(setting: Arc<Setting>, shard: Shard) -> Self {
        let numbers = (shard.index..setting.scenario.vehicles).step_by(shard.count.max(1) as usize);
        let vehicles: Vec<Vehicle> = numbers.map(|number| Vehicle::build(number, &setting)).collect();
        let mut agenda = Agenda::default();
        let due: Vec<Timestamp> = vehicles.iter().map(Vehicle::next_wake).collect();
        for (slot, when) in due.iter().enumerate() {
            agenda.enter(*when, slot as u32);
        }
        Self { setting, shard, vehicles, due, agenda, waiting: Queue::default(), said: Vec::new(), finished: false }
    }

    /// What all vehicles share.
    #[must_use]
    pub fn setting(&self) -> &Setting {
        &self.setting
    }

    /// The VINs of the shard, in order of their numbers.
    pub fn vins(&self) -> impl Iterator<Item = (u32, Vin)> + '_ {
        self.vehicles.iter().map(|vehicle| (vehicle.number(), vehicle.vin()))
    }

    /// When the world has to be polled next; `None` when the run is over.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let sending = self.waiting.next();
        let waking = self.agenda.next().filter(|_| !self.finished).map(|next| next.min(self.setting.end));
        [sending, waking].into_iter().flatten().min()
    }

    /// The next output that is due by `now`, or `None`.
    pub fn poll(&mut self, now: Timestamp) -> Option<Emission> {
        loop {
            // Everybody who could still say something earlier is woken first.
            let sending = self.waiting.next().unwrap_or(Timestamp::NEVER);
            if self.wake_next(now.min(sending)) {
                continue;
            }
            return self.waiting.take(now);
        }
    }

    /// Gives a vehicle of this shard a command that reached it at `now`; others are passed over.
    pub fn command(&mut self, now: Timestamp, vehicle: u32, command: &Command) {
        let now = now.min(self.setting.end);
        if self.finished || vehicle % self.shard.count != self.shard.index {
            return;
        }
        let slot = vehicle / self.shard.count;
        let Some(body) = self.vehicles.get_mut(slot as usize) else { return };
        body.obey(&self.setting, now, command, &mut self.said);
        self.enter(slot);
        self.queue_said(now, slot);
    }

    /// Lets incident `id` befall a vehicle of this shard from `now` on, as soon as it stands still and nothing else befalls
    /// it; others are passed over.
    pub fn inject(&mut self, now: Timestamp, vehicle: u32, kind: Kind, id: u32) {
        let now = now.min(self.setting.end);
        if self.finished || vehicle % self.shard.count != self.shard.index {
            return;
        }
        let slot = vehicle / self.shard.count;
        let Some(body) = self.vehicles.get_mut(slot as usize) else { return };
        body.expect(asked_for(now, kind, id));
        self.enter(slot);
    }

    /// Wakes the next vehicle that is due by `now`; false when there is none.
    fn wake_next(&mut self, now: Timestamp) -> bool {
        if self.finished {
            return false;
        }
        let end = self.setting.end;
        if let Some((due, slot)) = self.agenda.take(now.min(end)) {
            // A command may have entered it anew with another time.
            if self.due[slot as usize] != due {
                return true;
            }
            self.vehicles[slot as usize].wake(&self.setting, due, &mut self.said);
            self.enter(slot);
            self.queue_said(due, slot);
            return true;
        }
        if now < end {
            return false;
        }
        self.finished = true;
        for slot in 0..self.vehicles.len() {
            self.vehicles[slot].finish(&self.setting, end, &mut self.said);
            self.vehicles[slot].hang_up(end, &mut self.said);
            self.queue_said(end, slot as u32);
        }
        true
    }

    /// Enters a vehicle for its next wake-up.
    fn enter(&mut self, slot: u32) {
        let when = self.vehicles[slot as usize].next_wake();
        self.due[slot as usize] = when;
        self.agenda.enter(when, slot);
    }

    /// Puts what a vehicle said into the queue, each at its time.
    fn queue_said(&mut self, now: Timestamp, slot: u32) {
        let number = self.shard.index + slot * self.shard.count;
        let mut said = std::mem::take(&mut self.said);
        for output in said.drain(..) {
            let at = match output {
                Output::Report(_) | Output::Event(_) | Output::Reply(_) | Output::Backlog(_) => {
                    self.vehicles[slot as usize].transmit(&self.setting, now)
                }
                Output::Network(_) | Output::IncidentBegan(_) | Output::IncidentEnded(_) => now,
            };
            self.waiting.push(at, number, output);
        }
        self.said = said;
    }
}
