//! Reads a report as a device writes it that keeps the schema's order and leaves out what is zero, which is what all
//! generators do. A general library first makes an object of its own of it, with three allocations.

use arrayvec::ArrayVec;

use super::convert::{of_e3, place, word_of};
use crate::base::units::{Amps, Celsius, Dbm, Degrees, Gravities, Kiloohms, Metres, MetresPerSecond, Percent, Volts};
use crate::base::{PackId, Timestamp, Vin};
use crate::model::report::{Cells, MAX_CELLS, MAX_PROBES, Near, Probes};
use crate::model::{Battery, Link, Motion, Position, Report, Stamp};
use crate::wire::message::{Message, VERSION};
use crate::wire::report::{CHEMISTRIES, FIXES, MODES};

/// How a field is written: the low bits of its tag.
const VARINT: u8 = 0;
const BYTES: u8 = 2;
const FIXED32: u8 = 5;

/// It is written in another way, or wrong; the general library knows.
struct Unusual;

type Read<T> = Result<T, Unusual>;

/// Reads a report of our version; `None` when it is written in another way, or wrong. It is made as the message that it is
/// passed on as, so that it need not be moved.
pub(super) fn read(payload: &[u8]) -> Option<Message> {
    report(payload).ok()
}

#[inline]
fn report(payload: &[u8]) -> Read<Message> {
    let fields = &mut Fields(payload);
    if fields.whole(1)? != u64::from(VERSION) {
        return Err(Unusual);
    }
    let vin = Vin::from_bytes(fields.bytes(2)?.unwrap_or_default()).or(Err(Unusual))?;
    let (boot, seq) = (fields.number(3)?, fields.number(4)?);
    let time = Timestamp(fields.whole(5)? as i64);
    let mode = word_of(&MODES, fields.number(6)?).or(Err(Unusual))?;
    let (locked, key_near) = (fields.truth(7)?, fields.truth(8)?);
    let position = fields.part(9, position)?;
    let motion = fields.part(10, motion)?.ok_or(Unusual)?;
    let battery = fields.part(11, battery)?;
    let link = fields.part(12, link)?.ok_or(Unusual)?;
    let air = fields.some_e3(13)?.map(Celsius);
    let stamp = Stamp { vin, boot, seq, time };
    fields.end(())?;
    Ok(Message::Report(Report { stamp, mode, locked, key_near, position, motion, battery, link, air }))
}

fn position(fields: &mut Fields) -> Read<Position> {
    Ok(Position {
        fix: word_of(&FIXES, fields.number(1)?).or(Err(Unusual))?,
        at: place(fields.fixed(2)?, fields.fixed(3)?),
        altitude: Metres(fields.e3(4)?),
        speed: MetresPerSecond(fields.e3(5)?),
        heading: Degrees(fields.e3(6)?),
        satellites: fields.number(7)?,
        hdop: fields.e3(8)?,
    })
}

fn motion(fields: &mut Fields) -> Read<Motion> {
    Ok(Motion {
        wheel: MetresPerSecond(fields.e3(1)?),
        vibration: Gravities(fields.e3(2)?),
        tilt: Degrees(fields.e3(3)?),
        odometer: Metres(fields.e3(4)?),
    })
}

fn battery(fields: &mut Fields) -> Read<Battery> {
    let pack = std::str::from_utf8(fields.bytes(1)?.unwrap_or_default()).or(Err(Unusual))?;
    Ok(Battery {
        pack: PackId::from(pack).or(Err(Unusual))?,
        chemistry: word_of(&CHEMISTRIES, fields.number(2)?).or(Err(Unusual))?,
        soc: Percent(fields.e3(3)?),
        soh: Percent(fields.e3(4)?),
        voltage: Volts(fields.e3(5)?),
        current: Amps(fields.e3(6)?),
        cells_mv: cells(fields.bytes(7)?.unwrap_or_default())?,
        probes: probes(fields.bytes(8)?.unwrap_or_default())?,
        insulation: Kiloohms(fields.e3(9)?),
        alarm_level: fields.number(10)?,
    })
}

fn link(fields: &mut Fields) -> Read<Link> {
    Ok(Link {
        rsrp: Dbm(fields.e3(1)?),
        cell: fields.number(2)?,
        backup_power: fields.truth(3)?,
        backup: fields.some_e3(4)?.map(Percent),
        near: fields.part(5, near)?,
    })
}

fn near(fields: &mut Fields) -> Read<Near> {
    Ok(Near { at: place(fields.fixed(1)?, fields.fixed(2)?), radius: Metres(fields.e3(3)?) })
}

/// Voltages of cells, of which nearly all take two bytes: those are read without looking for their ends.
fn cells(packed: &[u8]) -> Read<Cells> {
    let (pairs, odd) = packed.as_chunks::<2>();
    let others = pairs.iter().fold(0, |others, [low, high]| others | ((!low | high) & 0x80));
    if odd.is_empty() && others == 0 && pairs.len() <= MAX_CELLS {
        return Ok(pairs.iter().map(|[low, high]| u16::from(low & 0x7F) | u16::from(*high) << 7).collect());
    }
    let (mut list, mut rest) = (ArrayVec::<u16, MAX_CELLS>::new(), Fields(packed));
    while !rest.0.is_empty() {
        let cell = u16::try_from(rest.varint()?).or(Err(Unusual))?;
        list.try_push(cell).or(Err(Unusual))?;
    }
    Ok(Cells::from_slice(&list))
}

fn probes(packed: &[u8]) -> Read<Probes> {
    let (mut list, mut rest) = (ArrayVec::<Celsius, MAX_PROBES>::new(), Fields(packed));
    while !rest.0.is_empty() {
        let probe = Celsius(of_e3(zigzag(rest.varint()?)));
        list.try_push(probe).or(Err(Unusual))?;
    }
    Ok(Probes::from_slice(&list))
}

/// A signed number as it was before small negative ones were made small.
fn zigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

/// The fields of a message that are still to be read, of which each has a number below 16 and stands in its order.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// Passes over the tag of a field, if it is the next.
    #[inline]
    fn has(&mut self, field: u8, kind: u8) -> bool {
        match self.0.split_first() {
            Some((tag, rest)) if *tag == field << 3 | kind => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    #[inline]
    fn varint(&mut self) -> Read<u64> {
        match *self.0 {
            [low, ref rest @ ..] if low < 0x80 => {
                self.0 = rest;
                Ok(low.into())
            }
            [low, high, ref rest @ ..] if high < 0x80 => {
                self.0 = rest;
                Ok(u64::from(low & 0x7f) | u64::from(high) << 7)
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Read<u64> {
        let mut number = 0;
        // One of ten bytes may have too many bits: the library knows what to do with them.
        for (index, byte) in self.0.iter().take(9).enumerate() {
            number |= u64::from(byte & 0x7f) << (7 * index);
            if *byte < 0x80 {
                self.0 = &self.0[index + 1..];
                return Ok(number);
            }
        }
        // Only times before 1970 are written so long.
        Err(Unusual)
    }

    /// A number without a sign; 0 if it is not there.
    #[inline]
    fn whole(&mut self, field: u8) -> Read<u64> {
        if self.has(field, VARINT) { self.varint() } else { Ok(0) }
    }

    /// The same, in a smaller type.
    #[inline]
    fn number<T: TryFrom<u64>>(&mut self, field: u8) -> Read<T> {
        T::try_from(self.whole(field)?).or(Err(Unusual))
    }

    #[inline]
    fn truth(&mut self, field: u8) -> Read<bool> {
        match self.whole(field)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Unusual),
        }
    }

    /// A number in thousandths, if it is there.
    #[inline]
    fn some_e3(&mut self, field: u8) -> Read<Option<f64>> {
        Ok(if self.has(field, VARINT) { Some(of_e3(zigzag(self.varint()?))) } else { None })
    }

    /// The same; 0 if it is not there.
    #[inline]
    fn e3(&mut self, field: u8) -> Read<f64> {
        if self.has(field, VARINT) { Ok(of_e3(zigzag(self.varint()?))) } else { Ok(0.0) }
    }

    #[inline]
    fn fixed(&mut self, field: u8) -> Read<i32> {
        if !self.has(field, FIXED32) {
            return Ok(0);
        }
        let (number, rest) = self.0.split_first_chunk().ok_or(Unusual)?;
        self.0 = rest;
        Ok(i32::from_le_bytes(*number))
    }

    /// What is as long as it says, if it is there.
    #[inline]
    fn bytes(&mut self, field: u8) -> Read<Option<&'a [u8]>> {
        if !self.has(field, BYTES) {
            return Ok(None);
        }
        let length = usize::try_from(self.varint()?).or(Err(Unusual))?;
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(Unusual)?;
        self.0 = rest;
        Ok(Some(bytes))
    }

    /// A message within this one, if it is there.
    #[inline]
    fn part<T>(&mut self, field: u8, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<Option<T>> {
        let Some(bytes) = self.bytes(field)? else { return Ok(None) };
        let mut fields = Fields(bytes);
        let part = read(&mut fields)?;
        fields.end(part).map(Some)
    }

    /// What was read, if nothing is left.
    #[inline]
    fn end<T>(&self, read: T) -> Read<T> {
        if self.0.is_empty() { Ok(read) } else { Err(Unusual) }
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::super::fields;
    use super::*;
    use crate::base::LatLon;
    use crate::base::rng::{Purpose, Stream};
    use crate::model::{Chemistry, Fix, Mode};

    fn full() -> Report {
        Report {
            stamp: Stamp {
                vin: "LZLEMTA20T0000001".parse().unwrap(),
                boot: 1_780_000_000,
                seq: 7,
                time: Timestamp(1_780_000_123_456),
            },
            mode: Mode::Riding,
            locked: false,
            key_near: true,
            position: Some(Position {
                fix: Fix::ThreeD,
                at: LatLon { lat: 29.560_000_1, lon: -106.57 },
                altitude: Metres(-12.5),
                speed: MetresPerSecond(6.94),
                heading: Degrees(359.9),
                satellites: 21,
                hdop: 0.85,
            }),
            motion: Motion {
                wheel: MetresPerSecond(6.9),
                vibration: Gravities(0.0),
                tilt: Degrees(-3.0),
                odometer: Metres(812_345.6),
            },
            battery: Some(Battery {
                pack: PackId::from("LFP48-20 电池").unwrap(),
                chemistry: Chemistry::Lfp,
                soc: Percent(64.0),
                soh: Percent(97.5),
                voltage: Volts(52.61),
                current: Amps(-12.35),
                cells_mv: [3291, 3290, 3292, 0, 65_535, 12_400].into_iter().collect(),
                probes: [24.5, -7.0].map(Celsius).into_iter().collect(),
                insulation: Kiloohms(1500.0),
                alarm_level: 2,
            }),
            link: Link {
                rsrp: Dbm(-91.0),
                cell: 4711,
                backup_power: true,
                backup: Some(Percent(41.5)),
                near: Some(Near { at: LatLon { lat: -29.5, lon: 106.5 }, radius: Metres(800.0) }),
            },
            air: Some(Celsius(-7.5)),
        }
    }

    fn written(report: &Report) -> Vec<u8> {
        fields::Report::of(report).encode_to_vec()
    }

    /// As the general library reads it.
    fn by_library(payload: &[u8]) -> Option<Report> {
        fields::Report::decode(payload).ok()?.report().ok()
    }

    #[test]
    fn what_the_library_writes_is_read_the_quick_way() {
        let bare = Report { position: None, battery: None, air: None, ..full() };
        let empty = full().battery.map(|battery| Battery { cells_mv: Cells::new(), probes: Probes::new(), ..battery });
        let many = full().battery.map(|battery| Battery {
            cells_mv: (0..MAX_CELLS).map(|cell| 3600 + cell as u16).collect(),
            probes: (0..MAX_PROBES).map(|probe| Celsius(probe as f64)).collect(),
            ..battery
        });
        let link = Link { backup: None, near: None, backup_power: false, ..full().link };
        for report in [full(), bare, Report { battery: empty, ..full() }, Report { battery: many, link, ..full() }] {
            assert_eq!(read(&written(&report)), Some(Message::Report(report)));
        }
    }

    #[test]
    fn numbers_of_all_lengths_are_read_with_and_without_much_behind_them() {
        for number in (0..63).flat_map(|bit| [(1_u64 << bit) - 1, 1 << bit, (1 << bit) + 1]) {
            let mut written = Vec::new();
            prost::encoding::encode_varint(number, &mut written);
            for behind in [&[][..], &[0x7F], &[0xFF; 9], &[0; 9]] {
                let payload = [&written, behind].concat();
                let mut fields = Fields(&payload);
                assert_eq!(fields.varint().ok(), Some(number), "{payload:?}");
                assert_eq!(fields.0, behind, "{payload:?}");
            }
        }
    }

    #[test]
    fn whatever_is_read_the_quick_way_says_the_same_to_the_library() {
        let (payload, mut random, mut quick) = (written(&full()), Stream::new(1, 2, Purpose::Sensors), 0);
        for _ in 0..200_000 {
            let mut other = payload.clone();
            for _ in 0..=random.index(3) {
                let at = random.index(other.len());
                match random.index(4) {
                    0 => drop(other.remove(at)),
                    1 => other.insert(at, random.word() as u8),
                    2 => other[at] ^= 1 << random.index(8),
                    _ => other[at] = random.word() as u8,
                }
            }
            if let Some(Message::Report(report)) = read(&other) {
                // Compared as text, because what is no number equals nothing.
                assert_eq!(
                    Some(format!("{report:?}")),
                    by_library(&other).map(|known| format!("{known:?}")),
                    "{other:?}"
                );
                quick += 1;
            }
        }
        assert!(quick > 20_000, "{quick} of 200,000 were read the quick way");
    }
}
