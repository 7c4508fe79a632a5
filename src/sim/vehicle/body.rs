//! A vehicle's parts and state, and how time passes for them.

use super::exchange::Membership;
use super::fate::{Fate, Watch};
use super::uplink::Cut;
use crate::base::rng::{Purpose, Stream};
use crate::base::units::{Amps, MetresPerSecond};
use crate::base::{PackId, Timestamp, Vin};
use crate::model::{EventKind, Incident};
use crate::sim::gnss::{Receiver, Sky};
use crate::sim::incident::{Conditions, Planned};
use crate::sim::modem::{Modem, Urgency};
use crate::sim::motion::{Journey, Pose};
use crate::sim::output::Output;
use crate::sim::pack::{Interval, Pack, Spec};
use crate::sim::rider::{Rider, Trip};
use crate::sim::scenario::Habit;
use crate::sim::setting::{Makeup, Setting};
use crate::sim::streets::Spot;

/// What a vehicle is doing.
#[derive(Debug, Clone)]
pub(super) enum Doing {
    /// It stands, perhaps on a charger.
    Standing { spot: Spot, charging: bool },
    /// Its rider is under way with it. Boxed, because most stand.
    Riding { journey: Box<Journey>, to: Spot },
    /// Something else moves it: see its fate.
    Moved { journey: Box<Journey>, to: Spot },
}

/// A simulated vehicle.
#[derive(Debug, Clone)]
pub struct Vehicle {
    pub(super) number: u32,
    pub(super) vin: Vin,
    pub(super) model: usize,
    pub(super) layout: usize,
    pub(super) rider: Rider,
    pub(super) trip: Trip,
    pub(super) doing: Doing,
    pub(super) pack: Pack,
    /// Boxed, because only couriers have one.
    pub(super) membership: Option<Box<Membership>>,
    pub(super) receiver: Receiver,
    pub(super) modem: Modem,
    pub(super) odometer: f64,
    /// The last wake-up, from which energy and distance are counted.
    pub(super) advanced: Timestamp,
    pub(super) pose: Pose,
    /// What is different about it, if anything is. Boxed, because that is rare.
    pub(super) unusual: Option<Box<Conditions>>,
    /// Incidents still to come, the next one last.
    pub(super) pending: Vec<Planned>,
    /// What befalls it at the moment.
    pub(super) fate: Option<Box<Fate>>,
    /// While a worn pack sits in it that somebody put in: the truth of that.
    pub(super) worn: Option<Box<Incident>>,
    /// While it looks at its pack every second.
    pub(super) watch: Option<Box<Watch>>,
    /// While it has no network: what waits for one.
    pub(super) cut: Option<Box<Cut>>,
    /// The motor is blocked by command.
    pub(super) immobilised: bool,
    pub(super) lean: f64,
    pub(super) trips: Stream,
    pub(super) motion: Stream,
    pub(super) sensors: Stream,
}

impl Vehicle {
    /// Builds vehicle `number` of a run, in the middle of whatever it does when the run starts.
    #[must_use]
    pub fn build(number: u32, setting: &Setting) -> Self {
        let seed = setting.scenario.seed;
        let stream = |purpose| Stream::new(seed, number, purpose);
        let mut trips = stream(Purpose::Trips);
        let (Makeup { model, layout, habit }, mut build) = setting.makeup(number);
        let vin = make_vin(&setting.models[model].0.wmi, number);
        let pack_id = PackId::from(&format!("{}-{number:07}", setting.packs[layout].0)).unwrap_or_default();
        let pack = Pack::build(pack_id, spec(setting, layout), setting.ambient(setting.begin), &mut build);
        let rider = Rider::draw(&setting.place, habit, &mut build);
        let (spot, trip) = rider.wake(setting, &mut trips);
        let cadence = &setting.scenario.report;
        let next_change = setting.outages.next_change(setting.begin);
        let mut vehicle = Self {
            number,
            vin,
            model,
            layout,
            rider,
            trip,
            doing: Doing::Standing { spot, charging: false },
            pack,
            membership: None,
            receiver: Receiver::new(stream(Purpose::Gnss)),
            modem: Modem::start(setting.begin, cadence, Urgency::Parked, next_change, stream(Purpose::Modem)),
            odometer: build.log_normal(2_500_000.0, 0.8).floor(),
            advanced: setting.begin,
            pose: standing_pose(setting, &spot),
            unusual: None,
            pending: setting.incidents_of(number).iter().rev().copied().collect(),
            fate: None,
            worn: None,
            watch: None,
            cut: None,
            immobilised: false,
            lean: 6.0 + 2.0 * build.unit(),
            trips,
            motion: stream(Purpose::Motion),
            sensors: stream(Purpose::Sensors),
        };
        if habit == Habit::Courier {
            vehicle.join_swap_network(setting, &mut build);
        }
        vehicle.keep_clear_of_incidents();
        if !vehicle.is_led_up_to(setting) {
            vehicle.join_life_under_way(setting);
        }
        vehicle
    }

    /// Its VIN.
    #[must_use]
    pub fn vin(&self) -> Vin {
        self.vin
    }

    /// Its number in the run.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// When it has to be woken next.
    #[must_use]
    pub fn next_wake(&self) -> Timestamp {
        let change = match &self.doing {
            Doing::Standing { .. } => self.trip.departs,
            Doing::Riding { journey, .. } | Doing::Moved { journey, .. } => journey.next_change(),
        };
        let watch = self.watch.as_ref().map_or(Timestamp::NEVER, |watch| watch.next);
        change.min(self.modem.next_wake()).min(self.next_fate()).min(watch)
    }

    /// Brings it forward to `now` and lets it say what it has to.
    pub fn wake(&mut self, setting: &Setting, now: Timestamp, out: &mut Vec<Output>) {
        let first = out.len();
        self.feed_modem(setting, now);
        self.advance(setting, now);
        self.change_activity(setting, now, out);
        self.suffer(setting, now, out);
        self.watch_pack(setting, now);
        if self.pack.says_spent(spec(setting, self.layout)) {
            self.say(EventKind::EndOfLife, now, out);
        }
        self.listen(setting, now, out);
        if self.modem.due() <= now {
            if self.has_power() {
                let report = self.report(setting, now);
                out.push(Output::Report(report));
            }
            self.modem.schedule_next(&setting.scenario.report, now);
        }
        self.hold_back(first, out);
    }

    /// Moves it along its way and charges or discharges its pack for the time since the last wake-up.
    pub(super) fn advance(&mut self, setting: &Setting, now: Timestamp) {
        let seconds = now.seconds_since(self.advanced);
        if seconds <= 0.0 {
            return;
        }
        let spec = spec(setting, self.layout);
        let interval = Interval { until: now, seconds, ambient: self.air(setting, now) };
        let standby_w = self.standby_w(setting, now);
        let current = match &self.doing {
            Doing::Standing { charging: true, spot } => {
                let charger = self.charger(spot);
                self.pack.charge(spec, charger, interval);
                None
            }
            Doing::Standing { .. } => {
                let idle = self.pack.discharge_current(spec, standby_w);
                Some(idle - Amps(self.conditions().draw_a.into()))
            }
            Doing::Moved { journey, .. } => {
                let next = journey.pose(&setting.place, now);
                if self.conditions().wheel_turns {
                    self.odometer += (next.travelled - self.pose.travelled).max(0.0);
                }
                self.pose = next;
                Some(self.pack.discharge_current(spec, standby_w))
            }
            Doing::Riding { journey, .. } => {
                let next = journey.pose(&setting.place, now);
                let current = self.ride_current(setting, journey, &next, now, standby_w);
                self.odometer += (next.travelled - self.pose.travelled).max(0.0);
                self.pose = next;
                Some(current)
            }
        };
        if let Some(current) = current {
            self.pack.step(spec, current, interval);
        }
        self.receiver.look(now, self.sky());
        self.advanced = now;
    }

    /// The mean current since the last wake-up on the way to `next`: what the motor and the electronics take less what
    /// braking gives back.
    fn ride_current(&self, setting: &Setting, journey: &Journey, next: &Pose, now: Timestamp, standby_w: f64) -> Amps {
        let (model, spec) = (&setting.models[self.model].0, spec(setting, self.layout));
        let seconds = now.seconds_since(self.advanced);
        let mut watts = standby_w;
        if journey.is_driven() {
            let metres = next.travelled - self.pose.travelled;
            let slope = if metres > 1.0 { (next.elevation - self.pose.elevation) / metres } else { 0.0 };
            let against = model.resistance(setting.road(now, next.course, slope));
            let most_w = self.pack.regen_power(spec) / model.regen_efficiency.max(1e-3);
            let effort = journey.effort(self.advanced, now, &against, most_w);
            watts += (effort.drive_j / model.efficiency - effort.regained_j * model.regen_efficiency) / seconds;
        }
        if watts < 0.0 { self.pack.regen_current(spec, -watts) } else { self.pack.discharge_current(spec, watts) }
    }

    /// What its electronics take from the pack, W.
    fn standby_w(&self, setting: &Setting, now: Timestamp) -> f64 {
        setting.models[self.model].0.standby_w + self.modem.extra_watts(&setting.scenario.report, now)
    }

    /// What is different about it.
    pub(super) fn conditions(&self) -> &Conditions {
        self.unusual.as_deref().unwrap_or(&Conditions::USUAL)
    }

    /// What it sees of the sky.
    pub(super) fn sky(&self) -> Sky {
        if self.conditions().sky_hidden || self.conditions().underground { Sky::Hidden } else { self.pose.sky() }
    }

    /// Puts it somewhere.
    pub(super) fn stand(&mut self, setting: &Setting, spot: Spot, charging: bool) {
        self.doing = Doing::Standing { spot, charging };
        self.pose = standing_pose(setting, &spot);
    }
}

/// What a vehicle's pack is made of.
pub(super) fn spec(setting: &Setting, layout: usize) -> Spec<'_> {
    let (_, layout, cell, _) = &setting.packs[layout];
    Spec { layout, cell }
}

pub(super) fn standing_pose(setting: &Setting, spot: &Spot) -> Pose {
    let edge = &setting.place.edges[usize::from(spot.edge)];
    let at = spot.at(&setting.place);
    Pose {
        at,
        elevation: edge.elevation(spot.offset()),
        course: 0.0,
        speed: MetresPerSecond(0.0),
        travelled: 0.0,
        underground: false,
        canyon: setting.place.is_canyon(edge, at),
    }
}

/// A VIN: five characters of the model, type, the check digit, year `T` (2026), number.
fn make_vin(wmi: &str, number: u32) -> Vin {
    let text = format!("{wmi}TA20T{number:07}");
    Vin::with_check_digit(&text).expect("the catalogue's prefix and a number make a VIN")
}
