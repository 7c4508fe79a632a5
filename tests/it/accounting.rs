//! Nothing is lost in silence: a broker that is killed under a fleet and a collector, and a collector that is restarted.

use serde_json::{Value, json};

use crate::tools::{
    Running, ZHILIAN, collector, free_port, get_json, hand_written_report, metric, mosquitto, program, publish,
    wait_for,
};

const BUSY: &str = "vehicles = 40\nduration = \"22s\"\nstart = \"2026-06-01T17:50:00+08:00\"\n\
    [report]\nriding = \"500ms\"\nparked = \"1s\"\n";

fn number(object: &Value, member: &str) -> u64 {
    object[member].as_u64().unwrap_or_else(|| panic!("no {member} in {object}"))
}

#[test]
fn after_a_killed_broker_every_report_is_received_or_known_to_be_lost() {
    let port = free_port();
    let Some(mut broker) = mosquitto(port) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = folder.path().join("busy.toml");
    std::fs::write(&scenario, BUSY).expect("it can be written");
    let url = format!("mqtt://127.0.0.1:{port}");
    let (collecting, http) = collector(&url, &folder.path().join("store.db"), &[]);
    let scenario = scenario.to_str().expect("a plain path");
    let mut fleet = Running::start(ZHILIAN, &["simulate", "--json", "--broker", &url, "--scenario", scenario]);
    let reports = || number(&get_json(http, "/api/v1/stats"), "reports");
    wait_for("the fleet", 10, || (reports() > 100).then_some(()));

    broker.kill();
    wait_for("the collector to notice", 10, || (metric(http, "zhilian_broker_losses_total") >= 1.0).then_some(()));
    assert_eq!(crate::tools::get(http, "/readyz").0, 503, "not ready without a broker");
    std::thread::sleep(std::time::Duration::from_secs(2));
    let _broker = mosquitto(port).expect("it was there before");
    let at_restart = reports();
    wait_for("both to come back", 20, || (reports() > at_restart + 100).then_some(()));
    assert_eq!(crate::tools::get(http, "/readyz").0, 200);

    let sent = fleet.object("summary", 60);
    assert!(fleet.wait(20).success());
    std::thread::sleep(std::time::Duration::from_millis(500));
    collecting.terminate();
    let received = collecting.object("summary", 20);
    assert_eq!(number(&sent, "connections_lost"), 40, "each lost its connection once: {sent}");
    assert_eq!(number(&sent, "dropped"), 0, "the vehicles keep what they cannot send: {sent}");
    let all = number(&sent, "reports_sent") + number(&sent, "events_sent");
    let accounted =
        number(&received, "reports_received") + number(&received, "events_received") + number(&received, "lost");
    assert_eq!(accounted, all, "sent {sent}, received {received}");
}

#[test]
fn alerts_and_last_states_survive_a_restart() {
    let port = free_port();
    let (Some(client), Some(_broker)) = (program("mosquitto_pub"), mosquitto(port)) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let store = folder.path().join("store.db");
    let url = format!("mqtt://127.0.0.1:{port}");
    let vin = "LZLEMTA20T0000077";
    let topic = format!("zl/v1/{vin}/up/report");
    let say = |seq: u64, lat: f64, speed: f64| {
        let mut report = hand_written_report(vin);
        report["seq"] = json!(seq);
        report["ts_ms"] =
            json!(report["ts_ms"].as_i64().expect("a time") + i64::try_from(seq).expect("small") * 10_000);
        report["position"]["lat_deg"] = json!(lat);
        report["position"]["speed_mps"] = json!(speed);
        publish(&client, port, &topic, report.to_string().as_bytes(), &[]);
    };
    let open = |http| get_json(http, "/api/v1/alerts?state=open")["alerts"].clone();
    let sure = |http| open(http)[0]["level"].as_u64().is_some_and(|level| level >= 2);

    let (mut first, http) = collector(&url, &store, &[]);
    say(1, 29.56, 0.0);
    // At 9 m/s to the north, a fix in ten seconds.
    say(2, 29.5608, 9.0);
    say(3, 29.5616, 9.0);
    wait_for("the alert", 10, || sure(http).then_some(()));
    let before = open(http);
    // A power cut, not a farewell: what was shown a second ago must be there.
    std::thread::sleep(std::time::Duration::from_millis(1500));
    first.kill();

    let (second, http) = collector(&url, &store, &[]);
    assert_eq!(open(http), before);
    let vehicle = wait_for("the vehicle", 10, || {
        let vehicles = get_json(http, "/api/v1/vehicles");
        vehicles["vehicles"].get(0).cloned()
    });
    assert_eq!((&vehicle["vin"], &vehicle["lat_deg"]), (&json!(vin), &json!(29.5616)));
    assert_eq!(vehicle["alerts"], json!([before[0]["rule"]]));
    // The same theft goes on: no second alert, and an old number is still known for what it is.
    say(3, 29.5616, 9.0);
    say(4, 29.5624, 9.0);
    wait_for("the next report", 10, || (number(&get_json(http, "/api/v1/stats"), "reports") == 1).then_some(()));
    let after = open(http);
    assert_eq!((after.as_array().map(Vec::len), &after[0]["id"]), (Some(1), &before[0]["id"]), "{after}");
    second.terminate();
    let summary = second.object("summary", 20);
    assert_eq!((number(&summary, "duplicates"), number(&summary, "lost")), (1, 0), "{summary}");
}
