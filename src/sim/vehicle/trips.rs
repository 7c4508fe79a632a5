//! Where a rider takes a vehicle: departures, journeys, arrivals, charging.

use super::body::{Doing, Vehicle};
use crate::base::Timestamp;
use crate::base::units::MetresPerSecond;
use crate::model::{Event, EventKind};
use crate::sim::modem::Urgency;
use crate::sim::motion::{Journey, Style};
use crate::sim::output::Output;
use crate::sim::setting::Setting;
use crate::sim::streets::{Spot, Stretch, Traveller, route};

/// Below this charge nobody starts a trip.
const LOW_SOC: f64 = 0.2;
/// Charge at which a vehicle is taken off the charger for a trip.
const ENOUGH_SOC: f64 = 0.8;
/// How long somebody keeps away from a vehicle around an incident, so that it finds it parked, seconds.
const KEEP_PARKED_S: f64 = 3600.0;

impl Vehicle {
    /// Starts and ends trips, and goes on to the next stretch.
    pub(super) fn change_activity(&mut self, setting: &Setting, now: Timestamp, out: &mut Vec<Output>) {
        match &mut self.doing {
            Doing::Standing { .. } if self.trip.departs <= now => self.depart(setting, now, out),
            Doing::Standing { .. } => {}
            Doing::Riding { journey, to } => {
                if !journey.advance(&setting.place, now, &mut self.motion) {
                    let spot = *to;
                    self.arrive(setting, spot, now, out);
                }
            }
            Doing::Moved { journey, to } => {
                if !journey.advance(&setting.place, now, &mut self.motion) {
                    let spot = *to;
                    self.stand(setting, spot, false);
                    self.resume_fate(now);
                }
            }
        }
    }

    fn depart(&mut self, setting: &Setting, now: Timestamp, out: &mut Vec<Output>) {
        let Doing::Standing { spot, charging } = self.doing else { return };
        if self.immobilised {
            self.trip.departs = now.plus_seconds(600.0);
            return;
        }
        let soc = self.pack.soc();
        if soc < LOW_SOC || (charging && soc < ENOUGH_SOC) {
            self.doing = Doing::Standing { spot, charging: true };
            self.trip.departs = now.plus_seconds(1200.0);
            return;
        }
        let to = self.trip.to;
        match route(&setting.place, &spot, &to, Traveller::EBike) {
            Some(way) if !way.is_empty() => {
                self.ride(setting, way, (&spot, &to), now);
                self.say(EventKind::Unlock, now, out);
                self.modem.set_urgency(Urgency::Riding, now);
            }
            Some(_) | None => self.plan_trip(setting, &spot, now),
        }
    }

    pub(super) fn ride(&mut self, setting: &Setting, way: Vec<Stretch>, (from, to): (&Spot, &Spot), now: Timestamp) {
        let top_speed = MetresPerSecond::from_kmh(setting.models[self.model].0.top_speed_kmh);
        let style = Style::rider(top_speed, self.rider.pace);
        let journey = Journey::start(&setting.place, way, (from.aside, to.aside), style, now, &mut self.motion);
        self.pose = journey.pose(&setting.place, now);
        self.doing = Doing::Riding { journey, to: *to };
    }

    fn arrive(&mut self, setting: &Setting, spot: Spot, now: Timestamp, out: &mut Vec<Output>) {
        let wants_charge = self.pack.soc() < 0.45 && self.trips.chance(0.6);
        self.stand(setting, spot, wants_charge);
        self.plan_trip(setting, &spot, now);
        self.say(EventKind::Lock, now, out);
        // One report on locking, then the slow cadence.
        self.modem.set_urgency(Urgency::Parked, now);
        self.resume_fate(now);
    }

    /// Says a happening.
    pub(super) fn say(&mut self, kind: EventKind, now: Timestamp, out: &mut Vec<Output>) {
        let stamp = self.stamp(now);
        out.push(Output::Event(Event { stamp, kind }));
    }

    /// Lets the rider decide what comes next.
    pub(super) fn plan_trip(&mut self, setting: &Setting, at: &Spot, now: Timestamp) {
        self.trip = self.rider.next_trip(setting, now, at, &mut self.trips);
        self.keep_clear_of_incidents();
    }

    /// Puts off a trip that would keep the vehicle from being parked when something is to befall it.
    pub(super) fn keep_clear_of_incidents(&mut self) {
        for plan in &self.pending {
            let (from, until) = (plan.due.plus_seconds(-KEEP_PARKED_S), plan.start.plus_seconds(KEEP_PARKED_S));
            if self.trip.departs > from && self.trip.departs < until {
                self.trip.departs = until;
            }
        }
    }

    /// If the first trip began before the run did, is in the middle of it.
    pub(super) fn join_trip_under_way(&mut self, setting: &Setting) {
        let Doing::Standing { spot, .. } = self.doing else { return };
        let (begin, trip) = (setting.begin, self.trip);
        if trip.departs >= begin || self.pack.soc() < LOW_SOC {
            return;
        }
        let way = route(&setting.place, &spot, &trip.to, Traveller::EBike);
        let Some(way) = way.filter(|way| !way.is_empty()) else { return };
        self.ride(setting, way, (&spot, &trip.to), trip.departs);
        let Doing::Riding { journey, .. } = &mut self.doing else { return };
        if journey.advance(&setting.place, begin, &mut self.motion) {
            self.pose = journey.pose(&setting.place, begin);
            self.modem = self.modem.clone().in_motion(&setting.scenario.report, begin);
        } else {
            self.stand(setting, trip.to, false);
            self.plan_trip(setting, &trip.to, begin);
        }
    }
}
