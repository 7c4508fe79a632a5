//! A report in a few bytes that need no room elsewhere: numbers in thousandths, or coarser where that says the same, and
//! cells by how far they are above the lowest. It says the same as the report, to the last bit, or there is none: of a
//! report that is finer than the compact format can be, or has more cells than packs of two-wheelers.

use super::battery::Before;
use super::moment::Moment;
use super::octets::{self, Scan, Steps};
use crate::base::units::{Amps, Celsius, Dbm, Degrees, Gravities, Kiloohms, Metres, MetresPerSecond, Percent, Volts};
use crate::base::{LatLon, PackId, Timestamp, Vin};
use crate::model::report::{Cells, MAX_CELLS, Near, Probes};
use crate::model::{Battery, Chemistry, Fix, Link, Mode, Motion, Position, Report, Stamp};

/// Bytes of a brief. A report takes about 88 and one for each cell (measured: 102 to 107 with 16 of them).
const ROOM: usize = 115;
type Pen = octets::Pen<ROOM>;

/// Steps in which quantities are usually said, by how many are one.
const ONES: Steps = 1.0;
const TENTHS: Steps = 10.0;
const HUNDREDTHS: Steps = 100.0;
const THOUSANDTHS: Steps = 1000.0;

/// Words by their numbers.
const MODES: [Mode; 4] = [Mode::Parked, Mode::Riding, Mode::Charging, Mode::Parked];
const CHEMISTRIES: [Chemistry; 4] = [Chemistry::Vrla, Chemistry::Lfp, Chemistry::Nmc, Chemistry::Na];

/// In the byte that counts the probes: the cells are too far apart for a byte each.
const WIDE: u8 = 1 << 7;
/// What holds of a report, a bit each; above them two bits each for the mode, the chemistry and the alarm level.
const LOCKED: u16 = 1;
const KEY_NEAR: u16 = 1 << 1;
const POSITION: u16 = 1 << 2;
const HEIGHT: u16 = 1 << 3;
const BATTERY: u16 = 1 << 4;
const BACKUP_POWER: u16 = 1 << 5;
const BACKUP: u16 = 1 << 6;
const NEAR: u16 = 1 << 7;
const AIR: u16 = 1 << 8;
/// Decimals are narrow.
const NARROW: u16 = 1 << 9;
const MODE_AT: u16 = 10;
const CHEMISTRY_AT: u16 = 12;
const ALARM_AT: u16 = 14;

/// A report but for the vehicle's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brief([u8; ROOM]);

impl Brief {
    /// A report in this form; `None` when it has none.
    #[must_use]
    pub fn of(report: &Report) -> Option<Self> {
        let Report { stamp, battery, .. } = report;
        let time = Moment::from(stamp.time);
        let level = battery.as_ref().map_or(0, |battery| battery.alarm_level);
        if level > 3 || Timestamp::from(time) != stamp.time {
            return None;
        }
        let low = battery.as_ref().map_or(0, |battery| battery.cells_mv.iter().copied().min().unwrap_or(0));
        let high = battery.as_ref().map_or(0, |battery| battery.cells_mv.iter().copied().max().unwrap_or(0));
        let wide = high - low > u8::MAX.into();
        Self::written(report, time, (wide, low), true).or_else(|| Self::written(report, time, (wide, low), false))
    }

    fn written(report: &Report, time: Moment, (wide, low): (bool, u16), narrow: bool) -> Option<Self> {
        let Report { stamp, mode: _, locked: _, key_near: _, position, motion, battery, link, air } = report;
        let mut pen = Pen::new(narrow);
        pen.bytes(&marks(report, narrow).to_le_bytes());
        pen.bytes(&time.0);
        // First, because the next report is held against it.
        if let Some(battery) = battery {
            write_battery(&mut pen, battery, (!wide).then_some(low));
        }
        pen.bytes(&stamp.boot.to_le_bytes());
        pen.whole(stamp.seq.into());
        if let Some(position) = position {
            write_position(&mut pen, position);
        }
        pen.decimal(motion.wheel.0, HUNDREDTHS);
        pen.decimal(motion.vibration.0, THOUSANDTHS);
        pen.decimal(motion.tilt.0, TENTHS);
        pen.large_decimal(motion.odometer.0, TENTHS);
        write_link(&mut pen, link);
        if let Some(air) = air {
            pen.decimal(air.0, TENTHS);
        }
        pen.end().map(Self)
    }

    /// The report, of the vehicle whose it is.
    #[must_use]
    pub fn report(&self, vin: Vin) -> Report {
        let mut scan = Scan::new(&self.0);
        let Begin { marks, time, mode, battery } = Begin::read(&mut scan);
        let has = |mark: u16| marks & mark != 0;
        let boot = u32::from_le_bytes(scan.array());
        let stamp = Stamp { vin, boot, seq: scan.whole() as u32, time };
        let fix = if has(HEIGHT) { Fix::ThreeD } else { Fix::TwoD };
        let position = has(POSITION).then(|| read_position(&mut scan, fix));
        let motion = Motion {
            wheel: MetresPerSecond(scan.decimal(HUNDREDTHS)),
            vibration: Gravities(scan.decimal(THOUSANDTHS)),
            tilt: Degrees(scan.decimal(TENTHS)),
            odometer: Metres(scan.large_decimal(TENTHS)),
        };
        let link = read_link(&mut scan, marks);
        let air = has(AIR).then(|| Celsius(scan.decimal(TENTHS)));
        let (locked, key_near) = (has(LOCKED), has(KEY_NEAR));
        Report { stamp, mode, locked, key_near, position, motion, battery, link, air }
    }

    /// What it says of the pack, if it does.
    #[must_use]
    pub fn before(&self) -> Option<Before> {
        let Begin { time, mode, battery, .. } = Begin::read(&mut Scan::new(&self.0));
        battery.map(|battery| Before { time, mode, battery })
    }
}

/// What a brief begins with.
struct Begin {
    marks: u16,
    time: Timestamp,
    mode: Mode,
    battery: Option<Battery>,
}

impl Begin {
    #[inline]
    fn read(scan: &mut Scan) -> Self {
        let marks = u16::from_le_bytes(scan.array());
        scan.set_narrow(marks & NARROW != 0);
        let word = |at: u16| usize::from(marks >> at & 3);
        let time = Moment(scan.array()).into();
        let kind = (CHEMISTRIES[word(CHEMISTRY_AT)], word(ALARM_AT) as u8);
        let battery = (marks & BATTERY != 0).then(|| read_battery(scan, kind));
        Self { marks, time, mode: MODES[word(MODE_AT)], battery }
    }
}

fn marks(report: &Report, narrow: bool) -> u16 {
    let Report { stamp: _, mode, locked, key_near, position, motion: _, battery, link, air } = report;
    let mark = |mark: u16, holds: bool| if holds { mark } else { 0 };
    let number = |at: u16, number: usize| (number as u16) << at;
    let height = position.is_some_and(|position| position.fix == Fix::ThreeD);
    let mode = MODES.iter().position(|other| other == mode).unwrap_or(0);
    let truths = mark(LOCKED, *locked)
        | mark(KEY_NEAR, *key_near)
        | mark(POSITION, position.is_some())
        | mark(HEIGHT, height)
        | mark(BATTERY, battery.is_some())
        | mark(BACKUP_POWER, link.backup_power)
        | mark(BACKUP, link.backup.is_some())
        | mark(NEAR, link.near.is_some())
        | mark(AIR, air.is_some())
        | mark(NARROW, narrow)
        | number(MODE_AT, mode);
    let Some(battery) = battery else { return truths };
    let chemistry = CHEMISTRIES.iter().position(|other| *other == battery.chemistry).unwrap_or(0);
    truths | number(CHEMISTRY_AT, chemistry) | number(ALARM_AT, battery.alarm_level.into())
}

fn write_position(pen: &mut Pen, position: &Position) {
    let Position { fix: _, at, altitude, speed, heading, satellites, hdop } = position;
    pen.degrees(at.lat);
    pen.degrees(at.lon);
    pen.decimal(altitude.0, TENTHS);
    pen.decimal(speed.0, HUNDREDTHS);
    pen.decimal(heading.0, TENTHS);
    pen.bytes(&[*satellites]);
    pen.decimal(*hdop, HUNDREDTHS);
}

fn read_position(scan: &mut Scan, fix: Fix) -> Position {
    Position {
        fix,
        at: LatLon { lat: scan.degrees(), lon: scan.degrees() },
        altitude: Metres(scan.decimal(TENTHS)),
        speed: MetresPerSecond(scan.decimal(HUNDREDTHS)),
        heading: Degrees(scan.decimal(TENTHS)),
        satellites: scan.byte(),
        hdop: scan.decimal(HUNDREDTHS),
    }
}

fn write_link(pen: &mut Pen, link: &Link) {
    let Link { rsrp, cell, backup_power: _, backup, near } = link;
    pen.decimal(rsrp.0, ONES);
    pen.bytes(&cell.to_le_bytes());
    if let Some(backup) = backup {
        pen.decimal(backup.0, ONES);
    }
    if let Some(Near { at, radius }) = near {
        pen.degrees(at.lat);
        pen.degrees(at.lon);
        pen.decimal(radius.0, ONES);
    }
}

fn read_link(scan: &mut Scan, marks: u16) -> Link {
    Link {
        rsrp: Dbm(scan.decimal(ONES)),
        cell: u32::from_le_bytes(scan.array()),
        backup_power: marks & BACKUP_POWER != 0,
        backup: (marks & BACKUP != 0).then(|| Percent(scan.decimal(ONES))),
        near: (marks & NEAR != 0).then(|| Near {
            at: LatLon { lat: scan.degrees(), lon: scan.degrees() },
            radius: Metres(scan.decimal(ONES)),
        }),
    }
}

/// Cells as what they are above the lowest, where that fits.
fn write_battery(pen: &mut Pen, battery: &Battery, low: Option<u16>) {
    let Battery { pack, chemistry: _, soc, soh, voltage, current, cells_mv, probes, insulation, alarm_level: _ } =
        battery;
    let wide = if low.is_some() { 0 } else { WIDE };
    pen.bytes(&[pack.len() as u8, cells_mv.len() as u8, probes.len() as u8 | wide]);
    pen.bytes(pack.as_bytes());
    pen.decimal(soc.0, TENTHS);
    pen.decimal(soh.0, TENTHS);
    pen.decimal(voltage.0, HUNDREDTHS);
    pen.decimal(current.0, HUNDREDTHS);
    pen.decimal(insulation.0, ONES);
    for probe in probes {
        pen.decimal(probe.0, TENTHS);
    }
    if let Some(low) = low {
        pen.bytes(&low.to_le_bytes());
        pen.room(cells_mv.len()).iter_mut().zip(cells_mv).for_each(|(byte, mv)| *byte = (mv - low) as u8);
    } else {
        cells_mv.iter().for_each(|mv| pen.bytes(&mv.to_le_bytes()));
    }
}

fn read_battery(scan: &mut Scan, (chemistry, alarm_level): (Chemistry, u8)) -> Battery {
    let [letters, cells, probes] = scan.array();
    let wide = probes & WIDE != 0;
    let pack = std::str::from_utf8(scan.bytes(letters.into())).unwrap_or_default();
    let pack = PackId::from(pack).unwrap_or_default();
    let (soc, soh) = (Percent(scan.decimal(TENTHS)), Percent(scan.decimal(TENTHS)));
    let (voltage, current) = (Volts(scan.decimal(HUNDREDTHS)), Amps(scan.decimal(HUNDREDTHS)));
    let insulation = Kiloohms(scan.decimal(ONES));
    let probes = (0..probes & !WIDE).map(|_| Celsius(scan.decimal(TENTHS))).collect::<Probes>();
    let cells_mv = read_cells(scan, cells.into(), wide);
    Battery { pack, chemistry, soc, soh, voltage, current, cells_mv, probes, insulation, alarm_level }
}

fn read_cells(scan: &mut Scan, count: usize, wide: bool) -> Cells {
    if wide {
        return (0..count).map(|_| u16::from_le_bytes(scan.array())).collect();
    }
    let low = u16::from_le_bytes(scan.array());
    let mut cells = [0_u16; MAX_CELLS];
    let bytes = scan.bytes(count);
    cells.iter_mut().zip(bytes).for_each(|(cell, byte)| *cell = low + u16::from(*byte));
    Cells::from_slice(&cells[..bytes.len()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::{Purpose, Stream};
    use crate::track::Entry;
    use crate::wire::{Format, Message, decode, encode};

    /// A number between two others in steps of one of `steps` in one; sometimes one of the ends.
    fn number(random: &mut Stream, (low, high): (f64, f64), steps: &[f64]) -> f64 {
        let steps = steps[random.index(steps.len())];
        match random.index(20) {
            0 => low,
            1 => high,
            _ => ((random.between(low, high) * steps).round() / steps).clamp(low, high) + 0.0,
        }
    }

    fn some<T>(random: &mut Stream, value: impl FnOnce(&mut Stream) -> T) -> Option<T> {
        random.chance(0.7).then(|| value(random))
    }

    fn place(random: &mut Stream, steps: &[f64]) -> LatLon {
        LatLon { lat: number(random, (-90.0, 90.0), steps), lon: number(random, (-180.0, 180.0), steps) }
    }

    fn battery(random: &mut Stream, steps: &[f64]) -> Battery {
        let pack = ["", "LFP48-20-000017", "电池-二十四字节", "ABCDEFGHIJKLMNOPQRSTUVWX"][random.index(4)];
        let (count, low, span) = (random.index(MAX_CELLS + 1), random.index(65_536), random.index(600));
        let count = if random.chance(0.7) { count % 25 } else { count };
        let cell = |random: &mut Stream| (low + random.index(span + 1)).min(65_535) as u16;
        Battery {
            pack: PackId::from(pack).unwrap(),
            chemistry: CHEMISTRIES[random.index(4)],
            soc: Percent(number(random, (0.0, 100.0), steps)),
            soh: Percent(number(random, (0.0, 150.0), steps)),
            voltage: Volts(number(random, (0.0, 1000.0), steps)),
            current: Amps(number(random, (-1000.0, 1000.0), steps)),
            cells_mv: (0..count).map(|_| cell(random)).collect(),
            probes: (0..random.index(33)).map(|_| Celsius(number(random, (-60.0, 300.0), steps))).collect(),
            insulation: Kiloohms(number(random, (0.0, 100_000.0), steps)),
            alarm_level: random.index(4) as u8,
        }
    }

    /// Any report that the wire accepts, in steps of one of `steps` in one, and of `fine` where it is.
    fn report(random: &mut Stream, steps: &[f64], fine: &[f64]) -> Report {
        let stamp = Stamp {
            vin: "LZLEMTA20T0000001".parse().unwrap(),
            boot: random.word() >> random.index(32),
            seq: random.word() >> random.index(32),
            time: Timestamp(random.between(1_262_304_000_000.0, 4_102_444_800_000.0) as i64),
        };
        let position = |random: &mut Stream| Position {
            fix: if random.chance(0.5) { Fix::TwoD } else { Fix::ThreeD },
            at: place(random, fine),
            altitude: Metres(number(random, (-1000.0, 20_000.0), steps)),
            speed: MetresPerSecond(number(random, (0.0, 200.0), steps)),
            heading: Degrees(number(random, (0.0, 360.0), steps)),
            satellites: random.index(65) as u8,
            hdop: number(random, (0.0, 99.9), steps),
        };
        let near =
            |random: &mut Stream| Near { at: place(random, fine), radius: Metres(number(random, (0.0, 1e5), steps)) };
        Report {
            stamp,
            mode: MODES[random.index(3)],
            locked: random.chance(0.5),
            key_near: random.chance(0.5),
            position: some(random, position),
            motion: Motion {
                wheel: MetresPerSecond(number(random, (0.0, 200.0), steps)),
                vibration: Gravities(number(random, (0.0, 64.0), steps)),
                tilt: Degrees(number(random, (-180.0, 180.0), steps)),
                odometer: Metres(number(random, (0.0, 4_294_967_295.0), steps)),
            },
            battery: some(random, |random| battery(random, steps)),
            link: Link {
                rsrp: Dbm(number(random, (-160.0, 0.0), steps)),
                cell: random.word() >> random.index(32),
                backup_power: random.chance(0.5),
                backup: some(random, |random| Percent(number(random, (0.0, 100.0), steps))),
                near: some(random, near),
            },
            air: some(random, |random| Celsius(number(random, (-60.0, 100.0), steps))),
        }
    }

    /// What comes back, with all bits: unlike `==`, text tells 0 from −0.
    fn comes_back(entry: &mut Entry, report: &Report) -> bool {
        entry.keep_report(report);
        assert_eq!(format!("{:?}", entry.before()), format!("{:?}", Before::of(report)));
        format!("{:?}", entry.report().unwrap()) == format!("{report:?}")
    }

    #[test]
    fn whatever_the_wire_accepts_comes_back_to_the_last_bit() {
        let mut random = Stream::new(1, 2, Purpose::Sensors);
        let mut entry = Entry::new("LZLEMTA20T0000001".parse().unwrap(), Timestamp(0));
        let (mut payload, mut brief) = (Vec::new(), 0);
        for _ in 0..3_000 {
            let message = Message::Report(report(&mut random, &[1.0, 10.0, 1000.0, 12_345.6], &[1e7, 1e9, 3.3]));
            for format in [Format::Json, Format::Protobuf] {
                encode(&message, format, &mut payload);
                let topic = message.topic().to_string();
                let read = decode(topic.as_bytes(), Some(format.content_type()), &payload);
                let Ok(Message::Report(read)) = read else { panic!("{message:?}: {read:?}") };
                assert!(comes_back(&mut entry, &read), "{read:?}");
                brief += usize::from(Brief::of(&read).is_some());
            }
        }
        assert!(brief > 500, "{brief} of 6,000");
    }

    #[test]
    fn odd_numbers_come_back() {
        let mut random = Stream::new(3, 4, Purpose::Sensors);
        let mut entry = Entry::new("LZLEMTA20T0000001".parse().unwrap(), Timestamp(0));
        for value in [-0.0, f64::MIN_POSITIVE, 0.1 + 0.2, f64::NAN, f64::INFINITY, 1e300, 9e15, 1.0 / 3.0] {
            let mut report = report(&mut random, &[1.0], &[1e7]);
            report.motion.odometer = Metres(value);
            assert!(comes_back(&mut entry, &report), "{report:?}");
        }
        let late = Report {
            stamp: Stamp { time: Timestamp(i64::MAX - 1), ..report(&mut random, &[1.0], &[1e7]).stamp },
            ..report(&mut random, &[1.0], &[1e7])
        };
        assert!(comes_back(&mut entry, &late));
    }

    #[test]
    fn packs_of_two_wheelers_have_a_brief_form() {
        let mut random = Stream::new(5, 6, Purpose::Sensors);
        for count in [4, 13, 16, 20, 24] {
            // Large, but nothing that is never said.
            let mut report = report(&mut random, &[10.0], &[1e7]);
            report.stamp.seq %= 2_000_000;
            report.link = Link { rsrp: Dbm(-121.0), backup: Some(Percent(97.0)), near: None, ..report.link };
            let position = report.position.map(|position| Position { altitude: Metres(3235.1), ..position });
            (report.position, report.motion.odometer) = (position, Metres(2_134_567.8));
            let mut battery = battery(&mut random, &[10.0]);
            battery.pack = PackId::from("LFP48-20-000017").unwrap();
            (battery.voltage, battery.current, battery.insulation) = (Volts(73.25), Amps(-82.5), Kiloohms(12_340.0));
            battery.cells_mv = (0..count).map(|cell| 3300 + 3 * cell).collect();
            battery.probes = [Celsius(-24.5); 4].into_iter().collect();
            report.battery = Some(battery);
            assert!(Brief::of(&report).is_some(), "{report:?}");
        }
    }
}
