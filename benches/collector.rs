//! How fast the collector's core takes messages from memory, on one core: decode, check, remember, detect, alert.
//! `cargo bench --bench collector`; numbers of vehicles may follow `--`.

use std::io::Write;
use std::sync::Arc;

use zhilian::base::{Clock, Timestamp};
use zhilian::collect::{Core, Inbound, Settings};
use zhilian::config::run;
use zhilian::model::Report;
use zhilian::sim::{Scenario, Shard, World};
use zhilian::track::slab::Entry;
use zhilian::wire::{Format, Utterance, encode};

/// A message on its way.
struct Letter {
    at: Timestamp,
    topic: String,
    payload: Vec<u8>,
}

/// What a fleet without incidents says in an evening.
fn letters(vehicles: u32) -> Vec<Letter> {
    let text = format!("vehicles = {vehicles}\nduration = \"20m\"\nstart = \"2026-06-01T17:50:00+08:00\"\n");
    let scenario = Scenario::parse(&text).expect("a sound scenario");
    let setting = Arc::new(run::setting(scenario, Timestamp(1_780_000_000_000)).expect("a sound setting"));
    let mut world = World::new(setting, Shard::WHOLE);
    let (mut letters, mut payload) = (Vec::new(), Vec::new());
    while let Some(emission) = world.poll(Timestamp::NEVER) {
        // All of them: where numbers are missing, what follows is kept for a while.
        let Utterance::Message(message) = emission.output.into() else { continue };
        encode(&message, Format::Json, &mut payload);
        letters.push(Letter { at: emission.at, topic: message.topic().to_string(), payload: payload.clone() });
    }
    letters
}

fn take(vehicles: u32) -> std::io::Result<()> {
    let letters = letters(vehicles);
    let mut core = Core::new(&Settings::default());
    let clock = Clock::wall();
    let begin = clock.now();
    for Letter { at, topic, payload } in &letters {
        let content_type = Some(Format::Json.content_type());
        core.handle(*at, Inbound { topic: topic.as_bytes(), content_type, payload, retained: false });
        while core.poll().is_some() {}
    }
    let seconds = clock.now().seconds_since(begin);
    let (count, bytes) = (core.counters().reports, size_of::<Entry>());
    writeln!(
        std::io::stdout(),
        "{vehicles} vehicles: {count} JSON reports in {seconds:.2} s, {:.0} reports/s; {bytes} bytes a vehicle, of which {} \
         are its last report",
        count as f64 / seconds,
        size_of::<Option<Report>>()
    )
}

fn main() -> std::io::Result<()> {
    // cargo adds a flag of its own.
    let asked: Vec<u32> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let vehicles = if asked.is_empty() { vec![1_000, 10_000] } else { asked };
    vehicles.into_iter().try_for_each(take)
}
