//! What the simulation does, for its owner to carry out.

use crate::base::Timestamp;
use crate::model::{Batch, Event, Incident, Reply, Report};

/// What a world does, for its owner to carry out.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all outputs are reports, and a box would cost an allocation each"
)]
pub enum Output {
    /// A vehicle reports.
    Report(Report),
    /// A vehicle tells a happening.
    Event(Event),
    /// A vehicle answers a command.
    Reply(Reply),
    /// A vehicle that has a network again tells what it said without one.
    Backlog(Batch),
    /// Whether the network reaches a vehicle has changed, for so long that the other side of its connection noticed.
    Network(bool),
    /// The truth: something began to befall a vehicle.
    IncidentBegan(Incident),
    /// The truth: it is over.
    IncidentEnded(Incident),
}

/// An output with its place in the order of things.
#[derive(Debug, Clone, PartialEq)]
pub struct Emission {
    /// When it reaches the network (truth: when it was so).
    pub at: Timestamp,
    /// Number of the vehicle.
    pub vehicle: u32,
    /// What it is.
    pub output: Output,
}
