//! Reports for tests of what writes and reads them: with numbers of all lengths, and some that are none.

use crate::base::rng::{Purpose, Stream};
use crate::base::units::{Amps, Celsius, Dbm, Degrees, Gravities, Kiloohms, Metres, MetresPerSecond, Percent, Volts};
use crate::base::{LatLon, PackId, Timestamp};
use crate::model::report::{MAX_CELLS, MAX_PROBES, Near};
use crate::model::{Battery, Chemistry, Fix, Link, Mode, Motion, Position, Report, Stamp};

/// Reports with numbers of all lengths, and some that are none.
pub(super) struct Maker(pub(super) Stream);

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

    pub(super) fn report(&mut self) -> Report {
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

    /// A report that leaves nothing out and has no number that is not as long as it can be.
    pub(super) fn longest() -> Report {
        let mut maker = Self(Stream::new(2, 3, Purpose::Sensors));
        let far = LatLon { lat: -90.0, lon: -180.0 };
        let (position, battery) = (maker.position(), maker.battery());
        Report {
            stamp: Stamp { time: Timestamp(-1), boot: u32::MAX, seq: u32::MAX, ..maker.report().stamp },
            locked: true,
            key_near: true,
            position: Some(Position {
                at: far,
                altitude: Metres(f64::MIN),
                speed: MetresPerSecond(f64::MIN),
                heading: Degrees(f64::MIN),
                satellites: u8::MAX,
                hdop: f64::MIN,
                ..position
            }),
            motion: Motion {
                wheel: MetresPerSecond(f64::MIN),
                vibration: Gravities(f64::MIN),
                tilt: Degrees(f64::MIN),
                odometer: Metres(f64::MIN),
            },
            battery: Some(Battery {
                pack: PackId::from("123456789012345678901234").unwrap(),
                soc: Percent(f64::MIN),
                soh: Percent(f64::MIN),
                voltage: Volts(f64::MIN),
                current: Amps(f64::MIN),
                cells_mv: (0..MAX_CELLS).map(|_| u16::MAX).collect(),
                probes: (0..MAX_PROBES).map(|_| Celsius(f64::MIN)).collect(),
                insulation: Kiloohms(f64::MIN),
                alarm_level: u8::MAX,
                ..battery
            }),
            link: Link {
                rsrp: Dbm(f64::MIN),
                cell: u32::MAX,
                backup_power: true,
                backup: Some(Percent(f64::MIN)),
                near: Some(Near { at: far, radius: Metres(f64::MIN) }),
            },
            air: Some(Celsius(f64::MIN)),
            ..maker.report()
        }
    }
}
