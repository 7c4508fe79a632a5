//! What the collector has counted since it started.

use std::collections::BTreeMap;

use crate::wire::Rejection;

/// What the collector has counted since it started.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counters {
    /// Messages taken, by whatever channel.
    pub messages: u64,
    /// Reports and events that were new or late.
    pub received: u64,
    /// Of these, reports.
    pub reports: u64,
    /// Came twice or more.
    pub duplicates: u64,
    /// Came after a newer one.
    pub late: u64,
    /// Of these, such as came after their gap had been given up, and changed nothing.
    pub unplaced: u64,
    /// Gaps given up because they were too many, too old or too large.
    pub given_up: u64,
    /// How often a vehicle's messages were gone through again because something came late.
    pub replays: u64,
    /// Of an earlier boot, or too old to tell from a duplicate.
    pub stale: u64,
    /// Numbers that never came, less those that came late.
    pub missing: u64,
    /// Reports whose device clock is more than five minutes ahead.
    pub future: u64,
    /// Alerts raised.
    pub raised: u64,
    /// Alerts raised again after they were cleared.
    pub reopened: u64,
    /// Alerts escalated because nobody took them on.
    pub escalated: u64,
    /// Alerts cleared.
    pub cleared: u64,
    /// Alerts suppressed in authorised windows.
    pub suppressed: u64,
    /// Alerts withdrawn because of what came late.
    pub withdrawn: u64,
    /// Payloads turned away, by reason.
    pub rejected: BTreeMap<Rejection, u64>,
}

impl Counters {
    /// All payloads turned away.
    #[must_use]
    pub fn rejected_total(&self) -> u64 {
        self.rejected.values().sum()
    }

    /// Adds what another core counted.
    pub fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.messages, other.messages),
            (&mut self.received, other.received),
            (&mut self.reports, other.reports),
            (&mut self.duplicates, other.duplicates),
            (&mut self.late, other.late),
            (&mut self.unplaced, other.unplaced),
            (&mut self.given_up, other.given_up),
            (&mut self.replays, other.replays),
            (&mut self.stale, other.stale),
            (&mut self.missing, other.missing),
            (&mut self.future, other.future),
            (&mut self.raised, other.raised),
            (&mut self.reopened, other.reopened),
            (&mut self.escalated, other.escalated),
            (&mut self.cleared, other.cleared),
            (&mut self.suppressed, other.suppressed),
            (&mut self.withdrawn, other.withdrawn),
        ];
        for (own, more) in pairs {
            *own += more;
        }
        for (rejection, count) in &other.rejected {
            *self.rejected.entry(*rejection).or_default() += count;
        }
    }
}
