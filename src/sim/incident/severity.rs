//! How bad an incident is.

use super::parameter::Key;
use super::script::Case;
use crate::model::Kind;
use crate::sim::pack::levels;

/// How bad an incident is, 0 to 3: see [`crate::model::Incident::severity`].
#[must_use]
pub fn severity(case: &Case) -> u8 {
    let values = case.values;
    match case.kind {
        Kind::Tow
        | Kind::CarryOff
        | Kind::RideAway
        | Kind::PackTheft
        | Kind::PackSwap
        | Kind::Jam
        | Kind::Spoof
        | Kind::Strip
        | Kind::UnderVoltage
        | Kind::ShortMid
        | Kind::ThermalRunaway => 3,
        Kind::PowerCut
        | Kind::Clone
        | Kind::ShortEarly
        | Kind::ContactResistance
        | Kind::ColdCharge
        | Kind::LeadRunaway
        | Kind::BmsSilent => 2,
        Kind::Tamper
        | Kind::WeakCell
        | Kind::CapacityFade
        | Kind::SelfDischarge
        | Kind::SensorStuck
        | Kind::SensorBias
        | Kind::SensorNoise
        | Kind::Sulfation => 1,
        Kind::OverVoltage | Kind::WrongCharger => {
            let volts = case.spec.layout.charge_v / case.spec.layout.series as f64;
            levels::over_voltage(case.spec.cell, volts * (1.0 + values.get(Key::Over) / 100.0)).max(1)
        }
        Kind::OverCurrent => levels::over_current(values.get(Key::Load)),
        Kind::OverTemperature => {
            levels::over_temperature(case.spec.cell, case.ambient.0 + values.get(Key::Rise)).max(1)
        }
        Kind::TemperatureSpread => levels::temperature_spread(values.get(Key::Rise)).max(1),
        Kind::Insulation => levels::insulation(values.get(Key::Insulation)).max(1),
        Kind::Drift
        | Kind::Garage
        | Kind::Tunnel
        | Kind::Ferry
        | Kind::Elevator
        | Kind::OwnerPush
        | Kind::OwnerVan
        | Kind::ServiceSwap
        | Kind::ConsentOff
        | Kind::CellOutage
        | Kind::DatumSwitch
        | Kind::ClockSkew
        | Kind::LateUpload => 0,
    }
}
