//! What befalls vehicles: what a scenario asks for (`entry`) with which figures (`parameter`), which vehicles it suits
//! (`victim`), whom it befalls when (`plan`), what happens step by step (`script`, `theft`, `battery`, `benign`) and how
//! bad that is (`severity`), expressed as conditions that a vehicle is under for a while (`conditions`).

pub mod battery;
pub mod benign;
pub mod conditions;
pub mod entry;
pub mod parameter;
pub mod plan;
pub mod script;
pub mod severity;
pub mod theft;
pub mod victim;

pub use conditions::Conditions;
pub use parameter::{Key, Values};
pub use plan::{Planned, asked_for, draw, draw_victim};
pub use script::{Case, Exchanged, Mover, Step, script};
pub use severity::severity;
