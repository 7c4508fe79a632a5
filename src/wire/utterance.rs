//! What an output of the simulation is to those outside of it: something to send, something about the network, or the
//! truth.

use super::message::Message;
use crate::model::Incident;
use crate::sim::Output;

/// What an output of the simulation is to those outside of it.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are messages, and a box would cost an allocation each")]
pub enum Utterance {
    /// A vehicle says this.
    Message(Message),
    /// A vehicle has a network from now on, or none.
    Network(bool),
    /// What really happened, which no vehicle tells: an incident that begins, or with its end.
    Truth(Incident),
}

impl From<Output> for Utterance {
    fn from(output: Output) -> Self {
        Self::Message(match output {
            Output::Report(report) => Message::Report(report),
            Output::Event(event) => Message::Event(event),
            Output::Reply(reply) => Message::Reply(reply),
            Output::Backlog(batch) => Message::Batch(batch, Vec::new()),
            Output::Network(reachable) => return Self::Network(reachable),
            Output::IncidentBegan(incident) | Output::IncidentEnded(incident) => return Self::Truth(incident),
        })
    }
}
