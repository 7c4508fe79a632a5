//! One reading of a pack, however many cells it has: a report carries up to 24, a recording of a car a hundred.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use crate::base::Timestamp;
use crate::model::{Battery, Chemistry, Mode, Report};

/// One reading of a pack. What is not measured is NaN.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// Device time.
    pub time: Timestamp,
    /// Which pack: a hash of its number.
    pub pack: u32,
    /// Its chemistry.
    pub chemistry: Chemistry,
    /// Whether it is on a charger.
    pub charging: bool,
    /// Whether it is ridden: switched on.
    pub riding: bool,
    /// Current, A; positive charges.
    pub amps: f32,
    /// Voltage of the pack, mV.
    pub pack_mv: f32,
    /// Voltage of each cell, mV; 0 and 65,534 up mean missing (GB/T 32960.3: 0xFFFE abnormal, 0xFFFF invalid).
    pub cells_mv: &'a [u16],
    /// Hottest sensor, °C.
    pub hottest_c: f32,
    /// Coldest sensor, °C.
    pub coldest_c: f32,
    /// Insulation, kΩ.
    pub insulation_kohm: f32,
    /// State of charge as the management says, %.
    pub soc_pct: f32,
    /// State of health as the management says, %.
    pub soh_pct: f32,
    /// The management's alarm level, 0 to 3.
    pub alarm_level: u8,
}

/// What the report before said of the pack: all that a newer one is held against.
#[derive(Debug, Clone, PartialEq)]
pub struct Before {
    /// Device time.
    pub time: Timestamp,
    /// What the vehicle did.
    pub mode: Mode,
    /// The pack.
    pub battery: Battery,
}

impl Before {
    /// Of a report; `None` when its pack said nothing.
    #[must_use]
    pub fn of(report: &Report) -> Option<Self> {
        let battery = report.battery.clone()?;
        Some(Self { time: report.stamp.time, mode: report.mode, battery })
    }
}

impl<'a> Reading<'a> {
    /// What a report says of the pack.
    #[must_use]
    pub fn of(report: &Report, battery: &'a Battery) -> Self {
        Self::of_pack(name(battery.pack.as_bytes()), report.stamp.time, report.mode, battery)
    }

    /// What the report before said of the pack, beside a newer reading.
    #[must_use]
    pub fn before(before: &'a Before, newer: (u32, &Battery)) -> Self {
        let (pack, newer) = newer;
        let Before { time, mode, battery } = before;
        // Nearly always the same one, whose hash is known.
        let pack = if battery.pack == newer.pack { pack } else { name(battery.pack.as_bytes()) };
        Self::of_pack(pack, *time, *mode, battery)
    }

    fn of_pack(pack: u32, time: Timestamp, mode: Mode, battery: &'a Battery) -> Self {
        let ends = battery.coldest_and_hottest();
        let (coldest_c, hottest_c) = ends.map_or((f32::NAN, f32::NAN), |(low, high)| (low.0 as f32, high.0 as f32));
        Self {
            time,
            pack,
            chemistry: battery.chemistry,
            charging: mode == Mode::Charging,
            riding: mode == Mode::Riding,
            amps: battery.current.0 as f32,
            pack_mv: (battery.voltage.0 * 1000.0) as f32,
            cells_mv: &battery.cells_mv,
            hottest_c,
            coldest_c,
            insulation_kohm: battery.insulation.0 as f32,
            soc_pct: battery.soc.0 as f32,
            soh_pct: battery.soh.0 as f32,
            alarm_level: battery.alarm_level,
        }
    }

    /// Device time in seconds.
    #[must_use]
    pub fn seconds(&self) -> u32 {
        (self.time.0 / 1000).clamp(0, i64::from(u32::MAX)) as u32
    }

    /// Temperature for what depends on the whole pack: between the hottest and the coldest, °C.
    #[must_use]
    pub fn celsius(&self) -> f32 {
        f32::midpoint(self.hottest_c, self.coldest_c)
    }
}

/// Whether a cell's voltage was measured.
#[must_use]
pub fn measured(mv: u16) -> bool {
    mv > 0 && mv < 0xFFFE
}

/// A hash of the number on a pack.
#[must_use]
pub fn name(id: &[u8]) -> u32 {
    let mut hasher = SipHasher13::new();
    hasher.write(id);
    hasher.finish() as u32
}
