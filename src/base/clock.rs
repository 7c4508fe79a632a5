//! The one reader of the machine's time. A clock can run faster than the world, from a common epoch, so that several
//! processes given the same epoch and speed agree about what time it is.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::Timestamp;

/// Wall time, or wall time run faster: `epoch + (wall − epoch) × speed`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clock {
    epoch: Timestamp,
    speed: f64,
}

impl Clock {
    /// The machine's own time.
    #[must_use]
    pub fn wall() -> Self {
        Self { epoch: Timestamp(0), speed: 1.0 }
    }

    /// A clock that shows `epoch` when the machine does, and runs `speed` times as fast from there.
    #[must_use]
    pub fn fast(epoch: Timestamp, speed: f64) -> Self {
        Self { epoch, speed }
    }

    /// What time it is on this clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let wall = Self::read();
        if (self.speed - 1.0).abs() < f64::EPSILON {
            return wall;
        }
        self.epoch.plus_seconds(wall.seconds_since(self.epoch) * self.speed)
    }

    /// How long to sleep until this clock shows `time`; zero when it has passed.
    #[must_use]
    pub fn until(&self, time: Timestamp) -> Duration {
        let ahead_s = time.seconds_since(self.now()) / self.speed;
        Duration::try_from_secs_f64(ahead_s.max(0.0)).unwrap_or(Duration::MAX)
    }

    /// How many seconds of this clock pass in one of the world's.
    #[must_use]
    pub fn speed(&self) -> f64 {
        self.speed
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's time")]
    fn read() -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(0) + since_epoch
    }
}

/// Counts the time since it was started, never backwards: for intervals shorter than a [`Clock`] can tell.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch {
    start: Instant,
    /// Wall time at the start, nanoseconds since the Unix epoch.
    wall_ns: u64,
}

impl Stopwatch {
    /// Starts at zero.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "here the machine's time is read")]
    pub fn start() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { start: Instant::now(), wall_ns: u64::try_from(wall.as_nanos()).unwrap_or(u64::MAX) }
    }

    /// Nanoseconds since the start.
    #[must_use]
    pub fn ns(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Wall time, in nanoseconds since the Unix epoch, at `ns` after the start: what two processes on a machine can compare.
    #[must_use]
    pub fn wall_ns(&self, ns: u64) -> u64 {
        self.wall_ns.saturating_add(ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_clock_runs_ahead_of_the_wall() {
        let epoch = Timestamp(Clock::wall().now().0 - 10_000);
        let ahead_s = Clock::fast(epoch, 60.0).now().seconds_since(epoch);
        assert!((600.0..660.0).contains(&ahead_s), "{ahead_s}");
    }

    #[test]
    fn waits_are_shorter_on_a_fast_clock() {
        let clock = Clock::fast(Clock::wall().now(), 100.0);
        let wait = clock.until(clock.now() + Duration::from_secs(100));
        assert!(wait <= Duration::from_secs(1), "{wait:?}");
        assert_eq!(clock.until(Timestamp(0)), Duration::ZERO);
    }
}
