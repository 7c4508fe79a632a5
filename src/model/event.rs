//! Happenings that a vehicle tells at once, and its presence on the network.

use serde::{Deserialize, Serialize};

use super::report::Stamp;
use crate::base::{Timestamp, Vin};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The lock was closed.
    Lock,
    /// The lock was opened.
    Unlock,
    /// It was shaken while locked.
    Vibration,
    /// It was lifted or tilted while locked.
    Lift,
    /// It fell over, or was laid on its side.
    Fall,
    /// The pack stopped giving power.
    PowerCut,
    /// The pack gives power again.
    PowerRestored,
    /// The management of a lead-acid pack says, once, that the pack is at its end and to be taken back.
    EndOfLife,
}

/// A happening that a vehicle reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Who and when.
    #[serde(flatten)]
    pub stamp: Stamp,
    /// What.
    pub kind: EventKind,
}

/// Whether a vehicle is connected: retained by the broker; the last will says `online: false`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// Who.
    pub vin: Vin,
    /// Connected or gone.
    pub online: bool,
    /// The boot that `seq` counts in; unknown to a last will.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot: Option<u32>,
    /// The highest sequence number handed to the broker before this message: what should have arrived by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u32>,
    /// When, by the device's clock.
    #[serde(rename = "ts_ms", default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
}
