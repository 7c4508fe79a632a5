//! What `bench` reports, and how it is steered while it runs: comparisons, pages, the interface of a run.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::tools::{
    Running, ZHILIAN, ask, bench, free_port, get, metric, mosquitto, mosquitto_with, number, program, wait_for,
};

/// A load that goes on, with the address of its interface.
struct Going {
    child: Child,
    stderr: BufReader<std::process::ChildStderr>,
    http: SocketAddr,
}

fn start(arguments: &[&str]) -> Going {
    let mut command = Command::new(ZHILIAN);
    command.arg("bench").args(arguments).args(["--http", "127.0.0.1:0", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
    let mut line = String::new();
    stderr.read_line(&mut line).expect("a line");
    let http = line.trim().strip_prefix("live at http://").and_then(|address| address.parse().ok());
    Going { child, stderr, http: http.unwrap_or_else(|| panic!("no address: {line}")) }
}

impl Going {
    fn wait_for_phase(&self, phase: &str) {
        let series = format!("zhilian_bench_phase{{phase=\"{phase}\"}}");
        wait_for(phase, 20, || (metric(self.http, &series) > 0.5).then_some(()));
    }

    /// Its report and exit code.
    fn end(mut self) -> (Value, Option<i32>) {
        // Its lines are read to the end, so that it never waits for room.
        let lines = std::thread::spawn(move || {
            let mut text = String::new();
            self.stderr.read_to_string(&mut text).map(|_| text)
        });
        let mut text = String::new();
        self.child.stdout.take().expect("piped").read_to_string(&mut text).expect("text");
        let status = self.child.wait().expect("it ends");
        let said = lines.join().expect("it reads").expect("text");
        (serde_json::from_str(&text).unwrap_or_else(|_| panic!("no report: {text} {said}")), status.code())
    }
}

/// Expects an exit code and one last line on stderr with all the words.
fn fails(arguments: &[&str], code: i32, words: &[&str]) {
    let output = bench(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
    let line = stderr.lines().last().unwrap_or_default();
    assert!(line.starts_with("zhilian: ") && words.iter().all(|word| line.contains(word)), "{arguments:?}: {stderr}");
}

#[test]
fn a_run_is_compared_with_an_older_one() {
    let port = free_port();
    let Some(_broker) = mosquitto(port) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a plain path").to_owned();
    let url = format!("mqtt://127.0.0.1:{port}");
    let flags = ["pub", "--broker", &url, "-c", "5", "--duration", "2s", "--json"];
    let first = bench(&[&flags[..], &["--rate", "200"]].concat());
    let old = path("old.json");
    std::fs::write(&old, &first.stdout).expect("it can be written");

    let against = ["--compare", &old, "--rate", "100"];
    let second = bench(&[&flags[..], &against, &["--fail-if", "achieved.change<-30%"]].concat());
    assert_eq!(second.status.code(), Some(3), "{}", String::from_utf8_lossy(&second.stderr));
    let report: Value = serde_json::from_slice(&second.stdout).expect("JSON");
    let change = number(&report, "comparison/numbers/achieved/change_pct");
    assert!((-55.0..-45.0).contains(&change), "{report}");
    assert_eq!(report["comparison"]["numbers"]["achieved"]["verdict"], "too_short", "two seconds tell nothing");
    assert!(
        report["comparison"]["caveats"][0].as_str().is_some_and(|text| text.contains("100 in the new")),
        "{report}"
    );

    // The same without a run.
    let new = path("new.json");
    std::fs::write(&new, &second.stdout).expect("it can be written");
    let compared = bench(&["compare", &old, &new, "--fail-if", "worse>0"]);
    let table = String::from_utf8_lossy(&compared.stdout);
    assert!(compared.status.success() && table.contains("NOTE") && table.contains("too few seconds"), "{table}");

    // What cannot be compared is known before the run: nobody listens there.
    let nobody = format!("mqtt://127.0.0.1:{}", free_port());
    let other = |more: &[&str], words: &[&str]| {
        let flags = ["pub", "--broker", &nobody, "-c", "5", "--compare"];
        fails(&[&flags[..], more].concat(), 2, words);
    };
    other(&[&old, "-s", "300"], &["old.json", "bytes of a payload 256", "300"]);
    other(&[&old, "-q", "0"], &["quality of service 1", "0"]);
    fails(&["conn", "--broker", &nobody, "-c", "5", "--compare", &old], 2, &["bench pub", "bench conn"]);
    let shapeless = path("shapeless.json");
    std::fs::write(&shapeless, "{\"type\":\"report\",\"verb\":\"pub\"}").expect("it can be written");
    other(&[&shapeless], &["shapeless.json", "shape is 1", "expected 2"]);
    std::fs::write(&shapeless, "8s pub total=7890").expect("it can be written");
    other(&[&shapeless], &["shapeless.json", "zhilian bench … --json"]);
    other(&[&path("none.json")], &["none.json", "No such file"]);
    fails(&["pub", "--broker", &nobody, "--fail-if", "p99.change>10%"], 2, &["--compare"]);
    fails(
        &["pub", "--broker", &nobody, "--compare", &old, "-c", "5", "--fail-if", "p98.change>10%"],
        2,
        &["p98", "p99"],
    );
    fails(&["pub", "--broker", &nobody, "--fail-if", "p99>10%"], 2, &["no percentage"]);
}

#[test]
fn a_page_needs_nothing_else() {
    let port = free_port();
    let Some(_broker) = mosquitto(port) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("report.html");
    let path = page.to_str().expect("a plain path");
    let url = format!("mqtt://127.0.0.1:{port}");
    let flags =
        ["pub", "--broker", &url, "-c", "5", "--rate", "200", "--duration", "3s", "--listen", "1", "--html", path];
    let output = bench(&flags);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(&page).expect("it is there");
    for part in ["<!doctype html>", "压测报告", "prefers-color-scheme", "端到端 end to end", "VALID"] {
        assert!(text.contains(part), "{part} is not in the page");
    }
    assert_eq!(text.matches("<svg").count(), 4, "rates, latencies, connections, percentiles");
    for part in ["src=", "href=", "url(", "@import", "<script", "NaN", "http-equiv"] {
        assert!(!text.contains(part), "{part} is in the page");
    }
    // What cannot be written is known before the run: nobody listens there.
    let nobody = format!("mqtt://127.0.0.1:{}", free_port());
    fails(&["pub", "--broker", &nobody, "--html", path], 2, &["report.html", "exists", "--force"]);
    fails(&["knee", "--broker", &nobody, "--html", path], 2, &["report.html", "exists", "--force"]);
    let nowhere = folder.path().join("none").join("x.html");
    fails(&["pub", "--broker", &nobody, "--html", nowhere.to_str().expect("plain")], 1, &["x.html", "No such file"]);
    fails(&["pub", "--broker", &nobody, "--html", path, "--force"], 4, &["refused"]);
    assert_eq!(std::fs::read_to_string(&page).expect("it is there"), text, "a run that failed left the page alone");
    let files = std::fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(files, 1, "no half-written file stays");
}

#[test]
fn a_run_can_be_watched_and_steered() {
    let port = free_port();
    let Some(_broker) = mosquitto(port) else { return };
    let url = format!("mqtt://127.0.0.1:{port}");
    let load = start(&["pub", "--broker", &url, "-c", "10", "--rate", "100", "--duration", "6s", "--threads", "2"]);
    load.wait_for_phase("run");
    let http = load.http;
    std::thread::sleep(Duration::from_secs(2));
    assert!((metric(http, "zhilian_bench_asked_per_second") - 100.0).abs() < 1.0);
    assert!((metric(http, "zhilian_bench_connected") - 10.0).abs() < 0.5);
    let (status, answer) = ask(http, "PUT", "/rate", "", "500");
    assert_eq!(status, 200, "{answer}");
    std::thread::sleep(Duration::from_millis(300));
    assert!((metric(http, "zhilian_bench_asked_per_second") - 500.0).abs() < 1.0);
    // What makes no sense is refused in a line, what comes from a page in a browser is not heard.
    for (method, path, headers, body, expected) in [
        ("PUT", "/rate", "", "fast", 400),
        ("PUT", "/rate", "", "{\"rate\": \"5\"}", 400),
        ("POST", "/storm", "Origin: http://elsewhere.example\r\n", "", 403),
        ("POST", "/inject", "", "{\"kind\": \"tow\"}", 409),
        ("POST", "/inject", "", "{\"kind\": \"levitate\"}", 400),
        ("GET", "/nowhere", "", "", 404),
    ] {
        let (status, answer) = ask(http, method, path, headers, body);
        assert_eq!(status, expected, "{method} {path} {body}: {answer}");
    }
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(ask(http, "POST", "/storm", "", "").0, 200);
    let (_, page) = get(http, "/");
    assert!(page.contains("<svg") && page.contains("still running") && page.contains("http-equiv=\"refresh\""));
    let (_, snapshot) = get(http, "/report");
    let snapshot: Value = serde_json::from_str(&snapshot).expect("JSON");
    assert!(number(&snapshot, "latency_ms/count") > 100.0, "{snapshot}");

    let (report, code) = load.end();
    let steering = report["steering"].as_array().expect("a list").clone();
    assert_eq!(steering.len(), 2, "{steering:?}");
    assert_eq!((&steering[0]["rate_per_s"], &steering[1]["storm"]), (&json!(500.0), &json!(true)));
    // What was due before the change stays due, and what is asked for counts both rates.
    let at_s = number(&steering[0], "at_s");
    let due = 100.0 * at_s + 500.0 * (6.0 - at_s);
    assert!((2.0..3.5).contains(&at_s) && (number(&report, "messages/asked") - due).abs() <= 2.0, "{due} in {report}");
    assert!((number(&report, "messages/offered") - due).abs() <= 3.0, "{due} in {report}");
    assert!((number(&report, "connections/lost") - 10.0).abs() < 0.5, "one storm cuts each once: {report}");
    assert!(matches!(code, Some(0 | 5)), "{report}");
}

#[test]
fn a_run_without_an_end_is_stopped_and_paused() {
    let port = free_port();
    let Some(_broker) = mosquitto(port) else { return };
    let url = format!("mqtt://127.0.0.1:{port}");
    let load = start(&["pub", "--broker", &url, "-c", "2", "--rate", "50"]);
    load.wait_for_phase("run");
    assert_eq!(ask(load.http, "PUT", "/rate", "", "{\"rate\": 0}").0, 200);
    std::thread::sleep(Duration::from_millis(1500));
    // A pause is no end.
    assert!(metric(load.http, "zhilian_bench_phase{phase=\"run\"}") > 0.5);
    assert_eq!(ask(load.http, "PUT", "/rate", "", "100").0, 200);
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(ask(load.http, "POST", "/stop", "", "").0, 200);
    let (report, code) = load.end();
    assert!(report["partial"].is_null() && number(&report, "messages/done") > 80.0, "{report}");
    assert!(matches!(code, Some(0 | 5)), "{report}");
    fails(&["conn", "--broker", &url, "--http", "0.0.0.0:0"], 2, &["0.0.0.0:0", "--http-open"]);
}

#[test]
fn under_churn_the_live_counter_is_the_brokers_every_second() {
    let port = free_port();
    let Some(listener) = program("mosquitto_sub") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let Some(_broker) = mosquitto_with(port, folder.path(), "allow_anonymous true\nsys_interval 1") else { return };
    let ears = Running::start(listener, &["-p", &port.to_string(), "-t", "$SYS/broker/clients/connected"]);
    let url = format!("mqtt://127.0.0.1:{port}");
    let load = start(&["conn", "--broker", &url, "-c", "100", "--duration", "9s"]);
    load.wait_for_phase("run");
    assert_eq!(ask(load.http, "POST", "/churn", "", "50").0, 200);
    // The broker counts once a second and tells what has changed; the listener itself is one of them.
    let mut told = 0.0;
    wait_for("the broker's count", 10, || {
        told = ears.line(10).parse::<f64>().expect("a number") - 1.0;
        (told >= 98.0).then_some(())
    });
    for second in 0..5 {
        while let Some(line) = ears.line_at_hand() {
            told = line.parse::<f64>().expect("a number") - 1.0;
        }
        let ours = metric(load.http, "zhilian_bench_connected");
        assert!((ours - told).abs() <= 3.0, "second {second}: {ours} here, {told} at the broker");
        std::thread::sleep(Duration::from_secs(1));
    }
    let (report, _) = load.end();
    assert!(number(&report, "connections/closed") >= 300.0, "there was churn: {report}");
}

#[test]
fn an_incident_can_be_let_happen_while_a_fleet_runs() {
    let port = free_port();
    let Some(_broker) = mosquitto(port) else { return };
    let Some(listener) = program("mosquitto_sub") else { return };
    let url = format!("mqtt://127.0.0.1:{port}");
    let flags = ["fleet", "--broker", &url, "-c", "30", "--seed", "3", "--speed", "20", "--duration", "8s"];
    // It listens before anything is asked for: what is asked for may happen at once.
    let ears = Running::start(listener, &["-p", &port.to_string(), "-t", "zl/v1/+/up/event"]);
    let load = start(&[&flags[..], &["--threads", "2"]].concat());
    load.wait_for_phase("run");
    let (status, answer) = ask(load.http, "POST", "/inject", "", "{\"kind\": \"power_cut\", \"count\": 3}");
    assert_eq!(status, 200, "{answer}");
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    let incidents = answer["incidents"].as_array().expect("a list");
    assert_eq!(incidents.len(), 3, "{answer}");
    // One of them is riding, perhaps; the others say at once that their power is gone.
    let vins: Vec<&str> = incidents.iter().filter_map(|incident| incident["vin"].as_str()).collect();
    wait_for("a power cut", 10, || {
        let event = ears.line(10);
        (event.contains("power_cut") && vins.iter().any(|vin| event.contains(vin))).then_some(())
    });
    let unknown = "{\"kind\": \"tow\", \"vin\": \"LZLEMTA20T9999999\"}";
    let (status, answer) = ask(load.http, "POST", "/inject", "", unknown);
    assert_eq!(status, 400, "{answer}");
    assert_eq!(ask(load.http, "POST", "/inject", "", "{\"kind\": \"cell_outage\"}").0, 400);
    assert_eq!(ask(load.http, "PUT", "/rate", "", "5").0, 409, "vehicles speak when they have something to say");
    let (report, _) = load.end();
    let steering = report["steering"].as_array().expect("a list");
    assert_eq!((steering.len(), &steering[0]["inject"]["kind"]), (3, &json!("power_cut")), "{report}");
}

#[test]
fn a_rate_that_a_broker_cannot_keep_is_stated_at_twenty_thousand_a_second() {
    let port = free_port();
    let folder = tempfile::tempdir().expect("a folder");
    // One message of a connection at a time, so that the broker's answers are what the rate waits for.
    let Some(broker) = mosquitto_with(port, folder.path(), "allow_anonymous true\nmax_inflight_messages 1") else {
        return;
    };
    let url = format!("mqtt://127.0.0.1:{port}");
    let page = folder.path().join("short.html");
    let path = page.to_str().expect("a plain path");
    let flags = ["pub", "--broker", &url, "-c", "4", "--rate", "20k", "--duration", "3s", "--html", path];
    let output = std::thread::scope(|scope| {
        let load = scope.spawn(|| bench(&flags));
        std::thread::sleep(Duration::from_millis(1500));
        // It stands still for most of the time, so that no machine is fast enough.
        broker.signal("STOP");
        std::thread::sleep(Duration::from_millis(2500));
        broker.signal("CONT");
        load.join().expect("it ends")
    });
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(table.contains("asked 20000.0/s") && table.contains("% SHORT of what was asked"), "{table}");
    // In a build for tests the generator may be the one that is short: then it says that, too.
    let invalid = table.contains("INVALID");
    assert_eq!(output.status.code(), Some(if invalid { 5 } else { 0 }), "{table}");
    // The page has it in red, whatever the exit code.
    let text = std::fs::read_to_string(&page).expect("it is there");
    assert!(text.contains("<p class=\"banner bad\">SHORT 未达到"), "{text}");
    assert_eq!(text.contains("<p class=\"banner bad\">INVALID 无效"), invalid, "{text}");
}
