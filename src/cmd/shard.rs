//! A shard of the collector: a task that feeds one core with what is said of its vehicles, carries out what the core says,
//! shows and stores what changed. It never waits for a socket, so a broker that is slow to take commands holds up nothing.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};

use super::marks::Marks;
use crate::alert::Window;
use crate::base::{Clock, Vin};
use crate::collect::roll::Census;
use crate::collect::{Core, Counters, Inbound, Output};
use crate::model::Alert;
use crate::mqtt::subscriber::{Letter, Sender};
use crate::store::writer::{Batch, Desk};
use crate::track::VehicleId;
use crate::web::desk::Request;
use crate::web::metrics;
use crate::web::view::Shown;
use crate::web::{Hub, VehicleView};
use crate::wire::encode_command;
use crate::wire::topic::command_topic;

/// How often changed vehicles are shown and stored.
const SHOW_EVERY: Duration = Duration::from_millis(500);
/// So many of them at a time: an alert that comes meanwhile waits for no more.
const SHOW_AT_ONCE: usize = 128;

/// What a shard is given.
#[derive(Debug)]
pub enum Input {
    /// What was said of its vehicles.
    Letters(Vec<Letter>),
    /// What an operator wants of one.
    Request(Request),
    /// How the radio cells are doing by another shard's last round.
    Census(usize, Arc<Census>),
}

/// How a shard is doing.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// What it has counted.
    pub counters: Counters,
    /// Vehicles known.
    pub vehicles: usize,
    /// Vehicles connected.
    pub online: usize,
    /// Alerts that stand.
    pub open_alerts: usize,
    /// What the last round of its roll call counted.
    pub census: Option<Arc<Census>>,
}

/// What all shards share.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Its time.
    pub clock: Clock,
    /// Where changes are shown.
    pub hub: Arc<Hub>,
    /// Where they are stored.
    pub store: Desk,
    /// States of vehicles that it may store each second; alerts are always stored.
    pub saves_per_s: usize,
    /// How commands leave.
    pub sender: Sender,
    /// Who else is told of alerts.
    pub alerts: mpsc::Sender<Alert>,
}

/// A shard.
#[derive(Debug)]
pub struct Shard {
    core: Core,
    around: Surroundings,
    marks: Marks,
    /// Those being shown, the last first, and the names of those that have been.
    showing: Vec<VehicleId>,
    shown: Vec<Vin>,
    /// Whose newest state is not stored yet, and who was stored last, so that all have their turn.
    unsaved: BTreeSet<VehicleId>,
    saved_last: VehicleId,
    /// Alerts and windows that are not stored yet.
    batch: Batch,
    standing: watch::Sender<Standing>,
}

impl Shard {
    /// A shard around a core, and where it says how it is doing. The vehicles that the core knows from the store are shown
    /// at once.
    #[must_use]
    pub fn new(core: Core, around: Surroundings) -> (Self, watch::Receiver<Standing>) {
        let mut marks = Marks::default();
        core.vehicles().iter().for_each(|(id, _)| marks.change(id));
        let (standing, receiver) = watch::channel(Standing::default());
        let shard = Self {
            core,
            around,
            marks,
            showing: Vec::new(),
            shown: Vec::new(),
            unsaved: BTreeSet::new(),
            saved_last: VehicleId(0),
            batch: Batch::default(),
            standing,
        };
        (shard, receiver)
    }

    /// Works until there is nobody left to give it anything.
    pub async fn run(mut self, mut inputs: mpsc::Receiver<Input>) {
        let mut tick = interval(SHOW_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                input = inputs.recv() => match input {
                    Some(input) => self.take(input).await,
                    None => break,
                },
                _ = tick.tick() => {
                    self.core.tick(self.around.clock.now());
                    self.carry_out().await;
                    self.begin_to_show();
                    self.save();
                    self.tell_standing();
                }
                () = std::future::ready(()), if !self.showing.is_empty() => {
                    self.show_some();
                    // Messages that have come meanwhile go first.
                    tokio::task::yield_now().await;
                }
            }
        }
        self.finish();
    }

    async fn take(&mut self, input: Input) {
        match input {
            Input::Letters(letters) => {
                // All of them have come; asking for each took a fiftieth of the collector's time.
                let now = self.around.clock.now();
                for letter in letters {
                    let inbound = Inbound {
                        topic: &letter.topic,
                        content_type: letter.content_type.as_deref(),
                        payload: &letter.payload,
                        retained: letter.retained,
                    };
                    self.core.handle(now, inbound);
                    self.carry_out().await;
                }
            }
            Input::Request(request) => {
                let window = request.carry_out(self.around.clock.now(), &mut self.core);
                self.keep_window(window);
                self.carry_out().await;
            }
            Input::Census(shard, census) => self.core.hear_census(shard, census),
        }
    }

    /// Shows and stores an authorised window that changed.
    fn keep_window(&mut self, changed: Option<Window>) {
        if let Some(window) = changed {
            self.around.hub.show_window(window.clone());
            self.batch.windows.push(window);
        }
    }

    async fn carry_out(&mut self) {
        for window in self.core.take_changed_windows() {
            self.keep_window(Some(window));
        }
        while let Some(output) = self.core.poll() {
            match output {
                Output::Vehicle(id) => self.marks.change(id),
                Output::Alert(alert) => {
                    metrics::record_alert(alert.kind, alert.state);
                    self.around.hub.show_alert((*alert).clone());
                    self.batch.alerts.push((*alert).clone());
                    // The other end may have stopped listening; store and interface have it.
                    let _ = self.around.alerts.send(*alert).await;
                }
                Output::Command(command) => {
                    if !self.around.sender.publish(command_topic(command.vin), encode_command(&command)) {
                        tracing::warn!(vin = %command.vin, "no command could be sent: the connection is too busy");
                    }
                }
                Output::Rejected(rejection) => tracing::debug!(%rejection, "payload turned away"),
            }
        }
    }

    /// Begins to show the vehicles that changed; what is left of the last time is shown at once.
    fn begin_to_show(&mut self) {
        while !self.showing.is_empty() {
            self.show_some();
        }
        self.showing = self.marks.take_changed();
        self.unsaved.extend(&self.showing);
        self.showing.reverse();
    }

    /// Shows some of them; after the last, tells the readers.
    fn show_some(&mut self) {
        let some = self.showing.split_off(self.showing.len().saturating_sub(SHOW_AT_ONCE));
        let mut shown = Vec::with_capacity(some.len());
        for id in some.into_iter().rev() {
            let entry = self.core.vehicle(id);
            self.marks.set_online(id, entry.online());
            self.shown.push(entry.vin());
            let view = VehicleView::new(entry, self.core.silence(id), self.core.open_kinds(id));
            shown.push(Shown { view, report: entry.kept() });
        }
        self.around.hub.put_vehicles(shown);
        if self.showing.is_empty() {
            self.around.hub.tell_vehicles(self.around.clock.now(), &std::mem::take(&mut self.shown));
        }
    }

    /// Stores what changed, of vehicles as many as it may.
    fn save(&mut self) {
        let most = (self.around.saves_per_s as f64 * SHOW_EVERY.as_secs_f64()).ceil() as usize;
        let later = self.unsaved.range((Bound::Excluded(self.saved_last), Bound::Unbounded));
        let ids: Vec<VehicleId> =
            later.chain(self.unsaved.range(..=self.saved_last)).take(most.max(1)).copied().collect();
        let mut batch = std::mem::take(&mut self.batch);
        batch.vehicles.extend(ids.iter().map(|id| self.core.save(*id)));
        match self.around.store.put(batch) {
            Ok(()) => {
                self.saved_last = ids.last().copied().unwrap_or(self.saved_last);
                for id in ids {
                    self.unsaved.remove(&id);
                }
            }
            Err(kept) => {
                // The disk is behind: states are made anew when it is not, alerts must not be forgotten.
                self.batch.alerts = kept.alerts;
                self.batch.windows = kept.windows;
            }
        }
    }

    fn tell_standing(&mut self) {
        let census = self.core.take_census();
        self.standing.send_modify(|standing| {
            standing.counters.clone_from(self.core.counters());
            standing.vehicles = self.core.vehicles().len();
            standing.online = self.marks.online();
            standing.open_alerts = self.core.open_alerts();
            if census.is_some() {
                standing.census = census;
            }
        });
    }

    /// Shows a last time, and stores all that is not stored yet.
    fn finish(mut self) {
        self.begin_to_show();
        while !self.showing.is_empty() {
            self.show_some();
        }
        self.tell_standing();
        let unsaved: Vec<VehicleId> = std::mem::take(&mut self.unsaved).into_iter().collect();
        let mut batch = std::mem::take(&mut self.batch);
        for ids in unsaved.chunks(self.around.saves_per_s.max(1)) {
            batch.vehicles.extend(ids.iter().map(|id| self.core.save(*id)));
            self.around.store.put_last(std::mem::take(&mut batch));
        }
        self.around.store.put_last(batch);
    }
}
