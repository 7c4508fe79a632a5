//! zhilian: a smart e-vehicle (智联电动车) fleet on one machine. Simulate it, load it, catch the thief, save the battery.
//!
//! The order of the modules below is the order of their dependencies: each may use those above it, none below.

pub mod alert;
pub mod base;
pub mod cli;
pub mod cmd;
pub mod collect;
pub mod config;
pub mod detect;
pub mod model;
pub mod mqtt;
pub mod score;
pub mod sim;
pub mod store;
pub mod track;
pub mod web;
pub mod wire;
