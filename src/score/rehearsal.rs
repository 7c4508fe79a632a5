//! A whole run in virtual time: simulate, encode, decode, detect. The same code as over MQTT, without the waiting.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::Timestamp;
use crate::collect::{Core, Counters, Inbound, Output, Settings};
use crate::model::{Alert, Incident};
use crate::sim::{self, Fleet, Setting};
use crate::wire::{Format, Message, encode};

/// What came of a run.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Every change of an alert, in order.
    pub alerts: Vec<Alert>,
    /// What really happened.
    pub incidents: BTreeMap<u32, Incident>,
    /// What the collector counted.
    pub counters: Counters,
}

/// Whom an output of the simulation is for.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are messages, and a box would cost an allocation each")]
pub enum Addressee {
    /// The network: a vehicle says it.
    Network(Message),
    /// Whoever may know the truth.
    Truth(Incident),
    /// Whoever keeps connections: nobody, in virtual time.
    Connections,
}

/// Tells whom an output of the simulation is for.
#[must_use]
pub fn address(output: sim::Output) -> Addressee {
    match output {
        sim::Output::Report(report) => Addressee::Network(Message::Report(report)),
        sim::Output::Event(event) => Addressee::Network(Message::Event(event)),
        sim::Output::Reply(reply) => Addressee::Network(Message::Reply(reply)),
        sim::Output::Backlog(batch) => Addressee::Network(Message::Batch(batch, Vec::new())),
        sim::Output::Network(_) => Addressee::Connections,
        sim::Output::IncidentBegan(incident) | sim::Output::IncidentEnded(incident) => Addressee::Truth(incident),
    }
}

/// Runs a setting to its end, in `shards` parts.
#[must_use]
pub fn rehearse(setting: Setting, shards: u32, settings: &Settings) -> Outcome {
    let mut fleet = Fleet::new(&Arc::new(setting), shards);
    let mut core = Core::new(settings);
    let mut outcome = Outcome::default();
    let mut payload = Vec::new();
    while let Some(emission) = fleet.poll(Timestamp::NEVER) {
        let message = match address(emission.output) {
            Addressee::Network(message) => message,
            Addressee::Truth(incident) => {
                outcome.incidents.insert(incident.id, incident);
                continue;
            }
            Addressee::Connections => continue,
        };
        encode(&message, Format::Json, &mut payload);
        let topic = message.topic().to_string();
        let content_type = Some(Format::Json.content_type());
        core.handle(emission.at, Inbound { topic: topic.as_bytes(), content_type, payload: &payload, retained: false });
        while let Some(output) = core.poll() {
            match output {
                Output::Alert(alert) => outcome.alerts.push(*alert),
                Output::Vehicle(_) | Output::Rejected(_) => {}
            }
        }
    }
    outcome.counters = core.counters().clone();
    outcome
}
