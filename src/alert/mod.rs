//! The life of alerts: raised, cleared, with hysteresis both ways; one episode per cause; ids that are the same wherever
//! and however often the same reports are read.

pub mod book;

pub use book::Book;
