//! A report that is kept apart from its vehicle.

use super::brief::Brief;
use crate::base::Vin;
use crate::model::Report;

/// A report that is kept, in the smallest form that it has.
#[derive(Debug, Clone, PartialEq)]
pub enum Kept {
    /// In few bytes.
    Brief(Brief),
    /// In full.
    Full(Box<Report>),
}

impl Kept {
    /// The report, of the vehicle whose it is.
    #[must_use]
    pub fn report(&self, vin: Vin) -> Report {
        match self {
            Self::Brief(brief) => brief.report(vin),
            Self::Full(report) => (**report).clone(),
        }
    }
}
