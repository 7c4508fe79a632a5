//! The settings of the collector.

use serde::{Deserialize, Serialize};

pub use super::archive::Settings as Rewind;
use crate::detect::silence::Patience;
use crate::{alert, detect};

/// The settings of the collector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How many vehicles are followed at most; reports of others are counted and turned away.
    pub max_vehicles: usize,
    /// In how many parts the fleet is dealt out, each with a task and a core of its own; 0: one for each processor but one,
    /// which is left to the connection.
    pub shards: usize,
    /// What is kept so that messages can still be put in order when they come late.
    pub rewind: Rewind,
    /// After how long without a word a vehicle is silent.
    pub silence: Patience,
    /// The life of alerts.
    pub alert: alert::Settings,
    /// The detectors.
    pub detect: detect::Settings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_vehicles: 2_000_000,
            shards: 0,
            rewind: Rewind::default(),
            silence: Patience::default(),
            alert: alert::Settings::default(),
            detect: detect::Settings::default(),
        }
    }
}
