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
            max_vehicles: 1_000_000,
            rewind: Rewind::default(),
            silence: Patience::default(),
            alert: alert::Settings::default(),
            detect: detect::Settings::default(),
        }
    }
}
