//! The ground everything stands on: units, time, seeded randomness, geodesy and identifiers.
//!
//! Deliberately absent: anything that knows what a vehicle is. `clock` is the only place of the library that reads
//! the machine's time.

pub mod clock;
pub mod condition;
pub mod geodesy;
pub mod ids;
pub mod rng;
pub mod span;
pub mod time;
pub mod units;

pub use clock::{Clock, Stopwatch};
pub use condition::Condition;
pub use geodesy::{Frame, LatLon};
pub use ids::{AlertId, PackId, Vin};
pub use time::Timestamp;
