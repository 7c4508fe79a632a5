//! Logs of satellite receivers, NMEA 0183: RMC, GGA and GSA make a fix, whoever the talker is; other sentences are passed
//! over. The sentences are read by the `nmea` crate.

use std::io::BufRead;

use chrono::{NaiveTime, Timelike};
use csv::StringRecord;
use nmea::sentences::{FixType, GgaData, RmcData, gsa::GsaMode2, rmc::RmcStatusOfFix};
use nmea::{Error, ParseResult};

use super::column::Binder;
use super::flaw::Flaw;
use super::log::{Log, skip_lines};
use super::members::{Members, STEP, USUAL_HDOP, USUAL_SATS};
use crate::base::units::{Degrees, Metres, MetresPerSecond};
use crate::base::{LatLon, Timestamp, Vin};
use crate::model::{Fix, Position};

/// A knot, m/s.
const KNOT_MPS: f64 = 1852.0 / 3600.0;
const DAY_MS: i64 = 86_400_000;

/// What is known of the moment that is being told.
#[derive(Debug, Default)]
struct Moment {
    line: u64,
    /// Milliseconds of the day; `None` before the first.
    clock_ms: Option<i64>,
    rmc: Option<RmcData>,
    gga: Option<GgaData>,
    mode: Option<GsaMode2>,
}

/// Reads what a receiver said.
///
/// # Errors
/// What is wrong with the log as a whole, or with a line of it when none may be left out.
pub(super) fn read(log: &mut Log, file: &str, mut input: impl BufRead) -> Result<(), String> {
    let at = |what: String| format!("{file}: {what}");
    let mut receiver = Receiver::of(log, file).map_err(at)?;
    let lines_before = log.map.csv.skip_lines;
    skip_lines(&mut input, lines_before).map_err(|error| at(error.to_string()))?;
    let mut bytes = Vec::new();
    let mut line = u64::from(lines_before);
    loop {
        bytes.clear();
        if input.read_until(b'\n', &mut bytes).map_err(|error| at(error.to_string()))? == 0 {
            return receiver.tell(log, file);
        }
        line += 1;
        // Loggers put a time of their own or a comment before the sentence.
        let Some(start) = bytes.iter().position(|byte| *byte == b'$') else { continue };
        let sentence = bytes[start..].trim_ascii_end();
        if !matches!(sentence.get(3..6), Some(b"RMC" | b"GGA" | b"GSA")) {
            continue;
        }
        match nmea::parse_bytes(sentence) {
            Ok(ParseResult::RMC(rmc)) => {
                receiver.next(log, file, line, rmc.fix_time)?;
                receiver.moment.rmc = Some(rmc);
            }
            Ok(ParseResult::GGA(gga)) => {
                receiver.next(log, file, line, gga.fix_time)?;
                receiver.moment.gga = Some(gga);
            }
            Ok(ParseResult::GSA(gsa)) => receiver.moment.mode = Some(gsa.mode2),
            // Some receivers write another figure where others name their system; without it the fix is as good.
            Ok(_) | Err(Error::SystemIdMismatch { .. }) => {}
            Err(Error::ChecksumMismatch { .. }) => log.skip(file, line, &Flaw::Checksum)?,
            Err(_) => log.skip(file, line, &Flaw::Sentence)?,
        }
    }
}

/// A receiver, as its log is read.
struct Receiver {
    vin: Vin,
    members: Members,
    /// Midnight of the day of the last moment.
    day: Option<Timestamp>,
    /// Milliseconds of that day at the last moment.
    clock_ms: Option<i64>,
    moment: Moment,
}

impl Receiver {
    fn of(log: &mut Log, file: &str) -> Result<Self, String> {
        let map = &log.map;
        if map.position.is_some() || map.time.column.is_some() || map.time.format.is_some() {
            return Err("an NMEA log says position and time itself: leave out [position], time.column and time.format"
                .to_owned());
        }
        let midnight = |date: &str| {
            Timestamp::parse(&format!("{date}T00:00:00Z"))
                .map_err(|_| format!("time.date: expected a day such as \"2026-06-01\", found {date:?}"))
        };
        let day = map.time.date.as_deref().map(midnight).transpose()?;
        let mut binder = Binder { header: None, decimal: '.', assumed: Vec::new() };
        let members = Members::bind(map, &mut binder)?;
        log.summary.assumed.extend(binder.assumed);
        let whose = log.vehicle_of_file(file)?;
        let vin = whose.ok_or("vehicle: an NMEA log has no columns; say vin = \"…\" or file = true")?;
        Ok(Self { vin, members, day, clock_ms: None, moment: Moment::default() })
    }

    /// Goes on to a moment, after telling the one before if that is another. A receiver that has just been switched on
    /// knows no time.
    fn next(&mut self, log: &mut Log, file: &str, line: u64, time: Option<NaiveTime>) -> Result<(), String> {
        let millis = |time: NaiveTime| {
            i64::from(time.num_seconds_from_midnight()) * 1000 + i64::from(time.nanosecond() / 1_000_000)
        };
        let clock_ms = time.map(millis);
        if clock_ms == self.moment.clock_ms {
            return Ok(());
        }
        self.tell(log, file)?;
        let over_midnight = clock_ms.zip(self.clock_ms).is_some_and(|(now, before)| now + DAY_MS / 2 < before);
        if over_midnight {
            self.day = self.day.map(|day| Timestamp(day.0 + DAY_MS));
        }
        self.clock_ms = clock_ms.or(self.clock_ms);
        self.moment = Moment { line, clock_ms, ..Moment::default() };
        Ok(())
    }

    /// Tells the moment before the next one.
    fn tell(&mut self, log: &mut Log, file: &str) -> Result<(), String> {
        let moment = std::mem::take(&mut self.moment);
        let Some(clock_ms) = moment.clock_ms else { return Ok(()) };
        if let Some(date) = moment.rmc.as_ref().and_then(|rmc| rmc.fix_date) {
            self.day = Timestamp::parse(&format!("{date}T00:00:00Z")).ok();
        }
        let report = self.day.ok_or(Flaw::Date).and_then(|day| {
            let position = moment.position();
            let empty = StringRecord::new();
            self.members.report(&empty, self.vin, Timestamp(day.0 + clock_ms), position)
        });
        log.take(file, moment.line, report)
    }
}

impl Moment {
    /// The fix, unless one of the sentences says that there is none.
    fn position(&self) -> Option<Position> {
        let (rmc, gga) = (self.rmc.as_ref(), self.gga.as_ref());
        let denied = rmc.is_some_and(|rmc| rmc.status_of_fix == RmcStatusOfFix::Invalid)
            || gga.is_some_and(|gga| !gga.fix_type.is_some_and(FixType::is_valid))
            || self.mode == Some(GsaMode2::NoFix);
        if denied {
            return None;
        }
        let by_gga = gga.and_then(|gga| gga.latitude.zip(gga.longitude));
        let (lat, lon) = by_gga.or_else(|| rmc.and_then(|rmc| rmc.lat.zip(rmc.lon)))?;
        let altitude = gga.and_then(|gga| gga.altitude);
        let flat = self.mode == Some(GsaMode2::Fix2D) || altitude.is_none();
        let speed_kn = rmc.and_then(|rmc| rmc.speed_over_ground).unwrap_or_default();
        let course = rmc.and_then(|rmc| rmc.true_course).unwrap_or_default();
        let satellites = gga.and_then(|gga| gga.fix_satellites).map_or(USUAL_SATS, |count| count.min(64) as u8);
        let hdop = gga.and_then(|gga| gga.hdop).map_or(USUAL_HDOP, f64::from);
        Some(Position {
            fix: if flat { Fix::TwoD } else { Fix::ThreeD },
            at: LatLon { lat, lon },
            altitude: Metres(f64::from(altitude.unwrap_or_default())).quantised(STEP),
            speed: MetresPerSecond(f64::from(speed_kn) * KNOT_MPS).quantised(STEP),
            heading: Degrees(f64::from(course)).quantised(STEP),
            satellites,
            hdop: Metres(hdop).quantised(STEP).0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{LogMap, Summary};
    use super::*;
    use crate::model::Report;

    const MAP: &str = "format = \"nmea\"\n[vehicle]\nvin = \"LFRNNDEVX00000001\"\n";

    fn with_sum(body: &str) -> String {
        format!("${body}*{:02X}\r\n", body.bytes().fold(0, |sum, byte| sum ^ byte))
    }

    fn imported(map: &str, text: &str) -> Result<(Vec<Report>, Summary), String> {
        let map: LogMap = toml::from_str(map).unwrap();
        let mut log = Log::new(map, false)?;
        log.read("a.nmea", text.as_bytes())?;
        Ok(log.finish())
    }

    #[test]
    fn sentences_of_a_moment_are_one_report() {
        let text = [
            "GBGSA,A,3,01,02,03,,,,,,,,,,1.9,0.8,1.7",
            "GNRMC,235959.50,A,2933.6000,N,10634.2000,E,13.50,271.4,310526,,,A",
            "GNGGA,235959.50,2933.6000,N,10634.2000,E,1,21,0.85,251.3,M,-30.1,M,,",
            "GNGGA,000000.50,2933.6100,N,10634.2000,E,1,20,0.90,251.0,M,-30.1,M,,",
            "BDGSA,A,2,01,02,03,,,,,,,,,,1.9,0.8,1.7",
            "GNRMC,000001.50,V,,,,,,,010626,,,N",
        ];
        let text: String = text.iter().map(|body| with_sum(body)).collect();
        let noise = "# a comment\n2026-05-31 $GPGSV,1,1,00*79\n\n".to_owned() + &with_sum("GNGGA,,,,,,0,,,,M,,M,,");
        let damaged = with_sum("GNRMC,000002.50,A,2933.6,N,10634.2,E,13.50,271.4,010626,,,A").replace("13.50", "73.50");
        let (reports, summary) = imported(MAP, &(noise + &text + &damaged)).unwrap();
        assert_eq!((reports.len(), summary.without_position), (3, 1));
        let fix = reports[0].position.unwrap();
        assert_eq!(reports[0].stamp.time.to_string(), "2026-05-31T23:59:59.5Z");
        assert!((fix.at.lat - 29.56).abs() < 1e-9 && (fix.at.lon - 106.57).abs() < 1e-9, "{fix:?}");
        assert_eq!((fix.fix, fix.satellites, fix.hdop), (Fix::ThreeD, 21, 0.85));
        assert_eq!((fix.altitude.0, fix.speed.0, fix.heading.0), (251.3, 6.945, 271.4));
        assert_eq!(reports[1].stamp.time.to_string(), "2026-06-01T00:00:00.5Z", "a day on");
        assert_eq!((reports[1].position.unwrap().fix, reports[1].stamp.seq), (Fix::TwoD, 2));
        let skipped = &summary.skipped["checksum"];
        assert_eq!((skipped.lines, skipped.first.starts_with("a.nmea:11: ")), (1, true), "{skipped:?}");
    }

    #[test]
    fn a_log_without_dates_needs_one() {
        let text = with_sum("GPGGA,120000,2933.6,N,10634.2,E,1,08,1.1,250,M,,M,,");
        let (reports, summary) = imported(MAP, &text).unwrap();
        assert_eq!((reports.len(), summary.skipped["date"].lines), (0, 1));
        let (reports, _) = imported(&format!("{MAP}[time]\ndate = \"2026-06-01\"\n"), &text).unwrap();
        assert_eq!(reports[0].stamp.time.to_string(), "2026-06-01T12:00:00Z");
        let columns = imported(&format!("{MAP}[motion]\nodo_m = \"odo\"\n"), &text).unwrap_err();
        assert!(columns.contains("motion.odo_m") && columns.contains("no columns"), "{columns}");
    }
}
