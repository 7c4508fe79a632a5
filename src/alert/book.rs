//! The book of open alerts.

use std::collections::BTreeMap;

use crate::base::{AlertId, Timestamp};
use crate::detect::{Detector, Finding, Sight, Signal};
use crate::model::{Alert, AlertState, Kind};
use crate::track::VehicleId;

/// An alert that stands.
#[derive(Debug, Clone, PartialEq)]
struct Open {
    alert: Alert,
    /// Device time since which its case has been absent without a break.
    absent_since: Option<Timestamp>,
}

/// All open alerts, at most one of a kind for a vehicle.
#[derive(Debug, Default)]
pub struct Book {
    open: BTreeMap<(VehicleId, Kind), Open>,
}

impl Book {
    /// Takes note of what a detector says about a report; the answer is the alert if it changed by it.
    pub fn note(
        &mut self,
        now: Timestamp,
        vehicle: VehicleId,
        detector: &dyn Detector,
        sight: Sight<'_>,
        signal: Signal,
    ) -> Option<Alert> {
        let key = (vehicle, detector.kind());
        let device_time = sight.report.stamp.time;
        match (signal, self.open.get_mut(&key)) {
            (Signal::Present(finding), None) => {
                let alert = raise(now, detector, sight, finding);
                self.open.insert(key, Open { alert: alert.clone(), absent_since: None });
                Some(alert)
            }
            (Signal::Present(_), Some(open)) => {
                open.absent_since = None;
                None
            }
            (Signal::Absent, Some(open)) => {
                let since = *open.absent_since.get_or_insert(device_time);
                if device_time < since + detector.clear_after() {
                    return None;
                }
                let open = self.open.remove(&key)?;
                Some(Alert { state: AlertState::Cleared, at: now, cleared_at: Some(now), ..open.alert })
            }
            (Signal::Absent | Signal::Unknown, _) => None,
        }
    }

    /// Puts back an alert that was open when the collector stopped.
    pub fn restore(&mut self, vehicle: VehicleId, alert: Alert) {
        self.open.insert((vehicle, alert.kind), Open { alert, absent_since: None });
    }

    /// The kinds of open alerts of a vehicle.
    pub fn kinds_of(&self, vehicle: VehicleId) -> impl Iterator<Item = Kind> + '_ {
        let first = Kind::ALL[0];
        self.open
            .range((vehicle, first)..)
            .map(|(key, _)| *key)
            .take_while(move |key| key.0 == vehicle)
            .map(|key| key.1)
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

fn raise(now: Timestamp, detector: &dyn Detector, sight: Sight<'_>, finding: Finding) -> Alert {
    let stamp = sight.report.stamp;
    Alert {
        id: AlertId::new(stamp.vin, detector.kind().rule(), stamp.time),
        vin: stamp.vin,
        kind: detector.kind(),
        severity: detector.severity(),
        state: AlertState::Raised,
        episode: stamp.time,
        at: now,
        cleared_at: None,
        place: sight.report.position.map(|position| position.at),
        why: finding.why,
        evidence: finding.evidence,
    }
}
