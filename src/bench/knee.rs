//! The search for the highest rate that a broker sustains: doubling until it does not, then halving the gap.

use std::time::Duration;

use serde::Serialize;

use super::report::Report;

/// The gap between a rate that holds and one that does not is halved until it is this share of the former.
const CLOSE: f64 = 0.05;
/// How much of what was asked may be missing at a rate that holds, percent.
const MOST_SHORT_PCT: f64 = 1.0;

/// Why a rate did not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// The 99th percentile of the latency.
    Latency,
    /// Less was done than asked for.
    Shortfall,
    /// Messages were lost.
    Loss,
    /// The generator was the bottleneck, so nothing is known about the broker.
    Generator,
}

/// What limits a measured rate; `None` when it holds.
#[must_use]
pub fn limit(report: &Report, p99: Duration) -> Option<Limit> {
    if !report.invalid.is_empty() {
        return Some(Limit::Generator);
    }
    if report.latency_ms.p99.is_none_or(|ms| ms > p99.as_secs_f64() * 1000.0) {
        return Some(Limit::Latency);
    }
    // The end of a run falls between two messages: what is short by less than one is not short.
    let messages = |short: f64| short / 100.0 * report.asked_per_s.unwrap_or(0.0) * report.measured_s;
    if report.shortfall_pct.is_none_or(|short| short > MOST_SHORT_PCT && messages(short) >= 1.0) {
        return Some(Limit::Shortfall);
    }
    (report.messages.lost > 0).then_some(Limit::Loss)
}

/// The search.
#[derive(Debug, Clone, Copy)]
pub struct Search {
    first: f64,
    most: f64,
    /// The highest rate that held.
    pub held: Option<f64>,
    /// The lowest that did not.
    pub broke: Option<f64>,
}

impl Search {
    /// A search from a rate upwards, to `most` at most.
    #[must_use]
    pub fn new(first: f64, most: f64) -> Self {
        Self { first, most, held: None, broke: None }
    }

    /// The rate to try next; `None` when it is known closely enough.
    #[must_use]
    pub fn next(&self) -> Option<f64> {
        match (self.held, self.broke) {
            (None, None) => Some(self.first),
            (Some(held), None) if held < self.most => Some((held * 2.0).min(self.most)),
            (Some(_), None) => None,
            (None, Some(broke)) => (broke > 1.0).then_some(broke / 2.0),
            (Some(held), Some(broke)) => (broke - held > held * CLOSE).then_some(f64::midpoint(held, broke)),
        }
    }

    /// Takes note of whether a rate held.
    pub fn tell(&mut self, rate: f64, held: bool) {
        let place = if held { &mut self.held } else { &mut self.broke };
        let better = |known: f64| if held { known.max(rate) } else { known.min(rate) };
        *place = Some(place.map_or(rate, better));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(first: f64, most: f64, knee: f64) -> (Option<f64>, usize) {
        let mut search = Search::new(first, most);
        let mut steps = 0;
        while let Some(rate) = search.next() {
            search.tell(rate, rate <= knee);
            steps += 1;
        }
        (search.held, steps)
    }

    #[test]
    fn the_knee_is_found_within_a_twentieth_in_few_steps() {
        for knee in [3.0, 999.0, 1000.0, 1001.0, 12_345.0, 70_000.0] {
            let (held, steps) = found(1000.0, 1e6, knee);
            let held = held.unwrap();
            assert!(held <= knee && held >= knee / 1.06 && steps < 20, "{held} for {knee} in {steps} steps");
        }
        assert_eq!(found(1000.0, 5000.0, 1e9), (Some(5000.0), 4));
        assert_eq!(found(8.0, 1e6, 0.1).0, None);
    }
}
