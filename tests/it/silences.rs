//! Why vehicles are silent: what the collector says of each, against what happened to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use zhilian::base::{Timestamp, Vin};
use zhilian::collect::deal::core_of_topic;
use zhilian::collect::{Core, Inbound, Settings};
use zhilian::config::run;
use zhilian::detect::silence::Silence;
use zhilian::model::{Incident, Kind};
use zhilian::sim::{Scenario, Shard, World};
use zhilian::wire::{Format, Utterance, encode};

const SCENARIO: &str = "vehicles = 300\nduration = \"4h\"\nstart = \"2026-06-01T01:00:00+08:00\"\nseed = 5\n\
    [[incident]]\nkind = \"consent_off\"\ncount = 6\nwindow = \"10m..30m\"\nlasts = \"2h\"\n\
    [[incident]]\nkind = \"garage\"\ncount = 6\nwindow = \"10m..30m\"\nlasts = \"2h\"\n\
    [[incident]]\nkind = \"jam\"\ncount = 6\nwindow = \"10m..30m\"\nlasts = \"2h\"\n\
    [[incident]]\nkind = \"cell_outage\"\ncount = 1\nwindow = \"40m..50m\"\nlasts = \"1h\"\nradius_m = 2500\n";

/// What was said of each vehicle twenty-five minutes after something had befallen it, by the kind of that; and how often
/// anything was said of vehicles that nothing befell. The fleet is dealt out to so many cores.
fn said(count: usize) -> (BTreeMap<Kind, Vec<Option<Silence>>>, usize) {
    let scenario = Scenario::parse(SCENARIO).expect("a sound scenario");
    let setting = run::setting(scenario, Timestamp(1_780_000_000_000)).expect("a sound setting");
    let mut world = World::new(setting.into(), Shard::WHOLE);
    let mut cores: Vec<Core> = (0..count).map(|_| Core::new(&Settings::default())).collect();
    let mut befallen: BTreeMap<Vin, Incident> = BTreeMap::new();
    let (mut said, mut unasked): (BTreeMap<Kind, Vec<_>>, usize) = (BTreeMap::new(), 0);
    let mut payload = Vec::new();
    let [mut next_look, mut next_tick] = [Timestamp(0); 2];
    while let Some(emission) = world.poll(Timestamp::NEVER) {
        // Who owns a core does this, so that its roll call goes round however few messages come.
        if emission.at >= next_tick {
            next_tick = emission.at.plus_seconds(1.0);
            for core in &mut cores {
                core.tick(emission.at);
            }
        }
        if emission.at >= next_look {
            next_look = emission.at.plus_seconds(60.0);
            for (silence, vin) in cores.iter().flat_map(silences) {
                match befallen.get(&vin) {
                    None => unasked += usize::from(silence.is_some()),
                    Some(incident) => {
                        let age = emission.at.seconds_since(incident.start);
                        if incident.end.is_none() && (1500.0..1560.0).contains(&age) {
                            said.entry(incident.kind).or_default().push(silence);
                        }
                    }
                }
            }
        }
        let message = match emission.output.into() {
            Utterance::Message(message) => message,
            Utterance::Truth(incident) => {
                befallen.insert(incident.vin, incident);
                continue;
            }
            Utterance::Network(_) => continue,
        };
        encode(&message, Format::Json, &mut payload);
        let topic = message.topic().to_string();
        let core = core_of_topic(topic.as_bytes(), count);
        let inbound = Inbound { topic: topic.as_bytes(), content_type: None, payload: &payload, retained: false };
        cores[core].handle(emission.at, inbound);
        while cores[core].poll().is_some() {}
        if let Some(census) = cores[core].take_census() {
            for (_, other) in cores.iter_mut().enumerate().filter(|(other, _)| *other != core) {
                other.hear_census(core, Arc::clone(&census));
            }
        }
    }
    (said, unasked)
}

fn silences(core: &Core) -> impl Iterator<Item = (Option<Silence>, Vin)> + '_ {
    core.vehicles().iter().map(|(id, entry)| (core.silence(id), entry.vin()))
}

#[test]
fn silence_is_told_apart_as_far_as_it_can_be() {
    is_told_apart(1);
}

#[test]
fn and_so_it_is_where_the_vehicles_of_a_radio_cell_are_dealt_out() {
    is_told_apart(8);
}

fn is_told_apart(cores: usize) {
    let (said, unasked) = said(cores);
    let is_right = |kind: Kind, least: f64, right: &dyn Fn(Option<Silence>) -> bool| {
        let all = &said[&kind];
        assert!(all.len() >= 4, "{kind:?}: only {} were looked at", all.len());
        let rightly = all.iter().filter(|said| right(**said)).count() as f64 / all.len() as f64;
        assert!(rightly > least, "{kind:?}: {all:?}");
    };
    is_right(Kind::ConsentOff, 0.99, &|said| said == Some(Silence::Withheld));
    // Nobody can tell these two apart before they are heard again.
    let alone = |said| matches!(said, Some(Silence::Sudden | Silence::Faded));
    is_right(Kind::Garage, 0.8, &alone);
    is_right(Kind::Jam, 0.8, &alone);
    is_right(Kind::CellOutage, 0.7, &|said| said == Some(Silence::Outage));
    assert_eq!(unasked, 0, "of vehicles that are heard nothing is said");
}
