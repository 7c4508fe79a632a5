//! The core: payload in, changes out. Deterministic: the same messages give the same alerts, whenever they arrive.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::archive::Archive;
use super::counters::Counters;
use super::intake::Change;
use super::roll::{Census, RollCall};
use super::settings::Settings;
use crate::alert::{self, Book, Permit, Refusal, Window, WindowRefusal};
use crate::base::{AlertId, Timestamp, Vin};
use crate::detect::silence::Silence;
use crate::detect::{self, Detector, Signal};
use crate::model::{Alert, AlertState, Command, Family, Kind, Level, Order};
use crate::track::{Entry, Saved, Slab, VehicleId};
use crate::wire::{Rejection, decode};

/// A message as it comes from a broker.
#[derive(Debug, Clone, Copy)]
pub struct Inbound<'a> {
    /// Topic name.
    pub topic: &'a [u8],
    /// MQTT content type.
    pub content_type: Option<&'a str>,
    /// Payload.
    pub payload: &'a [u8],
    /// Whether the broker had kept it from before the subscription.
    pub retained: bool,
}

/// What the core did, for its owner to carry out.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub enum Output {
    /// Something about a vehicle changed.
    Vehicle(VehicleId),
    /// An alert was raised, grew or was cleared.
    Alert(Box<Alert>),
    /// A vehicle is to be asked something.
    Command(Box<Command>),
    /// A payload was turned away.
    Rejected(Rejection),
}

/// How often a vehicle is asked to report on the first suspicion of a theft, and for how long: it costs 600 reports.
const PURSUIT_EVERY_S: f64 = 1.0;
const PURSUIT_FOR: Duration = Duration::from_mins(10);

/// Asks the vehicle of an alert for fast reports. The same alert at the same level gives the same command.
fn pursue(alert: &Alert) -> Command {
    Command {
        vin: alert.vin,
        id: format!("{}-{}", alert.id, u8::from(alert.level)),
        order: Order::ReportRate { every_s: PURSUIT_EVERY_S, for_s: PURSUIT_FOR.as_secs_f64() },
        expires: Some(alert.at + PURSUIT_FOR),
    }
}

/// The collector's core.
#[derive(Debug)]
pub struct Core {
    pub(super) slab: Slab,
    pub(super) book: Book,
    pub(super) archive: Archive,
    roll: RollCall,
    pub(super) detectors: Vec<Box<dyn Detector>>,
    /// What they say, in their order; kept to be used again.
    pub(super) signals: Vec<Signal>,
    /// Which alerts changed by it; empty in between.
    pub(super) changes: Vec<Change>,
    pub(super) counters: Counters,
    pub(super) outputs: VecDeque<Output>,
}

impl Core {
    /// A collector that knows no vehicle yet.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            slab: Slab::new(settings.max_vehicles),
            book: Book::new(settings.alert.clone()),
            archive: Archive::new(settings.rewind.clone()),
            roll: RollCall::new(settings.silence.clone()),
            detectors: detect::all(&settings.detect),
            signals: Vec::new(),
            changes: Vec::new(),
            counters: Counters::default(),
            outputs: VecDeque::new(),
        }
    }

    /// Puts back what was stored when the collector stopped. Call it before the first message.
    pub fn restore(&mut self, vehicles: Vec<Saved>, open: Vec<Alert>) {
        for saved in vehicles {
            self.slab.restore(saved);
        }
        for alert in open {
            if let Some(vehicle) = self.slab.find(alert.vin) {
                self.book.restore(vehicle, alert);
            }
        }
    }

    /// Takes a message that arrived at `now`.
    pub fn handle(&mut self, now: Timestamp, inbound: Inbound<'_>) {
        self.roll.begin(now);
        if self.roll.is_due(now) || self.next_deadline().is_some_and(|due| due <= now) {
            self.tick(now);
        }
        self.counters.messages += 1;
        let taken = decode(inbound.topic, inbound.content_type, inbound.payload)
            .and_then(|message| self.take(now, message, inbound.retained));
        if let Err(rejection) = taken {
            self.turn_away(rejection);
        }
    }

    pub(super) fn turn_away(&mut self, rejection: Rejection) {
        *self.counters.rejected.entry(rejection).or_default() += 1;
        self.outputs.push_back(Output::Rejected(rejection));
    }

    /// Tells a change of an alert; `before` is the level at which it stood, if it stood.
    pub(super) fn tell(&mut self, vehicle: VehicleId, alert: Alert, before: Option<Level>) {
        let counters = &mut self.counters;
        match alert.state {
            AlertState::Raised => counters.raised += u64::from(before.is_none()),
            AlertState::Reopened => counters.reopened += u64::from(before.is_none()),
            AlertState::Escalated => counters.escalated += 1,
            AlertState::Cleared => counters.cleared += 1,
            AlertState::Withdrawn => counters.withdrawn += 1,
            AlertState::Suppressed => counters.suppressed += u64::from(before.is_none()),
            AlertState::Acknowledged | AlertState::Snoozed => {}
        }
        let rises = alert.state.is_open() && before.is_none_or(|before| alert.level > before);
        if rises && alert.kind.family() == Family::Theft {
            self.outputs.push_back(Output::Command(Box::new(pursue(&alert))));
        }
        if let Some(mut past) = self.archive.take(vehicle) {
            past.told.insert(alert.id, alert.clone());
            self.archive.put(vehicle, past);
        }
        self.outputs.push_back(Output::Alert(Box::new(alert)));
    }

    /// Carries out what an operator wants of an alert as it was last told; the answer is the alert after it.
    ///
    /// # Errors
    /// When that is not possible; nothing has changed then.
    pub fn operate(&mut self, now: Timestamp, told: &Alert, order: alert::Order) -> Result<Alert, Refusal> {
        let vehicle = self.slab.find(told.vin).ok_or(Refusal::Unknown(told.id))?;
        let alert = self.book.carry_out(now, vehicle, told, order)?.clone();
        let level = alert.level;
        // Nothing was found that was not known: no vehicle is asked anything.
        self.tell(vehicle, alert.clone(), Some(level));
        self.outputs.push_back(Output::Vehicle(vehicle));
        Ok(alert)
    }

    /// When something is due without any message, by the collector's clock. The roll call is not among it: it goes round
    /// with the messages, and with whoever calls [`Core::tick`] when none come.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let replay = self.archive.next_replay().map(|(at, _)| at);
        let expiry = self.archive.next_expiry().map(|(at, _)| at);
        self.book.next_deadline().into_iter().chain(replay).chain(expiry).min()
    }

    /// Does what is due at `now`. [`Core::handle`] does it by itself; call it when no message comes for a while.
    pub fn tick(&mut self, now: Timestamp) {
        while let Some((at, vehicle)) = self.archive.next_replay().filter(|(at, _)| *at <= now) {
            self.replay(at, vehicle);
        }
        while let Some((at, vehicle)) = self.archive.next_expiry().filter(|(at, _)| *at <= now) {
            self.expire(at, vehicle);
        }
        let outputs = &mut self.outputs;
        self.roll.call(now, &self.slab, |vehicle| outputs.push_back(Output::Vehicle(vehicle)));
        let mut steps = Vec::new();
        self.book.tick(now, |vehicle, alert, before| steps.push((vehicle, alert.clone(), before)));
        for (vehicle, alert, before) in steps {
            self.tell(vehicle, alert, before);
            self.outputs.push_back(Output::Vehicle(vehicle));
        }
    }

    /// What the last round of the roll call counted, once after each; for the other cores of a fleet that is dealt out.
    pub fn take_census(&mut self) -> Option<Arc<Census>> {
        self.roll.take_census()
    }

    /// Takes note of what another core's last round counted, so that who is silent is judged by all vehicles of a radio cell.
    pub fn hear_census(&mut self, core: usize, census: Arc<Census>) {
        self.roll.hear_census(core, census);
    }

    /// Lets a vehicle be moved for a time: claims of theft are only noted meanwhile.
    ///
    /// # Errors
    /// When the time would be over, or there are too many.
    pub fn authorise(&mut self, now: Timestamp, permit: Permit) -> Result<Window, WindowRefusal> {
        self.book.authorise(now, self.slab.find(permit.vin), permit)
    }

    /// Ends such a time early; what was suppressed and is still there is raised.
    ///
    /// # Errors
    /// When there is none, or it is over.
    pub fn revoke(&mut self, now: Timestamp, vin: Vin, id: AlertId) -> Result<Window, WindowRefusal> {
        let window = self.book.revoke(now, self.slab.find(vin), vin, id)?;
        self.tick(now);
        Ok(window)
    }

    /// Puts back authorised windows that were stored.
    pub fn restore_windows(&mut self, windows: Vec<Window>) {
        for window in windows {
            self.book.restore_window(window);
        }
    }

    /// The authorised windows in which an alert left its trace since this was last asked.
    pub fn take_changed_windows(&mut self) -> Vec<Window> {
        self.book.take_changed_windows()
    }

    /// The next thing to carry out.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// What is known of a vehicle.
    #[must_use]
    pub fn vehicle(&self, id: VehicleId) -> &Entry {
        self.slab.get(id)
    }

    /// Why nothing is heard of a vehicle, or not where it is; `None` of one that is heard.
    #[must_use]
    pub fn silence(&self, id: VehicleId) -> Option<Silence> {
        self.roll.silence(id, self.slab.get(id))
    }

    /// The number of a known vehicle.
    #[must_use]
    pub fn find(&self, vin: Vin) -> Option<VehicleId> {
        self.slab.find(vin)
    }

    /// All vehicles.
    #[must_use]
    pub fn vehicles(&self) -> &Slab {
        &self.slab
    }

    /// The kinds of open alerts of a vehicle.
    pub fn open_kinds(&self, vehicle: VehicleId) -> impl Iterator<Item = Kind> + '_ {
        self.book.kinds_of(vehicle)
    }

    /// How many alerts are open.
    #[must_use]
    pub fn open_alerts(&self) -> usize {
        self.book.len()
    }

    /// How many messages are kept so that late ones can be put in order, and of how many vehicles.
    #[must_use]
    pub fn kept(&self) -> (usize, usize) {
        self.archive.size()
    }

    /// What has been counted.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// A vehicle in the form in which it is stored.
    #[must_use]
    pub fn save(&self, id: VehicleId) -> Saved {
        let entry = self.slab.get(id);
        Saved { version: Saved::VERSION, track: entry.track(), report: entry.report() }
    }
}
