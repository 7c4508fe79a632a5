//! Vehicles without a network: holes, failed base stations, empty backup cells. What they say comes later or never, and
//! is accounted for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use zhilian::base::units::Percent;
use zhilian::base::{LatLon, Timestamp};
use zhilian::collect::Settings;
use zhilian::model::{Incident, Item, Kind, Report};
use zhilian::score::rehearse;
use zhilian::sim::{Fleet, Output};

use crate::tools::{Running, ZHILIAN, collector, free_port, get_json, mosquitto, wait_for};
use crate::world::setting;

/// What a fleet said and what really happened.
#[derive(Default)]
struct Run {
    /// By vehicle: time of arrival, whether it had waited, what.
    said: BTreeMap<u32, Vec<(Timestamp, bool, Item)>>,
    /// By vehicle: when others believed it to be gone or back.
    network: BTreeMap<u32, Vec<(Timestamp, bool)>>,
    began: Vec<(u32, Incident)>,
    ended: BTreeMap<u32, Incident>,
}

impl Run {
    fn reports(&self) -> impl Iterator<Item = (&u32, Timestamp, bool, &Report)> {
        self.said.iter().flat_map(|(vehicle, said)| {
            said.iter().filter_map(move |(at, waited, item)| match item {
                Item::Report(report) => Some((vehicle, *at, *waited, report)),
                Item::Event(_) | Item::Reply(_) => None,
            })
        })
    }
}

fn run(text: &str, shards: u32) -> Run {
    let mut fleet = Fleet::new(&Arc::new(setting(text)), shards);
    let mut run = Run::default();
    while let Some(emission) = fleet.poll(Timestamp::NEVER) {
        let (at, vehicle) = (emission.at, emission.vehicle);
        let said = run.said.entry(vehicle).or_default();
        match emission.output {
            Output::Report(report) => said.push((at, false, Item::Report(report))),
            Output::Event(event) => said.push((at, false, Item::Event(event))),
            Output::Reply(reply) => said.push((at, false, Item::Reply(reply))),
            Output::Backlog(batch) => said.extend(batch.items.into_iter().map(|item| (at, true, item))),
            Output::Network(reachable) => run.network.entry(vehicle).or_default().push((at, reachable)),
            Output::IncidentBegan(incident) => run.began.push((vehicle, incident)),
            Output::IncidentEnded(incident) => drop(run.ended.insert(incident.id, incident)),
        }
    }
    run
}

/// From 10 to 30 minutes after the start nobody in the place has a network.
const BLACKOUT: &str = "vehicles = 80\nduration = \"1h\"\nstart = \"2026-06-01T17:50:00+08:00\"\n\
    [[incident]]\nkind = \"cell_outage\"\nwindow = \"10m..10m\"\nlasts = \"20m\"\nradius_m = 100_000\n";

#[test]
fn an_outage_silences_all_and_everything_is_told_afterwards() {
    let run = run(BLACKOUT, 1);
    let begin = setting(BLACKOUT).begin;
    let (start, end) = (begin.plus_seconds(600.0), begin.plus_seconds(1800.0));
    let settled = start.plus_seconds(3.0);
    let mut back = Vec::new();
    for (vehicle, said) in &run.said {
        let heard = said.iter().filter(|(at, ..)| *at > settled && *at < end).count();
        assert_eq!(heard, 0, "vehicle {vehicle} is heard during the outage");
        let numbers: Vec<u32> = said.iter().map(|(_, _, item)| item.stamp().seq).collect();
        assert_eq!(numbers, (1..=numbers.len() as u32).collect::<Vec<_>>(), "vehicle {vehicle} loses something");
        let waited = said.iter().filter(|(_, waited, _)| *waited);
        assert!(waited.clone().count() >= 3, "vehicle {vehicle} has a backlog");
        back.push(waited.map(|(at, ..)| *at).find(|at| *at >= end).expect("it comes back").seconds_since(end));
    }
    assert_eq!(run.said.len(), 80);
    // They come back one after the other.
    back.sort_by(f64::total_cmp);
    assert!(back[0] >= 2.0 && back[70] < 120.0, "{back:?}");
    assert!(back[60] - back[10] > 20.0, "{back:?}");
}

#[test]
fn the_truth_names_each_vehicle_that_an_outage_cuts_off() {
    let outline = |run: &Run| {
        let outages = run.began.iter().filter(|(_, incident)| incident.kind == Kind::CellOutage);
        outages.map(|(vehicle, incident)| (*vehicle, incident.id, incident.start)).collect::<BTreeSet<_>>()
    };
    let whole = run(BLACKOUT, 1);
    let begin = setting(BLACKOUT).begin;
    let outages = outline(&whole);
    assert!(outages.len() > 75, "{} of 80 vehicles; the others are in holes", outages.len());
    let ids: BTreeSet<u32> = outages.iter().map(|(_, id, _)| *id).collect();
    assert_eq!(ids.len(), outages.len(), "each has a number of its own");
    for (_, id, start) in &outages {
        assert!(*start >= begin.plus_seconds(600.0) && *start < begin.plus_seconds(1800.0));
        assert_eq!(whole.ended[id].end, Some(begin.plus_seconds(1800.0)), "it ends for all at once");
    }
    let at_once = outages.iter().filter(|(.., start)| *start == begin.plus_seconds(600.0)).count();
    assert!(at_once > 70, "for {at_once} it begins when the stations fail");
    assert_eq!(outline(&run(BLACKOUT, 3)), outages, "whatever the number of shards");
    // The broker misses each after one and a half keep-alives, and sees it again once.
    let missed = whole.network.values().filter(|changes| {
        changes.windows(2).any(|pair| {
            let [(gone, up), (back, again)] = pair else { return false };
            assert_ne!(up, again, "{pair:?}");
            !up && *gone == begin.plus_seconds(690.0) && *back > begin.plus_seconds(1802.0)
        })
    });
    assert!(missed.count() > 70);
}

#[test]
fn an_outage_of_one_quarter_leaves_the_others_alone() {
    let text = BLACKOUT.replace("100_000", "3000").replace("vehicles = 80", "vehicles = 400");
    let run = run(&text, 1);
    let struck = run.began.len();
    assert!((1..200).contains(&struck), "{struck} of 400");
}

#[test]
fn the_collector_accounts_for_every_member_of_a_backlog() {
    let outcome = rehearse(setting(BLACKOUT), 2, &Settings::default());
    let counters = outcome.counters;
    assert_eq!((counters.missing, counters.rejected_total(), counters.stale), (0, 0, 0), "{counters:?}");
    let run = run(BLACKOUT, 2);
    let said: usize = run.said.values().map(Vec::len).sum();
    assert_eq!(counters.received, said as u64);
    assert_eq!(counters.reports, run.reports().count() as u64);
    assert!(counters.messages < counters.received, "packets hold several");
}

#[test]
fn without_a_fix_it_says_which_cell_it_is_in() {
    let text = "vehicles = 200\nduration = \"1h\"\nstart = \"2026-06-01T17:50:00+08:00\"\n\
        [[incident]]\nkind = \"consent_off\"\ncount = 40\nwindow = \"1m..2m\"\n";
    let run = run(text, 1);
    let withheld: BTreeMap<_, _> = run.began.iter().map(|(vehicle, incident)| (*vehicle, incident.start)).collect();
    let mut by_vehicle: BTreeMap<u32, Vec<&Report>> = BTreeMap::new();
    for (vehicle, _, waited, report) in run.reports() {
        let consent = withheld.get(vehicle).is_none_or(|since| report.stamp.time < *since);
        if report.link.near.is_some() {
            assert!(consent && !waited && report.position.is_none(), "{report:?}");
        }
        by_vehicle.entry(*vehicle).or_default().push(report);
    }
    // Where it was meanwhile: between the fixes before and after, in proportion to the time.
    let (mut near, mut within) = (0, 0);
    for reports in by_vehicle.values() {
        let fixed: Vec<usize> = (0..reports.len()).filter(|index| reports[*index].position.is_some()).collect();
        for pair in fixed.windows(2) {
            let [before, after] = [pair[0], pair[1]].map(|index| {
                let report = reports[index];
                (report.stamp.time, report.position.expect("a fix").at)
            });
            for report in &reports[pair[0] + 1..pair[1]] {
                let Some(cell) = report.link.near else { continue };
                let share = report.stamp.time.seconds_since(before.0) / after.0.seconds_since(before.0);
                let between = |from: f64, to: f64| from + (to - from) * share;
                let lat = between(before.1.lat, after.1.lat);
                let at = LatLon { lat, lon: between(before.1.lon, after.1.lon) };
                near += 1;
                within += i32::from(at.distance(cell.at).0 <= cell.radius.0);
            }
        }
    }
    println!("{within} of {near} within the radius");
    assert!(near > 100, "only {near} reports without a fix and with a network");
    assert!(within * 10 > near * 9, "{within} of {near} are within the radius");
}

#[test]
fn a_backup_cell_lasts_for_days_and_then_it_is_silent() {
    let text = "vehicles = 2\nduration = \"12d\"\nstart = \"2026-06-01T08:00:00+08:00\"\n\
        [[incident]]\nkind = \"pack_theft\"\ncount = 1\nwindow = \"1h..1h\"\n";
    let run = run(text, 1);
    let (victim, theft) = &run.began[0];
    let cut: Vec<_> = run.reports().filter(|(vehicle, ..)| *vehicle == victim).map(|(.., report)| report).collect();
    let (on_pack, on_backup): (Vec<&Report>, Vec<&Report>) = cut.iter().partition(|report| !report.link.backup_power);
    assert!(on_pack.iter().all(|report| report.link.backup.is_none()));
    let left: Vec<f64> = on_backup.iter().map(|report| report.link.backup.map_or(-1.0, |Percent(left)| left)).collect();
    assert!(left[0] > 98.0 && left.windows(2).all(|pair| pair[1] <= pair[0]), "it only falls: {left:?}");
    assert!(left.last().is_some_and(|left| (0.0..=1.0).contains(left)), "{:?} %", left.last());
    let days = on_backup[on_backup.len() - 1].stamp.time.seconds_since(theft.start) / 86_400.0;
    assert!((5.0..10.0).contains(&days), "at a report in five minutes it falls silent after {days} days");
    // Silence is no loss: nothing was numbered.
    let numbers: Vec<u32> = run.said[victim].iter().map(|(_, _, item)| item.stamp().seq).collect();
    assert_eq!(numbers, (1..=numbers.len() as u32).collect::<Vec<_>>());
}

#[test]
fn reports_tell_the_air() {
    let text = "vehicles = 30\nduration = \"1h\"\nstart = \"2026-06-01T15:00:00+08:00\"\n[weather]\nair_c = -7.0\n";
    let air: Vec<f64> = run(text, 1).reports().filter_map(|(.., report)| report.air).map(|air| air.0).collect();
    let mean = air.iter().sum::<f64>() / air.len() as f64;
    assert!((mean + 7.0).abs() < 0.1, "{mean} °C on average");
    assert!(air.iter().all(|air| (air * 2.0).fract() == 0.0 && (air + 7.0).abs() < 3.0));
    assert!(air.iter().any(|one| *one < -7.0) && air.iter().any(|one| *one > -7.0), "it is noisy");
}

#[test]
fn clocks_are_set_by_satellites() {
    let text = "vehicles = 20\nduration = \"24h\"\nstart = \"2026-06-01T15:00:00+08:00\"\n";
    let run = run(text, 1);
    let ahead_s = run.reports().filter(|(.., report)| report.position.is_some()).map(|(_, at, _, report)| {
        let ahead_s = report.stamp.time.seconds_since(at);
        assert!(ahead_s < 0.01, "stamped {ahead_s} s before it arrives: {report:?}");
        ahead_s
    });
    assert!(ahead_s.count() > 5000);
}

/// 20 minutes in half a minute: the outage from 4 to 9 minutes.
const STORM: &str = "vehicles = 40\nduration = \"20m\"\nstart = \"2026-06-01T17:50:00+08:00\"\n\
    [report]\nriding = \"10s\"\nparked = \"30s\"\n\
    [[incident]]\nkind = \"cell_outage\"\nwindow = \"4m..4m\"\nlasts = \"5m\"\nradius_m = 100_000\n";

#[test]
fn connections_break_in_an_outage_and_all_come_back() {
    let port = free_port();
    let Some(_broker) = mosquitto(port) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = folder.path().join("storm.toml");
    std::fs::write(&scenario, STORM).expect("it can be written");
    let url = format!("mqtt://127.0.0.1:{port}");
    let begin = crate::tools::epoch();
    let time = ["--speed", "40", "--epoch", &begin.to_string()];
    let (mut collecting, http) = collector(&url, &folder.path().join("store.db"), &time);
    let scenario = scenario.to_str().expect("a plain path");
    let fixed = ["simulate", "--json", "--broker", &url, "--scenario", scenario];
    let mut fleet = Running::start(ZHILIAN, &[&fixed[..], &time[..]].concat());
    let online = || get_json(http, "/api/v1/stats")["online"].as_u64().unwrap_or(0);
    wait_for("the fleet", 20, || (online() >= 35).then_some(()));
    wait_for("their last wills", 30, || (online() <= 2).then_some(()));
    wait_for("their return", 30, || (online() >= 35).then_some(()));
    let sent = fleet.object("summary", 60);
    assert!(fleet.wait(20).success());
    collecting.terminate();
    let received = collecting.object("summary", 20);
    assert!(collecting.wait(20).success());
    let number = |object: &Value, member: &str| object[member].as_u64().unwrap_or_else(|| panic!("{member}: {object}"));
    assert!(number(&sent, "connections_lost") >= 38, "{sent}");
    assert!(number(&sent, "batches_sent") >= 38, "{sent}");
    assert_eq!((number(&sent, "dropped"), number(&received, "lost")), (0, 0), "{sent} {received}");
    assert_eq!(received["reports_received"], sent["reports_sent"], "{sent} {received}");
    assert_eq!(number(&received, "rejected"), 0, "{received}");
}
