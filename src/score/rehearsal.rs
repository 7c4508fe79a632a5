//! A whole run in virtual time: simulate, encode, decode, detect. The same code as over MQTT, without the waiting.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::downlink::Downlink;
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

/// Runs a setting to its end, in `shards` parts.
#[must_use]
pub fn rehearse(setting: Setting, shards: u32, settings: &Settings) -> Outcome {
    let mut fleet = Fleet::new(&Arc::new(setting), shards);
    let mut core = Core::new(settings);
    let mut outcome = Outcome::default();
    let mut payload = Vec::new();
    let mut downlink = Downlink::default();
    while let Some(emission) = downlink.poll(&mut fleet) {
        let message = match emission.output {
            sim::Output::Report(report) => Message::Report(report),
            sim::Output::Event(event) => Message::Event(event),
            sim::Output::Reply(reply) => Message::Reply(reply),
            sim::Output::IncidentBegan(incident) | sim::Output::IncidentEnded(incident) => {
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
                Output::Command(command) => downlink.send(emission.at, emission.vehicle, *command),
                Output::Vehicle(_) | Output::Rejected(_) => {}
            }
        }
    }
    outcome.counters = core.counters().clone();
    outcome
}
