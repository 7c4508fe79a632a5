//! Plain data that the parts of zhilian pass to one another: what a vehicle says (report, event, presence), what truly
//! happened (incident) and what the collector claims (alert).
//!
//! Deliberately absent: behaviour. Nothing here knows how a report is made or judged.

pub mod alert;
pub mod event;
pub mod incident;
pub mod kind;
pub mod report;

pub use alert::{Alert, AlertState, Evidence, Severity, Words};
pub use event::{Event, EventKind, Presence};
pub use incident::Incident;
pub use kind::{Family, Kind};
pub use report::{Battery, Chemistry, Fix, Link, Mode, Motion, Position, Report, Stamp};
