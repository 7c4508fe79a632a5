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
use super::theft::tow::{Tow, TowSettings};
use crate::model::Kind;

/// The settings of all detectors.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// `theft.tow`.
    pub tow: TowSettings,
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

/// Every detector, in a fixed order: at the same level the earlier one names the alert, so the more specific stand first.
#[must_use]
pub fn all(settings: &Settings) -> Vec<Box<dyn Detector>> {
    let mut detectors: Vec<Box<dyn Detector>> = vec![Box::new(Tow(settings.tow.clone()))];
    detectors.extend(battery(settings));
    detectors
}

fn battery(settings: &Settings) -> Vec<Box<dyn Detector>> {
    let sensor = |kind| Box::new(Sensor { kind, settings: settings.sensor.clone() });
    let limits = &settings.over_voltage;
    let cell = |kind| Box::new(CellFault { kind, settings: settings.cell.clone(), limits: limits.clone() });
    vec![
        Box::new(ThermalRunaway(settings.thermal_runaway.clone())),
        Box::new(LeadRunaway(settings.lead_runaway.clone())),
        sensor(Kind::SensorStuck),
        sensor(Kind::SensorNoise),
        sensor(Kind::SensorBias),
        Box::new(ColdCharge(settings.cold_charge.clone())),
        Box::new(WrongCharger(settings.wrong_charger.clone(), settings.over_voltage.clone())),
        Box::new(OverVoltage(settings.over_voltage.clone())),
        Box::new(UnderVoltage(settings.under_voltage.clone())),
        Box::new(OverCurrent(settings.over_current.clone())),
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
