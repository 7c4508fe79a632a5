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
/// Numbers below it are so short that they stand in one word together with the tag.
const SHORT: u64 = 1 << 49;
/// The bit that says of a byte that more of the number follow.
const MORE: u8 = 0x80;

/// Appends a report.
pub(super) fn write(report: &Report, buffer: &mut Vec<u8>) {
    let Report { stamp, mode, locked, key_near, position, motion, battery, link, air } = report;
    let page = &mut Page(buffer);
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

/// Appends fields to a buffer, each with a number below 16; what is zero is left out unless it is said otherwise.
struct Page<'a>(&'a mut Vec<u8>);

impl Page<'_> {
    /// Appends the first so many bytes of a word. Always eight are copied, because that needs no call.
    #[inline]
    fn word(&mut self, word: u64, count: usize) {
        let start = self.0.len();
        self.0.extend_from_slice(&word.to_le_bytes());
        self.0.truncate(start + count);
    }

    /// A number of any length.
    #[inline]
    fn varint(&mut self, number: u64) {
        if number < SHORT {
            let (count, bytes) = spread(number);
            self.word(bytes, count);
        } else {
            self.long_varint(number);
        }
    }

    #[cold]
    fn long_varint(&mut self, mut number: u64) {
        while number >= u64::from(MORE) {
            self.0.push(number as u8 | MORE);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    /// A number, also when it is zero.
    #[inline]
    fn some(&mut self, field: u8, number: u64) {
        let tag = field << 3 | VARINT;
        if number < SHORT {
            let (count, bytes) = spread(number);
            self.word(bytes << 8 | u64::from(tag), count + 1);
        } else {
            self.0.push(tag);
            self.long_varint(number);
        }
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
        self.0.extend_from_slice(&[field << 3 | BYTES, bytes.len() as u8]);
        self.0.extend_from_slice(bytes);
    }

    /// What says first how long it is.
    #[inline]
    fn part(&mut self, field: u8, write: impl FnOnce(&mut Self)) {
        self.0.extend_from_slice(&[field << 3 | BYTES, 0]);
        let start = self.0.len();
        write(self);
        let length = self.0.len() - start;
        self.0[start - 1] = length as u8;
        if length >= usize::from(MORE) {
            self.lengthen(start, length);
        }
    }

    /// Makes room for the rest of a length of two bytes.
    #[cold]
    fn lengthen(&mut self, start: usize, length: usize) {
        self.0[start - 1] |= MORE;
        self.0.insert(start, (length >> 7) as u8);
    }

    /// Voltages of cells, of which nearly all take two bytes.
    #[inline]
    fn cells(&mut self, cells: &[u16]) {
        let pairs = cells.iter().fold(true, |pairs, cell| pairs & (0x80..0x4000).contains(cell));
        if !pairs {
            return cells.iter().for_each(|cell| self.varint((*cell).into()));
        }
        let start = self.0.len();
        self.0.resize(start + 2 * cells.len(), 0);
        for (pair, cell) in self.0[start..].chunks_exact_mut(2).zip(cells) {
            let low = (*cell & 0x7F) | u16::from(MORE);
            pair.copy_from_slice(&((*cell >> 7 << 8) | low).to_le_bytes());
        }
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
    use super::*;
    use crate::base::rng::{Purpose, Stream};
    use crate::base::units::{Amps, Dbm, Degrees, Gravities, Kiloohms, Metres, MetresPerSecond, Percent, Volts};
    use crate::base::{LatLon, PackId, Timestamp};
    use crate::model::report::{MAX_CELLS, MAX_PROBES};
    use crate::model::{Chemistry, Fix, Mode, Stamp};

    /// Reports with numbers of all lengths, and some that are none.
    struct Maker(Stream);

    impl Maker {
        fn one<T: Copy>(&mut self, of: &[T]) -> T {
            of[self.0.index(of.len())]
        }

        fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
            self.0.chance(0.7).then(|| make(self))
        }

        fn word(&mut self) -> u64 {
            u64::from(self.0.word()) << 32 | u64::from(self.0.word())
        }

        /// A number of up to so many bits.
        fn whole(&mut self, bits: u32) -> u64 {
            let bits = self.0.index(bits as usize + 1) as u32;
            self.word().checked_shr(64 - bits).unwrap_or(0)
        }

        fn real(&mut self) -> f64 {
            let odd = [0.0, -0.0, 0.0004, 0.0005, -0.0005, f64::NAN, f64::INFINITY, f64::MIN, f64::MAX, 1e15, -9e15];
            match self.0.index(8) {
                0 => self.one(&odd),
                1 => f64::from_bits(self.word()),
                _ => self.whole(63) as f64 / self.one(&[-1e3, 1e3, 1e7, -2e3]),
            }
        }

        fn place(&mut self) -> LatLon {
            LatLon { lat: self.0.between(-91.0, 91.0), lon: self.maybe(Self::real).unwrap_or(0.0) }
        }

        fn position(&mut self) -> Position {
            Position {
                fix: self.one(&[Fix::TwoD, Fix::ThreeD]),
                at: self.place(),
                altitude: Metres(self.real()),
                speed: MetresPerSecond(self.real()),
                heading: Degrees(self.real()),
                satellites: self.whole(8) as u8,
                hdop: self.real(),
            }
        }

        fn battery(&mut self) -> Battery {
            let (cells, probes) = (self.0.index(MAX_CELLS + 1), self.0.index(MAX_PROBES + 1));
            let few = self.0.chance(0.5);
            let narrow = if few { 14 } else { 16 };
            Battery {
                pack: PackId::from(self.one(&["", "LFP-1", "池", "123456789012345678901234"])).unwrap(),
                chemistry: self.one(&[Chemistry::Vrla, Chemistry::Lfp, Chemistry::Nmc, Chemistry::Na]),
                soc: Percent(self.real()),
                soh: Percent(self.real()),
                voltage: Volts(self.real()),
                current: Amps(self.real()),
                cells_mv: (0..if few { cells % 24 } else { cells })
                    .map(|_| self.whole(narrow) as u16 | if few { 0x80 } else { 0 })
                    .collect(),
                probes: (0..if few { probes % 5 } else { probes }).map(|_| Celsius(self.real())).collect(),
                insulation: Kiloohms(self.real()),
                alarm_level: self.whole(8) as u8,
            }
        }

        fn link(&mut self) -> Link {
            Link {
                rsrp: Dbm(self.real()),
                cell: self.whole(32) as u32,
                backup_power: self.0.chance(0.5),
                backup: self.maybe(|maker| Percent(maker.real())),
                near: self.maybe(|maker| Near { at: maker.place(), radius: Metres(maker.real()) }),
            }
        }

        fn report(&mut self) -> Report {
            let (boot, seq) = (self.whole(32) as u32, self.whole(32) as u32);
            let time = Timestamp(self.whole(64) as i64);
            Report {
                stamp: Stamp { vin: "LZLEMTA20T0000001".parse().unwrap(), boot, seq, time },
                mode: self.one(&[Mode::Parked, Mode::Riding, Mode::Charging]),
                locked: self.0.chance(0.5),
                key_near: self.0.chance(0.5),
                position: self.maybe(Self::position),
                motion: Motion {
                    wheel: MetresPerSecond(self.real()),
                    vibration: Gravities(self.real()),
                    tilt: Degrees(self.real()),
                    odometer: Metres(self.real()),
                },
                battery: self.maybe(Self::battery),
                link: self.link(),
                air: self.maybe(|maker| Celsius(maker.real())),
            }
        }
    }

    #[test]
    fn reports_are_written_as_the_library_writes_them() {
        let mut maker = Maker(Stream::new(1, 3, Purpose::Sensors));
        let mut buffer = Vec::new();
        for _ in 0..20_000 {
            let report = maker.report();
            buffer.clear();
            write(&report, &mut buffer);
            assert_eq!(buffer, fields::Report::of(&report).encode_to_vec(), "{report:?}");
        }
    }

    #[test]
    fn numbers_of_all_lengths_are_written_as_the_library_writes_them() {
        for number in (0..64).flat_map(|bit| [(1 << bit) - 1, 1 << bit, (1 << bit) + 1]).chain([u64::MAX]) {
            let mut buffer = Vec::new();
            Page(&mut buffer).varint(number);
            let mut expected = Vec::new();
            prost::encoding::encode_varint(number, &mut expected);
            assert_eq!(buffer, expected, "{number}");
        }
    }
}
