//! The BeiDou receiver, apart from the truth: errors that wander, tunnels, finding the satellites again, rare spikes;
//! and its sentences.
//!
//! Deliberately absent: single satellites and their geometry. Number of satellites, dilution and error are drawn so
//! that they fit each other.

pub mod nmea;
pub mod receiver;

pub use nmea::{Talker, nmea};
pub use receiver::{Receiver, Sky};
