//! Waiting before the next attempt to connect: exponential with full jitter, so that a fleet that lost its broker does
//! not come back in step.

use std::time::Duration;

use crate::base::rng::{Purpose, Stream};

/// The ceiling of a vehicle's first wait, and the highest.
const VEHICLE: (Duration, Duration) = (Duration::from_millis(800), Duration::from_secs(20));
/// The same for a collector: back before its vehicles, so that what they kept finds a subscriber.
const COLLECTOR: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(3));

/// The waits of one connection.
#[derive(Debug)]
pub struct Backoff {
    attempt: u32,
    first: Duration,
    longest: Duration,
    stream: Stream,
}

impl Backoff {
    /// The waits of vehicle `number`; vehicles with different numbers wait differently.
    #[must_use]
    pub fn of_vehicle(seed: u64, number: u32) -> Self {
        Self::new(VEHICLE, Stream::new(seed, number, Purpose::Backoff))
    }

    /// The waits of a collector.
    #[must_use]
    pub fn of_collector(seed: u64) -> Self {
        Self::new(COLLECTOR, Stream::new(seed, 0, Purpose::Backoff))
    }

    fn new((first, longest): (Duration, Duration), stream: Stream) -> Self {
        Self { attempt: 0, first, longest, stream }
    }

    /// How long to wait now; longer with each call.
    pub fn next_wait(&mut self) -> Duration {
        let ceiling = self.first.saturating_mul(1 << self.attempt.min(10)).min(self.longest);
        self.attempt += 1;
        self.first / 4 + ceiling.mul_f64(self.stream.unit())
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
            let mut backoff = Backoff::of_vehicle(1, number);
            (0..12).map(|_| backoff.next_wait()).collect::<Vec<_>>()
        };
        assert_ne!(waits(1), waits(2));
        let mean = |attempt: usize| (0..200).map(|n| waits(n)[attempt].as_secs_f64()).sum::<f64>() / 200.0;
        assert!(mean(4) > 4.0 * mean(0), "{} {}", mean(0), mean(4));
        assert!((0..200).flat_map(waits).all(|wait| wait <= VEHICLE.1 + VEHICLE.0));
    }
}
