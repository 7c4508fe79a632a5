//! Rules that claim battery faults.

pub mod thermal_runaway;
