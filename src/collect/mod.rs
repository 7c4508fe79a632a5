//! The collector: turns payloads into state and claims. A sans-IO core; who owns it moves the bytes, reads the clock,
//! stores and shows what comes out.

mod archive;
pub mod core;
pub mod counters;
pub mod deal;
mod intake;
mod past;
mod replay;
pub mod roll;
pub mod settings;

pub use core::{Core, Inbound, Output};
pub use counters::Counters;
pub use settings::Settings;
