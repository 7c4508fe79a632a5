//! Thefts and what only looks like one: simulated in virtual time, and real rides played as thefts.

use std::collections::BTreeMap;

use zhilian::base::units::{Degrees, Gravities, MetresPerSecond};
use zhilian::base::{LatLon, Timestamp};
use zhilian::collect::{Core, Inbound, Output, Settings};
use zhilian::config::run;
use zhilian::model::{Alert, AlertState, Family, Incident, Level, Report};
use zhilian::score::rehearse;
use zhilian::sim::Scenario;
use zhilian::wire::{Format, Message, encode};

use crate::tools;

const BEGIN: Timestamp = Timestamp(1_780_000_000_000);
/// How long after its end an incident can still be told, seconds.
const GRACE_S: f64 = 600.0;

/// Whether an alert about its vehicle falls to an incident.
fn overlaps(incident: &Incident, alert: &Alert) -> bool {
    let end = incident.end.expect("it ended").plus_seconds(GRACE_S);
    incident.vin == alert.vin && (incident.start..=end).contains(&alert.at)
}

#[test]
fn every_kind_of_theft_is_told_and_nothing_that_looks_like_one() {
    let text = std::fs::read_to_string(format!("{}/config/scenario/theft.toml", env!("CARGO_MANIFEST_DIR")));
    let mut scenario = Scenario::parse(&text.expect("it is there")).expect("sound");
    scenario.vehicles = 80;
    for plan in &mut scenario.incidents {
        plan.count = Some(2);
    }
    let outcome = rehearse(run::setting(scenario, BEGIN).expect("sound"), 2, &Settings::default());
    let thefts: Vec<&Incident> =
        outcome.incidents.values().filter(|incident| incident.kind.family() == Family::Theft).collect();
    assert!(thefts.len() >= 18, "{} thefts", thefts.len());
    let raised = |alert: &&Alert| alert.state == AlertState::Raised && alert.kind.family() == Family::Theft;
    let mut named = 0;
    for theft in &thefts {
        let told: Vec<&Alert> = outcome.alerts.iter().filter(raised).filter(|alert| overlaps(theft, alert)).collect();
        let said: Vec<_> = told.iter().map(|alert| (alert.kind.name(), alert.level, &alert.why.en)).collect();
        let kind = theft.kind.name();
        assert!(told.iter().any(|alert| alert.level >= Level::Two), "{kind} of {} is missed: {said:?}", theft.vin);
        assert!(told.iter().all(|alert| alert.id == told[0].id), "{kind} is one episode: {said:?}");
        assert!(told.windows(2).all(|pair| pair[0].level <= pair[1].level), "{kind} only grows: {said:?}");
        named += usize::from(told.last().is_some_and(|alert| alert.kind == theft.kind));
    }
    assert!(named * 10 >= thefts.len() * 9, "{named} of {} named right", thefts.len());
    let unfounded = outcome.alerts.iter().filter(raised).filter(|alert| alert.level >= Level::Two);
    let unfounded: Vec<_> = unfounded.filter(|alert| !thefts.iter().any(|theft| overlaps(theft, alert))).collect();
    assert!(unfounded.is_empty(), "{unfounded:?}");
}

/// A recorded ride: seconds from its begin, where, how fast.
type Ride = Vec<(f64, LatLon, f64)>;

fn rides() -> Option<Vec<(String, Ride)>> {
    let folder = tools::recording("tracks/ebike")?;
    let read = |number: u32| {
        let name = format!("trip_{number}.csv");
        let text = std::fs::read_to_string(folder.join(&name)).expect("a recording");
        let mut rows = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let heading = rows.next().expect("a heading");
        let column = |name: &str| heading.iter().position(|cell| *cell == name).expect("a column");
        let (time, lat, lon, speed) =
            (column("timestamp"), column("position_lat"), column("position_long"), column("speed"));
        let number = |text: &str| text.parse::<f64>().expect("a number");
        let mut ride = Ride::new();
        for row in rows {
            let time = Timestamp::parse(&format!("{}Z", row[time])).expect("a time");
            let at = LatLon { lat: number(row[lat]), lon: number(row[lon]) };
            ride.push((time.0 as f64 / 1000.0, at, number(row[speed]) / 3.6));
        }
        let begin = ride[0].0;
        for row in &mut ride {
            row.0 -= begin;
        }
        (name, ride)
    };
    Some((1..=18).map(read).collect())
}

/// Plays a ride to a collector that has seen the vehicle stand there for an hour; answers the alerts with the seconds
/// since the ride began. Reports come every so many seconds.
fn play(ride: &Ride, every_s: f64, change: impl Fn(&mut Report)) -> Vec<(f64, Alert)> {
    let mut report: Report =
        serde_json::from_value(tools::hand_written_report("LZLEMTA20T0000001")).expect("a sound report");
    let mut core = Core::new(&Settings::default());
    let (mut payload, mut alerts, mut said) = (Vec::new(), Vec::new(), f64::MIN);
    let parked = (1..=12).map(|hour| (-300.0 * f64::from(13 - hour), ride[0].1, 0.0));
    for (second, at, speed) in parked.chain(ride.iter().copied()) {
        if second - said < every_s {
            continue;
        }
        said = second;
        let now = BEGIN.plus_seconds(second);
        report.stamp.time = now;
        report.stamp.seq += 1;
        let position = report.position.as_mut().expect("a fix");
        (position.at, position.speed) = (at, MetresPerSecond(speed));
        change(&mut report);
        let message = Message::Report(report.clone());
        encode(&message, Format::Json, &mut payload);
        let topic = message.topic().to_string();
        core.handle(now, Inbound { topic: topic.as_bytes(), content_type: None, payload: &payload, retained: false });
        while let Some(output) = core.poll() {
            if let Output::Alert(alert) = output {
                alerts.push((second, *alert));
            }
        }
    }
    alerts
}

/// Delays after the first 10 m, of the median and of 19 in 20 rides; none may be missed.
fn delays(rides: &[(String, Ride)], every_s: f64, change: impl Fn(&mut Report)) -> (f64, f64) {
    let mut delays = Vec::new();
    for (name, ride) in rides {
        let begin = ride.iter().find(|row| row.1.distance(ride[0].1).0 > 10.0).expect("it moves").0;
        let told = play(ride, every_s, &change).into_iter().find(|(_, alert)| alert.level >= Level::Two);
        let (second, alert) = told.unwrap_or_else(|| panic!("{name} is missed"));
        assert_eq!(alert.kind.family(), Family::Theft);
        delays.push(second - begin);
    }
    delays.sort_by(f64::total_cmp);
    (delays[delays.len() / 2], delays[delays.len() * 95 / 100])
}

#[test]
fn real_rides_of_a_locked_bike_are_told_within_half_a_minute() {
    let Some(rides) = rides() else { return };
    let rolling = |report: &mut Report| {
        let speed = report.position.expect("a fix").speed;
        report.motion.wheel = speed;
        report.motion.odometer.0 += speed.0;
        report.motion.vibration = Gravities(if speed.0 > 0.5 { 0.08 } else { 0.004 });
    };
    let numb = |report: &mut Report| (report.motion.vibration, report.motion.tilt) = (Gravities(0.0), Degrees(0.0));
    let mut found = BTreeMap::new();
    found.insert("position alone, the inertial sensor quiet", delays(&rides, 1.0, |_| {}));
    found.insert("position alone, no inertial sensor", delays(&rides, 1.0, numb));
    found.insert("wheel and inertial sensor too", delays(&rides, 1.0, rolling));
    println!("{found:?}, each 10 s: {:?}", delays(&rides, 10.0, |_| {}));
    for (what, (median, most)) in found {
        assert!(median <= 28.0 && most <= 60.0, "{what}: p50 {median} s, p95 {most} s");
    }
}

#[test]
fn the_same_rides_by_the_owner_raise_nothing() {
    let Some(rides) = rides() else { return };
    for (name, ride) in &rides {
        let open = play(ride, 1.0, |report| report.locked = report.stamp.seq < 5);
        assert!(open.is_empty(), "{name}, unlocked: {open:?}");
        let with_key = play(ride, 1.0, |report| report.key_near = report.stamp.seq > 12);
        assert!(with_key.is_empty(), "{name}, with the key: {with_key:?}");
    }
}
