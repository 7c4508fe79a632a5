//! The simulated fleet: vehicles that ride, park, charge, are stolen and fall ill, each reporting what its sensors and
//! its modem let it say. The truth about incidents leaves only as [`Output::IncidentBegan`] and its end.
//!
//! A sans-IO core: no clock, no socket, no file. The owner passes `now`, asks for the next deadline and takes closed
//! outputs. Same scenario and seed, same outputs, byte for byte, in any number of shards.

pub mod agenda;
pub mod catalogue;
pub mod fleet;
pub mod gnss;
pub mod incident;
pub mod modem;
pub mod motion;
pub mod outage;
pub mod output;
pub mod pack;
pub mod place;
pub mod queue;
pub mod rider;
pub mod scenario;
pub mod setting;
pub mod streets;
pub mod vehicle;
pub mod weather;
pub mod world;

pub use catalogue::Catalogue;
pub use fleet::Fleet;
pub use output::{Emission, Output};
pub use place::Place;
pub use scenario::Scenario;
pub use setting::Setting;
pub use world::{Shard, World};
