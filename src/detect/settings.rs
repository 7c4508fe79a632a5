//! The settings of all detectors, and the detectors made from them.

use serde::{Deserialize, Serialize};

use super::battery::thermal_runaway::{ThermalRunaway, ThermalRunawaySettings};
use super::detector::Detector;
use super::theft::tow::{Tow, TowSettings};

/// The settings of all detectors.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// `theft.tow`.
    pub tow: TowSettings,
    /// `battery.thermal_runaway`.
    pub thermal_runaway: ThermalRunawaySettings,
}

/// Every detector, in a fixed order.
#[must_use]
pub fn all(settings: &Settings) -> Vec<Box<dyn Detector>> {
    vec![Box::new(Tow(settings.tow.clone())), Box::new(ThermalRunaway(settings.thermal_runaway.clone()))]
}
