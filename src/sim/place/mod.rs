//! A place: the city a fleet lives in, read from `config/place/*.toml`. A schematic arterial network with heights,
//! bridges and tunnels, not a survey; around its nodes the program lays local streets of its own, and finds a street for
//! each station.

pub mod city;
pub mod file;
pub mod local;
pub mod osm;
pub mod station;

pub use city::{Edge, Node, Place, PlaceError};
pub use file::{PlaceFile, StreetClass};
pub use station::{Station, StationKind};
