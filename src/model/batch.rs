//! What a vehicle said while it had no network, in one packet.

use super::command::Reply;
use super::event::Event;
use super::report::{Report, Stamp};
use crate::base::Vin;

/// Something with a number that a vehicle said.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly all are reports, and a box would cost an allocation each")]
pub enum Item {
    /// A report.
    Report(Report),
    /// A happening.
    Event(Event),
    /// The answer to a command.
    Reply(Reply),
}

impl Item {
    /// Who said it, and when.
    #[must_use]
    pub fn stamp(&self) -> &Stamp {
        match self {
            Self::Report(report) => &report.stamp,
            Self::Event(event) => &event.stamp,
            Self::Reply(reply) => &reply.stamp,
        }
    }

    /// The report, if it is one.
    #[must_use]
    pub fn into_report(self) -> Option<Report> {
        match self {
            Self::Report(report) => Some(report),
            Self::Event(_) | Self::Reply(_) => None,
        }
    }
}

/// Messages that waited in a vehicle for the network.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// Who.
    pub vin: Vin,
    /// In the order in which they were said; 1 to [`Batch::MOST`].
    pub items: Vec<Item>,
}

impl Batch {
    /// Most messages in one packet. 32 reports with 128 cells each are some 54 KB, within what a payload may have.
    pub const MOST: usize = 32;

    /// How many reports, events and replies it holds.
    #[must_use]
    pub fn counts(&self) -> [u64; 3] {
        let count = |test: fn(&Item) -> bool| self.items.iter().filter(|item| test(item)).count() as u64;
        [
            count(|item| matches!(item, Item::Report(_))),
            count(|item| matches!(item, Item::Event(_))),
            count(|item| matches!(item, Item::Reply(_))),
        ]
    }
}
