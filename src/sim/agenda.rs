//! Who has to be looked at next: a heap of (when, which vehicle). A vehicle may stand in it more than once, when its next
//! wake-up has changed: whoever takes an entry asks the vehicle whether it still holds.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::base::Timestamp;

/// The vehicles in the order of their next wake-up; ties go by number, so that the order is the same everywhere.
#[derive(Debug, Default)]
pub struct Agenda(BinaryHeap<Reverse<(Timestamp, u32)>>);

impl Agenda {
    /// Enters a vehicle.
    pub fn enter(&mut self, when: Timestamp, vehicle: u32) {
        if when < Timestamp::NEVER {
            self.0.push(Reverse((when, vehicle)));
        }
    }

    /// The time of the next wake-up.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.0.peek().map(|Reverse((when, _))| *when)
    }

    /// Takes out the next wake-up if it is due by `now`.
    pub fn take(&mut self, now: Timestamp) -> Option<(Timestamp, u32)> {
        if self.next()? > now {
            return None;
        }
        self.0.pop().map(|Reverse(entry)| entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_out_by_time_then_number() {
        let mut agenda = Agenda::default();
        for (when, vehicle) in [(20, 1), (10, 2), (10, 1), (30, 0)] {
            agenda.enter(Timestamp(when), vehicle);
        }
        agenda.enter(Timestamp::NEVER, 9);
        let out: Vec<_> = std::iter::from_fn(|| agenda.take(Timestamp(25))).map(|(at, v)| (at.0, v)).collect();
        assert_eq!(out, [(10, 1), (10, 2), (20, 1)]);
        assert_eq!(agenda.next(), Some(Timestamp(30)));
    }
}
