//! The book of open alerts: one for each vehicle and family at a time, which grows with what the rules see.

use std::collections::BTreeMap;

use crate::base::{AlertId, Timestamp};
use crate::detect::{Detector, Sight, Signal};
use crate::model::{Alert, AlertState, Family, Kind, Level};
use crate::track::VehicleId;

/// A rule that has seen its case in this episode.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Witness {
    kind: Kind,
    /// Device time since which its case has been absent without a break.
    absent_since: Option<Timestamp>,
}

/// An alert that stands.
#[derive(Debug, Clone, PartialEq)]
struct Open {
    alert: Alert,
    witnesses: Vec<Witness>,
}

/// All open alerts, at most one of a family for a vehicle.
#[derive(Debug, Default)]
pub struct Book {
    open: BTreeMap<(VehicleId, Family), Open>,
}

/// The strongest claim of a family: the highest level, then the rule that stands first among the detectors.
#[derive(Debug, Clone, Copy)]
struct Claim<'a> {
    level: Level,
    rank: usize,
    detector: &'a dyn Detector,
}

impl Book {
    /// Takes note of what the detectors say about what was just seen, each at its place in `signals`; alerts that changed
    /// by it are handed to `changed`, with the level they had before, if any. Detectors that stand earlier are the more
    /// specific ones.
    pub fn note(
        &mut self,
        vehicle: VehicleId,
        sight: Sight<'_>,
        detectors: &[Box<dyn Detector>],
        signals: &[Signal],
        mut changed: impl FnMut(Alert, Option<Level>),
    ) {
        for family in [Family::Theft, Family::Battery] {
            let claims = detectors.iter().zip(signals).enumerate();
            let claims = claims.filter(|(_, (detector, _))| detector.kind().family() == family);
            let strongest = claims
                .filter_map(|(rank, (detector, signal))| match signal {
                    Signal::Present(level) => Some(Claim { level: *level, rank, detector: detector.as_ref() }),
                    Signal::Absent | Signal::Unknown => None,
                })
                .max_by_key(|claim| (claim.level, std::cmp::Reverse(claim.rank)));
            let key = (vehicle, family);
            match (self.open.get_mut(&key), strongest) {
                (None, Some(claim)) => {
                    let alert = raise(sight, claim);
                    self.open.insert(key, Open { alert: alert.clone(), witnesses: Vec::new() });
                    changed(alert, None);
                }
                (Some(open), Some(claim)) => {
                    let before = open.alert.level;
                    if let Some(alert) = open.grow(sight, claim, detectors) {
                        changed(alert, Some(before));
                    }
                }
                (_, None) => {}
            }
            if let Some(open) = self.open.get_mut(&key)
                && open.listen(sight.time(), detectors, signals)
                && let Some(open) = self.open.remove(&key)
            {
                let (now, before) = (sight.now, Some(open.alert.level));
                changed(Alert { state: AlertState::Cleared, at: now, cleared_at: Some(now), ..open.alert }, before);
            }
        }
    }

    /// Puts back an alert that was open when the collector stopped.
    pub fn restore(&mut self, vehicle: VehicleId, alert: Alert) {
        let witnesses = vec![Witness { kind: alert.kind, absent_since: None }];
        self.open.insert((vehicle, alert.kind.family()), Open { alert, witnesses });
    }

    /// The kinds of open alerts of a vehicle.
    pub fn kinds_of(&self, vehicle: VehicleId) -> impl Iterator<Item = Kind> + '_ {
        let of_vehicle = self.open.range((vehicle, Family::Theft)..=(vehicle, Family::Benign));
        of_vehicle.map(|(_, open)| open.alert.kind)
    }

    /// How many alerts are open.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}

impl Open {
    /// Takes a stronger claim over; the answer is the alert if it changed by it.
    fn grow(&mut self, sight: Sight<'_>, claim: Claim<'_>, detectors: &[Box<dyn Detector>]) -> Option<Alert> {
        let rank = detectors.iter().position(|detector| detector.kind() == self.alert.kind).unwrap_or(usize::MAX);
        let stronger = claim.level > self.alert.level || (claim.level == self.alert.level && claim.rank < rank);
        if !stronger {
            return None;
        }
        let (id, episode) = (self.alert.id, self.alert.episode);
        self.alert = Alert { id, episode, ..raise(sight, claim) };
        Some(self.alert.clone())
    }

    /// Hears every rule that has seen something; true when all have been content for long enough.
    fn listen(&mut self, time: Timestamp, detectors: &[Box<dyn Detector>], signals: &[Signal]) -> bool {
        let family = self.alert.kind.family();
        let mut content = true;
        for (detector, signal) in detectors.iter().zip(signals).filter(|(rule, _)| rule.kind().family() == family) {
            let known = self.witnesses.iter_mut().find(|witness| witness.kind == detector.kind());
            match (signal, known) {
                (Signal::Present(_), None) => {
                    self.witnesses.push(Witness { kind: detector.kind(), absent_since: None });
                    content = false;
                }
                (Signal::Present(_), Some(witness)) => {
                    witness.absent_since = None;
                    content = false;
                }
                (Signal::Absent, Some(witness)) => {
                    let since = *witness.absent_since.get_or_insert(time);
                    content &= time >= since + detector.clear_after();
                }
                (Signal::Unknown, Some(witness)) => {
                    content &= witness.absent_since.is_some_and(|since| time >= since + detector.clear_after());
                }
                (Signal::Absent | Signal::Unknown, None) => {}
            }
        }
        content
    }
}

fn raise(sight: Sight<'_>, claim: Claim<'_>) -> Alert {
    let (vin, kind, episode) = (sight.report.stamp.vin, claim.detector.kind(), sight.time());
    let finding = claim.detector.explain(sight);
    Alert {
        id: AlertId::new(vin, kind.rule(), episode),
        vin,
        kind,
        level: claim.level,
        severity: claim.level.severity(),
        state: AlertState::Raised,
        episode,
        at: sight.now,
        cleared_at: None,
        place: sight.report.position.map(|position| position.at),
        why: finding.why,
        evidence: finding.evidence,
    }
}
