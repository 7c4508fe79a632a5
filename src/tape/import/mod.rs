//! Logs of other people become reports: a map says which column is what, or that the log is NMEA. `docs/import.md` tells
//! how a map is written.
//!
//! Deliberately absent: files. A log is read from what its owner opens, and what comes of it is the owner's to write.

mod column;
pub mod flaw;
pub mod log;
pub mod map;
mod members;
mod sentences;
pub mod source;
mod table;
mod times;
mod units;
mod vehicles;

pub use flaw::Flaw;
pub use log::{Log, Skipped, Summary};
pub use map::LogMap;
