//! Reports, of which a fleet sends nearly nothing else: written, and read back as they are written, without a general
//! JSON library; and read in one pass of that library however a device writes them.
//!
//! All three say the same as the serde form of [`model::Report`](crate::model::Report), which has its head and its place
//! flattened into the object: that makes serde keep every member until the end.

use serde::Deserialize;
use serde_json::Number;
use smallvec::{Array, SmallVec};

use super::message::VERSION;
use super::pen::{Pen, Scan};
use super::rejection::Rejection;
use crate::base::units::{Amps, Celsius, Dbm, Degrees, Gravities, Kiloohms, Metres, MetresPerSecond, Percent, Volts};
use crate::base::{LatLon, PackId, Timestamp, Vin};
use crate::model::report::{Cells, MAX_CELLS, MAX_PROBES, Near};
use crate::model::{Battery, Chemistry, Fix, Link, Mode, Motion, Position, Report, Stamp};

/// Words with what they mean; their order is that of their numbers in the compact format, from 1.
pub(super) const MODES: [(Mode, &str); 3] =
    [(Mode::Parked, "parked"), (Mode::Riding, "riding"), (Mode::Charging, "charging")];
pub(super) const FIXES: [(Fix, &str); 2] = [(Fix::TwoD, "2d"), (Fix::ThreeD, "3d")];
pub(super) const CHEMISTRIES: [(Chemistry, &str); 4] =
    [(Chemistry::Vrla, "vrla"), (Chemistry::Lfp, "lfp"), (Chemistry::Nmc, "nmc"), (Chemistry::Na, "na")];
/// Decimal places of a latitude or longitude.
const FINE: usize = 7;

fn word_of<T: PartialEq>(words: &[(T, &'static str)], wanted: &T) -> &'static str {
    words.iter().find(|(value, _)| value == wanted).map_or("", |(_, word)| word)
}

#[inline]
fn read_word<T: Copy>(words: &[(T, &'static str)], scan: &mut Scan) -> Option<T> {
    let after = |word: &str| scan.0.strip_prefix(word.as_bytes())?.strip_prefix(b"\"");
    let (value, rest) = words.iter().find_map(|(value, word)| Some((*value, after(word)?)))?;
    scan.0 = rest;
    Some(value)
}

/// Writes a report. `false`, with nothing of use written, when a text in it needs an escape or a number has no JSON form.
pub(super) fn write(report: &Report, buffer: &mut Vec<u8>) -> bool {
    let plain = |pack: &PackId| pack.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\');
    if report.stamp.time.0 < 0 || !report.battery.as_ref().is_none_or(|battery| plain(&battery.pack)) {
        return false;
    }
    let pen = &mut Pen(buffer);
    let Report { stamp, mode, locked, key_near, position, motion, battery, link, air } = report;
    pen.text("{\"v\":");
    pen.whole(VERSION);
    pen.text(",\"vin\":\"");
    pen.text(stamp.vin.as_str());
    pen.text("\",\"boot\":");
    pen.whole(stamp.boot);
    pen.text(",\"seq\":");
    pen.whole(stamp.seq);
    pen.text(",\"ts_ms\":");
    pen.whole(stamp.time.0 as u64);
    pen.text(",\"mode\":\"");
    pen.text(word_of(&MODES, mode));
    pen.text("\",\"locked\":");
    pen.text(truth(*locked));
    pen.text(",\"key_near\":");
    pen.text(truth(*key_near));
    pen.text(",\"position\":");
    match position {
        Some(position) => write_position(position, pen),
        None => pen.text("null"),
    }
    pen.number(",\"motion\":{\"wheel_mps\":", motion.wheel.0);
    pen.number(",\"vibration_g\":", motion.vibration.0);
    pen.number(",\"tilt_deg\":", motion.tilt.0);
    pen.number(",\"odo_m\":", motion.odometer.0);
    pen.text("},\"battery\":");
    match battery {
        Some(battery) => write_battery(battery, pen),
        None => pen.text("null"),
    }
    write_link(link, pen);
    if let Some(air) = air {
        pen.number(",\"air_c\":", air.0);
    }
    pen.text("}");
    true
}

fn write_link(link: &Link, pen: &mut Pen) {
    let Link { rsrp, cell, backup_power, backup, near } = link;
    pen.number(",\"link\":{\"rsrp_dbm\":", rsrp.0);
    pen.text(",\"cell\":");
    pen.whole(*cell);
    pen.text(",\"backup_power\":");
    pen.text(truth(*backup_power));
    if let Some(backup) = backup {
        pen.number(",\"backup_pct\":", backup.0);
    }
    if let Some(Near { at, radius }) = near {
        pen.text(",\"near\":{\"lat_deg\":");
        pen.decimal(at.lat, FINE);
        pen.text(",\"lon_deg\":");
        pen.decimal(at.lon, FINE);
        pen.number(",\"radius_m\":", radius.0);
        pen.text("}");
    }
    pen.text("}");
}

fn truth(holds: bool) -> &'static str {
    if holds { "true" } else { "false" }
}

fn write_position(position: &Position, pen: &mut Pen) {
    let Position { fix, at, altitude, speed, heading, satellites, hdop } = position;
    pen.text("{\"fix\":\"");
    pen.text(word_of(&FIXES, fix));
    pen.text("\",\"lat_deg\":");
    pen.decimal(at.lat, FINE);
    pen.text(",\"lon_deg\":");
    pen.decimal(at.lon, FINE);
    pen.number(",\"alt_m\":", altitude.0);
    pen.number(",\"speed_mps\":", speed.0);
    pen.number(",\"heading_deg\":", heading.0);
    pen.text(",\"sats\":");
    pen.whole(*satellites);
    pen.number(",\"hdop\":", *hdop);
    pen.text("}");
}

fn write_battery(battery: &Battery, pen: &mut Pen) {
    let Battery { pack, chemistry, soc, soh, voltage, current, cells_mv, probes, insulation, alarm_level } = battery;
    pen.text("{\"pack\":\"");
    pen.text(pack);
    pen.text("\",\"chemistry\":\"");
    pen.text(word_of(&CHEMISTRIES, chemistry));
    pen.number("\",\"soc_pct\":", soc.0);
    pen.number(",\"soh_pct\":", soh.0);
    pen.number(",\"pack_v\":", voltage.0);
    pen.number(",\"pack_a\":", current.0);
    pen.text(",\"cells_mv\":[");
    for (index, millivolts) in cells_mv.iter().enumerate() {
        pen.text(if index > 0 { "," } else { "" });
        pen.whole(*millivolts);
    }
    pen.text("],\"temps_c\":[");
    for (index, probe) in probes.iter().enumerate() {
        pen.number(if index > 0 { "," } else { "" }, probe.0);
    }
    pen.number("],\"insulation_kohm\":", insulation.0);
    pen.text(",\"alarm_level\":");
    pen.whole(*alarm_level);
    pen.text("}");
}

/// Reads a report of our version that is written as [`write`] does; `None` when it is not.
pub(super) fn read(payload: &[u8]) -> Option<Report> {
    let scan = &mut Scan(payload);
    scan.text(b"{\"v\":")?;
    if scan.whole::<u32>()? != VERSION {
        return None;
    }
    scan.text(b",\"vin\":\"")?;
    let vin = Vin::from_bytes(scan.bytes::<17>()?).ok()?;
    scan.text(b"\",\"boot\":")?;
    let boot = scan.whole()?;
    scan.text(b",\"seq\":")?;
    let seq = scan.whole()?;
    scan.text(b",\"ts_ms\":")?;
    let time = Timestamp(scan.whole()?);
    scan.text(b",\"mode\":\"")?;
    let mode = read_word(&MODES, scan)?;
    scan.text(b",\"locked\":")?;
    let locked = read_truth(scan)?;
    scan.text(b",\"key_near\":")?;
    let key_near = read_truth(scan)?;
    scan.text(b",\"position\":")?;
    let position = if scan.has(b"null") { None } else { Some(read_position(scan)?) };
    let motion = Motion {
        wheel: MetresPerSecond(scan.number(b",\"motion\":{\"wheel_mps\":")?),
        vibration: Gravities(scan.number(b",\"vibration_g\":")?),
        tilt: Degrees(scan.number(b",\"tilt_deg\":")?),
        odometer: Metres(scan.number(b",\"odo_m\":")?),
    };
    scan.text(b"},\"battery\":")?;
    let battery = if scan.has(b"null") { None } else { Some(read_battery(scan)?) };
    let link = read_link(scan)?;
    let air = if scan.has(b",\"air_c\":") { Some(Celsius(scan.decimal()?)) } else { None };
    scan.text(b"}")?;
    let stamp = Stamp { vin, boot, seq, time };
    scan.0.is_empty().then_some(Report { stamp, mode, locked, key_near, position, motion, battery, link, air })
}

fn read_link(scan: &mut Scan) -> Option<Link> {
    let rsrp = Dbm(scan.number(b",\"link\":{\"rsrp_dbm\":")?);
    scan.text(b",\"cell\":")?;
    let cell = scan.whole()?;
    scan.text(b",\"backup_power\":")?;
    let backup_power = read_truth(scan)?;
    let backup = if scan.has(b",\"backup_pct\":") { Some(Percent(scan.decimal()?)) } else { None };
    let near = if scan.has(b",\"near\":{\"lat_deg\":") {
        let at = LatLon { lat: scan.decimal()?, lon: scan.number(b",\"lon_deg\":")? };
        let radius = Metres(scan.number(b",\"radius_m\":")?);
        scan.text(b"}")?;
        Some(Near { at, radius })
    } else {
        None
    };
    scan.text(b"}")?;
    Some(Link { rsrp, cell, backup_power, backup, near })
}

fn read_truth(scan: &mut Scan) -> Option<bool> {
    if scan.has(b"true") { Some(true) } else { scan.text(b"false").map(|()| false) }
}

fn read_position(scan: &mut Scan) -> Option<Position> {
    scan.text(b"{\"fix\":\"")?;
    let fix = read_word(&FIXES, scan)?;
    let at = LatLon { lat: scan.number(b",\"lat_deg\":")?, lon: scan.number(b",\"lon_deg\":")? };
    let altitude = Metres(scan.number(b",\"alt_m\":")?);
    let speed = MetresPerSecond(scan.number(b",\"speed_mps\":")?);
    let heading = Degrees(scan.number(b",\"heading_deg\":")?);
    scan.text(b",\"sats\":")?;
    let satellites = scan.whole()?;
    let hdop = scan.number(b",\"hdop\":")?;
    scan.text(b"}")?;
    Some(Position { fix, at, altitude, speed, heading, satellites, hdop })
}

fn read_battery(scan: &mut Scan) -> Option<Battery> {
    scan.text(b"{\"pack\":\"")?;
    let pack = PackId::from(std::str::from_utf8(scan.word()?).ok()?).ok()?;
    scan.text(b",\"chemistry\":\"")?;
    let chemistry = read_word(&CHEMISTRIES, scan)?;
    let soc = Percent(scan.number(b",\"soc_pct\":")?);
    let soh = Percent(scan.number(b",\"soh_pct\":")?);
    let voltage = Volts(scan.number(b",\"pack_v\":")?);
    let current = Amps(scan.number(b",\"pack_a\":")?);
    scan.text(b",\"cells_mv\":[")?;
    let cells_mv = scan.wholes::<MAX_CELLS>().map(|cells| Cells::from_slice(&cells));
    let cells_mv = cells_mv.or_else(|| read_list(scan, MAX_CELLS, Scan::whole))?;
    scan.text(b",\"temps_c\":[")?;
    let probes = read_list(scan, MAX_PROBES, |scan| scan.decimal().map(Celsius))?;
    let insulation = Kiloohms(scan.number(b",\"insulation_kohm\":")?);
    scan.text(b",\"alarm_level\":")?;
    let alarm_level = scan.whole()?;
    scan.text(b"}")?;
    Some(Battery { pack, chemistry, soc, soh, voltage, current, cells_mv, probes, insulation, alarm_level })
}

fn read_list<'a, A: Array>(
    scan: &mut Scan<'a>,
    most: usize,
    mut one: impl FnMut(&mut Scan<'a>) -> Option<A::Item>,
) -> Option<SmallVec<A>> {
    let mut list = SmallVec::new();
    if scan.has(b"]") {
        return Some(list);
    }
    loop {
        list.push(one(scan)?);
        if list.len() > most {
            return None;
        }
        if !scan.has(b",") {
            return scan.text(b"]").map(|()| list);
        }
    }
}

/// A report as any device may write it.
#[derive(Deserialize)]
pub(super) struct Flat {
    v: Option<Number>,
    vin: Vin,
    boot: u32,
    seq: u32,
    ts_ms: Timestamp,
    mode: Mode,
    locked: bool,
    key_near: bool,
    #[serde(default)]
    position: Option<FlatPosition>,
    motion: Motion,
    #[serde(default)]
    battery: Option<Battery>,
    link: Link,
    #[serde(default)]
    air_c: Option<Celsius>,
}

/// A position as any device may write it.
#[derive(Deserialize)]
struct FlatPosition {
    fix: Fix,
    lat_deg: f64,
    lon_deg: f64,
    alt_m: Metres,
    speed_mps: MetresPerSecond,
    heading_deg: Degrees,
    sats: u8,
    hdop: f64,
}

impl Flat {
    /// The report, if it is of the version that we read.
    pub(super) fn report(self) -> Result<Report, Rejection> {
        let Self { v, vin, boot, seq, ts_ms, mode, locked, key_near, position, motion, battery, link, air_c: air } =
            self;
        if v.and_then(|v| v.as_u64()) != Some(u64::from(VERSION)) {
            return Err(Rejection::Version);
        }
        let stamp = Stamp { vin, boot, seq, time: ts_ms };
        let position = position.map(Position::from);
        Ok(Report { stamp, mode, locked, key_near, position, motion, battery, link, air })
    }
}

impl From<FlatPosition> for Position {
    fn from(flat: FlatPosition) -> Self {
        let FlatPosition { fix, lat_deg, lon_deg, alt_m, speed_mps, heading_deg, sats, hdop } = flat;
        let at = LatLon { lat: lat_deg, lon: lon_deg };
        Self { fix, at, altitude: alt_m, speed: speed_mps, heading: heading_deg, satellites: sats, hdop }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::{Format, Message, decode, encode};
    use super::*;
    use crate::model::report::Probes;

    const VIN: &str = "LZLEMTA20T0000001";

    fn report() -> Report {
        let cells = [3291, 3290, 3292, 0, 65_535];
        Report {
            stamp: Stamp { vin: VIN.parse().unwrap(), boot: 1_780_000_000, seq: 7, time: Timestamp(1_780_000_123_456) },
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
                vibration: Gravities(0.131),
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
                cells_mv: cells.into_iter().collect(),
                probes: [24.5, -7.0].map(Celsius).into_iter().collect(),
                insulation: Kiloohms(1500.0),
                alarm_level: 2,
            }),
            link: Link { rsrp: Dbm(-91.0), cell: 4711, backup_power: false, backup: None, near: None },
            air: Some(Celsius(-7.5)),
        }
    }

    /// As serde writes it.
    fn by_serde(report: &Report) -> Value {
        let mut value = serde_json::to_value(report).unwrap();
        value.as_object_mut().unwrap().insert("v".to_owned(), json!(1));
        value
    }

    fn written(report: &Report) -> Vec<u8> {
        let mut buffer = Vec::new();
        encode(&Message::Report(report.clone()), Format::Json, &mut buffer);
        buffer
    }

    fn taken(payload: &[u8]) -> Result<Message, Rejection> {
        decode(format!("zl/v1/{VIN}/up/report").as_bytes(), None, payload)
    }

    #[test]
    fn reports_are_written_as_serde_writes_them_and_read_back() {
        let mut reports = vec![report()];
        for (mode, _) in MODES {
            reports.push(Report { mode, position: None, battery: None, locked: true, ..report() });
        }
        for (chemistry, _) in CHEMISTRIES {
            let battery = report().battery.map(|battery| Battery { chemistry, ..battery });
            reports.push(Report { battery, ..report() });
        }
        let bare = report().battery.map(|battery| Battery { cells_mv: Cells::new(), probes: Probes::new(), ..battery });
        let near = Some(Near { at: LatLon { lat: -29.5, lon: 106.5 }, radius: Metres(800.0) });
        let link = Link { backup: Some(Percent(41.5)), backup_power: true, near, ..report().link };
        reports.push(Report { position: None, link, air: None, ..report() });
        let position = report().position.map(|position| Position { fix: FIXES[0].0, hdop: 1.0 / 3.0, ..position });
        reports.push(Report { battery: bare, position, ..report() });
        let car = report().battery.map(|battery| Battery {
            voltage: Volts(471.36),
            cells_mv: (0..MAX_CELLS).map(|cell| 3600 + cell as u16).collect(),
            probes: (0..MAX_PROBES).map(|probe| Celsius(20.0 + probe as f64 / 2.0)).collect(),
            ..battery
        });
        reports.push(Report { battery: car, ..report() });
        for report in reports {
            let payload = written(&report);
            let text = std::str::from_utf8(&payload).unwrap();
            assert_eq!(serde_json::from_slice::<Value>(&payload).unwrap(), by_serde(&report), "{text}");
            assert_eq!(text.len(), by_serde(&report).to_string().len(), "and no longer: {text}");
            if report.position.is_none_or(|position| position.hdop > 0.5) {
                assert_eq!(read(&payload).as_ref(), Some(&report), "the quick way: {text}");
            }
            let flat = serde_json::from_str::<Flat>(text).unwrap().report();
            assert_eq!(flat.as_ref(), Ok(&report), "in one pass: {text}");
        }
    }

    #[test]
    fn what_is_written_in_another_way_is_read_all_the_same() {
        let report = report();
        let spaced = serde_json::to_string_pretty(&by_serde(&report)).unwrap();
        assert_eq!(read(spaced.as_bytes()), None);
        assert_eq!(taken(spaced.as_bytes()), Ok(Message::Report(report.clone())));
        let text = String::from_utf8(written(&report)).unwrap();
        for other in [
            text.replace("-12.35", "-1.235e1"),
            text.replace("\"hdop\"", "\"colour\":\"red\",\"hdop\""),
            text.replace("riding", "rid\\u0069ng"),
            text.clone() + "\n",
        ] {
            assert_eq!(read(other.as_bytes()), None, "{other}");
            assert_eq!(taken(other.as_bytes()), Ok(Message::Report(report.clone())), "{other}");
        }
    }

    #[test]
    fn a_pack_number_that_needs_escapes_survives() {
        for pack in ["a\"b", "a\\b", "a\nb"] {
            let mut report = report();
            report.battery = report.battery.map(|battery| Battery { pack: PackId::from(pack).unwrap(), ..battery });
            assert_eq!(taken(&written(&report)), Ok(Message::Report(report)), "{pack:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_turned_away_for_the_same_reason_in_whatever_order() {
        let text = String::from_utf8(written(&report())).unwrap();
        for (from, to, why) in [
            ("\"v\":1", "\"v\":2", Rejection::Version),
            ("\"v\":1", "\"v\":1.0", Rejection::Version),
            ("\"v\":1", "\"v\":\"1\"", Rejection::Schema),
            ("\"v\":1,", "", Rejection::Version),
            ("\"v\":1", "\"v\":1,\"v\":1", Rejection::Schema),
            ("\"seq\":7", "\"seq\":07", Rejection::Malformed),
            ("\"seq\":7", "\"seq\":-7", Rejection::Schema),
            ("\"seq\":7", "\"seq\":7.0", Rejection::Schema),
            ("\"seq\":7", "\"seq\":4294967296", Rejection::Schema),
            ("\"seq\":7", "\"seq\":7,\"seq\":8", Rejection::Schema),
            ("\"seq\":7,", "", Rejection::Schema),
            ("0.131", ".131", Rejection::Malformed),
            ("0.131", "0.", Rejection::Malformed),
            ("0.131", "1e999", Rejection::Malformed),
            ("0.131", "null", Rejection::Schema),
            ("0.131", "64.1", Rejection::OutOfRange),
            ("65535", "65536", Rejection::Schema),
            ("riding", "flying", Rejection::Schema),
            ("-7.5}", "-7.5", Rejection::Malformed),
            ("-7.5}", "-7.5}}", Rejection::Malformed),
            (VIN, "LZLEMTA20T0000002", Rejection::VinMismatch),
            (VIN, "short", Rejection::Schema),
            ("1780000123456", "1", Rejection::OutOfRange),
        ] {
            let payload = text.replace(from, to);
            assert_eq!(taken(payload.as_bytes()), Err(why), "{from} → {to}");
        }
        let twice = text.replace("\"seq\":7", "\"seq\":-7").replace("-7.5}", "-7.5");
        assert_eq!(taken(twice.as_bytes()), Err(Rejection::Malformed), "a broken form goes before a wrong member");
        let twice = text.replace("\"v\":1", "\"v\":2").replace("\"seq\":7", "\"seq\":-7");
        assert_eq!(taken(twice.as_bytes()), Err(Rejection::Version), "a wrong version goes before a wrong member");
    }
}
