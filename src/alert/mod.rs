//! The life of alerts: raised, acknowledged, snoozed, escalated, cleared, reopened, with hysteresis both ways; one episode
//! per cause; ids that are the same wherever and however often the same reports are read.

pub mod book;
pub mod episode;
pub mod life;
pub mod order;
pub mod settings;
pub mod window;

pub use book::Book;
pub use life::Signature;
pub use order::{Action, Order, Refusal};
pub use settings::Settings;
pub use window::{Permit, Purpose, Window, WindowRefusal};
