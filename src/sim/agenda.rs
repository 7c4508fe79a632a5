//! Who has to be looked at next. A vehicle may stand in it more than once, when its next wake-up has changed: whoever
//! takes an entry asks the vehicle whether it still holds.
//!
//! A heap of a hundred thousand vehicles is climbed in seventeen steps, nearly each of which misses the caches; this was
//! a fifth of all time. So only the present eighth of a second is a heap, the next minutes are a ring of unsorted
//! buckets, and what comes later waits in a heap of its own.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::base::Timestamp;

/// How much time a bucket holds, as a power of two of milliseconds: 128 ms.
const BUCKET_BITS: u32 = 7;
/// Buckets in the ring: nearly nine minutes, more than the longest usual cadence.
const BUCKETS: i64 = 4096;

/// When, then who: compared as one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry(i128);

impl Entry {
    fn new(when: Timestamp, vehicle: u32) -> Self {
        Self((i128::from(when.0) << 32) | i128::from(vehicle))
    }

    fn when(self) -> Timestamp {
        Timestamp((self.0 >> 32) as i64)
    }

    fn vehicle(self) -> u32 {
        self.0 as u32
    }

    fn bucket(self) -> i64 {
        self.when().0 >> BUCKET_BITS
    }
}

/// The vehicles in the order of their next wake-up; ties go by number, so that the order is the same everywhere.
#[derive(Debug)]
pub struct Agenda {
    /// What falls into the present bucket or before it. Never empty unless all is.
    near: BinaryHeap<Reverse<Entry>>,
    /// The buckets after the present one, each at the low bits of its number.
    ring: Vec<Vec<Reverse<Entry>>>,
    in_ring: usize,
    far: BinaryHeap<Reverse<Entry>>,
    present: i64,
}

impl Default for Agenda {
    fn default() -> Self {
        Self {
            near: BinaryHeap::new(),
            ring: vec![Vec::new(); BUCKETS as usize],
            in_ring: 0,
            far: BinaryHeap::new(),
            present: 0,
        }
    }
}

impl Agenda {
    /// Enters a vehicle.
    pub fn enter(&mut self, when: Timestamp, vehicle: u32) {
        if when >= Timestamp::NEVER {
            return;
        }
        let entry = Entry::new(when, vehicle);
        if self.near.is_empty() {
            self.present = entry.bucket();
        }
        self.put(entry);
    }

    /// The time of the next wake-up.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.near.peek().map(|Reverse(entry)| entry.when())
    }

    /// Takes out the next wake-up if it is due by `now`.
    pub fn take(&mut self, now: Timestamp) -> Option<(Timestamp, u32)> {
        if self.next()? > now {
            return None;
        }
        let Reverse(entry) = self.near.pop()?;
        while self.near.is_empty() && (self.in_ring > 0 || !self.far.is_empty()) {
            self.turn();
        }
        Some((entry.when(), entry.vehicle()))
    }

    fn put(&mut self, entry: Entry) {
        let ahead = entry.bucket() - self.present;
        if ahead <= 0 {
            self.near.push(Reverse(entry));
        } else if ahead < BUCKETS {
            self.ring[place(entry.bucket())].push(Reverse(entry));
            self.in_ring += 1;
        } else {
            self.far.push(Reverse(entry));
        }
    }

    /// Goes on to the next bucket, or at once to the first entry of all when the ring is empty.
    fn turn(&mut self) {
        self.present = match self.far.peek() {
            Some(Reverse(first)) if self.in_ring == 0 => first.bucket(),
            Some(_) | None => self.present + 1,
        };
        while let Some(Reverse(first)) = self.far.peek().filter(|first| first.0.bucket() - self.present < BUCKETS) {
            let first = *first;
            self.far.pop();
            self.put(first);
        }
        let slot = &mut self.ring[place(self.present)];
        self.in_ring -= slot.len();
        // The memory goes round with the entries: in a steady state nothing is allocated.
        let spent = std::mem::take(&mut self.near);
        let mut ripe = std::mem::replace(slot, spent.into_vec());
        ripe.append(slot);
        self.near = BinaryHeap::from(ripe);
    }
}

/// Where a bucket stands in the ring.
fn place(bucket: i64) -> usize {
    (bucket & (BUCKETS - 1)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::{Purpose, Stream};

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

    #[test]
    fn it_keeps_the_order_of_a_heap() {
        let mut stream = Stream::new(4, 0, Purpose::Trips);
        let (mut agenda, mut heap) = (Agenda::default(), BinaryHeap::new());
        let mut now = 1_780_000_000_000;
        for round in 0..60_000 {
            // Some at once, some within the ring, some far beyond it.
            let ahead = stream.exponential([40.0, 5_000.0, 300_000.0, 3_000_000.0][round % 4]) as i64;
            let entry = (Timestamp(now + ahead), stream.index(50) as u32);
            agenda.enter(entry.0, entry.1);
            heap.push(Reverse(entry));
            while heap.len() > 200 {
                let Reverse(first) = heap.pop().unwrap();
                assert_eq!(agenda.next(), Some(first.0));
                assert_eq!(agenda.take(Timestamp(first.0.0 - 1)), None);
                assert_eq!(agenda.take(first.0), Some(first));
                now = first.0.0;
            }
        }
        let rest: Vec<_> = std::iter::from_fn(|| agenda.take(Timestamp::NEVER)).collect();
        assert_eq!(rest.len(), heap.len());
        assert!(rest.is_sorted());
    }
}
