//! Waiting before the next attempt to connect: exponential with full jitter, so that a fleet that lost its broker does
//! not come back in step.

use std::time::Duration;

use crate::base::rng::{Purpose, Stream};

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(20);

/// The waits of one connection.
#[derive(Debug)]
pub struct Backoff {
    attempt: u32,
    stream: Stream,
}

impl Backoff {
    /// The waits of connection `number`; connections with different numbers wait differently.
    #[must_use]
    pub fn new(seed: u64, number: u32) -> Self {
        Self { attempt: 0, stream: Stream::new(seed, number, Purpose::Backoff) }
    }

    /// How long to wait now; longer with each call.
    pub fn next_wait(&mut self) -> Duration {
        let ceiling = FIRST.saturating_mul(1 << self.attempt.min(10)).min(LONGEST);
        self.attempt += 1;
        FIRST / 5 + ceiling.mul_f64(self.stream.unit())
    }

    /// The connection stands: begin with short waits again.
    pub fn reset(&mut self) {
        self.attempt = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_spread_and_stay_bounded() {
        let waits = |number| {
            let mut backoff = Backoff::new(1, number);
            (0..12).map(|_| backoff.next_wait()).collect::<Vec<_>>()
        };
        assert_ne!(waits(1), waits(2));
        let mean = |attempt: usize| (0..200).map(|n| waits(n)[attempt].as_secs_f64()).sum::<f64>() / 200.0;
        assert!(mean(4) > 4.0 * mean(0), "{} {}", mean(0), mean(4));
        assert!((0..200).flat_map(waits).all(|wait| wait <= LONGEST + FIRST));
    }
}
