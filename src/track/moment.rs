//! A time in six bytes.

use crate::base::Timestamp;

/// The first and the last that have a place of their own: a little more than 4,400 years before and after 1970.
const FIRST: i64 = -(1 << 47);
const LAST: i64 = (1 << 47) - 1;

/// A time to the millisecond; what is farther away than 4,400 years is for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment(pub(super) [u8; 6]);

impl From<Timestamp> for Moment {
    #[inline]
    fn from(time: Timestamp) -> Self {
        let [bytes @ .., _, _] = time.0.clamp(FIRST, LAST).to_le_bytes();
        Self(bytes)
    }
}

impl From<Moment> for Timestamp {
    #[inline]
    fn from(Moment([a, b, c, d, high @ ..]): Moment) -> Self {
        // In two pieces: a processor waits when it reads eight bytes at once that were just written in smaller ones.
        let low = u32::from_le_bytes([a, b, c, d]);
        match i64::from(i16::from_le_bytes(high)) << 32 | i64::from(low) {
            FIRST => Self(i64::MIN),
            LAST => Self(i64::MAX),
            ms => Self(ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_back() {
        for ms in [i64::MIN, FIRST + 1, -1, 0, 1, 65_536, 1_780_000_123_456, 4_102_444_800_000, LAST - 1, i64::MAX] {
            assert_eq!(Timestamp::from(Moment::from(Timestamp(ms))), Timestamp(ms));
        }
    }
}
