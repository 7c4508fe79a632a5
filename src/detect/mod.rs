//! Detectors: one small trait, one file a rule. Each reads what is remembered of a vehicle and its newest report, and
//! says whether its case is present, absent or not to be told. Life cycles are the business of `alert`.

pub mod battery;
pub mod detector;
pub mod settings;
pub mod silence;
pub mod theft;

pub use detector::{Detector, Finding, Sight, Signal};
pub use settings::{Settings, all};
