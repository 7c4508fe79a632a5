//! How messages are taken: which of them are next, late, double or too old, and what the next one changes.

use std::time::Duration;

use super::core::{Core, Output};
use super::past::{Base, Gap, Past};
use crate::base::Timestamp;
use crate::detect::Sight;
use crate::detect::battery::Look;
use crate::model::{Alert, Event, Item, Level, Presence, Report, Stamp};
use crate::track::{Arrival, Sequence, VehicleId};
use crate::wire::{Message, Rejection};

/// How far ahead a device's clock may be before it is counted.
const FUTURE: Duration = Duration::from_mins(5);
/// A vehicle whose first message has a number up to this has just begun to count: those below are under way. Of one that has
/// counted for longer nobody knows what was said before.
const BEGINNING: u32 = 64;

/// An alert that changed.
#[derive(Debug)]
pub(super) struct Change {
    pub alert: Alert,
    /// The level at which it stood before, if it stood.
    pub before: Option<Level>,
    /// Device time of what changed it.
    pub time: Timestamp,
}

/// What is to be done with a numbered message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It is newer than all before.
    Next,
    /// It belongs before others, into a gap that is remembered.
    Earlier,
    /// It changes nothing.
    Nowhere,
}

impl Core {
    pub(super) fn take(&mut self, now: Timestamp, message: Message, retained: bool) -> Result<(), Rejection> {
        let vehicle = self.slab.enter(message.vin(), now).ok_or(Rejection::Capacity)?;
        match message {
            Message::Report(report) => self.take_item(now, vehicle, Item::Report(report)),
            Message::Event(event) => self.take_item(now, vehicle, Item::Event(event)),
            Message::Reply(reply) => self.take_item(now, vehicle, Item::Reply(reply)),
            Message::Presence(presence) => self.take_presence(now, vehicle, presence, retained),
            Message::Batch(batch, refused) => {
                for item in batch.items {
                    self.take_item(now, vehicle, item);
                }
                for rejection in refused {
                    self.turn_away(rejection);
                }
            }
        }
        self.outputs.push_back(Output::Vehicle(vehicle));
        Ok(())
    }

    fn take_item(&mut self, now: Timestamp, vehicle: VehicleId, item: Item) {
        let place = self.place(now, vehicle, item.stamp());
        self.counters.reports += u64::from(place.1 && matches!(item, Item::Report(_)));
        match place.0 {
            Place::Next => {
                let kept = self.archive.holds(vehicle).then(|| item.clone());
                self.follow(now, vehicle, item);
                for Change { alert, before, .. } in std::mem::take(&mut self.changes) {
                    self.tell(vehicle, alert, before);
                }
                if let Some(item) = kept {
                    self.keep(now, vehicle, item, false);
                }
            }
            Place::Earlier => self.keep(now, vehicle, item, true),
            Place::Nowhere => {}
        }
    }

    /// Lets a vehicle go on by the next message; what changed is left in `changes`.
    pub(super) fn follow(&mut self, now: Timestamp, vehicle: VehicleId, item: Item) {
        match item {
            Item::Report(report) => self.follow_report(now, vehicle, &report),
            Item::Event(event) => self.follow_event(now, vehicle, &event),
            // Says only that the vehicle lives.
            Item::Reply(_) => self.slab.get_mut(vehicle).set_seen(now),
        }
    }

    fn follow_report(&mut self, now: Timestamp, vehicle: VehicleId, report: &Report) {
        let entry = self.slab.get_mut(vehicle);
        let mut track = entry.take();
        (track.seen, track.online) = (now, true);
        let before = entry.before();
        track.follow(report, before.as_ref());
        let pack = Look::of(report, before.as_ref(), &track);
        self.look(vehicle, Sight { now, report, event: None, track: &track, pack: pack.as_ref() });
        let entry = self.slab.get_mut(vehicle);
        entry.keep(track);
        entry.keep_report(report);
    }

    /// What happens is remembered, and looked at together with the last report.
    fn follow_event(&mut self, now: Timestamp, vehicle: VehicleId, event: &Event) {
        let entry = self.slab.get_mut(vehicle);
        let mut track = entry.take();
        track.seen = now;
        track.hear(event);
        if let Some(report) = entry.report() {
            let pack = Look::of(&report, None, &track);
            let sight = Sight { now, report: &report, event: Some(event), track: &track, pack: pack.as_ref() };
            self.look(vehicle, sight);
        }
        self.slab.get_mut(vehicle).keep(track);
    }

    /// Lets all detectors look at a vehicle.
    fn look(&mut self, vehicle: VehicleId, sight: Sight<'_>) {
        self.signals.clear();
        self.signals.extend(self.detectors.iter().map(|detector| detector.examine(sight)));
        let changes = &mut self.changes;
        self.book.note(vehicle, sight, &self.detectors, &self.signals, |alert, before| {
            changes.push(Change { alert: alert.clone(), before, time: sight.time() });
        });
    }

    /// Counts a numbered message; the answer is what to do with it, and whether it was received for the first time.
    fn place(&mut self, now: Timestamp, vehicle: VehicleId, stamp: &Stamp) -> (Place, bool) {
        let entry = self.slab.get_mut(vehicle);
        let before = entry.sequence();
        let (sequence, arrival) = match before {
            Some(mut sequence) => {
                let arrival = sequence.observe(stamp);
                (sequence, arrival)
            }
            None => (Sequence::starting(stamp), Arrival::New { missing: 0 }),
        };
        entry.set_sequence(Some(sequence));
        match arrival {
            Arrival::New { missing } => {
                self.counters.received += 1;
                self.counters.missing += u64::from(missing);
                self.counters.future += u64::from(stamp.time > now + FUTURE);
                let unseen =
                    if before.is_none() && stamp.seq <= BEGINNING { stamp.seq.saturating_sub(1) } else { missing };
                let gap = Gap {
                    boot: stamp.boot,
                    from: stamp.seq - unseen,
                    to: stamp.seq.wrapping_sub(1),
                    since: now,
                    counted: missing > 0,
                };
                self.note_gap(now, vehicle, before, (unseen > 0).then_some(gap), stamp.boot);
                (Place::Next, true)
            }
            Arrival::Late => {
                self.counters.received += 1;
                self.counters.late += 1;
                let gap = self.fill(vehicle, stamp);
                let counted = gap.is_none_or(|gap| gap.counted);
                self.counters.missing = self.counters.missing.saturating_sub(u64::from(counted));
                self.counters.unplaced += u64::from(gap.is_none());
                (if gap.is_some() { Place::Earlier } else { Place::Nowhere }, true)
            }
            Arrival::Duplicate => {
                self.counters.duplicates += 1;
                (Place::Nowhere, false)
            }
            Arrival::Stale => self.place_stale(vehicle, stamp),
        }
    }

    /// What is too old for the numbers remembered of it may still belong into a gap that is.
    fn place_stale(&mut self, vehicle: VehicleId, stamp: &Stamp) -> (Place, bool) {
        let known = self.archive.get(vehicle).is_some_and(|past| past.has(stamp));
        if known {
            self.counters.duplicates += 1;
            return (Place::Nowhere, false);
        }
        let Some(gap) = self.fill(vehicle, stamp) else {
            self.counters.stale += 1;
            return (Place::Nowhere, false);
        };
        let entry = self.slab.get_mut(vehicle);
        if let Some(mut sequence) = entry.sequence() {
            sequence.admit(stamp);
            entry.set_sequence(Some(sequence));
        }
        self.counters.received += 1;
        self.counters.late += 1;
        self.counters.missing = self.counters.missing.saturating_sub(u64::from(gap.counted));
        (Place::Earlier, true)
    }

    fn fill(&mut self, vehicle: VehicleId, stamp: &Stamp) -> Option<Gap> {
        let mut past = self.archive.take(vehicle)?;
        let gap = past.fill(stamp);
        self.archive.put(vehicle, past);
        gap
    }

    /// Remembers how a vehicle stands, when numbers are missing or another boot begins before whose beginning some may be.
    fn note_gap(&mut self, now: Timestamp, vehicle: VehicleId, before: Option<Sequence>, gap: Option<Gap>, boot: u32) {
        let left = before.map(|sequence| sequence.head()).filter(|(left, _)| *left != boot);
        if gap.is_none() && left.is_none() {
            return;
        }
        let tail = left.map(|(boot, highest)| Gap {
            boot,
            from: highest.saturating_add(1),
            to: u32::MAX,
            since: now,
            counted: false,
        });
        let mut past = self.archive.take(vehicle).unwrap_or_else(|| Box::new(Past::new(self.base(vehicle))));
        past.close_tail(boot);
        let few = gap.into_iter().chain(tail).all(|gap| past.open(gap));
        self.archive.put(vehicle, past);
        if !few {
            self.give_up(now, vehicle);
        }
    }

    /// How a vehicle stands.
    pub(super) fn base(&self, vehicle: VehicleId) -> Base {
        Base { entry: self.slab.get(vehicle).clone(), page: self.book.page(vehicle) }
    }

    fn take_presence(&mut self, now: Timestamp, vehicle: VehicleId, presence: Presence, retained: bool) {
        let entry = self.slab.get_mut(vehicle);
        entry.set_online(presence.online);
        // A retained one is old news: what it promises may have come and gone before we listened.
        let (Some(boot), Some(seq), false) = (presence.boot, presence.seq, retained) else { return };
        let Some(before) = entry.sequence() else {
            entry.set_sequence(Some(Sequence::at(boot, seq)));
            return;
        };
        let mut sequence = before;
        let missing = sequence.expect(boot, seq);
        entry.set_sequence(Some(sequence));
        let present = sequence.head().0;
        self.counters.missing += u64::from(missing);
        let gap = Gap { boot, from: (seq - missing).saturating_add(1), to: seq, since: now, counted: true };
        self.note_gap(now, vehicle, Some(before), (missing > 0).then_some(gap), present);
    }
}
