//! One vehicle: its rider, its movement, its pack, its receiver and its modem, brought forward from wake-up to wake-up.

use super::gnss::{Receiver, Sky};
use super::incident::Planned;
use super::modem::{Modem, Urgency};
use super::motion::{Journey, Pose, Style};
use super::output::Output;
use super::pack::{Charger, Fault, Interval, Pack, Spec, Trouble};
use super::rider::{Rider, Trip, far_spot};
use super::setting::{Setting, pick};
use super::streets::{Spot, Traveller, route};
use crate::base::rng::{Purpose, Stream};
use crate::base::units::{Degrees, Gravities, Metres, MetresPerSecond};
use crate::base::{PackId, Timestamp, Vin};
use crate::model::{Event, EventKind, Incident, Kind, Mode, Motion, Report};

/// Below this charge nobody starts a trip.
const LOW_SOC: f64 = 0.2;
/// Charge at which a vehicle is taken off the charger for a trip.
const ENOUGH_SOC: f64 = 0.8;
/// How a van with a stolen vehicle drives.
const VAN: Style = Style { top_speed: 13.0, hill_speed: 11.0, pull: 1.4, brake: 2.0, stop_chance: 0.2 };
/// How often a vehicle looks at a pack that runs away, seconds.
const ALARM_WATCH_S: f64 = 1.0;
/// How long somebody keeps away from a vehicle around an incident, so that it finds it parked, seconds.
const KEEP_PARKED_S: f64 = 3600.0;

/// What a vehicle is doing.
#[derive(Debug, Clone)]
enum Doing {
    /// It stands, perhaps on a charger.
    Standing { spot: Spot, charging: bool },
    /// Its rider is under way with it.
    Riding { journey: Journey, to: Spot },
    /// It stands on a van that drives.
    Hauled { journey: Journey, to: Spot, incident: Incident },
}

/// A simulated vehicle.
#[derive(Debug, Clone)]
pub struct Vehicle {
    number: u32,
    vin: Vin,
    model: usize,
    layout: usize,
    rider: Rider,
    trip: Trip,
    doing: Doing,
    pack: Pack,
    receiver: Receiver,
    modem: Modem,
    odometer: f64,
    /// Truth at the last wake-up, from which energy and distance are counted.
    advanced: Timestamp,
    pose: Pose,
    /// Incidents still to come, the next one last.
    pending: Vec<Planned>,
    watch_until: Timestamp,
    watch_next: Timestamp,
    lean: f64,
    lifted: bool,
    trips: Stream,
    motion: Stream,
    sensors: Stream,
}

impl Vehicle {
    /// Builds vehicle `number` of a run, in the middle of whatever it does when the run starts.
    ///
    /// # Panics
    /// Never for a checked scenario: its shares name at least one model, pack and rider.
    #[must_use]
    pub fn build(number: u32, setting: &Setting) -> Self {
        let seed = setting.scenario.seed;
        let stream = |purpose| Stream::new(seed, number, purpose);
        let (mut build, mut trips) = (stream(Purpose::Build), stream(Purpose::Trips));
        let model_index = pick(setting.models.iter().map(|(_, share)| *share), build.unit());
        let layout = pick(setting.packs.iter().map(|(.., share)| *share), build.unit());
        let riders = &setting.scenario.mix.rider;
        let habit = pick(riders.values().copied(), build.unit());
        let habit = *riders.keys().nth(habit).expect("shares are checked to be there");
        let vin = make_vin(&setting.models[model_index].0.wmi, number);
        let pack_id = PackId::from(&format!("{}-{number:07}", setting.packs[layout].0)).unwrap_or_default();
        let spec = spec(setting, layout);
        let pack = Pack::build(pack_id, spec, setting.place.file.ambient, &mut build);
        let rider = Rider::draw(&setting.place, habit, &mut build);
        let (spot, trip) = rider.wake(setting, &mut trips);
        let modem = Modem::start(vin, setting.begin, &setting.scenario.report, Urgency::Parked, stream(Purpose::Modem));
        let mut pending = setting.incidents_of(number).to_vec();
        pending.reverse();
        let mut vehicle = Self {
            number,
            vin,
            model: model_index,
            layout,
            rider,
            trip,
            doing: Doing::Standing { spot, charging: false },
            pack,
            receiver: Receiver::new(stream(Purpose::Gnss)),
            modem,
            odometer: build.log_normal(2_500_000.0, 0.8).floor(),
            advanced: setting.begin,
            pose: standing_pose(setting, &spot),
            pending,
            watch_until: Timestamp(0),
            watch_next: Timestamp::NEVER,
            lean: 6.0 + 2.0 * build.unit(),
            lifted: false,
            trips,
            motion: stream(Purpose::Motion),
            sensors: stream(Purpose::Sensors),
        };
        vehicle.keep_clear_of_incidents();
        vehicle.join_trip_under_way(setting);
        vehicle
    }

    /// Its VIN.
    #[must_use]
    pub fn vin(&self) -> Vin {
        self.vin
    }

    /// Its modem's view of when a message reaches the network.
    pub fn transmit(&mut self, setting: &Setting, now: Timestamp) -> Timestamp {
        self.modem.transmit(&setting.scenario.link, now)
    }

    /// When it has to be woken next.
    #[must_use]
    pub fn next_wake(&self) -> Timestamp {
        let change = match &self.doing {
            Doing::Standing { .. } => self.trip.departs,
            Doing::Riding { journey, .. } | Doing::Hauled { journey, .. } => journey.next_change(),
        };
        let incident = self.pending.last().map_or(Timestamp::NEVER, |plan| plan.start);
        change.min(self.modem.due()).min(incident).min(self.watch_next)
    }

    /// Brings it forward to `now` and lets it say what it has to.
    pub fn wake(&mut self, setting: &Setting, now: Timestamp, out: &mut Vec<Output>) {
        self.advance(setting, now);
        self.change_activity(setting, now, out);
        self.suffer(setting, now, out);
        self.watch_pack(setting, now);
        if self.modem.due() <= now {
            let report = self.report(setting, now);
            out.push(Output::Report(report));
            self.modem.schedule_next(&setting.scenario.report, now);
        }
    }

    /// Ends what is still going on, at the end of the run.
    pub fn finish(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        if let Doing::Hauled { incident, .. } = &self.doing {
            out.push(Output::IncidentEnded(Incident { end: Some(now), ..incident.clone() }));
        }
    }

    /// Moves it along its way and charges or discharges its pack for the time since the last wake-up.
    fn advance(&mut self, setting: &Setting, now: Timestamp) {
        let seconds = now.seconds_since(self.advanced);
        if seconds <= 0.0 {
            return;
        }
        let spec = spec(setting, self.layout);
        let interval = Interval { until: now, seconds, ambient: setting.place.file.ambient };
        let model = &setting.models[self.model].0;
        let current = match &self.doing {
            Doing::Standing { charging: true, .. } => {
                self.pack.charge(spec, Charger::Home, interval);
                self.advanced = now;
                return;
            }
            Doing::Standing { .. } => self.pack.discharge_current(spec, model.standby_w),
            Doing::Hauled { journey, .. } => {
                self.pose = journey.pose(&setting.place, now);
                self.pack.discharge_current(spec, model.standby_w)
            }
            Doing::Riding { journey, .. } => {
                let next = journey.pose(&setting.place, now);
                let metres = (next.travelled - self.pose.travelled).max(0.0);
                let slope = if metres > 1.0 { (next.elevation - self.pose.elevation) / metres } else { 0.0 };
                let mean = MetresPerSecond(metres / seconds);
                let gained = (next.speed.0.powi(2) - self.pose.speed.0.powi(2)) / 2.0 * model.mass_kg;
                let watts = model.road_load(mean, slope, 0.0) + gained.max(0.0) / seconds / model.efficiency;
                self.odometer += metres;
                self.pose = next;
                self.pack.discharge_current(spec, watts + model.standby_w)
            }
        };
        self.pack.step(spec, current, interval);
        self.advanced = now;
    }

    /// Starts and ends trips, and drives on to the next stretch.
    fn change_activity(&mut self, setting: &Setting, now: Timestamp, out: &mut Vec<Output>) {
        match &mut self.doing {
            Doing::Standing { .. } if self.trip.departs <= now => self.depart(setting, now, out),
            Doing::Standing { .. } => {}
            Doing::Riding { journey, to } => {
                if !journey.advance(&setting.place, now, &mut self.motion) {
                    let spot = *to;
                    self.arrive(setting, spot, now, out);
                }
            }
            Doing::Hauled { journey, to, incident } => {
                if !journey.advance(&setting.place, now, &mut self.motion) {
                    let (spot, incident) = (*to, incident.clone());
                    self.stand(setting, spot, false);
                    let to = Some(setting.place.frame.globe(self.pose.at));
                    out.push(Output::IncidentEnded(Incident { end: Some(now), to, ..incident }));
                }
            }
        }
    }

    fn depart(&mut self, setting: &Setting, now: Timestamp, out: &mut Vec<Output>) {
        let Doing::Standing { spot, charging } = self.doing else { return };
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
                let unlock = Event { stamp: self.modem.stamp(now), kind: EventKind::Unlock };
                out.push(Output::Event(unlock));
                self.modem.set_urgency(Urgency::Riding, now);
            }
            Some(_) | None => self.plan_trip(setting, &spot, now),
        }
    }

    fn ride(
        &mut self,
        setting: &Setting,
        way: Vec<super::streets::Stretch>,
        (from, to): (&Spot, &Spot),
        now: Timestamp,
    ) {
        let top_speed =
            MetresPerSecond::from_kmh(setting.models[self.model].0.top_speed_kmh).0 * self.rider.pace.min(1.0);
        let style = Style { top_speed, hill_speed: 5.5, pull: 0.9, brake: 1.3, stop_chance: 0.35 };
        let journey = Journey::start(&setting.place, way, (from.aside, to.aside), style, now, &mut self.motion);
        self.pose = journey.pose(&setting.place, now);
        self.doing = Doing::Riding { journey, to: *to };
    }

    fn arrive(&mut self, setting: &Setting, spot: Spot, now: Timestamp, out: &mut Vec<Output>) {
        let wants_charge = self.pack.soc() < 0.45 && self.trips.chance(0.6);
        self.stand(setting, spot, wants_charge);
        self.plan_trip(setting, &spot, now);
        out.push(Output::Event(Event { stamp: self.modem.stamp(now), kind: EventKind::Lock }));
        // One report on locking, then the slow cadence.
        self.modem.set_urgency(Urgency::Parked, now);
    }

    fn stand(&mut self, setting: &Setting, spot: Spot, charging: bool) {
        self.doing = Doing::Standing { spot, charging };
        self.pose = standing_pose(setting, &spot);
    }

    fn plan_trip(&mut self, setting: &Setting, at: &Spot, now: Timestamp) {
        self.trip = self.rider.next_trip(setting, now, at, &mut self.trips);
        self.keep_clear_of_incidents();
    }

    /// Puts off a trip that would keep the vehicle from being parked when something is to befall it.
    fn keep_clear_of_incidents(&mut self) {
        for plan in &self.pending {
            let away_s = plan.start.seconds_since(self.trip.departs);
            if away_s < KEEP_PARKED_S && away_s > -KEEP_PARKED_S {
                self.trip.departs = plan.start.plus_seconds(KEEP_PARKED_S);
            }
        }
    }

    /// If the first trip began before the run did, is in the middle of it.
    fn join_trip_under_way(&mut self, setting: &Setting) {
        let Doing::Standing { spot, .. } = self.doing else { return };
        let (begin, trip) = (setting.begin, self.trip);
        if trip.departs >= begin || self.pack.soc() < LOW_SOC {
            return;
        }
        let Some(way) = route(&setting.place, &spot, &trip.to, Traveller::EBike).filter(|way| !way.is_empty()) else {
            return;
        };
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

    /// Lets begin what is planned to befall it, once it stands.
    fn suffer(&mut self, setting: &Setting, now: Timestamp, out: &mut Vec<Output>) {
        let Some(plan) = self.pending.last().copied().filter(|plan| plan.start <= now) else { return };
        let Doing::Standing { spot, .. } = self.doing else {
            // Still under way: it happens a minute later.
            if let Some(next) = self.pending.last_mut() {
                next.start = now.plus_seconds(60.0);
            }
            return;
        };
        self.pending.pop();
        let from = setting.place.frame.globe(self.pose.at);
        let mut incident =
            Incident { id: plan.id, vin: self.vin, kind: plan.kind, start: now, end: None, from, to: None };
        match plan.kind {
            Kind::Tow => {
                let there = far_spot(&setting.place, self.pose.at, Metres(plan.distance_m), &mut self.trips);
                let way = route(&setting.place, &spot, &there, Traveller::Van).unwrap_or_default();
                let journey =
                    Journey::start(&setting.place, way, (spot.aside, there.aside), VAN, now, &mut self.motion);
                self.doing = Doing::Hauled { journey, to: there, incident: incident.clone() };
                // Its rider will not find it again.
                self.trip.departs = Timestamp::NEVER;
                self.lifted = true;
                self.lean = 12.0;
                out.push(Output::IncidentBegan(incident));
                out.push(Output::Event(Event { stamp: self.modem.stamp(now), kind: EventKind::Lift }));
                self.modem.set_urgency(Urgency::Riding, now);
            }
            Kind::ThermalRunaway => {
                let cell = self.sensors.index(setting.packs[self.layout].1.series) as u8;
                let what = Trouble::Runaway { cell, ramp_s: plan.ramp_s as f32 };
                self.pack.strike(spec(setting, self.layout), Fault { since: now, what });
                self.trip.departs = Timestamp::NEVER;
                self.watch_until = now.plus_seconds(plan.ramp_s + 60.0);
                self.watch_next = now.plus_seconds(ALARM_WATCH_S);
                out.push(Output::IncidentBegan(incident.clone()));
                incident.end = Some(self.watch_until);
                out.push(Output::IncidentEnded(incident));
            }
        }
    }

    /// While its pack runs away, the management looks every second and raises the urgency with its first alarm.
    fn watch_pack(&mut self, setting: &Setting, now: Timestamp) {
        if self.watch_next > now {
            return;
        }
        let battery = self.measure_pack(setting, now);
        if battery.alarm_level > 0 {
            self.modem.set_urgency(Urgency::Suspect, now);
        }
        self.watch_next = now.plus_seconds(ALARM_WATCH_S);
        if now >= self.watch_until {
            self.watch_next = Timestamp::NEVER;
            self.modem.set_urgency(Urgency::Parked, now);
        }
    }

    fn measure_pack(&mut self, setting: &Setting, now: Timestamp) -> crate::model::Battery {
        self.pack.measure(now, spec(setting, self.layout), &mut self.sensors)
    }

    fn report(&mut self, setting: &Setting, now: Timestamp) -> Report {
        let (mode, riding, hauled) = match &self.doing {
            Doing::Standing { charging: false, .. } => (Mode::Parked, false, false),
            Doing::Standing { charging: true, .. } => (Mode::Charging, false, false),
            Doing::Riding { .. } => (Mode::Riding, true, false),
            Doing::Hauled { .. } => (Mode::Parked, false, true),
        };
        let pose = self.pose;
        let sky = match (pose.underground, pose.canyon) {
            (true, _) => Sky::Hidden,
            (false, true) => Sky::Canyon,
            (false, false) => Sky::Open,
        };
        let moving = (pose.speed.0, pose.course);
        let position = self.receiver.fix(&setting.place, now, pose.at, pose.elevation, moving, sky);
        let wheel = if riding { pose.speed } else { MetresPerSecond(0.0) };
        let shake = if riding && wheel.0 > 0.3 {
            0.13
        } else if hauled {
            0.05
        } else {
            0.004
        };
        let lean = if std::mem::take(&mut self.lifted) {
            38.0
        } else if riding {
            3.0
        } else {
            self.lean
        };
        let motion = Motion {
            wheel: wheel.quantised(0.01),
            vibration: Gravities(shake * (1.0 + 0.2 * self.sensors.normal()).max(0.2)).quantised(0.001),
            tilt: Degrees((lean + 0.8 * self.sensors.normal()).abs()).quantised(0.1),
            odometer: Metres(self.odometer).quantised(1.0),
        };
        Report {
            stamp: self.modem.stamp(now),
            mode,
            locked: !riding,
            key_near: riding,
            position,
            motion,
            battery: Some(self.measure_pack(setting, now)),
            link: self.modem.link(pose.underground),
        }
    }

    /// Its number in the run.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }
}

/// What a vehicle's pack is made of.
fn spec(setting: &Setting, layout: usize) -> Spec<'_> {
    let (_, layout, cell, _) = &setting.packs[layout];
    Spec { layout, cell }
}

fn standing_pose(setting: &Setting, spot: &Spot) -> Pose {
    let edge = &setting.place.edges[usize::from(spot.edge)];
    let at = spot.at(&setting.place);
    let nodes = [edge.from, edge.to].map(|node| &setting.place.nodes[usize::from(node)]);
    Pose {
        at,
        elevation: edge.elevation(spot.offset),
        course: 0.0,
        speed: MetresPerSecond(0.0),
        travelled: 0.0,
        underground: false,
        canyon: nodes.iter().any(|node| node.canyon && node.at.distance(at).0 < 900.0),
    }
}

/// A VIN: five characters of the model, three of a pack year code, the check digit, year `T` (2026), plant, number.
fn make_vin(wmi: &str, number: u32) -> Vin {
    let text = format!("{wmi}TA20T{number:07}");
    Vin::with_check_digit(&text).expect("the catalogue's prefix and a number make a VIN")
}
