//! A whole run in virtual time: simulate, encode, decode, detect. The same code as over MQTT, without the waiting.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::claim::{Claim, episodes};
use super::downlink::Downlink;
use super::scores::Material;
use super::truth::Case;
use crate::base::{Timestamp, Vin};
use crate::collect::{Core, Counters, Inbound, Output, Settings};
use crate::model::{Alert, Family, Incident, Item, Report};
use crate::sim::{self, Emission, Fleet, Setting};
use crate::wire::{Channel, Format, Message, Topic, Utterance, encode, encode_report};

/// How often all packs are looked at for their risk.
const LOOK_EVERY: Duration = Duration::from_mins(30);

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
    /// How far from healthy each vehicle's pack has seemed at worst: see [`crate::track::PackFeatures::risk`].
    pub risk: BTreeMap<Vin, f64>,
    /// What the collector counted.
    pub counters: Counters,
}

impl Outcome {
    /// How faulty each vehicle's battery seems: the highest level of an alert, and where none was raised, or two reached
    /// the same level, what the features say.
    fn battery_risk(&self) -> BTreeMap<Vin, f64> {
        let mut risk: BTreeMap<Vin, f64> =
            self.risk.iter().map(|(vin, features)| (*vin, features / (1.0 + features))).collect();
        let mut levels: BTreeMap<Vin, u8> = BTreeMap::new();
        for alert in self.alerts.iter().filter(|alert| alert.kind.family() == Family::Battery) {
            let highest = levels.entry(alert.vin).or_default();
            *highest = (*highest).max(alert.level.into());
        }
        for (vin, level) in levels {
            *risk.entry(vin).or_default() += f64::from(level);
        }
        risk
    }

    /// Looks at every pack.
    fn look_at_packs(&mut self, core: &Core) {
        for (_, entry) in core.vehicles().iter() {
            if let Some(pack) = entry.pack() {
                let worst = self.risk.entry(entry.vin()).or_default();
                *worst = worst.max(pack.risk().into());
            }
        }
    }

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
            risk: Some(self.battery_risk()),
        }
    }
}

/// What a run knows besides what the collector may know.
#[derive(Debug, Default)]
struct Witness {
    /// Vehicles whose battery is faulty, each with the number of its incident.
    faulty: BTreeSet<(u32, u32)>,
}

impl Witness {
    fn note_incident(&mut self, vehicle: u32, incident: &Incident) {
        if incident.kind.family() != Family::Battery {
            return;
        }
        match incident.end {
            None => self.faulty.insert((vehicle, incident.id)),
            Some(_) => self.faulty.remove(&(vehicle, incident.id)),
        };
    }

    /// Notes what a vehicle says of its battery.
    fn note(&self, at: Timestamp, vehicle: u32, message: &Message, outcome: &mut Outcome) {
        match message {
            Message::Report(report) => self.note_report(at, vehicle, report, outcome),
            Message::Batch(batch, _) => {
                for item in &batch.items {
                    if let Item::Report(report) = item {
                        self.note_report(at, vehicle, report, outcome);
                    }
                }
            }
            Message::Event(_) | Message::Reply(_) | Message::Presence(_) => {}
        }
    }

    /// Notes what the management of a faulty battery says.
    fn note_report(&self, at: Timestamp, vehicle: u32, report: &Report, outcome: &mut Outcome) {
        let level = report.battery.as_ref().map_or(0, |battery| battery.alarm_level);
        if level == 0 {
            return;
        }
        for (_, incident) in self.faulty.range((vehicle, 0)..=(vehicle, u32::MAX)) {
            let managed = outcome.managed.entry(*incident).or_default();
            for first in managed.iter_mut().take(usize::from(level)) {
                first.get_or_insert(at);
            }
        }
    }
}

/// Runs a setting to its end, in `shards` parts; what vehicles say is written in the compact format.
#[must_use]
pub fn rehearse(setting: Setting, shards: u32, settings: &Settings) -> Outcome {
    rehearse_in(Format::Protobuf, setting, shards, settings)
}

/// The same in either format. What comes of it does not depend on that.
#[must_use]
pub fn rehearse_in(format: Format, setting: Setting, shards: u32, settings: &Settings) -> Outcome {
    let (seed, vehicles) = (setting.scenario.seed, setting.scenario.vehicles);
    let days = setting.scenario.duration.as_secs_f64() / 86_400.0;
    let mut fleet = Fleet::new(&Arc::new(setting), shards);
    let numbers: BTreeMap<Vin, u32> = fleet.vins().into_iter().map(|(number, vin)| (vin, number)).collect();
    let mut core = Core::new(settings);
    let mut outcome = Outcome { seed, vehicles, days, ..Outcome::default() };
    let (mut witness, mut downlink) = (Witness::default(), Downlink::default());
    let (mut topic, mut payload) = (String::new(), Vec::new());
    let mut next_look = Timestamp(i64::MIN);
    while let Some(Emission { at, vehicle, output }) = downlink.poll(&mut fleet) {
        // A report is lent and not given, because it is long and nearly all are.
        let said = if let sim::Output::Report(report) = &output {
            witness.note_report(at, vehicle, report, &mut outcome);
            encode_report(report, format, &mut payload);
            Topic { vin: report.stamp.vin, channel: Channel::Report }
        } else {
            match output.into() {
                Utterance::Message(message) => {
                    witness.note(at, vehicle, &message, &mut outcome);
                    encode(&message, format, &mut payload);
                    message.topic()
                }
                Utterance::Network(_) => continue,
                Utterance::Truth(incident) => {
                    witness.note_incident(vehicle, &incident);
                    outcome.incidents.insert(incident.id, incident);
                    continue;
                }
            }
        };
        if at >= next_look {
            outcome.look_at_packs(&core);
            next_look = at + LOOK_EVERY;
        }
        said.write_to(&mut topic);
        let content_type = Some(format.content_type());
        core.handle(at, Inbound { topic: topic.as_bytes(), content_type, payload: &payload, retained: false });
        while let Some(output) = core.poll() {
            match output {
                Output::Alert(alert) => outcome.alerts.push(*alert),
                Output::Command(command) => {
                    // Another vehicle's, when what came late of it was put in order meanwhile.
                    let whose = numbers.get(&command.vin).copied().unwrap_or(vehicle);
                    downlink.send(at, whose, *command);
                }
                Output::Vehicle(_) | Output::Rejected(_) => {}
            }
        }
    }
    outcome.look_at_packs(&core);
    outcome.counters = core.counters().clone();
    outcome
}
