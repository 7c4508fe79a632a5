//! A time in six bytes.

use crate::base::Timestamp;

/// The first and the last that have a place of their own: a little more than 4,400 years before and after 1970.
const FIRST: i64 = -(1 << 47);
const LAST: i64 = (1 << 47) - 1;

/// A time to the millisecond; what is farther away than 4,400 years is for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment(pub(super) [u8; 6]);

impl From<Timestamp> for Moment {
    fn from(time: Timestamp) -> Self {
        let [bytes @ .., _, _] = time.0.clamp(FIRST, LAST).to_le_bytes();
        Self(bytes)
    }
}

impl From<Moment> for Timestamp {
    fn from(Moment(bytes): Moment) -> Self {
        let mut whole = [0; 8];
        whole[2..].copy_from_slice(&bytes);
        match i64::from_le_bytes(whole) >> 16 {
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
