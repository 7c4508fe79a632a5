//! What the collector claims, and why.

use serde::{Deserialize, Serialize};

use super::kind::{self, Kind};
use crate::base::{AlertId, LatLon, Timestamp, Vin};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Look at it today.
    Warning,
    /// Act now.
    Critical,
}

/// How far a claim has grown. Of a theft: suspected, probable, confirmed. Of a battery: level 1 (drive on), 2 (limit), 3
/// (stop now) as in GB/T 32960. Written as 1, 2, 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum Level {
    /// Suspected; drive on.
    One = 1,
    /// Probable; limit.
    Two = 2,
    /// Confirmed; stop now.
    Three = 3,
}

impl Level {
    /// How bad that is.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::One => Severity::Info,
            Self::Two => Severity::Warning,
            Self::Three => Severity::Critical,
        }
    }
}

impl From<Level> for u8 {
    fn from(level: Level) -> Self {
        level as Self
    }
}

impl TryFrom<u8> for Level {
    type Error = String;
    fn try_from(number: u8) -> Result<Self, String> {
        match number {
            1 => Ok(Self::One),
            2 => Ok(Self::Two),
            3 => Ok(Self::Three),
            other => Err(format!("expected a level from 1 to 3, found {other}")),
        }
    }
}

/// Where an alert is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// The claim stands.
    Raised,
    /// It stands, and somebody has taken it on.
    Acknowledged,
    /// It stands, and is silent until a time or until it grows.
    Snoozed,
    /// It stands at its highest level, and nobody has taken it on for long.
    Escalated,
    /// It was cleared, and stands again.
    Reopened,
    /// It would stand, but the vehicle is authorised to be moved.
    Suppressed,
    /// The cause is gone, and has stayed away long enough.
    Cleared,
    /// What came late shows that it never was, or was another one.
    Withdrawn,
}

impl AlertState {
    /// Every state.
    pub const ALL: &[Self] = &[
        Self::Raised,
        Self::Acknowledged,
        Self::Snoozed,
        Self::Escalated,
        Self::Reopened,
        Self::Suppressed,
        Self::Cleared,
        Self::Withdrawn,
    ];

    /// Whether its cause is still there: it stands, or would if nothing suppressed it.
    #[must_use]
    pub fn is_live(self) -> bool {
        self.is_open() || self == Self::Suppressed
    }

    /// Whether the claim stands.
    #[must_use]
    pub fn is_open(self) -> bool {
        match self {
            Self::Raised | Self::Acknowledged | Self::Snoozed | Self::Escalated | Self::Reopened => true,
            Self::Suppressed | Self::Cleared | Self::Withdrawn => false,
        }
    }

    /// The word used in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Acknowledged => "acknowledged",
            Self::Snoozed => "snoozed",
            Self::Escalated => "escalated",
            Self::Reopened => "reopened",
            Self::Suppressed => "suppressed",
            Self::Cleared => "cleared",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A step in the life of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Where the alert was after it.
    pub state: AlertState,
    /// How far it had grown.
    pub level: Level,
    /// When, by the collector's clock.
    #[serde(rename = "at_ms")]
    pub at: Timestamp,
    /// The operator whose step it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What the operator wrote to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A sentence in the two languages that people read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Words {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

/// One measured fact behind a claim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was measured; ends in the unit.
    pub name: String,
    /// Its value.
    pub value: f64,
}

/// A claim about a vehicle: one for each episode, however many rules see it, and growing with what they see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Hash of vehicle, rule and start of the episode.
    pub id: AlertId,
    /// About whom.
    pub vin: Vin,
    /// By which rule: the best guess so far; it can change while the claim grows, the id does not.
    #[serde(rename = "rule", with = "kind::as_rule")]
    pub kind: Kind,
    /// How far it has grown.
    pub level: Level,
    /// How bad that is.
    pub severity: Severity,
    /// Where it is in its life.
    pub state: AlertState,
    /// Device time of the report that raised it.
    #[serde(rename = "episode_ms")]
    pub episode: Timestamp,
    /// When it last changed, by the collector's clock.
    #[serde(rename = "at_ms")]
    pub at: Timestamp,
    /// When it was cleared, by the collector's clock.
    #[serde(rename = "cleared_at_ms")]
    pub cleared_at: Option<Timestamp>,
    /// Until when it is silent, by the collector's clock; only while it is snoozed or suppressed.
    #[serde(rename = "snoozed_until_ms", default)]
    pub snoozed_until: Option<Timestamp>,
    /// The authorised window in which it was suppressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<AlertId>,
    /// Told long after it happened: the vehicle had no network, or its messages were under way for long.
    #[serde(default)]
    pub late: bool,
    /// Where the vehicle was when it was raised.
    #[serde(flatten)]
    pub place: Option<LatLon>,
    /// The reason in words.
    pub why: Words,
    /// The facts behind it.
    pub evidence: Vec<Evidence>,
    /// The steps of its life, oldest first; of a long life the first and the latest.
    #[serde(default)]
    pub history: Vec<Step>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_called_the_same_everywhere() {
        for state in AlertState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.name());
        }
    }
}
