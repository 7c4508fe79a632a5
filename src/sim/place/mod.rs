//! A place: the city a fleet lives in, read from `config/place/*.toml`. A schematic arterial network with heights,
//! bridges and tunnels, not a survey; around its nodes the program lays local streets and base stations of its own, and
//! finds a street for each station where packs are swapped.

pub mod city;
pub mod coverage;
pub mod file;
pub mod local;
pub mod osm;
pub mod station;

pub use city::{Edge, Node, Place, PlaceError};
pub use coverage::{BaseStation, Coverage};
pub use file::{PlaceFile, StreetClass};
pub use station::{Station, StationKind};
