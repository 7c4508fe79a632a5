//! The settings of all detectors, and the detectors made from them.

use serde::{Deserialize, Serialize};

use super::battery::bms_silent::{BmsSilent, BmsSilentSettings};
use super::battery::capacity_fade::{CapacityFade, CapacityFadeSettings};
use super::battery::cell_fault::{CellFault, CellFaultSettings};
use super::battery::cold_charge::{ColdCharge, ColdChargeSettings};
use super::battery::insulation::{Insulation, InsulationSettings};
use super::battery::lead_runaway::{LeadRunaway, LeadRunawaySettings};
use super::battery::over_current::{OverCurrent, OverCurrentSettings};
use super::battery::over_temperature::{OverTemperature, OverTemperatureSettings};
use super::battery::over_voltage::{OverVoltage, OverVoltageSettings};
use super::battery::self_discharge::{SelfDischarge, SelfDischargeSettings};
use super::battery::sensor::{Sensor, SensorSettings};
use super::battery::sulfation::{Sulfation, SulfationSettings};
use super::battery::temperature_spread::{TemperatureSpread, TemperatureSpreadSettings};
use super::battery::thermal_runaway::{ThermalRunaway, ThermalRunawaySettings};
use super::battery::under_voltage::{UnderVoltage, UnderVoltageSettings};
use super::battery::wrong_charger::{WrongCharger, WrongChargerSettings};
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
use crate::model::Kind;

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
    /// `battery.lead_runaway`.
    pub lead_runaway: LeadRunawaySettings,
    /// `battery.sensor_stuck`, `battery.sensor_noise`, `battery.sensor_bias`.
    pub sensor: SensorSettings,
    /// `battery.cold_charge`.
    pub cold_charge: ColdChargeSettings,
    /// `battery.wrong_charger`.
    pub wrong_charger: WrongChargerSettings,
    /// `battery.over_voltage`.
    pub over_voltage: OverVoltageSettings,
    /// `battery.under_voltage`.
    pub under_voltage: UnderVoltageSettings,
    /// `battery.over_current`.
    pub over_current: OverCurrentSettings,
    /// `battery.short_mid`, `battery.contact_resistance`, `battery.short_early`, `battery.weak_cell`.
    pub cell: CellFaultSettings,
    /// `battery.insulation`.
    pub insulation: InsulationSettings,
    /// `battery.temperature_spread`.
    pub temperature_spread: TemperatureSpreadSettings,
    /// `battery.over_temperature`.
    pub over_temperature: OverTemperatureSettings,
    /// `battery.sulfation`.
    pub sulfation: SulfationSettings,
    /// `battery.self_discharge`.
    pub self_discharge: SelfDischargeSettings,
    /// `battery.capacity_fade`.
    pub capacity_fade: CapacityFadeSettings,
    /// `battery.bms_silent`.
    pub bms_silent: BmsSilentSettings,
}

/// Every detector, in a fixed order: where two claim the same case at the same level, the one that stands first is
/// believed, so the specific ones stand before the general ones.
#[must_use]
pub fn all(settings: &Settings) -> Vec<Box<dyn Detector>> {
    let mut detectors = theft(settings);
    detectors.extend(battery(settings));
    detectors
}

fn theft(settings: &Settings) -> Vec<Box<dyn Detector>> {
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
    ]
}

fn battery(settings: &Settings) -> Vec<Box<dyn Detector>> {
    let sensor = |kind| Box::new(Sensor { kind, settings: settings.sensor.clone() });
    let limits = &settings.over_voltage;
    let cell = |kind| Box::new(CellFault { kind, settings: settings.cell.clone(), limits: limits.clone() });
    vec![
        Box::new(ThermalRunaway(settings.thermal_runaway.clone())),
        Box::new(LeadRunaway(settings.lead_runaway.clone(), settings.over_voltage.clone())),
        sensor(Kind::SensorStuck),
        sensor(Kind::SensorNoise),
        sensor(Kind::SensorBias),
        Box::new(ColdCharge(settings.cold_charge.clone())),
        Box::new(WrongCharger(settings.wrong_charger.clone(), settings.over_voltage.clone())),
        Box::new(OverVoltage(settings.over_voltage.clone())),
        Box::new(UnderVoltage(settings.under_voltage.clone())),
        Box::new(OverCurrent(settings.over_current.clone(), settings.under_voltage.clone())),
        cell(Kind::ShortMid),
        cell(Kind::ContactResistance),
        cell(Kind::ShortEarly),
        cell(Kind::WeakCell),
        Box::new(Insulation(settings.insulation.clone())),
        Box::new(TemperatureSpread(settings.temperature_spread.clone())),
        Box::new(OverTemperature(settings.over_temperature.clone())),
        Box::new(Sulfation(settings.sulfation.clone())),
        Box::new(SelfDischarge(settings.self_discharge.clone())),
        Box::new(CapacityFade(settings.capacity_fade.clone())),
        Box::new(BmsSilent(settings.bms_silent.clone())),
    ]
}
