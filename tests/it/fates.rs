//! What befalls vehicles: every kind begins, leaves its traces in what the vehicle says, and ends.

use std::collections::BTreeMap;
use std::sync::Arc;

use zhilian::base::Timestamp;
use zhilian::model::{Battery, Event, EventKind, Family, Incident, Item, Kind, Parameter, Report};
use zhilian::sim::pack::{Alarm, Spec, alarms};
use zhilian::sim::{Fleet, Output};

use crate::world::setting;

/// What one vehicle said and what really happened to it.
#[derive(Default)]
struct Story {
    incident: Option<Incident>,
    /// The fault of a pack that came with it.
    worn: Option<Incident>,
    /// With the time of arrival.
    reports: Vec<(Timestamp, Report)>,
    events: Vec<Event>,
}

impl Story {
    fn incident(&self) -> &Incident {
        self.incident.as_ref().expect("it befell it")
    }

    /// A figure that the truth tells.
    fn number(&self, name: &str) -> f64 {
        match self.incident().parameters.get(name) {
            Some(Parameter::Number(number)) => *number,
            other => panic!("{name}: {other:?}"),
        }
    }

    /// A name that the truth tells.
    fn text(&self, name: &str) -> &str {
        match self.incident().parameters.get(name) {
            Some(Parameter::Text(text)) => text,
            other => panic!("{name}: {other:?}"),
        }
    }

    /// Kinds of the events told while it went on.
    fn told(&self) -> Vec<EventKind> {
        let (start, end) = (self.incident().start, self.incident().end.expect("it ended"));
        let during = self.events.iter().filter(|event| (start..=end).contains(&event.stamp.time));
        during.map(|event| event.kind).collect()
    }

    /// The reports made while it went on.
    fn during(&self) -> Vec<&Report> {
        let (start, end) = (self.incident().start, self.incident().end.expect("it ended"));
        self.reports.iter().map(|(_, report)| report).filter(|r| (start..end).contains(&r.stamp.time)).collect()
    }
}

/// The victim's story of one incident of a kind, in a fleet that has one.
fn story(kind: Kind) -> Story {
    let mix = if matches!(kind, Kind::Sulfation | Kind::LeadRunaway) {
        "pack = { PB48_20 = 1.0 }"
    } else if kind == Kind::ColdCharge {
        "pack = { LFP48_20 = 1.0 }"
    } else if kind == Kind::CarryOff {
        "model = { ebike = 1.0 }"
    } else {
        ""
    };
    story_of(kind, mix, "")
}

/// The same with a mix and with figures of the incident.
fn story_of(kind: Kind, mix: &str, figures: &str) -> Story {
    let text = format!(
        "vehicles = 5\nduration = \"14h\"\nstart = \"2026-06-01T08:00:00+08:00\"\n[report]\nparked = \"60s\"\n\
         [mix]\n{mix}\n[[incident]]\nkind = \"{}\"\nwindow = \"1h..1h\"\n{figures}\n",
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
            Output::IncidentBegan(incident) | Output::IncidentEnded(incident) if incident.kind == kind => {
                story.incident = Some(incident);
            }
            Output::IncidentBegan(incident) | Output::IncidentEnded(incident) => story.worn = Some(incident),
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
        assert_eq!(incident.severity == 0, kind.family() == Family::Benign, "{kind:?}: {incident:?}");
        let device = |(_, report): &(Timestamp, Report)| report.stamp.boot;
        let own = story.reports.first().map(device).expect("it reports");
        let numbers: Vec<u32> =
            story.reports.iter().filter(|said| device(said) == own).map(|(_, report)| report.stamp.seq).collect();
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
    let cells = |battery: &Battery| {
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

#[test]
fn an_exchanged_pack_is_another_one() {
    for (kind, events, health) in [
        (Kind::PackSwap, vec![EventKind::Vibration, EventKind::PowerCut, EventKind::PowerRestored], 50.0..76.0),
        (
            Kind::ServiceSwap,
            vec![EventKind::Unlock, EventKind::PowerCut, EventKind::PowerRestored, EventKind::Lock],
            94.0..100.1,
        ),
    ] {
        let story = story(kind);
        let during = story.during();
        assert_eq!(story.told(), events, "{kind:?}");
        let packs: Vec<&str> =
            story.reports.iter().filter_map(|(_, report)| report.battery.as_ref()).map(|b| b.pack.as_str()).collect();
        assert_eq!((packs[0], packs[packs.len() - 1]), (story.text("pack"), story.text("new_pack")), "{kind:?}");
        assert_ne!(story.text("pack"), story.text("new_pack"));
        assert!(
            during.iter().any(|report| report.battery.is_none() && report.link.backup_power),
            "{kind:?}: power cut"
        );
        let new = during.iter().rev().find_map(|report| report.battery.as_ref()).expect("a new pack");
        assert!(health.contains(&new.soh.0) && (new.soh.0 / 100.0 - story.number("capacity_factor")).abs() < 0.002);
        let authorised = kind == Kind::ServiceSwap;
        assert!(during.iter().all(|report| report.key_near == authorised), "{kind:?}: the key");
        assert_eq!(during.iter().any(|report| !report.locked), authorised, "{kind:?}: the lock");
    }
}

#[test]
fn what_should_begin_while_something_else_goes_on_waits_for_its_end() {
    let text = "vehicles = 1\nduration = \"8h\"\nstart = \"2026-06-01T08:00:00+08:00\"\n\
        [[incident]]\nkind = \"consent_off\"\nwindow = \"1h..1h\"\nlasts = \"3h\"\n\
        [[incident]]\nkind = \"tow\"\nwindow = \"2h..2h\"\n";
    let mut fleet = Fleet::new(&Arc::new(setting(text)), 1);
    let (mut incidents, mut last) = (BTreeMap::new(), Timestamp(0));
    while let Some(emission) = fleet.poll(Timestamp::NEVER) {
        assert!(emission.at >= last, "time goes back at {:?}", emission.output);
        last = emission.at;
        if let Output::IncidentBegan(incident) | Output::IncidentEnded(incident) = emission.output {
            incidents.insert(incident.kind, incident);
        }
    }
    let (before, tow) = (&incidents[&Kind::ConsentOff], &incidents[&Kind::Tow]);
    assert!(before.end.is_some_and(|end| tow.start > end), "{before:?} {tow:?}");
}

#[test]
fn a_worn_pack_that_a_thief_leaves_behind_is_a_fault_of_its_own() {
    for (pack, figures, expected) in [
        ("LFP48_20", "", Some(Kind::CapacityFade)),
        ("PB48_20", "", Some(Kind::Sulfation)),
        ("PB48_20", "resistance_factor = 1.0", Some(Kind::CapacityFade)),
        ("LFP48_20", "capacity_factor = 0.9", None),
    ] {
        let story = story_of(Kind::PackSwap, &format!("pack = {{ {pack} = 1.0 }}"), figures);
        let theft = story.incident();
        assert_eq!(story.worn.as_ref().map(|worn| worn.kind), expected, "{pack} {figures}");
        let Some(worn) = &story.worn else { continue };
        let told = |name: &str| worn.parameters[name].clone();
        assert_eq!((worn.vin, told("cause")), (theft.vin, Parameter::Text("pack_swap".to_owned())));
        assert_eq!(told("pack"), theft.parameters["new_pack"]);
        assert!(worn.id > theft.id && worn.start > theft.start && Some(worn.start) < theft.end, "{worn:?}");
        let last = story.reports.last().expect("it reports").0;
        assert!(worn.end.is_some_and(|end| end >= last), "it stays in the vehicle: {worn:?}");
    }
    let service = story_of(Kind::ServiceSwap, "", "");
    assert_eq!(service.worn, None);
}

#[test]
fn a_clone_speaks_from_elsewhere_between_the_reports_of_the_vehicle() {
    let story = story(Kind::Clone);
    let during = story.during();
    let own = story.reports[0].1.stamp.boot;
    let (genuine, foreign): (Vec<&Report>, Vec<&Report>) = during.iter().partition(|r| r.stamp.boot == own);
    assert!(genuine.len() > 10 && foreign.len() > 10, "{} and {}", genuine.len(), foreign.len());
    let numbers: Vec<u32> = foreign.iter().map(|report| report.stamp.seq).collect();
    assert_eq!(numbers, (1..=foreign.len() as u32).collect::<Vec<_>>(), "it has its own numbers, none missing");
    let changes = during.windows(2).filter(|pair| pair[0].stamp.boot != pair[1].stamp.boot).count();
    assert!(changes > during.len() / 2, "they alternate: {changes} times in {} reports", during.len());
    assert!(genuine.iter().all(|report| report.stamp.vin == foreign[0].stamp.vin), "one VIN");
    let all_foreign = story.reports.iter().filter(|(_, report)| report.stamp.boot != own).count();
    assert_eq!(all_foreign, foreign.len(), "it is silent before and after");
    let truth = story.incident();
    let (there, metres) = (truth.to.expect("the other place"), story.number("distance_m"));
    assert!((truth.from.distance(there).0 / metres - 1.0).abs() < 0.25, "{truth:?}");
    for position in foreign.iter().filter_map(|report| report.position) {
        assert!(position.at.distance(there).0 < 300.0, "the second device stands: {position:?}");
    }
}

/// The highest level of one alarm in what a pack reported, and of all.
fn levels(story: &Story, mix: &str, wanted: Alarm) -> (u8, u8) {
    let setting = setting(&format!("[mix]\n{mix}"));
    let (_, layout, cell, _) = &setting.packs[0];
    let batteries = || story.during().into_iter().filter_map(|report| report.battery.as_ref());
    let level = |battery| {
        let all = alarms(Spec { layout, cell }, battery);
        all.iter().find(|(alarm, _)| *alarm == wanted).map_or(0, |(_, level)| *level)
    };
    let any = batteries().map(|battery| battery.alarm_level).max();
    (batteries().map(level).max().unwrap_or(0), any.unwrap_or(0))
}

#[test]
fn abused_packs_reach_the_level_that_the_truth_says() {
    for pack in ["PB48_20", "LFP48_20", "NMC72_40", "NA48_24"] {
        let mix = format!("pack = {{ {pack} = 1.0 }}");
        for (kind, alarm) in [
            (Kind::OverVoltage, Alarm::OverVoltage),
            (Kind::UnderVoltage, Alarm::UnderVoltage),
            (Kind::OverCurrent, Alarm::OverCurrent),
            (Kind::OverTemperature, Alarm::OverTemperature),
            (Kind::TemperatureSpread, Alarm::TemperatureSpread),
        ] {
            let story = story_of(kind, &mix, "");
            let (level, highest) = levels(&story, &mix, alarm);
            assert!(level > 0, "{pack} {kind:?}: no {alarm:?}");
            assert_eq!(highest, story.incident().severity, "{pack} {kind:?}: {:?}", story.incident());
        }
    }
}

#[test]
fn wrong_and_cold_charging_shows_while_it_goes_on() {
    for pack in ["LFP48_20", "NMC72_40"] {
        let mix = format!("pack = {{ {pack} = 1.0 }}");
        let story = story_of(Kind::WrongCharger, &mix, "over_pct = 8.0");
        let (level, _) = levels(&story, &mix, Alarm::OverVoltage);
        assert!(level >= 2, "{pack}: {level}");
        let amps = |report: &&Report| report.battery.as_ref().map(|battery| battery.current.0);
        let strongest = story.during().iter().filter_map(amps).fold(0.0, f64::max);
        let allowed = setting(&format!("[mix]\n{mix}")).packs[0].1.charge_a.0;
        assert!((1.06..1.1).contains(&(strongest / allowed)), "{pack}: {strongest} A");

        let story = story_of(Kind::ColdCharge, &mix, "");
        let cold = |report: &&Report| {
            let (battery, capacity_ah) =
                (report.battery.as_ref(), setting(&format!("[mix]\n{mix}")).packs[0].1.capacity_ah);
            battery.is_some_and(|b| b.hottest().is_some_and(|c| c.0 < 0.0) && b.current.0 > 0.1 * capacity_ah)
        };
        let charged = story.during().iter().take(20).filter(|report| cold(report)).count();
        assert!(charged > 10, "{pack}: {charged} of the first 20 reports; {:?}", story.during()[5]);
    }
}

#[test]
fn lead_sulfates_and_runs_away() {
    let sulfated = story(Kind::Sulfation);
    let health = |report: &Report| report.battery.as_ref().expect("it answers").soh.0;
    let begin = sulfated.incident().start;
    let before = sulfated.reports.iter().rfind(|(_, report)| report.stamp.time < begin);
    let after = sulfated.during()[1];
    let kept = health(after) / health(&before.expect("a report").1);
    assert!((kept - sulfated.number("capacity_factor")).abs() < 0.01, "{kept} of the capacity is left");

    let running = story(Kind::LeadRunaway);
    let packs: Vec<_> = running.during().iter().filter_map(|report| report.battery.clone()).collect();
    let (first, last) = (&packs[0], &packs[packs.len() - 2]);
    let heat = |battery: &Battery| battery.hottest().expect("sensors").0;
    assert!(heat(last) > heat(first) + 20.0 && heat(last) > 55.0, "{} to {} °C", heat(first), heat(last));
    let lowest = packs.iter().map(|battery| battery.current.0).fold(f64::MAX, f64::min);
    assert!(last.current.0 > lowest + 0.5, "its current rises from {lowest} to {} A", last.current.0);
}

#[test]
fn in_a_tunnel_the_sky_is_gone_and_the_network_is_not() {
    let story = story(Kind::Tunnel);
    let (start, end) = (story.incident().start, story.incident().end.expect("it ended"));
    let heard = story.reports.iter().filter(|(at, _)| (start..end).contains(at)).count();
    let during = story.during();
    assert!(heard > 5 && during.iter().all(|report| report.position.is_none()), "{heard} reports");
    assert!(during.iter().all(|report| report.key_near && !report.locked), "its owner sits on it");
    let mean =
        |reports: &[&Report]| reports.iter().map(|report| report.link.rsrp.0).sum::<f64>() / reports.len() as f64;
    let before: Vec<&Report> =
        story.reports.iter().map(|(_, report)| report).filter(|report| report.stamp.time < start).collect();
    assert!(mean(&during) < mean(&before) - 10.0, "{} and {} dBm", mean(&during), mean(&before));
}

#[test]
fn the_truth_tells_what_was_given_and_what_was_drawn() {
    let story = story_of(Kind::Jam, "", "distance_m = 3000\nlasts = \"12m\"");
    assert!((story.number("distance_m") - 3000.0).abs() < 1e-9 && (story.number("lasts_s") - 720.0).abs() < 1e-9);
    let line = serde_json::to_value(story.incident()).expect("plain data");
    let members: Vec<&String> = line.as_object().expect("an object").keys().collect();
    let expected = ["end_ms", "from", "id", "kind", "moved_ms", "parameters", "severity", "start_ms", "to", "vin"];
    assert_eq!(members, expected, "{line}");
    let there = story.incident().to.expect("a second place");
    assert!((story.incident().from.distance(there).0 / 3000.0 - 1.0).abs() < 0.25, "{line}");
    for (kind, figures) in [(Kind::WeakCell, "cell = 2"), (Kind::Insulation, "insulation_kohm = 400.0")] {
        let story = story_of(kind, "", figures);
        let (name, value) = figures.split_once(" = ").expect("a figure");
        assert_eq!(story.number(name).to_string(), value.trim_end_matches(".0"));
        // What it is due to reach, or what the management told: it stops a vehicle whose weak cell is driven too low.
        let during = story.during();
        let told = during.iter().filter_map(|report| report.battery.as_ref()).map(|battery| battery.alarm_level);
        let due = if kind == Kind::WeakCell { 1 } else { 2 };
        assert_eq!(story.incident().severity, told.max().unwrap_or(0).max(due), "{:?}", story.incident());
    }
}

#[test]
fn the_scenarios_have_every_kind_of_their_families() {
    for (name, families) in [("theft", &[Family::Theft, Family::Benign][..]), ("battery", &[Family::Battery][..])] {
        let path = format!("{}/config/scenario/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let setting = setting(&std::fs::read_to_string(path).expect("it is there"));
        for kind in Kind::ALL.iter().copied().filter(|kind| families.contains(&kind.family())) {
            let asked = setting.scenario.incidents.iter().any(|plan| plan.kind == kind);
            assert!(asked, "{name} has no {}", kind.name());
        }
    }
}
