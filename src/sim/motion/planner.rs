//! Plans legs: what a rider does with what lies ahead.
//!
//! Everything ahead is either a mark where something begins (a slow-down, a stop between junctions) or a bound that is
//! met with a speed (the end of the way, a red light, a sharp turn, a slower street). A piece of constant acceleration
//! is cut where the first mark lies or where braking for the first bound has to begin; both have a closed form.

use super::leg::Leg;
use super::style::{Style, slow_to, spread, wait_s};
use crate::base::rng::Stream;
use crate::sim::place::{Place, StreetClass};
use crate::sim::streets::Stretch;

/// Time between two values of the fluctuating speed, seconds.
const STEP_S: f64 = 1.5;
/// What is left of the fluctuation after that time, when it forgets itself over 6 s: exp(−1.5/6), and what comes in.
const KEPT: f64 = 0.778_800_783_071_404_9;
const FRESH: f64 = 0.627_271_345_023_321_3;
/// How long the low speed of a slow-down is held, seconds.
const HOLD_S: f64 = 2.5;
/// Slope above which bikes slow down.
const STEEP: f64 = 0.06;
/// Change of course at a junction that counts as a sharp turn, degrees.
const SHARP: f64 = 50.0;
/// A red light is passed (it was still yellow) when stopping would take more than this times the usual braking.
const HARD: f64 = 1.5;
/// Distances below this are none, metres.
const NEAR_M: f64 = 0.05;

/// What a rider knows between two legs.
#[derive(Debug, Clone)]
pub struct Course {
    style: Style,
    /// Deviation of the speed while cruising on this trip, of the cruising speed.
    ripple: f64,
    /// The present value of the fluctuation, in deviations.
    wave: f64,
    /// Acceleration and braking of the present event, m/s².
    pull: f64,
    brake: f64,
    /// Metres from the start at which the next slow-down and the next stop begin.
    slow_at: f64,
    stop_at: f64,
    travelled: f64,
    index: u32,
    /// Metres before the present stretch.
    passed: f64,
    /// Whether the light at its end is red.
    red: bool,
    /// How long to stand before going on.
    wait_s: f64,
}

impl Course {
    /// The beginning of a trip.
    #[must_use]
    pub fn start(style: Style, stream: &mut Stream) -> Self {
        Self {
            style,
            ripple: style.ripple * (0.35 * stream.normal()).clamp(-1.0, 1.0).exp(),
            wave: stream.normal(),
            pull: spread(style.pull, stream),
            brake: spread(style.brake, stream),
            slow_at: stream.exponential(1000.0 / f64::from(style.slows_per_km)),
            stop_at: stream.exponential(1000.0 / f64::from(style.stops_per_km)),
            travelled: 0.0,
            index: 0,
            passed: 0.0,
            red: false,
            wait_s: 0.0,
        }
    }

    /// How the rider drives.
    #[must_use]
    pub fn style(&self) -> &Style {
        &self.style
    }

    /// Goes on in another style from within a stretch: its number and the metres before it, and the metres from the
    /// start. What was to happen next stays ahead.
    pub fn resume(&mut self, style: Style, (index, passed): (u32, f64), travelled: f64) {
        self.style = style;
        (self.index, self.passed, self.travelled) = (index, passed, travelled);
        self.wait_s = 0.0;
    }

    /// Number of the present stretch, and the metres before it.
    #[must_use]
    pub fn stretch(&self) -> (u32, f64) {
        (self.index, self.passed)
    }

    /// Metres since the start.
    #[must_use]
    pub fn travelled(&self) -> f64 {
        self.travelled
    }

    /// Whether the end of the way is reached.
    #[must_use]
    pub fn arrived(&self, total: f64) -> bool {
        self.travelled >= total - NEAR_M
    }

    /// Draws the light at the end of the stretch just entered.
    pub fn enter(&mut self, place: &Place, way: &[Stretch], stream: &mut Stream) {
        let Some(stretch) = way.get(self.index as usize) else { return };
        let edge = &place.edges[usize::from(stretch.edge)];
        let node = if stretch.sign() > 0.0 { edge.to } else { edge.from };
        let last = self.index as usize + 1 == way.len();
        self.red = !last && place.has_lights(node) && stream.chance(self.style.red_chance.into());
    }
}

/// Something ahead that is met with a speed.
#[derive(Debug, Clone, Copy)]
struct Bound {
    /// Metres ahead.
    ahead: f64,
    speed: f64,
}

/// How a piece ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// As wished, or at a mark.
    Open,
    /// At a bound, having braked for it.
    AtBound,
}

/// Plans one leg.
#[derive(Debug)]
pub struct Planner<'a> {
    /// The city.
    pub place: &'a Place,
    /// The way.
    pub way: &'a [Stretch],
    /// Its length, metres.
    pub total: f64,
    /// What the rider knows; brought forward to the end of the leg.
    pub course: &'a mut Course,
    /// The leg to be, empty.
    pub leg: Leg,
    /// For what is drawn on the way.
    pub stream: &'a mut Stream,
}

impl Planner<'_> {
    /// The next leg: until it is full, somebody stands, a slow-down is at its lowest, or a tunnel begins or ends.
    #[must_use]
    pub fn plan(mut self) -> Leg {
        if self.course.wait_s > 0.0 {
            self.leg.push(std::mem::take(&mut self.course.wait_s), 0.0);
            return self.leg;
        }
        while !self.leg.is_full() && !self.course.arrived(self.total) {
            let class = self.class(self.course.index);
            let course = &*self.course;
            let done = if course.travelled >= course.stop_at - NEAR_M {
                self.stop()
            } else if course.travelled >= course.slow_at - NEAR_M {
                self.slow_down()
            } else {
                self.cruise()
            };
            let portal =
                (class == Some(StreetClass::Tunnel)) != (self.class(self.course.index) == Some(StreetClass::Tunnel));
            if done || portal {
                break;
            }
        }
        self.leg
    }

    /// Brakes to a stop between two junctions, if nothing else is just ahead; true when it stands.
    fn stop(&mut self) -> bool {
        self.course.stop_at = self.course.travelled
            + self.stream.exponential(1000.0 / f64::from(self.course.style.stops_per_km)).max(1.0);
        let (speed, brake) = (self.leg.speed(), self.course.brake);
        let needed = speed * speed / (2.0 * brake);
        if speed < 1.0 || self.bounds(needed).next().is_some() {
            return false;
        }
        self.roll(speed / brake, 0.0);
        self.course.brake = spread(self.course.style.brake, self.stream);
        self.course.wait_s = wait_s(self.stream);
        true
    }

    /// Slows down for something in the way; true when it did.
    fn slow_down(&mut self) -> bool {
        self.course.slow_at = self.course.travelled
            + self.stream.exponential(1000.0 / f64::from(self.course.style.slows_per_km)).max(1.0);
        let low = slow_to(self.stream) * self.limit(self.course.index);
        let speed = self.leg.speed();
        if low > speed - 0.3 {
            return false;
        }
        if self.piece((speed - low) / self.course.brake, low) == Ended::Open {
            self.course.brake = spread(self.course.style.brake, self.stream);
            self.piece(HOLD_S, self.leg.speed());
        }
        true
    }

    /// Goes on at the wished speed, or towards it; true when it stands at a light or at the end.
    fn cruise(&mut self) -> bool {
        let limit = self.limit(self.course.index);
        self.course.wave = self.course.wave * KEPT + FRESH * self.stream.normal();
        let wished = limit * (1.0 + self.course.ripple * self.course.wave).max(0.3);
        let wished = wished.min(self.course.style.ceiling);
        let change = wished - self.leg.speed();
        let (pull, brake) = (self.course.pull, self.course.brake);
        let seconds = STEP_S.max(change / pull).max(-change / brake);
        let ended = self.piece(seconds, wished);
        if change > pull * STEP_S {
            self.course.pull = spread(self.course.style.pull, self.stream);
        }
        ended == Ended::AtBound && self.leg.speed() < 1e-3
    }

    /// A piece towards `speed`, cut at the first mark or where braking for the first bound has to begin. When that is
    /// here, it brakes instead.
    fn piece(&mut self, seconds: f64, speed: f64) -> Ended {
        let (v, b) = (self.leg.speed(), self.course.brake);
        let a = (speed - v) / seconds.max(1e-6);
        let wished = f64::midpoint(v, speed) * seconds;
        let fastest = v.max(speed);
        let mut metres = wished;
        let mut first: Option<Bound> = None;
        for bound in self.bounds(wished + fastest * fastest / (2.0 * b)) {
            let until = if a + b > 1e-9 {
                (2.0 * b * bound.ahead + bound.speed * bound.speed - v * v) / (2.0 * (a + b))
            } else {
                f64::INFINITY
            };
            // A bound that this speed already keeps needs no braking, only attention before it is passed.
            let until = until.min(bound.ahead.max(NEAR_M));
            if until < metres {
                metres = until;
                first = Some(bound);
            }
        }
        if let Some(bound) = first.filter(|_| metres < NEAR_M) {
            return self.brake_for(bound);
        }
        for mark in [self.course.slow_at, self.course.stop_at, self.portal()] {
            let ahead = mark - self.course.travelled;
            if ahead > NEAR_M && ahead < metres {
                metres = ahead;
            }
        }
        if metres >= wished {
            self.roll(seconds, speed);
        } else {
            let reached = (v * v + 2.0 * a * metres).max(0.0).sqrt();
            self.roll(2.0 * metres / (v + reached).max(1e-6), reached);
        }
        Ended::Open
    }

    fn brake_for(&mut self, bound: Bound) -> Ended {
        let v = self.leg.speed();
        let at = bound.ahead.max(1e-3);
        self.roll(2.0 * at / (v + bound.speed).max(1e-3), bound.speed.min(v));
        self.course.brake = spread(self.course.style.brake, self.stream);
        if bound.speed <= 0.0 && !self.course.arrived(self.total) {
            self.course.red = false;
            self.course.wait_s = wait_s(self.stream);
        }
        Ended::AtBound
    }

    /// Adds a piece to the leg and follows it along the way.
    fn roll(&mut self, seconds: f64, speed: f64) {
        let before = self.leg.metres();
        self.leg.push(seconds, speed);
        let course = &mut *self.course;
        course.travelled += self.leg.metres() - before;
        while let Some(stretch) = self.way.get(course.index as usize) {
            let end = course.passed + stretch.length();
            if course.index as usize + 1 >= self.way.len() || course.travelled < end - 1e-3 {
                break;
            }
            course.passed = end;
            course.index += 1;
            course.enter(self.place, self.way, self.stream);
        }
    }

    /// What lies ahead within `horizon` metres and asks for less than the speed one has there.
    fn bounds(&self, horizon: f64) -> impl Iterator<Item = Bound> + use<'_> {
        let mut end = self.course.passed;
        let speed = self.leg.speed();
        (self.course.index as usize..self.way.len())
            .map_while(move |index| {
                end += self.way[index].length();
                let ahead = end - self.course.travelled;
                (ahead < horizon).then_some((index, ahead))
            })
            .filter_map(move |(index, ahead)| self.bound(index, ahead, speed))
    }

    /// What the end of a stretch asks for.
    fn bound(&self, index: usize, ahead: f64, speed: f64) -> Option<Bound> {
        let Some(next) = self.way.get(index + 1) else { return Some(Bound { ahead, speed: 0.0 }) };
        let course = &*self.course;
        let in_time = speed * speed < 2.0 * HARD * course.brake * ahead;
        if course.red && index == course.index as usize && in_time {
            return Some(Bound { ahead, speed: 0.0 });
        }
        let mut slower = self.limit(index as u32 + 1);
        let turn = (heading(self.place, next, false) - heading(self.place, &self.way[index], true)).rem_euclid(360.0);
        if (SHARP..=360.0 - SHARP).contains(&turn) {
            slower = slower.min(course.style.turn_speed);
        }
        (slower < self.limit(index as u32)).then_some(Bound { ahead, speed: slower })
    }

    /// Metres from the start at which the next tunnel begins or the present one ends, if that is at the end of the
    /// present stretch.
    fn portal(&self) -> f64 {
        let index = self.course.index;
        let tunnel = |index| self.class(index) == Some(StreetClass::Tunnel);
        match self.way.get(index as usize) {
            Some(stretch) if tunnel(index) != tunnel(index + 1) => self.course.passed + stretch.length(),
            Some(_) | None => f64::INFINITY,
        }
    }

    fn class(&self, index: u32) -> Option<StreetClass> {
        self.way.get(index as usize).map(|stretch| self.place.edges[usize::from(stretch.edge)].class)
    }

    /// Cruising speed on a stretch.
    fn limit(&self, index: u32) -> f64 {
        let style = &self.course.style;
        let Some(stretch) = self.way.get(index as usize) else { return style.cruise };
        let edge = &self.place.edges[usize::from(stretch.edge)];
        let hill = if edge.grade.abs() > STEEP { style.hill_speed } else { f64::INFINITY };
        style.sustained(edge.grade * stretch.sign(), edge.class.free_speed().0.min(style.cruise).min(hill))
    }
}

/// Course at the start or the end of a stretch.
fn heading(place: &Place, stretch: &Stretch, end: bool) -> f64 {
    let edge = &place.edges[usize::from(stretch.edge)];
    let course = edge.point(if end { stretch.to } else { stretch.from }).1;
    if stretch.sign() < 0.0 { course + 180.0 } else { course }
}
