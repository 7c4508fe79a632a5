//! zhilian: a smart e-vehicle (智联电动车) fleet on one machine. Simulate it, load it, catch the thief, save the battery.
//!
//! The order of the modules below is the order of their dependencies: each may use those above it, none below.

pub mod base;
pub mod model;
pub mod sim;
pub mod wire;
pub mod mqtt;
pub mod track;
pub mod detect;
pub mod alert;
pub mod collect;
pub mod tape;
pub mod score;
pub mod bench;
pub mod store;
pub mod web;
pub mod config;
pub mod cmd;
pub mod cli;
