//! The collector's core on messages that come twice, late, out of order or from a broken device.

use serde_json::{Value, json};
use zhilian::base::Timestamp;
use zhilian::collect::{Core, Inbound, Output, Settings};
use zhilian::model::{Alert, AlertState};

use crate::tools::hand_written_report;

pub const VIN: &str = "LZLEMTA20T0000001";
pub const START_MS: i64 = 1_780_000_000_000;

/// A report `second` seconds after the start, numbered by it.
pub fn report(second: i64, change: impl FnOnce(&mut Value)) -> (String, Vec<u8>) {
    let mut report = hand_written_report(VIN);
    report["ts_ms"] = json!(START_MS + second * 1000);
    report["seq"] = json!(second + 1);
    change(&mut report);
    (format!("zl/v1/{VIN}/up/report"), report.to_string().into_bytes())
}

pub fn feed(core: &mut Core, message: &(String, Vec<u8>)) -> Vec<Alert> {
    feed_at(core, 0, message)
}

/// Feeds a message that arrives so many seconds after the start.
pub fn feed_at(core: &mut Core, second: i64, message: &(String, Vec<u8>)) -> Vec<Alert> {
    let inbound = Inbound { topic: message.0.as_bytes(), content_type: None, payload: &message.1, retained: false };
    core.handle(Timestamp(START_MS + second * 1000), inbound);
    told(core)
}

/// The alerts that the core has just told.
pub fn told(core: &mut Core) -> Vec<Alert> {
    let outputs = std::iter::from_fn(|| core.poll());
    outputs.filter_map(|output| if let Output::Alert(alert) = output { Some(*alert) } else { None }).collect()
}

fn core() -> Core {
    Core::new(&Settings::default())
}

pub fn away(metres: f64, speed: f64) -> impl Fn(&mut Value) {
    move |report| {
        report["position"]["lat_deg"] = json!(29.56 + metres / 111_195.0);
        report["position"]["speed_mps"] = json!(speed);
    }
}

#[test]
fn a_theft_is_raised_once_and_cleared_when_the_owner_has_it_back() {
    let mut core = core();
    let mut seen = Vec::new();
    for second in 0..5 {
        seen.extend(feed(&mut core, &report(second, away(0.0, 0.0))));
    }
    assert!(seen.is_empty());
    for second in 5..30 {
        seen.extend(feed(&mut core, &report(second, away(10.0 * (second - 4) as f64, 10.0))));
    }
    assert_eq!(seen.len(), 1, "one alert for one theft: {seen:?}");
    assert_eq!((seen[0].state, seen[0].kind.rule()), (AlertState::Raised, "theft.tow"));
    assert!(seen[0].episode <= Timestamp(START_MS + 12_000), "{:?}", seen[0]);
    assert!(seen[0].why.en.contains("no owner key") && seen[0].why.zh.contains("车主钥匙"), "{:?}", seen[0].why);
    // Standing somewhere else does not clear it, however long.
    for second in (60..4000).step_by(60) {
        assert!(feed(&mut core, &report(second, away(250.0, 0.0))).is_empty());
    }
    // The owner's key does, but only after two minutes.
    let with_key = |second| report(second, |report| report["key_near"] = json!(true));
    assert!(feed(&mut core, &with_key(4000)).is_empty());
    assert!(feed(&mut core, &with_key(4119)).is_empty());
    let cleared = feed(&mut core, &with_key(4120));
    assert_eq!((cleared.len(), cleared[0].state, cleared[0].id), (1, AlertState::Cleared, seen[0].id));
}

/// A name, and what is reported each second.
type Case<'a> = (&'a str, &'a dyn Fn(i64) -> (String, Vec<u8>));

#[test]
fn what_only_looks_like_a_theft_raises_nothing() {
    let owner = |second: i64| {
        report(second, |report| {
            away(30.0 * second as f64, 8.0)(report);
            report["key_near"] = json!(true);
        })
    };
    let rider = |second: i64| {
        report(second, |report| {
            away(8.0 * second as f64, 8.0)(report);
            report["locked"] = json!(false);
            report["mode"] = json!("riding");
        })
    };
    // One fix in the next district, then home again: a spike.
    let spike = |second: i64| report(second, away(if second == 20 { 400.0 } else { 0.0 }, 0.0));
    // A park between high houses: tens of metres to and fro, said by the receiver's own HDOP.
    let drift = |second: i64| {
        report(second, |report| {
            away(25.0 * ((second * 7 % 11) as f64 / 5.0 - 1.0), 0.0)(report);
            report["position"]["hdop"] = json!(3.5);
        })
    };
    let cases: [Case; 4] = [("owner's van", &owner), ("a ride", &rider), ("a spike", &spike), ("drift", &drift)];
    for (name, case) in cases {
        let mut core = core();
        for second in 0..60 {
            assert!(feed(&mut core, &case(second)).is_empty(), "{name} at {second} s");
        }
    }
}

#[test]
fn one_abnormal_sample_of_a_burning_pack_is_enough() {
    // The sample of a real event: 29 → 109 °C, one cell at 1.995 V, insulation 10 kΩ.
    let burning = |report: &mut Value| {
        report["battery"]["temps_c"] = json!([29.0, 109.0]);
        report["battery"]["cells_mv"] = json!([3291, 1995, 3292, 3290]);
        report["battery"]["insulation_kohm"] = json!(10);
    };
    let mut core = core();
    assert!(feed(&mut core, &report(0, |_| {})).is_empty());
    let alerts = feed(&mut core, &report(300, burning));
    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0].kind.rule(), "battery.thermal_runaway");
    assert!(alerts[0].why.en.contains("no. 2"), "it names the cell: {}", alerts[0].why.en);
    // A hot day, a cold pack or one noisy sensor is not a fire; what else it is, is told by what it is.
    for (sign, rule) in [
        (json!({ "temps_c": [58.0, 57.0] }), Some("battery.over_temperature")),
        (json!({ "temps_c": [-20.0, -19.5] }), None),
        (json!({ "temps_c": [25.0, 46.0] }), Some("battery.temperature_spread")),
        (json!({ "insulation_kohm": 200 }), Some("battery.insulation")),
        (json!({ "cells_mv": [3291, 2100, 3292, 3290] }), Some("battery.under_voltage")),
    ] {
        let mut core = self::core();
        let mut feed_odd = |second| {
            let message = report(second, |report| {
                for (member, value) in sign.as_object().expect("an object") {
                    report["battery"][member] = value.clone();
                }
            });
            feed(&mut core, &message)
        };
        assert!(feed_odd(0).is_empty(), "one sample of {sign}");
        let rules: Vec<_> = (1..5).flat_map(feed_odd).map(|alert| alert.kind.rule()).collect();
        assert_eq!(rules, rule.into_iter().collect::<Vec<_>>(), "{sign}");
    }
}

#[test]
fn doubles_change_nothing_and_gaps_are_filled_by_late_messages() {
    let theft: Vec<_> =
        (0..40).map(|second| report(second, away(if second < 5 { 0.0 } else { 9.0 * second as f64 }, 9.0))).collect();
    let alerts = |messages: &[&(String, Vec<u8>)]| {
        let mut core = core();
        let alerts: Vec<Alert> = messages.iter().flat_map(|message| feed(&mut core, message)).collect();
        (alerts, core.counters().clone())
    };
    let (clean, counters) = alerts(&theft.iter().collect::<Vec<_>>());
    assert_eq!((counters.received, counters.missing, counters.duplicates), (40, 0, 0));
    let doubled: Vec<_> = theft.iter().flat_map(|message| [message, message]).collect();
    let (same, counters) = alerts(&doubled);
    assert_eq!((same, counters.received, counters.duplicates), (clean.clone(), 40, 40));
    let mut late: Vec<_> = theft.iter().collect();
    let moved = late.remove(30);
    late.push(moved);
    let (same, counters) = alerts(&late);
    assert_eq!((same, counters.received, counters.missing, counters.late), (clean, 40, 0, 1));
}

#[test]
fn no_more_vehicles_than_set_are_followed() {
    let mut core = Core::new(&Settings { max_vehicles: 1, ..Settings::default() });
    feed(&mut core, &report(0, |_| {}));
    let other = "LZLEMTA20T0000002";
    let (_, payload) = report(0, |report| report["vin"] = json!(other));
    feed(&mut core, &(format!("zl/v1/{other}/up/report"), payload));
    assert_eq!(core.vehicles().len(), 1);
    assert_eq!(core.counters().rejected_total(), 1);
    feed(&mut core, &report(1, |_| {}));
    assert_eq!(core.counters().reports, 2, "the one that is known goes on");
}
