//! Writes and reads JSON in the narrow form in which reports are written: no white space, no escapes, plain decimals. A
//! general library takes most of a report's time for numbers that are short and keys that are known.

use arrayvec::ArrayVec;

use crate::base::units::nearest;

/// The powers of ten that a decimal is scaled by.
const TEN: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
/// Below this all decimals of so many digits are different numbers, and all products and quotients here exact.
const EXACT: f64 = 1e15;
const WHOLE_TEN: [u64; 16] = {
    let mut ten = [1; 16];
    let mut power = 1;
    while power < 16 {
        ten[power] = ten[power - 1] * 10;
        power += 1;
    }
    ten
};
/// Decimals of which a number is known by its digits.
const MOST_DIGITS: usize = 15;
/// Bytes that are looked at together.
const CHUNK: usize = 8;
/// Decimal places that sensors give, but for latitude and longitude.
const COARSE: usize = 3;
/// Smaller ones are written with an exponent.
const LEAST: f64 = 1e-4;

/// Room for the digits of any whole number.
const WIDTH: usize = 24;
/// 00 to 99.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number][0] += (number / 10) as u8;
        pairs[number][1] += (number % 10) as u8;
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
            if let Some(place) = digits[at..].first_chunk_mut() {
                *place = PAIRS[(number % 100) as usize];
            }
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
///
/// Texts are arrays, so that each is compared as the few machine words that it has.
pub(super) struct Scan<'a>(pub &'a [u8]);

impl<'a> Scan<'a> {
    /// Passes over a text that must be there.
    #[inline]
    pub(super) fn text<const N: usize>(&mut self, text: &[u8; N]) -> Option<()> {
        self.has(text).then_some(())
    }

    /// Passes over a text if it is there.
    #[inline]
    pub(super) fn has<const N: usize>(&mut self, text: &[u8; N]) -> bool {
        match self.0.split_first_chunk() {
            Some((first, rest)) if first == text => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    /// So many bytes.
    #[inline]
    pub(super) fn bytes<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(bytes)
    }

    /// What stands before the next quotation mark, which is passed over.
    pub(super) fn word(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..b' '))?;
        let (word, rest) = self.0.split_at(end);
        self.0 = rest.strip_prefix(b"\"")?;
        Some(word)
    }

    /// A whole number.
    #[inline]
    pub(super) fn whole<T: TryFrom<u64>>(&mut self) -> Option<T> {
        let (number, _) = self.digits()?;
        T::try_from(number).ok()
    }

    /// A key, and its number without an exponent.
    #[inline]
    pub(super) fn number<const N: usize>(&mut self, key: &[u8; N]) -> Option<f64> {
        self.text(key)?;
        self.decimal()
    }

    /// A number without an exponent.
    #[inline]
    pub(super) fn decimal(&mut self) -> Option<f64> {
        let negative = self.has(b"-");
        let (digits, places) = match self.short_decimal() {
            Some(short) => short,
            None => self.long_decimal()?,
        };
        let size = digits as i64 as f64 / TEN[places];
        Some(if negative { -size } else { size })
    }

    /// A number with a point among up to seven digits, which are looked at together: its digits, and how many of them stand
    /// behind the point.
    #[inline]
    fn short_decimal(&mut self) -> Option<(u64, usize)> {
        let chunk = self.0.first_chunk()?;
        let (values, others) = apart(*chunk);
        let before = (others.trailing_zeros() / 8) as usize;
        let needless = before > 1 && chunk[0] == b'0';
        if before == 0 || before >= CHUNK - 1 || needless || chunk[before] != b'.' {
            return None;
        }
        // The point is taken out of their middle, and what is behind the last byte is no digit.
        let front = (1 << (8 * before)) - 1;
        let values = (values & front) | ((values >> 8) & !front);
        let others = ((others >> 8) & !front) | 1 << 63;
        let count = (others.trailing_zeros() / 8) as usize;
        if count == before || count == CHUNK - 1 {
            return None;
        }
        self.0 = &self.0[count + 1..];
        Some((together(values, count), count - before))
    }

    /// The same of any number of at most [`MOST_DIGITS`], with or without a point.
    fn long_decimal(&mut self) -> Option<(u64, usize)> {
        let (number, before) = self.digits()?;
        if !self.has(b".") {
            return Some((number, 0));
        }
        let (fraction, places) = self.more_digits()?;
        (before + places <= MOST_DIGITS).then(|| (number * WHOLE_TEN[places] + fraction, places))
    }

    /// A list of whole numbers, each of at most seven digits, up to its closing bracket; `None` also when there are more
    /// than so many.
    pub(super) fn wholes<const MOST: usize>(&mut self) -> Option<ArrayVec<u16, MOST>> {
        let (mut list, mut left) = (ArrayVec::new(), self.0);
        loop {
            let chunk = left.first_chunk()?;
            let (number, count) = eight_digits(*chunk);
            if count == 0 || count == CHUNK || (count > 1 && chunk[0] == b'0') {
                return None;
            }
            list.try_push(u16::try_from(number).ok()?).ok()?;
            left = &left[count + 1..];
            match chunk[count] {
                b',' => {}
                b']' => {
                    self.0 = left;
                    return Some(list);
                }
                _ => return None,
            }
        }
    }

    /// Digits of which the first is no needless zero: their number, and how many there are.
    #[inline]
    fn digits(&mut self) -> Option<(u64, usize)> {
        let zero = self.0.first() == Some(&b'0');
        let (number, count) = self.more_digits()?;
        (!zero || count == 1).then_some((number, count))
    }

    /// Digits, at least one and no more than a number can have here: their number, and how many there are.
    #[inline]
    fn more_digits(&mut self) -> Option<(u64, usize)> {
        let Some(chunk) = self.0.first_chunk() else { return self.last_digits() };
        let (number, count) = eight_digits(*chunk);
        if count == CHUNK {
            return self.many_digits(number);
        }
        self.0 = &self.0[count..];
        (count > 0).then_some((number, count))
    }

    /// The same, after eight of them.
    fn many_digits(&mut self, first: u64) -> Option<(u64, usize)> {
        self.0 = &self.0[CHUNK..];
        let Some(chunk) = self.0.first_chunk() else {
            let (number, count) = self.last_digits().unwrap_or_default();
            return Some((first * WHOLE_TEN[count] + number, CHUNK + count));
        };
        let (number, count) = eight_digits(*chunk);
        self.0 = &self.0[count..];
        (count < CHUNK).then(|| (first * WHOLE_TEN[count] + number, CHUNK + count))
    }

    /// The same, where less than eight bytes are left.
    fn last_digits(&mut self) -> Option<(u64, usize)> {
        let mut chunk = [0; CHUNK];
        chunk[..self.0.len()].copy_from_slice(self.0);
        let (number, count) = eight_digits(chunk);
        self.0 = &self.0[count..];
        (count > 0).then_some((number, count))
    }
}

/// The digits with which eight bytes begin: their number, and how many there are. All eight are looked at together, as one
/// word: most numbers have so few digits that a loop would spend its time on finding their end.
#[inline]
fn eight_digits(bytes: [u8; CHUNK]) -> (u64, usize) {
    let (values, others) = apart(bytes);
    let count = (others.trailing_zeros() / 8) as usize;
    (together(values, count), count)
}

/// Eight bytes as values of digits, the first in the lowest byte, and which of them are none: the highest bit of each, right
/// up to the first such one.
#[inline]
fn apart(bytes: [u8; CHUNK]) -> (u64, u64) {
    let values = u64::from_le_bytes(bytes) ^ 0x3030_3030_3030_3030;
    // A carry from one that is none only reaches those behind it.
    (values, (values.wrapping_add(0x7676_7676_7676_7676) | values) & 0x8080_8080_8080_8080)
}

/// The number of the first so many of eight values.
#[inline]
fn together(values: u64, count: usize) -> u64 {
    // With zeros before them there are always eight.
    let eight = values.checked_shl(64 - 8 * count as u32).unwrap_or(0);
    let pairs = eight.wrapping_mul(10).wrapping_add(eight >> 8);
    let even = (pairs & 0x0000_00FF_0000_00FF).wrapping_mul(0x000F_4240_0000_0064);
    let odd = ((pairs >> 16) & 0x0000_00FF_0000_00FF).wrapping_mul(0x0000_2710_0000_0001);
    even.wrapping_add(odd) >> 32
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
    fn decimals_of_all_lengths_are_read_with_and_without_much_behind_them() {
        for digits in 1..=MOST_DIGITS {
            for point in 1..=digits {
                let mut text: String = "123456789012345"[..digits].to_owned();
                if point < digits {
                    text.insert(point, '.');
                }
                let expected: f64 = text.parse().unwrap();
                for behind in ["", ",", "}", ",\"odo_m\":12.5", "e5 and more", "\u{00e9}\u{00e9}\u{00e9}\u{00e9}"] {
                    let written = format!("{text}{behind}");
                    let mut scan = Scan(written.as_bytes());
                    assert_eq!(scan.decimal().map(f64::to_bits), Some(expected.to_bits()), "{written}");
                    assert_eq!(scan.0, behind.as_bytes(), "{written}");
                }
            }
        }
        for text in ["1.,234567", "01.5,0000", ".5,000000", "1.2.3,000"] {
            let read = Scan(text.as_bytes()).decimal();
            assert_eq!(read, (text == "1.2.3,000").then_some(1.2), "{text}");
        }
    }

    #[test]
    fn lists_of_whole_numbers_are_read_up_to_their_bracket() {
        let mut scan = Scan(b"3291,0,65535,7],\"temps_c\":[]");
        assert_eq!(scan.wholes::<4>().as_deref(), Some(&[3291, 0, 65_535, 7][..]));
        assert_eq!(scan.0, b",\"temps_c\":[]");
        for text in
            ["3291,0,1,2,3]       ", "]        ", "1,]       ", "01]      ", "65536]    ", "1 ,2]     ", "12345678]"]
        {
            assert_eq!(Scan(text.as_bytes()).wholes::<4>(), None, "{text}");
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
