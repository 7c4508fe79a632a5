//! What an operator can do with an alert, and why it may not be possible.

use std::time::Duration;

use super::life::{Cause, Signature};
use crate::base::{AlertId, Timestamp};
use crate::model::AlertState;

/// What an operator wants of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// To take it on.
    Acknowledge,
    /// To hear nothing of it for so long, by the collector's clock, unless it grows.
    Snooze(Duration),
    /// To say that it is not settled.
    Reopen,
}

impl Action {
    /// What it is to the life of an alert at `now`.
    #[must_use]
    pub fn cause(self, now: Timestamp) -> Cause {
        match self {
            Self::Acknowledge => Cause::Acknowledge,
            Self::Snooze(time) => Cause::Snooze(now + time),
            Self::Reopen => Cause::Reopen,
        }
    }
}

/// An operator's wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// What.
    pub action: Action,
    /// Who, and what they wrote to it.
    pub signature: Signature,
}

/// Why an order cannot be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody knows its vehicle any more.
    #[error("the vehicle of alert {0} is not followed")]
    Unknown(AlertId),
    /// It is in a state from which no such step leads.
    #[error("alert {id} is {}: this cannot be done with it now", state.name())]
    State {
        /// Which alert.
        id: AlertId,
        /// Where it is.
        state: AlertState,
    },
    /// Another alert of its family stands for the vehicle.
    #[error("alert {open} of the same vehicle is open: go on with that one")]
    Another {
        /// The alert that stands.
        open: AlertId,
    },
}
