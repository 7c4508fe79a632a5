//! What befalls vehicles: every kind begins, leaves its traces in what the vehicle says, and ends.

use std::collections::BTreeMap;
use std::sync::Arc;

use zhilian::base::Timestamp;
use zhilian::model::{Event, EventKind, Incident, Item, Kind, Report};
use zhilian::sim::{Fleet, Output};

use crate::world::setting;

/// What one vehicle said and what really happened to it.
#[derive(Default)]
struct Story {
    incident: Option<Incident>,
    /// With the time of arrival.
    reports: Vec<(Timestamp, Report)>,
    events: Vec<Event>,
}

impl Story {
    fn incident(&self) -> &Incident {
        self.incident.as_ref().expect("it befell it")
    }

    /// The reports made while it went on.
    fn during(&self) -> Vec<&Report> {
        let (start, end) = (self.incident().start, self.incident().end.expect("it ended"));
        self.reports.iter().map(|(_, report)| report).filter(|r| (start..end).contains(&r.stamp.time)).collect()
    }
}

/// The victim's story of one incident of a kind.
fn story(kind: Kind) -> Story {
    let text = format!(
        "vehicles = 5\nduration = \"14h\"\nstart = \"2026-06-01T08:00:00+08:00\"\n[report]\nparked = \"60s\"\n\
         [[incident]]\nkind = \"{}\"\nwindow = \"1h..1h\"\ndistance_m = 5000.0\n",
        kind.name()
    );
    let mut fleet = Fleet::new(&Arc::new(setting(&text)), 1);
    let mut stories: BTreeMap<u32, Story> = BTreeMap::new();
    while let Some(emission) = fleet.poll(Timestamp::NEVER) {
        let story = stories.entry(emission.vehicle).or_default();
        match emission.output {
            Output::Report(report) => story.reports.push((emission.at, report)),
            Output::Event(event) => story.events.push(event),
            Output::Reply(reply) => panic!("nobody asked: {reply:?}"),
            Output::Backlog(batch) => {
                for item in batch.items {
                    match item {
                        Item::Report(report) => story.reports.push((emission.at, report)),
                        Item::Event(event) => story.events.push(event),
                        Item::Reply(reply) => panic!("nobody asked: {reply:?}"),
                    }
                }
            }
            Output::Network(_) => {}
            Output::IncidentBegan(incident) | Output::IncidentEnded(incident) => story.incident = Some(incident),
        }
    }
    stories.into_values().find(|story| story.incident.is_some()).expect("somebody was struck")
}

/// How far apart the first and the farthest position lie.
fn apparent_metres(reports: &[&Report]) -> f64 {
    let positions: Vec<_> = reports.iter().filter_map(|report| report.position).collect();
    let first = positions.first().expect("a fix").at;
    positions.iter().map(|position| first.distance(position.at).0).fold(0.0, f64::max)
}

#[test]
fn every_kind_begins_and_ends() {
    // A failed base station befalls whoever is there: see `blackout`.
    for kind in Kind::ALL.iter().copied().filter(|kind| *kind != Kind::CellOutage) {
        let story = story(kind);
        let incident = story.incident();
        assert_eq!(incident.kind, kind);
        let end = incident.end.unwrap_or_else(|| panic!("{kind:?} never ends"));
        assert!(end > incident.start, "{kind:?}");
        let numbers: Vec<u32> = story.reports.iter().map(|(_, report)| report.stamp.seq).collect();
        assert!(numbers.is_sorted(), "{kind:?}: it reports out of order");
    }
}

#[test]
fn stolen_vehicles_move_locked_and_without_a_key() {
    for (kind, rolls) in [(Kind::Tow, false), (Kind::CarryOff, false), (Kind::RideAway, true), (Kind::Strip, false)] {
        let story = story(kind);
        let during = story.during();
        assert!(during.iter().all(|report| report.locked && !report.key_near), "{kind:?}");
        let truth = story.incident();
        let metres = apparent_metres(&during);
        assert!(metres > 2000.0, "{kind:?} goes {metres} m with {} reports: {truth:?}", during.len());
        assert_eq!(during.iter().any(|report| report.motion.wheel.0 > 1.0), rolls, "{kind:?}: the wheel");
        let truth = story.incident();
        assert!(truth.to.is_some_and(|to| truth.from.distance(to).0 > 2000.0), "{kind:?}: {truth:?}");
        let warned = |event: &Event| matches!(event.kind, EventKind::Lift | EventKind::Vibration);
        assert!(story.events.iter().any(|event| warned(event) && event.stamp.time >= truth.start), "{kind:?}");
    }
}

#[test]
fn jammed_and_parked_underground_is_silence_and_then_a_backlog() {
    for kind in [Kind::Jam, Kind::Garage, Kind::LateUpload] {
        let story = story(kind);
        let (start, end) = (story.incident().start, story.incident().end.expect("it ended"));
        let heard = story.reports.iter().filter(|(at, _)| *at > start.plus_seconds(1.0) && *at < end).count();
        assert_eq!(heard, 0, "{kind:?}: nothing arrives meanwhile");
        let late =
            story.reports.iter().filter(|(at, report)| *at >= end && report.stamp.time < end.plus_seconds(-60.0));
        assert!(late.count() > 3, "{kind:?}: the backlog comes afterwards");
        let fixes = story.during().iter().filter(|report| report.position.is_some()).count();
        assert_eq!(fixes > 0, kind == Kind::LateUpload, "{kind:?}: {fixes} fixes");
    }
}

#[test]
fn packs_that_go_take_their_data_with_them() {
    for kind in [Kind::PackTheft, Kind::PowerCut] {
        let story = story(kind);
        let during = story.during();
        assert!(during.iter().any(|report| report.battery.is_none() && report.link.backup_power), "{kind:?}");
        assert!(story.events.iter().any(|event| event.kind == EventKind::PowerCut), "{kind:?}");
        let back = story.reports.last().is_some_and(|(_, report)| report.battery.is_some());
        assert_eq!(back, kind == Kind::PowerCut, "{kind:?}: only mended wires bring it back");
    }
}

#[test]
fn positions_lie_in_their_own_ways() {
    let spoofed = story(Kind::Spoof);
    assert!(apparent_metres(&spoofed.during()) < 40.0, "it seems to stand");
    let truth = spoofed.incident();
    assert!(truth.to.is_some_and(|to| truth.from.distance(to).0 > 2000.0), "but it is gone");
    let switched = story(Kind::DatumSwitch);
    let positions: Vec<_> = switched.during().iter().filter_map(|report| report.position).map(|p| p.at).collect();
    let metres = positions.last().expect("a fix").distance(switched.incident().from).0;
    assert!((440.0..520.0).contains(&metres), "GCJ-02 lies {metres} m away");
    let withheld = story(Kind::ConsentOff);
    assert!(withheld.during().iter().skip(1).all(|report| report.position.is_none()));
    let drifting = apparent_metres(&story(Kind::Drift).during());
    assert!((15.0..120.0).contains(&drifting), "{drifting} m of drift");
}

#[test]
fn owners_have_their_key_with_them() {
    for (kind, metres) in [(Kind::OwnerVan, 2000.0), (Kind::Ferry, 500.0), (Kind::OwnerPush, 20.0)] {
        let story = story(kind);
        let during = story.during();
        assert!(during.iter().all(|report| report.key_near), "{kind:?}");
        assert!(apparent_metres(&during) > metres, "{kind:?}: {} m", apparent_metres(&during));
    }
}

#[test]
fn a_skewed_clock_says_a_later_time() {
    let story = story(Kind::ClockSkew);
    let ahead = |(at, report): &(Timestamp, Report)| report.stamp.time.seconds_since(*at);
    let most = story.reports.iter().map(ahead).fold(f64::MIN, f64::max);
    assert!((50.0..250.0).contains(&most), "{most} s ahead");
}

#[test]
fn sick_batteries_show_it() {
    let last = |kind| {
        let story = story(kind);
        story.during().into_iter().rev().find_map(|report| report.battery.clone())
    };
    let cells = |battery: &zhilian::model::Battery| {
        let (low, high) = (battery.cells_mv.iter().min().copied(), battery.cells_mv.iter().max().copied());
        i32::from(high.unwrap_or(0)) - i32::from(low.unwrap_or(0))
    };
    let sound = cells(&last(Kind::Drift).expect("a sound pack"));
    for kind in [Kind::ShortMid, Kind::SensorBias] {
        let spread = cells(&last(kind).expect("it answers"));
        assert!(spread > sound + 20, "{kind:?}: {spread} mV between cells, {sound} mV in a sound pack");
    }
    let insulation = last(Kind::Insulation).expect("it answers").insulation.0;
    assert!(insulation < 250.0, "{insulation} kΩ");
    let hot = last(Kind::OverTemperature).and_then(|battery| battery.hottest()).expect("it answers").0;
    assert!(hot > 45.0, "{hot} °C");
    assert!(last(Kind::BmsSilent).is_none(), "a silent management says nothing");
    let stuck = story(Kind::SensorStuck);
    let frozen = |report: &&Report| report.battery.as_ref().map(|battery| battery.cells_mv.clone());
    let said: Vec<_> = stuck.during().iter().skip(1).filter_map(frozen).collect();
    let still = (0..said[0].len()).filter(|cell| said.iter().all(|cells| cells[*cell] == said[0][*cell]));
    assert_eq!(still.count(), 1, "one sensor says for ever the same");
}
