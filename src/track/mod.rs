//! What the collector remembers of each vehicle: which messages came, where it was left and what
//! happened to it there, how its pack behaved. Plain
//! data that can be saved and restored.
//!
//! Deliberately absent: judgement. Features are measured here, claims are made in `detect`.

pub mod battery;
pub mod brief;
mod calm;
pub mod entry;
pub mod guard;
mod kept;
mod moment;
mod octets;
pub mod park;
pub mod sequence;
pub mod slab;
pub mod vehicle;
pub mod voice;

pub use battery::{Before, PackFeatures};
pub use brief::Brief;
pub use entry::Entry;
pub use guard::Guard;
pub use kept::Kept;
pub use park::ParkAnchor;
pub use sequence::{Arrival, Sequence};
pub use slab::{Slab, VehicleId};
pub use vehicle::{Saved, Track};
pub use voice::Voice;
