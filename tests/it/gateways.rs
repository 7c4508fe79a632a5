//! Fleets whose words a few gateways carry, and what a collector makes of them.

use std::net::SocketAddr;
use std::process::{Command, Output};
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

use crate::tools::{
    Running, ZHILIAN, bench_report, collector, free_port, get_json, mosquitto, mosquitto_with, number, program,
    publish, wait_for,
};

#[test]
fn gateways_carry_what_connections_of_their_own_would() {
    let port = free_port();
    let Some(_broker) = mosquitto(port) else { return };
    let url = format!("mqtt://127.0.0.1:{port}");
    let flags = ["fleet", "--broker", &url, "-c", "60", "--seed", "3", "--speed", "20", "--duration", "3s"];
    let run = |more: &[&str]| {
        let (report, output) = bench_report(&[&flags[..], more, &["--fail-if", "lost>0"]].concat());
        // On a machine with other work it may be late, and then says so.
        assert!(matches!(output.status.code(), Some(0 | 5)), "{more:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(number(&report, "messages/lost") < 0.5, "{more:?}: {report}");
        report
    };
    let Some(listener) = program("mosquitto_sub") else { return };
    let ears = Running::start(listener, &["-p", &port.to_string(), "-t", "zl/v1/+/up/report"]);
    let own = number(&run(&[]), "messages/offered");
    // Of another boot a presence would promise messages that never come, and a collector would wait for them.
    let said: Value = serde_json::from_str(&ears.line(10)).expect("a report");
    let present = presence(port);
    assert!(present.len() == 60 && present.iter().all(|one| one["boot"] == said["boot"]), "{said} {present:?}");
    for more in [
        &["--gateways", "3", "--threads", "2"][..],
        &["--gateways", "1", "-q", "0", "--format", "protobuf"],
        &["--gateways", "99", "-V", "4"],
    ] {
        let report = run(more);
        let connections = number(&report, "connections/succeeded");
        let expected: f64 = more[1].parse().expect("a number");
        assert!((connections - expected.min(60.0)).abs() < 0.5, "{more:?}: {report}");
        assert!((number(&report, "messages/offered") - own).abs() <= 0.05 * own, "{more:?}: {own} {report}");
    }
}

/// The retained words about presence that a broker has.
fn presence(port: u16) -> Vec<Value> {
    let Some(listener) = program("mosquitto_sub") else { return Vec::new() };
    let output = Command::new(listener)
        .args(["-p", &port.to_string(), "-t", "zl/v1/+/up/state", "-W", "1"])
        .output()
        .expect("it starts");
    String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn a_command_reaches_its_vehicle_through_a_gateway() {
    let port = free_port();
    let (Some(client), Some(listener)) = (program("mosquitto_pub"), program("mosquitto_sub")) else { return };
    let Some(_broker) = mosquitto(port) else { return };
    let replies = Running::start(listener, &["-p", &port.to_string(), "-t", "zl/v1/+/up/reply"]);
    let reports = Running::start(
        program("mosquitto_sub").expect("it was there"),
        &["-p", &port.to_string(), "-t", "zl/v1/+/up/report", "-C", "1"],
    );
    let url = format!("mqtt://127.0.0.1:{port}");
    let fleet = ["simulate", "--broker", &url, "--vehicles", "20", "--gateways", "2", "-q", "0", "--json"];
    let mut fleet = Running::start(ZHILIAN, &fleet);
    let report: Value = serde_json::from_str(&reports.line(30)).expect("JSON");
    let vin = report["vin"].as_str().expect("a name");
    let command = json!({ "v": 1, "id": "c-1", "vin": vin, "order": "locate" });
    publish(&client, port, &format!("zl/v1/{vin}/down/cmd"), command.to_string().as_bytes(), &[]);
    let reply: Value = serde_json::from_str(&replies.line(20)).expect("JSON");
    assert_eq!((reply["vin"].as_str(), reply["id"].as_str()), (Some(vin), Some("c-1")), "{reply}");
    assert!(presence(port).is_empty(), "a gateway says nothing of vehicles that neither come nor go");
    fleet.terminate();
    let summary = fleet.object("summary", 20);
    assert!(fleet.wait(10).success() && summary["reports_sent"].as_u64() > Some(0), "{summary}");
}

#[test]
fn a_gateway_says_which_of_its_vehicles_lost_the_network() {
    let port = free_port();
    let Some(_broker) = mosquitto(port) else { return };
    let url = format!("mqtt://127.0.0.1:{port}");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("dark.toml");
    // First they stay away to the end, then they come back before it.
    for (lasts, online) in [("30m", false), ("2m", true)] {
        let scenario = format!(
            "vehicles = 300\nduration = \"40m\"\nstart = \"2026-06-01T18:00:00+08:00\"\n[report]\nriding = \"5s\"\n\
             parked = \"10s\"\n[[incident]]\nkind = \"cell_outage\"\ncount = 3\nwindow = \"1m..2m\"\n\
             lasts = \"{lasts}\"\nradius_m = 3000\n"
        );
        std::fs::write(&path, scenario).expect("it can be written");
        let flags = ["fleet", "--broker", &url, "-c", "300", "--speed", "120", "--duration", "5s", "--scenario"];
        let more = [path.to_str().expect("a plain path"), "--gateways", "2"];
        let (report, output) = bench_report(&[&flags[..], &more].concat());
        // On a machine with other work it may be late, and then says so; here it is only about what it says.
        assert!(matches!(output.status.code(), Some(0 | 5)), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(number(&report, "connections/lost") < 0.5, "gateways stay connected: {report}");
        let said = presence(port);
        let right = said.iter().filter(|one| one["online"] == online).count();
        // A few ride out of the dark meanwhile, or into it.
        assert!(right > 10 && right * 5 > said.len() * 4, "{lasts}: {said:?}");
    }
}

#[test]
fn quality_of_service_0_and_a_format_need_what_carries_them() {
    for (flags, word) in [
        (&["bench", "fleet", "-q", "0"][..], "--gateways"),
        (&["simulate", "-q", "0"], "--gateways"),
        (&["bench", "fleet", "-V", "4", "--format", "protobuf"], "MQTT 5"),
        (&["bench", "fleet", "--collector", "http://127.0.0.1:1/x"], "http://127.0.0.1:8080"),
        (&["bench", "fleet", "--collector", "http://127.0.0.1:1", "--speed", "2"], "--speed"),
        (&["bench", "fleet", "--fail-if", "alerts.latency_ms.p99>50ms"], "no number"),
    ] {
        let output = Command::new(ZHILIAN).args(flags).output().expect("it starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{flags:?}: {stderr}");
        assert!(stderr.contains(word), "{flags:?}: {stderr}");
    }
}

fn with_collector(more: &[&str], check: impl Fn(&Value, &Output)) {
    let port = free_port();
    let folder = tempfile::tempdir().expect("a folder");
    let Some(_broker) = mosquitto_with(port, folder.path(), "allow_anonymous true") else { return };
    let url = format!("mqtt://127.0.0.1:{port}");
    let (_collector, http) = collector(&url, &folder.path().join("fleet.db"), &[]);
    let (http, flags) = (format!("http://{http}"), ["fleet", "--broker", &url, "-c", "300", "--duration", "40s"]);
    let (report, output) = bench_report(&[&flags[..], &["--collector", &http], more].concat());
    check(&report, &output);
}

#[test]
fn every_incident_is_followed_to_its_alert() {
    let fail_if = ["--fail-if", "alerts.missed>0", "--fail-if", "collector.unheard>0"];
    with_collector(&[&["--gateways", "2"][..], &fail_if].concat(), |report, output| {
        let stderr = String::from_utf8_lossy(&output.stderr);
        // On a machine with other work it may be late, and then says so.
        assert!(matches!(output.status.code(), Some(0 | 5)), "{stderr} {report}");
        assert!((number(report, "alerts/incidents") - 2.0).abs() < 0.5, "a tow and a burning battery: {report}");
        assert!((number(report, "alerts/alerted") - 2.0).abs() < 0.5 && number(report, "alerts/false") < 0.5);
        assert!((number(report, "alerts/kept") - number(report, "alerts/raised")).abs() < 0.5, "{report}");
        assert!(number(report, "alerts/latency_ms/count") > 1.5, "{report}");
        assert!(number(report, "collector/sent") > 500.0, "{report}");
        assert!((number(report, "collector/reports") - number(report, "collector/sent")).abs() < 0.5, "{report}");
    });
}

#[test]
fn a_collector_that_is_none_is_told_in_one_line() {
    let port = free_port();
    let Some(_broker) = mosquitto(port) else { return };
    let url = format!("mqtt://127.0.0.1:{port}");
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let (_, output) = bench_report(&["fleet", "--broker", &url, "-c", "5", "--duration", "1s", "--collector", &nobody]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{stderr}");
    assert!(stderr.contains("cannot look on the collector at http://127.0.0.1:"), "{stderr}");
}

#[test]
fn a_reader_gets_only_the_events_that_it_asks_for() {
    let port = free_port();
    let folder = tempfile::tempdir().expect("a folder");
    let Some(_broker) = mosquitto(port) else { return };
    let url = format!("mqtt://127.0.0.1:{port}");
    let (_collector, http) = collector(&url, &folder.path().join("fleet.db"), &[]);
    let events = |query: &str| {
        let text = stream_for(http, query, Duration::from_secs(3));
        let mut kinds: Vec<String> =
            text.lines().filter_map(|line| line.strip_prefix("event: ").map(ToOwned::to_owned)).collect();
        kinds.sort();
        kinds.dedup();
        kinds
    };
    let mut fleet = Running::start(ZHILIAN, &["simulate", "--broker", &url, "--vehicles", "20", "--json"]);
    wait_for("vehicles", 30, || (get_json(http, "/api/v1/stats")["reports"].as_u64() > Some(20)).then_some(()));
    // A theft may begin meanwhile, and be told.
    let calm = |query: &str| events(query).into_iter().filter(|kind| kind != "alert").collect::<Vec<_>>();
    assert_eq!(calm(""), ["stats", "vehicles"]);
    assert_eq!(calm("?events=stats,alert"), ["stats"]);
    assert_eq!(events("?events=vehicles"), ["vehicles"]);
    let refused = crate::tools::get(http, "/api/v1/stream?events=song");
    assert_eq!(refused.0, 400, "{refused:?}");
    fleet.terminate();
    fleet.wait(20);
}

/// What the stream says in a time.
fn stream_for(http: SocketAddr, query: &str, time: Duration) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(http).expect("it listens");
    let asked = format!("GET /api/v1/stream{query} HTTP/1.1\r\nHost: {http}\r\n\r\n");
    stream.write_all(asked.as_bytes()).expect("it reads");
    sleep(time);
    stream.set_nonblocking(true).expect("a socket");
    let (mut text, mut buffer) = (Vec::new(), vec![0; 65_536]);
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        text.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8_lossy(&text).into_owned()
}
