//! Writes a report byte by byte as the general library writes it, in one pass. That library is first given an object of its
//! own with three allocations, then measures it, part by part and each part twice, and writes it last.

use super::convert::{e3, e7, number_of};
use crate::base::units::Celsius;
use crate::model::report::Near;
use crate::model::{Battery, Link, Motion, Position, Report};
use crate::wire::message::VERSION;
use crate::wire::report::{CHEMISTRIES, FIXES, MODES};

/// How a field is written: the low bits of its tag.
const VARINT: u8 = 0;
const BYTES: u8 = 2;
const FIXED32: u8 = 5;
/// Numbers below these take so many bytes; those below the last stand in one word together with their tag.
const ONE: u64 = 1 << 7;
const TWO: u64 = 1 << 14;
const THREE: u64 = 1 << 21;
const SHORT: u64 = 1 << 49;
/// The bit that says of a byte that more of the number follow.
const MORE: u8 = 0x80;
/// The longest number, bytes.
const LONGEST: usize = 10;
/// Room for a report without the cells and sensors of its battery, bytes: 33 numbers with their tags, 4 fixed ones, VIN, number
/// of the pack, heads of parts and lists, and what is copied beyond the end of the last.
const MOST: usize = 33 * (1 + LONGEST) + 4 * 5 + 19 + 26 + 7 * 3 + 8;

/// Appends a report.
pub(super) fn write(report: &Report, buffer: &mut Vec<u8>) {
    let lists =
        report.battery.as_ref().map_or(0, |battery| 3 * battery.cells_mv.len() + LONGEST * battery.probes.len());
    let start = buffer.len();
    buffer.resize(start + MOST + lists, 0);
    let page = &mut Page { bytes: &mut buffer[start..], at: 0 };
    write_fields(report, page);
    let length = page.at;
    buffer.truncate(start + length);
}

fn write_fields(report: &Report, page: &mut Page) {
    let Report { stamp, mode, locked, key_near, position, motion, battery, link, air } = report;
    page.whole(1, VERSION.into());
    page.bytes(2, stamp.vin.as_bytes());
    page.whole(3, stamp.boot.into());
    page.whole(4, stamp.seq.into());
    page.whole(5, stamp.time.0 as u64);
    page.whole(6, number_of(&MODES, mode) as u64);
    page.whole(7, (*locked).into());
    page.whole(8, (*key_near).into());
    if let Some(position) = position {
        page.part(9, |page| write_position(position, page));
    }
    page.part(10, |page| write_motion(motion, page));
    if let Some(battery) = battery {
        page.part(11, |page| write_battery(battery, page));
    }
    page.part(12, |page| write_link(link, page));
    if let Some(air) = air {
        page.some_e3(13, air.0);
    }
}

fn write_position(position: &Position, page: &mut Page) {
    let Position { fix, at, altitude, speed, heading, satellites, hdop } = position;
    page.whole(1, number_of(&FIXES, fix) as u64);
    page.fixed(2, e7(at.lat));
    page.fixed(3, e7(at.lon));
    page.e3(4, altitude.0);
    page.e3(5, speed.0);
    page.e3(6, heading.0);
    page.whole(7, (*satellites).into());
    page.e3(8, *hdop);
}

fn write_motion(motion: &Motion, page: &mut Page) {
    let Motion { wheel, vibration, tilt, odometer } = motion;
    page.e3(1, wheel.0);
    page.e3(2, vibration.0);
    page.e3(3, tilt.0);
    page.e3(4, odometer.0);
}

fn write_battery(battery: &Battery, page: &mut Page) {
    let Battery { pack, chemistry, soc, soh, voltage, current, cells_mv, probes, insulation, alarm_level } = battery;
    if !pack.is_empty() {
        page.bytes(1, pack.as_bytes());
    }
    page.whole(2, number_of(&CHEMISTRIES, chemistry) as u64);
    page.e3(3, soc.0);
    page.e3(4, soh.0);
    page.e3(5, voltage.0);
    page.e3(6, current.0);
    if !cells_mv.is_empty() {
        page.part(7, |page| page.cells(cells_mv));
    }
    if !probes.is_empty() {
        page.part(8, |page| page.probes(probes));
    }
    page.e3(9, insulation.0);
    page.whole(10, (*alarm_level).into());
}

fn write_link(link: &Link, page: &mut Page) {
    let Link { rsrp, cell, backup_power, backup, near } = link;
    page.e3(1, rsrp.0);
    page.whole(2, (*cell).into());
    page.whole(3, (*backup_power).into());
    if let Some(backup) = backup {
        page.some_e3(4, backup.0);
    }
    if let Some(near) = near {
        page.part(5, |page| write_near(near, page));
    }
}

fn write_near(near: &Near, page: &mut Page) {
    let Near { at, radius } = near;
    page.fixed(1, e7(at.lat));
    page.fixed(2, e7(at.lon));
    page.e3(3, radius.0);
}

/// A signed number with small negative ones made small.
#[inline]
fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

/// How many bytes a number below [`SHORT`] takes, and these, the first in the lowest byte.
#[inline]
fn spread(number: u64) -> (usize, u64) {
    let halves = (number & 0x0FFF_FFFF) | ((number & 0x00FF_FFFF_F000_0000) << 4);
    let quarters = (halves & 0x0000_3FFF_0000_3FFF) | ((halves & 0x0FFF_C000_0FFF_C000) << 2);
    let sevens = (quarters & 0x007F_007F_007F_007F) | ((quarters & 0x3F80_3F80_3F80_3F80) << 1);
    let highest = 63 - sevens.leading_zeros().min(63);
    // Every byte below the highest that is needed.
    let below = (1_u64 << (highest & !7)) - 1;
    ((highest / 8) as usize + 1, sevens | (below & u64::from_le_bytes([MORE; 8])))
}

/// Writes fields one after the other, each with a number below 16; what is zero is left out unless it is said otherwise. There
/// is room for all.
struct Page<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl Page<'_> {
    /// Writes the first so many bytes of a word. Always eight are copied, as one word.
    #[inline]
    fn word(&mut self, word: u64, count: usize) {
        if let Some(place) = self.bytes[self.at..].first_chunk_mut() {
            *place = word.to_le_bytes();
        }
        self.at += count;
    }

    /// A number of any length.
    #[inline]
    fn varint(&mut self, number: u64) {
        self.after(0, 0, number);
    }

    /// A number after so many bytes of a word, 0 or 1. Most are short.
    #[inline]
    fn after(&mut self, word: u64, count: usize, number: u64) {
        let more = u64::from(MORE);
        let (low, middle) = (number & 0x7F | more, (number >> 7) & 0x7F);
        let (length, bytes) = if number < ONE {
            (1, number)
        } else if number < TWO {
            (2, low | middle << 8)
        } else if number < THREE {
            (3, low | (middle | more) << 8 | (number >> 14) << 16)
        } else if number < SHORT {
            spread(number)
        } else {
            return self.long(word, count, number);
        };
        self.word(word | bytes << (8 * count), count + length);
    }

    #[cold]
    fn long(&mut self, word: u64, count: usize, mut number: u64) {
        self.word(word, count);
        while number >= u64::from(MORE) {
            self.word(number & 0x7F | u64::from(MORE), 1);
            number >>= 7;
        }
        self.word(number, 1);
    }

    /// A number, also when it is zero.
    #[inline]
    fn some(&mut self, field: u8, number: u64) {
        self.after((field << 3 | VARINT).into(), 1, number);
    }

    /// A number without a sign.
    #[inline]
    fn whole(&mut self, field: u8, number: u64) {
        if number != 0 {
            self.some(field, number);
        }
    }

    /// A number in thousandths.
    #[inline]
    fn e3(&mut self, field: u8, value: f64) {
        self.whole(field, zigzag(e3(value)));
    }

    /// The same, also when it is zero.
    #[inline]
    fn some_e3(&mut self, field: u8, value: f64) {
        self.some(field, zigzag(e3(value)));
    }

    #[inline]
    fn fixed(&mut self, field: u8, number: i32) {
        if number != 0 {
            let number = u64::from(number.cast_unsigned());
            self.word(number << 8 | u64::from(field << 3 | FIXED32), 5);
        }
    }

    /// Less than 128 bytes.
    #[inline]
    fn bytes(&mut self, field: u8, bytes: &[u8]) {
        self.word(u64::from_le_bytes([field << 3 | BYTES, bytes.len() as u8, 0, 0, 0, 0, 0, 0]), 2);
        self.bytes[self.at..self.at + bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }

    /// What says first how long it is.
    #[inline]
    fn part(&mut self, field: u8, write: impl FnOnce(&mut Self)) {
        self.word((field << 3 | BYTES).into(), 2);
        let start = self.at;
        write(self);
        let length = self.at - start;
        self.bytes[start - 1] = length as u8;
        if length >= usize::from(MORE) {
            self.lengthen(start, length);
        }
    }

    /// Makes room for the rest of a length of two bytes.
    #[cold]
    fn lengthen(&mut self, start: usize, length: usize) {
        self.bytes[start - 1] |= MORE;
        self.bytes.copy_within(start..self.at, start + 1);
        self.bytes[start] = (length >> 7) as u8;
        self.at += 1;
    }

    /// Voltages of cells, of which nearly all take two bytes.
    #[inline]
    fn cells(&mut self, cells: &[u16]) {
        let pairs = cells.iter().fold(true, |pairs, cell| pairs & (ONE as u16..TWO as u16).contains(cell));
        if !pairs {
            return cells.iter().for_each(|cell| self.varint((*cell).into()));
        }
        let (all, _) = self.bytes[self.at..].as_chunks_mut::<2>();
        for (pair, cell) in all.iter_mut().zip(cells) {
            let low = (*cell & 0x7F) | u16::from(MORE);
            *pair = ((*cell >> 7 << 8) | low).to_le_bytes();
        }
        self.at += 2 * cells.len();
    }

    #[inline]
    fn probes(&mut self, probes: &[Celsius]) {
        for probe in probes {
            self.varint(zigzag(e3(probe.0)));
        }
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::super::fields;
    use super::super::maker::Maker;
    use super::*;
    use crate::base::rng::{Purpose, Stream};

    #[test]
    fn reports_are_written_as_the_library_writes_them() {
        let mut maker = Maker(Stream::new(1, 3, Purpose::Sensors));
        let mut buffer = Vec::new();
        for _ in 0..20_000 {
            let report = maker.report();
            buffer.truncate(3);
            let before = buffer.clone();
            write(&report, &mut buffer);
            assert_eq!(buffer, [before, fields::Report::of(&report).encode_to_vec()].concat(), "{report:?}");
        }
        let longest = Maker::longest();
        buffer.clear();
        write(&longest, &mut buffer);
        assert_eq!(buffer, fields::Report::of(&longest).encode_to_vec());
    }

    #[test]
    fn numbers_of_all_lengths_are_written_as_the_library_writes_them() {
        for number in (0..64).flat_map(|bit| [(1 << bit) - 1, 1 << bit, (1 << bit) + 1]).chain([u64::MAX]) {
            let mut bytes = [0; 2 * LONGEST];
            let mut page = Page { bytes: &mut bytes, at: 0 };
            page.varint(number);
            let length = page.at;
            let mut expected = Vec::new();
            prost::encoding::encode_varint(number, &mut expected);
            assert_eq!(bytes[..length], expected, "{number}");
        }
    }
}
