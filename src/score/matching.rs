//! Which alerts are true, which incidents were seen.
//!
//! An incident is seen when an alert of its family for its vehicle was raised between its start and ten minutes after
//! its end. An alert is false when no incident of its family overlaps it for its vehicle.

use std::time::Duration;

use crate::base::Timestamp;
use crate::model::{Alert, Incident};

/// How long after its end an incident can still be told.
const GRACE: Duration = Duration::from_mins(10);

/// The alerts that no incident accounts for.
#[must_use]
pub fn false_alerts<'a>(alerts: &'a [Alert], incidents: &[Incident]) -> Vec<&'a Alert> {
    alerts.iter().filter(|alert| !incidents.iter().any(|incident| explains(incident, alert))).collect()
}

/// The incidents that no alert tells.
#[must_use]
pub fn missed<'a>(alerts: &[Alert], incidents: &'a [Incident]) -> Vec<&'a Incident> {
    incidents.iter().filter(|incident| !alerts.iter().any(|alert| explains(incident, alert))).collect()
}

fn explains(incident: &Incident, alert: &Alert) -> bool {
    let until = incident.end.map_or(Timestamp::NEVER, |end| end + GRACE);
    incident.vin == alert.vin
        && incident.kind.family() == alert.kind.family()
        && (incident.start..=until).contains(&alert.episode)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{AlertId, LatLon};
    use crate::model::{AlertState, Kind, Level, Severity, Words};

    fn alert(vin: &str, kind: Kind, episode_s: i64) -> Alert {
        let (vin, episode) = (vin.parse().unwrap(), Timestamp(episode_s * 1000));
        Alert {
            id: AlertId::new(vin, kind.rule(), episode),
            vin,
            kind,
            level: Level::Three,
            severity: Severity::Critical,
            state: AlertState::Raised,
            episode,
            at: episode,
            cleared_at: None,
            place: None,
            why: Words { en: String::new(), zh: String::new() },
            evidence: Vec::new(),
        }
    }

    #[test]
    fn only_what_overlaps_is_true() {
        let (stolen, other) = ("LZLEMTA20T0000001", "LZLEMTA20T0000002");
        let incident = Incident {
            id: 0,
            vin: stolen.parse().unwrap(),
            kind: Kind::Tow,
            start: Timestamp(100_000),
            end: Some(Timestamp(200_000)),
            from: LatLon::default(),
            to: None,
        };
        let incidents = [incident];
        let judged = |vin, kind, at| false_alerts(&[alert(vin, kind, at)], &incidents).is_empty();
        assert!(judged(stolen, Kind::Tow, 150));
        assert!(judged(stolen, Kind::Tow, 799), "within ten minutes after the end");
        assert!(!judged(stolen, Kind::Tow, 801));
        assert!(!judged(stolen, Kind::Tow, 99), "before the start");
        assert!(!judged(stolen, Kind::ThermalRunaway, 150), "another family");
        assert!(!judged(other, Kind::Tow, 150), "another vehicle");
        assert_eq!(missed(&[alert(other, Kind::Tow, 150)], &incidents).len(), 1);
    }
}
