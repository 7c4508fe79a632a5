//! The modem: when the next report is due and what number it gets (`device`, `cadence`), whether there is a network
//! (`service`), what waits while there is none (`backlog`), what time it believes it is (`clock`), and what it lives on
//! when the pack gives no power (`backup`).

pub mod backlog;
pub mod backup;
pub mod cadence;
pub mod clock;
pub mod device;
pub mod service;

pub use backlog::Backlog;
pub use cadence::Urgency;
pub use device::Modem;
pub use service::{Heard, Surroundings};
