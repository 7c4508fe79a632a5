//! The map of a log as its file says it. Names of members are those of the wire.

use serde::Deserialize;

use super::source::{Names, Source};

/// How a log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// A table of values between delimiters, the names of the columns in its first line.
    Csv,
    /// What a satellite receiver says.
    Nmea,
}

/// Which column of a log is what.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogMap {
    /// How the log is written.
    pub format: LogFormat,
    /// How its table is written.
    #[serde(default)]
    pub csv: CsvMap,
    /// Whose lines they are.
    pub vehicle: VehicleMap,
    /// When they were written.
    #[serde(default)]
    pub time: TimeMap,
    /// `mode`.
    pub mode: Option<Source>,
    /// `locked`.
    pub locked: Option<Source>,
    /// `key_near`.
    pub key_near: Option<Source>,
    /// `air_c`.
    pub air_c: Option<Source>,
    /// `position`; without it no report has one.
    pub position: Option<PositionMap>,
    /// `motion`.
    #[serde(default)]
    pub motion: MotionMap,
    /// `battery`; without it no report has one.
    pub battery: Option<BatteryMap>,
    /// `link`.
    #[serde(default)]
    pub link: LinkMap,
}

/// How a table is written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CsvMap {
    /// What stands between two cells.
    pub delimiter: char,
    /// What stands before the decimal places.
    pub decimal: char,
    /// How a line begins that is none of the table.
    pub comment: Option<char>,
    /// How many lines stand before the names of the columns.
    pub skip_lines: u32,
}

impl Default for CsvMap {
    fn default() -> Self {
        Self { delimiter: ',', decimal: '.', comment: None, skip_lines: 0 }
    }
}

/// Whose lines they are: just one of `vin`, `column` and `file`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VehicleMap {
    /// All are of this vehicle.
    pub vin: Option<String>,
    /// A column says it.
    pub column: Option<String>,
    /// Each file is a vehicle, named as the file without its ending.
    pub file: bool,
    /// What the VINs begin with that are made of names.
    pub prefix: Option<String>,
}

/// When lines were written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TimeMap {
    /// The column; of several the texts are joined with a blank.
    pub column: Option<Names>,
    /// `unix_s`, `unix_ms`, `rfc3339`, `elapsed`, `elapsed_ms`, or a pattern of `strptime`.
    pub format: Option<String>,
    /// How far the clock is from UTC, where the pattern does not read it.
    pub utc_offset: Option<String>,
    /// When an elapsed time began.
    pub start: Option<String>,
    /// The day on which an NMEA log begins that does not say it before the first fix.
    pub date: Option<String>,
}

/// Members of `position`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "members of the wire format, described in docs/wire.md")]
pub struct PositionMap {
    pub fix: Option<Source>,
    pub lat_deg: Option<Source>,
    pub lon_deg: Option<Source>,
    pub alt_m: Option<Source>,
    pub speed_mps: Option<Source>,
    pub heading_deg: Option<Source>,
    pub sats: Option<Source>,
    pub hdop: Option<Source>,
}

/// Members of `motion`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "members of the wire format, described in docs/wire.md")]
pub struct MotionMap {
    pub wheel_mps: Option<Source>,
    pub vibration_g: Option<Source>,
    pub tilt_deg: Option<Source>,
    pub odo_m: Option<Source>,
}

/// Members of `battery`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "members of the wire format, described in docs/wire.md")]
pub struct BatteryMap {
    pub pack: Option<Source>,
    pub chemistry: Option<Source>,
    pub soc_pct: Option<Source>,
    pub soh_pct: Option<Source>,
    pub pack_v: Option<Source>,
    pub pack_a: Option<Source>,
    pub cells_mv: Option<Source>,
    pub temps_c: Option<Source>,
    pub insulation_kohm: Option<Source>,
    pub alarm_level: Option<Source>,
}

/// Members of `link`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "members of the wire format, described in docs/wire.md")]
pub struct LinkMap {
    pub rsrp_dbm: Option<Source>,
    pub cell: Option<Source>,
    pub backup_power: Option<Source>,
    pub backup_pct: Option<Source>,
}
