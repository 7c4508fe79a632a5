//! A report of a row: each member from where the map says.

use csv::StringRecord;

use super::column::{Binder, Column, Number, Stop, Word, by_serde, truth};
use super::flaw::Flaw;
use super::map::{BatteryMap, LogMap, PositionMap};
use super::source::Source;
use crate::base::units::{Amps, Celsius, Dbm, Degrees, Gravities, Kiloohms, Metres, MetresPerSecond, Percent, Volts};
use crate::base::{LatLon, PackId, Timestamp, Vin};
use crate::model::report::{Cells, MAX_CELLS, MAX_PROBES, Probes};
use crate::model::{Battery, Chemistry, Fix, Link, Mode, Motion, Position, Report, Stamp};
use crate::wire::limits;

/// Satellites and dilution of precision of a fix that does not tell them: an ordinary one under open sky (assumed).
pub(super) const USUAL_SATS: u8 = 12;
/// See [`USUAL_SATS`].
pub(super) const USUAL_HDOP: f64 = 1.0;
/// What sensors resolve at best: more places are noise of a conversion.
pub(super) const STEP: f64 = 0.001;
const TRUTH: &str = "true or false";

/// The members of a report, bound to the columns of one table.
#[derive(Debug)]
pub(super) struct Members {
    mode: Word<Mode>,
    locked: Word<bool>,
    key_near: Word<bool>,
    position: Option<PositionMembers>,
    wheel: Option<Number>,
    vibration: Number,
    tilt: Number,
    odometer: Number,
    battery: Option<BatteryMembers>,
    rsrp: Number,
    cell: Number,
    backup_power: Word<bool>,
    backup: Option<Number>,
    air: Option<Number>,
}

#[derive(Debug)]
struct PositionMembers {
    fix: Option<Word<Fix>>,
    lat: Number,
    lon: Number,
    altitude: Option<Number>,
    speed: Number,
    heading: Number,
    satellites: Number,
    hdop: Number,
}

#[derive(Debug)]
struct BatteryMembers {
    pack: Pack,
    chemistry: Word<Chemistry>,
    soc: Number,
    soh: Number,
    voltage: Option<Number>,
    current: Number,
    cells: Vec<Column>,
    probes: Vec<Column>,
    insulation: Number,
    alarm_level: Number,
}

/// Where the number of a pack comes from.
#[derive(Debug)]
enum Pack {
    Vehicle,
    Constant(PackId),
    Column(usize),
}

impl Members {
    /// Binds what a map says.
    ///
    /// # Errors
    /// What is wrong with the map, or missing in the table.
    pub(super) fn bind(map: &LogMap, binder: &mut Binder) -> Result<Self, String> {
        let (motion, link) = (&map.motion, &map.link);
        let modes = ("parked, riding or charging", by_serde as fn(&str) -> Option<Mode>);
        if motion.wheel_mps.is_none() {
            binder.assumed.push("motion.wheel_mps as position.speed_mps".to_owned());
        }
        Ok(Self {
            mode: binder.word("mode", map.mode.as_ref(), modes, (Mode::Parked, "parked"))?,
            locked: binder.word("locked", map.locked.as_ref(), (TRUTH, truth), (false, "false"))?,
            key_near: binder.word("key_near", map.key_near.as_ref(), (TRUTH, truth), (false, "false"))?,
            position: map.position.as_ref().map(|map| PositionMembers::bind(map, binder)).transpose()?,
            wheel: binder.optional("motion.wheel_mps", motion.wheel_mps.as_ref())?,
            vibration: binder.number("motion.vibration_g", motion.vibration_g.as_ref(), 0.0)?,
            tilt: binder.number("motion.tilt_deg", motion.tilt_deg.as_ref(), 0.0)?,
            odometer: binder.number("motion.odo_m", motion.odo_m.as_ref(), 0.0)?,
            battery: map.battery.as_ref().map(|map| BatteryMembers::bind(map, binder)).transpose()?,
            rsrp: binder.number("link.rsrp_dbm", link.rsrp_dbm.as_ref(), -90.0)?,
            cell: binder.number("link.cell", link.cell.as_ref(), 0.0)?,
            backup_power: binder.word(
                "link.backup_power",
                link.backup_power.as_ref(),
                (TRUTH, truth),
                (false, "false"),
            )?,
            backup: binder.optional("link.backup_pct", link.backup_pct.as_ref())?,
            air: binder.optional("air_c", map.air_c.as_ref())?,
        })
    }

    /// The report of a row; its numbers are given later. An NMEA log brings the position itself.
    pub(super) fn report(
        &self,
        row: &StringRecord,
        vin: Vin,
        time: Timestamp,
        fix: Option<Position>,
    ) -> Result<Report, Flaw> {
        let position = match &self.position {
            Some(members) => part(members.read(row))?,
            None => fix,
        };
        let usual = |number: &Number| number.read(row).map(Option::unwrap_or_default);
        let wheel = self.wheel.as_ref().map(|wheel| wheel.read(row)).transpose()?.flatten();
        let speed = position.map_or(0.0, |position| position.speed.0);
        let report = Report {
            stamp: Stamp { vin, boot: 1, seq: 1, time },
            mode: self.mode.read(row)?,
            locked: self.locked.read(row)?,
            key_near: self.key_near.read(row)?,
            position,
            motion: Motion {
                wheel: MetresPerSecond(wheel.unwrap_or(speed)).quantised(STEP),
                vibration: Gravities(usual(&self.vibration)?).quantised(STEP),
                tilt: Degrees(usual(&self.tilt)?).quantised(STEP),
                odometer: Metres(usual(&self.odometer)?).quantised(STEP),
            },
            battery: self.battery.as_ref().map(|members| part(members.read(row, vin))).transpose()?.flatten(),
            link: Link {
                rsrp: Dbm(usual(&self.rsrp)?).quantised(STEP),
                cell: part(self.cell.whole(row))?.unwrap_or_default(),
                backup_power: self.backup_power.read(row)?,
                backup: optional(self.backup.as_ref(), row)?.map(|value| Percent(value).quantised(STEP)),
                near: None,
            },
            air: optional(self.air.as_ref(), row)?.map(|value| Celsius(value).quantised(STEP)),
        };
        check(&report)?;
        Ok(report)
    }
}

/// A part of a report, unless something in it was not measured.
fn part<T>(read: Result<T, Stop>) -> Result<Option<T>, Flaw> {
    match read {
        Ok(part) => Ok(Some(part)),
        Err(Stop::LeftOut) => Ok(None),
        Err(Stop::Flaw(flaw)) => Err(flaw),
    }
}

fn optional(number: Option<&Number>, row: &StringRecord) -> Result<Option<f64>, Flaw> {
    number.map_or(Ok(None), |number| number.read(row))
}

/// A collector must not turn away what is imported.
fn check(report: &Report) -> Result<(), Flaw> {
    if limits::check_report(report).is_ok() {
        return Ok(());
    }
    let sound_without = |without: fn(&mut Report)| {
        let mut rest = report.clone();
        without(&mut rest);
        limits::check_report(&rest).is_ok()
    };
    Err(Flaw::Range(if limits::check_stamp(&report.stamp).is_err() {
        "time"
    } else if sound_without(|report| report.position = None) {
        "position"
    } else if sound_without(|report| report.battery = None) {
        "battery"
    } else if sound_without(|report| report.air = None) {
        "air_c"
    } else {
        "motion or link"
    }))
}

impl PositionMembers {
    fn bind(map: &PositionMap, binder: &mut Binder) -> Result<Self, String> {
        let coordinate = |member, source: Option<&Source>| {
            let number = binder.optional(member, source)?;
            number.ok_or_else(|| format!("{member} is missing: a position needs it"))
        };
        let (lat, lon) = (
            coordinate("position.lat_deg", map.lat_deg.as_ref())?,
            coordinate("position.lon_deg", map.lon_deg.as_ref())?,
        );
        let fixes = ("2d or 3d", by_serde as fn(&str) -> Option<Fix>);
        let fix = map.fix.as_ref();
        Ok(Self {
            fix: fix.map(|fix| binder.word("position.fix", Some(fix), fixes, (Fix::ThreeD, "3d"))).transpose()?,
            lat,
            lon,
            altitude: binder.optional("position.alt_m", map.alt_m.as_ref())?,
            speed: binder.number("position.speed_mps", map.speed_mps.as_ref(), 0.0)?,
            heading: binder.number("position.heading_deg", map.heading_deg.as_ref(), 0.0)?,
            satellites: binder.number("position.sats", map.sats.as_ref(), f64::from(USUAL_SATS))?,
            hdop: binder.number("position.hdop", map.hdop.as_ref(), USUAL_HDOP)?,
        })
    }

    fn read(&self, row: &StringRecord) -> Result<Position, Stop> {
        // A fix without a height is one in two dimensions.
        let altitude = optional(self.altitude.as_ref(), row)?;
        let by_height = if altitude.is_some() { Fix::ThreeD } else { Fix::TwoD };
        Ok(Position {
            fix: self.fix.as_ref().map_or(Ok(by_height), |fix| fix.read(row))?,
            at: LatLon { lat: self.lat.needed(row)?, lon: self.lon.needed(row)? },
            altitude: Metres(altitude.unwrap_or(0.0)).quantised(STEP),
            speed: MetresPerSecond(self.speed.needed(row)?).quantised(STEP),
            heading: Degrees(self.heading.needed(row)?).quantised(STEP),
            satellites: self.satellites.whole(row)?,
            hdop: Metres(self.hdop.needed(row)?).quantised(STEP).0,
        })
    }
}

impl BatteryMembers {
    fn bind(map: &BatteryMap, binder: &mut Binder) -> Result<Self, String> {
        let list = |member, source: Option<&Source>, most: usize| {
            let columns = source.map_or(Ok(Vec::new()), |source| binder.columns(member, source))?;
            if columns.len() > most {
                return Err(format!("{member}: a report has room for {most}, the log has {}", columns.len()));
            }
            Ok(columns)
        };
        let cells = list("battery.cells_mv", map.cells_mv.as_ref(), MAX_CELLS)?;
        let probes = list("battery.temps_c", map.temps_c.as_ref(), MAX_PROBES)?;
        let chemistry =
            map.chemistry.as_ref().ok_or("battery.chemistry is missing: say such as { value = \"lfp\" }")?;
        let chemistries = ("vrla, lfp, nmc or na", by_serde as fn(&str) -> Option<Chemistry>);
        let voltage = binder.optional("battery.pack_v", map.pack_v.as_ref())?;
        if voltage.is_none() && cells.is_empty() {
            return Err("battery: expected pack_v or cells_mv; leave out [battery] when the log has neither".to_owned());
        }
        if voltage.is_none() {
            binder.assumed.push("battery.pack_v as the sum of the cells".to_owned());
        }
        Ok(Self {
            pack: Pack::bind(map.pack.as_ref(), binder)?,
            chemistry: binder.word("battery.chemistry", Some(chemistry), chemistries, (Chemistry::Nmc, "nmc"))?,
            soc: binder.number("battery.soc_pct", map.soc_pct.as_ref(), 50.0)?,
            soh: binder.number("battery.soh_pct", map.soh_pct.as_ref(), 100.0)?,
            voltage,
            current: binder.number("battery.pack_a", map.pack_a.as_ref(), 0.0)?,
            cells,
            probes,
            insulation: binder.number("battery.insulation_kohm", map.insulation_kohm.as_ref(), 2000.0)?,
            alarm_level: binder.number("battery.alarm_level", map.alarm_level.as_ref(), 0.0)?,
        })
    }

    fn read(&self, row: &StringRecord, vin: Vin) -> Result<Battery, Stop> {
        let mut cells_mv = Cells::new();
        for cell in &self.cells {
            let millivolts = cell.read(row)?.ok_or(Stop::LeftOut)?.round();
            if !(0.0..=f64::from(u16::MAX)).contains(&millivolts) {
                return Err(Flaw::Range("battery.cells_mv").into());
            }
            cells_mv.push(millivolts as u16);
        }
        let mut probes = Probes::new();
        for probe in &self.probes {
            probes.push(Celsius(probe.read(row)?.ok_or(Stop::LeftOut)?).quantised(STEP));
        }
        let sum = || cells_mv.iter().map(|millivolts| f64::from(*millivolts) / 1000.0).sum();
        let voltage = self.voltage.as_ref().map_or_else(|| Ok(sum()), |voltage| voltage.needed(row))?;
        Ok(Battery {
            pack: self.pack.read(row, vin)?,
            chemistry: self.chemistry.read(row)?,
            soc: Percent(self.soc.needed(row)?).quantised(STEP),
            soh: Percent(self.soh.needed(row)?).quantised(STEP),
            voltage: Volts(voltage).quantised(STEP),
            current: Amps(self.current.needed(row)?).quantised(STEP),
            cells_mv,
            probes,
            insulation: Kiloohms(self.insulation.needed(row)?).quantised(STEP),
            alarm_level: self.alarm_level.whole(row)?,
        })
    }
}

impl Pack {
    fn bind(source: Option<&Source>, binder: &mut Binder) -> Result<Self, String> {
        let Some(source) = source else {
            binder.assumed.push("battery.pack as the VIN".to_owned());
            return Ok(Self::Vehicle);
        };
        match (&source.column, &source.value) {
            (Some(names), _) => {
                let found = binder.find("battery.pack", names)?;
                Ok(found.first().map_or(Self::Vehicle, |at| Self::Column(*at)))
            }
            (None, value) => {
                let text = value.as_ref().map(ToString::to_string).unwrap_or_default();
                let long = |_| format!("battery.pack: expected up to 24 bytes, found {text:?}");
                PackId::from(&text).map(Self::Constant).map_err(long)
            }
        }
    }

    fn read(&self, row: &StringRecord, vin: Vin) -> Result<PackId, Stop> {
        let text = match self {
            Self::Constant(pack) => return Ok(*pack),
            Self::Vehicle => vin.as_str(),
            Self::Column(at) => row.get(*at).filter(|text| !text.is_empty()).ok_or(Stop::LeftOut)?,
        };
        PackId::from(text).map_err(|_| Stop::Flaw(Flaw::Range("battery.pack")))
    }
}
