//! What the hot paths ask of the allocator: nothing, once they run.

use std::sync::Arc;

use allocation_counter::measure;
use zhilian::base::Timestamp;
use zhilian::collect::{Core, Inbound, Settings};
use zhilian::config::run;
use zhilian::sim::{Scenario, Shard, World};
use zhilian::wire::{Format, Utterance, encode};

/// What some vehicles say for so many minutes, in the form in which they travel.
fn letters(minutes: u32) -> Vec<(Timestamp, String, Vec<u8>)> {
    // Couriers swap packs, and each new pack needs room once.
    let text = format!(
        "vehicles = 100\nduration = \"{minutes}m\"\nstart = \"2026-06-01T17:50:00+08:00\"\n[mix]\nrider = {{ commuter = 1.0 }}\n"
    );
    let scenario = Scenario::parse(&text).expect("a sound scenario");
    let setting = Arc::new(run::setting(scenario, Timestamp(1_780_000_000_000)).expect("a sound setting"));
    let mut world = World::new(setting, Shard::WHOLE);
    let (mut letters, mut payload) = (Vec::new(), Vec::new());
    while let Some(emission) = world.poll(Timestamp::NEVER) {
        // All of them: where numbers are missing, what follows is kept for a while.
        let Utterance::Message(message) = emission.output.into() else { continue };
        encode(&message, Format::Json, &mut payload);
        letters.push((emission.at, message.topic().to_string(), payload.clone()));
    }
    letters
}

#[test]
fn the_collector_takes_reports_without_allocating() {
    let letters = letters(40);
    let (known, new) = letters.split_at(letters.len() / 2);
    let mut core = Core::new(&Settings::default());
    let mut take = |(at, topic, payload): &(Timestamp, String, Vec<u8>)| {
        let content_type = Some(Format::Json.content_type());
        core.handle(*at, Inbound { topic: topic.as_bytes(), content_type, payload, retained: false });
        while core.poll().is_some() {}
    };
    let first = measure(|| known.iter().for_each(&mut take));
    assert!(first.count_total > 0, "the first report of a vehicle makes room for it");
    let (mut reports, mut asked) = (0, 0);
    for letter in new {
        let count = measure(|| take(letter)).count_total;
        if letter.1.ends_with("/up/report") {
            (reports, asked) = (reports + 1, asked + count);
        }
    }
    assert!(reports > 1000, "{reports} reports");
    // The table of radio cells may still grow once.
    assert!(asked <= reports / 1000, "{asked} in {reports} reports of vehicles that are known");
}

#[test]
fn a_message_is_written_without_allocating() {
    let mut messages = Vec::new();
    for (_, topic, payload) in letters(5).iter().filter(|letter| letter.1.ends_with("/up/report")) {
        messages.push(zhilian::wire::decode(topic.as_bytes(), None, payload).expect("a sound report"));
    }
    let mut buffer = Vec::with_capacity(4096);
    let asked = measure(|| messages.iter().for_each(|message| encode(message, Format::Json, &mut buffer)));
    assert_eq!(asked.count_total, 0, "in {} reports", messages.len());
}
