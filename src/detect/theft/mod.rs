//! Rules that claim thefts.

pub mod tow;
