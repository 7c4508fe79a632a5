//! What came late is put in its place: a vehicle is turned back to how it stood before its first gap, lives through all it
//! said since in the right order, and what everybody was told of its alerts is corrected by what that shows.

use std::collections::{BTreeMap, BTreeSet};

use super::core::{Core, Output};
use super::past::{Base, Kept, Past};
use crate::alert::book::Page;
use crate::alert::life::{self, Cause, Signature};
use crate::base::{AlertId, Timestamp};
use crate::model::{Alert, AlertState, Family, Item};
use crate::track::VehicleId;

/// An alert as the right order shows it, and the device time of its last change.
#[derive(Debug)]
struct Found {
    alert: Alert,
    time: Timestamp,
}

/// What going through the messages again showed.
#[derive(Debug)]
struct Shown {
    found: BTreeMap<AlertId, Found>,
    /// How the vehicle stands before the first gap that is left, and which alerts changed after that.
    base: Base,
    since: BTreeSet<AlertId>,
}

impl Core {
    /// Keeps a message of a vehicle with a gap.
    pub(super) fn keep(&mut self, now: Timestamp, vehicle: VehicleId, item: Item, late: bool) {
        let Some(mut past) = self.archive.take(vehicle) else { return };
        let settings = &self.archive.settings;
        let late = past.keep(now, item) || late;
        if late {
            past.wait(now, settings.patience);
        }
        let (full, whole) = (past.kept.len() > settings.per_vehicle, past.gaps.is_empty());
        self.archive.put(vehicle, past);
        if whole {
            self.replay(now, vehicle);
        } else if full {
            self.make_room(now, vehicle);
        }
        while let Some(oldest) = self.archive.overfull() {
            self.give_up(now, oldest);
        }
    }

    /// Puts in order what waits for it, so that what comes before all gaps can go. What does not make much room is given up,
    /// or it would have to be done again soon.
    fn make_room(&mut self, now: Timestamp, vehicle: VehicleId) {
        if self.archive.get(vehicle).is_some_and(|past| past.replay_at.is_some()) {
            self.replay(now, vehicle);
        }
        let room = self.archive.settings.per_vehicle / 4 * 3;
        if self.archive.get(vehicle).is_some_and(|past| past.kept.len() > room) {
            self.give_up(now, vehicle);
        }
    }

    /// Gives up the gaps of a vehicle: what is known is put in order a last time, and nothing more is kept of it.
    pub(super) fn give_up(&mut self, now: Timestamp, vehicle: VehicleId) {
        let Some(mut past) = self.archive.take(vehicle) else { return };
        self.counters.given_up += past.forget_gaps(Timestamp::NEVER) as u64;
        if past.replay_at.is_some() {
            self.archive.put(vehicle, past);
            self.replay(now, vehicle);
        }
    }

    /// Gives up the gaps of a vehicle that have been open for long enough.
    pub(super) fn expire(&mut self, now: Timestamp, vehicle: VehicleId) {
        let Some(mut past) = self.archive.take(vehicle) else { return };
        let since = past.oldest_gap().unwrap_or(now);
        self.counters.given_up += past.forget_gaps(Timestamp(since.0.saturating_add(1))) as u64;
        if past.replay_at.is_some() || !past.gaps.is_empty() {
            self.archive.put(vehicle, past);
            self.replay(now, vehicle);
        }
    }

    /// Goes through what was kept of a vehicle in its right order.
    pub(super) fn replay(&mut self, now: Timestamp, vehicle: VehicleId) {
        let Some(mut past) = self.archive.take(vehicle) else { return };
        self.counters.replays += 1;
        past.begin_replay();
        let settled = past.settled();
        let shown = self.live_again(vehicle, &past, settled);
        let told = self.settle(now, vehicle, &past.told, &past.base.page, &shown.found);
        if !past.gaps.is_empty() {
            let Shown { base, since, .. } = shown;
            past.told = told;
            past.told.retain(|id, _| since.contains(id) || base.page.alert(*id).is_some());
            past.base = base;
            past.kept.drain(..settled);
            self.archive.put(vehicle, past);
        }
        self.outputs.push_back(Output::Vehicle(vehicle));
    }

    /// Turns a vehicle back and lets it live through what was kept; the first `settled` messages come before all gaps.
    fn live_again(&mut self, vehicle: VehicleId, past: &Past, settled: usize) -> Shown {
        let entry = self.slab.get_mut(vehicle);
        let (seen, online, sequence) = (entry.seen(), entry.online(), entry.sequence());
        entry.clone_from(&past.base.entry);
        self.book.set_page(vehicle, past.base.page.clone());
        let mut shown = Shown { found: BTreeMap::new(), base: past.base.clone(), since: BTreeSet::new() };
        for (index, Kept { now, item }) in past.kept.iter().enumerate() {
            if index == settled {
                shown.base = self.base(vehicle);
                shown.since.clear();
            }
            self.follow(*now, vehicle, item.clone());
            for change in self.changes.drain(..) {
                shown.since.insert(change.alert.id);
                shown.found.insert(change.alert.id, Found { alert: change.alert, time: change.time });
            }
        }
        if settled == past.kept.len() {
            shown.base = self.base(vehicle);
            shown.since.clear();
        }
        let entry = self.slab.get_mut(vehicle);
        entry.set_seen(seen);
        entry.set_online(online);
        entry.set_sequence(sequence);
        shown
    }

    /// Corrects what everybody was told by what was found; the answer is what they have been told then.
    fn settle(
        &mut self,
        now: Timestamp,
        vehicle: VehicleId,
        told: &BTreeMap<AlertId, Alert>,
        base: &Page,
        found: &BTreeMap<AlertId, Found>,
    ) -> BTreeMap<AlertId, Alert> {
        let mut settled = BTreeMap::new();
        // Whom an operator has in hand whose alert turns out to be another one.
        let mut heirless: BTreeMap<Family, Alert> = BTreeMap::new();
        for alert in told.values().filter(|alert| !found.contains_key(&alert.id) && base.alert(alert.id).is_none()) {
            let mut alert = alert.clone();
            let before = alert.clone();
            if life::step(&mut alert, now, Cause::Wrong, Signature::default()) {
                heirless.insert(alert.kind.family(), before);
                self.tell(vehicle, alert, None);
            }
        }
        let known = told.keys().chain(found.keys()).copied().collect::<BTreeSet<_>>();
        for id in known {
            let Some((truth, time)) = found
                .get(&id)
                .map(|found| (&found.alert, Some(found.time)))
                .or_else(|| base.alert(id).map(|alert| (alert, None)))
            else {
                continue;
            };
            let late = time.is_some_and(|time| self.book.is_late(now, time));
            let before = told.get(&id).or_else(|| base.alert(id)).filter(|alert| alert.state != AlertState::Withdrawn);
            let alert = match before {
                Some(before) => self.correct(now, vehicle, before, truth, late),
                None => self.add(now, vehicle, truth, late, heirless.remove(&truth.kind.family())),
            };
            self.book.amend(vehicle, &alert);
            settled.insert(id, alert);
        }
        settled
    }

    /// An alert that nobody had been told of. It follows one that was withdrawn, if that was open.
    fn add(&mut self, now: Timestamp, vehicle: VehicleId, truth: &Alert, late: bool, before: Option<Alert>) -> Alert {
        let is_live = truth.state.is_live();
        // In its window it is only noted; of what is over, nobody would have been told more.
        let silent = truth.window.is_some() && (!is_live || truth.snoozed_until.is_some_and(|until| until > now));
        let mut alert = Alert {
            state: if silent { AlertState::Suppressed } else { AlertState::Raised },
            at: now,
            cleared_at: None,
            snoozed_until: truth.snoozed_until.filter(|_| silent),
            late: late || truth.late,
            history: Vec::new(),
            ..truth.clone()
        };
        let before =
            before.filter(|before| before.state.is_open() && is_live && !silent && before.level >= alert.level);
        if let Some(before) = before {
            (alert.state, alert.snoozed_until, alert.history) = (before.state, before.snoozed_until, before.history);
        }
        life::note(&mut alert, Signature::default());
        self.tell(vehicle, alert.clone(), None);
        if !is_live {
            let level = alert.level;
            life::step(&mut alert, now, Cause::Gone, Signature::default());
            self.tell(vehicle, alert.clone(), Some(level));
        }
        alert
    }

    /// An alert of which everybody was told, as it should have been told.
    fn correct(&mut self, now: Timestamp, vehicle: VehicleId, before: &Alert, truth: &Alert, late: bool) -> Alert {
        let (was_live, is_live) = (before.state.is_live(), truth.state.is_live());
        let said = (before.level, before.kind, before.episode);
        if was_live == is_live && said == (truth.level, truth.kind, truth.episode) {
            return before.clone();
        }
        let mut alert = Alert {
            state: before.state,
            at: before.at,
            cleared_at: before.cleared_at,
            snoozed_until: before.snoozed_until,
            window: before.window.or(truth.window),
            late: before.late,
            history: before.history.clone(),
            ..truth.clone()
        };
        alert.late |= late;
        let step = match (was_live, is_live) {
            (true, false) => Some(Cause::Gone),
            (false, true) => {
                let until = truth.snoozed_until.filter(|until| truth.state == AlertState::Suppressed && *until > now);
                Some(until.map_or(Cause::Back, Cause::Suppress))
            }
            (true, true) => (truth.level > before.level).then_some(Cause::Grown),
            (false, false) => None,
        };
        if let Some(step) = step {
            life::step(&mut alert, now, step, Signature::default());
        } else {
            alert.at = now;
            life::note(&mut alert, Signature::default());
        }
        self.tell(vehicle, alert.clone(), was_live.then_some(before.level));
        alert
    }
}
