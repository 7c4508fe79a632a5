//! What a detector is.

use std::fmt::Debug;
use std::time::Duration;

use crate::model::{Evidence, Kind, Report, Severity, Words};
use crate::track::Track;

/// What a detector sees: the newest report, and what is remembered including it.
#[derive(Debug, Clone, Copy)]
pub struct Sight<'a> {
    /// The newest report.
    pub report: &'a Report,
    /// What is remembered of the vehicle.
    pub track: &'a Track,
}

/// Why a detector thinks that its case is present.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// In words.
    pub why: Words,
    /// In numbers.
    pub evidence: Vec<Evidence>,
}

/// What a detector says about one report.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub enum Signal {
    /// The case is there.
    Present(Finding),
    /// It is not there: counts towards clearing an alert.
    Absent,
    /// This report does not tell: changes nothing.
    Unknown,
}

/// A rule that claims one kind of incident.
pub trait Detector: Debug + Send + Sync {
    /// What it claims.
    fn kind(&self) -> Kind;

    /// How bad that is.
    fn severity(&self) -> Severity;

    /// How long its case has to stay absent, by the device's clock, before its alert is cleared.
    fn clear_after(&self) -> Duration;

    /// Looks at a report. Called once for each, in order; must not allocate unless the case is present.
    fn examine(&self, sight: Sight<'_>) -> Signal;
}

/// One measured fact.
#[must_use]
pub fn fact(name: &str, value: f64) -> Evidence {
    Evidence { name: name.to_owned(), value: (value * 100.0).round() / 100.0 }
}
