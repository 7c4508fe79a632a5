//! What the threads of a run tell each other: how far it is, and what is counted meanwhile.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::latency::Latency;
use super::steering::Steering;

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Phase {
    /// The first connection is tried.
    Probe,
    /// The others are opened.
    Connect,
    /// Messages are sent.
    Run,
    /// No new ones; those sent may be acknowledged.
    Drain,
    /// Connections end.
    Leave,
}

/// All phases, in their order.
pub const PHASES: [Phase; 5] = [Phase::Probe, Phase::Connect, Phase::Run, Phase::Drain, Phase::Leave];

impl Phase {
    /// In a word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::Connect => "connect",
            Self::Run => "run",
            Self::Drain => "drain",
            Self::Leave => "leave",
        }
    }
}

/// Counters of another process, by name.
pub type Totals = BTreeMap<String, u64>;

/// Counters, with names that users of other generators know.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "each is explained where it is printed and in docs/bench.md")]
pub struct Counters {
    pub connected: AtomicU64,
    pub connect_succ: AtomicU64,
    pub connect_fail: AtomicU64,
    pub connect_lost: AtomicU64,
    pub connect_closed: AtomicU64,
    pub sub_succ: AtomicU64,
    pub sub_fail: AtomicU64,
    pub publish: AtomicU64,
    pub pub_succ: AtomicU64,
    pub pub_fail: AtomicU64,
    pub pub_again: AtomicU64,
    pub pub_overrun: AtomicU64,
    pub recv: AtomicU64,
}

/// The value of a counter.
#[must_use]
pub fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

/// Counts one more.
pub fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Counters {
    /// All that only grow, with their names.
    #[must_use]
    pub fn growing(&self) -> [(&'static str, u64); 12] {
        self.named().map(|(name, counter)| (name, get(counter)))
    }

    fn named(&self) -> [(&'static str, &AtomicU64); 12] {
        [
            ("connect_succ", &self.connect_succ),
            ("connect_fail", &self.connect_fail),
            ("connect_lost", &self.connect_lost),
            ("connect_closed", &self.connect_closed),
            ("sub_succ", &self.sub_succ),
            ("sub_fail", &self.sub_fail),
            ("pub", &self.publish),
            ("pub_succ", &self.pub_succ),
            ("pub_fail", &self.pub_fail),
            ("pub_again", &self.pub_again),
            ("pub_overrun", &self.pub_overrun),
            ("recv", &self.recv),
        ]
    }

    /// What another process needs to know: each counter that is not zero, by name.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let connected = ("connected", get(&self.connected));
        let all = self.growing().into_iter().chain([connected]).filter(|(_, total)| *total > 0);
        all.map(|(name, total)| (name.to_owned(), total)).collect()
    }

    /// Adds what another process counted.
    pub fn add(&self, totals: &Totals) {
        for (name, counter) in self.named().into_iter().chain([("connected", &self.connected)]) {
            counter.fetch_add(totals.get(name).copied().unwrap_or(0), Ordering::Relaxed);
        }
    }

    /// Messages handed over and neither acknowledged nor given up.
    #[must_use]
    pub fn outstanding(&self) -> u64 {
        let over = get(&self.pub_succ) + get(&self.pub_fail);
        get(&self.publish).saturating_sub(over)
    }
}

/// What the threads of a run share.
#[derive(Debug)]
pub struct Shared {
    phase: AtomicU8,
    /// When the messages begin, when measuring begins and when it ends, nanoseconds on the common watch.
    start_ns: AtomicU64,
    begin_ns: AtomicU64,
    end_ns: AtomicU64,
    /// What is counted.
    pub counters: Counters,
    /// Workers that have sent all they had to.
    pub finished: AtomicU64,
    /// What is asked of the run while it goes on.
    pub steering: Steering,
    interval: Mutex<Latency>,
    last_loss: Mutex<Option<String>>,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            phase: AtomicU8::new(0),
            start_ns: AtomicU64::new(u64::MAX),
            begin_ns: AtomicU64::new(u64::MAX),
            end_ns: AtomicU64::new(u64::MAX),
            counters: Counters::default(),
            finished: AtomicU64::new(0),
            steering: Steering::default(),
            interval: Mutex::default(),
            last_loss: Mutex::default(),
        }
    }
}

impl Shared {
    /// How far the run is.
    #[must_use]
    pub fn phase(&self) -> Phase {
        PHASES[usize::from(self.phase.load(Ordering::Acquire)).min(PHASES.len() - 1)]
    }

    /// Goes on to a phase.
    pub fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Release);
    }

    /// When the messages begin, when measuring begins and when it ends.
    #[must_use]
    pub fn times_ns(&self) -> [u64; 3] {
        [&self.start_ns, &self.begin_ns, &self.end_ns].map(get)
    }

    /// Sets when the messages begin, when measuring begins and when it ends.
    pub fn set_times_ns(&self, start: u64, begin: u64, end: u64) {
        self.start_ns.store(start, Ordering::Relaxed);
        self.begin_ns.store(begin, Ordering::Relaxed);
        self.end_ns.store(end, Ordering::Relaxed);
    }

    /// Sends and measures nothing any more from now on.
    pub fn end_at(&self, now_ns: u64) {
        self.end_ns.fetch_min(now_ns, Ordering::Relaxed);
    }

    /// Adds the latencies of a worker's last second.
    pub fn add_interval(&self, latency: &Latency) {
        self.interval.lock().unwrap_or_else(PoisonError::into_inner).add(latency);
    }

    /// Takes the latencies since the last call.
    #[must_use]
    pub fn take_interval(&self) -> Latency {
        std::mem::take(&mut *self.interval.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Remembers why a connection failed.
    pub fn set_last_loss(&self, why: String) {
        *self.last_loss.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
    }

    /// Why a connection failed last.
    #[must_use]
    pub fn last_loss(&self) -> Option<String> {
        self.last_loss.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
