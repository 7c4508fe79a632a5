//! The BeiDou receiver: what separates the position it says from the true one.
//!
//! Errors wander (first-order Gauss–Markov) instead of jumping: 2–5 m under open sky, 10–30 m between high houses
//! (published receiver tests; specified horizontal accuracy of the system is 10 m at 95 %).

use super::place::Place;
use crate::base::Timestamp;
use crate::base::geodesy::Flat;
use crate::base::rng::Stream;
use crate::base::units::{Degrees, Metres, MetresPerSecond};
use crate::model::{Fix, Position};

/// Time over which the error forgets itself, seconds.
const CORRELATION_S: f64 = 70.0;
/// Deviation of each horizontal axis under open sky, metres.
const OPEN_SIGMA_M: f64 = 1.9;
/// The same between high houses.
const CANYON_SIGMA_M: f64 = 7.0;
/// Below this speed a receiver gives no course of its own, m/s.
const COURSE_SPEED: f64 = 0.8;

/// What the sky looks like from where the vehicle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sky {
    /// Few houses.
    Open,
    /// High houses on both sides.
    Canyon,
    /// None: tunnel or garage.
    Hidden,
}

/// A receiver and the state of its error.
#[derive(Debug, Clone)]
pub struct Receiver {
    stream: Stream,
    error: Flat,
    height_error: f64,
    sampled: Option<Timestamp>,
    course: f64,
}

impl Receiver {
    /// A receiver with its own randomness.
    #[must_use]
    pub fn new(stream: Stream) -> Self {
        Self { stream, error: Flat::default(), height_error: 0.0, sampled: None, course: 0.0 }
    }

    /// What it says at `now`, when the truth is `at`; `None` without a fix.
    pub fn fix(
        &mut self,
        place: &Place,
        now: Timestamp,
        at: Flat,
        elevation: f64,
        motion: (f64, f64),
        sky: Sky,
    ) -> Option<Position> {
        let sigma = match sky {
            Sky::Open => OPEN_SIGMA_M,
            Sky::Canyon => CANYON_SIGMA_M,
            Sky::Hidden => return None,
        };
        self.wander(now, sigma);
        let (speed, course) = motion;
        let said_speed = if speed < 0.05 { 0.0 } else { (speed + 0.12 * self.stream.normal()).max(0.0) };
        if said_speed > COURSE_SPEED {
            self.course = (course + 3.0 * self.stream.normal()).rem_euclid(360.0);
        }
        let satellites = match sky {
            Sky::Open => 14.0 + 6.0 * self.stream.unit(),
            Sky::Canyon | Sky::Hidden => 7.0 + 5.0 * self.stream.unit(),
        };
        // The dilution fits the error it comes with: few satellites, large error.
        let hdop = sigma / 2.6 * (1.0 + 0.15 * self.stream.normal()).clamp(0.7, 1.5);
        Some(Position {
            fix: if satellites > 7.5 { Fix::ThreeD } else { Fix::TwoD },
            at: place.frame.globe(at + self.error).quantised(),
            altitude: Metres(elevation + self.height_error).quantised(0.1),
            speed: MetresPerSecond(said_speed).quantised(0.01),
            heading: Degrees(self.course % 360.0).quantised(0.1),
            satellites: satellites as u8,
            hdop: (hdop.max(0.5) * 10.0).round() / 10.0,
        })
    }

    fn wander(&mut self, now: Timestamp, sigma: f64) {
        let keep = self.sampled.map_or(0.0, |then| (-now.seconds_since(then) / CORRELATION_S).exp());
        let fresh = sigma * (1.0 - keep * keep).sqrt();
        self.error.east = self.error.east * keep + fresh * self.stream.normal();
        self.error.north = self.error.north * keep + fresh * self.stream.normal();
        self.height_error = self.height_error * keep + 2.3 * fresh * self.stream.normal();
        self.sampled = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Purpose;

    fn errors_m(sky: Sky) -> Vec<f64> {
        let place = Place::parse(include_str!("../../config/place/chongqing.toml")).unwrap();
        let truth = Flat { east: 100.0, north: -50.0 };
        let mut all = Vec::new();
        for vehicle in 0..40 {
            let mut receiver = Receiver::new(Stream::new(5, vehicle, Purpose::Gnss));
            for second in 0..200 {
                let fix = receiver.fix(&place, Timestamp(second * 10_000), truth, 250.0, (0.0, 0.0), sky);
                all.extend(fix.map(|fix| place.frame.flat(fix.at).distance(truth).0));
            }
        }
        all.sort_by(f64::total_cmp);
        all
    }

    #[test]
    fn errors_have_the_published_size() {
        let p95 = |errors: &[f64]| errors[errors.len() * 95 / 100];
        let (open, canyon) = (errors_m(Sky::Open), errors_m(Sky::Canyon));
        assert!((2.5..6.0).contains(&p95(&open)), "open sky R95 {}", p95(&open));
        assert!((10.0..30.0).contains(&p95(&canyon)), "canyon R95 {}", p95(&canyon));
    }

    #[test]
    fn a_hidden_sky_gives_no_fix() {
        assert!(errors_m(Sky::Hidden).is_empty());
    }
}
