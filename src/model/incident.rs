//! Ground truth: what really happened to a vehicle. Only the simulator makes it, only the scorer reads it.

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use crate::base::{LatLon, Timestamp, Vin};

/// What really happened to a vehicle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Its number in the run: the same for the same scenario and seed.
    pub id: u32,
    /// Whom it befell.
    pub vin: Vin,
    /// What it was.
    pub kind: Kind,
    /// When it began: for a tow the first metre, for a runaway the first abnormal heat.
    #[serde(rename = "start_ms")]
    pub start: Timestamp,
    /// When it was over; `None` while it goes on.
    #[serde(rename = "end_ms")]
    pub end: Option<Timestamp>,
    /// When it first moved the vehicle; `None` when it did not, or not yet.
    #[serde(rename = "moved_ms", default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<Timestamp>,
    /// Where it began.
    pub from: LatLon,
    /// Where it ended, when it moved the vehicle.
    pub to: Option<LatLon>,
}
