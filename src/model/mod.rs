//! Plain data that the parts of zhilian pass to one another: what a vehicle says (report, event, presence, batch), what truly
//! happened (incident), what the collector claims (alert) and what is asked of a vehicle (command, reply).
//!
//! Deliberately absent: behaviour. Nothing here knows how a report is made or judged.

pub mod alert;
pub mod batch;
pub mod command;
pub mod event;
pub mod incident;
pub mod kind;
pub mod report;

pub use alert::{Alert, AlertState, Evidence, Level, Severity, Step, Words};
pub use batch::{Batch, Item};
pub use command::{Command, Order, Outcome, Reply};
pub use event::{Event, EventKind, Presence};
pub use incident::{Incident, Parameter};
pub use kind::{Family, Kind};
pub use report::{Battery, Chemistry, Fix, Link, Mode, Motion, Near, Position, Report, Stamp};
