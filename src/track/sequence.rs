//! Which messages of a vehicle have arrived, by their numbers: what is new, late, double or missing.

use serde::{Deserialize, Serialize};

use crate::base::Timestamp;
use crate::model::Stamp;

/// How many numbers back a late message is still told from a double one.
const WINDOW: u32 = 64;

/// The numbers seen in the present boot of a vehicle.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sequence {
    boot: u32,
    highest: u32,
    /// Bit n: the number `highest − n` has been seen.
    seen: u64,
    newest: Timestamp,
}

/// How a message stands to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Arrival {
    /// Newer than all before; so many between are missing.
    New {
        /// Numbers skipped.
        missing: u32,
    },
    /// Missed before, here now.
    Late,
    /// Seen before.
    Duplicate,
    /// From an earlier boot or too long ago to tell.
    Stale,
}

impl Sequence {
    /// Begins with the first message ever seen of a vehicle: what was before it is not counted as missing.
    #[must_use]
    pub fn starting(stamp: &Stamp) -> Self {
        Self { boot: stamp.boot, highest: stamp.seq, seen: 1, newest: stamp.time }
    }

    /// Begins with a presence message that says how far the numbers are.
    #[must_use]
    pub fn at(boot: u32, highest: u32) -> Self {
        Self { boot, highest, seen: u64::MAX, newest: Timestamp(i64::MIN) }
    }

    /// Takes note of a message.
    pub fn observe(&mut self, stamp: &Stamp) -> Arrival {
        if stamp.boot != self.boot {
            // A device that lost its counter starts lower; its clock tells that it is not an old message.
            if stamp.boot < self.boot && stamp.time <= self.newest {
                return Arrival::Stale;
            }
            // A new boot counts from 1, so what is below its first message is missing.
            let missing = stamp.seq.saturating_sub(1);
            *self = Self { seen: 1, ..Self::starting(stamp) };
            return Arrival::New { missing };
        }
        if stamp.seq > self.highest {
            let ahead = stamp.seq - self.highest;
            self.seen = self.seen.checked_shl(ahead).unwrap_or(0) | 1;
            self.highest = stamp.seq;
            self.newest = self.newest.max(stamp.time);
            return Arrival::New { missing: ahead - 1 };
        }
        let back = self.highest - stamp.seq;
        if back >= WINDOW {
            return Arrival::Stale;
        }
        let bit = 1u64 << back;
        if self.seen & bit != 0 {
            return Arrival::Duplicate;
        }
        self.seen |= bit;
        Arrival::Late
    }

    /// Takes note that the vehicle has handed over everything up to `seq` of `boot`; the answer is how many of them are
    /// newly known to be missing.
    pub fn expect(&mut self, boot: u32, seq: u32) -> u32 {
        if boot > self.boot {
            *self = Self { newest: self.newest, ..Self::at(boot, seq) };
            return 0;
        }
        if boot < self.boot || seq <= self.highest {
            return 0;
        }
        let ahead = seq - self.highest;
        self.seen = self.seen.checked_shl(ahead).unwrap_or(0);
        self.highest = seq;
        ahead
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(boot: u32, seq: u32) -> Stamp {
        let time = Timestamp(i64::from(boot) * 1_000_000 + i64::from(seq));
        Stamp { vin: "LZLEMTA20T0000001".parse().unwrap(), boot, seq, time }
    }

    #[test]
    fn gaps_late_and_double_messages_are_told_apart() {
        let mut sequence = Sequence::starting(&stamp(1, 10));
        assert_eq!(sequence.observe(&stamp(1, 11)), Arrival::New { missing: 0 });
        assert_eq!(sequence.observe(&stamp(1, 14)), Arrival::New { missing: 2 });
        assert_eq!(sequence.observe(&stamp(1, 12)), Arrival::Late);
        assert_eq!(sequence.observe(&stamp(1, 12)), Arrival::Duplicate);
        assert_eq!(sequence.observe(&stamp(1, 14)), Arrival::Duplicate);
        assert_eq!(sequence.observe(&stamp(1, 300)), Arrival::New { missing: 285 });
        assert_eq!(sequence.observe(&stamp(1, 13)), Arrival::Stale);
    }

    #[test]
    fn a_new_boot_counts_from_one() {
        let mut sequence = Sequence::starting(&stamp(5, 100));
        assert_eq!(sequence.observe(&stamp(6, 3)), Arrival::New { missing: 2 });
        assert_eq!(sequence.observe(&stamp(5, 101)), Arrival::Stale);
        // Its counter was reset, but its clock is ahead: not locked out.
        let reset = Stamp { boot: 1, time: Timestamp(99_000_000), ..stamp(1, 1) };
        assert_eq!(sequence.observe(&reset), Arrival::New { missing: 0 });
    }

    #[test]
    fn presence_tells_what_is_missing() {
        let mut sequence = Sequence::at(7, 0);
        assert_eq!(sequence.observe(&stamp(7, 2)), Arrival::New { missing: 1 });
        assert_eq!(sequence.expect(7, 5), 3);
        assert_eq!(sequence.expect(7, 5), 0);
        assert_eq!(sequence.observe(&stamp(7, 4)), Arrival::Late);
        assert_eq!(sequence.expect(8, 0), 0);
        assert_eq!(sequence.observe(&stamp(8, 1)), Arrival::New { missing: 0 });
    }
}
