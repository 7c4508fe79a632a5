//! Whether a measurement is worth anything: not when the generator itself was the bottleneck.

use super::latency::Latency;

/// How late the generator may hand over one message in a hundred, milliseconds (**assumed**: well below what people call
/// slow, well above the scheduling of an idle machine).
const MOST_LAG_MS: f64 = 20.0;
/// How much of the schedule it has to hand over in time.
const LEAST_OFFERED: f64 = 0.99;
/// A thread that is busy for more than this share of the time cannot tell its own delay from the broker's.
const MOST_BUSY: f64 = 0.95;

/// What the generator did.
#[derive(Debug)]
pub struct Effort<'a> {
    /// Messages that the schedule asked for.
    pub asked: f64,
    /// Messages handed over.
    pub offered: u64,
    /// Messages refused, because too many waited in the generator.
    pub unsent: u64,
    /// How late they were handed over.
    pub lag: &'a Latency,
    /// Share of the time that each thread was busy.
    pub busy: &'a [f64],
}

/// Why the measurement is not valid; empty when it is.
#[must_use]
pub fn faults(effort: &Effort<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    let offered = effort.offered as f64;
    // A message more or less at the edges is no fault.
    if offered + 2.0 < effort.asked * LEAST_OFFERED {
        let share = 100.0 * offered / effort.asked;
        faults.push(format!("it handed over {share:.1} % of what its schedule asked for"));
    }
    if let Some(lag_ms) = effort.lag.quantile_ms(0.99).filter(|lag_ms| *lag_ms > MOST_LAG_MS) {
        faults.push(format!(
            "it was {lag_ms:.1} ms late with one message in a hundred ({MOST_LAG_MS:.0} ms are allowed)"
        ));
    }
    let busiest = effort.busy.iter().copied().fold(0.0, f64::max);
    if busiest > MOST_BUSY {
        faults.push(format!("one of its threads was busy {:.0} % of the time", busiest * 100.0));
    }
    if effort.unsent > 0 {
        faults.push(format!("{} messages found no room in it", effort.unsent));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(offered: u64, unsent: u64, lag_ms: u64, busy: f64) -> Vec<String> {
        let mut lag = Latency::default();
        (0..100).for_each(|_| lag.record_ns(lag_ms * 1_000_000));
        faults(&Effort { asked: 1000.0, offered, unsent, lag: &lag, busy: &[0.1, busy] })
    }

    #[test]
    fn a_generator_that_keeps_up_is_valid_and_each_fault_is_named() {
        assert!(of(999, 0, 1, 0.5).is_empty());
        for (faults, word) in [
            (of(800, 0, 1, 0.5), "80.0 %"),
            (of(1000, 0, 50, 0.5), "50.0 ms"),
            (of(1000, 0, 1, 0.99), "busy 99 %"),
            (of(1000, 3, 1, 0.5), "3 messages"),
        ] {
            assert!(faults.len() == 1 && faults[0].contains(word), "{faults:?}");
        }
    }
}
