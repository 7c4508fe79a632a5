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

/// Where an alert is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// The claim stands.
    Raised,
    /// The cause is gone, and has stayed away long enough.
    Cleared,
}

/// A sentence in the two languages that people read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// A claim about a vehicle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Hash of vehicle, rule and start of the episode.
    pub id: AlertId,
    /// About whom.
    pub vin: Vin,
    /// By which rule.
    #[serde(rename = "rule", with = "kind::as_rule")]
    pub kind: Kind,
    /// How bad.
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
    /// Where the vehicle was when it was raised.
    #[serde(flatten)]
    pub place: Option<LatLon>,
    /// The reason in words.
    pub why: Words,
    /// The facts behind it.
    pub evidence: Vec<Evidence>,
}
