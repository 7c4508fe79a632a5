//! From the report to the alert: what vehicles said and what befell them, held against what a collector told.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::latency::{Latency, Quantiles};
use crate::base::{AlertId, Timestamp, Vin};
use crate::model::{Alert, Incident};
use crate::score::claim::{Claim, episodes};
use crate::score::matching::judge;
use crate::score::truth::Case;
use crate::wire::Message;

/// Most messages noted, a quarter of a kilobyte in all for each thousandth of it; later ones are not timed.
const MOST: usize = 1 << 20;

/// Something that a vehicle said, which may decide an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Who.
    pub vin: Vin,
    /// By its clock.
    pub time: Timestamp,
    /// When it was to be sent, nanoseconds since the Unix epoch.
    pub due_ns: u64,
}

/// What the generator knows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Notes {
    /// Reports handed over, those in batches included.
    pub reports: u64,
    /// What vehicles said that something was to befall.
    pub said: Vec<Said>,
    /// What befell vehicles, by number.
    pub incidents: BTreeMap<u32, Incident>,
}

impl Notes {
    /// Takes note of a message, to be sent at `due_ns`; of who says it only where something is to befall the vehicle.
    pub fn note(&mut self, message: &Message, due_ns: u64, struck: bool) {
        let said = &mut self.said;
        let mut add = |vin, time| {
            if struck && said.len() < MOST {
                said.push(Said { vin, time, due_ns });
            }
        };
        match message {
            Message::Report(report) => {
                self.reports += 1;
                add(report.stamp.vin, report.stamp.time);
            }
            Message::Event(event) => add(event.stamp.vin, event.stamp.time),
            Message::Batch(batch, _) => {
                self.reports += batch.counts()[0];
                batch.items.iter().for_each(|item| add(item.stamp().vin, item.stamp().time));
            }
            Message::Reply(_) | Message::Presence(_) => {}
        }
    }

    /// Adds what another worker knows.
    pub fn add(&mut self, other: Self) {
        self.reports += other.reports;
        self.said.extend(other.said);
        self.incidents.extend(other.incidents);
    }
}

/// What a collector has counted so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Reports taken.
    pub reports: u64,
    /// Messages known to be missing.
    pub lost: u64,
    /// Messages that came twice.
    pub duplicates: u64,
    /// Payloads turned away.
    pub rejected: u64,
}

/// What was seen of a collector.
#[derive(Debug, Clone, Default)]
pub struct Sight {
    /// What it had counted before.
    pub before: Counts,
    /// What it had counted after.
    pub after: Counts,
    /// Alerts as they came, each with when that was, nanoseconds since the Unix epoch.
    pub alerts: Vec<(u64, Alert)>,
    /// Those that it can be asked for afterwards.
    pub kept: BTreeSet<AlertId>,
}

/// What the collector took of what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Taken {
    /// Reports handed over, from the first on.
    pub sent: u64,
    /// Reports that it took.
    pub reports: u64,
    /// Reports that it did not take.
    pub unheard: u64,
    /// Messages that by their numbers it knows to be missing.
    pub lost: u64,
    /// Messages that came to it twice.
    pub duplicates: u64,
    /// Payloads that it turned away.
    pub rejected: u64,
}

/// What became of the incidents.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Alerts {
    /// Thefts and battery faults that began.
    pub incidents: u64,
    /// Those that an alert told.
    pub alerted: u64,
    /// Those that none told.
    pub missed: u64,
    /// Alerts that no incident of the vehicle explains.
    #[serde(rename = "false")]
    pub wrong: u64,
    /// Alerts, true and false.
    pub raised: u64,
    /// Those that the collector could be asked for afterwards.
    pub kept: u64,
    /// From when the message that raised an alert was to be sent, until the alert was here.
    pub latency_ms: Quantiles,
}

/// Holds what a collector did against what it was told.
#[must_use]
pub fn compare(notes: &Notes, sight: &Sight) -> (Taken, Alerts) {
    let grown = |of: fn(&Counts) -> u64| of(&sight.after).saturating_sub(of(&sight.before));
    let reports = grown(|counts| counts.reports);
    let taken = Taken {
        sent: notes.reports,
        reports,
        unheard: notes.reports.saturating_sub(reports),
        lost: grown(|counts| counts.lost),
        duplicates: grown(|counts| counts.duplicates),
        rejected: grown(|counts| counts.rejected),
    };
    let cases: Vec<Case> = notes.incidents.values().map(Case::from).collect();
    let told = episodes(sight.alerts.iter().map(|(_, alert)| Claim::from(alert)));
    let verdict = judge(&cases, &told);
    let to_tell = || cases.iter().zip(&verdict.detections).filter(|(case, _)| case.least_level().is_some());
    let (incidents, alerted) = (to_tell().count(), to_tell().filter(|(_, told)| told.is_some()).count());
    let raised: BTreeSet<AlertId> = sight.alerts.iter().map(|(_, alert)| alert.id).collect();
    let alerts = Alerts {
        incidents: incidents as u64,
        alerted: alerted as u64,
        missed: (incidents - alerted) as u64,
        wrong: verdict.is_true.iter().filter(|is_true| !**is_true).count() as u64,
        raised: raised.len() as u64,
        kept: raised.intersection(&sight.kept).count() as u64,
        latency_ms: latency(notes, sight).quantiles(),
    };
    (taken, alerts)
}

/// From when the message was to be sent that raised an alert, which the alert names by the device's time, until the alert
/// was here. What no message decided, such as a silence, has no such time.
fn latency(notes: &Notes, sight: &Sight) -> Latency {
    let mut due: BTreeMap<(Vin, Timestamp), u64> = BTreeMap::new();
    for said in &notes.said {
        let first = due.entry((said.vin, said.time)).or_insert(said.due_ns);
        *first = said.due_ns.min(*first);
    }
    let (mut latency, mut seen) = (Latency::default(), BTreeSet::new());
    for (at_ns, alert) in &sight.alerts {
        let first = seen.insert(alert.id);
        if let Some(due_ns) = due.get(&(alert.vin, alert.episode)).filter(|_| first) {
            latency.record_ns(at_ns.saturating_sub(*due_ns));
        }
    }
    latency
}
