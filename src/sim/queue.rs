//! What was said and waits for its time: ordered by time, vehicle, and the order in which it was said.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::output::{Emission, Output};
use crate::base::Timestamp;

/// The order of an emission: time, vehicle, how many were said before.
type Order = (Timestamp, u32, u64);

/// Emissions that wait. The heap moves small keys; the outputs stay where they were put.
#[derive(Debug, Default)]
pub struct Queue {
    keys: BinaryHeap<Reverse<(Order, u32)>>,
    outputs: Vec<Option<Output>>,
    free: Vec<u32>,
    said: u64,
}

impl Queue {
    /// Puts in an output of a vehicle for a time.
    pub fn push(&mut self, at: Timestamp, vehicle: u32, output: Output) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.outputs.push(None);
            self.outputs.len() as u32 - 1
        });
        self.outputs[slot as usize] = Some(output);
        self.said += 1;
        self.keys.push(Reverse(((at, vehicle, self.said), slot)));
    }

    /// The time of the first.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.keys.peek().map(|Reverse(((at, ..), _))| *at)
    }

    /// Takes out the first if its time has come by `now`.
    pub fn take(&mut self, now: Timestamp) -> Option<Emission> {
        if self.next()? > now {
            return None;
        }
        let Reverse(((at, vehicle, _), slot)) = self.keys.pop()?;
        self.free.push(slot);
        let output = self.outputs[slot as usize].take()?;
        Some(Emission { at, vehicle, output })
    }
}
