//! Loss, doubles and re-ordering of what is received, by each vehicle's sequence numbers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::{Timestamp, Vin};
use crate::model::Stamp;
use crate::track::sequence::{Arrival, Sequence};

/// What was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Received {
    /// All messages.
    pub total: u64,
    /// Those with numbers, each counted once.
    pub distinct: u64,
    /// Numbers skipped and not seen since.
    pub missing: u64,
    /// Numbers seen twice.
    pub duplicates: u64,
    /// Numbers that came after later ones.
    pub reordered: u64,
}

impl Received {
    /// Adds what another tally received.
    pub fn add(&mut self, other: &Self) {
        self.total += other.total;
        self.distinct += other.distinct;
        self.missing += other.missing;
        self.duplicates += other.duplicates;
        self.reordered += other.reordered;
    }
}

/// Who numbers: receiver, run and vehicle.
pub type Source = (u32, u32, u32);

/// The numbers seen of each vehicle.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Another process needs no more than what they add up to.
    #[serde(skip)]
    sources: BTreeMap<Source, Sequence>,
    /// What was received.
    pub received: Received,
}

impl Tally {
    /// Takes note of number `seq` of a vehicle. With `from_first`, numbers below the first one seen are missing, too.
    pub fn observe(&mut self, source: Source, seq: u32, from_first: bool) {
        // The sequence keeps boots apart; here each run of a vehicle is a source of its own.
        let stamp = Stamp { vin: nobody(), boot: 1, seq, time: Timestamp(0) };
        let received = &mut self.received;
        received.total += 1;
        let mut begun = None;
        let sequence = self.sources.entry(source).or_insert_with(|| {
            let first = if from_first { Sequence::at(1, 0) } else { Sequence::starting(&stamp) };
            begun = Some(first);
            first
        });
        if begun.is_some() && !from_first {
            received.distinct += 1;
            return;
        }
        match sequence.observe(&stamp) {
            Arrival::New { missing } => {
                received.distinct += 1;
                received.missing += u64::from(missing);
            }
            Arrival::Late => {
                received.distinct += 1;
                received.reordered += 1;
                received.missing = received.missing.saturating_sub(1);
            }
            // So late that it cannot be told from a double: most often a late one (assumed).
            Arrival::Stale => received.reordered += 1,
            Arrival::Duplicate => received.duplicates += 1,
        }
    }
}

/// A VIN for numbers that are nobody's.
fn nobody() -> Vin {
    const NOBODY: &[u8; 17] = b"00000000000000000";
    Vin::from_bytes(NOBODY).unwrap_or_else(|_| unreachable!("seventeen digits are a VIN"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(numbers: &[u32], from_first: bool) -> Received {
        let mut tally = Tally::default();
        for seq in numbers {
            tally.observe((0, 1, 2), *seq, from_first);
        }
        tally.received
    }

    #[test]
    fn gaps_doubles_and_late_ones_are_told_apart() {
        let received = |total, distinct, missing, duplicates, reordered| Received {
            total,
            distinct,
            missing,
            duplicates,
            reordered,
        };
        assert_eq!(of(&[1, 2, 3], true), received(3, 3, 0, 0, 0));
        assert_eq!(of(&[1, 4, 5], true), received(3, 3, 2, 0, 0));
        assert_eq!(of(&[1, 3, 2, 4], true), received(4, 4, 0, 0, 1));
        assert_eq!(of(&[1, 2, 2, 3], true), received(4, 3, 0, 1, 0));
        assert_eq!(of(&[3, 4], true), received(2, 2, 2, 0, 0));
        assert_eq!(of(&[3, 4], false), received(2, 2, 0, 0, 0));
    }

    #[test]
    fn vehicles_and_runs_are_counted_apart() {
        let mut tally = Tally::default();
        for source in [(0, 1, 1), (0, 1, 2), (0, 2, 1), (1, 1, 1)] {
            tally.observe(source, 1, true);
        }
        assert_eq!((tally.received.distinct, tally.received.duplicates), (4, 0));
    }
}
