//! What somebody asks of a vehicle, and what it answers.

use serde::{Deserialize, Serialize};

use super::report::Stamp;
use crate::base::{Timestamp, Vin};

/// What a vehicle is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum Order {
    /// Report every so many seconds for so many seconds; costs battery.
    ReportRate {
        /// 0.2 to 3600.
        every_s: f64,
        /// 1 to 86,400.
        for_s: f64,
    },
    /// Report at once.
    Locate,
    /// Sound the siren.
    Siren,
    /// Close the lock; only at standstill.
    Lock,
    /// Block the motor; only at standstill.
    Immobilise,
    /// Free the motor again.
    Release,
}

/// A command, on `down/cmd`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// To whom.
    pub vin: Vin,
    /// Name of the command, for its answer; up to 64 bytes.
    pub id: String,
    /// What to do.
    #[serde(flatten)]
    pub order: Order,
    /// After this it is void.
    #[serde(rename = "expires_ms", default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Obeyed.
    Done,
    /// Unsafe: the vehicle is moving.
    RefusedMoving,
    /// Came too late.
    Expired,
}

/// A vehicle's answer, on `up/reply`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// Who and when.
    #[serde(flatten)]
    pub stamp: Stamp,
    /// The command's name.
    pub id: String,
    /// How it ended.
    pub outcome: Outcome,
}
