//! Durations as people write them: `500ms`, `10s`, `5m`, `2h`, `7d`.

use std::time::Duration;

/// Reads a duration with its unit.
///
/// # Errors
/// A sentence saying what was expected.
pub fn parse(text: &str) -> Result<Duration, String> {
    let expected = || format!("expected a duration such as 500ms, 10s, 5m, 2h or 7d, found {text:?}");
    let digits_end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).ok_or_else(expected)?;
    let (number, unit) = text.split_at(digits_end);
    let seconds_per_unit = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return Err(expected()),
    };
    let number: f64 = number.parse().map_err(|_| expected())?;
    Duration::try_from_secs_f64(number * seconds_per_unit).map_err(|_| expected())
}

/// Writes a duration so that [`parse`] reads it back, in the largest unit that leaves no remainder.
#[must_use]
pub fn format(span: Duration) -> String {
    const UNITS: [(u128, &str); 5] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms")];
    let millis = span.as_millis();
    let (size, unit) =
        UNITS.into_iter().find(|(size, _)| millis.is_multiple_of(*size) && millis > 0).unwrap_or((1000, "s"));
    format!("{}{unit}", millis / size)
}

/// For `#[serde(with = "span::text")]`.
pub mod text {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes a duration as text.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::format(*span))
    }

    /// Reads a duration from text.
    ///
    /// # Errors
    /// What was expected.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(deserializer)?;
        super::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_survive_the_round_trip() {
        for text in ["250ms", "10s", "5m", "24h", "90s", "7d", "0s"] {
            let span = parse(text).unwrap();
            assert_eq!(parse(&format(span)).unwrap(), span, "{text}");
        }
        assert_eq!(format(Duration::from_secs(90)), "90s");
    }

    #[test]
    fn a_bare_or_odd_number_is_refused() {
        for text in ["10", "s", "10 s", "-5s", "1w", "", "1e400s"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
