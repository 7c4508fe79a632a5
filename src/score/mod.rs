//! Holds claims against the truth. Only here, in `bench` and in `cmd` do both sides meet.

pub mod downlink;
pub mod matching;
pub mod rehearsal;

pub use matching::{false_alerts, missed};
pub use rehearsal::{Outcome, rehearse};
