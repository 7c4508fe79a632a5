//! The book of alerts: at most one open for each vehicle and family at a time, which grows with what the rules see. One that
//! was cleared stays for a while, because its cause may come back.

use std::collections::{BTreeMap, BTreeSet};

use super::episode::{Claim, Episode, Heard};
use super::life::{self, Cause, Signature};
use super::order::{Order, Refusal};
use super::settings::Settings;
use super::window::{Permit, Window, WindowRefusal, Windows};
use crate::base::{AlertId, Timestamp, Vin};
use crate::detect::{Detector, Sight, Signal};
use crate::model::{Alert, AlertState, Family, Kind, Level};
use crate::track::VehicleId;

/// Whose alert.
type Key = (VehicleId, Family);

/// The families of which a vehicle can have an alert.
const FAMILIES: [Family; 2] = [Family::Theft, Family::Battery];

/// The episodes of one vehicle at some time.
#[derive(Debug, Clone, PartialEq)]
pub struct Page([Option<Episode>; 2]);

impl Page {
    /// An alert on it.
    #[must_use]
    pub fn alert(&self, id: AlertId) -> Option<&Alert> {
        self.0.iter().flatten().map(|episode| &episode.alert).find(|alert| alert.id == id)
    }
}

/// All alerts that stand, and those cleared not long ago.
#[derive(Debug, Default)]
pub struct Book {
    settings: Settings,
    episodes: BTreeMap<Key, Episode>,
    /// When time alone takes the next step of an alert.
    due: BTreeSet<(Timestamp, Key)>,
    windows: Windows,
    /// Windows that changed and have not been asked for.
    changed_windows: Vec<Window>,
}

impl Book {
    /// An empty book.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// Takes note of what the detectors say about what was just seen, each at its place in `signals`; alerts that changed
    /// by it are handed to `changed`, with the level at which they stood before, if they stood. Detectors that stand
    /// earlier are the more specific ones.
    pub fn note(
        &mut self,
        vehicle: VehicleId,
        sight: Sight<'_>,
        detectors: &[Box<dyn Detector>],
        signals: &[Signal],
        mut changed: impl FnMut(&Alert, Option<Level>),
    ) {
        let quiet = !signals.iter().any(|signal| matches!(signal, Signal::Present(_)));
        if quiet && self.of_vehicle(vehicle).next().is_none() {
            // Nearly always: nothing is claimed, and nothing is in the book that could be content now.
            return;
        }
        for family in FAMILIES {
            let key = (vehicle, family);
            if let Some(claim) = Claim::strongest(family, detectors, signals) {
                self.claim(key, sight, claim, detectors, &mut changed);
            }
            let Some(episode) = self.episodes.get_mut(&key) else { continue };
            if !episode.is_live() {
                if episode.is_over(sight.time(), &self.settings) {
                    self.episodes.remove(&key);
                }
                continue;
            }
            let (before, planned) = (episode.alert.level, life::due(&episode.alert, &self.settings));
            if episode.listen(sight, detectors, signals) {
                changed(&episode.alert, Some(before));
                self.plan(key, planned);
            }
        }
    }

    fn claim(
        &mut self,
        key: Key,
        sight: Sight<'_>,
        claim: Claim<'_>,
        detectors: &[Box<dyn Detector>],
        changed: &mut impl FnMut(&Alert, Option<Level>),
    ) {
        let (mut before, mut planned) = (None, Timestamp::NEVER);
        // What happens to a battery is never harmless.
        let vin = sight.report.stamp.vin;
        let window = if key.1 == Family::Theft { self.windows.at(vin, sight.time()) } else { None };
        let heard = self.episodes.get_mut(&key).map_or(Heard::Another, |episode| {
            before = episode.is_live().then_some(episode.alert.level);
            planned = life::due(&episode.alert, &self.settings);
            episode.hear(sight, claim, detectors, window, &self.settings)
        });
        match heard {
            Heard::Nothing => return,
            Heard::Changed => {}
            Heard::Another => {
                self.episodes.insert(key, Episode::begin(sight, claim, window, &self.settings));
            }
        }
        let alert = &self.episodes[&key].alert;
        changed(alert, before);
        if let (AlertState::Suppressed, None, Some(window)) = (alert.state, before, alert.window) {
            self.changed_windows.extend(self.windows.trace(vin, window, alert.id).cloned());
        }
        self.plan(key, planned);
    }

    /// Plans the next step that time alone takes, in place of the one that was planned.
    fn plan(&mut self, key: Key, planned: Timestamp) {
        let due = self.planned(key);
        if due != planned {
            self.due.remove(&(planned, key));
        }
        if due != Timestamp::NEVER {
            self.due.insert((due, key));
        }
    }

    /// Carries out what an operator wants of an alert as it was last told.
    ///
    /// # Errors
    /// When that is not possible; nothing has changed then.
    pub fn carry_out(
        &mut self,
        now: Timestamp,
        vehicle: VehicleId,
        told: &Alert,
        order: Order,
    ) -> Result<&Alert, Refusal> {
        let key = (vehicle, told.kind.family());
        let held = self.episodes.get(&key).filter(|episode| episode.alert.id == told.id);
        let planned = held.map_or(Timestamp::NEVER, |episode| life::due(&episode.alert, &self.settings));
        let mut episode = held.cloned().unwrap_or_else(|| Episode::resume(told.clone()));
        let state = episode.alert.state;
        if !episode.step(now, order.action.cause(now), order.signature) {
            return Err(Refusal::State { id: told.id, state });
        }
        let other = self.episodes.get(&key).filter(|other| other.is_live() && other.alert.id != told.id);
        if let Some(other) = other {
            return Err(Refusal::Another { open: other.alert.id });
        }
        self.episodes.insert(key, episode);
        self.plan(key, planned);
        Ok(&self.episodes[&key].alert)
    }

    /// When time alone takes the next step of an alert, by the collector's clock.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.due.first().map(|(due, _)| *due)
    }

    /// Takes all steps that are due; alerts that changed by it are handed to `changed`, with the level at which they were
    /// told before, if they were.
    pub fn tick(&mut self, now: Timestamp, mut changed: impl FnMut(VehicleId, &Alert, Option<Level>)) {
        while let Some((due, key)) = self.due.first().copied().filter(|(due, _)| *due <= now) {
            self.due.remove(&(due, key));
            let Some(episode) = self.episodes.get_mut(&key) else { continue };
            let suppressed = episode.alert.state == AlertState::Suppressed;
            let window = if suppressed { self.windows.at(episode.alert.vin, due) } else { None };
            if let Some(window) = window {
                episode.hold(window);
            } else if episode.step(due, Cause::Due, Signature::default()) {
                // By its own time, so that it does not matter how often somebody looks at the clock.
                changed(key.0, &episode.alert, (!suppressed).then_some(episode.alert.level));
            }
            self.plan(key, due);
        }
    }

    /// Opens an authorised window; `vehicle` is its vehicle, if it is known.
    ///
    /// # Errors
    /// When it would be over, or there are too many.
    pub fn authorise(
        &mut self,
        now: Timestamp,
        vehicle: Option<VehicleId>,
        permit: Permit,
    ) -> Result<Window, WindowRefusal> {
        let window = self.windows.open(now, permit)?.clone();
        self.hold_to(vehicle, &window);
        Ok(window)
    }

    /// Ends an authorised window early.
    ///
    /// # Errors
    /// When there is none, or it is over.
    pub fn revoke(
        &mut self,
        now: Timestamp,
        vehicle: Option<VehicleId>,
        vin: Vin,
        id: AlertId,
    ) -> Result<Window, WindowRefusal> {
        let window = self.windows.revoke(now, vin, id)?.clone();
        self.hold_to(vehicle, &window);
        Ok(window)
    }

    /// An alert that is suppressed in a window is so until that ends.
    fn hold_to(&mut self, vehicle: Option<VehicleId>, window: &Window) {
        let Some(key) = vehicle.map(|vehicle| (vehicle, Family::Theft)) else { return };
        let planned = self.planned(key);
        let suppressed = |alert: &Alert| alert.state == AlertState::Suppressed && alert.window == Some(window.id);
        if let Some(episode) = self.episodes.get_mut(&key).filter(|episode| suppressed(&episode.alert)) {
            episode.hold(window);
        }
        self.plan(key, planned);
    }

    /// Puts back a window that was stored.
    pub fn restore_window(&mut self, window: Window) {
        self.windows.restore(window);
    }

    /// The windows in which an alert left its trace since this was last asked.
    pub fn take_changed_windows(&mut self) -> Vec<Window> {
        std::mem::take(&mut self.changed_windows)
    }

    /// Whether what happened at `time`, by the device's clock, and is told `now` is told late.
    #[must_use]
    pub fn is_late(&self, now: Timestamp, time: Timestamp) -> bool {
        now >= time + self.settings.late_after
    }

    /// The episodes of a vehicle as they are now.
    #[must_use]
    pub fn page(&self, vehicle: VehicleId) -> Page {
        Page(FAMILIES.map(|family| self.episodes.get(&(vehicle, family)).cloned()))
    }

    /// Turns a vehicle's page back to how it was.
    pub fn set_page(&mut self, vehicle: VehicleId, page: Page) {
        for (family, episode) in FAMILIES.into_iter().zip(page.0) {
            let key = (vehicle, family);
            let planned = self.planned(key);
            match episode {
                Some(episode) => drop(self.episodes.insert(key, episode)),
                None => drop(self.episodes.remove(&key)),
            }
            self.plan(key, planned);
        }
    }

    /// Writes down how an alert was told, if it is still in the book.
    pub fn amend(&mut self, vehicle: VehicleId, alert: &Alert) {
        let key = (vehicle, alert.kind.family());
        let planned = self.planned(key);
        if let Some(episode) = self.episodes.get_mut(&key).filter(|episode| episode.alert.id == alert.id) {
            episode.alert = alert.clone();
        }
        self.plan(key, planned);
    }

    /// When the next step of an episode is planned.
    fn planned(&self, key: Key) -> Timestamp {
        self.episodes.get(&key).map_or(Timestamp::NEVER, |episode| life::due(&episode.alert, &self.settings))
    }

    /// Puts back an alert that was open when the collector stopped.
    pub fn restore(&mut self, vehicle: VehicleId, alert: Alert) {
        let key = (vehicle, alert.kind.family());
        self.episodes.insert(key, Episode::resume(alert));
        self.plan(key, Timestamp::NEVER);
    }

    fn of_vehicle(&self, vehicle: VehicleId) -> impl Iterator<Item = &Episode> {
        self.episodes.range((vehicle, Family::Theft)..=(vehicle, Family::Benign)).map(|(_, episode)| episode)
    }

    /// The kinds of open alerts of a vehicle.
    pub fn kinds_of(&self, vehicle: VehicleId) -> impl Iterator<Item = Kind> + '_ {
        self.of_vehicle(vehicle).filter(|episode| episode.alert.state.is_open()).map(|episode| episode.alert.kind)
    }

    /// How many alerts are open.
    #[must_use]
    pub fn len(&self) -> usize {
        self.episodes.values().filter(|episode| episode.alert.state.is_open()).count()
    }

    /// Whether none is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
