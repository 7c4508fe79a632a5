//! Commands through a real broker: a vehicle obeys, refuses what is unsafe, and answers.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use zhilian::base::Timestamp;
use zhilian::model::{Command, Mode, Order, Outcome};
use zhilian::sim::{Fleet, Output};

use crate::tools::{Running, ZHILIAN, free_port, mosquitto, program, publish};

const QUIET: &str = "vehicles = 3\nduration = \"60s\"\nstart = \"2026-06-01T03:00:00+08:00\"\nseed = 5\n\
    [mix]\nrider = { leisure = 1.0 }\n[link]\nlatency = \"10ms\"\nloss = 0.0\n";

/// The first payload that a subscriber hears and that is the one asked for.
fn heard(subscriber: &Running, what: impl Fn(&str, &Value) -> bool) -> Value {
    for _ in 0..400 {
        let line = subscriber.line(30);
        let (topic, payload) = line.split_once(' ').expect("topic and payload");
        let payload: Value = serde_json::from_str(payload).expect("JSON");
        if what(topic, &payload) {
            return payload;
        }
    }
    panic!("not among 400 messages");
}

fn order(client: &Path, port: u16, vin: &str, mut command: Value) {
    command["v"] = json!(1);
    command["vin"] = json!(vin);
    publish(client, port, &format!("zl/v1/{vin}/down/cmd"), command.to_string().as_bytes(), &[]);
}

#[test]
fn a_parked_vehicle_obeys_and_answers() {
    let (Some(client), Some(listener)) = (program("mosquitto_pub"), program("mosquitto_sub")) else { return };
    let port = free_port();
    let Some(_broker) = mosquitto(port) else { return };
    let port_text = port.to_string();
    let ears = Running::start(listener, &["-V", "5", "-p", &port_text, "-t", "zl/v1/+/up/#", "-v"]);
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = folder.path().join("quiet.toml");
    std::fs::write(&scenario, QUIET).expect("it can be written");
    let url = format!("mqtt://127.0.0.1:{port}");
    let path = scenario.to_str().expect("a plain path");
    let mut fleet = Running::start(ZHILIAN, &["simulate", "--json", "--broker", &url, "--scenario", path]);
    let birth = heard(&ears, |topic, state| topic.ends_with("/up/state") && state["online"] == true);
    let vin = birth["vin"].as_str().expect("a VIN").to_owned();
    let mine = |topic: &str, suffix: &str| topic == format!("zl/v1/{vin}/up/{suffix}");
    let answer = |id: &str| heard(&ears, |topic, reply| mine(topic, "reply") && reply["id"] == id)["outcome"].clone();
    let report_ms = || heard(&ears, |topic, _| mine(topic, "report"))["ts_ms"].as_i64().expect("the device's time");

    order(&client, port, &vin, json!({ "id": "where", "order": "locate" }));
    assert_eq!(answer("where"), "done");
    report_ms();
    order(&client, port, &vin, json!({ "id": "fast", "order": "report_rate", "every_s": 0.5, "for_s": 30 }));
    assert_eq!(answer("fast"), "done");
    // Parked, it would report once in five minutes.
    let (first, _, third) = (report_ms(), report_ms(), report_ms());
    assert!((800..=1200).contains(&(third - first)), "{} ms for two intervals", third - first);
    order(&client, port, &vin, json!({ "id": "stay", "order": "immobilise" }));
    assert_eq!(answer("stay"), "done");
    order(&client, port, &vin, json!({ "id": "late", "order": "siren", "expires_ms": 1_600_000_000_000_i64 }));
    assert_eq!(answer("late"), "expired");
    // What is no command is passed over, and the vehicle lives on.
    publish(&client, port, &format!("zl/v1/{vin}/down/cmd"), b"explode", &[]);
    order(&client, port, &vin, json!({ "id": "again", "order": "release" }));
    assert_eq!(answer("again"), "done");
    fleet.terminate();
    assert_eq!(fleet.object("summary", 20)["replies_sent"], 5);
    assert!(fleet.wait(20).success());
}

#[test]
fn a_moving_vehicle_is_not_stopped() {
    let text = "vehicles = 80\nduration = \"1h\"\nstart = \"2026-06-01T17:50:00+08:00\"\n";
    let mut fleet = Fleet::new(&Arc::new(crate::world::setting(text)), 2);
    let mut asked = None;
    while let Some(emission) = fleet.poll(Timestamp::NEVER) {
        match emission.output {
            Output::Report(report) if asked.is_none() && report.mode == Mode::Riding && report.motion.wheel.0 > 3.0 => {
                let vin = report.stamp.vin;
                let command = Command { vin, id: "stop".to_owned(), order: Order::Immobilise, expires: None };
                fleet.command(report.stamp.time, emission.vehicle, &command);
                asked = Some(vin);
            }
            Output::Reply(reply) => {
                assert_eq!((Some(reply.stamp.vin), reply.outcome), (asked, Outcome::RefusedMoving));
                return;
            }
            Output::Report(_)
            | Output::Event(_)
            | Output::Backlog(_)
            | Output::Network(_)
            | Output::IncidentBegan(_)
            | Output::IncidentEnded(_) => {}
        }
    }
    panic!("nobody answered");
}
