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

/// What an output of the simulation is to its audience: something that a vehicle says, or the truth.
///
/// # Errors
/// The truth, which is not for the network.
pub fn message(output: sim::Output) -> Result<Message, Incident> {
    match output {
        sim::Output::Report(report) => Ok(Message::Report(report)),
        sim::Output::Event(event) => Ok(Message::Event(event)),
        sim::Output::Reply(reply) => Ok(Message::Reply(reply)),
        sim::Output::IncidentBegan(incident) | sim::Output::IncidentEnded(incident) => Err(incident),
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
        let message = match message(emission.output) {
            Ok(message) => message,
            Err(incident) => {
                outcome.incidents.insert(incident.id, incident);
                continue;
            }
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
