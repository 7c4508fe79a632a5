//! When and where a vehicle gets charge: at home in the evening, at a fast charger or a swap station on the way.

use super::body::{Doing, Vehicle, spec};
use crate::base::Timestamp;
use crate::base::units::Celsius;
use crate::sim::pack::Charger;
use crate::sim::place::StationKind;
use crate::sim::setting::Setting;
use crate::sim::streets::Spot;

/// Usable charge below which nobody starts a trip without getting some, and a courier without another pack (assumed).
const LOW_SOC: f64 = 0.2;
const SWAP_SOC: f64 = 0.45;
/// Charge that is enough to leave home with, and to leave a fast charger with (assumed).
const ENOUGH_AT_HOME: f64 = 0.5;
const ENOUGH_ON_THE_WAY: f64 = 0.8;
/// Charge below which a rider plugs in at home: in the evening somewhere between these, by day the last (assumed).
const EVENING_SOC: (f64, f64) = (0.45, 0.95);
const DAY_SOC: f64 = 0.35;
/// Hours of the evening and the night.
const EVENING_H: f64 = 17.0;
const MORNING_H: f64 = 5.0;
/// Those who charge at home carry the pack indoors when it is colder than this (assumed).
const INDOORS: Celsius = Celsius(12.0);

/// What a rider does about the charge before a trip.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stop {
    /// Nothing.
    None,
    /// Plugs in where it stands.
    PlugIn,
    /// Goes there first.
    At(Spot),
}

impl Vehicle {
    /// What charges it where it stands.
    pub(super) fn charger(&self, spot: &Spot) -> Charger {
        if self.rider.is_home(spot) { Charger::Home } else { Charger::Fast }
    }

    /// The air around its pack: the weather's, that of a home, or that of a cold place in which it was put.
    pub(super) fn air(&self, setting: &Setting, now: Timestamp) -> Celsius {
        let outside = setting.ambient(now);
        if let Some(cold) = self.conditions().air_c {
            return Celsius(outside.0.min(cold.into()));
        }
        match &self.doing {
            Doing::Standing { spot, charging: true } if self.rider.is_home(spot) => Celsius(outside.0.max(INDOORS.0)),
            Doing::Standing { .. } | Doing::Riding { .. } | Doing::Moved { .. } => outside,
        }
    }

    /// Whether it stays on the charger although its rider would go; not on one that gives nothing (full, hot or cold).
    pub(super) fn stays_plugged_in(&self, setting: &Setting, spot: &Spot) -> bool {
        let enough = match self.charger(spot) {
            Charger::Home => ENOUGH_AT_HOME,
            Charger::Fast => ENOUGH_ON_THE_WAY,
        };
        self.pack.usable_soc(spec(setting, self.layout)) < enough && self.pack.current().0 > 0.0
    }

    /// What its rider does about the charge before setting out from `spot`.
    pub(super) fn stop_first(&self, setting: &Setting, spot: &Spot, now: Timestamp) -> Stop {
        let spec = spec(setting, self.layout);
        let usable = self.pack.usable_soc(spec);
        if usable >= SWAP_SOC {
            return Stop::None;
        }
        let elsewhere = |stop: &Spot| !stop.is_same(spot);
        if let Some(station) = self.waiting_pack(setting, now).filter(elsewhere) {
            return Stop::At(station);
        }
        if usable >= LOW_SOC {
            return Stop::None;
        }
        if self.rider.is_home(spot) {
            return Stop::PlugIn;
        }
        // A pack without stages for fast charging would stand there all day.
        let quick = !spec.cell.fast_stages.is_empty();
        let station = setting.place.nearest_station(StationKind::Charge, self.pose.at).filter(|_| quick);
        let home = *self.rider.home();
        Stop::At(station.map_or(home, Spot::of)).unless_here(spot)
    }

    /// Whether its rider plugs it in on coming home, or has done so when the run begins.
    pub(super) fn plugs_in_at_home(&mut self, setting: &Setting, now: Timestamp) -> bool {
        let hour = setting.local_seconds(now) / 3600.0;
        let usable = self.pack.usable_soc(spec(setting, self.layout));
        let evening = !(MORNING_H..EVENING_H).contains(&hour);
        usable < if evening { self.trips.between(EVENING_SOC.0, EVENING_SOC.1) } else { DAY_SOC }
    }
}

impl Stop {
    /// No stop where one stands already.
    fn unless_here(self, here: &Spot) -> Self {
        match self {
            Self::At(spot) if spot.is_same(here) => Self::None,
            Self::None | Self::PlugIn | Self::At(_) => self,
        }
    }
}
