//! What befalls a vehicle: runs the script of an incident step by step.

use std::collections::VecDeque;

use super::body::{Doing, Vehicle, spec};
use crate::base::Timestamp;
use crate::base::units::Metres;
use crate::model::Incident;
use crate::sim::incident::script::{ends_use, rider_goes_on};
use crate::sim::incident::{Conditions, Mover, Planned, Step, script};
use crate::sim::modem::Urgency;
use crate::sim::motion::Journey;
use crate::sim::output::Output;
use crate::sim::pack::Fault;
use crate::sim::rider::far_spot;
use crate::sim::setting::Setting;
use crate::sim::streets::route;

/// How often a vehicle looks at a pack that may run away, seconds.
const WATCH_EVERY_S: f64 = 1.0;

/// An incident under way.
#[derive(Debug, Clone)]
pub(super) struct Fate {
    incident: Incident,
    steps: VecDeque<Step>,
    /// When the next step is due; never while the vehicle is being moved.
    next: Timestamp,
}

impl Vehicle {
    /// When its fate has something to do.
    pub(super) fn next_fate(&self) -> Timestamp {
        match &self.fate {
            Some(fate) => fate.next,
            None => self.pending.last().map_or(Timestamp::NEVER, |plan| plan.start),
        }
    }

    /// It has arrived where its fate brought it.
    pub(super) fn resume_fate(&mut self, now: Timestamp) {
        if let Some(fate) = &mut self.fate {
            fate.next = now;
        }
    }

    /// Lets begin what is planned, and takes the steps that are due.
    pub(super) fn suffer(&mut self, setting: &Setting, now: Timestamp, out: &mut Vec<Output>) {
        if self.fate.is_none() {
            let Some(plan) = self.pending.last().copied().filter(|plan| plan.start <= now) else { return };
            if !matches!(self.doing, Doing::Standing { .. }) {
                // Still under way: it happens a minute later.
                if let Some(next) = self.pending.last_mut() {
                    next.start = now.plus_seconds(60.0);
                }
                return;
            }
            self.pending.pop();
            self.begin(setting, &plan, now, out);
        }
        while let Some(mut fate) = self.fate.take() {
            if fate.next > now {
                self.fate = Some(fate);
                return;
            }
            if let Some(step) = fate.steps.pop_front() {
                fate.next = now;
                self.take_step(setting, step, &mut fate, now, out);
                self.fate = Some(fate);
            } else {
                self.recover(setting, &fate.incident, now);
            }
        }
    }

    fn begin(&mut self, setting: &Setting, plan: &Planned, now: Timestamp, out: &mut Vec<Output>) {
        let from = setting.place.frame.globe(self.pose.at).quantised();
        let (id, vin, kind) = (plan.id, self.vin, plan.kind);
        let incident = Incident { id, vin, kind, start: now, end: None, moved: None, from, to: None };
        let series = setting.packs[self.layout].1.series;
        let steps = script(plan, self.pose.at, series, &mut self.trips).into();
        if !rider_goes_on(plan.kind) {
            self.trip.departs = Timestamp::NEVER;
        }
        out.push(Output::IncidentBegan(incident.clone()));
        self.fate = Some(Box::new(Fate { incident, steps, next: now }));
    }

    fn take_step(&mut self, setting: &Setting, step: Step, fate: &mut Fate, now: Timestamp, out: &mut Vec<Output>) {
        match step {
            Step::Become(conditions) => self.conditions = conditions,
            Step::Say(kind) => {
                self.say(kind, now, out);
                self.modem.report_now(now);
            }
            Step::Wait(seconds) => fate.next = now.plus_seconds(seconds),
            Step::Move(mover, metres) => {
                fate.next = Timestamp::NEVER;
                fate.incident.moved.get_or_insert(now);
                self.be_moved(setting, mover, Metres(metres), now);
            }
            Step::Strike(what) => self.pack.strike(spec(setting, self.layout), Fault { since: now, what }),
            Step::Watch(seconds) => {
                self.watch = Some((now.plus_seconds(WATCH_EVERY_S), now.plus_seconds(seconds)));
            }
            Step::End => {
                let to = setting.place.frame.globe(self.pose.at).quantised();
                let moved = (to != fate.incident.from).then_some(to);
                fate.incident.end = Some(now);
                fate.incident.to = moved;
                out.push(Output::IncidentEnded(fate.incident.clone()));
            }
        }
    }

    fn be_moved(&mut self, setting: &Setting, mover: Mover, distance: Metres, now: Timestamp) {
        let Doing::Standing { spot, .. } = self.doing else { return self.resume_fate(now) };
        let there = far_spot(&setting.place, self.pose.at, distance, &mut self.trips);
        let way = route(&setting.place, &spot, &there, mover.traveller()).unwrap_or_default();
        let aside = (spot.aside, there.aside);
        let journey = Journey::start(&setting.place, way, aside, mover.style(), now, &mut self.motion);
        self.pose = journey.pose(&setting.place, now);
        self.doing = Doing::Moved { journey, to: there };
        // The inertial sensor wakes the modem.
        self.modem.set_urgency(Urgency::Riding, now);
    }

    /// After the last step: back to normal life, if there is one.
    fn recover(&mut self, setting: &Setting, incident: &Incident, now: Timestamp) {
        self.modem.set_urgency(Urgency::Parked, now);
        if ends_use(incident.kind) {
            return;
        }
        self.conditions = Conditions::USUAL;
        if let Doing::Standing { spot, .. } = self.doing {
            self.plan_trip(setting, &spot, now);
        }
    }

    /// Ends what is still going on, at the end of the run.
    pub fn finish(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        if let Some(fate) = self.fate.take()
            && fate.incident.end.is_none()
        {
            out.push(Output::IncidentEnded(Incident { end: Some(now), ..fate.incident }));
        }
    }

    /// While its pack may run away, the management looks every second and raises the urgency with its first alarm.
    pub(super) fn watch_pack(&mut self, setting: &Setting, now: Timestamp) {
        let Some((next, until)) = self.watch else { return };
        if next > now {
            return;
        }
        if self.measure_pack(setting, now).alarm_level > 0 {
            self.modem.set_urgency(Urgency::Suspect, now);
        }
        self.watch = (now < until).then(|| (now.plus_seconds(WATCH_EVERY_S), until));
    }
}
