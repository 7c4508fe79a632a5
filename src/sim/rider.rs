//! Riders: who wants to go where, and when. Figures: commuters ride two trips of 3–6 km a day, couriers 25–45 hops of
//! 1–3 km round a hub, private bikes stand 70–90 % of the time.

use super::place::Place;
use super::scenario::Habit;
use super::setting::Setting;
use super::streets::Spot;
use crate::base::Timestamp;
use crate::base::geodesy::Flat;
use crate::base::rng::Stream;
use crate::base::units::Metres;

const HOUR_S: f64 = 3600.0;
const DAY_S: f64 = 24.0 * HOUR_S;

/// Somebody who rides a vehicle.
#[derive(Debug, Clone)]
pub struct Rider {
    habit: Habit,
    home: Spot,
    /// Where a commuter works; the middle of a courier's round.
    away: Spot,
    /// How fast it rides: 0 as the average rider, 1 one deviation faster.
    pub pace: f64,
}

/// A trip somebody intends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trip {
    /// When it starts.
    pub departs: Timestamp,
    /// Where it leads.
    pub to: Spot,
}

impl Rider {
    /// Somebody with a habit, a home and places to go.
    #[must_use]
    pub fn draw(place: &Place, habit: Habit, stream: &mut Stream) -> Self {
        let home = Spot::draw(place, stream);
        let reach = Metres(stream.log_normal(4200.0, 0.35));
        let away = match habit {
            Habit::Commuter | Habit::Leisure => far_spot(place, home.at(place), reach, stream),
            Habit::Courier => home,
        };
        Self { habit, home, away, pace: stream.normal() }
    }

    /// Where the rider is when the run starts, and what comes next; the trip may have begun some minutes ago.
    pub fn wake(&self, setting: &Setting, stream: &mut Stream) -> (Spot, Trip) {
        let now = setting.begin;
        match self.habit {
            Habit::Courier => {
                let departs = now.plus_seconds(stream.between(-400.0, 300.0));
                (self.home, Trip { departs, to: self.hop(&setting.place, stream) })
            }
            Habit::Commuter => {
                let hour = setting.local_seconds(now) / HOUR_S;
                let at_home = !(8.0..18.0).contains(&hour);
                let departs = departure(setting, now.plus_seconds(-0.3 * HOUR_S), at_home, stream);
                if at_home {
                    (self.home, Trip { departs, to: self.away })
                } else {
                    (self.away, Trip { departs, to: self.home })
                }
            }
            Habit::Leisure => (self.home, self.outing(setting, now, &self.home, stream)),
        }
    }

    /// What comes after arriving at `at`.
    pub fn next_trip(&self, setting: &Setting, now: Timestamp, at: &Spot, stream: &mut Stream) -> Trip {
        match self.habit {
            Habit::Courier => {
                let pause_s = if working_hours(setting, now) {
                    stream.log_normal(230.0, 0.6)
                } else {
                    until(setting, now, 9.5) + stream.between(0.0, HOUR_S)
                };
                Trip { departs: now.plus_seconds(pause_s.max(40.0)), to: self.hop(&setting.place, stream) }
            }
            Habit::Commuter => {
                let at_home = at.edge == self.home.edge;
                let to = if at_home { self.away } else { self.home };
                Trip { departs: departure(setting, now.plus_seconds(600.0), at_home, stream), to }
            }
            Habit::Leisure => self.outing(setting, now, at, stream),
        }
    }

    fn hop(&self, place: &Place, stream: &mut Stream) -> Spot {
        let reach = Metres(stream.between(900.0, 2600.0));
        far_spot(place, self.away.at(place), reach, stream)
    }

    fn outing(&self, setting: &Setting, now: Timestamp, at: &Spot, stream: &mut Stream) -> Trip {
        let to = if at.edge == self.home.edge { self.away } else { self.home };
        let departs = now.plus_seconds(600.0 + stream.exponential(4.0 * HOUR_S));
        let hour = setting.local_seconds(departs) / HOUR_S;
        let awake = (7.5..22.5).contains(&hour);
        Trip { departs: if awake { departs } else { departs.plus_seconds(until(setting, departs, 8.5)) }, to }
    }
}

fn working_hours(setting: &Setting, now: Timestamp) -> bool {
    (9.0..22.0).contains(&(setting.local_seconds(now) / HOUR_S))
}

/// The next start to work (from home, around 8) or home (around 18).
fn departure(setting: &Setting, earliest: Timestamp, at_home: bool, stream: &mut Stream) -> Timestamp {
    let (hour, spread_h) = if at_home { (8.0, 0.65) } else { (18.0, 0.8) };
    let wished_h: f64 = hour + spread_h * stream.normal();
    let local = setting.local_seconds(earliest);
    let ahead = (wished_h * HOUR_S - local).rem_euclid(DAY_S);
    earliest.plus_seconds(ahead)
}

/// Seconds from `now` until the local clock shows `hour`.
fn until(setting: &Setting, now: Timestamp, hour: f64) -> f64 {
    (hour * HOUR_S - setting.local_seconds(now)).rem_euclid(DAY_S)
}

/// A spot about `reach` away from `from`: draws until one misses it by less than a fifth, or takes the best of many.
pub fn far_spot(place: &Place, from: Flat, reach: Metres, stream: &mut Stream) -> Spot {
    const TRIES: u32 = 80;
    let miss = |spot: &Spot| (spot.at(place).distance(from).0 - reach.0).abs();
    let mut best = Spot::draw(place, stream);
    for _ in 1..TRIES {
        if miss(&best) < reach.0 / 5.0 {
            break;
        }
        let other = Spot::draw(place, stream);
        if miss(&other) < miss(&best) {
            best = other;
        }
    }
    best
}
