//! Movement along a route: each stretch is ridden with one speed profile (accelerate, cruise, brake), perhaps with a
//! wait at its end. Evaluated in closed form when somebody asks, so the cost follows the reports, not the ticks.

use super::place::{Place, StreetClass};
use super::streets::Stretch;
use crate::base::Timestamp;
use crate::base::geodesy::Flat;
use crate::base::rng::Stream;
use crate::base::units::MetresPerSecond;

/// How the one who moves drives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Style {
    /// Highest speed on the flat, m/s.
    pub top_speed: f64,
    /// Highest speed up or down slopes above 6 %, m/s.
    pub hill_speed: f64,
    /// Acceleration, m/s².
    pub pull: f64,
    /// Braking, m/s².
    pub brake: f64,
    /// Probability of having to stop at the end of a stretch.
    pub stop_chance: f64,
}

/// Slope above which bikes slow down.
const STEEP: f64 = 0.06;
/// Speed through a junction without a stop, m/s.
const TURN_SPEED: f64 = 4.5;
/// Metres over which a vehicle moves between its yard and the street.
const YARD_EASE_M: f64 = 60.0;

/// Where somebody on the way is, and how fast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pose {
    /// Point in the place's frame.
    pub at: Flat,
    /// Metres above sea level.
    pub elevation: f64,
    /// Course, 0 to 360 from north.
    pub course: f64,
    /// Speed along the way.
    pub speed: MetresPerSecond,
    /// Metres since the start of the way.
    pub travelled: f64,
    /// Whether the sky is hidden.
    pub underground: bool,
    /// Whether high houses stand around.
    pub canyon: bool,
}

/// The profile of one stretch.
#[derive(Debug, Clone, Copy)]
struct Leg {
    begins: Timestamp,
    entry: f64,
    cruise: f64,
    exit: f64,
    pull_s: f64,
    cruise_s: f64,
    brake_s: f64,
    wait_s: f64,
}

impl Leg {
    /// A profile over `length` metres that enters with `entry` m/s and leaves with at most `exit`.
    fn plan(begins: Timestamp, length: f64, entry: f64, limit: f64, exit: f64, style: &Style, wait_s: f64) -> Self {
        let (a, b) = (style.pull, style.brake);
        // The fastest speed from which the exit speed can still be reached by braking within the length.
        let peak = ((length + entry * entry / (2.0 * a) + exit * exit / (2.0 * b)) / (0.5 / a + 0.5 / b)).sqrt();
        let reachable = (entry * entry + 2.0 * a * length).sqrt();
        let cruise = limit.min(peak).min(reachable).max(entry.min(limit)).max(0.5);
        // A stretch too short to brake on: leave faster rather than stop on the spot.
        let exit = exit.min(cruise).max((cruise * cruise - 2.0 * b * length).max(0.0).sqrt());
        let pull_s = ((cruise - entry) / a).max(0.0);
        let brake_s = ((cruise - exit) / b).max(0.0);
        let pull_m = if cruise > entry { (cruise * cruise - entry * entry) / (2.0 * a) } else { 0.0 };
        let brake_m = (cruise * cruise - exit * exit) / (2.0 * b);
        let cruise_s = ((length - pull_m - brake_m) / cruise).max(0.0);
        Self { begins, entry: entry.min(cruise), cruise, exit, pull_s, cruise_s, brake_s, wait_s }
    }

    fn ends(&self) -> Timestamp {
        self.begins.plus_seconds(self.pull_s + self.cruise_s + self.brake_s + self.wait_s)
    }

    /// Metres into the stretch and speed at `now`.
    fn at(&self, now: Timestamp) -> (f64, f64) {
        let mut t = now.seconds_since(self.begins).max(0.0);
        let mut metres = 0.0;
        for (seconds, from, to) in [
            (self.pull_s, self.entry, self.cruise),
            (self.cruise_s, self.cruise, self.cruise),
            (self.brake_s, self.cruise, self.exit),
        ] {
            if t < seconds {
                let speed = from + (to - from) * t / seconds;
                return (metres + f64::midpoint(from, speed) * t, speed);
            }
            metres += f64::midpoint(from, to) * seconds;
            t -= seconds;
        }
        (metres, if self.wait_s > 0.0 { 0.0 } else { self.exit })
    }
}

/// Somebody on the way from one spot to another.
#[derive(Debug, Clone)]
pub struct Journey {
    way: Vec<Stretch>,
    style: Style,
    aside: (Flat, Flat),
    total: f64,
    current: usize,
    passed: f64,
    leg: Leg,
}

impl Journey {
    /// Starts along `way` at `now`; `aside` is how far the first and the last spot lie off the street.
    #[must_use]
    pub fn start(
        place: &Place,
        way: Vec<Stretch>,
        aside: (Flat, Flat),
        style: Style,
        now: Timestamp,
        stream: &mut Stream,
    ) -> Self {
        let total = way.iter().map(Stretch::length).sum();
        let leg = Leg::plan(now, 0.0, 0.0, style.top_speed, 0.0, &style, 0.0);
        let mut journey = Self { way, style, aside, total, current: 0, passed: 0.0, leg };
        journey.leg = journey.plan_leg(place, now, 0.0, stream);
        journey
    }

    /// When the present stretch is done.
    #[must_use]
    pub fn next_change(&self) -> Timestamp {
        self.leg.ends()
    }

    /// Goes on to the next stretch when the present one is done; false when there is none: arrived.
    pub fn advance(&mut self, place: &Place, now: Timestamp, stream: &mut Stream) -> bool {
        while self.leg.ends() <= now {
            if self.current + 1 >= self.way.len() {
                return false;
            }
            self.passed += self.way[self.current].length();
            self.current += 1;
            let entry = if self.leg.wait_s > 0.0 { 0.0 } else { self.leg.exit };
            self.leg = self.plan_leg(place, self.leg.ends(), entry, stream);
        }
        true
    }

    /// Where it is at `now`, which must lie within the present stretch.
    #[must_use]
    pub fn pose(&self, place: &Place, now: Timestamp) -> Pose {
        let Some(stretch) = self.way.get(self.current) else {
            return Pose {
                at: self.aside.1,
                elevation: 0.0,
                course: 0.0,
                speed: MetresPerSecond(0.0),
                travelled: self.total,
                underground: false,
                canyon: false,
            };
        };
        let (metres, speed) = self.leg.at(now);
        let metres = metres.min(stretch.length());
        let offset = stretch.from + stretch.sign() * metres;
        let edge = &place.edges[usize::from(stretch.edge)];
        let (point, course) = edge.point(offset);
        let travelled = self.passed + metres;
        let ease = |distance: f64| (1.0 - distance / YARD_EASE_M.min(self.total / 2.0).max(1.0)).max(0.0);
        let nodes = [edge.from, edge.to].map(|node| &place.nodes[usize::from(node)]);
        Pose {
            at: point + self.aside.0 * ease(travelled) + self.aside.1 * ease(self.total - travelled),
            elevation: edge.elevation(offset),
            course: if stretch.sign() < 0.0 { (course + 180.0) % 360.0 } else { course },
            speed: MetresPerSecond(speed),
            travelled,
            underground: edge.class == StreetClass::Tunnel,
            canyon: nodes.iter().any(|node| node.canyon && node.at.distance(point).0 < 900.0),
        }
    }

    fn plan_leg(&self, place: &Place, now: Timestamp, entry: f64, stream: &mut Stream) -> Leg {
        let Some(stretch) = self.way.get(self.current) else {
            return Leg::plan(now, 0.0, 0.0, self.style.top_speed, 0.0, &self.style, 0.0);
        };
        let edge = &place.edges[usize::from(stretch.edge)];
        let hill = if edge.grade.abs() > STEEP { self.style.hill_speed } else { f64::INFINITY };
        let limit = edge.class.free_speed().0.min(self.style.top_speed).min(hill);
        let last = self.current + 1 == self.way.len();
        let red = !last && stream.chance(self.style.stop_chance);
        let wait_s = if red { stream.between(4.0, 55.0) } else { 0.0 };
        let exit = if last || red { 0.0 } else { TURN_SPEED.min(limit) };
        Leg::plan(now, stretch.length(), entry, limit, exit, &self.style, wait_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Purpose;
    use crate::sim::streets::{Spot, Traveller, route};

    const STYLE: Style = Style { top_speed: 12.0, hill_speed: 5.5, pull: 1.0, brake: 1.5, stop_chance: 0.4 };

    #[test]
    fn nobody_teleports_or_speeds() {
        let place = Place::parse(include_str!("../../config/place/chongqing.toml")).unwrap();
        for seed in 0..60 {
            let mut stream = Stream::new(seed, 0, Purpose::Motion);
            let (from, to) = (Spot::draw(&place, &mut stream), Spot::draw(&place, &mut stream));
            let way = route(&place, &from, &to, Traveller::EBike).unwrap();
            let start = Timestamp(0);
            let mut journey = Journey::start(&place, way, (from.aside, to.aside), STYLE, start, &mut stream);
            let mut last = journey.pose(&place, start);
            assert!(last.at.distance(from.at(&place)).0 < 1.0);
            let mut now = start;
            loop {
                now = now.plus_seconds(1.0);
                if !journey.advance(&place, now, &mut stream) {
                    break;
                }
                let pose = journey.pose(&place, now);
                let step = pose.at.distance(last.at).0;
                // Moving out of the yard adds to the way along the street.
                assert!(step <= STYLE.top_speed * 2.2 + 0.1, "seed {seed}: {step} m in a second");
                assert!(pose.travelled >= last.travelled - 1e-9, "seed {seed}: it went backwards");
                assert!((pose.speed.0 - last.speed.0).abs() <= 1.6, "seed {seed}: {:?} → {:?}", last.speed, pose.speed);
                assert!(now.0 < 6 * 3_600_000, "seed {seed}: it never arrives");
                last = pose;
            }
            assert!(last.at.distance(to.at(&place)).0 < 15.0, "seed {seed}: it arrives elsewhere");
        }
    }

    #[test]
    fn a_profile_covers_its_length() {
        for length in [1.0, 5.0, 30.0, 400.0] {
            for (entry, exit) in [(0.0, 0.0), (4.5, 0.0), (4.5, 4.5), (0.0, 4.5)] {
                let leg = Leg::plan(Timestamp(0), length, entry, 12.0, exit, &STYLE, 0.0);
                let (metres, _) = leg.at(leg.ends());
                let tolerance = if entry > 0.0 && length < 10.0 { 4.0 } else { 0.1 };
                assert!((metres - length).abs() < tolerance, "{length} m from {entry} to {exit}: {metres}");
            }
        }
    }
}
