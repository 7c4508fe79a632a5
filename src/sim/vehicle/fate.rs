//! What befalls a vehicle: runs the script of an incident step by step.

use std::collections::{BTreeMap, VecDeque};

use super::body::{Doing, Vehicle, spec, standing_pose};
use super::twin::Twin;
use crate::base::rng::{Purpose, Stream};
use crate::base::units::MetresPerSecond;
use crate::base::{LatLon, Timestamp};
use crate::model::{EventKind, Family, Incident, Parameter};
use crate::sim::catalogue::Road;
use crate::sim::incident::script::{ends_use, rider_goes_on};
use crate::sim::incident::{Case, Conditions, Mover, Planned, Step, Values, script, severity};
use crate::sim::modem::Urgency;
use crate::sim::motion::Journey;
use crate::sim::output::Output;
use crate::sim::pack::Fault;
use crate::sim::setting::Setting;
use crate::sim::streets::{Spot, Traveller, route};

/// The share of its cruising speed that streets usually allow (**assumed**).
const USUAL_PACE: f64 = 0.75;
/// How often a vehicle looks at a pack that may run away, seconds.
const WATCH_EVERY_S: f64 = 1.0;
/// Leaning farther than this it lies, degrees (**assumed**: no stand holds a vehicle so).
const FALLEN_DEG: f64 = 60.0;
/// An incident under way.
#[derive(Debug, Clone)]
pub(super) struct Fate {
    incident: Incident,
    /// Whether it has begun; before, it is led up to.
    begun: bool,
    steps: VecDeque<Step>,
    /// When the next step is due; never while the vehicle is on its way.
    next: Timestamp,
    stream: Stream,
    twin: Option<Twin>,
}

/// A pack is looked at every second.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    /// When next.
    pub(super) next: Timestamp,
    /// When for the last time.
    until: Timestamp,
}

impl Fate {
    /// A fault of the battery is at least as bad as what the management says of it.
    pub(super) fn note_alarm(&mut self, level: u8) {
        let goes_on = self.begun && self.incident.end.is_none();
        if goes_on && self.incident.kind.family() == Family::Battery {
            self.incident.severity = self.incident.severity.max(level);
        }
    }
}

impl Vehicle {
    /// Something is to befall it next: when nothing else befalls it any more, and it stands still.
    pub fn expect(&mut self, plan: Planned) {
        self.pending.push(plan);
        self.keep_clear_of_incidents();
    }

    /// When its fate has something to do.
    pub(super) fn next_fate(&self) -> Timestamp {
        match &self.fate {
            Some(fate) => fate.twin.as_ref().map_or(fate.next, |twin| twin.due().min(fate.next)),
            None => self.pending.last().map_or(Timestamp::NEVER, |plan| plan.due),
        }
    }

    /// It has arrived; if its fate waits for that, it goes on.
    pub(super) fn resume_fate(&mut self, now: Timestamp) {
        if let Some(fate) = &mut self.fate
            && fate.next == Timestamp::NEVER
        {
            fate.next = now;
        }
    }

    /// If what leads up to its first incident began before the run did, is in the middle of that; else false.
    pub(super) fn is_led_up_to(&mut self, setting: &Setting) -> bool {
        let Some(plan) = self.pending.last().copied().filter(|plan| plan.due < setting.begin) else { return false };
        self.advanced = plan.due;
        // Nothing is said or begins before the incident itself.
        self.take_steps(setting, plan.due, &mut Vec::new());
        self.advance(setting, setting.begin);
        true
    }

    /// Lets begin what is planned, takes the steps that are due, and lets a second device speak.
    pub(super) fn suffer(&mut self, setting: &Setting, now: Timestamp, out: &mut Vec<Output>) {
        self.take_steps(setting, now, out);
        if let Some(fate) = &mut self.fate
            && let Some(twin) = fate.twin.as_mut().filter(|twin| twin.due() <= now)
        {
            out.push(Output::Report(twin.report(setting, now, spec(setting, self.layout))));
        }
    }

    fn take_steps(&mut self, setting: &Setting, now: Timestamp, out: &mut Vec<Output>) {
        if self.fate.is_none() {
            let Some(plan) = self.pending.last().copied().filter(|plan| plan.due <= now) else { return };
            if !matches!(self.doing, Doing::Standing { .. }) {
                // Still under way: it happens a minute later.
                if let Some(next) = self.pending.last_mut() {
                    next.due = now.plus_seconds(60.0);
                }
                return;
            }
            self.pending.pop();
            self.meet_fate(setting, &plan, now);
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

    fn meet_fate(&mut self, setting: &Setting, plan: &Planned, now: Timestamp) {
        let mut stream = Stream::new(setting.scenario.seed, plan.id, Purpose::Fate);
        let spec = spec(setting, self.layout);
        let nothing = BTreeMap::new();
        let entry = setting.scenario.incidents.get(plan.entry as usize);
        let given = entry.map_or(&nothing, |entry| &entry.parameters);
        let values = Values::draw(plan.kind, given, spec.layout.series, &mut stream);
        let model = &setting.models[self.model].0;
        let style = self.style(setting, plan.start);
        let case = Case {
            id: plan.id,
            kind: plan.kind,
            start: plan.start,
            values: &values,
            at: self.pose.at,
            layout: &setting.packs[self.layout].0,
            spec,
            soc: self.pack.soc(),
            cruising_w: model.road_load(MetresPerSecond(USUAL_PACE * style.cruise), Road::default()),
            ambient: setting.ambient(plan.start),
        };
        let incident = Incident {
            id: plan.id,
            vin: self.vin,
            kind: plan.kind,
            start: plan.start,
            end: None,
            moved: None,
            severity: severity(&case),
            parameters: values.told(),
            from: setting.place.frame.globe(self.pose.at).quantised(),
            to: None,
        };
        let steps = script(&case, &mut stream).into();
        if !rider_goes_on(plan.kind) {
            self.trip.departs = Timestamp::NEVER;
        }
        self.fate = Some(Box::new(Fate { incident, begun: false, steps, next: now, stream, twin: None }));
    }

    fn take_step(&mut self, setting: &Setting, step: Step, fate: &mut Fate, now: Timestamp, out: &mut Vec<Output>) {
        match step {
            Step::Begin => {
                fate.begun = true;
                fate.incident.start = now;
                out.push(Output::IncidentBegan(fate.incident.clone()));
            }
            Step::Become(conditions) => self.come_under(conditions, fate, now, out),
            Step::Say(kind) => {
                self.say(kind, now, out);
                self.modem.report_now(now);
            }
            Step::Wait(seconds) => fate.next = now.plus_seconds(seconds),
            Step::At(time) => fate.next = time.max(now),
            Step::Move(mover, metres) => {
                fate.next = Timestamp::NEVER;
                if self.be_moved(setting, mover, metres, now) {
                    fate.incident.moved.get_or_insert(now);
                } else {
                    fate.next = now;
                }
            }
            Step::Ride(metres) => {
                fate.next = Timestamp::NEVER;
                if !self.be_ridden(setting, metres, now, out) {
                    fate.next = now;
                }
            }
            Step::Plug(charging) => {
                if let Doing::Standing { spot, .. } = self.doing {
                    self.doing = Doing::Standing { spot, charging };
                }
            }
            Step::Strike(what) => self.pack.strike(spec(setting, self.layout), Fault { since: now, what }),
            Step::Mend => self.pack.mend(),
            Step::Exchange(new) => {
                let number = Parameter::Text(new.id.to_string());
                fate.incident.parameters.insert("new_pack".to_owned(), number);
                let cause = (fate.incident.kind, fate.incident.id);
                self.receive_pack(setting, new, cause, now, &mut fate.stream, out);
            }
            Step::Clone(metres) => fate.twin = Some(self.twin(setting, metres, fate, now)),
            Step::Watch(seconds) => {
                let next = now.plus_seconds(WATCH_EVERY_S);
                self.watch = Some(Box::new(Watch { next, until: now.plus_seconds(seconds) }));
            }
            Step::End => {
                fate.incident.end = Some(now);
                fate.incident.to = self.second_place(setting, fate);
                out.push(Output::IncidentEnded(fate.incident.clone()));
            }
        }
    }

    /// From now on these conditions hold. A vehicle that falls says so; whose pack goes, has that told.
    fn come_under(&mut self, conditions: Conditions, fate: &mut Fate, now: Timestamp, out: &mut Vec<Output>) {
        let before = *self.conditions();
        self.unusual = (conditions != Conditions::USUAL).then(|| Box::new(conditions));
        if conditions.pack_gone {
            let pack = Parameter::Text(self.pack.id().to_string());
            fate.incident.parameters.entry("pack".to_owned()).or_insert(pack);
            self.lose_worn_pack(now, out);
        }
        if conditions.tilt_deg > FALLEN_DEG && before.tilt_deg <= FALLEN_DEG {
            self.say(EventKind::Fall, now, out);
            self.modem.report_now(now);
        }
    }

    fn twin(&self, setting: &Setting, metres: f64, fate: &mut Fate, now: Timestamp) -> Twin {
        let there = self.spot().away(&setting.place, metres, &mut fate.stream);
        let stream = Stream::new(setting.scenario.seed, fate.incident.id, Purpose::Twin);
        let sky = Stream::new(setting.scenario.seed, fate.incident.id, Purpose::TwinGnss);
        let copied = (self.vin, self.odometer, &self.pack);
        Twin::start(setting, now, copied, standing_pose(setting, &there), (stream, sky))
    }

    /// Where it stands, or where it is on its way to.
    fn spot(&self) -> Spot {
        match &self.doing {
            Doing::Standing { spot, .. } => *spot,
            Doing::Riding { to, .. } | Doing::Moved { to, .. } => *to,
        }
    }

    /// Where it was brought, or where another device speaks.
    fn second_place(&self, setting: &Setting, fate: &Fate) -> Option<LatLon> {
        let at = fate.twin.as_ref().map_or(self.pose.at, Twin::at);
        let to = setting.place.frame.globe(at).quantised();
        // A rider who goes on is no part of what happened.
        let stayed = fate.twin.is_none() && rider_goes_on(fate.incident.kind);
        (to != fate.incident.from && !stayed).then_some(to)
    }

    /// Its rider takes it somewhere, whatever was intended; false when that cannot be.
    fn be_ridden(&mut self, setting: &Setting, metres: f64, now: Timestamp, out: &mut Vec<Output>) -> bool {
        let Doing::Standing { spot, .. } = self.doing else { return false };
        let there = spot.away(&setting.place, metres, &mut self.trips);
        match route(&setting.place, &spot, &there, Traveller::EBike) {
            Some(way) if !way.is_empty() && !self.immobilised => {
                self.ride(setting, way, (&spot, &there), now);
                self.say(EventKind::Unlock, now, out);
                self.modem.set_urgency(Urgency::Riding, now);
                true
            }
            Some(_) | None => false,
        }
    }

    /// Somebody brings it somewhere; false when that cannot be.
    fn be_moved(&mut self, setting: &Setting, mover: Mover, metres: f64, now: Timestamp) -> bool {
        let Doing::Standing { spot, .. } = self.doing else { return false };
        let there = spot.away(&setting.place, metres, &mut self.trips);
        let way = route(&setting.place, &spot, &there, mover.traveller()).unwrap_or_default();
        let aside = (spot.aside(), there.aside());
        let journey = Journey::start(&setting.place, way, aside, mover.style(), now, &mut self.motion);
        self.pose = journey.pose(&setting.place, now);
        self.doing = Doing::Moved { journey: Box::new(journey), to: there };
        // The inertial sensor wakes the modem.
        self.modem.set_urgency(Urgency::Riding, now);
        true
    }

    /// After the last step: back to normal life, if there is one.
    fn recover(&mut self, setting: &Setting, incident: &Incident, now: Timestamp) {
        self.put_off_next(now);
        self.modem.set_urgency(Urgency::Parked, now);
        if ends_use(incident.kind) {
            return;
        }
        self.unusual = None;
        if let Doing::Standing { spot, .. } = self.doing {
            self.plan_trip(setting, &spot, now);
        }
    }

    /// What should have begun meanwhile begins a minute later, with all that leads up to it.
    fn put_off_next(&mut self, now: Timestamp) {
        if let Some(next) = self.pending.last_mut().filter(|next| next.due <= now) {
            let due = now.plus_seconds(60.0);
            next.start = next.start.plus_seconds(due.seconds_since(next.due));
            next.due = due;
        }
    }

    /// Ends what is still going on, at the end of the run.
    pub fn finish(&mut self, setting: &Setting, now: Timestamp, out: &mut Vec<Output>) {
        self.lose_worn_pack(now, out);
        if let Some(fate) = self.fate.take()
            && fate.begun
            && fate.incident.end.is_none()
        {
            let to = self.second_place(setting, &fate);
            out.push(Output::IncidentEnded(Incident { end: Some(now), to, ..fate.incident }));
        }
    }

    /// While its pack may run away, the management looks every second and raises the urgency with its first alarm.
    pub(super) fn watch_pack(&mut self, setting: &Setting, now: Timestamp) {
        let Some(watch) = self.watch.as_mut().filter(|watch| watch.next <= now) else { return };
        watch.next = now.plus_seconds(WATCH_EVERY_S);
        self.watch.take_if(|watch| now >= watch.until);
        if self.measure_pack(setting, now).alarm_level > 0 {
            self.modem.set_urgency(Urgency::Suspect, now);
        }
    }
}
