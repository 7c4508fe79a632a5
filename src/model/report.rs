//! What a vehicle says about itself. The serde names are the members of the JSON wire format, version 1.

use serde::{Deserialize, Deserializer, Serialize};
use smallvec::SmallVec;

use crate::base::units::{Amps, Celsius, Dbm, Degrees, Gravities, Kiloohms, Metres, MetresPerSecond, Percent, Volts};
use crate::base::{LatLon, PackId, Timestamp, Vin};

/// Who says something, and when: the head of every message of a vehicle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Who.
    pub vin: Vin,
    /// Grows at each start of the device (Unix seconds of its start, or a counter).
    pub boot: u32,
    /// Grows by one with each report or event of a boot, from 1.
    pub seq: u32,
    /// When, by the device's clock.
    #[serde(rename = "ts_ms")]
    pub time: Timestamp,
}

/// What the vehicle is used for at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Standing, switched off.
    Parked,
    /// Switched on and ridden.
    Riding,
    /// On a charger.
    Charging,
}

/// The kind of position fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fix {
    /// Horizontal only.
    #[serde(rename = "2d")]
    TwoD,
    /// Horizontal and height.
    #[serde(rename = "3d")]
    ThreeD,
}

/// What the BeiDou receiver says.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Kind of fix.
    pub fix: Fix,
    /// Where, in WGS-84.
    #[serde(flatten)]
    pub at: LatLon,
    /// Height above mean sea level.
    #[serde(rename = "alt_m")]
    pub altitude: Metres,
    /// Speed over ground.
    #[serde(rename = "speed_mps")]
    pub speed: MetresPerSecond,
    /// Course over ground, 0 to 360 clockwise from north.
    #[serde(rename = "heading_deg")]
    pub heading: Degrees,
    /// Satellites used.
    #[serde(rename = "sats")]
    pub satellites: u8,
    /// Horizontal dilution of precision.
    pub hdop: f64,
}

/// What the wheel, the inertial sensor and the odometer say.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Motion {
    /// Speed of the wheel.
    #[serde(rename = "wheel_mps")]
    pub wheel: MetresPerSecond,
    /// Root mean square of the acceleration without gravity since the last report.
    #[serde(rename = "vibration_g")]
    pub vibration: Gravities,
    /// Angle between the vehicle's upright and the vertical.
    #[serde(rename = "tilt_deg")]
    pub tilt: Degrees,
    /// Distance the wheel ever rolled.
    #[serde(rename = "odo_m")]
    pub odometer: Metres,
}

/// The chemistry of a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Chemistry {
    /// Valve-regulated lead-acid; its "cells" are 12 V modules.
    Vrla,
    /// Lithium iron phosphate.
    Lfp,
    /// Nickel manganese cobalt.
    Nmc,
    /// Sodium ion.
    Na,
}

/// Most cells in series that a report carries: those of a 400 V car with some to spare.
pub const MAX_CELLS: usize = 128;
/// Most temperature sensors that a report carries.
pub const MAX_PROBES: usize = 32;

/// Voltage of each cell, millivolts. As many as packs of two-wheelers have need no allocation.
pub type Cells = SmallVec<[u16; 24]>;
/// What each temperature sensor says. As many as packs of two-wheelers have need no allocation.
pub type Probes = SmallVec<[Celsius; 8]>;

/// What the battery management says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Battery {
    /// The number on the pack.
    pub pack: PackId,
    /// Its chemistry.
    pub chemistry: Chemistry,
    /// State of charge.
    #[serde(rename = "soc_pct")]
    pub soc: Percent,
    /// State of health: capacity left, of the nominal one.
    #[serde(rename = "soh_pct")]
    pub soh: Percent,
    /// Voltage of the pack.
    #[serde(rename = "pack_v")]
    pub voltage: Volts,
    /// Current; positive charges, negative discharges.
    #[serde(rename = "pack_a")]
    pub current: Amps,
    /// Voltage of each cell in series, millivolts.
    #[serde(deserialize_with = "at_most::<_, _, MAX_CELLS>")]
    pub cells_mv: Cells,
    /// Each temperature sensor in the pack.
    #[serde(rename = "temps_c", deserialize_with = "at_most::<_, _, MAX_PROBES>")]
    pub probes: Probes,
    /// Resistance between the pack and the frame.
    #[serde(rename = "insulation_kohm")]
    pub insulation: Kiloohms,
    /// The management's own alarm level after GB/T 32960: 0 none, 1 drive on, 2 limit, 3 stop now.
    pub alarm_level: u8,
}

/// Reads a list of so many at most.
fn at_most<'de, D, A, const MOST: usize>(deserializer: D) -> Result<SmallVec<A>, D::Error>
where
    D: Deserializer<'de>,
    A: smallvec::Array,
    A::Item: Deserialize<'de>,
{
    let list = SmallVec::<A>::deserialize(deserializer)?;
    let sentence = format!("at most {MOST}");
    if list.len() > MOST { Err(serde::de::Error::invalid_length(list.len(), &&*sentence)) } else { Ok(list) }
}

impl Battery {
    /// The hottest sensor; `None` without sensors.
    #[must_use]
    pub fn hottest(&self) -> Option<Celsius> {
        self.coldest_and_hottest().map(|(_, hottest)| hottest)
    }

    /// The coldest sensor; `None` without sensors.
    #[must_use]
    pub fn coldest(&self) -> Option<Celsius> {
        self.coldest_and_hottest().map(|(coldest, _)| coldest)
    }

    /// Both, at the price of one.
    #[must_use]
    pub fn coldest_and_hottest(&self) -> Option<(Celsius, Celsius)> {
        let (mut low, mut high) = (i64::MAX, i64::MIN);
        for probe in &self.probes {
            let key = ordered(probe.0.to_bits() as i64);
            (low, high) = (low.min(key), high.max(key));
        }
        let celsius = |key| Celsius(f64::from_bits(ordered(key) as u64));
        (low <= high).then(|| (celsius(low), celsius(high)))
    }
}

/// The bits of a number so that whole numbers are in the order of [`f64::total_cmp`]; the same again undoes it.
fn ordered(bits: i64) -> i64 {
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

/// Where the serving cell puts a vehicle that has no fix.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Near {
    /// Where the base station stands.
    #[serde(flatten)]
    pub at: LatLon,
    /// How far from it the vehicle may be.
    #[serde(rename = "radius_m")]
    pub radius: Metres,
}

/// What the modem says.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// Received power of the serving cell.
    #[serde(rename = "rsrp_dbm")]
    pub rsrp: Dbm,
    /// Number of the serving cell.
    pub cell: u32,
    /// Whether the modem lives on its backup cell because the pack gives no power.
    pub backup_power: bool,
    /// What is left of that cell, while it lives on it.
    #[serde(rename = "backup_pct", default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<Percent>,
    /// Roughly where it is, when it has a network and no fix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub near: Option<Near>,
}

/// What a vehicle says about itself at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Who and when.
    #[serde(flatten)]
    pub stamp: Stamp,
    /// What it is used for.
    pub mode: Mode,
    /// Whether the lock is closed.
    pub locked: bool,
    /// Whether the owner's key is near.
    pub key_near: bool,
    /// Where it is; `None` without a fix.
    #[serde(default)]
    pub position: Option<Position>,
    /// How it moves.
    pub motion: Motion,
    /// How the battery is; `None` when its management does not answer.
    #[serde(default)]
    pub battery: Option<Battery>,
    /// How it is connected.
    pub link: Link,
    /// Temperature of the air around it.
    #[serde(rename = "air_c", default, skip_serializing_if = "Option::is_none")]
    pub air: Option<Celsius>,
}
