//! The simulated fleet: the same seed gives the same stream, byte for byte, in any number of shards; and what it says is
//! physically possible.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use zhilian::base::Timestamp;
use zhilian::config::run;
use zhilian::model::{Item, Kind, Report};
use zhilian::sim::incident::draw_victim;
use zhilian::sim::{Fleet, Output, Scenario, Setting};
use zhilian::wire::{Format, Message, encode};

const BEGIN: Timestamp = Timestamp(1_780_000_000_000);

pub fn setting(text: &str) -> Setting {
    let scenario = Scenario::parse(text).expect("a sound scenario");
    run::setting(scenario, BEGIN).expect("a sound setting")
}

const MIXED: &str = "vehicles = 60\nduration = \"40m\"\nstart = \"2026-06-01T17:50:00+08:00\"\n\
    [[incident]]\nkind = \"tow\"\ncount = 3\nwindow = \"1m..20m\"\n\
    [[incident]]\nkind = \"thermal_runaway\"\ncount = 3\nwindow = \"1m..20m\"\n\
    [[incident]]\nkind = \"cell_outage\"\ncount = 3\nwindow = \"5m..10m\"\nlasts = \"10m\"\nradius_m = 8000\n\
    [[incident]]\nkind = \"clone\"\ncount = 3\nwindow = \"1m..5m\"\n\
    [[incident]]\nkind = \"pack_swap\"\ncount = 3\nwindow = \"1m..5m\"\n\
    [[incident]]\nkind = \"cold_charge\"\ncount = 3\nwindow = \"1m..5m\"\n";

/// Everything a fleet says, as it stands on the wire, with the time of each message.
fn stream(shards: u32, step_ms: i64) -> Vec<u8> {
    let mut fleet = Fleet::new(&Arc::new(setting(MIXED)), shards);
    let (mut bytes, mut payload) = (Vec::new(), Vec::new());
    let mut now = BEGIN;
    while fleet.next_deadline().is_some() {
        now.0 += step_ms;
        while let Some(emission) = fleet.poll(now) {
            bytes.extend(emission.at.0.to_le_bytes());
            match emission.output {
                Output::Report(report) => encode(&Message::Report(report), Format::Json, &mut payload),
                Output::Event(event) => encode(&Message::Event(event), Format::Json, &mut payload),
                Output::Reply(reply) => encode(&Message::Reply(reply), Format::Json, &mut payload),
                Output::Backlog(batch) => encode(&Message::Batch(batch, Vec::new()), Format::Json, &mut payload),
                Output::Network(reachable) => payload = format!("{} {reachable}", emission.vehicle).into_bytes(),
                Output::IncidentBegan(incident) | Output::IncidentEnded(incident) => {
                    payload = serde_json::to_vec(&incident).expect("plain data");
                }
            }
            bytes.extend(&payload);
        }
    }
    bytes
}

#[test]
fn the_same_seed_says_the_same_bytes_in_any_number_of_shards() {
    let whole = stream(1, 1000);
    assert!(whole.len() > 1_000_000, "only {} bytes", whole.len());
    assert!(whole == stream(1, 1000), "a second run differs");
    for shards in [2, 5] {
        assert!(whole == stream(shards, 1000), "{shards} shards differ from one");
    }
    assert!(whole == stream(1, 7777), "it depends on how often it is polled");
}

#[test]
fn what_is_asked_for_while_it_runs_happens_in_any_number_of_shards() {
    let incidents = |shards: u32, step_ms: i64| {
        let setting = Arc::new(setting("vehicles = 20\nduration = \"30m\"\nstart = \"2026-06-01T17:50:00+08:00\""));
        let mut fleet = Fleet::new(&setting, shards);
        let asked_at = Timestamp(BEGIN.0 + 60_000);
        let id = setting.first_free_incident();
        let vehicle = draw_victim(&setting, Kind::Tow, id, &BTreeSet::new()).expect("one that it suits");
        let (mut now, mut asked, mut said) = (BEGIN, false, Vec::new());
        while fleet.next_deadline().is_some() {
            now.0 += step_ms;
            while let Some(emission) = fleet.poll(now.min(if asked { now } else { asked_at })) {
                if let Output::IncidentBegan(incident) | Output::IncidentEnded(incident) = emission.output {
                    said.push((emission.at, emission.vehicle, incident));
                }
            }
            if !asked && now >= asked_at {
                asked = true;
                fleet.inject(asked_at, vehicle, Kind::Tow, id);
            }
        }
        assert!(said.len() == 2 && said[0].1 == vehicle && said[0].0 >= asked_at, "{said:?}");
        assert_eq!((said[0].2.kind, said[0].2.id), (Kind::Tow, id));
        said
    };
    let whole = incidents(1, 1000);
    assert_eq!(whole, incidents(3, 1000));
    assert_eq!(whole, incidents(2, 5000));
}

#[test]
fn another_seed_says_something_else() {
    let first = Fleet::new(&Arc::new(setting(MIXED)), 1).vins();
    let mut other = setting(MIXED);
    other.scenario.seed += 1;
    assert_eq!(first.len(), Fleet::new(&Arc::new(other.clone()), 1).vins().len());
    let say = |setting: Setting| format!("{:?}", Fleet::new(&Arc::new(setting), 1).poll(Timestamp::NEVER));
    assert_ne!(say(setting(MIXED)), say(other));
}

/// All reports of a run by vehicle.
fn reports(text: &str, seed: u64) -> BTreeMap<u32, Vec<Report>> {
    let mut setting = setting(text);
    setting.scenario.seed = seed;
    let mut fleet = Fleet::new(&Arc::new(setting), 1);
    let mut all: BTreeMap<u32, Vec<Report>> = BTreeMap::new();
    while let Some(emission) = fleet.poll(Timestamp::NEVER) {
        let reports = all.entry(emission.vehicle).or_default();
        match emission.output {
            Output::Report(report) => reports.push(report),
            Output::Backlog(batch) => reports.extend(batch.items.into_iter().filter_map(|item| match item {
                Item::Report(report) => Some(report),
                Item::Event(_) | Item::Reply(_) => None,
            })),
            Output::Event(_)
            | Output::Reply(_)
            | Output::Network(_)
            | Output::IncidentBegan(_)
            | Output::IncidentEnded(_) => {}
        }
    }
    all
}

/// Pairs of positions that follow each other, without those far off that return at once: receivers have such spikes.
/// Also how many there were.
fn steps(reports: &[Report]) -> (Vec<(&Report, &Report)>, usize) {
    let far = |a: &Report, b: &Report| {
        let seconds = b.stamp.time.seconds_since(a.stamp.time);
        let metres = a.position.zip(b.position).map_or(0.0, |(from, to)| from.at.distance(to.at).0);
        metres > FASTEST_MPS * seconds + FIX_ERROR_M
    };
    let fixed: Vec<&Report> = reports.iter().filter(|report| report.position.is_some()).collect();
    let spike = |at: usize| {
        let around = at.checked_sub(1).and_then(|before| Some((fixed[before], *fixed.get(at + 1)?)));
        let off = |(before, after)| (far(before, fixed[at]) || far(fixed[at], after)) && !far(before, after);
        around.is_some_and(off)
    };
    let kept: Vec<&Report> = (0..fixed.len()).filter(|at| !spike(*at)).map(|at| fixed[at]).collect();
    (kept.windows(2).map(|pair| (pair[0], pair[1])).collect(), fixed.len() - kept.len())
}

const FASTEST_MPS: f64 = 17.0;
/// Two independent fixes between high houses can each be this far off, and the first one after a tunnel.
const FIX_ERROR_M: f64 = 90.0;

#[test]
fn nobody_teleports_and_no_counter_runs_backwards() {
    let hour = "vehicles = 8\nduration = \"1h\"\nstart = \"2026-06-01T17:30:00+08:00\"\n\
               [report]\nriding = \"5s\"\nparked = \"1m\"\n\
               [mix]\nrider = { commuter = 0.3, courier = 0.5, leisure = 0.2 }\n\
               [[incident]]\nkind = \"tow\"\ncount = 1\nwindow = \"10m..40m\"\n";
    let (mut all, mut spikes, mut moved) = (0, 0, 0.0);
    for seed in 0..100 {
        for (vehicle, reports) in reports(hour, seed) {
            let context = |what: &str, pair: [&Report; 2]| format!("seed {seed}, vehicle {vehicle}: {what}: {pair:#?}");
            for pair in reports.windows(2) {
                let (before, after) = (&pair[0], &pair[1]);
                let said = |what| context(what, [before, after]);
                assert!(after.stamp.seq > before.stamp.seq, "{}", said("the numbers do not grow"));
                let seconds = after.stamp.time.seconds_since(before.stamp.time);
                assert!(seconds >= 0.0, "{}", said("time runs backwards"));
                let metres = after.motion.odometer.0 - before.motion.odometer.0;
                assert!((0.0..=FASTEST_MPS * seconds + 2.0).contains(&metres), "{}", said("the odometer jumps"));
                moved += metres;
            }
            let (steps, far) = steps(&reports);
            for (before, after) in steps {
                let seconds = after.stamp.time.seconds_since(before.stamp.time);
                let metres = before.position.zip(after.position).map_or(0.0, |(from, to)| from.at.distance(to.at).0);
                let close = metres <= FASTEST_MPS * seconds + FIX_ERROR_M;
                assert!(close, "{}", context(&format!("{metres} m"), [before, after]));
            }
            all += reports.len();
            spikes += far;
        }
    }
    println!("{all} reports, {spikes} spikes, {moved} m");
    assert!(spikes * 1000 < all, "{spikes} spikes in {all} reports");
    assert!(moved > 1e6, "they moved {moved} m in all");
}

#[test]
fn a_fleet_rides_parks_and_charges() {
    let all = reports("vehicles = 100\nduration = \"1h\"\nstart = \"2026-06-01T17:50:00+08:00\"\n", 7);
    assert_eq!(all.len(), 100, "every vehicle reports");
    let share = |test: &dyn Fn(&Report) -> bool| all.values().filter(|reports| reports.iter().any(test)).count();
    let riding = share(&|report| report.mode == zhilian::model::Mode::Riding);
    assert!((20..=95).contains(&riding), "{riding} of 100 ride in the evening peak");
    let healthy: Vec<_> = all.values().flatten().filter_map(|report| report.battery.as_ref()).collect();
    assert!(healthy.len() > 1000);
    let alarmed = healthy.iter().find(|battery| battery.alarm_level > 0);
    assert!(alarmed.is_none(), "a healthy fleet raises no alarm of its own: {alarmed:?}");
}
