//! The settings of the life of alerts.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::span;

/// The settings of the life of alerts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// An alert at level 3 that nobody takes on for so long, by the collector's clock, is escalated; zero: never.
    #[serde(with = "span::text")]
    pub escalate_after: Duration,
    /// What comes back within this time after it was cleared, by the device's clock, is the same alert (**assumed**).
    #[serde(with = "span::text")]
    pub reopen_within: Duration,
    /// What is told so long after it happened is marked late (**assumed**: longer than a modem usually
    /// needs to find its network again).
    #[serde(with = "span::text")]
    pub late_after: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            escalate_after: Duration::from_mins(10),
            reopen_within: Duration::from_mins(10),
            late_after: Duration::from_mins(5),
        }
    }
}
