//! The device's clock: a quartz that runs a little fast or slow, set by satellites whenever there is a fix.

use crate::base::Timestamp;
use crate::base::rng::Stream;

/// Deviation of what quartzes are off, millionths (**assumed**: ±20 ppm is what their data sheets allow).
const DRIFT_PPM: f64 = 20.0;
/// A clock that was this little ahead waits until time has caught up, so that nothing is stamped before what was
/// stamped earlier; one further ahead steps back, milliseconds.
const WAITS_MS: i64 = 30_000;

/// A real-time clock.
#[derive(Debug, Clone)]
pub struct Rtc {
    /// How much faster it runs than time, millionths.
    drift_ppm: f32,
    /// When it was set.
    set: Timestamp,
    /// What it said last.
    said: Timestamp,
}

impl Rtc {
    /// A clock that is right at `now`.
    #[must_use]
    pub fn new(now: Timestamp, stream: &mut Stream) -> Self {
        Self { drift_ppm: (DRIFT_PPM * stream.normal()) as f32, set: now, said: now }
    }

    /// Satellites tell it what time it is.
    pub fn set(&mut self, now: Timestamp) {
        self.set = now;
    }

    /// What it says at `now` when somebody has put it forward by `skew_ms`.
    pub fn read(&mut self, now: Timestamp, skew_ms: i64) -> Timestamp {
        let drift_ms = now.millis_since(self.set) as f64 * f64::from(self.drift_ppm) * 1e-6;
        let shown = Timestamp(now.0 + skew_ms + drift_ms.round() as i64);
        let ahead_ms = self.said.millis_since(shown);
        if !(1..=WAITS_MS).contains(&ahead_ms) {
            self.said = shown;
        }
        self.said
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Purpose;

    const DAY_MS: i64 = 86_400_000;

    #[test]
    fn without_satellites_clocks_drift_apart_and_a_fix_sets_them() {
        let mut errors = Vec::new();
        for vehicle in 0..500 {
            let mut rtc = Rtc::new(Timestamp(0), &mut Stream::new(1, vehicle, Purpose::Modem));
            errors.push((rtc.read(Timestamp(DAY_MS), 0).0 - DAY_MS) as f64);
            rtc.set(Timestamp(DAY_MS));
            let later = DAY_MS + 60_000;
            assert!((rtc.read(Timestamp(later), 0).0 - later).abs() <= 6, "set again");
        }
        // 20 ppm of a day are 1.73 s.
        let spread = (errors.iter().map(|error| error * error).sum::<f64>() / 500.0).sqrt();
        assert!((1500.0..2000.0).contains(&spread), "{spread} ms");
    }

    #[test]
    fn a_clock_that_is_set_back_a_little_waits_and_one_far_ahead_steps() {
        let mut rtc = Rtc { drift_ppm: 50.0, set: Timestamp(0), said: Timestamp(0) };
        let ahead = rtc.read(Timestamp(DAY_MS), 0);
        assert_eq!(ahead, Timestamp(DAY_MS + 4320));
        rtc.set(Timestamp(DAY_MS + 1000));
        assert_eq!(rtc.read(Timestamp(DAY_MS + 1000), 0), ahead, "it waits");
        assert_eq!(rtc.read(Timestamp(DAY_MS + 5000), 0), Timestamp(DAY_MS + 5000));
        rtc.set(Timestamp(DAY_MS + 5000));
        assert_eq!(rtc.read(Timestamp(DAY_MS + 5000), 120_000), Timestamp(DAY_MS + 125_000), "skewed");
        assert_eq!(rtc.read(Timestamp(DAY_MS + 6000), 0), Timestamp(DAY_MS + 6000), "it steps back");
    }
}
