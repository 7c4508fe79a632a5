//! How often it reports: by what the vehicle does, or as somebody asked.

use std::time::Duration;

use crate::base::Timestamp;
use crate::base::rng::Stream;
use crate::sim::scenario::Cadence;

/// How urgently a vehicle reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// It stands.
    Parked,
    /// It moves.
    Riding,
    /// Something is wrong.
    Suspect,
}

impl Cadence {
    /// Time between two reports.
    #[must_use]
    pub fn every(&self, urgency: Urgency) -> Duration {
        match urgency {
            Urgency::Parked => self.parked,
            Urgency::Riding => self.riding,
            Urgency::Suspect => self.suspect,
        }
    }
}

/// When reports are due.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    due: Timestamp,
    urgency: Urgency,
    /// What somebody asked for: so often, milliseconds, until then.
    asked_ms: u32,
    asked_until: Timestamp,
}

impl Schedule {
    /// The first report falls anywhere in the first interval, so that a fleet does not report in step.
    pub(super) fn start(now: Timestamp, cadence: &Cadence, urgency: Urgency, stream: &mut Stream) -> Self {
        let due = now.plus_seconds(stream.unit() * cadence.every(urgency).as_secs_f64());
        Self { due, urgency, asked_ms: 0, asked_until: Timestamp(i64::MIN) }
    }

    pub(super) fn due(&self) -> Timestamp {
        self.due
    }

    pub(super) fn bring_forward(&mut self, now: Timestamp) {
        self.due = now;
    }

    /// A change of urgency brings the next report forward to now.
    pub(super) fn set_urgency(&mut self, urgency: Urgency, now: Timestamp) {
        if urgency != self.urgency {
            self.urgency = urgency;
            self.due = now;
        }
    }

    pub(super) fn ask(&mut self, every: Duration, until: Timestamp, now: Timestamp) {
        self.asked_ms = every.as_millis().try_into().unwrap_or(u32::MAX);
        self.asked_until = until;
        self.due = now;
    }

    /// Time between two reports at present.
    pub(super) fn every(&self, cadence: &Cadence, now: Timestamp) -> Duration {
        let own = cadence.every(self.urgency);
        if now < self.asked_until { own.min(Duration::from_millis(self.asked_ms.into())) } else { own }
    }

    /// Sets the next report after the one that was due, on an absolute schedule.
    pub(super) fn next(&mut self, cadence: &Cadence, now: Timestamp) {
        let every = self.every(cadence, now);
        self.due = self.due + every;
        if self.due <= now {
            self.due = now + every;
        }
    }
}
