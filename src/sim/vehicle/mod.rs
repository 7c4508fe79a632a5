//! One vehicle, brought forward from wake-up to wake-up: its body (`body`), where its rider takes it (`trips`), what
//! befalls it (`fate`, `twin`), what it is told to do (`obedience`) and what it says of all that (`reporting`).

pub mod body;
pub mod fate;
pub mod obedience;
pub mod reporting;
pub mod trips;
pub mod twin;

pub use body::Vehicle;
