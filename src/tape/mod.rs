//! Tapes: a recorded stream, every message as it came, also of logs that others wrote. The format stands in
//! `docs/tape.md`.
//!
//! Deliberately absent: files, clocks and what messages mean. A tape is written to and read from what its owner opens.

pub mod entry;
pub mod import;
pub mod reader;
pub mod writer;

pub use entry::{Entry, Header};
pub use reader::{Reader, TapeError};
pub use writer::Writer;
