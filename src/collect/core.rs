//! The core: payload in, changes out. Deterministic: the same messages give the same alerts, whenever they arrive.

use std::collections::VecDeque;
use std::time::Duration;

use super::counters::Counters;
use super::settings::Settings;
use crate::alert::Book;
use crate::base::{Timestamp, Vin};
use crate::detect::{self, Detector, Sight, Signal};
use crate::model::{Alert, AlertState, Command, Event, Family, Item, Kind, Order, Presence, Report, Stamp};
use crate::track::slab::Entry;
use crate::track::{Arrival, Saved, Sequence, Slab, VehicleId};
use crate::wire::{Message, Rejection, decode};

/// How far ahead a device's clock may be before it is counted.
const FUTURE: Duration = Duration::from_mins(5);

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
    slab: Slab,
    book: Book,
    detectors: Vec<Box<dyn Detector>>,
    /// What they say, in their order; kept to be used again.
    signals: Vec<Signal>,
    counters: Counters,
    outputs: VecDeque<Output>,
}

impl Core {
    /// A collector that knows no vehicle yet.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            slab: Slab::new(settings.max_vehicles),
            book: Book::default(),
            detectors: detect::all(&settings.detect),
            signals: Vec::new(),
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
        self.counters.messages += 1;
        let taken = decode(inbound.topic, inbound.content_type, inbound.payload)
            .and_then(|message| self.take(now, message, inbound.retained));
        if let Err(rejection) = taken {
            self.turn_away(rejection);
        }
    }

    fn turn_away(&mut self, rejection: Rejection) {
        *self.counters.rejected.entry(rejection).or_default() += 1;
        self.outputs.push_back(Output::Rejected(rejection));
    }

    fn take(&mut self, now: Timestamp, message: Message, retained: bool) -> Result<(), Rejection> {
        let vehicle = self.slab.enter(message.vin(), now).ok_or(Rejection::Capacity)?;
        match message {
            Message::Report(report) => self.take_report(now, vehicle, report),
            Message::Event(event) => self.take_event(now, vehicle, &event),
            Message::Reply(reply) => self.take_note(now, vehicle, &reply.stamp),
            Message::Presence(presence) => self.take_presence(vehicle, presence, retained),
            Message::Batch(batch, refused) => {
                for item in batch.items {
                    match item {
                        Item::Report(report) => self.take_report(now, vehicle, report),
                        Item::Event(event) => self.take_event(now, vehicle, &event),
                        Item::Reply(reply) => self.take_note(now, vehicle, &reply.stamp),
                    }
                }
                for rejection in refused {
                    self.turn_away(rejection);
                }
            }
        }
        self.outputs.push_back(Output::Vehicle(vehicle));
        Ok(())
    }

    /// A message that says only that the vehicle lives.
    fn take_note(&mut self, now: Timestamp, vehicle: VehicleId, stamp: &Stamp) {
        if self.count_arrival(now, vehicle, stamp) {
            self.slab.get_mut(vehicle).track.seen = now;
        }
    }

    /// A happening: remembered, and looked at together with the last report.
    fn take_event(&mut self, now: Timestamp, vehicle: VehicleId, event: &Event) {
        if self.count_arrival(now, vehicle, &event.stamp) {
            let track = &mut self.slab.get_mut(vehicle).track;
            track.seen = now;
            track.hear(event);
            self.look(now, vehicle, None, Some(event));
        }
    }

    fn take_report(&mut self, now: Timestamp, vehicle: VehicleId, report: Report) {
        let before = self.counters.received;
        let newest = self.count_arrival(now, vehicle, &report.stamp);
        self.counters.reports += self.counters.received - before;
        let entry = self.slab.get_mut(vehicle);
        if !newest {
            return;
        }
        entry.track.seen = now;
        entry.track.online = true;
        entry.track.follow(&report, entry.report.as_ref());
        let before = entry.report.replace(report);
        self.look(now, vehicle, before.as_ref(), None);
    }

    /// Lets all detectors look at a vehicle.
    fn look(&mut self, now: Timestamp, vehicle: VehicleId, before: Option<&Report>, event: Option<&Event>) {
        let entry = self.slab.get(vehicle);
        let Some(report) = &entry.report else { return };
        let sight = Sight { now, report, before, event, track: &entry.track };
        self.signals.clear();
        self.signals.extend(self.detectors.iter().map(|detector| detector.examine(sight)));
        let (counters, outputs) = (&mut self.counters, &mut self.outputs);
        self.book.note(vehicle, sight, &self.detectors, &self.signals, |alert, before| {
            match alert.state {
                AlertState::Raised => counters.raised += u64::from(before.is_none()),
                AlertState::Cleared => counters.cleared += 1,
            }
            let rises = alert.state == AlertState::Raised && before.is_none_or(|before| alert.level > before);
            if rises && alert.kind.family() == Family::Theft {
                outputs.push_back(Output::Command(Box::new(pursue(&alert))));
            }
            outputs.push_back(Output::Alert(Box::new(alert)));
        });
    }

    /// Counts a numbered message; true when it is newer than all before.
    fn count_arrival(&mut self, now: Timestamp, vehicle: VehicleId, stamp: &Stamp) -> bool {
        let track = &mut self.slab.get_mut(vehicle).track;
        let arrival = if let Some(sequence) = &mut track.sequence {
            sequence.observe(stamp)
        } else {
            track.sequence = Some(Sequence::starting(stamp));
            Arrival::New { missing: 0 }
        };
        let counters = &mut self.counters;
        match arrival {
            Arrival::New { missing } => {
                counters.received += 1;
                counters.missing += u64::from(missing);
                counters.future += u64::from(stamp.time > now + FUTURE);
                return true;
            }
            Arrival::Late => {
                counters.received += 1;
                counters.late += 1;
                counters.missing = counters.missing.saturating_sub(1);
            }
            Arrival::Duplicate => counters.duplicates += 1,
            Arrival::Stale => counters.stale += 1,
        }
        false
    }

    fn take_presence(&mut self, vehicle: VehicleId, presence: Presence, retained: bool) {
        let track = &mut self.slab.get_mut(vehicle).track;
        track.online = presence.online;
        // A retained one is old news: what it promises may have come and gone before we listened.
        if let (Some(boot), Some(seq), false) = (presence.boot, presence.seq, retained) {
            match &mut track.sequence {
                Some(sequence) => self.counters.missing += u64::from(sequence.expect(boot, seq)),
                None => track.sequence = Some(Sequence::at(boot, seq)),
            }
        }
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

    /// What has been counted.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// A vehicle in the form in which it is stored.
    #[must_use]
    pub fn save(&self, id: VehicleId) -> Saved {
        let entry = self.slab.get(id);
        Saved { version: Saved::VERSION, track: entry.track.clone(), report: entry.report.clone() }
    }
}
