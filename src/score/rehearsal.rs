//! A whole run in virtual time: simulate, encode, decode, detect. The same code as over MQTT, without the waiting.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::claim::{Claim, episodes};
use super::scores::Material;
use super::truth::Case;
use crate::base::Timestamp;
use crate::collect::{Core, Counters, Inbound, Output, Settings};
use crate::model::{Alert, Family, Incident, Report};
use crate::sim::{self, Fleet, Setting};
use crate::wire::{Format, Message, encode};

/// What came of a run.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What all randomness followed from.
    pub seed: u64,
    /// How many vehicles there were.
    pub vehicles: u32,
    /// How long the run was, days.
    pub days: f64,
    /// Every change of an alert, in order.
    pub alerts: Vec<Alert>,
    /// What really happened.
    pub incidents: BTreeMap<u32, Incident>,
    /// When the battery management first told level 1, 2 and 3 during a battery's incident, by the number of that.
    pub managed: BTreeMap<u32, [Option<Timestamp>; 3]>,
    /// What the collector counted.
    pub counters: Counters,
}

impl Outcome {
    /// The run in the form in which it is scored.
    #[must_use]
    pub fn material(&self) -> Material {
        let case = |(id, incident): (&u32, &Incident)| {
            let managed = self.managed.get(id).copied().unwrap_or_default();
            Case { managed, ..Case::from(incident) }
        };
        Material {
            cases: self.incidents.iter().map(case).collect(),
            episodes: episodes(self.alerts.iter().map(Claim::from)),
            seed: Some(self.seed),
            vehicles: Some(self.vehicles),
            days: Some(self.days),
            reports: Some(self.counters.reports),
            risk: None,
        }
    }
}

/// What a run knows besides what the collector may know.
#[derive(Debug, Default)]
struct Witness {
    /// The incident of each vehicle whose battery is faulty.
    faulty: BTreeMap<u32, u32>,
}

impl Witness {
    fn note_incident(&mut self, vehicle: u32, incident: &Incident) {
        if incident.kind.family() != Family::Battery {
            return;
        }
        match incident.end {
            None => self.faulty.insert(vehicle, incident.id),
            Some(_) => self.faulty.remove(&vehicle),
        };
    }

    /// Notes what the management of a faulty battery says.
    fn note_report(&self, at: Timestamp, vehicle: u32, report: &Report, outcome: &mut Outcome) {
        let level = report.battery.as_ref().map_or(0, |battery| battery.alarm_level);
        if level == 0 {
            return;
        }
        if let Some(incident) = self.faulty.get(&vehicle) {
            let managed = outcome.managed.entry(*incident).or_default();
            for first in managed.iter_mut().take(usize::from(level)) {
                first.get_or_insert(at);
            }
        }
    }
}

/// Runs a setting to its end, in `shards` parts.
#[must_use]
pub fn rehearse(setting: Setting, shards: u32, settings: &Settings) -> Outcome {
    let (seed, vehicles) = (setting.scenario.seed, setting.scenario.vehicles);
    let days = setting.scenario.duration.as_secs_f64() / 86_400.0;
    let mut fleet = Fleet::new(&Arc::new(setting), shards);
    let mut core = Core::new(settings);
    let mut outcome = Outcome { seed, vehicles, days, ..Outcome::default() };
    let mut witness = Witness::default();
    let mut payload = Vec::new();
    while let Some(emission) = fleet.poll(Timestamp::NEVER) {
        let message = match emission.output {
            sim::Output::Report(report) => {
                witness.note_report(emission.at, emission.vehicle, &report, &mut outcome);
                Message::Report(report)
            }
            sim::Output::Event(event) => Message::Event(event),
            sim::Output::Reply(reply) => Message::Reply(reply),
            sim::Output::IncidentBegan(incident) | sim::Output::IncidentEnded(incident) => {
                witness.note_incident(emission.vehicle, &incident);
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
