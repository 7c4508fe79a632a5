//! Histograms of times: three significant digits from a microsecond to an hour.

use hdrhistogram::Histogram;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest time told apart, microseconds.
const LONGEST_US: u64 = 3_600_000_000;

/// A histogram of times.
#[derive(Debug, Clone)]
pub struct Latency(Histogram<u64>);

/// What a histogram says, in milliseconds; `None` when it is empty.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Default)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct Quantiles {
    pub count: u64,
    pub min: Option<f64>,
    pub mean: Option<f64>,
    pub p50: Option<f64>,
    pub p90: Option<f64>,
    pub p99: Option<f64>,
    #[serde(rename = "p99.9")]
    pub p99_9: Option<f64>,
    pub max: Option<f64>,
}

impl Default for Latency {
    fn default() -> Self {
        // Of fixed size: one that grows would clamp what it has no room for yet.
        let empty = Histogram::new_with_bounds(1, LONGEST_US, 3);
        Self(empty.unwrap_or_else(|_| unreachable!("three digits of these bounds are allowed")))
    }
}

impl Latency {
    /// Takes note of a time.
    pub fn record_ns(&mut self, ns: u64) {
        self.0.saturating_record((ns / 1000).min(LONGEST_US));
    }

    /// Adds another histogram.
    pub fn add(&mut self, other: &Self) {
        // All have the same bounds.
        let added = self.0.add(&other.0);
        debug_assert!(added.is_ok());
    }

    /// Forgets everything, and keeps the memory.
    pub fn clear(&mut self) {
        self.0.reset();
    }

    /// How many times are in it.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// Milliseconds below which a share of the times lies.
    #[must_use]
    pub fn quantile_ms(&self, share: f64) -> Option<f64> {
        (self.count() > 0).then(|| self.0.value_at_quantile(share) as f64 / 1000.0)
    }

    /// How many of the times are at most so long.
    #[must_use]
    pub fn count_up_to_s(&self, s: f64) -> u64 {
        self.0.count_between(0, (s * 1e6) as u64)
    }

    /// All times together, seconds.
    #[must_use]
    pub fn sum_s(&self) -> f64 {
        self.0.mean() * self.count() as f64 / 1e6
    }

    /// What it says.
    #[must_use]
    pub fn quantiles(&self) -> Quantiles {
        let some = |value: f64| (self.count() > 0).then_some(value / 1000.0);
        Quantiles {
            count: self.count(),
            min: some(self.0.min() as f64),
            mean: some(self.0.mean()),
            p50: self.quantile_ms(0.5),
            p90: self.quantile_ms(0.9),
            p99: self.quantile_ms(0.99),
            p99_9: self.quantile_ms(0.999),
            max: some(self.0.max() as f64),
        }
    }

    /// The distribution at fixed shares, four to each halving of what is left above: 0, 0.159, 0.293, 0.405, 0.5 and so on
    /// to where less than one of the times would be left, then 1. With each, the milliseconds below which it lies.
    #[must_use]
    pub fn curve(&self) -> Vec<(f64, f64)> {
        let left = (0..).map(|step| 0.5_f64.powf(f64::from(step) / 4.0));
        let inside = left.take_while(|left| left * self.count() as f64 >= 1.0).map(|left| 1.0 - left);
        let last = (self.count() > 0).then_some(1.0);
        inside.chain(last).filter_map(|share| Some((share, self.quantile_ms(share)?))).collect()
    }
}

/// As pairs of a time (microseconds) and how often it came: another process has the same histogram of them.
impl Serialize for Latency {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter_recorded().map(|step| (step.value_iterated_to(), step.count_at_value())))
    }
}

impl<'de> Deserialize<'de> for Latency {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut latency = Self::default();
        for (us, count) in Vec::<(u64, u64)>::deserialize(from)? {
            latency.0.saturating_record_n(us.min(LONGEST_US), count);
        }
        Ok(latency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_times() {
        let mut latency = Latency::default();
        (1..=1000_u64).for_each(|ms| latency.record_ns(ms * 1_000_000));
        let said = latency.quantiles();
        let near = |value: Option<f64>, ms: f64| value.is_some_and(|value| (value / ms - 1.0).abs() < 0.002);
        assert!(near(said.p50, 500.0) && near(said.p90, 900.0) && near(said.p99, 990.0), "{said:?}");
        assert!(near(said.max, 1000.0) && near(said.min, 1.0) && near(said.mean, 500.5), "{said:?}");
        let mut twice = latency.clone();
        twice.add(&latency);
        assert_eq!((twice.count(), Latency::default().quantiles().max), (2000, None));
        let told = serde_json::from_str::<Latency>(&serde_json::to_string(&latency).unwrap()).unwrap();
        let (there, here) = (told.quantiles(), latency.quantiles());
        assert_eq!((there.count, there.p50, there.p99, there.max), (here.count, here.p50, here.p99, here.max));
        assert!(near(there.mean, 500.5) && told.curve() == latency.curve());
    }
    #[test]
    fn the_curve_has_fixed_steps_and_ends_with_the_longest() {
        let mut latency = Latency::default();
        assert!(latency.curve().is_empty());
        (1..=1000_u64).for_each(|ms| latency.record_ns(ms * 1_000_000));
        let curve = latency.curve();
        // A thousand halves ten times, nearly; the last share is the whole.
        assert_eq!((curve.len(), curve[4].0, curve[8].0), (41, 0.5, 0.75), "{curve:?}");
        assert!(curve.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1), "{curve:?}");
        assert!((curve[4].1 - 500.0).abs() < 1.0 && (curve[40].1 - 1000.0).abs() < 1.0, "{curve:?}");
    }
}
