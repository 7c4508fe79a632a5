//! The battery: cells in series with one RC pair and one thermal node, stepped exactly over any interval of constant
//! current, so that one step per report is enough.
//!
//! Cell voltage is OCV(SOC) + I·R0 + i₁·R1, where i₁ is the current as the RC pair remembers it. Resistances depend on
//! SOC, temperature and age; within a step they and the leaks keep the values of its beginning, so a step that moves
//! more than 2 % of the charge is taken in parts. The pack warms by its losses and cools towards the air. Parameters:
//! `config/catalogue.toml`. How near it comes to measured cells: `docs/fidelity.md`.
//!
//! Deliberately absent: hysteresis of the open-circuit voltage, and a temperature of each cell of its own, but for the
//! hot spots that faults make at the sensors.

mod ageing;
mod bms;
mod cell;
mod charger;
mod fault;
pub mod levels;
mod state;
#[cfg(test)]
mod tests;
mod thermal;

pub use bms::{Alarm, PROBES, alarms};
pub use charger::Charger;
pub use fault::{Fault, Sensor, Trouble};
pub use state::{Interval, Pack, Spec};
