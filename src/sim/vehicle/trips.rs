//! Where a rider takes a vehicle: departures, journeys, arrivals.

use super::body::{Doing, Vehicle, spec};
use super::charging::Stop;
use crate::base::Timestamp;
use crate::base::units::MetresPerSecond;
use crate::model::EventKind;
use crate::sim::catalogue::Road;
use crate::sim::modem::Urgency;
use crate::sim::motion::style::GRAVITY;
use crate::sim::motion::{Journey, Style};
use crate::sim::output::Output;
use crate::sim::place::StationKind;
use crate::sim::setting::Setting;
use crate::sim::streets::{Spot, Stretch, Traveller, route};

/// How often a rider looks at the charger before going, seconds.
const LOOK_S: f64 = 600.0;
/// A rider changes the style when the motor gives less than this share of what was counted on.
const WEAKER: f64 = 0.8;
/// Usable charge from which on a rider heeds it.
const HEEDED_SOC: f64 = 0.25;
/// How long somebody keeps away from a vehicle around an incident, so that it finds it parked, seconds.
const KEEP_PARKED_S: f64 = 3600.0;

impl Vehicle {
    /// Starts and ends trips, and goes on to the next stretch.
    pub(super) fn change_activity(&mut self, setting: &Setting, now: Timestamp, out: &mut Vec<Output>) {
        match &mut self.doing {
            Doing::Standing { .. } if self.trip.departs <= now => self.depart(setting, now, out),
            Doing::Standing { .. } => {}
            Doing::Riding { journey, to } => {
                let next_leg = journey.next_change() <= now;
                if !journey.advance(&setting.place, now, &mut self.motion) {
                    let spot = *to;
                    self.arrive(setting, spot, now, out);
                } else if next_leg {
                    self.heed_power(setting, now);
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
        if charging && self.stays_plugged_in(setting, &spot) {
            self.trip.departs = now.plus_seconds(LOOK_S);
            return;
        }
        let to = match self.stop_first(setting, &spot, now) {
            Stop::None => self.trip.to,
            Stop::At(station) => station,
            Stop::PlugIn => {
                self.doing = Doing::Standing { spot, charging: true };
                self.trip.departs = now.plus_seconds(LOOK_S);
                return;
            }
        };
        match route(&setting.place, &spot, &to, Traveller::EBike) {
            Some(way) if !way.is_empty() => {
                self.ride(setting, way, (&spot, &to), now);
                if !self.is_attended(now) {
                    self.say(EventKind::Unlock, now, out);
                }
                self.modem.set_urgency(Urgency::Riding, now);
            }
            Some(_) | None => self.plan_trip(setting, &spot, now),
        }
    }

    pub(super) fn ride(&mut self, setting: &Setting, way: Vec<Stretch>, (from, to): (&Spot, &Spot), now: Timestamp) {
        let style = self.style(setting, now);
        let aside = (from.aside(), to.aside());
        let journey = Box::new(Journey::start(&setting.place, way, aside, style, now, &mut self.motion));
        self.pose = journey.pose(&setting.place, now);
        self.doing = Doing::Riding { journey, to: *to };
    }

    /// How its rider drives with the pack and the weather as they are; on foot when the pack is empty.
    pub(super) fn style(&self, setting: &Setting, now: Timestamp) -> Style {
        let model = &setting.models[self.model].0;
        let watts = self.wheel_power(setting);
        if watts <= 0.0 {
            return Style::ON_FOOT;
        }
        let style = Style::rider(MetresPerSecond::from_kmh(model.top_speed_kmh), self.rider.pace);
        let wet = setting.forecast.rains(now);
        let flat = model.resistance(Road { wet, ..Road::default() });
        if wet { style.in_rain() } else { style }.driven_by(watts, &flat)
    }

    /// What the pack can give at the wheel, W.
    fn wheel_power(&self, setting: &Setting) -> f64 {
        let model = &setting.models[self.model].0;
        let watts = self.pack.drive_power(spec(setting, self.layout)) - model.standby_w;
        watts.max(0.0) * model.efficiency
    }

    /// Limps, or gets off and pushes, when the pack gives clearly less than the rider counted on. Far from empty it does
    /// not fall so quickly within a trip that somebody would notice.
    fn heed_power(&mut self, setting: &Setting, now: Timestamp) {
        if self.pack.usable_soc(spec(setting, self.layout)) > HEEDED_SOC {
            return;
        }
        let weight = setting.models[self.model].0.mass_kg * GRAVITY;
        let lift = self.wheel_power(setting) / weight;
        let style = match &self.doing {
            Doing::Riding { journey, .. } if journey.is_driven() && lift < WEAKER * journey.lift() => {
                self.style(setting, now)
            }
            Doing::Standing { .. } | Doing::Riding { .. } | Doing::Moved { .. } => return,
        };
        if let Doing::Riding { journey, .. } = &mut self.doing {
            journey.change_style(&setting.place, style, now, &mut self.motion);
        }
    }

    fn arrive(&mut self, setting: &Setting, spot: Spot, now: Timestamp, out: &mut Vec<Output>) {
        // Whoever stops at a station goes on to where the trip leads.
        let on_the_way = !spot.is_same(&self.trip.to);
        let station = setting.place.station_at(spot.edge, spot.offset()).filter(|_| on_the_way);
        match station.map(|station| station.kind) {
            Some(StationKind::Swap) => {
                self.stand(setting, spot, false);
                self.exchange_packs(setting, now);
                self.modem.report_now(now);
                self.keep_clear_of_incidents();
                return;
            }
            Some(StationKind::Charge) => {
                self.stand(setting, spot, true);
                self.trip.departs = now.plus_seconds(LOOK_S);
                self.keep_clear_of_incidents();
            }
            None => {
                let charging = self.rider.is_home(&spot) && self.plugs_in_at_home(setting, now);
                self.stand(setting, spot, charging);
                self.plan_trip(setting, &spot, now);
            }
        }
        self.say(EventKind::Lock, now, out);
        // One report on locking, then the slow cadence.
        self.modem.set_urgency(Urgency::Parked, now);
        self.resume_fate(now);
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

    /// When the run begins, is in the middle of its life: on a charger in the evening, or of a trip that began before.
    pub(super) fn join_life_under_way(&mut self, setting: &Setting) {
        let Doing::Standing { spot, .. } = self.doing else { return };
        let (begin, trip) = (setting.begin, self.trip);
        if self.rider.is_home(&spot) && trip.departs > begin {
            let charging = self.plugs_in_at_home(setting, begin);
            self.doing = Doing::Standing { spot, charging };
        }
        if trip.departs >= begin {
            return;
        }
        // Nothing happens before the run does.
        self.trip.departs = begin;
        if !matches!(self.stop_first(setting, &spot, begin), Stop::None) {
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
