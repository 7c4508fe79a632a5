//! What is remembered of a pack: fixed-point features that each reading changes a little, in constant time and without
//! allocation. They belong to the pack, not to the vehicle: a vehicle's other pack finds its own again.

pub mod cell;
pub mod cells;
pub mod charge;
pub mod coulombs;
pub mod features;
pub mod heat;
pub mod leader;
mod list;
pub mod ocv;
pub mod packs;
pub mod reading;
pub mod resistance;
pub mod rest;
mod risk;
pub mod sampling;
pub mod sensor;
pub mod suspect;

pub use cells::Cells;
pub use features::PackFeatures;
pub use packs::Packs;
pub use reading::{Before, Reading};
