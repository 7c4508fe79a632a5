//! Honest load: an open loop on an absolute schedule, latency from when a message was *meant* to be sent, and a verdict
//! on the generator itself before one on what it measures.
//!
//! [`worker`] moves the load in threads of its own; [`pace`], [`tally`], [`verdict`] and [`report`] only count and judge.
//! [`compare`] holds a report against an older one, [`html`] draws it, [`live`] shows and steers a run that goes on. Nothing
//! here prints or listens: `cmd` does.

pub mod compare;
pub mod conditions;
pub mod conductor;
pub mod fleet;
pub mod gauge;
pub mod html;
pub mod knee;
pub mod knee_page;
pub mod latency;
pub mod live;
pub mod metrics;
pub mod pace;
pub mod page;
pub mod payload;
pub mod plan;
pub mod preflight;
pub mod record;
pub mod report;
pub mod series;
pub mod share;
pub mod shared;
pub mod significance;
pub mod steering;
pub mod svg;
pub mod table;
pub mod tally;
pub mod traffic;
pub mod verdict;
pub mod witness;
pub mod worker;

pub use conductor::{Broken, Conductor};
pub use fleet::{FleetWorker, Living};
pub use live::Live;
pub use plan::{Agent, Plan, Role};
pub use record::Record;
pub use report::Report;
pub use shared::Shared;
pub use worker::Worker;
