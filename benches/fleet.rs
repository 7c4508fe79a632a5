//! What a fleet says in an evening, in the form in which it travels.

use std::collections::BTreeMap;
use std::sync::Arc;

use zhilian::base::{Timestamp, Vin};
use zhilian::collect::{Core, Inbound};
use zhilian::config::run;
use zhilian::model::Mode;
use zhilian::sim::{Scenario, Shard, World};
use zhilian::wire::{Format, Message, Utterance, encode};

/// Which messages of a fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mix {
    /// All of them.
    All,
    /// Reports of those that stand.
    Parked,
    /// Reports of those that are ridden.
    Riding,
}

impl Mix {
    /// Whether a message belongs to it. What is left is numbered anew: where numbers are missing, what follows is kept for
    /// a while.
    fn takes(self, message: &mut Message, numbers: &mut BTreeMap<Vin, u32>) -> bool {
        let mode = match self {
            Self::All => return true,
            Self::Parked => Mode::Parked,
            Self::Riding => Mode::Riding,
        };
        let Message::Report(report) = message else { return false };
        if report.mode != mode {
            return false;
        }
        let number = numbers.entry(report.stamp.vin).or_default();
        *number += 1;
        report.stamp.seq = *number;
        true
    }
}

/// A message on its way.
pub struct Letter {
    at: Timestamp,
    topic: String,
    payload: Vec<u8>,
    format: Format,
}

impl Letter {
    /// Hands it to a collector and carries out nothing of what that wants done.
    pub fn hand_to(&self, core: &mut Core) {
        let (topic, content_type) = (self.topic.as_bytes(), Some(self.format.content_type()));
        core.handle(self.at, Inbound { topic, content_type, payload: &self.payload, retained: false });
        while core.poll().is_some() {}
    }
}

/// What a fleet without incidents says in an evening.
pub fn letters(vehicles: u32, minutes: u32, mix: Mix, format: Format) -> Vec<Letter> {
    let text = format!("vehicles = {vehicles}\nduration = \"{minutes}m\"\nstart = \"2026-06-01T17:50:00+08:00\"\n");
    let scenario = Scenario::parse(&text).expect("a sound scenario");
    let setting = Arc::new(run::setting(scenario, Timestamp(1_780_000_000_000)).expect("a sound setting"));
    let mut world = World::new(setting, Shard::WHOLE);
    let (mut letters, mut buffer, mut numbers) = (Vec::new(), Vec::new(), BTreeMap::new());
    while let Some(emission) = world.poll(Timestamp::NEVER) {
        let Utterance::Message(mut message) = emission.output.into() else { continue };
        if mix.takes(&mut message, &mut numbers) {
            encode(&message, format, &mut buffer);
            letters.push(Letter {
                at: emission.at,
                topic: message.topic().to_string(),
                payload: buffer.clone(),
                format,
            });
        }
    }
    letters
}
