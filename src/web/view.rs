//! The picture of the fleet that the interface shows; the shapes of its JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::alert::Window;
use crate::base::units::{Celsius, Degrees, MetresPerSecond, Percent};
use crate::base::{AlertId, LatLon, Timestamp, Vin};
use crate::detect::silence::Silence;
use crate::model::{Alert, AlertState, Kind, Mode, Near};
use crate::track::{Entry, Kept};

/// Cleared alerts kept for the interface; the store keeps all.
const CLEARED_KEPT: usize = 10_000;

/// A vehicle at a glance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VehicleView {
    /// Who.
    pub vin: Vin,
    /// Device time of the last report.
    pub ts_ms: Option<Timestamp>,
    /// When it was last heard, by the collector's clock.
    pub seen_ms: Timestamp,
    /// Where it was last seen; kept while it has no fix.
    #[serde(flatten)]
    pub at: Option<LatLon>,
    /// Roughly where it is, by its radio cell, while it has no fix.
    pub near: Option<Near>,
    /// Speed over ground.
    pub speed_mps: Option<MetresPerSecond>,
    /// Course.
    pub heading_deg: Option<Degrees>,
    /// What it is used for.
    pub mode: Option<Mode>,
    /// Whether it is locked.
    pub locked: Option<bool>,
    /// Whether the owner's key is near.
    pub key_near: Option<bool>,
    /// State of charge.
    pub soc_pct: Option<Percent>,
    /// Hottest sensor of the pack.
    pub hottest_c: Option<Celsius>,
    /// Why nothing is heard of it, or not where it is; none while both are.
    pub silence: Option<Silence>,
    /// Whether it is connected.
    pub online: bool,
    /// Rules of its open alerts.
    pub alerts: Vec<&'static str>,
}

impl VehicleView {
    /// What the collector knows of a vehicle, with its open alerts.
    #[must_use]
    pub fn new(entry: &Entry, silence: Option<Silence>, open: impl Iterator<Item = Kind>) -> Self {
        let report = entry.report();
        let report = report.as_ref();
        let position = report.and_then(|report| report.position);
        let battery = report.and_then(|report| report.battery.as_ref());
        Self {
            vin: entry.vin(),
            ts_ms: report.map(|report| report.stamp.time),
            seen_ms: entry.seen(),
            at: position.map(|position| position.at),
            near: report.and_then(|report| report.link.near),
            speed_mps: position.map(|position| position.speed),
            heading_deg: position.map(|position| position.heading),
            mode: report.map(|report| report.mode),
            locked: report.map(|report| report.locked),
            key_near: report.map(|report| report.key_near),
            soc_pct: battery.map(|battery| battery.soc),
            hottest_c: battery.and_then(crate::model::Battery::hottest),
            silence,
            online: entry.online(),
            alerts: open.map(Kind::rule).collect(),
        }
    }
}

/// A vehicle with everything known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// At a glance.
    pub view: VehicleView,
    /// Its last report.
    pub report: Option<Kept>,
}

/// Numbers of the moment.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Stats {
    /// The collector's clock.
    pub now_ms: Timestamp,
    /// Vehicles known.
    pub vehicles: usize,
    /// Vehicles connected.
    pub online: usize,
    /// Reports taken since the start.
    pub reports: u64,
    /// Reports taken in the last second.
    pub reports_per_s: f64,
    /// Messages known to be missing.
    pub lost: u64,
    /// Messages that came twice.
    pub duplicates: u64,
    /// Payloads turned away.
    pub rejected: u64,
    /// Open alerts.
    pub open_alerts: usize,
}

/// The picture.
#[derive(Debug, Default)]
pub struct View {
    /// All vehicles.
    pub vehicles: BTreeMap<Vin, Shown>,
    /// Numbers of the moment.
    pub stats: Stats,
    alerts: BTreeMap<AlertId, Alert>,
    by_time: BTreeMap<(Timestamp, AlertId), AlertState>,
    windows: BTreeMap<AlertId, Window>,
}

/// Which alerts are asked for.
#[derive(Debug, Clone, Default)]
pub struct AlertQuery {
    /// Only those that stand, or only those that do not.
    pub open: Option<bool>,
    /// Only of this rule.
    pub kind: Option<Kind>,
    /// Only of this vehicle.
    pub vin: Option<Vin>,
}

impl View {
    /// Puts in a vehicle. Without a fix it stays where it was last seen.
    pub fn put_vehicle(&mut self, mut shown: Shown) {
        if shown.view.at.is_none() {
            shown.view.at = self.vehicles.get(&shown.view.vin).and_then(|before| before.view.at);
        }
        self.vehicles.insert(shown.view.vin, shown);
    }

    /// Puts in an alert, or the newer form of one.
    pub fn put_alert(&mut self, alert: Alert) {
        if let Some(before) = self.alerts.get(&alert.id) {
            self.by_time.remove(&(before.at, before.id));
        }
        self.by_time.insert((alert.at, alert.id), alert.state);
        self.alerts.insert(alert.id, alert);
        if self.alerts.len() > CLEARED_KEPT {
            let oldest = self.by_time.iter().find(|(_, state)| !state.is_live());
            if let Some(key) = oldest.map(|(key, _)| *key) {
                self.by_time.remove(&key);
                self.alerts.remove(&key.1);
            }
        }
    }

    /// Puts in an authorised window, or the newer form of one; of too many those go that ended first.
    pub fn put_window(&mut self, window: Window) {
        self.windows.insert(window.id, window);
        if self.windows.len() > CLEARED_KEPT {
            let first = self.windows.values().min_by_key(|window| window.until).map(|window| window.id);
            first.and_then(|id| self.windows.remove(&id));
        }
    }

    /// An authorised window by its id.
    #[must_use]
    pub fn window(&self, id: AlertId) -> Option<&Window> {
        self.windows.get(&id)
    }

    /// All authorised windows, those that end last first.
    #[must_use]
    pub fn windows(&self) -> Vec<&Window> {
        let mut all: Vec<&Window> = self.windows.values().collect();
        all.sort_by_key(|window| std::cmp::Reverse((window.until, window.id)));
        all
    }

    /// An alert by its id.
    #[must_use]
    pub fn alert(&self, id: AlertId) -> Option<&Alert> {
        self.alerts.get(&id)
    }

    /// The alerts asked for, newest first.
    pub fn alerts<'a>(&'a self, query: &'a AlertQuery) -> impl Iterator<Item = &'a Alert> {
        let newest_first = self.by_time.keys().rev().filter_map(|(_, id)| self.alerts.get(id));
        newest_first.filter(|alert| {
            query.open.is_none_or(|open| open == alert.state.is_open())
                && query.kind.is_none_or(|kind| kind == alert.kind)
                && query.vin.is_none_or(|vin| vin == alert.vin)
        })
    }
}
