//! The modem: when the next report is due, its number, and when it reaches the network.

use std::time::Duration;

use super::scenario::{Cadence, Network};
use crate::base::rng::Stream;
use crate::base::units::Dbm;
use crate::base::{Timestamp, Vin};
use crate::model::{Link, Stamp};

/// How long a modem waits before it sends again what was lost, seconds.
const RETRY_S: f64 = 2.0;

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

/// A modem and its counters.
#[derive(Debug, Clone)]
pub struct Modem {
    stream: Stream,
    vin: Vin,
    boot: u32,
    seq: u32,
    due: Timestamp,
    urgency: Urgency,
    sent: Timestamp,
    cell: u32,
    /// What somebody asked for: so often, until then.
    asked: Option<(Duration, Timestamp)>,
}

impl Modem {
    /// A modem switched on at `now`; its first report falls anywhere in the first interval, so that a fleet does not
    /// report in step.
    #[must_use]
    pub fn start(vin: Vin, now: Timestamp, cadence: &Cadence, urgency: Urgency, mut stream: Stream) -> Self {
        let due = now.plus_seconds(stream.unit() * cadence.every(urgency).as_secs_f64());
        let cell = 40_000 + stream.index(20_000) as u32;
        Self { stream, vin, boot: (now.0 / 1000) as u32, seq: 0, due, urgency, sent: now, cell, asked: None }
    }

    /// The same modem on a vehicle that is already under way.
    #[must_use]
    pub fn in_motion(mut self, cadence: &Cadence, now: Timestamp) -> Self {
        self.urgency = Urgency::Riding;
        self.due = now.plus_seconds(self.stream.unit() * cadence.riding.as_secs_f64());
        self
    }

    /// When the next report is due.
    #[must_use]
    pub fn due(&self) -> Timestamp {
        self.due
    }

    /// Takes note of how urgent it is; a higher urgency brings the next report forward to now.
    pub fn set_urgency(&mut self, urgency: Urgency, now: Timestamp) {
        if urgency != self.urgency {
            self.urgency = urgency;
            self.due = now;
        }
    }

    /// Takes note that somebody wants reports more often for a while.
    pub fn ask(&mut self, every: Duration, until: Timestamp, now: Timestamp) {
        self.asked = Some((every, until));
        self.due = now;
    }

    /// Brings the next report forward to now.
    pub fn report_now(&mut self, now: Timestamp) {
        self.due = now;
    }

    /// Sets the next report after the one that was due, on an absolute schedule.
    pub fn schedule_next(&mut self, cadence: &Cadence, now: Timestamp) {
        let own = cadence.every(self.urgency);
        let every = match self.asked {
            Some((asked, until)) if now < until => asked.min(own),
            Some(_) | None => own,
        };
        self.due = self.due + every;
        if self.due <= now {
            self.due = now + every;
        }
    }

    /// Numbers a message made at `now`.
    pub fn stamp(&mut self, now: Timestamp) -> Stamp {
        self.seq += 1;
        Stamp { vin: self.vin, boot: self.boot, seq: self.seq, time: now }
    }

    /// When a message made at `now` reaches the network: never before the one made earlier.
    pub fn transmit(&mut self, network: &Network, now: Timestamp) -> Timestamp {
        let mut delay_s = network.latency.as_secs_f64() * (0.4 + self.stream.exponential(0.6));
        if network.loss > 0.0 && self.stream.chance(network.loss) {
            delay_s += RETRY_S;
        }
        self.sent = now.plus_seconds(delay_s).max(self.sent);
        self.sent
    }

    /// What it says about its link.
    pub fn link(&mut self, underground: bool) -> Link {
        let mean = if underground { -112.0 } else { -92.0 };
        Link { rsrp: Dbm(mean + 4.0 * self.stream.normal()).quantised(1.0), cell: self.cell, backup_power: false }
    }
}
