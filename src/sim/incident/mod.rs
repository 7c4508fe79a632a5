//! What befalls vehicles: which and when (`plan`), what happens step by step (`script`, `theft`, `battery`, `benign`), expressed as
//! conditions that a vehicle is under for a while (`conditions`).

pub mod battery;
pub mod benign;
pub mod conditions;
pub mod plan;
pub mod script;
pub mod theft;

pub use conditions::Conditions;
pub use plan::{Planned, draw};
pub use script::{Mover, Step, script};
