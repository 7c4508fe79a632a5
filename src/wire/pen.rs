//! Writes and reads JSON in the narrow form in which reports are written: no white space, no escapes, plain decimals. A
//! general library takes most of a report's time for numbers that are short and keys that are known.

use crate::base::units::nearest;

/// The powers of ten that a decimal is scaled by.
const TEN: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
/// Below this all decimals of so many digits are different numbers, and all products and quotients here exact.
const EXACT: f64 = 1e15;
/// Decimals of which a number is known by its digits.
const MOST_DIGITS: usize = 15;
/// Decimal places that sensors give, but for latitude and longitude.
const COARSE: usize = 3;
/// Smaller ones are written with an exponent.
const LEAST: f64 = 1e-4;

/// Room for the digits of any whole number.
const WIDTH: usize = 24;
/// 00 to 99.
const PAIRS: [u8; 200] = {
    let mut pairs = [b'0'; 200];
    let mut number = 0;
    while number < 100 {
        pairs[2 * number] += (number / 10) as u8;
        pairs[2 * number + 1] += (number % 10) as u8;
        number += 1;
    }
    pairs
};

/// Appends JSON to a buffer.
pub(super) struct Pen<'a>(pub &'a mut Vec<u8>);

impl Pen<'_> {
    /// Keys, words and signs as they are; nothing in them may need an escape.
    #[inline]
    pub(super) fn text(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    /// A whole number.
    pub(super) fn whole(&mut self, number: impl Into<u64>) {
        self.digits(number.into(), 0);
    }

    /// A number, as the general library would write it: the shortest decimal that reads back as the same. Numbers of at
    /// most `places` decimal places, which is what sensors give, are written the quick way.
    pub(super) fn decimal(&mut self, number: f64, places: usize) {
        let (size, scale) = (number.abs(), TEN[places]);
        let scaled = nearest(size * scale);
        let fits = (size >= LEAST && scaled < EXACT) || size == 0.0;
        if !fits || (scaled / scale).to_bits() != size.to_bits() {
            let written = serde_json::to_writer(&mut *self.0, &number);
            debug_assert!(written.is_ok(), "a number has a JSON form");
            return;
        }
        if number.is_sign_negative() {
            self.0.push(b'-');
        }
        let (mut digits, mut places) = (scaled as u64, places);
        while places > 1 && digits.is_multiple_of(10) {
            digits /= 10;
            places -= 1;
        }
        self.digits(digits, places);
    }

    /// A key, and its number.
    #[inline]
    pub(super) fn number(&mut self, key: &str, number: f64) {
        self.text(key);
        self.decimal(number, COARSE);
    }

    /// The digits of a number, the last `places` of them behind a point, at least one before it.
    fn digits(&mut self, mut number: u64, places: usize) {
        // The digits end in the middle, two by two; what stands behind them is never used.
        let mut digits = [b'0'; 2 * WIDTH];
        let mut at = WIDTH;
        while number >= 10 {
            at -= 2;
            let pair = 2 * (number % 100) as usize;
            digits[at..at + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
            number /= 100;
        }
        if number > 0 {
            at -= 1;
            digits[at] = b'0' + number as u8;
        }
        // What is below 1 begins with zeros, which are there.
        at = at.min(WIDTH - places - 1);
        self.some_of(&digits, at, WIDTH - places - at);
        if places > 0 {
            self.0.push(b'.');
            self.some_of(&digits, WIDTH - places, places);
        }
    }

    /// So many digits from a place on. Always the same number is copied, because that needs no call.
    fn some_of(&mut self, digits: &[u8; 2 * WIDTH], from: usize, count: usize) {
        let start = self.0.len();
        self.0.extend_from_slice(&digits[from..from + WIDTH]);
        self.0.truncate(start + count);
    }
}

/// Reads what a [`Pen`] writes. `None` means that it is written in another way, not that it is wrong.
pub(super) struct Scan<'a>(pub &'a [u8]);

impl<'a> Scan<'a> {
    /// Passes over a text that must be there.
    #[inline]
    pub(super) fn text(&mut self, text: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(text.as_bytes())?;
        Some(())
    }

    /// Passes over a text if it is there.
    pub(super) fn has(&mut self, text: &str) -> bool {
        self.text(text).is_some()
    }

    /// What stands before the next quotation mark, which is passed over.
    pub(super) fn word(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..b' '))?;
        let (word, rest) = self.0.split_at(end);
        self.0 = rest.strip_prefix(b"\"")?;
        Some(word)
    }

    /// A whole number.
    pub(super) fn whole<T: TryFrom<u64>>(&mut self) -> Option<T> {
        let mut number = 0;
        self.digits(&mut number)?;
        T::try_from(number).ok()
    }

    /// A key, and its number without an exponent.
    #[inline]
    pub(super) fn number(&mut self, key: &str) -> Option<f64> {
        self.text(key)?;
        self.decimal()
    }

    /// A number without an exponent.
    pub(super) fn decimal(&mut self) -> Option<f64> {
        let negative = self.has("-");
        let mut number = 0;
        let before = self.digits(&mut number)?;
        let places = if self.has(".") { self.more_digits(&mut number)? } else { 0 };
        if before + places > MOST_DIGITS {
            return None;
        }
        let size = number as f64 / TEN[places];
        Some(if negative { -size } else { size })
    }

    /// Digits of which the first is no needless zero; how many.
    fn digits(&mut self, number: &mut u64) -> Option<usize> {
        let zero = self.0.first() == Some(&b'0');
        let count = self.more_digits(number)?;
        (!zero || count == 1).then_some(count)
    }

    /// Digits that go on with a number; how many.
    fn more_digits(&mut self, number: &mut u64) -> Option<usize> {
        let mut count = 0;
        for byte in self.0.iter().take(MOST_DIGITS + 1) {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            *number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
            count += 1;
        }
        if count > MOST_DIGITS {
            return None;
        }
        self.0 = &self.0[count..];
        (count > 0).then_some(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(number: f64, places: usize) -> String {
        let mut buffer = Vec::new();
        Pen(&mut buffer).decimal(number, places);
        String::from_utf8(buffer).unwrap()
    }

    #[test]
    fn numbers_are_written_as_the_library_writes_them() {
        let odd =
            [0.0, -0.0, 1.0, -1.0, 0.5, 0.05, 0.001, 0.0001, 0.00012, 1e-5, 1.23e-5, -1e-7, 100.0, 120.0, 1e15, 1e16];
        let more =
            [29.560_000_1, -106.57, 0.1 + 0.2, 1.0 / 3.0, f64::MAX, f64::MIN_POSITIVE, 999_999.999, 4_294_967_295.0];
        let steps = (0..20_000).map(|step| f64::from(step) * 0.013 - 90.0).map(|x| nearest(x * 1000.0) / 1000.0);
        let fine = (0..20_000).map(|step| nearest((29.5 + f64::from(step) * 1.7e-6) * 1e7) / 1e7);
        for number in odd.into_iter().chain(more).chain(steps).chain(fine) {
            for places in [1, 2, 3, 7] {
                assert_eq!(written(number, places), serde_json::to_string(&number).unwrap(), "{places} places");
            }
        }
    }

    #[test]
    fn whole_numbers_are_written_and_read() {
        for number in [0_u64, 7, 10, 99, 100, 4_294_967_295, 1_780_000_000_000] {
            let mut buffer = Vec::new();
            Pen(&mut buffer).whole(number);
            assert_eq!(buffer, number.to_string().as_bytes());
            assert_eq!(Scan(&buffer).whole(), Some(number));
        }
        assert_eq!(Scan(b"256").whole::<u8>(), None);
        assert_eq!(Scan(b"255,").whole::<u8>(), Some(255));
    }

    #[test]
    fn numbers_are_read_as_the_library_reads_them() {
        for text in
            ["0", "-0", "0.0", "-0.0", "12.5", "106.5700001", "-0.001", "123456789012345", "0.12345678901234", "3e"]
        {
            let read = Scan(text.as_bytes()).decimal().unwrap();
            let number = text.trim_end_matches('e');
            let expected: f64 = serde_json::from_str(number).unwrap();
            assert_eq!(read.to_bits(), expected.to_bits(), "{text}");
        }
        for text in ["", "-", ".5", "1.", "01", "-00.5", "1234567890123456", "1.234567890123456", "null", "\"1\"", "+1"]
        {
            assert_eq!(Scan(text.as_bytes()).decimal(), None, "{text}");
        }
    }

    #[test]
    fn words_end_at_their_mark() {
        let mut scan = Scan(b"LFP-1\",x");
        assert_eq!((scan.word(), scan.0), (Some(&b"LFP-1"[..]), &b",x"[..]));
        for text in ["open", "a\\\"b\"", "a\nb\""] {
            assert_eq!(Scan(text.as_bytes()).word(), None, "{text:?}");
        }
    }
}
