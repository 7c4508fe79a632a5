//! The search for the highest rate that a broker sustains: doubling until it does not, then halving the gap; then both ends
//! are tried again, because a single try may be luck.

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

/// A rate that was tried.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the names are those of the report of one run")]
pub struct Step {
    pub asked_per_s: f64,
    pub achieved_per_s: Option<f64>,
    pub p50_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    pub max_ms: Option<f64>,
    pub lost: u64,
    /// Why it did not hold.
    pub limit: Option<Limit>,
    /// Whether it is one of the tries that make sure, after the search.
    pub repeat: bool,
}

/// How often a rate was tried, and how often it held.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct Trials {
    pub asked_per_s: f64,
    pub held: u32,
    pub tries: u32,
}

/// Makes sure of what a search found: it repeats the highest rate that has held in every try, and the lowest above it that
/// has held in none, until each has been repeated often enough. One that once did otherwise is no end of the interval any
/// more, and the next one tried takes its place.
#[derive(Debug, Clone)]
pub struct Confirmation {
    repeats: u32,
    /// By rate, rising.
    trials: Vec<Trials>,
}

impl Confirmation {
    /// What the steps of a search found, each of its ends to be repeated so often.
    #[must_use]
    pub fn new(steps: &[Step], repeats: u32) -> Self {
        let mut confirmation = Self { repeats, trials: Vec::new() };
        for step in steps {
            confirmation.tell(step.asked_per_s, step.limit.is_none());
        }
        confirmation
    }

    /// Takes note of whether a rate held.
    pub fn tell(&mut self, rate: f64, held: bool) {
        let at = self.trials.partition_point(|trials| trials.asked_per_s < rate);
        if self.trials.get(at).is_none_or(|trials| trials.asked_per_s > rate) {
            self.trials.insert(at, Trials { asked_per_s: rate, held: 0, tries: 0 });
        }
        self.trials[at].tries += 1;
        self.trials[at].held += u32::from(held);
    }

    /// The highest rate that held in every try.
    #[must_use]
    pub fn low(&self) -> Option<Trials> {
        let above = self.trials.iter().position(|trials| trials.held < trials.tries).unwrap_or(self.trials.len());
        above.checked_sub(1).map(|at| self.trials[at])
    }

    /// The lowest rate from which on none held in any try; `None` when the highest tried has held.
    #[must_use]
    pub fn high(&self) -> Option<Trials> {
        let below = self.trials.iter().rposition(|trials| trials.held > 0).map_or(0, |at| at + 1);
        self.trials.get(below).copied()
    }

    /// The rate to try next; `None` when both ends are sure, or there are none.
    #[must_use]
    pub fn next(&self) -> Option<f64> {
        let unsure = |trials: &Trials| trials.tries <= self.repeats;
        let ends = [self.low(), self.high()].into_iter().flatten();
        ends.filter(unsure).min_by_key(|trials| trials.tries).map(|trials| trials.asked_per_s)
    }

    /// All rates that were tried, rising.
    #[must_use]
    pub fn trials(&self) -> &[Trials] {
        &self.trials
    }
}

/// What a search for the knee found.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the members are documented in docs/bench.md")]
pub struct Knee {
    /// The highest rate that held in every try.
    pub sustained_per_s: Option<f64>,
    /// The lowest from which on none held.
    pub broke_at_per_s: Option<f64>,
    /// What limits the latter.
    pub limit: Option<Limit>,
    /// How often the ends of this interval were tried.
    pub low: Option<Trials>,
    pub high: Option<Trials>,
    /// What a rate has to keep below to hold, milliseconds.
    pub p99_ms: f64,
    pub repeats: u32,
    /// Whether somebody stopped it before it was sure.
    pub partial: bool,
    pub broker: String,
    pub trials: Vec<Trials>,
    pub steps: Vec<Step>,
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

    fn step(rate: f64, held: bool) -> Step {
        Step {
            asked_per_s: rate,
            achieved_per_s: None,
            p50_ms: None,
            p99_ms: None,
            max_ms: None,
            lost: 0,
            limit: (!held).then_some(Limit::Latency),
            repeat: false,
        }
    }

    /// Repeats what 800, 1000, 1050 and 1200 gave, and says the ends and how many tries that took.
    fn confirmed(holds: impl Fn(f64, u32) -> bool) -> ([Option<f64>; 2], u32) {
        let searched = [(800.0, true), (1000.0, true), (1050.0, false), (1200.0, false)];
        let mut confirmation = Confirmation::new(&searched.map(|(rate, held)| step(rate, held)), 3);
        let mut tries = 0;
        while let Some(rate) = confirmation.next() {
            confirmation.tell(rate, holds(rate, tries));
            tries += 1;
        }
        ([confirmation.low(), confirmation.high()].map(|end| end.map(|trials| trials.asked_per_s)), tries)
    }

    #[test]
    fn a_sharp_knee_is_confirmed_and_a_soft_one_widens_the_interval() {
        assert_eq!(confirmed(|rate, _| rate < 1020.0), ([Some(1000.0), Some(1050.0)], 6));
        // Once in a while 1000 does not hold: 800 is what is sure.
        assert_eq!(
            confirmed(|rate, tries| rate < 900.0 || (rate < 1020.0 && tries != 2)).0,
            [Some(800.0), Some(1050.0)]
        );
        // 1050 holds after all, now and then: only from 1200 on nothing does.
        assert_eq!(
            confirmed(|rate, tries| rate < 1020.0 || (rate < 1100.0 && tries == 1)).0,
            [Some(1000.0), Some(1200.0)]
        );
        assert_eq!(confirmed(|_, _| false).0[0], None);
        assert_eq!(confirmed(|_, _| true).0, [Some(1000.0), None]);
    }
}
