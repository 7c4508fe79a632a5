//! Randomness in keyed streams: (seed, vehicle, purpose) → its own generator, so that an extra draw for one purpose
//! never shifts another, and a vehicle lives the same life in whatever shard it is simulated.
//!
//! The generator is PCG32 (O'Neill 2014), named and portable, so that a seed means the same for ever.

use std::hash::Hasher;

use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, StandardNormal, StandardUniform};
use rand_pcg::Pcg32;
use siphasher::sip::SipHasher13;

/// What a stream of random numbers is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Purpose {
    /// Which model, pack and rider a vehicle has; spread of its cells.
    Build = 1,
    /// Where and when its rider goes.
    Trips = 2,
    /// Lights, pauses, how hard it is ridden.
    Motion = 3,
    /// Errors of its BeiDou receiver.
    Gnss = 4,
    /// Noise of its other sensors.
    Sensors = 5,
    /// Delays and losses of its modem.
    Modem = 6,
    /// What befalls whom and when; here the number is that of the scenario's entry instead of a vehicle's.
    Incident = 7,
    /// Waits before it connects again.
    Backoff = 8,
    /// Details of an incident while it happens; here the number is the incident's instead of a vehicle's.
    Fate = 20,
    /// A second device that speaks in a vehicle's name; the number is the incident's.
    Twin = 21,
    /// Errors of that device's receiver.
    TwinGnss = 22,
    /// Whom an incident befalls that is asked for while a run goes on; the number is the incident's.
    Asked = 23,
    /// Local streets of a place; here the number is a node's instead of a vehicle's.
    Streets = 64,
    /// Rain and wind of a run; the number is 0.
    Weather = 65,
    /// Stations of a place.
    Stations = 66,
    /// Base stations of a place; here the number is a station's instead of a vehicle's.
    Radio = 67,
}

/// One stream of random numbers.
#[derive(Debug, Clone)]
pub struct Stream(Pcg32);

impl Stream {
    /// The stream for one purpose of one vehicle under a seed.
    #[must_use]
    pub fn new(seed: u64, vehicle: u32, purpose: Purpose) -> Self {
        let mut hasher = SipHasher13::new_with_keys(seed, 0x7a68_696c_6961_6e00);
        hasher.write(&vehicle.to_le_bytes());
        hasher.write(&[purpose as u8]);
        Self(Pcg32::seed_from_u64(hasher.finish()))
    }

    /// 32 random bits.
    pub fn word(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        StandardUniform.sample(&mut self.0)
    }

    /// Uniform in [low, high).
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// True with the given probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of `0..count`; 0 when `count` is 0.
    pub fn index(&mut self, count: usize) -> usize {
        ((self.unit() * count as f64) as usize).min(count.saturating_sub(1))
    }

    /// Normal with mean 0 and deviation 1.
    pub fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }

    /// Log-normal with the given median; `sigma` is the deviation of the logarithm.
    pub fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * (sigma * self.normal()).exp()
    }

    /// Exponential with the given mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_keyed_and_portable() {
        let first = |vehicle, purpose| Stream::new(7, vehicle, purpose).unit();
        // A golden number: a seed must mean the same on every machine and in every release.
        assert!((first(0, Purpose::Trips) - GOLDEN).abs() < 1e-15, "{:?}", first(0, Purpose::Trips));
        assert!((first(0, Purpose::Trips) - first(0, Purpose::Motion)).abs() > 1e-9);
        assert!((first(0, Purpose::Trips) - first(1, Purpose::Trips)).abs() > 1e-9);
    }

    const GOLDEN: f64 = 0.620_147_604_187_286_2;

    #[test]
    fn draws_have_the_asked_mean() {
        let mut stream = Stream::new(1, 1, Purpose::Build);
        let mean = (0..20_000).map(|_| stream.exponential(5.0)).sum::<f64>() / 20_000.0;
        assert!((mean - 5.0).abs() < 0.15, "{mean}");
        assert_eq!(stream.index(0), 0);
        assert!((0..1000).all(|_| stream.index(3) < 3));
    }
}
