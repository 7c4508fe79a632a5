//! The truth as the scorer sees it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::base::{Timestamp, Vin};
use crate::model::{Family, Incident, Kind, Level, Parameter};

/// How long after its end an incident can still be told.
const GRACE: Duration = Duration::from_mins(10);

/// Something that really happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Whom it befell.
    pub vin: Vin,
    /// What it was.
    pub kind: Kind,
    /// When it began.
    pub start: Timestamp,
    /// When it was over; `None` when it went on to the end.
    pub end: Option<Timestamp>,
    /// When the vehicle was first moved by it.
    pub moved: Option<Timestamp>,
    /// How bad it was to become, 0 to 3, where the truth tells it.
    pub severity: Option<u8>,
    /// When the battery management first told level 1, 2 and 3 while it went on.
    pub managed: [Option<Timestamp>; 3],
    /// Its figures, where the truth tells them.
    pub parameters: BTreeMap<String, Parameter>,
}

impl From<&Incident> for Case {
    fn from(incident: &Incident) -> Self {
        Self {
            vin: incident.vin,
            kind: incident.kind,
            start: incident.start,
            end: incident.end,
            moved: incident.moved,
            severity: Some(incident.severity),
            managed: [None; 3],
            parameters: incident.parameters.clone(),
        }
    }
}

impl Case {
    /// Until when it can be told.
    #[must_use]
    pub fn until(&self) -> Timestamp {
        self.end.map_or(Timestamp::NEVER, |end| end + GRACE)
    }

    /// Since when its delay is counted: the first metre, or its start.
    #[must_use]
    pub fn counted_from(&self) -> Timestamp {
        self.moved.unwrap_or(self.start)
    }

    /// The level from which it counts as told: probable for a theft, 1 for a battery. Nothing tells what is benign.
    #[must_use]
    pub fn least_level(&self) -> Option<Level> {
        match self.kind.family() {
            Family::Theft => Some(Level::Two),
            Family::Battery => Some(Level::One),
            Family::Benign => None,
        }
    }

    /// Whether a battery's fault showed before the run was over: it was to become, or by its management was, level 2 or 3.
    /// `None` where neither is known.
    #[must_use]
    pub fn shown(&self) -> Option<bool> {
        let told = self.managed[1..].iter().any(Option::is_some);
        match self.severity {
            Some(severity) => Some(told || severity >= 2),
            None => told.then_some(true),
        }
    }
}
