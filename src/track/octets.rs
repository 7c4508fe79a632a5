//! Writing and reading numbers in as few bytes as they need, without the heap.

use crate::base::units::nearest;

/// How many of the usual steps of a quantity are one: a divisor of 1,000.
pub(super) type Steps = f64;

/// Whether two numbers are the same to the last bit.
fn same(one: f64, other: f64) -> bool {
    one.to_bits() == other.to_bits()
}

/// Writes into so many bytes.
#[derive(Debug)]
pub(super) struct Pen<const ROOM: usize> {
    bytes: [u8; ROOM],
    at: usize,
    sound: bool,
    narrow: bool,
}

impl<const ROOM: usize> Pen<ROOM> {
    /// Decimals take two bytes each if they are `narrow`, in the step in which they are usually said.
    pub(super) fn new(narrow: bool) -> Self {
        Self { bytes: [0; ROOM], at: 0, sound: true, narrow }
    }

    /// What was written, if it fits and is exact.
    pub(super) fn end(self) -> Option<[u8; ROOM]> {
        self.sound.then_some(self.bytes)
    }

    /// Bytes as they are.
    #[inline]
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        let end = self.at + bytes.len();
        match self.bytes.get_mut(self.at..end) {
            Some(room) => {
                room.copy_from_slice(bytes);
                self.at = end;
            }
            None => self.sound = false,
        }
    }

    /// Room for so many bytes.
    #[inline]
    pub(super) fn room(&mut self, count: usize) -> &mut [u8] {
        let (at, end) = (self.at, self.at + count);
        if end > ROOM {
            self.sound = false;
            return &mut [];
        }
        self.at = end;
        &mut self.bytes[at..end]
    }

    /// A number, small ones in one byte.
    #[inline]
    pub(super) fn whole(&mut self, number: u64) {
        if number < 0x80 {
            self.bytes(&[number as u8]);
        } else if number < 0x4000 {
            self.bytes(&[number as u8 | 0x80, (number >> 7) as u8]);
        } else {
            self.long(number);
        }
    }

    fn long(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes(&[number as u8 | 0x80]);
            number >>= 7;
        }
        self.bytes(&[number as u8]);
    }

    /// A number in thousandths, where `per_one` of its usual steps are one. Finer ones are not exact, and narrow are only
    /// those in these steps.
    #[inline]
    pub(super) fn decimal(&mut self, value: f64, per_one: Steps) {
        if self.narrow {
            let steps = nearest(value * per_one) as i16;
            self.sound &= same(f64::from(steps) / per_one, value);
            self.bytes(&steps.to_le_bytes());
        } else {
            self.fine(value, per_one);
        }
    }

    /// The same of a number that may be large: narrow ones take four bytes.
    #[inline]
    pub(super) fn large_decimal(&mut self, value: f64, per_one: Steps) {
        if self.narrow {
            let steps = nearest(value * per_one) as i32;
            self.sound &= same(f64::from(steps) / per_one, value);
            self.bytes(&steps.to_le_bytes());
        } else {
            self.fine(value, per_one);
        }
    }

    fn fine(&mut self, value: f64, per_one: Steps) {
        let coarse = (1000.0 / per_one) as i64;
        let thousandths = nearest(value * 1000.0) as i64;
        self.sound &= same(thousandths as f64 / 1000.0, value) && thousandths.abs() < 1 << 53;
        let few = thousandths / coarse;
        let (number, fine) = if few * coarse == thousandths { (few, 0) } else { (thousandths, 1) };
        self.whole(((number << 1 ^ number >> 63) as u64) << 1 | fine);
    }

    /// A coordinate in 1e-7 degrees. Others are not exact.
    #[inline]
    pub(super) fn degrees(&mut self, value: f64) {
        let units = nearest(value * 1e7) as i32;
        self.sound &= same(f64::from(units) / 1e7, value);
        self.bytes(&units.to_le_bytes());
    }
}

/// Reads what [`Pen`] wrote. Where nothing is left, there are zeros.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    bytes: &'a [u8],
    narrow: bool,
}

impl<'a> Scan<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, narrow: false }
    }

    /// Whether decimals are narrow from here on.
    pub(super) fn set_narrow(&mut self, narrow: bool) {
        self.narrow = narrow;
    }

    /// So many bytes.
    #[inline]
    pub(super) fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (bytes, rest) = self.bytes.split_at_checked(count).unwrap_or_default();
        self.bytes = rest;
        bytes
    }

    /// As many bytes as a type has.
    #[inline]
    pub(super) fn array<const COUNT: usize>(&mut self) -> [u8; COUNT] {
        let Some((bytes, rest)) = self.bytes.split_first_chunk() else { return [0; COUNT] };
        self.bytes = rest;
        *bytes
    }

    #[inline]
    pub(super) fn byte(&mut self) -> u8 {
        let [byte] = self.array();
        byte
    }

    #[inline]
    pub(super) fn whole(&mut self) -> u64 {
        match *self.bytes {
            [low, ref rest @ ..] if low < 0x80 => {
                self.bytes = rest;
                low.into()
            }
            [low, high, ref rest @ ..] if high < 0x80 => {
                self.bytes = rest;
                u64::from(low & 0x7f) | u64::from(high) << 7
            }
            _ => self.long(),
        }
    }

    fn long(&mut self) -> u64 {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte();
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        number
    }

    #[inline]
    pub(super) fn decimal(&mut self, per_one: Steps) -> f64 {
        if self.narrow { f64::from(i16::from_le_bytes(self.array())) / per_one } else { self.fine(per_one) }
    }

    #[inline]
    pub(super) fn large_decimal(&mut self, per_one: Steps) -> f64 {
        if self.narrow { f64::from(i32::from_le_bytes(self.array())) / per_one } else { self.fine(per_one) }
    }

    fn fine(&mut self, per_one: Steps) -> f64 {
        let coarse = (1000.0 / per_one) as i64;
        let code = self.whole();
        let (fine, folded) = (code & 1 == 1, code >> 1);
        let number = (folded >> 1) as i64 ^ -((folded & 1) as i64);
        let thousandths = if fine { number } else { number * coarse };
        thousandths as f64 / 1000.0
    }

    #[inline]
    pub(super) fn degrees(&mut self) -> f64 {
        f64::from(i32::from_le_bytes(self.array())) / 1e7
    }
}
