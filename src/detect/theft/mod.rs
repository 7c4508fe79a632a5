//! Rules that claim thefts. All guard a vehicle that stands locked and without its owner's key; what they ask first is in
//! `scene`.
//!
//! Levels: suspected on a weak sign (an unexplained shake or lift, power lost), probable on a strong one, confirmed on two
//! that are independent of each other (such as its position and the inertial sensor).

pub mod carry_off;
pub mod clone;
pub mod jam;
pub mod pack_swap;
pub mod pack_theft;
pub mod power_cut;
pub mod ride_away;
pub mod scene;
pub mod spoof;
#[cfg(test)]
pub(super) mod stage;
pub mod strip;
pub mod tamper;
pub mod tow;
