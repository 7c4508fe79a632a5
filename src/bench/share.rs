//! What one of several processes of a run says to the one that leads them: a line of JSON for each.

use serde::{Deserialize, Serialize};

use super::conductor::Broken;
use super::latency::Latency;
use super::shared::Totals;
use super::worker::Outcome;

/// What an agent says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// All its connections are open.
    Ready,
    /// What it has counted so far, and the latencies since it said so last.
    Second(Totals, Latency),
    /// It is over.
    Over(Box<Share>),
    /// It could not begin: exit code, and why.
    Failed(u8, String),
}

/// What an agent found.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Share {
    /// What its threads did.
    pub outcomes: Vec<Outcome>,
    /// What it counted.
    pub totals: Totals,
    /// When messages began, when measuring began and ended, nanoseconds on its own watch.
    pub times_ns: [u64; 3],
    /// Its memory before the first connection and with all open.
    pub resident: [Option<u64>; 2],
    /// What stopped it before its end.
    pub broken: Option<Broken>,
    /// Why a connection failed last.
    pub last_failure: Option<String>,
}

impl Share {
    /// Adds what another agent found.
    pub fn add(&mut self, other: Self) {
        self.outcomes.extend(other.outcomes);
        for (name, total) in other.totals {
            *self.totals.entry(name).or_default() += total;
        }
        let lasted = |[_, begin, end]: [u64; 3]| end.saturating_sub(begin);
        // They begin and end together, but each has a watch of its own: only differences say anything.
        if lasted(other.times_ns) > lasted(self.times_ns) {
            self.times_ns = other.times_ns;
        }
        for (sum, more) in self.resident.iter_mut().zip(other.resident) {
            *sum = sum.unwrap_or(0).checked_add(more.unwrap_or(0));
        }
        self.broken = self.broken.take().or(other.broken);
        self.last_failure = self.last_failure.take().or(other.last_failure);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up() {
        let share = |pub_succ: u64, end: u64, kib: u64, ms: u64| {
            let mut outcome = Outcome { offered: pub_succ, ..Outcome::default() };
            outcome.measured.latency.record_ns(ms * 1_000_000);
            Share {
                outcomes: vec![outcome],
                totals: [("pub_succ".to_owned(), pub_succ)].into(),
                times_ns: [0, 10, end],
                resident: [Some(0), Some(kib)],
                ..Share::default()
            }
        };
        let mut sum = Share::default();
        for one in [share(3, 100, 5, 1), share(4, 120, 6, 9)] {
            // As it goes through the pipe.
            let line = serde_json::to_string(&Word::Over(Box::new(one))).unwrap();
            let Ok(Word::Over(one)) = serde_json::from_str(&line) else { panic!("{line}") };
            sum.add(*one);
        }
        assert_eq!((sum.totals["pub_succ"], sum.times_ns, sum.resident), (7, [0, 10, 120], [Some(0), Some(11)]));
        let offered: Vec<u64> = sum.outcomes.iter().map(|outcome| outcome.offered).collect();
        let slowest = sum.outcomes[1].measured.latency.quantile_ms(1.0);
        assert!(offered == [3, 4] && slowest.is_some_and(|ms| (ms - 9.0).abs() < 0.02), "{slowest:?}");
    }
}
