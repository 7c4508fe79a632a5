//! Why vehicles are silent: what the collector says of each, against what happened to them.

use std::collections::BTreeMap;

use zhilian::base::{Timestamp, Vin};
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
/// anything was said of vehicles that nothing befell.
fn said() -> (BTreeMap<Kind, Vec<Option<Silence>>>, usize) {
    let scenario = Scenario::parse(SCENARIO).expect("a sound scenario");
    let setting = run::setting(scenario, Timestamp(1_780_000_000_000)).expect("a sound setting");
    let mut world = World::new(setting.into(), Shard::WHOLE);
    let mut core = Core::new(&Settings::default());
    let mut befallen: BTreeMap<Vin, Incident> = BTreeMap::new();
    let (mut said, mut unasked): (BTreeMap<Kind, Vec<_>>, usize) = (BTreeMap::new(), 0);
    let mut payload = Vec::new();
    let mut next_look = Timestamp(0);
    while let Some(emission) = world.poll(Timestamp::NEVER) {
        if emission.at >= next_look {
            next_look = emission.at.plus_seconds(60.0);
            for (id, entry) in core.vehicles().iter() {
                match befallen.get(&entry.track.vin) {
                    None => unasked += usize::from(core.silence(id).is_some()),
                    Some(incident) => {
                        let age = emission.at.seconds_since(incident.start);
                        if incident.end.is_none() && (1500.0..1560.0).contains(&age) {
                            said.entry(incident.kind).or_default().push(core.silence(id));
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
        core.handle(
            emission.at,
            Inbound { topic: topic.as_bytes(), content_type: None, payload: &payload, retained: false },
        );
        while core.poll().is_some() {}
    }
    (said, unasked)
}

#[test]
fn silence_is_told_apart_as_far_as_it_can_be() {
    let (said, unasked) = said();
    let share = |kind: Kind, right: &dyn Fn(Option<Silence>) -> bool| {
        let all = &said[&kind];
        println!("{kind:?}: {all:?}");
        assert!(all.len() >= 4, "{kind:?}: only {} were looked at", all.len());
        all.iter().filter(|said| right(**said)).count() as f64 / all.len() as f64
    };
    assert!(share(Kind::ConsentOff, &|said| said == Some(Silence::Withheld)) > 0.99);
    // Nobody can tell these two apart before they are heard again.
    let alone = |said| matches!(said, Some(Silence::Sudden | Silence::Faded));
    assert!(share(Kind::Garage, &alone) > 0.8);
    assert!(share(Kind::Jam, &alone) > 0.8);
    assert!(share(Kind::CellOutage, &|said| said == Some(Silence::Outage)) > 0.7);
    assert_eq!(unasked, 0, "of vehicles that are heard nothing is said");
}
