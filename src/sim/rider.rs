//! Riders: who wants to go where, and when. Figures: commuters ride two trips of 3–6 km a day, couriers 25–45 hops of
//! 1–3 km round a hub, private bikes stand 70–90 % of the time.

use super::catalogue::{Cell, PackLayout};
use super::place::{Place, StationKind};
use super::scenario::Habit;
use super::setting::{Setting, pick};
use super::streets::Spot;
use crate::base::Timestamp;
use crate::base::geodesy::Flat;
use crate::base::rng::Stream;
use crate::base::units::Metres;
use crate::model::Chemistry;

const HOUR_S: f64 = 3600.0;
/// Median of how far work lies from home as the crow flies, metres; streets make it longer.
const WORK_M: f64 = 2900.0;
/// How far an order leads as the crow flies, and how far from the hub, metres.
const HOP_M: (f64, f64) = (600.0, 1800.0);
const ROUND_M: f64 = 2500.0;
/// Median pause between two hops of a courier: waiting for an order, fetching it, handing it over, seconds (assumed).
const PAUSE_S: f64 = 700.0;
/// Hours of a courier's orders.
const FIRST_ORDER_H: f64 = 9.5;
const LAST_ORDER_H: f64 = 22.0;
/// Share of outings that wait for the rain to end (assumed).
const STAYS_IN: f64 = 0.7;
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
    /// The habit of whoever gets a pack, by a number drawn from 0 to 1. Couriers live on swapping, and swap networks take
    /// no lead-acid: as far as the shares of the mix allow, which both hold, they get the other packs.
    #[must_use]
    pub fn habit(setting: &Setting, layout: usize, unit: f64) -> Habit {
        let lead = |(_, layout, ..): &(String, PackLayout, Cell, f64)| layout.chemistry == Chemistry::Vrla;
        let heavy: f64 = setting.packs.iter().filter(|pack| lead(pack)).map(|pack| pack.3).sum();
        let riders = &setting.scenario.mix.rider;
        let couriers = riders.get(&Habit::Courier).copied().unwrap_or(0.0);
        let own = if lead(&setting.packs[layout]) {
            (couriers - (1.0 - heavy)).max(0.0) / heavy
        } else {
            (couriers / (1.0 - heavy)).min(1.0)
        };
        let share = |(habit, share): (&Habit, &f64)| match habit {
            Habit::Courier => own,
            Habit::Commuter | Habit::Leisure => share * (1.0 - own) / (1.0 - couriers).max(1e-9),
        };
        riders.keys().nth(pick(riders.iter().map(share), unit)).copied().unwrap_or(Habit::Commuter)
    }

    /// Somebody with a habit, a home and places to go.
    #[must_use]
    pub fn draw(place: &Place, habit: Habit, stream: &mut Stream) -> Self {
        let (home, away) = match habit {
            Habit::Commuter | Habit::Leisure => home_and_work(place, stream),
            Habit::Courier => {
                let hub = hub(place, stream);
                (hub, hub)
            }
        };
        Self { habit, home, away, pace: stream.normal() }
    }

    /// Where it lives; a courier's hub.
    #[must_use]
    pub fn home(&self) -> &Spot {
        &self.home
    }

    /// Whether that is here.
    #[must_use]
    pub fn is_home(&self, spot: &Spot) -> bool {
        self.home.is_same(spot)
    }

    /// Where the rider is when the run starts, and what comes next; the trip may have begun some minutes ago.
    pub fn wake(&self, setting: &Setting, stream: &mut Stream) -> (Spot, Trip) {
        let now = setting.begin;
        match self.habit {
            Habit::Courier => {
                let departs = if working_hours(setting, now) {
                    now.plus_seconds(stream.between(-400.0, 300.0))
                } else {
                    shift(setting, now, stream)
                };
                (self.home, Trip { departs, to: self.hop(&setting.place, &self.home, stream) })
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
            Habit::Courier if working_hours(setting, now) => {
                let pause_s = stream.log_normal(PAUSE_S, 0.6).max(40.0);
                Trip { departs: now.plus_seconds(pause_s), to: self.hop(&setting.place, at, stream) }
            }
            Habit::Courier if self.is_home(at) => {
                Trip { departs: shift(setting, now, stream), to: self.hop(&setting.place, at, stream) }
            }
            Habit::Courier => Trip { departs: now.plus_seconds(300.0), to: self.home },
            Habit::Commuter => {
                let at_home = at.edge == self.home.edge;
                let to = if at_home { self.away } else { self.home };
                Trip { departs: departure(setting, now.plus_seconds(600.0), at_home, stream), to }
            }
            Habit::Leisure => self.outing(setting, now, at, stream),
        }
    }

    /// Where the next order leads: some way from here, and not far from the hub.
    fn hop(&self, place: &Place, from: &Spot, stream: &mut Stream) -> Spot {
        let (hub, here) = (self.away.at(place), from.at(place));
        let reach = stream.between(HOP_M.0, HOP_M.1);
        best_spot(place, stream, |at| {
            let outside = (at.distance(hub).0 - ROUND_M).max(0.0);
            (at.distance(here).0 - reach).abs() / reach + outside / ROUND_M
        })
    }

    fn outing(&self, setting: &Setting, now: Timestamp, at: &Spot, stream: &mut Stream) -> Trip {
        let to = if at.edge == self.home.edge { self.away } else { self.home };
        let mut departs = now.plus_seconds(600.0 + stream.exponential(4.0 * HOUR_S));
        // Most wait until it is dry.
        for _ in 0..8 {
            if setting.forecast.rains(departs) && stream.chance(STAYS_IN) {
                departs = departs.plus_seconds(stream.between(0.5, 1.5) * HOUR_S);
            }
        }
        let hour = setting.local_seconds(departs) / HOUR_S;
        let awake = (7.5..22.5).contains(&hour);
        Trip { departs: if awake { departs } else { departs.plus_seconds(until(setting, departs, 8.5)) }, to }
    }
}

/// A home and somewhere to go that lie about as far apart as people travel; few live where nothing lies so far away.
fn home_and_work(place: &Place, stream: &mut Stream) -> (Spot, Spot) {
    const TRIES: u32 = 3;
    let reach = stream.log_normal(WORK_M, 0.3);
    let pair = |stream: &mut Stream| {
        let home = Spot::draw(place, stream);
        let away = far_spot(place, home.at(place), Metres(reach), stream);
        ((home, away), (home.at(place).distance(away.at(place)).0 - reach).abs())
    };
    let mut best = pair(stream);
    for _ in 1..TRIES {
        if best.1 < reach / 4.0 {
            break;
        }
        let other = pair(stream);
        if other.1 < best.1 {
            best = other;
        }
    }
    best.0
}

/// Where a courier's orders come from: close to a swap station, where the place has any, and more likely to one with
/// many quarters around.
fn hub(place: &Place, stream: &mut Stream) -> Spot {
    let quarters = |at: Flat| place.nodes[..place.file.node.len()].iter().filter(|node| near(node.at, at)).count();
    let swap = || place.stations.iter().filter(|station| station.kind == StationKind::Swap);
    // The quarter in which it stands is no choice.
    let choice: usize = swap().map(|station| quarters(station.at).saturating_sub(1)).sum();
    let mut drawn = stream.index(choice);
    let station = swap().find(|station| {
        let here = quarters(station.at).saturating_sub(1);
        let found = drawn < here;
        drawn = drawn.saturating_sub(here);
        found
    });
    match station.or_else(|| swap().next()) {
        Some(station) => far_spot(place, station.at, Metres(stream.between(200.0, 1200.0)), stream),
        None => Spot::draw(place, stream),
    }
}

fn near(a: Flat, b: Flat) -> bool {
    a.distance(b).0 < ROUND_M
}

/// When a courier's next shift begins.
fn shift(setting: &Setting, now: Timestamp, stream: &mut Stream) -> Timestamp {
    now.plus_seconds(until(setting, now, FIRST_ORDER_H) + stream.between(0.0, HOUR_S))
}

fn working_hours(setting: &Setting, now: Timestamp) -> bool {
    (FIRST_ORDER_H..LAST_ORDER_H).contains(&(setting.local_seconds(now) / HOUR_S))
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
    best_spot(place, stream, |at| (at.distance(from).0 - reach.0).abs() / reach.0)
}

/// Draws spots until one misses what is wished by less than a fifth, or takes the best of many.
fn best_spot(place: &Place, stream: &mut Stream, miss: impl Fn(Flat) -> f64) -> Spot {
    const TRIES: u32 = 80;
    const CLOSE: f64 = 0.2;
    let mut best = Spot::draw(place, stream);
    let mut least = miss(best.at(place));
    for _ in 1..TRIES {
        if least < CLOSE {
            break;
        }
        let other = Spot::draw(place, stream);
        let missed = miss(other.at(place));
        if missed < least {
            (best, least) = (other, missed);
        }
    }
    best
}
