//! What a detector is.

use std::fmt::Debug;
use std::time::Duration;

use super::battery::Look;
use crate::base::Timestamp;
use crate::model::{Event, Evidence, Kind, Level, Report, Words};
use crate::track::Track;

/// What a detector sees: the newest report, and what is remembered including it.
#[derive(Debug, Clone, Copy)]
pub struct Sight<'a> {
    /// When this was known: the arrival of what is looked at, by the collector's clock.
    pub now: Timestamp,
    /// The newest report.
    pub report: &'a Report,
    /// The happening that made the collector look, if it was not the report.
    pub event: Option<&'a Event>,
    /// What is remembered of the vehicle.
    pub track: &'a Track,
    /// Its pack, if that said anything: [`Look::of`] the report.
    pub pack: Option<&'a Look<'a>>,
}

impl Sight<'_> {
    /// When what is looked at happened, by the device's clock.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.event.map_or(self.report.stamp.time, |event| event.stamp.time)
    }
}

/// Why a detector thinks that its case is present.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Finding {
    /// In words.
    pub why: Words,
    /// In numbers.
    pub evidence: Vec<Evidence>,
}

/// What a detector says about one report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Signal {
    /// The case is there, so far.
    Present(Level),
    /// It is not there: counts towards clearing an alert.
    Absent,
    /// This report does not tell: changes nothing.
    Unknown,
}

/// A rule that claims one kind of incident.
pub trait Detector: Debug + Send + Sync {
    /// What it claims.
    fn kind(&self) -> Kind;

    /// How long its case has to stay absent, by the device's clock, before its alert is cleared.
    fn clear_after(&self) -> Duration;

    /// Looks at a report. Called once for each, in order; must not allocate.
    fn examine(&self, sight: Sight<'_>) -> Signal;

    /// Gives the reason for what [`Detector::examine`] has just found present.
    fn explain(&self, sight: Sight<'_>) -> Finding;
}

/// One measured fact.
#[must_use]
pub fn fact(name: &str, value: f64) -> Evidence {
    Evidence { name: name.to_owned(), value: (value * 100.0).round() / 100.0 }
}
