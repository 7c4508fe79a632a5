//! Ground truth: what really happened to a vehicle. Only the simulator makes it, only the scorer reads it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use crate::base::{LatLon, Timestamp, Vin};

/// One figure of an incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Parameter {
    /// A quantity; its name ends in the unit.
    Number(f64),
    /// A name, such as that of a pack.
    Text(String),
}

/// What really happened to a vehicle: one line of the truth file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Its number in the run: the same for the same scenario and seed.
    pub id: u32,
    /// Whom it befell.
    pub vin: Vin,
    /// What it was.
    pub kind: Kind,
    /// When its cause set in: for a tow the lifting, for a runaway the first abnormal heat, for a charger that does not
    /// end the moment from which it would not.
    #[serde(rename = "start_ms")]
    pub start: Timestamp,
    /// When it was over; `None` while it goes on.
    #[serde(rename = "end_ms")]
    pub end: Option<Timestamp>,
    /// How bad, 0 to 3. 0: nothing is wrong (benign). 1: look into it. 2: act today. 3: act now. For batteries these are
    /// the levels of GB/T 32960 (1 drive on, 2 limit, 3 stop now): the one that the fault is due to reach, seen by the
    /// management or not, and at the end the highest that the management told if that is more.
    pub severity: u8,
    /// What was given or drawn for it, by the names of the scenario file; spans end in `_s`. Exchanged and stolen packs
    /// are told by their numbers: `pack`, and `new_pack` for the one put in.
    pub parameters: BTreeMap<String, Parameter>,
    /// When it first moved the vehicle; `None` when it did not, or not yet.
    #[serde(rename = "moved_ms", default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<Timestamp>,
    /// Where it began.
    pub from: LatLon,
    /// The second place: where it ended, when it moved the vehicle (a jammed one is heard again there, a stripped one
    /// lost its pack there); where the second device of a clone speaks.
    pub to: Option<LatLon>,
}
