//! What a simulated vehicle's output means to its connection.

use crate::sim::Output;
use crate::wire::Message;

/// What a connection has to do.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are messages, and a box would cost an allocation each")]
pub enum Utterance {
    /// Send this.
    Message(Message),
    /// There is a network from now on, or none.
    Network(bool),
    /// Nothing: it is the truth, which no vehicle tells.
    Nothing,
}

/// What a connection has to do about an output.
#[must_use]
pub fn utter(output: Output) -> Utterance {
    Utterance::Message(match output {
        Output::Report(report) => Message::Report(report),
        Output::Event(event) => Message::Event(event),
        Output::Reply(reply) => Message::Reply(reply),
        Output::Backlog(batch) => Message::Batch(batch, Vec::new()),
        Output::Network(reachable) => return Utterance::Network(reachable),
        Output::IncidentBegan(_) | Output::IncidentEnded(_) => return Utterance::Nothing,
    })
}
