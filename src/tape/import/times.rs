//! How logs write the time.

use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::Offset;

use super::flaw::Flaw;
use super::map::TimeMap;
use crate::base::Timestamp;

/// How a log writes the time.
#[derive(Debug, Clone, PartialEq)]
enum Form {
    /// Seconds since 1970, or a thousandth of them.
    Unix { scale: f64 },
    /// Such as `2026-06-01T06:00:00+08:00`.
    Rfc3339,
    /// Time passed since a start: a number of seconds or of thousandths, or days and a clock.
    Elapsed { start: Timestamp, scale: f64 },
    /// After a pattern of `strptime`, in a time zone that the pattern reads or else the map says.
    Pattern { offset: Option<Offset> },
}

/// Reads the times of a log.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Times {
    text: String,
    form: Form,
}

impl Times {
    /// How a map says that the time is written.
    ///
    /// # Errors
    /// What is wrong with the map.
    pub(super) fn of(map: &TimeMap) -> Result<Self, String> {
        let text = map.format.clone().ok_or("time.format is missing: expected unix_s, unix_ms, rfc3339, elapsed, elapsed_ms, or a pattern such as %Y-%m-%d %H:%M:%S")?;
        let elapsed = |scale: f64| {
            let start = map
                .start
                .as_deref()
                .ok_or("time.start is missing: an elapsed time needs one, such as \"2026-06-01T06:00:00+08:00\"")?;
            Ok::<_, String>(Form::Elapsed {
                start: Timestamp::parse(start).map_err(|what| format!("time.start: {what}"))?,
                scale,
            })
        };
        let form = match text.as_str() {
            "unix_s" => Form::Unix { scale: 1000.0 },
            "unix_ms" => Form::Unix { scale: 1.0 },
            "rfc3339" => Form::Rfc3339,
            "elapsed" => elapsed(1000.0)?,
            "elapsed_ms" => elapsed(1.0)?,
            pattern if pattern.contains('%') => {
                Form::Pattern { offset: offset_for(pattern, map.utc_offset.as_deref())? }
            }
            other => {
                return Err(format!(
                    "time.format: expected unix_s, unix_ms, rfc3339, elapsed, elapsed_ms, or a pattern with % such as %Y-%m-%d %H:%M:%S, found {other:?}"
                ));
            }
        };
        Ok(Self { text, form })
    }

    /// Reads a time.
    pub(super) fn read(&self, text: &str) -> Result<Timestamp, Flaw> {
        let time = match &self.form {
            Form::Unix { scale } => number(text).map(|value| Timestamp((value * scale).round() as i64)),
            Form::Rfc3339 => Timestamp::parse(text).ok(),
            Form::Elapsed { start, scale } => {
                let clock = || days_and_clock(text).map(|seconds| seconds * 1000.0);
                let millis = number(text).map(|value| value * scale).or_else(clock);
                millis.map(|millis| start.plus_seconds(millis / 1000.0))
            }
            Form::Pattern { offset } => by_pattern(&self.text, *offset, text),
        };
        time.ok_or_else(|| Flaw::Time { form: self.text.clone(), text: text.to_owned() })
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// The offset of a clock whose pattern does not read one.
fn offset_for(pattern: &str, given: Option<&str>) -> Result<Option<Offset>, String> {
    let tells = ["%z", "%:z", "%s", "%Q"].iter().any(|zone| pattern.contains(zone));
    match given {
        Some(_) if tells => Err("time.utc_offset: the format reads the offset from the log already".to_owned()),
        None if tells => Ok(None),
        None => Err("time.utc_offset is missing: the format reads none, so say how far the log's clock is from UTC, such as \"+08:00\"".to_owned()),
        Some(text) => {
            let read = BrokenDownTime::parse("%:z", text).ok().and_then(|time| time.offset());
            read.map(Some).ok_or_else(|| format!("time.utc_offset: expected an offset such as \"+08:00\", found {text:?}"))
        }
    }
}

fn by_pattern(pattern: &str, offset: Option<Offset>, text: &str) -> Option<Timestamp> {
    let read = BrokenDownTime::parse(pattern, text).ok()?;
    let time = match offset {
        Some(offset) => offset.to_timestamp(read.to_datetime().ok()?).ok()?,
        None => read.to_timestamp().ok()?,
    };
    Some(Timestamp(time.as_millisecond()))
}

/// Seconds of `3 days 04:05:06.7`, `3 days, 4:05:06` or `04:05:06`.
fn days_and_clock(text: &str) -> Option<f64> {
    let (days, clock) = match text.split_once(" day") {
        Some((days, rest)) => (days.trim().parse::<u32>().ok()?, rest.trim_start_matches(['s', ',']).trim()),
        None => (0, text),
    };
    let mut parts = clock.splitn(3, ':');
    let (hours, minutes): (u32, u32) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let seconds = number(parts.next()?).filter(|seconds| (0.0..61.0).contains(seconds))?;
    let whole = f64::from(days) * 86_400.0 + f64::from(hours) * 3600.0 + f64::from(minutes) * 60.0;
    (minutes < 60).then_some(whole + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(format: &str, utc_offset: Option<&str>) -> Result<Times, String> {
        let start = Some("2026-06-01T00:00:00Z".to_owned());
        let utc_offset = utc_offset.map(ToOwned::to_owned);
        Times::of(&TimeMap { format: Some(format.to_owned()), start, utc_offset, ..TimeMap::default() })
    }

    #[test]
    fn times_are_read_however_logs_write_them() {
        for (format, offset, text, expected) in [
            ("unix_s", None, "1780272000.25", "2026-06-01T00:00:00.25Z"),
            ("unix_ms", None, "1780272000250", "2026-06-01T00:00:00.25Z"),
            ("rfc3339", None, "2026-06-01T08:00:00+08:00", "2026-06-01T00:00:00Z"),
            ("elapsed", None, "61.5", "2026-06-01T00:01:01.5Z"),
            ("elapsed", None, "0 days 00:00:00.100000", "2026-06-01T00:00:00.1Z"),
            ("elapsed", None, "2 days, 1:02:03", "2026-06-03T01:02:03Z"),
            ("elapsed_ms", None, "202", "2026-06-01T00:00:00.202Z"),
            ("%Y-%m-%d %H:%M:%S", Some("+08:00"), "2026-06-01 08:00:00", "2026-06-01T00:00:00Z"),
            ("%d/%m/%y %I:%M:%S %p", Some("-05:30"), "01/06/26 01:02:03 PM", "2026-06-01T18:32:03Z"),
            ("%Y%m%d %H%M%S%.f", Some("+00:00"), "20260601 010203.5", "2026-06-01T01:02:03.5Z"),
            ("%Y-%m-%dT%H:%M:%S%z", None, "2026-06-01T08:00:00+0800", "2026-06-01T00:00:00Z"),
        ] {
            let time = times(format, offset).and_then(|times| times.read(text).map_err(|flaw| flaw.to_string()));
            assert_eq!(time, Timestamp::parse(expected), "{format}: {text}");
        }
    }

    #[test]
    fn what_is_no_time_is_told() {
        for (format, text) in [
            ("unix_s", "soon"),
            ("unix_s", "NaN"),
            ("elapsed", "0 days 00:61:00"),
            ("elapsed", "1:2"),
            ("%Y-%m-%d %z", "2026-13-01 +0000"),
        ] {
            assert!(times(format, None).unwrap().read(text).is_err(), "{format}: {text}");
        }
        for (format, offset, word) in [
            ("%Y-%m-%d", None, "utc_offset is missing"),
            ("%Y-%m-%d", Some("8"), "+08:00"),
            ("%s", Some("+08:00"), "already"),
            ("iso", None, "rfc3339"),
        ] {
            let said = times(format, offset).unwrap_err();
            assert!(said.contains(word), "{said}");
        }
        let map = TimeMap { format: Some("elapsed".to_owned()), ..TimeMap::default() };
        assert!(Times::of(&map).unwrap_err().contains("time.start"));
    }
}
