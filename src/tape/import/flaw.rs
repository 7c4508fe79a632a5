//! What can be wrong with a line of a log. The line is left out and counted, or the import fails when it is to be strict.

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It has not the columns that the header promises.
    #[error("{0}")]
    Row(String),
    /// Its time cannot be read.
    #[error("no time in the form {form:?}: {text:?}")]
    Time {
        /// What the map says.
        form: String,
        /// What the line says.
        text: String,
    },
    /// It does not say which vehicle it is about.
    #[error("the column of the vehicle is empty")]
    Vehicle,
    /// What should be a number is none.
    #[error("{member}: expected a number, found {text:?}")]
    Number {
        /// Of which member of a report.
        member: &'static str,
        /// What the line says.
        text: String,
    },
    /// What should be one of some words is none.
    #[error("{member}: expected {expected}, found {text:?}; words = {{ {text:?} = … }} in the map can translate it")]
    Word {
        /// Of which member of a report.
        member: &'static str,
        /// What it could be.
        expected: &'static str,
        /// What the line says.
        text: String,
    },
    /// A quantity is what it cannot be.
    #[error("{0}: out of the range that docs/wire.md and its schemas allow; is a unit or a missing = [\"…\"] wrong?")]
    Range(&'static str),
    /// An NMEA sentence was damaged on its way.
    #[error("the checksum of the sentence is wrong")]
    Checksum,
    /// An NMEA sentence cannot be read.
    #[error("no sentence that can be read")]
    Sentence,
    /// A fix came before the log said which day it is.
    #[error("a fix before the first date: say date = \"…\" under [time] in the map")]
    Date,
}

impl Flaw {
    /// Under which name it is counted.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Row(_) => "row",
            Self::Time { .. } => "time",
            Self::Vehicle => "vehicle",
            Self::Number { .. } => "number",
            Self::Word { .. } => "word",
            Self::Range(_) => "range",
            Self::Checksum => "checksum",
            Self::Sentence => "sentence",
            Self::Date => "date",
        }
    }
}
