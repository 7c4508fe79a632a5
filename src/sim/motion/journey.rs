//! Somebody on the way from one spot to another.

use super::effort::{Effort, Resistance};
use super::leg::Leg;
use super::planner::{Course, Planner};
use super::style::Style;
use crate::base::Timestamp;
use crate::base::geodesy::Flat;
use crate::base::rng::Stream;
use crate::base::units::MetresPerSecond;
use crate::sim::gnss::Sky;
use crate::sim::place::{Place, StreetClass};
use crate::sim::streets::Stretch;

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

impl Pose {
    /// What its receiver sees of the sky.
    #[must_use]
    pub fn sky(&self) -> Sky {
        match (self.underground, self.canyon) {
            (true, _) => Sky::Hidden,
            (false, true) => Sky::Canyon,
            (false, false) => Sky::Open,
        }
    }
}

/// Somebody on the way from one spot to another.
#[derive(Debug, Clone)]
pub struct Journey {
    way: Vec<Stretch>,
    aside: (Flat, Flat),
    total: f64,
    course: Course,
    leg: Leg,
    /// The stretch in which the leg begins, and the metres before that stretch.
    begins_in: (u32, f64),
    /// Metres before the leg.
    before: f64,
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
        let course = Course::start(style, stream);
        let mut journey = Self { way, aside, total, course, leg: Leg::new(now, 0.0), begins_in: (0, 0.0), before: 0.0 };
        journey.course.enter(place, &journey.way, stream);
        journey.plan_leg(place, stream);
        journey
    }

    /// When the present leg is done.
    #[must_use]
    pub fn next_change(&self) -> Timestamp {
        self.leg.ends()
    }

    /// Metres from start to end.
    #[must_use]
    pub fn length(&self) -> f64 {
        self.total
    }

    /// Goes on to the next leg when the present one is done; false when there is none: arrived.
    pub fn advance(&mut self, place: &Place, now: Timestamp, stream: &mut Stream) -> bool {
        while self.leg.ends() <= now {
            if self.course.arrived(self.total) {
                return false;
            }
            self.plan_leg(place, stream);
        }
        true
    }

    /// Whether the vehicle's own motor moves it.
    #[must_use]
    pub fn is_driven(&self) -> bool {
        self.course.style().lift.is_finite()
    }

    /// What the motor was taken to lift when this was planned, m/s: its power over the weight.
    #[must_use]
    pub fn lift(&self) -> f64 {
        self.course.style().lift.into()
    }

    /// Goes on in another style from `now`, which must lie within the present leg.
    pub fn change_style(&mut self, place: &Place, style: Style, now: Timestamp, stream: &mut Stream) {
        let (metres, speed) = self.leg.at(now);
        let travelled = (self.before + metres).min(self.total);
        self.course.resume(style, self.stretch_at(travelled), travelled);
        self.course.enter(place, &self.way, stream);
        self.leg = Leg::new(now, speed);
        self.plan_leg(place, stream);
    }

    /// The work from `from` to `until` (both within the present leg) against a resistance; a motor takes up at most
    /// `most_w` of braking.
    #[must_use]
    pub fn effort(&self, from: Timestamp, until: Timestamp, against: &Resistance, most_w: f64) -> Effort {
        self.leg.effort(from, until, against, most_w)
    }

    /// Number of the stretch that lies so many metres from the start (not before the present leg), and the metres
    /// before that stretch.
    fn stretch_at(&self, travelled: f64) -> (u32, f64) {
        let (mut index, mut passed) = self.begins_in;
        while index as usize + 1 < self.way.len() && travelled > passed + self.way[index as usize].length() {
            passed += self.way[index as usize].length();
            index += 1;
        }
        (index, passed)
    }

    fn plan_leg(&mut self, place: &Place, stream: &mut Stream) {
        self.begins_in = self.course.stretch();
        self.before = self.course.travelled();
        let leg = Leg::new(self.leg.ends(), self.leg.speed());
        let planner = Planner { place, way: &self.way, total: self.total, course: &mut self.course, leg, stream };
        self.leg = planner.plan();
    }

    /// Where it is at `now`, which must lie within the present leg.
    #[must_use]
    pub fn pose(&self, place: &Place, now: Timestamp) -> Pose {
        let (metres, speed) = self.leg.at(now);
        let travelled = (self.before + metres).min(self.total);
        let (index, passed) = self.stretch_at(travelled);
        let Some(stretch) = self.way.get(index as usize) else {
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
        let offset = stretch.from + stretch.sign() * (travelled - passed).min(stretch.length());
        let edge = &place.edges[usize::from(stretch.edge)];
        let (point, course) = edge.point(offset);
        let ease = |distance: f64| (1.0 - distance / YARD_EASE_M.min(self.total / 2.0).max(1.0)).max(0.0);
        Pose {
            at: point + self.aside.0 * ease(travelled) + self.aside.1 * ease(self.total - travelled),
            elevation: edge.elevation(offset),
            course: if stretch.sign() < 0.0 { (course + 180.0) % 360.0 } else { course },
            speed: MetresPerSecond(speed),
            travelled,
            underground: edge.class == StreetClass::Tunnel,
            canyon: place.is_canyon(edge, point),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Purpose;
    use crate::sim::streets::{Spot, Traveller, route};

    /// Rides a way and looks at it every second.
    fn ride(place: &Place, style: Style, seed: u64, each: &mut dyn FnMut(&Pose, &Pose)) {
        let mut stream = Stream::new(seed, 0, Purpose::Motion);
        let (from, to) = (Spot::draw(place, &mut stream), Spot::draw(place, &mut stream));
        let way = route(place, &from, &to, Traveller::EBike).unwrap();
        let start = Timestamp(0);
        let mut journey = Journey::start(place, way, (from.aside(), to.aside()), style, start, &mut stream);
        let mut last = journey.pose(place, start);
        assert!(last.at.distance(from.at(place)).0 < 1.0);
        let mut now = start;
        loop {
            now = now.plus_seconds(1.0);
            if !journey.advance(place, now, &mut stream) {
                break;
            }
            let pose = journey.pose(place, now);
            each(&last, &pose);
            assert!(now.0 < 12 * 3_600_000, "seed {seed}: it never arrives");
            last = pose;
        }
        assert!(last.at.distance(to.at(place)).0 < 15.0, "seed {seed}: it arrives elsewhere");
        assert!(journey.length() - last.travelled < 2.0, "seed {seed}: it stops {} m short", journey.length());
    }

    #[test]
    fn nobody_teleports_or_speeds() {
        let place = Place::parse(include_str!("../../../config/place/chongqing.toml")).unwrap();
        let bike = Style::rider(MetresPerSecond::from_kmh(25.0), 0.3);
        let fast = Style::rider(MetresPerSecond::from_kmh(60.0), 1.0);
        for seed in 0..90 {
            let style = [bike, fast, Style::VAN][seed as usize % 3];
            // A pull or a braking differs from the usual by a factor up to e; a red light may ask for half as much again.
            let hardest = style.brake * 2.75 * 1.6;
            ride(&place, style, seed, &mut |last, pose| {
                let step = pose.at.distance(last.at).0;
                // Moving out of the yard adds to the way along the street.
                assert!(step <= style.ceiling * 2.2 + 0.1, "seed {seed}: {step} m in a second");
                let moved = pose.travelled - last.travelled;
                // Legs end on a whole millisecond.
                assert!((-1e-9..=style.ceiling + 0.02).contains(&moved), "seed {seed}: {moved} m in a second");
                assert!(pose.speed.0 <= style.ceiling + 1e-6);
                let change = pose.speed.0 - last.speed.0;
                assert!(change.abs() <= hardest, "seed {seed}: {:?} → {:?}", last.speed, pose.speed);
            });
        }
    }

    #[test]
    fn somebody_can_get_off_and_push() {
        let place = Place::parse(include_str!("../../../config/place/chongqing.toml")).unwrap();
        let fast = Style::rider(MetresPerSecond::from_kmh(60.0), 0.0);
        for seed in 0..20 {
            let mut stream = Stream::new(seed, 0, Purpose::Motion);
            let (from, to) = (Spot::draw(&place, &mut stream), Spot::draw(&place, &mut stream));
            let way = route(&place, &from, &to, Traveller::EBike).unwrap();
            let aside = (from.aside(), to.aside());
            let mut journey = Journey::start(&place, way, aside, fast, Timestamp(0), &mut stream);
            let mut last = journey.pose(&place, Timestamp(0));
            for second in 1..200_000 {
                let now = Timestamp(second * 1000);
                if !journey.advance(&place, now, &mut stream) {
                    break;
                }
                let pose = journey.pose(&place, now);
                assert!(pose.at.distance(last.at).0 < 40.0, "seed {seed}: it jumps");
                assert!(second < 140 || pose.speed.0 <= Style::ON_FOOT.ceiling + 1e-6, "seed {seed}: {pose:?}");
                if second == 100 {
                    journey.change_style(&place, Style::ON_FOOT, now, &mut stream);
                    assert!(journey.pose(&place, now).at.distance(pose.at).0 < 0.01, "seed {seed}: it jumps");
                }
                last = pose;
            }
            assert!(last.at.distance(to.at(&place)).0 < 15.0, "seed {seed}: it arrives elsewhere");
        }
    }

    #[test]
    fn a_journey_stays_small() {
        assert!(size_of::<Journey>() <= 400, "{} bytes", size_of::<Journey>());
    }
}
