//! Holds claims against the truth. Only here, in `bench` and in `cmd` do both sides meet.
//!
//! A run in virtual time, or the files of somebody else's, become [`Case`]s and [`Claim`]s; claims become episodes;
//! matching says which cases were told and which episodes were false; [`Scores`] counts. No clock, no file: `cmd` has them.

pub mod claim;
pub mod condition;
pub mod downlink;
pub mod lines;
pub mod matching;
pub mod mistake;
pub mod rehearsal;
pub mod scores;
pub mod statistics;
pub mod sweep;
pub mod table;
pub mod truth;

pub use claim::{Claim, Episode, episodes};
pub use matching::missed_and_false;
pub use mistake::{Mistake, mistakes};
pub use rehearsal::{Outcome, rehearse, rehearse_in};
pub use scores::{Material, Scores};
pub use sweep::Sweep;
pub use truth::Case;
