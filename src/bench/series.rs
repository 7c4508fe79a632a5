//! A run second by second.

use std::collections::BTreeMap;

use serde::Serialize;

use super::latency::Latency;
use super::pace::{Stage, due_between};
use super::shared::{Counters, get};

/// A second of a run.
#[derive(Debug, Clone, Default, Serialize)]
#[expect(missing_docs, reason = "the names are those of the counters")]
pub struct Second {
    pub s: u64,
    /// When it ended, seconds since the run began.
    pub at_s: f64,
    /// Whether all of it is in the measured time.
    pub measured: bool,
    pub connected: u64,
    /// What the schedule had due in it, messages a second.
    pub asked_per_s: Option<f64>,
    #[serde(flatten)]
    pub counters: BTreeMap<&'static str, u64>,
    pub mean_ms: Option<f64>,
    pub p50_ms: Option<f64>,
    pub p90_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    #[serde(rename = "p99.9_ms")]
    pub p99_9_ms: Option<f64>,
    pub max_ms: Option<f64>,
}

/// A span of a run, on its watch.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// When it began, nanoseconds.
    pub from_ns: u64,
    /// When it ended, nanoseconds.
    pub to_ns: u64,
    /// When messages began, when measuring began and when it ends, nanoseconds.
    pub times_ns: [u64; 3],
}

impl Span {
    /// Messages a second that a schedule had due in it; `None` outside the time of the schedule.
    fn asked_per_s(&self, stages: &[Stage]) -> Option<f64> {
        let [start_ns, _, end_ns] = self.times_ns;
        let (from_ns, to_ns) = (self.from_ns.max(start_ns), self.to_ns.min(end_ns));
        let s = |ns: u64| (ns - start_ns) as f64 / 1e9;
        (from_ns < to_ns && !stages.is_empty())
            .then(|| due_between(stages, s(from_ns), s(to_ns)) * 1e9 / (self.to_ns - self.from_ns) as f64)
    }
}

impl Second {
    /// What was counted by the end of a span, and the times that were handed over in it.
    #[must_use]
    pub fn of(span: &Span, counters: &Counters, latency: &Latency, stages: &[Stage]) -> Self {
        let [_, begin_ns, end_ns] = span.times_ns;
        let times = latency.quantiles();
        Self {
            s: span.to_ns / 1_000_000_000,
            at_s: span.to_ns as f64 / 1e9,
            measured: begin_ns <= span.from_ns && span.to_ns <= end_ns,
            connected: get(&counters.connected),
            asked_per_s: span.asked_per_s(stages),
            counters: counters.growing().into_iter().filter(|(_, total)| *total > 0).collect(),
            mean_ms: times.mean,
            p50_ms: times.p50,
            p90_ms: times.p90,
            p99_ms: times.p99,
            p99_9_ms: times.p99_9,
            max_ms: times.max,
        }
    }

    /// How much a counter has grown a second since the second before.
    #[must_use]
    pub fn rate(&self, before: &Self, counter: &str) -> f64 {
        let total = |second: &Self| second.counters.get(counter).copied().unwrap_or(0) as f64;
        (total(self) - total(before)) / (self.at_s - before.at_s).max(1e-9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::shared::count;

    #[test]
    fn a_second_knows_what_was_due_in_it_and_whether_it_counts() {
        const S: u64 = 1_000_000_000;
        let stages = [Stage { lasts_s: 2.0, from: 100.0, to: 100.0 }, Stage::steady(300.0)];
        let counters = Counters::default();
        let of = |from_ns, to_ns| {
            let times_ns = [S, 2 * S, 5 * S];
            Second::of(&Span { from_ns, to_ns, times_ns }, &counters, &Latency::default(), &stages)
        };
        let asked = |from_ns, to_ns| of(from_ns, to_ns).asked_per_s.map(|rate| rate.round() as u64);
        // Messages begin with the second second, their rate changes with the fourth, the run ends with the fifth.
        assert_eq!(
            [asked(0, S), asked(S, 2 * S), asked(3 * S, 4 * S), asked(5 * S, 6 * S)],
            [None, Some(100), Some(300), None]
        );
        assert_eq!([asked(S / 2, 3 * S / 2), asked(5 * S / 2, 7 * S / 2)], [Some(50), Some(200)]);
        assert_eq!(
            [of(S, 2 * S), of(2 * S, 3 * S), of(9 * S / 2, 11 * S / 2)].map(|second| second.measured),
            [false, true, false]
        );
        let before = of(0, S);
        (0..30).for_each(|_| count(&counters.publish));
        assert!((of(S, 3 * S).rate(&before, "pub") - 15.0).abs() < 1e-9);
    }
}
