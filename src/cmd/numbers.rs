//! How `bench` reads numbers: as users of other generators write them.

use std::time::Duration;

use crate::base::span;
use crate::bench::pace::Stage;
use crate::mqtt::pool::{Qos, Version};

fn number_with(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let lower = text.trim().to_ascii_lowercase();
    let unit = units.iter().find(|(unit, _)| lower.ends_with(unit) && !unit.is_empty());
    let (number, factor) =
        unit.map_or((lower.as_str(), 1.0), |(unit, factor)| (&lower[..lower.len() - unit.len()], *factor));
    let value: f64 = number.trim().parse().ok()?;
    (value.is_finite() && value >= 0.0).then_some(value * factor)
}

/// A number such as 500 or 10k, from 0 to a thousand million.
///
/// # Errors
/// What was expected.
pub fn parse_rate(text: &str) -> Result<f64, String> {
    let found = number_with(text, &[("k", 1e3), ("m", 1e6)]).filter(|rate| *rate <= 1e9);
    found.ok_or_else(|| format!("expected a number such as 500 or 10k, found {text:?}"))
}

/// A number of things, at least one.
///
/// # Errors
/// What was expected.
pub fn parse_count(text: &str) -> Result<u64, String> {
    let found = parse_rate(text)?;
    if found >= 1.0 { Ok(found as u64) } else { Err("expected at least 1".to_owned()) }
}

/// A number of bytes, such as 300 or 1kb, up to 1mb.
///
/// # Errors
/// What was expected.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let found = number_with(text, &[("kb", 1024.0), ("mb", 1_048_576.0), ("b", 1.0)]);
    let fits = found.filter(|size| *size <= 1_048_576.0).map(|size| size as u64);
    fits.ok_or_else(|| format!("expected a size up to 1mb such as 300 or 1kb, found {text:?}"))
}

/// A time such as 500ms or 10s; a bare number is in milliseconds.
///
/// # Errors
/// What was expected.
pub fn parse_time(text: &str) -> Result<Duration, String> {
    // As other generators have it, a bare number is in milliseconds.
    match text.parse() {
        Ok(ms) => Ok(Duration::from_millis(ms)),
        Err(_) => span::parse(text),
    }
}

/// A version of MQTT.
///
/// # Errors
/// What was expected.
pub fn parse_version(text: &str) -> Result<Version, String> {
    match text {
        "4" | "3.1.1" => Ok(Version::V4),
        "5" | "5.0" => Ok(Version::V5),
        _ => Err("expected 4 (which is 3.1.1) or 5".to_owned()),
    }
}

/// A quality of service.
///
/// # Errors
/// What was expected.
pub fn parse_qos(text: &str) -> Result<Qos, String> {
    match text {
        "0" => Ok(Qos::AtMostOnce),
        "1" => Ok(Qos::AtLeastOnce),
        _ => Err("expected 0 or 1".to_owned()),
    }
}

/// A part of a schedule, such as 10s:1000.
///
/// # Errors
/// What was expected.
pub fn parse_stage(text: &str) -> Result<Stage, String> {
    let expected = || format!("expected a time and a rate, such as 10s:1000, found {text:?}");
    let (time, rate) = text.split_once(':').ok_or_else(expected)?;
    let rate = parse_rate(rate)?;
    Ok(Stage { lasts_s: span::parse(time)?.as_secs_f64(), from: rate, to: rate })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_users_of_other_generators_write_them() {
        assert_eq!((parse_count("10k"), parse_count("1M")), (Ok(10_000), Ok(1_000_000)));
        assert_eq!((parse_size("1kb"), parse_size("300"), parse_size("300b")), (Ok(1024), Ok(300), Ok(300)));
        assert_eq!((parse_time("10"), parse_time("2s")), (Ok(Duration::from_millis(10)), Ok(Duration::from_secs(2))));
        for text in ["", "k", "-1", "1x", "nan", "1e300"] {
            assert!(parse_count(text).is_err(), "{text}");
        }
        assert!(parse_size("2mb").is_err() && parse_time("soon").is_err() && parse_stage("10s").is_err());
    }
}
