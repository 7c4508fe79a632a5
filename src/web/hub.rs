//! Between the collector, which changes the picture, and the interface, which shows it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde::Serialize;
use tokio::sync::{broadcast, mpsc, watch};

use super::desk::Request;
use super::view::{Shown, Stats, VehicleView, View};
use crate::alert::Window;
use crate::base::{Timestamp, Vin};
use crate::model::Alert;

/// Frames a slow reader may be behind before its stream is ended; it comes back and fetches all anew.
const FEED: usize = 256;
/// Requests that may wait for the collector.
const REQUESTS: usize = 64;
/// Alert frames kept for readers that come back.
const REPLAY: usize = 1000;

/// One message of the live stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Its kind.
    pub event: &'static str,
    /// Number, for alerts only: where a reader that comes back goes on.
    pub id: Option<u64>,
    /// Its JSON.
    pub data: String,
}

/// Whether the parts behind the interface work.
#[derive(Debug, Default)]
pub struct Health {
    /// Subscribed at the broker.
    pub subscribed: AtomicBool,
    /// The store takes writes.
    pub stored: AtomicBool,
}

/// The picture and its changes.
#[derive(Debug)]
pub struct Hub {
    view: RwLock<View>,
    feed: broadcast::Sender<Arc<Frame>>,
    /// The vehicles apart: they are much to write and to read, and not everybody wants them.
    moves: broadcast::Sender<Arc<Frame>>,
    replay: RwLock<VecDeque<Arc<Frame>>>,
    closing: watch::Sender<bool>,
    requests: mpsc::Sender<Request>,
    /// Whether the parts behind the interface work.
    pub health: Health,
    /// The place to draw, as GeoJSON.
    pub place: Option<String>,
}

#[derive(Serialize)]
struct Delta<'a> {
    now_ms: Timestamp,
    vehicles: Vec<&'a VehicleView>,
}

impl Hub {
    /// An empty picture over a place, and the requests of operators for whoever carries them out.
    #[must_use]
    pub fn new(place: Option<String>) -> (Self, mpsc::Receiver<Request>) {
        let (requests, to_carry_out) = mpsc::channel(REQUESTS);
        let hub = Self {
            view: RwLock::default(),
            feed: broadcast::channel(FEED).0,
            moves: broadcast::channel(FEED).0,
            replay: RwLock::default(),
            closing: watch::channel(false).0,
            requests,
            health: Health::default(),
            place,
        };
        (hub, to_carry_out)
    }

    /// Asks the collector for something; false when it is too busy.
    #[must_use]
    pub fn ask(&self, request: Request) -> bool {
        self.requests.try_send(request).is_ok()
    }

    /// The picture.
    pub fn view(&self) -> RwLockReadGuard<'_, View> {
        // A panic elsewhere leaves plain data behind that is still true.
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn view_mut(&self) -> RwLockWriteGuard<'_, View> {
        self.view.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts vehicles that changed into the picture.
    pub fn put_vehicles(&self, changed: Vec<Shown>) {
        let mut view = self.view_mut();
        for shown in changed {
            view.put_vehicle(shown);
        }
    }

    /// Tells the readers which vehicles have changed.
    pub fn tell_vehicles(&self, now: Timestamp, vins: &[Vin]) {
        if !vins.is_empty() && self.moves.receiver_count() > 0 {
            let view = self.view();
            let vehicles = vins.iter().filter_map(|vin| view.vehicles.get(vin)).map(|shown| &shown.view).collect();
            let data = serde_json::to_string(&Delta { now_ms: now, vehicles }).unwrap_or_default();
            let _ = self.moves.send(Arc::new(Frame { event: "vehicles", id: None, data }));
        }
    }

    /// Shows an alert that changed, at once.
    pub fn show_alert(&self, alert: Alert) {
        let data = serde_json::to_string(&alert).unwrap_or_default();
        self.view_mut().put_alert(alert);
        let mut replay = self.replay.write().unwrap_or_else(PoisonError::into_inner);
        let id = replay.back().and_then(|last| last.id).unwrap_or(0) + 1;
        let frame = Arc::new(Frame { event: "alert", id: Some(id), data });
        if replay.len() == REPLAY {
            replay.pop_front();
        }
        replay.push_back(Arc::clone(&frame));
        // Without readers there is nobody to tell.
        let _ = self.feed.send(frame);
    }

    /// Shows an authorised window that changed.
    pub fn show_window(&self, window: Window) {
        self.send("window", None, &window);
        self.view_mut().put_window(window);
    }

    /// Shows the numbers of the moment.
    pub fn show_stats(&self, stats: Stats) {
        self.view_mut().stats = stats;
        self.send("stats", None, &stats);
    }

    fn send(&self, event: &'static str, id: Option<u64>, body: &impl Serialize) {
        let data = serde_json::to_string(body).unwrap_or_default();
        let _ = self.feed.send(Arc::new(Frame { event, id, data }));
    }

    /// The changes from now on, after those alerts that a reader missed since `last_id`.
    pub fn follow(&self, last_id: Option<u64>) -> (Vec<Arc<Frame>>, broadcast::Receiver<Arc<Frame>>) {
        let replay = self.replay.read().unwrap_or_else(PoisonError::into_inner);
        let receiver = self.feed.subscribe();
        let missed = last_id.map_or_else(Vec::new, |last| {
            replay.iter().filter(|frame| frame.id.is_some_and(|id| id > last)).cloned().collect()
        });
        (missed, receiver)
    }

    /// The vehicles that change from now on.
    pub fn follow_vehicles(&self) -> broadcast::Receiver<Arc<Frame>> {
        self.moves.subscribe()
    }

    /// Ends all streams, so that the server can close.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Becomes true when the server closes.
    #[must_use]
    pub fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// Why the collector is not ready, if it is not.
    #[must_use]
    pub fn not_ready(&self) -> Option<&'static str> {
        if !self.health.subscribed.load(Ordering::Relaxed) {
            return Some("not subscribed at the broker");
        }
        if !self.health.stored.load(Ordering::Relaxed) {
            return Some("the store cannot be written");
        }
        None
    }
}
