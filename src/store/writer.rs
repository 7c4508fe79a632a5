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
    sender: SyncSender<Batch>,
    healthy: Arc<AtomicBool>,
    thread: JoinHandle<()>,
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
        Ok((Self { sender, healthy, thread: spawned.map_err(failed)? }, restored))
    }

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

    /// Whether the last write succeeded.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.healthy.load(Ordering::Relaxed)
    }

    /// Writes a last batch and all before it, and ends the thread; false when that failed.
    #[must_use]
    pub fn close(self, last: Batch) -> bool {
        let handed_over = last.is_empty() || self.sender.send(last).is_ok();
        drop(self.sender);
        self.thread.join().is_ok() && handed_over && self.healthy.load(Ordering::Relaxed)
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
