//! Points in time, in milliseconds since the Unix epoch. They say nothing of who reads the clock: see [`super::clock`].

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::units::nearest;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z, as devices and the wire write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Later than any time that occurs.
    pub const NEVER: Self = Self(i64::MAX);

    /// Reads RFC 3339, such as `2026-06-01T06:00:00+08:00`.
    ///
    /// # Errors
    /// A sentence saying what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        text.parse::<jiff::Timestamp>()
            .map(|t| Self(t.as_millisecond()))
            .map_err(|_| format!("expected a time such as 2026-06-01T06:00:00+08:00, found {text:?}"))
    }

    /// Seconds from `earlier` to this; negative when this is the earlier one.
    #[must_use]
    pub fn seconds_since(self, earlier: Self) -> f64 {
        self.millis_since(earlier) as f64 / 1000.0
    }

    /// Milliseconds from `earlier` to this.
    #[must_use]
    pub fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// This time and `seconds` more, to the millisecond.
    #[must_use]
    pub fn plus_seconds(self, seconds: f64) -> Self {
        Self(self.0.saturating_add(nearest(seconds * 1000.0) as i64))
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.as_millis().try_into().unwrap_or(i64::MAX)))
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(time) => write!(f, "{time}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_rfc_3339() {
        let time = Timestamp::parse("2026-06-01T06:00:00+08:00").unwrap();
        assert_eq!(time.to_string(), "2026-05-31T22:00:00Z");
        assert!(Timestamp::parse("yesterday").is_err());
    }

    #[test]
    fn sums_never_wrap() {
        assert_eq!(Timestamp::NEVER + Duration::from_secs(1), Timestamp::NEVER);
    }
}
