//! The way of commands back to a simulated fleet in virtual time, in the order of things whatever the number of shards.

use std::collections::VecDeque;
use std::time::Duration;

use crate::base::Timestamp;
use crate::model::Command;
use crate::sim::{Emission, Fleet};

/// From the collector's decision to the vehicle's obedience: broker, mobile network, a modem that has just said something and
/// still listens (**assumed**; it takes seconds when it sleeps).
const LATENCY: Duration = Duration::from_millis(500);
/// Vehicles may be woken so far ahead of the next message: no command caused by it can reach them earlier.
const AHEAD: Duration = Duration::from_millis(499);

/// Commands on their way.
#[derive(Debug, Default)]
pub struct Downlink {
    under_way: VecDeque<(Timestamp, u32, Command)>,
}

impl Downlink {
    /// Sends a command to a vehicle.
    pub fn send(&mut self, now: Timestamp, vehicle: u32, command: Command) {
        self.under_way.push_back((now + LATENCY, vehicle, command));
    }

    /// The next emission of a fleet, which is given the commands that reach it before; `None` when the run is over.
    pub fn poll(&mut self, fleet: &mut Fleet) -> Option<Emission> {
        loop {
            let next = fleet.next_deadline();
            let due = self.under_way.front().map(|(due, ..)| *due);
            if let Some(due) = due
                && next.is_none_or(|next| due <= next)
                && let Some((_, vehicle, command)) = self.under_way.pop_front()
            {
                fleet.command(due, vehicle, &command);
                continue;
            }
            let horizon = (next? + AHEAD).min(due.unwrap_or(Timestamp::NEVER));
            if let Some(emission) = fleet.poll(horizon) {
                return Some(emission);
            }
        }
    }
}
