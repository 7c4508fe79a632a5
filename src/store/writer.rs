//! The thread that writes: batches what it is given, tries again when the disk will not take it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::sqlite::{Database, Restored, StoreError};
use crate::alert::Window;
use crate::model::Alert;
use crate::track::Saved;

/// Batches between the collector and the thread.
const QUEUE: usize = 64;
/// Alerts read back at the start.
const ALERTS_KEPT: usize = 10_000;
/// Pause before a failed write is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// What is written together.
#[derive(Debug, Default)]
pub struct Batch {
    /// Vehicles as they are now.
    pub vehicles: Vec<Saved>,
    /// Alerts that changed.
    pub alerts: Vec<Alert>,
    /// Authorised windows that changed.
    pub windows: Vec<Window>,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.vehicles.is_empty() && self.alerts.is_empty() && self.windows.is_empty()
    }
}

/// The store's thread.
#[derive(Debug)]
pub struct Writer {
    desk: Desk,
    thread: JoinHandle<()>,
}

/// Where batches are handed to the store's thread; for as many as have any.
#[derive(Debug, Clone)]
pub struct Desk {
    sender: SyncSender<Batch>,
    healthy: Arc<AtomicBool>,
}

impl Desk {
    /// Hands over a batch; gives it back when the thread is behind.
    ///
    /// # Errors
    /// The batch, to be handed over again later.
    pub fn put(&self, batch: Batch) -> Result<(), Batch> {
        if batch.is_empty() {
            return Ok(());
        }
        self.sender.try_send(batch).map_err(|error| match error {
            TrySendError::Full(batch) | TrySendError::Disconnected(batch) => batch,
        })
    }

    /// Hands over a batch before the end, and waits until there is room for it.
    pub fn put_last(&self, batch: Batch) {
        if !batch.is_empty() && self.sender.send(batch).is_err() {
            self.healthy.store(false, Ordering::Relaxed);
        }
    }

    /// Whether the last write succeeded.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.healthy.load(Ordering::Relaxed)
    }
}

impl Writer {
    /// Opens the store, reads what it holds and starts the thread.
    ///
    /// # Errors
    /// When the store cannot be opened or read; no thread runs then.
    pub fn start(path: &Path) -> Result<(Self, Restored), StoreError> {
        let database = Database::open(path)?;
        let restored = database.restore(ALERTS_KEPT)?;
        let (sender, receiver) = sync_channel(QUEUE);
        let healthy = Arc::new(AtomicBool::new(true));
        let health = Arc::clone(&healthy);
        let spawned =
            std::thread::Builder::new().name("store".to_owned()).spawn(move || write(database, &receiver, &health));
        let failed = |error: std::io::Error| StoreError::Open { path: path.to_owned(), why: error.to_string() };
        Ok((Self { desk: Desk { sender, healthy }, thread: spawned.map_err(failed)? }, restored))
    }

    /// Where batches are handed over.
    #[must_use]
    pub fn desk(&self) -> Desk {
        self.desk.clone()
    }

    /// Ends the thread when all is written that was handed over, by whoever had a desk; false when that failed. All other
    /// desks must be gone.
    #[must_use]
    pub fn close(self) -> bool {
        let Desk { sender, healthy } = self.desk;
        drop(sender);
        self.thread.join().is_ok() && healthy.load(Ordering::Relaxed)
    }
}

fn write(mut database: Database, receiver: &Receiver<Batch>, healthy: &AtomicBool) {
    let mut waiting = Batch::default();
    loop {
        let closing = match receiver.recv_timeout(if waiting.is_empty() { Duration::MAX } else { RETRY }) {
            Ok(batch) => {
                waiting.vehicles.extend(batch.vehicles);
                waiting.alerts.extend(batch.alerts);
                waiting.windows.extend(batch.windows);
                false
            }
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => true,
        };
        if !waiting.is_empty() {
            match database.write(&waiting.vehicles, &waiting.alerts, &waiting.windows) {
                Ok(()) => {
                    waiting = Batch::default();
                    healthy.store(true, Ordering::Relaxed);
                }
                Err(error) => {
                    if healthy.swap(false, Ordering::Relaxed) || closing {
                        tracing::error!(%error, "the store cannot be written; trying again");
                    }
                    thin_out(&mut waiting);
                }
            }
        }
        if closing {
            return;
        }
    }
}

/// Keeps only the newest state of each vehicle, so that waiting for a disk does not fill the memory.
fn thin_out(waiting: &mut Batch) {
    let mut newest = std::collections::BTreeMap::new();
    for saved in waiting.vehicles.drain(..) {
        newest.insert(saved.track.vin, saved);
    }
    waiting.vehicles.extend(newest.into_values());
}
