//! One vehicle, brought forward from wake-up to wake-up: its body (`body`), where its rider takes it (`trips`), how its
//! pack is charged (`charging`) or changed (`exchange`), what befalls it (`fate`, `twin`), what it is told to do
//! (`obedience`), what it says of all that (`reporting`) and whether that reaches anybody (`uplink`).

pub mod body;
pub mod charging;
pub mod exchange;
pub mod fate;
pub mod obedience;
pub mod reporting;
#[cfg(test)]
mod tests;
pub mod trips;
pub mod uplink;
pub mod twin;

pub use body::Vehicle;
