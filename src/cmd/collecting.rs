//! The collector's shards and what is between them and the broker: deals out what comes, takes operators' requests to the
//! shard of their vehicle, and adds up how all are doing. The queues are bounded: when a shard is behind, the connection
//! stops reading, and what is not read is not acknowledged.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::shard::{Input, Shard, Standing, Surroundings};
use super::stop;
use crate::base::Clock;
use crate::collect::deal::{core_of, core_of_topic};
use crate::collect::{Core, Counters};
use crate::mqtt::subscriber::Letter;
use crate::mqtt::{Notice, Subscriber};
use crate::store::writer::Desk;
use crate::web::desk::Request;
use crate::web::{Hub, Stats, metrics};

/// How often numbers are shown.
const COUNT_EVERY: Duration = Duration::from_secs(1);
/// Batches of messages that may wait for a shard.
const QUEUE: usize = 16;
/// Silence after which nothing more is expected at the end.
const QUIET: Duration = Duration::from_millis(400);
/// The longest wait for that silence.
const FAREWELL: Duration = Duration::from_secs(5);

/// A shard as it is seen from outside.
#[derive(Debug)]
struct Seat {
    inputs: mpsc::Sender<Input>,
    standing: watch::Receiver<Standing>,
    task: JoinHandle<()>,
}

/// The collector's shards and what feeds them.
#[derive(Debug)]
pub struct Collecting {
    seats: Vec<Seat>,
    clock: Clock,
    hub: Arc<Hub>,
    store: Desk,
    reports_before: u64,
}

impl Collecting {
    /// Starts a shard around each core.
    #[must_use]
    pub fn start(cores: Vec<Core>, around: &Surroundings) -> Self {
        let seat = |core| {
            let (shard, standing) = Shard::new(core, around.clone());
            let (inputs, receiver) = mpsc::channel(QUEUE);
            Seat { inputs, standing, task: tokio::spawn(shard.run(receiver)) }
        };
        Self {
            seats: cores.into_iter().map(seat).collect(),
            clock: around.clock,
            hub: Arc::clone(&around.hub),
            store: around.store.clone(),
            reports_before: 0,
        }
    }

    /// Collects until it is told to stop; answers what was counted.
    pub async fn run(
        mut self,
        mut subscriber: Subscriber,
        mut requests: mpsc::Receiver<Request>,
        mut stopped: watch::Receiver<bool>,
    ) -> Counters {
        let mut tick = tokio::time::interval(COUNT_EVERY);
        loop {
            tokio::select! {
                notice = subscriber.next() => match notice {
                    Some(notice) => self.take(notice).await,
                    None => break,
                },
                Some(request) = requests.recv() => {
                    let shard = core_of(request.vin(), self.seats.len());
                    self.give(shard, Input::Request(request)).await;
                }
                _ = tick.tick() => drop(self.count()),
                () = stop::told(&mut stopped) => break,
            }
        }
        // What vehicles sent before they were switched off is still on its way through the broker.
        let drained = async {
            while let Ok(Some(notice)) = timeout(QUIET, subscriber.next()).await {
                self.take(notice).await;
            }
        };
        if timeout(FAREWELL, drained).await.is_err() {
            tracing::debug!("stopped while messages were still coming");
        }
        subscriber.stop().await;
        self.finish().await
    }

    async fn take(&mut self, notice: Notice) {
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
            Notice::Messages(letters) => self.deal_out(letters).await,
        }
    }

    /// Gives each shard what is said of its vehicles, in the order in which it came.
    async fn deal_out(&mut self, letters: Vec<Letter>) {
        let count = self.seats.len();
        if count == 1 {
            return self.give(0, Input::Letters(letters)).await;
        }
        let mut dealt = vec![Vec::new(); count];
        for letter in letters {
            dealt[core_of_topic(&letter.topic, count)].push(letter);
        }
        for (shard, letters) in dealt.into_iter().enumerate().filter(|(_, letters)| !letters.is_empty()) {
            self.give(shard, Input::Letters(letters)).await;
        }
    }

    async fn give(&self, shard: usize, input: Input) {
        if self.seats[shard].inputs.send(input).await.is_err() {
            tracing::error!(shard, "a part of the collector has stopped: what is said of its vehicles is lost");
        }
    }

    /// Adds up how the shards are doing, shows it, and tells them of each other's roll calls.
    fn count(&mut self) -> Counters {
        let mut counters = Counters::default();
        let mut stats = Stats { now_ms: self.clock.now(), ..Stats::default() };
        let mut news = Vec::new();
        for (shard, seat) in self.seats.iter_mut().enumerate() {
            let standing = seat.standing.borrow_and_update();
            counters.add(&standing.counters);
            stats.vehicles += standing.vehicles;
            stats.online += standing.online;
            stats.open_alerts += standing.open_alerts;
            news.extend(standing.census.clone().map(|census| (shard, census)));
        }
        stats.reports = counters.reports;
        stats.reports_per_s = (counters.reports - self.reports_before) as f64 / COUNT_EVERY.as_secs_f64();
        stats.lost = counters.missing;
        stats.duplicates = counters.duplicates;
        stats.rejected = counters.rejected_total();
        self.reports_before = counters.reports;
        let stored = self.store.is_healthy();
        self.hub.health.stored.store(stored, Ordering::Relaxed);
        metrics::record(&counters, &stats, stored);
        self.hub.show_stats(stats);
        for (shard, census) in news {
            for other in (0..self.seats.len()).filter(|other| *other != shard) {
                // A shard that is busy hears of it a second later.
                drop(self.seats[other].inputs.try_send(Input::Census(shard, Arc::clone(&census))));
            }
        }
        counters
    }

    /// Lets all shards finish their work, shows the last numbers, and answers what was counted.
    async fn finish(mut self) -> Counters {
        for seat in &mut self.seats {
            // Nothing more comes: the shard ends when it has done what waits for it.
            seat.inputs = mpsc::channel(1).0;
            if (&mut seat.task).await.is_err() {
                tracing::error!("a part of the collector failed");
            }
        }
        self.count()
    }
}
