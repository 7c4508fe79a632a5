//! Rules that claim battery faults.

pub mod bms_silent;
pub mod capacity_fade;
pub mod cell_fault;
mod cell_words;
pub mod cold_charge;
pub mod insulation;
pub mod lead_runaway;
mod look;
pub mod outlier;
pub mod over_current;
pub mod over_temperature;
pub mod over_voltage;
pub mod self_discharge;
pub mod sensor;
#[cfg(test)]
mod stage;
pub mod sulfation;
pub mod temperature_spread;
pub mod thermal_runaway;
pub mod under_voltage;
pub mod wrong_charger;

pub use look::{ByChemistry, Look};
