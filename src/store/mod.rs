//! What survives a restart: the last state of each vehicle and all alerts, in one `SQLite` file in WAL mode; and
//! tables of reports and incidents for notebooks, in Parquet.

pub mod columns;
pub mod sqlite;
pub mod table;
pub mod writer;

pub use sqlite::{Database, Restored, StoreError};
pub use table::Table;
pub use writer::Writer;
