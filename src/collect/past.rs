//! What is kept of a vehicle whose messages have a gap: how it stood before the gap, and what it said since.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::alert::book::Page;
use crate::base::{AlertId, Timestamp};
use crate::model::{Alert, Item, Stamp};
use crate::track::Entry;

/// Most gaps of one vehicle; more are no accident.
const MOST_GAPS: usize = 64;
/// So many times the patience is the longest wait for more that is late.
const MOST_PATIENCE: u32 = 15;
/// So many messages are gone through for each patience: what comes late can never cost much more than what comes in time.
const EFFORT: u32 = 250;

/// Numbers of one boot that have not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gap {
    pub boot: u32,
    pub from: u32,
    /// The last of them; [`u32::MAX`] when nobody knows how many there are, because another boot follows.
    pub to: u32,
    /// When it was noticed, by the collector's clock.
    pub since: Timestamp,
    /// Whether its numbers were counted as missing.
    pub counted: bool,
}

impl Gap {
    fn holds(&self, stamp: &Stamp) -> bool {
        self.boot == stamp.boot && (self.from..=self.to).contains(&stamp.seq)
    }
}

/// A message and when it arrived.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kept {
    pub now: Timestamp,
    pub item: Item,
}

/// How a vehicle stood at some point.
#[derive(Debug, Clone)]
pub(super) struct Base {
    pub entry: Entry,
    pub page: Page,
}

/// What is kept of a vehicle with a gap.
#[derive(Debug)]
pub(super) struct Past {
    /// Before the first gap.
    pub base: Base,
    pub gaps: Vec<Gap>,
    /// All messages since, as they came.
    pub kept: Vec<Kept>,
    /// What everybody has been told since of each alert.
    pub told: BTreeMap<AlertId, Alert>,
    /// When it is to be gone through again, because something came late.
    pub replay_at: Option<Timestamp>,
    /// When the first of what came late arrived.
    late_since: Option<Timestamp>,
    /// The latest device time of what was kept.
    newest: Timestamp,
    /// More than one boot is in it.
    mixed: bool,
}

impl Past {
    /// Begins before a gap.
    pub fn new(base: Base) -> Self {
        Self {
            base,
            gaps: Vec::new(),
            kept: Vec::new(),
            told: BTreeMap::new(),
            replay_at: None,
            late_since: None,
            newest: Timestamp(i64::MIN),
            mixed: false,
        }
    }

    /// Remembers that numbers are missing; false when there are too many gaps.
    pub fn open(&mut self, gap: Gap) -> bool {
        if gap.from <= gap.to {
            self.gaps.push(gap);
        }
        self.mixed |= gap.to == u32::MAX;
        self.gaps.len() <= MOST_GAPS
    }

    /// The boot speaks again: how many of its numbers are missing is told by its next one.
    pub fn close_tail(&mut self, boot: u32) {
        self.gaps.retain(|gap| gap.boot != boot || gap.to != u32::MAX);
    }

    /// Takes a number out of its gap; the answer is that gap.
    pub fn fill(&mut self, stamp: &Stamp) -> Option<Gap> {
        let index = self.gaps.iter().position(|gap| gap.holds(stamp))?;
        let gap = self.gaps.swap_remove(index);
        self.gaps.extend((stamp.seq > gap.from).then(|| Gap { to: stamp.seq - 1, ..gap }));
        self.gaps.extend((stamp.seq < gap.to).then(|| Gap { from: stamp.seq + 1, ..gap }));
        Some(gap)
    }

    /// Whether a message is kept already.
    pub fn has(&self, stamp: &Stamp) -> bool {
        let same = |kept: &&Kept| kept.item.stamp().boot == stamp.boot && kept.item.stamp().seq == stamp.seq;
        self.kept.iter().rev().any(|kept| same(&kept))
    }

    /// Keeps a message; true when it belongs before another one that is kept.
    pub fn keep(&mut self, now: Timestamp, item: Item) -> bool {
        let time = item.stamp().time;
        let earlier = self.mixed && time <= self.newest;
        self.newest = self.newest.max(time);
        self.kept.push(Kept { now, item });
        earlier
    }

    /// Waits a little for more that is late, longer when there is more to go through; not for ever, when it never ceases
    /// to come.
    pub fn wait(&mut self, now: Timestamp, patience: Duration) {
        let patience = patience * (1 + self.kept.len() as u32 / EFFORT);
        let first = *self.late_since.get_or_insert(now);
        self.replay_at = Some((now + patience).min(first + patience * MOST_PATIENCE));
    }

    /// It is gone through again.
    pub fn begin_replay(&mut self) {
        (self.replay_at, self.late_since) = (None, None);
        self.sort();
    }

    /// Forgets gaps that were noticed before a time; answers how many.
    pub fn forget_gaps(&mut self, before: Timestamp) -> usize {
        let count = self.gaps.len();
        self.gaps.retain(|gap| gap.since >= before);
        count - self.gaps.len()
    }

    /// Puts the messages in their order: by number within a boot; two boots by device time, which for a boot never runs
    /// backwards.
    fn sort(&mut self) {
        self.kept.sort_by_key(|kept| (kept.item.stamp().boot, kept.item.stamp().seq));
        if !self.mixed {
            return;
        }
        let mut reached = (0, Timestamp(i64::MIN));
        let mut keyed: Vec<(Timestamp, Kept)> = Vec::with_capacity(self.kept.len());
        for kept in self.kept.drain(..) {
            let Stamp { boot, time, .. } = *kept.item.stamp();
            reached = if boot == reached.0 { (boot, time.max(reached.1)) } else { (boot, time) };
            keyed.push((reached.1, kept));
        }
        // Stable: within a boot and time the order of numbers stays.
        keyed.sort_by_key(|(time, kept)| (*time, kept.item.stamp().boot));
        self.kept.extend(keyed.into_iter().map(|(_, kept)| kept));
    }

    /// How many of the sorted messages come before all gaps.
    pub fn settled(&self) -> usize {
        let after = |gap: &Gap| {
            let before = |kept: &Kept| kept.item.stamp().boot == gap.boot && kept.item.stamp().seq < gap.from;
            self.kept.iter().rposition(before).map_or(0, |index| index + 1)
        };
        self.gaps.iter().map(after).min().unwrap_or(self.kept.len())
    }

    /// When the oldest gap was noticed.
    pub fn oldest_gap(&self) -> Option<Timestamp> {
        self.gaps.iter().map(|gap| gap.since).min()
    }
}
