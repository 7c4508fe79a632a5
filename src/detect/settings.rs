//! The settings of all detectors, and the detectors made from them.

use serde::{Deserialize, Serialize};

use super::battery::thermal_runaway::{ThermalRunaway, ThermalRunawaySettings};
use super::detector::Detector;
use super::theft::carry_off::{CarryOff, CarryOffSettings};
use super::theft::clone::{Clone, CloneSettings};
use super::theft::jam::{Jam, JamSettings};
use super::theft::pack_swap::PackSwap;
use super::theft::pack_theft::PackTheft;
use super::theft::power_cut::PowerCut;
use super::theft::ride_away::{RideAway, RideAwaySettings};
use super::theft::scene::{ClearSettings, DepartureSettings};
use super::theft::spoof::{Spoof, SpoofSettings};
use super::theft::strip::Strip;
use super::theft::tamper::{Tamper, TamperSettings};
use super::theft::tow::{Tow, TowSettings};

/// The settings of all detectors.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// When a vehicle counts as gone from where it was left; all rules of theft share it.
    pub departure: DepartureSettings,
    /// `theft.strip`.
    pub strip: ClearSettings,
    /// `theft.pack_swap`.
    pub pack_swap: ClearSettings,
    /// `theft.pack_theft`.
    pub pack_theft: ClearSettings,
    /// `theft.power_cut`.
    pub power_cut: ClearSettings,
    /// `theft.clone`.
    pub clone: CloneSettings,
    /// `theft.jam`.
    pub jam: JamSettings,
    /// `theft.spoof`.
    pub spoof: SpoofSettings,
    /// `theft.ride_away`.
    pub ride_away: RideAwaySettings,
    /// `theft.carry_off`.
    pub carry_off: CarryOffSettings,
    /// `theft.tow`.
    pub tow: TowSettings,
    /// `theft.tamper`.
    pub tamper: TamperSettings,
    /// `battery.thermal_runaway`.
    pub thermal_runaway: ThermalRunawaySettings,
}

/// Every detector, in a fixed order: where two claim the same case at the same level, the one that stands first is
/// believed, so the specific ones stand before the general ones.
#[must_use]
pub fn all(settings: &Settings) -> Vec<Box<dyn Detector>> {
    let gone = &settings.departure;
    vec![
        Box::new(Strip(settings.strip.clone(), gone.clone())),
        Box::new(PackSwap(settings.pack_swap.clone())),
        Box::new(PackTheft(settings.pack_theft.clone(), gone.clone())),
        Box::new(PowerCut(settings.power_cut.clone())),
        Box::new(Clone(settings.clone.clone())),
        Box::new(Jam(settings.jam.clone(), gone.clone())),
        Box::new(Spoof(settings.spoof.clone(), gone.clone())),
        Box::new(RideAway(settings.ride_away.clone(), gone.clone())),
        Box::new(CarryOff(settings.carry_off.clone(), gone.clone())),
        Box::new(Tow(settings.tow.clone(), gone.clone())),
        Box::new(Tamper(settings.tamper.clone(), gone.clone())),
        Box::new(ThermalRunaway(settings.thermal_runaway.clone())),
    ]
}
