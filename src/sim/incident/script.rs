//! Incidents as scripts: what happens one after the other.

use super::conditions::Conditions;
use super::plan::Planned;
use super::{battery, benign, theft};
use crate::base::geodesy::Flat;
use crate::base::rng::Stream;
use crate::model::{EventKind, Family, Kind};
use crate::sim::motion::Style;
use crate::sim::pack::{Sensor, Trouble};
use crate::sim::streets::Traveller;

/// What moves a vehicle that nobody rides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mover {
    /// It stands on a van.
    Van,
    /// Somebody carries or pushes it.
    Walker,
    /// A thief rides it.
    Thief,
    /// It stands on a ferry.
    Ferry,
}

impl Mover {
    /// How this drives.
    #[must_use]
    pub fn style(self) -> Style {
        match self {
            Self::Van => Style::VAN,
            Self::Walker => Style { cruise: 1.3, ceiling: 1.6, hill_speed: 1.0, pull: 0.7, brake: 0.7, ..STEADY },
            Self::Thief => Style { cruise: 6.0, ceiling: 8.0, hill_speed: 5.0, pull: 0.9, brake: 1.2, ..STEADY },
            Self::Ferry => Style { cruise: 4.0, ceiling: 4.5, hill_speed: 4.0, pull: 0.2, brake: 0.2, ..STEADY },
        }
    }

    /// Which streets this may use.
    #[must_use]
    pub fn traveller(self) -> Traveller {
        match self {
            Self::Walker | Self::Thief => Traveller::EBike,
            Self::Van | Self::Ferry => Traveller::Van,
        }
    }
}

/// Somebody who stops for nothing.
const STEADY: Style =
    Style { turn_speed: 4.5, stops_per_km: 0.0, slows_per_km: 0.0, red_chance: 0.0, ripple: 0.05, ..Style::VAN };

/// One step of an incident.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    /// From now on these conditions hold.
    Become(Conditions),
    /// The vehicle tells a happening.
    Say(EventKind),
    /// It is brought to a spot about so many metres away; the next step follows on arrival.
    Move(Mover, f64),
    /// So many seconds pass.
    Wait(f64),
    /// The pack gets a fault.
    Strike(Trouble),
    /// The management looks at its pack every second, for so many seconds.
    Watch(f64),
    /// The incident is over; steps after it are its traces.
    End,
}

/// Whether its rider notices nothing and goes on: so it is with a sick battery, until it burns.
#[must_use]
pub fn rider_goes_on(kind: Kind) -> bool {
    kind.family() == Family::Battery && kind != Kind::ThermalRunaway
}

/// Whether a vehicle can still be used after an incident.
#[must_use]
pub fn ends_use(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Tow
            | Kind::CarryOff
            | Kind::RideAway
            | Kind::PackTheft
            | Kind::Jam
            | Kind::Spoof
            | Kind::Strip
            | Kind::ThermalRunaway
    )
}

/// The steps of a planned incident on a vehicle that stands at `at` and has `series` cells.
#[must_use]
pub fn script(plan: &Planned, at: Flat, series: usize, stream: &mut Stream) -> Vec<Step> {
    let cell = stream.index(series) as u8;
    match plan.kind {
        Kind::Tow => theft::tow(plan.distance_m),
        Kind::CarryOff => theft::carry_off(plan.distance_m, stream),
        Kind::RideAway => theft::ride_away(plan.distance_m, stream),
        Kind::PackTheft => theft::pack_theft(stream),
        Kind::PowerCut => theft::power_cut(stream),
        Kind::Jam => theft::jam(plan.distance_m, stream),
        Kind::Spoof => theft::spoof(plan.distance_m, at),
        Kind::Tamper => theft::tamper(stream),
        Kind::Strip => theft::strip(plan.distance_m, stream),
        Kind::OverTemperature => battery::stays(battery::over_temperature(stream)),
        Kind::WeakCell => battery::stays(battery::weak_cell(cell, stream)),
        Kind::ShortEarly => battery::stays(battery::short_early(cell, stream)),
        Kind::ShortMid => battery::stays(battery::short_mid(cell, stream)),
        Kind::ContactResistance => battery::stays(battery::contact_resistance(cell, stream)),
        Kind::CapacityFade => battery::stays(battery::capacity_fade(stream)),
        Kind::SelfDischarge => battery::stays(battery::self_discharge(stream)),
        Kind::SensorStuck => battery::stays(Trouble::SensorStuck { sensor: Sensor::Cell(cell) }),
        Kind::SensorBias => battery::stays(battery::sensor_bias(cell, stream)),
        Kind::SensorNoise => battery::stays(battery::sensor_noise(cell, stream)),
        Kind::Insulation => battery::stays(battery::insulation(stream)),
        Kind::BmsSilent => battery::bms_silent(),
        Kind::ThermalRunaway => battery::thermal_runaway(cell, plan.ramp_s),
        Kind::Drift => benign::drift(stream),
        Kind::Garage => benign::garage(stream),
        Kind::Ferry => benign::ferry(plan.distance_m),
        Kind::Elevator => benign::elevator(stream),
        Kind::OwnerPush => benign::owner_push(stream),
        Kind::OwnerVan => benign::owner_van(plan.distance_m),
        Kind::ConsentOff => benign::consent_off(stream),
        Kind::DatumSwitch => benign::datum_switch(stream),
        Kind::ClockSkew => benign::clock_skew(stream),
        Kind::LateUpload => benign::late_upload(stream),
        Kind::PackSwap
        | Kind::Clone
        | Kind::OverVoltage
        | Kind::UnderVoltage
        | Kind::OverCurrent
        | Kind::TemperatureSpread
        | Kind::WrongCharger
        | Kind::ColdCharge
        | Kind::Sulfation
        | Kind::LeadRunaway
        | Kind::Tunnel
        | Kind::ServiceSwap
        | Kind::CellOutage => vec![Step::Wait(1.0), Step::Wait(1.0), Step::End],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;
    use crate::base::rng::Purpose;

    #[test]
    fn every_incident_has_steps_and_ends_once() {
        for kind in Kind::ALL.iter().copied() {
            let plan = Planned { id: 0, kind, start: Timestamp(0), distance_m: 3000.0, ramp_s: 40.0 };
            for seed in 0..10 {
                let mut stream = Stream::new(seed, 0, Purpose::Incident);
                let steps = script(&plan, Flat::default(), 16, &mut stream);
                assert_eq!(steps.iter().filter(|step| **step == Step::End).count(), 1, "{kind:?}");
                assert!(steps.len() >= 3, "{kind:?} does nothing: {steps:?}");
            }
        }
    }
}
