//! Which messages of a vehicle have arrived, by their numbers: what is new, late, double or missing.

use serde::{Deserialize, Serialize};

use crate::base::Timestamp;
use crate::model::Stamp;

/// How many numbers back a late message is still told from a double one.
const WINDOW: u32 = 64;

/// The numbers seen in one boot.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Numbers {
    pub(super) boot: u32,
    pub(super) highest: u32,
    /// Bit n: the number `highest − n` has been seen.
    pub(super) seen: u64,
}

impl Numbers {
    /// Takes note of a number that is not above the highest.
    fn place(&mut self, seq: u32) -> Arrival {
        let back = self.highest - seq;
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

    /// Takes note of a number above the highest; the answer is by how much.
    fn raise(&mut self, seq: u32) -> u32 {
        let ahead = seq - self.highest;
        self.seen = self.seen.checked_shl(ahead).unwrap_or(0);
        self.highest = seq;
        ahead
    }
}

/// The numbers seen of a vehicle: in its present boot and in the one before, because two devices under one name take turns.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sequence {
    #[serde(flatten)]
    pub(super) present: Numbers,
    pub(super) newest: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) other: Option<Numbers>,
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
        let present = Numbers { boot: stamp.boot, highest: stamp.seq, seen: 1 };
        Self { present, newest: stamp.time, other: None }
    }

    /// Begins with a presence message that says how far the numbers are.
    #[must_use]
    pub fn at(boot: u32, highest: u32) -> Self {
        let present = Numbers { boot, highest, seen: u64::MAX };
        Self { present, newest: Timestamp(i64::MIN), other: None }
    }

    /// The present boot and its highest number.
    #[must_use]
    pub fn head(&self) -> (u32, u32) {
        (self.present.boot, self.present.highest)
    }

    /// Takes note of a message.
    pub fn observe(&mut self, stamp: &Stamp) -> Arrival {
        if stamp.boot != self.present.boot {
            // A device that lost its counter starts lower; its clock tells that it is not an old message.
            let old = stamp.boot < self.present.boot && stamp.time <= self.newest;
            match &mut self.other {
                Some(other) if other.boot == stamp.boot && stamp.seq <= other.highest => return other.place(stamp.seq),
                _ if old => return Arrival::Stale,
                Some(other) if other.boot == stamp.boot => std::mem::swap(&mut self.present, other),
                Some(_) | None => {
                    // A new boot counts from 1, so what is below its first message is missing.
                    *self = Self { other: Some(self.present), ..Self::starting(stamp) };
                    return Arrival::New { missing: stamp.seq.saturating_sub(1) };
                }
            }
        }
        if stamp.seq > self.present.highest {
            let ahead = self.present.raise(stamp.seq);
            self.present.seen |= 1;
            self.newest = self.newest.max(stamp.time);
            return Arrival::New { missing: ahead - 1 };
        }
        self.present.place(stamp.seq)
    }

    /// Takes note of a message that was too old to place, and is welcome all the same because somebody remembers the gap
    /// that it fills.
    pub fn admit(&mut self, stamp: &Stamp) {
        let of_boot = std::iter::once(&mut self.present).chain(&mut self.other);
        for numbers in of_boot.filter(|numbers| numbers.boot == stamp.boot && stamp.seq > numbers.highest) {
            numbers.raise(stamp.seq);
            numbers.seen |= 1;
        }
    }

    /// Takes note that the vehicle has handed over everything up to `seq` of `boot`; the answer is how many of them are
    /// newly known to be missing.
    pub fn expect(&mut self, boot: u32, seq: u32) -> u32 {
        if boot > self.present.boot {
            *self = Self { newest: self.newest, other: Some(self.present), ..Self::at(boot, seq) };
            return 0;
        }
        if boot < self.present.boot || seq <= self.present.highest {
            return 0;
        }
        self.present.raise(seq)
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
    fn two_devices_under_one_name_have_numbers_of_their_own() {
        let mut sequence = Sequence::starting(&stamp(1, 10));
        let at = |boot, seq, time| Stamp { time: Timestamp(time), ..stamp(boot, seq) };
        assert_eq!(sequence.observe(&at(2, 1, 2_000_000)), Arrival::New { missing: 0 });
        assert_eq!(sequence.observe(&at(1, 12, 2_000_001)), Arrival::New { missing: 1 });
        assert_eq!(sequence.observe(&at(2, 2, 2_000_002)), Arrival::New { missing: 0 });
        assert_eq!(sequence.observe(&at(1, 12, 2_000_001)), Arrival::Duplicate);
        assert_eq!(sequence.observe(&at(1, 11, 2_000_000)), Arrival::Late);
        assert_eq!(sequence.observe(&at(1, 13, 2_000_000)), Arrival::Stale, "it is older than what is known");
        sequence.admit(&at(1, 13, 2_000_000));
        assert_eq!(sequence.observe(&at(1, 13, 2_000_000)), Arrival::Duplicate, "somebody knew where it belongs");
    }

    #[test]
    fn what_was_stored_before_is_read() {
        let old = r#"{"boot":7,"highest":9,"seen":18446744073709551615,"newest":5}"#;
        let mut sequence: Sequence = serde_json::from_str(old).unwrap();
        assert_eq!(sequence.head(), (7, 9));
        assert_eq!(sequence.observe(&stamp(7, 9)), Arrival::Duplicate);
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
