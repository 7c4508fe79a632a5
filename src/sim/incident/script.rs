//! Incidents as scripts: what happens one after the other.

use super::conditions::Conditions;
use super::parameter::{Key, Values};
use super::{battery, benign, theft};
use crate::base::geodesy::Flat;
use crate::base::rng::Stream;
use crate::base::units::Celsius;
use crate::base::{PackId, Timestamp};
use crate::model::{EventKind, Family, Kind};
use crate::sim::motion::Style;
use crate::sim::pack::{Spec, Trouble};
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

/// A pack that is put in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exchanged {
    /// The number on it.
    pub id: PackId,
    /// Its capacity, of the nominal one.
    pub capacity: f32,
    /// Its resistance, over what its capacity lets expect.
    pub resistance: f32,
}

/// One step of an incident.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    /// From now on it is an incident; steps before lead up to it.
    Begin,
    /// From now on these conditions hold.
    Become(Conditions),
    /// The vehicle tells a happening.
    Say(EventKind),
    /// It is brought to a spot about so many metres away; the next step follows on arrival.
    Move(Mover, f64),
    /// Its rider takes it to a spot about so many metres away; the next step follows on arrival.
    Ride(f64),
    /// So many seconds pass.
    Wait(f64),
    /// Time passes until then.
    At(Timestamp),
    /// It is put on a charger, or taken off.
    Plug(bool),
    /// The pack gets a fault.
    Strike(Trouble),
    /// The pack gets rid of the faults that can end.
    Mend,
    /// Its pack is exchanged.
    Exchange(Exchanged),
    /// A second device begins to speak in its name, so many metres away, until the last step.
    Clone(f64),
    /// The management looks at its pack every second, for so many seconds.
    Watch(f64),
    /// The incident is over; steps after it are its traces.
    End,
}

/// Whether its rider notices nothing and goes on: so it is with a sick battery, until it burns, but not while it stands
/// on a charger or is left with something on; and with a device elsewhere that speaks in the vehicle's name.
#[must_use]
pub fn rider_goes_on(kind: Kind) -> bool {
    let held = matches!(
        kind,
        Kind::ThermalRunaway
            | Kind::OverVoltage
            | Kind::UnderVoltage
            | Kind::OverCurrent
            | Kind::WrongCharger
            | Kind::ColdCharge
            | Kind::LeadRunaway
    );
    (kind.family() == Family::Battery && !held) || kind == Kind::Clone
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

/// An incident and the vehicle that it befalls.
#[derive(Debug)]
pub struct Case<'a> {
    /// Number of the incident in the run.
    pub id: u32,
    /// What happens.
    pub kind: Kind,
    /// When.
    pub start: Timestamp,
    /// Its figures.
    pub values: &'a Values,
    /// Where the vehicle stands.
    pub at: Flat,
    /// Name of its pack's layout.
    pub layout: &'a str,
    /// What its pack is made of.
    pub spec: Spec<'a>,
    /// Charge of its pack, 0 to 1.
    pub soc: f64,
    /// What its rider draws from the pack at the speed that streets usually allow, on the flat, W.
    pub cruising_w: f64,
    /// The air.
    pub ambient: Celsius,
}

/// The steps of an incident; the first that is no preparation is [`Step::Begin`].
#[must_use]
pub fn script(case: &Case, stream: &mut Stream) -> Vec<Step> {
    let mut steps = steps(case, stream);
    if !steps.contains(&Step::Begin) {
        steps.insert(0, Step::Begin);
    }
    steps
}

fn steps(case: &Case, stream: &mut Stream) -> Vec<Step> {
    let values = case.values;
    match case.kind {
        Kind::Tow => theft::tow(values),
        Kind::CarryOff => theft::carry_off(values, stream),
        Kind::RideAway => theft::ride_away(values, stream),
        Kind::PackTheft => theft::pack_theft(stream),
        Kind::PackSwap => theft::pack_swap(values, stream),
        Kind::PowerCut => theft::power_cut(values),
        Kind::Jam => theft::jam(values, stream),
        Kind::Spoof => theft::spoof(values, case.at),
        Kind::Clone => theft::clone(values),
        Kind::Tamper => theft::tamper(values, stream),
        Kind::Strip => theft::strip(values, stream),
        Kind::OverVoltage => battery::over_voltage(case),
        Kind::UnderVoltage => battery::under_voltage(case),
        Kind::OverCurrent => battery::over_current(case),
        Kind::OverTemperature => battery::over_temperature(case),
        Kind::TemperatureSpread => battery::stays(battery::temperature_spread(values, stream)),
        Kind::WeakCell => battery::weak_cell(values),
        Kind::ShortEarly | Kind::ShortMid => battery::stays(battery::short(values)),
        Kind::ThermalRunaway => battery::thermal_runaway(values),
        Kind::ContactResistance => battery::stays(battery::contact_resistance(values)),
        Kind::CapacityFade => battery::stays(battery::capacity_fade(values)),
        Kind::SelfDischarge => battery::stays(Trouble::SelfDischarge { amps: values.get32(Key::Leak) }),
        Kind::SensorStuck => battery::stays(Trouble::SensorStuck { sensor: battery::sensor(values) }),
        Kind::SensorBias => battery::stays(battery::sensor_bias(values)),
        Kind::SensorNoise => battery::stays(battery::sensor_noise(values)),
        Kind::Insulation => battery::stays(battery::insulation(values)),
        Kind::WrongCharger => battery::wrong_charger(values),
        Kind::ColdCharge => battery::cold_charge(case),
        Kind::Sulfation => battery::stays(battery::sulfation(values)),
        Kind::LeadRunaway => battery::lead_runaway(case),
        Kind::BmsSilent => battery::bms_silent(),
        Kind::Drift => benign::drift(values),
        Kind::Garage => benign::garage(values),
        Kind::Tunnel => benign::tunnel(values),
        Kind::Ferry => benign::ferry(values),
        Kind::Elevator => benign::elevator(values),
        Kind::OwnerPush => benign::owner_push(values),
        Kind::OwnerVan => benign::owner_van(values),
        Kind::ServiceSwap => benign::service_swap(values, case.id, case.layout, stream),
        Kind::ConsentOff => benign::consent_off(values),
        Kind::DatumSwitch => benign::datum_switch(values),
        Kind::ClockSkew => benign::clock_skew(values),
        Kind::LateUpload => benign::late_upload(values),
        // No vehicle's own: it befalls the network.
        Kind::CellOutage => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::severity::severity;
    use super::*;
    use crate::base::rng::Purpose;
    use crate::sim::Catalogue;

    #[test]
    fn every_incident_has_steps_begins_once_and_ends_once() {
        let catalogue = Catalogue::parse(include_str!("../../../config/catalogue.toml")).unwrap();
        let layout = &catalogue.pack["LFP48_20"];
        let spec = Spec { layout, cell: &catalogue.chemistry[&layout.chemistry] };
        for kind in Kind::ALL.iter().copied().filter(|kind| *kind != Kind::CellOutage) {
            for seed in 0..10 {
                let mut stream = Stream::new(seed, 0, Purpose::Fate);
                let case = Case {
                    id: 0,
                    kind,
                    start: Timestamp(1_000_000),
                    values: &Values::draw(kind, &BTreeMap::new(), layout.series, &mut stream),
                    at: Flat::default(),
                    layout: "LFP48_20",
                    spec,
                    soc: 0.7,
                    cruising_w: 300.0,
                    ambient: Celsius(25.0),
                };
                let steps = script(&case, &mut stream);
                let place = |wanted| {
                    let mut found = steps.iter().enumerate().filter(|(_, step)| **step == wanted).map(|(at, _)| at);
                    (found.next(), found.next())
                };
                let (Some(begin), None) = place(Step::Begin) else { panic!("{kind:?} begins not once") };
                let (Some(end), None) = place(Step::End) else { panic!("{kind:?} ends not once") };
                assert!(end >= begin + 3, "{kind:?} does nothing: {steps:?}");
                let prepared = steps[..begin].contains(&Step::At(case.start));
                assert_eq!(prepared, battery::lead_s(kind) > 0.0, "{kind:?} is led up to: {steps:?}");
                let benign = kind.family() == Family::Benign;
                assert_eq!(severity(&case) == 0, benign, "{kind:?}: severity {}", severity(&case));
            }
        }
    }
}
