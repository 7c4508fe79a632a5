//! What separates the position that a receiver says from the true one.
//!
//! Errors wander (first-order Gauss–Markov) instead of jumping. Their size: a phone that uses BeiDou alone errs by 2.88 m
//! at 95 % under open sky; 10–30 m between high houses (published tests; the system's specified accuracy is 10 m at
//! 95 %). How long an error lasts is **assumed**: no long recording at a known point is at hand.

use crate::base::Timestamp;
use crate::base::geodesy::Flat;
use crate::base::rng::Stream;
use crate::base::units::{Degrees, Metres, MetresPerSecond, nearest};
use crate::model::{Fix, Position};
use crate::sim::place::Place;

/// Time over which the error of a standing receiver forgets itself, seconds (assumed; 30–120 s is usual).
const FORGET_S: f64 = 70.0;
/// Distance over which reflections change altogether, metres (assumed: a few house fronts).
const FORGET_M: f64 = 80.0;
/// Height errors compared with those of one horizontal axis (2–3 times, published).
const HEIGHT_RATIO: f64 = 2.3;
/// Below this speed a receiver gives no course of its own, m/s.
const COURSE_SPEED: f64 = 0.8;
/// Share of fixes that lie far off and return with the next (measured on still e-scooters: 0.018 %).
const SPIKE_SHARE: f64 = 0.000_18;
/// Up to this long without sky the satellites' orbits are still good: hot start, seconds.
const HOT_S: f64 = 2.0 * 3600.0;
/// Up to this long the almanac and the clock are: warm start, seconds.
const WARM_S: f64 = 7.0 * 86_400.0;
/// Time over which the jump after finding the satellites again fades, seconds: 5 % is left after 5 s.
const SETTLE_S: f64 = 1.7;

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

impl Sky {
    /// Satellites used, mean and deviation. Recorded receivers under open sky use 4–12.
    fn satellites(self) -> (f64, f64) {
        match self {
            Self::Open => (9.5, 1.6),
            Self::Canyon | Self::Hidden => (6.0, 1.1),
        }
    }

    /// Error of one horizontal axis at a dilution of 1, metres.
    fn ranging_m(self) -> f64 {
        match self {
            Self::Open => 1.2,
            Self::Canyon | Self::Hidden => 6.5,
        }
    }
}

/// Dilution with a number of satellites: fitted to recorded 1.3, 1.2 and 1.1 with 5, 6 and 7.
fn dilution(satellites: f64) -> f64 {
    0.55 + 3.9 / satellites
}

/// What the receiver is doing.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    /// It has no sky since.
    Dark { since: Timestamp },
    /// It has sky and looks for satellites until.
    Seeking { until: Timestamp },
    /// It has a fix, the first of which was off by `jump`, since.
    Fixed { since: Timestamp, jump: Flat },
}

/// A receiver and the state of its error.
#[derive(Debug, Clone)]
pub struct Receiver {
    stream: Stream,
    phase: Phase,
    error: Flat,
    height_error: f64,
    /// How many satellites it has compared with what is usual, in deviations.
    wealth: f64,
    /// When and where the error was drawn last.
    sampled: Option<(Timestamp, Flat)>,
    course: f64,
}

impl Receiver {
    /// A receiver with its own randomness that has had a fix for long.
    #[must_use]
    pub fn new(stream: Stream) -> Self {
        let phase = Phase::Fixed { since: Timestamp(0), jump: Flat::default() };
        Self { stream, phase, error: Flat::default(), height_error: 0.0, wealth: 0.0, sampled: None, course: 0.0 }
    }

    /// Tells it what the sky looks like from `now` on. To be called when that changes; [`Receiver::fix`] does it too.
    pub fn look(&mut self, now: Timestamp, sky: Sky) {
        self.phase = match (self.phase, sky) {
            (Phase::Dark { since }, Sky::Open | Sky::Canyon) => {
                let dark_s = now.seconds_since(since);
                Phase::Seeking { until: now.plus_seconds(first_fix_s(dark_s, &mut self.stream)) }
            }
            (Phase::Seeking { until }, Sky::Open | Sky::Canyon) if until <= now => {
                // The first fix after a pause is off by 10–30 m (recorded: 30 m in the first second).
                let (metres, angle) =
                    (self.stream.between(10.0, 30.0), self.stream.between(0.0, std::f64::consts::TAU));
                let jump = Flat { east: metres * angle.sin(), north: metres * angle.cos() };
                Phase::Fixed { since: until, jump }
            }
            (Phase::Fixed { .. } | Phase::Seeking { .. }, Sky::Hidden) => Phase::Dark { since: now },
            (phase, _) => phase,
        };
    }

    /// Whether it knew where it is, and what time, when it was last told of the sky.
    #[must_use]
    pub fn has_fix(&self) -> bool {
        matches!(self.phase, Phase::Fixed { .. })
    }

    /// What it says at `now`, when the truth is `at`; `None` without a fix. `motion` is speed in m/s and course.
    pub fn fix(
        &mut self,
        place: &Place,
        now: Timestamp,
        at: Flat,
        elevation: f64,
        motion: (f64, f64),
        sky: Sky,
    ) -> Option<Position> {
        self.look(now, sky);
        let Phase::Fixed { since, jump } = self.phase else { return None };
        let keep = self
            .sampled
            .map_or(0.0, |(then, there)| (-now.seconds_since(then) / FORGET_S - at.distance(there).0 / FORGET_M).exp());
        self.wealth = self.wealth * keep + (1.0 - keep * keep).sqrt() * self.stream.normal();
        let (usual, spread) = sky.satellites();
        let satellites = nearest(usual + spread * self.wealth).clamp(4.0, 14.0);
        let sigma = sky.ranging_m() * dilution(satellites);
        self.wander(keep, sigma);
        self.sampled = Some((now, at));
        let settling = jump * (-now.seconds_since(since) / SETTLE_S).exp();
        let spike = self.spike();
        let (speed, course) = motion;
        let said_speed = if speed < 0.05 { 0.0 } else { (speed + 0.12 * self.stream.normal()).max(0.0) };
        if said_speed > COURSE_SPEED {
            self.course = (course + 3.0 * self.stream.normal()).rem_euclid(360.0);
        }
        let hdop = dilution(satellites) * (1.0 + 0.05 * self.stream.normal()).clamp(0.85, 1.15);
        Some(Position {
            fix: if satellites > 4.5 { Fix::ThreeD } else { Fix::TwoD },
            at: place.frame.globe(at + self.error + settling + spike).quantised(),
            altitude: Metres(elevation + self.height_error).quantised(0.1),
            speed: MetresPerSecond(said_speed).quantised(0.01),
            heading: Degrees(self.course % 360.0).quantised(0.1),
            satellites: satellites as u8,
            hdop: nearest(hdop * 10.0) / 10.0,
        })
    }

    fn wander(&mut self, keep: f64, sigma: f64) {
        let fresh = sigma * (1.0 - keep * keep).sqrt();
        self.error.east = self.error.east * keep + fresh * self.stream.normal();
        self.error.north = self.error.north * keep + fresh * self.stream.normal();
        self.height_error = self.height_error * keep + HEIGHT_RATIO * fresh * self.stream.normal();
    }

    /// Almost always nothing; now and then more than 50 m for a single fix.
    fn spike(&mut self) -> Flat {
        if !self.stream.chance(SPIKE_SHARE) {
            return Flat::default();
        }
        let metres = (60.0 + self.stream.exponential(40.0)).min(300.0);
        let angle = self.stream.between(0.0, std::f64::consts::TAU);
        Flat { east: metres * angle.sin(), north: metres * angle.cos() }
    }
}

/// Time to the first fix after `dark_s` seconds without sky, seconds (data sheets of common modules: hot below 1, warm
/// below 25, cold 26–35).
fn first_fix_s(dark_s: f64, stream: &mut Stream) -> f64 {
    if dark_s < HOT_S {
        stream.between(0.2, 1.0)
    } else if dark_s < WARM_S {
        stream.between(3.0, 25.0)
    } else {
        stream.between(26.0, 35.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Purpose;

    const TRUTH: Flat = Flat { east: 100.0, north: -50.0 };

    fn place() -> Place {
        Place::parse(include_str!("../../../config/place/chongqing.toml")).unwrap()
    }

    /// Fixes of many standing receivers, one each ten seconds: error in metres and what was said.
    fn standing(sky: Sky) -> Vec<(f64, Position)> {
        let place = place();
        let mut all = Vec::new();
        for vehicle in 0..60 {
            let mut receiver = Receiver::new(Stream::new(5, vehicle, Purpose::Gnss));
            for second in 0..500 {
                let fix = receiver.fix(&place, Timestamp(second * 10_000), TRUTH, 250.0, (0.0, 0.0), sky);
                all.extend(fix.map(|fix| (place.frame.flat(fix.at).distance(TRUTH).0, fix)));
            }
        }
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        all
    }

    #[test]
    fn errors_have_the_published_size() {
        let p95 = |fixes: &[(f64, Position)]| fixes[fixes.len() * 95 / 100].0;
        let (open, canyon) = (p95(&standing(Sky::Open)), p95(&standing(Sky::Canyon)));
        println!("R95 open {open:.2} m, canyon {canyon:.2} m");
        assert!((2.6..3.2).contains(&open), "open sky R95 {open}");
        assert!((10.0..30.0).contains(&canyon), "canyon R95 {canyon}");
    }

    #[test]
    fn satellites_and_dilution_fit_the_error() {
        let fixes = standing(Sky::Open);
        let error = |test: &dyn Fn(f64) -> bool| {
            let chosen: Vec<f64> = fixes.iter().filter(|(_, fix)| test(fix.hdop)).map(|(error, _)| *error).collect();
            chosen.iter().sum::<f64>() / chosen.len() as f64
        };
        let ratio = error(&|hdop| hdop >= 1.1) / error(&|hdop| hdop <= 0.9);
        assert!((1.1..1.6).contains(&ratio), "poor over good geometry: {ratio}");
        assert!(fixes.iter().all(|(_, fix)| (4..=14).contains(&fix.satellites) && (0.7..=2.3).contains(&fix.hdop)));
        let recorded = fixes.iter().filter(|(_, fix)| (5..=7).contains(&fix.satellites));
        assert!(recorded.clone().count() > 100);
        for (_, fix) in recorded {
            assert!((0.9..=1.6).contains(&fix.hdop), "{fix:?}");
        }
    }

    #[test]
    fn a_hidden_sky_gives_no_fix() {
        assert!(standing(Sky::Hidden).is_empty());
    }

    #[test]
    fn after_a_tunnel_it_jumps_and_settles() {
        let place = place();
        let (mut first, mut later) = (Vec::new(), Vec::new());
        for vehicle in 0..200 {
            let mut receiver = Receiver::new(Stream::new(9, vehicle, Purpose::Gnss));
            receiver.look(Timestamp(0), Sky::Hidden);
            receiver.look(Timestamp(60_000), Sky::Open);
            let mut error = |ms: i64| {
                let fix = receiver.fix(&place, Timestamp(60_000 + ms), TRUTH, 250.0, (0.0, 0.0), Sky::Open);
                fix.map(|fix| place.frame.flat(fix.at).distance(TRUTH).0)
            };
            assert_eq!(error(100), None, "it needs time");
            first.push(error(1000).expect("a hot start takes less than a second"));
            later.push(error(9000).expect("a fix"));
        }
        let mean = |errors: &[f64]| errors.iter().sum::<f64>() / errors.len() as f64;
        assert!((8.0..30.0).contains(&mean(&first)), "{}", mean(&first));
        assert!(mean(&later) < 2.5, "{}", mean(&later));
    }

    #[test]
    fn the_longer_the_dark_the_later_the_fix() {
        let mut stream = Stream::new(1, 1, Purpose::Gnss);
        for (dark_s, low, high) in [(60.0, 0.0, 1.0), (86_400.0, 1.0, 25.0), (3e6, 26.0, 35.0)] {
            for _ in 0..100 {
                assert!((low..=high).contains(&first_fix_s(dark_s, &mut stream)), "after {dark_s} s");
            }
        }
    }

    #[test]
    fn spikes_are_rare_and_return() {
        let place = place();
        let mut receiver = Receiver::new(Stream::new(2, 1, Purpose::Gnss));
        let count = 400_000;
        let mut spikes = 0;
        let mut before = false;
        for second in 0..count {
            let fix = receiver.fix(&place, Timestamp(second * 1000), TRUTH, 250.0, (0.0, 0.0), Sky::Open).unwrap();
            let far = place.frame.flat(fix.at).distance(TRUTH).0 > 50.0;
            assert!(!(far && before), "it does not return");
            before = far;
            spikes += i32::from(far);
        }
        let share = f64::from(spikes) / count as f64;
        assert!((0.000_1..0.000_3).contains(&share), "{share}");
    }
}
