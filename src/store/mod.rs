//! What survives a restart: the last state of each vehicle and all alerts, in one `SQLite` file in WAL mode.

pub mod sqlite;
pub mod writer;

pub use sqlite::{Database, Restored, StoreError};
pub use writer::Writer;
