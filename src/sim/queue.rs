//! What was said and waits for its time: ordered by time, vehicle, and the order in which it was said.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::output::{Emission, Output};
use crate::base::Timestamp;

/// The order of an emission: 48 bits of time, 32 of the vehicle, 48 of how many were said before, compared as one number.
type Order = i128;

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
        let order = (i128::from(at.0) << 80) | (i128::from(vehicle) << 48) | i128::from(self.said);
        self.keys.push(Reverse((order, slot)));
    }

    /// The time of the first.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.keys.peek().map(|Reverse((order, _))| Timestamp((order >> 80) as i64))
    }

    /// Takes out the first if its time has come by `now`.
    pub fn take(&mut self, now: Timestamp) -> Option<Emission> {
        if self.next()? > now {
            return None;
        }
        let Reverse((order, slot)) = self.keys.pop()?;
        self.free.push(slot);
        let output = self.outputs[slot as usize].take()?;
        Some(Emission { at: Timestamp((order >> 80) as i64), vehicle: (order >> 48) as u32, output })
    }
}
