//! The collector's own task: feeds the core, carries out what it says, shows and stores what changed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::stop;
use crate::alert::Window;
use crate::base::{Clock, Vin};
use crate::collect::{Core, Counters, Inbound, Output};
use crate::model::Alert;
use crate::mqtt::{Notice, Subscriber};
use crate::store::Writer;
use crate::store::writer::Batch;
use crate::track::VehicleId;
use crate::web::desk::Request;
use crate::web::metrics;
use crate::web::view::Shown;
use crate::web::{Hub, Stats, VehicleView};
use crate::wire::encode_command;
use crate::wire::topic::command_topic;

/// How often changed vehicles are shown.
const SHOW_EVERY: Duration = Duration::from_millis(500);
/// So many of them at a time: an alert that comes meanwhile waits for no more.
const SHOW_AT_ONCE: usize = 128;
/// Silence after which nothing more is expected at the end.
const QUIET: Duration = Duration::from_millis(400);
/// The longest wait for that silence.
const FAREWELL: Duration = Duration::from_secs(5);

/// What the collector's own task holds.
#[derive(Debug)]
pub struct Collecting {
    core: Core,
    clock: Clock,
    hub: Arc<Hub>,
    store: Writer,
    unsaved: Batch,
    alerts: mpsc::Sender<Alert>,
    changed: BTreeSet<VehicleId>,
    /// Those being shown, and the names of those that have been.
    showing: Vec<VehicleId>,
    shown: Vec<Vin>,
    stored_next: Vec<VehicleId>,
    /// Which vehicles were connected when they were last shown: a million are not asked each second.
    online: BTreeSet<VehicleId>,
    reports_before: u64,
}

impl Collecting {
    /// A task around a core; the vehicles that the core knows from the store are shown at once.
    #[must_use]
    pub fn new(core: Core, clock: Clock, hub: Arc<Hub>, store: Writer, alerts: mpsc::Sender<Alert>) -> Self {
        let changed = core.vehicles().iter().map(|(id, _)| id).collect();
        Self {
            core,
            clock,
            hub,
            store,
            unsaved: Batch::default(),
            alerts,
            changed,
            showing: Vec::new(),
            shown: Vec::new(),
            stored_next: Vec::new(),
            online: BTreeSet::new(),
            reports_before: 0,
        }
    }

    /// Collects until it is told to stop; answers what was counted and whether everything is stored.
    pub async fn run(
        mut self,
        mut subscriber: Subscriber,
        mut requests: mpsc::Receiver<Request>,
        mut stopped: watch::Receiver<bool>,
    ) -> (Counters, bool) {
        let mut tick = tokio::time::interval(SHOW_EVERY);
        let mut full_second = false;
        loop {
            tokio::select! {
                notice = subscriber.next() => match notice {
                    Some(notice) => self.take(notice, &subscriber).await,
                    None => break,
                },
                Some(request) = requests.recv() => {
                    let window = request.carry_out(self.clock.now(), &mut self.core);
                    self.keep_window(window);
                    self.carry_out(&subscriber).await;
                }
                _ = tick.tick() => {
                    self.core.tick(self.clock.now());
                    self.carry_out(&subscriber).await;
                    self.begin_to_show();
                    full_second = !full_second;
                    if full_second {
                        self.show_stats();
                    }
                }
                () = std::future::ready(()), if !self.showing.is_empty() => {
                    self.show_some();
                    // Messages that have come meanwhile go first.
                    tokio::task::yield_now().await;
                }
                () = stop::told(&mut stopped) => break,
            }
        }
        // What vehicles sent before they were switched off is still on its way through the broker.
        let drained = async {
            while let Ok(Some(notice)) = timeout(QUIET, subscriber.next()).await {
                self.take(notice, &subscriber).await;
            }
        };
        if timeout(FAREWELL, drained).await.is_err() {
            tracing::debug!("stopped while messages were still coming");
        }
        subscriber.stop().await;
        self.finish()
    }

    async fn take(&mut self, notice: Notice, subscriber: &Subscriber) {
        match notice {
            Notice::Subscribed => {
                self.hub.health.subscribed.store(true, Ordering::Relaxed);
                tracing::info!("subscribed");
            }
            Notice::Lost { why, retry_in } => {
                self.hub.health.subscribed.store(false, Ordering::Relaxed);
                metrics::record_loss();
                let retry_s = retry_in.as_secs_f64();
                tracing::warn!("lost the broker ({why}); next attempt in {retry_s:.1} s");
            }
            Notice::Message { topic, content_type, payload, retained } => {
                let inbound =
                    Inbound { topic: &topic, content_type: content_type.as_deref(), payload: &payload, retained };
                self.core.handle(self.clock.now(), inbound);
                self.carry_out(subscriber).await;
            }
        }
    }

    /// Shows and stores an authorised window that changed.
    fn keep_window(&mut self, changed: Option<Window>) {
        if let Some(window) = changed {
            self.hub.show_window(window.clone());
            self.unsaved.windows.push(window);
        }
    }

    async fn carry_out(&mut self, subscriber: &Subscriber) {
        for window in self.core.take_changed_windows() {
            self.keep_window(Some(window));
        }
        while let Some(output) = self.core.poll() {
            match output {
                Output::Vehicle(id) => {
                    self.changed.insert(id);
                }
                Output::Alert(alert) => {
                    metrics::record_alert(alert.kind, alert.state);
                    self.hub.show_alert((*alert).clone());
                    self.unsaved.alerts.push((*alert).clone());
                    // The other end may have stopped listening; store and interface have it.
                    let _ = self.alerts.send(*alert).await;
                }
                Output::Command(command) => {
                    if !subscriber.publish(command_topic(command.vin), encode_command(&command)) {
                        tracing::warn!(vin = %command.vin, "no command could be sent: the connection is too busy");
                    }
                }
                Output::Rejected(rejection) => tracing::debug!(%rejection, "payload turned away"),
            }
        }
    }

    /// Begins to show and store the vehicles that changed; what is left of the last time is shown at once.
    fn begin_to_show(&mut self) {
        while !self.showing.is_empty() {
            self.show_some();
        }
        self.showing = std::mem::take(&mut self.changed).into_iter().rev().collect();
        if self.showing.is_empty() {
            self.save();
        }
    }

    /// Shows some of them; after the last, tells the readers, and stores all.
    fn show_some(&mut self) {
        let some = self.showing.split_off(self.showing.len().saturating_sub(SHOW_AT_ONCE));
        let mut shown = Vec::with_capacity(some.len());
        for id in some.into_iter().rev() {
            let entry = self.core.vehicle(id);
            self.shown.push(entry.track.vin);
            if entry.track.online {
                self.online.insert(id);
            } else {
                self.online.remove(&id);
            }
            shown.push(Shown {
                view: VehicleView::new(entry, self.core.silence(id), self.core.open_kinds(id)),
                report: entry.report.clone(),
            });
            self.unsaved.vehicles.push(self.core.save(id));
            self.stored_next.push(id);
        }
        self.hub.put_vehicles(shown);
        if self.showing.is_empty() {
            self.hub.tell_vehicles(self.clock.now(), &std::mem::take(&mut self.shown));
            self.save();
        }
    }

    /// Stores what has changed.
    fn save(&mut self) {
        let saved = std::mem::take(&mut self.stored_next);
        if let Err(kept) = self.store.put(std::mem::take(&mut self.unsaved)) {
            // The disk is behind: states come again with their next change, alerts must not be forgotten.
            self.changed.extend(saved);
            self.unsaved.alerts = kept.alerts;
            self.unsaved.windows = kept.windows;
        }
        self.hub.health.stored.store(self.store.is_healthy(), Ordering::Relaxed);
    }

    fn show_stats(&mut self) {
        let counters = self.core.counters();
        let vehicles = self.core.vehicles();
        let stats = Stats {
            now_ms: self.clock.now(),
            vehicles: vehicles.len(),
            online: self.online.len(),
            reports: counters.reports,
            reports_per_s: (counters.reports - self.reports_before) as f64,
            lost: counters.missing,
            duplicates: counters.duplicates,
            rejected: counters.rejected_total(),
            open_alerts: self.core.open_alerts(),
        };
        metrics::record(counters, &stats, self.store.is_healthy());
        self.reports_before = counters.reports;
        self.hub.show_stats(stats);
    }

    fn finish(mut self) -> (Counters, bool) {
        self.begin_to_show();
        while !self.showing.is_empty() {
            self.show_some();
        }
        self.show_stats();
        let stored = self.store.close(self.unsaved);
        (self.core.counters().clone(), stored)
    }
}
