//! A user's own extract of OpenStreetMap (`.osm.pbf`) becomes a place. Bytes in, a place file out.
//!
//! Kept: streets for motor traffic with their bends, rivers, heights where they are tagged, names of districts. Left out:
//! one-way rules, turn restrictions, service roads and paths.

mod extract;
mod heights;
mod import;
mod network;
mod tags;

pub use import::{ImportOptions, Imported, OsmError, import};
