//! The modem and its counters.

use std::time::Duration;

use super::backup::{BackupCell, watts};
use super::cadence::{Schedule, Urgency};
use super::clock::Rtc;
use super::service::{Heard, Service, Surroundings};
use crate::base::rng::Stream;
use crate::base::units::Percent;
use crate::base::{Timestamp, Vin};
use crate::model::Stamp;
use crate::sim::place::Coverage;
use crate::sim::scenario::{Cadence, Network};

/// How long a modem waits before it sends again what was lost, seconds.
const RETRY_S: f64 = 2.0;
/// The reporting that the catalogue's `standby_w` includes.
const INCLUDED: Duration = Duration::from_mins(5);

/// A modem and its counters.
#[derive(Debug, Clone)]
pub struct Modem {
    stream: Stream,
    boot: u32,
    seq: u32,
    schedule: Schedule,
    sent: Timestamp,
    /// Its standing with the network.
    pub(in crate::sim) service: Service,
    /// What time it believes it is.
    pub(in crate::sim) rtc: Rtc,
    backup: BackupCell,
}

impl Modem {
    /// A modem switched on at `now`; `next_change` is when a base station fails or comes back.
    #[must_use]
    pub fn start(
        now: Timestamp,
        cadence: &Cadence,
        urgency: Urgency,
        next_change: Timestamp,
        mut stream: Stream,
    ) -> Self {
        let schedule = Schedule::start(now, cadence, urgency, &mut stream);
        let rtc = Rtc::new(now, &mut stream);
        let service = Service::start(now, next_change);
        let boot = (now.0 / 1000) as u32;
        Self { stream, boot, seq: 0, schedule, sent: now, service, rtc, backup: BackupCell::FULL }
    }

    /// The same modem on a vehicle that is already under way.
    #[must_use]
    pub fn in_motion(mut self, cadence: &Cadence, now: Timestamp) -> Self {
        self.schedule = Schedule::start(now, cadence, Urgency::Riding, &mut self.stream);
        self
    }

    /// When the next report is due.
    #[must_use]
    pub fn due(&self) -> Timestamp {
        self.schedule.due()
    }

    /// When it has something to do: a report, or a look at the network.
    #[must_use]
    pub fn next_wake(&self) -> Timestamp {
        self.schedule.due().min(self.service.look_at())
    }

    /// Takes note of how urgent it is; a change brings the next report forward to now.
    pub fn set_urgency(&mut self, urgency: Urgency, now: Timestamp) {
        self.schedule.set_urgency(urgency, now);
    }

    /// Takes note that somebody wants reports more often for a while.
    pub fn ask(&mut self, every: Duration, until: Timestamp, now: Timestamp) {
        self.schedule.ask(every, until, now);
    }

    /// Brings the next report forward to now.
    pub fn report_now(&mut self, now: Timestamp) {
        self.schedule.bring_forward(now);
    }

    /// Sets the next report after the one that was due, on an absolute schedule.
    pub fn schedule_next(&mut self, cadence: &Cadence, now: Timestamp) {
        self.schedule.next(cadence, now);
    }

    /// What the tracker takes at the present cadence, W.
    #[must_use]
    pub fn watts(&self, cadence: &Cadence, now: Timestamp) -> f64 {
        watts(self.schedule.every(cadence, now))
    }

    /// What fast reporting takes from the pack beyond the standby of the electronics, which a report every five minutes
    /// is part of, W.
    #[must_use]
    pub fn extra_watts(&self, cadence: &Cadence, now: Timestamp) -> f64 {
        (self.watts(cadence, now) - watts(INCLUDED)).max(0.0)
    }

    /// Passes so many seconds up to `now` on the backup cell, or charges it.
    pub fn feed(&mut self, cadence: &Cadence, now: Timestamp, seconds: f64, power_cut: bool) {
        if power_cut {
            self.backup.drain(seconds, self.watts(cadence, now));
        } else {
            self.backup.charge(seconds);
        }
    }

    /// Whether its backup cell is empty: without the pack it is silent then.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.backup.is_empty()
    }

    /// What is left of its backup cell.
    #[must_use]
    pub fn backup_left(&self) -> Percent {
        self.backup.left()
    }

    /// Numbers a message made at `now`, stamped by a clock that somebody has put forward by `skew_ms`.
    pub fn stamp(&mut self, vin: Vin, now: Timestamp, skew_ms: i64) -> Stamp {
        self.seq += 1;
        Stamp { vin, boot: self.boot, seq: self.seq, time: self.rtc.read(now, skew_ms) }
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

    /// Listens for stations that have not failed.
    pub fn hear(
        &mut self,
        coverage: &Coverage,
        around: Surroundings,
        now: Timestamp,
        failed: impl Fn(u16) -> bool,
    ) -> Heard {
        self.service.hear(coverage, around, now, failed, &mut self.stream)
    }

    /// Draws the consequences of what was heard: see [`Service::settle`].
    pub fn settle(&mut self, now: Timestamp, heard: bool, next_change: Timestamp) -> Option<bool> {
        self.service.settle(now, heard, next_change, &mut self.stream)
    }
}
