//! Honest load against real brokers, stopped brokers, slow brokers and servers that are none.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Output;
use std::time::Duration;

use bytes::BytesMut;
use rumqttc::v5::mqttbytes::v5::{ConnAck, ConnectReturnCode, Packet, PubAck};
use serde_json::Value;

use crate::tools::{Running, bench, free_port, mosquitto, mosquitto_with, number, program, wait_for};

/// The report, and what is said on stderr.
fn report(output: &Output) -> (Value, String) {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no report; stderr: {stderr}"));
    (report, stderr)
}

#[test]
fn what_is_published_is_counted_and_heard() {
    let port = free_port();
    let Some(_broker) = mosquitto(port) else { return };
    let url = format!("mqtt://127.0.0.1:{port}");
    for (version, qos, gateways) in [("4", "0", "20"), ("4", "1", "20"), ("5", "0", "3"), ("5", "1", "3")] {
        let flags = ["pub", "--broker", &url, "-V", version, "-q", qos, "--gateways", gateways, "-c", "20"];
        let rate = ["--rate", "400", "-L", "600", "--listen", "1", "--threads", "2", "--json"];
        let output = bench(&[&flags[..], &rate[..], &["--ifaddr", "127.0.0.1,127.0.0.2"]].concat());
        let (report, stderr) = report(&output);
        assert!(output.status.success(), "{stderr}");
        let gateways: f64 = gateways.parse().expect("a number");
        for (path, expected) in [
            ("messages/done", 600.0),
            ("messages/lost", 0.0),
            ("received/distinct", 600.0),
            ("received/duplicates", 0.0),
            ("end_to_end_ms/count", 600.0),
            ("connections/succeeded", gateways + 1.0),
            ("connections/lost", 0.0),
        ] {
            assert!((number(&report, path) - expected).abs() < 0.5, "{path} of {version}/{qos}: {report}");
        }
        assert!(stderr.contains("s pub total=") && stderr.contains("/sec"), "{stderr}");
        assert!(stderr.contains("s publish_latency count="), "{stderr}");
    }
}

#[test]
fn a_broker_that_stands_still_is_not_hidden() {
    let port = free_port();
    let Some(broker) = mosquitto(port) else { return };
    let url = format!("mqtt://127.0.0.1:{port}");
    let flags = ["pub", "--broker", &url, "-c", "100", "--rate", "1000", "--duration", "6s", "--json"];
    let output = std::thread::scope(|scope| {
        let load = scope.spawn(|| bench(&flags));
        std::thread::sleep(Duration::from_secs(2));
        broker.signal("STOP");
        std::thread::sleep(Duration::from_secs(3));
        broker.signal("CONT");
        load.join().expect("it ends")
    });
    let (report, stderr) = report(&output);
    assert!(output.status.success(), "{stderr}");
    assert!(number(&report, "latency_ms/max") >= 2900.0, "{report}");
    assert!(number(&report, "latency_ms/p99") >= 2800.0, "{report}");
    // Half of the messages were to be sent while it stood still.
    assert!(number(&report, "latency_ms/mean") >= 500.0, "{report}");
    // On a machine with other work some of the last are due beyond the end; none that was offered is left out.
    let done = number(&report, "messages/done");
    assert!(done > 5900.0 && (number(&report, "messages/offered") - done).abs() < 0.5, "{report}");
    assert!(number(&report, "messages/lost") < 0.5, "{report}");
}

/// A broker that takes everybody and acknowledges a message in `pause`.
fn slow_broker(pause: Duration) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || serve_slowly(stream, pause));
        }
    });
    port
}

fn serve_slowly(mut stream: TcpStream, pause: Duration) {
    let mut input = BytesMut::new();
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        input.extend_from_slice(&buffer[..count]);
        while let Ok(packet) = Packet::read(&mut input, None) {
            let mut out = BytesMut::new();
            let answer = if let Packet::Connect(..) = packet {
                let code = ConnectReturnCode::Success;
                Packet::ConnAck(ConnAck { session_present: false, code, properties: None })
            } else if let Packet::Publish(publish) = packet {
                std::thread::sleep(pause);
                Packet::PubAck(PubAck::new(publish.pkid, None))
            } else {
                continue;
            };
            answer.write(&mut out, None).expect("it can be written");
            if stream.write_all(&out).is_err() {
                return;
            }
        }
    }
}

#[test]
fn a_shortfall_is_stated() {
    let url = format!("mqtt://127.0.0.1:{}", slow_broker(Duration::from_millis(10)));
    let flags = ["pub", "--broker", &url, "-c", "1", "--rate", "1000", "--duration", "3s"];
    let output = bench(&[&flags[..], &["--json", "--fail-if", "shortfall>50"]].concat());
    let (found, stderr) = report(&output);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("shortfall>50 holds"), "{stderr}");
    assert!(number(&found, "achieved_per_s") < 105.0 && number(&found, "asked_per_s") > 990.0, "{found}");
    assert!(number(&found, "offered_per_s") > 990.0, "the generator is not the one that is slow: {found}");
    assert!(number(&found, "messages/lost") > 1000.0, "what was never acknowledged: {found}");
    // People read it in words.
    let table = String::from_utf8(bench(&flags).stdout).expect("text");
    assert!(table.contains("SHORT of what was asked") && !table.contains("INVALID"), "{table}");
}

#[test]
fn a_generator_that_cannot_keep_up_says_so() {
    let port = free_port();
    let Some(_broker) = mosquitto(port) else { return };
    let url = format!("mqtt://127.0.0.1:{port}");
    let output = bench(&["pub", "--broker", &url, "-c", "10", "--rate", "20M", "--duration", "1s", "--json"]);
    let (found, stderr) = report(&output);
    assert_eq!(output.status.code(), Some(5), "{stderr}");
    assert!(stderr.contains("INVALID: the generator was the bottleneck"), "{stderr}");
    assert!(number(&found, "shortfall_pct") > 90.0, "{found}");
}

#[test]
fn under_churn_the_connected_counter_is_the_brokers() {
    let port = free_port();
    let Some(listener) = program("mosquitto_sub") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let configuration = "allow_anonymous true\nsys_interval 1";
    let Some(_broker) = mosquitto_with(port, folder.path(), configuration) else { return };
    let topic = "$SYS/broker/clients/connected";
    let ears = Running::start(listener, &["-p", &port.to_string(), "-t", topic]);
    let url = format!("mqtt://127.0.0.1:{port}");
    let load = std::thread::spawn(move || {
        bench(&["conn", "--broker", &url, "-c", "100", "--churn", "50", "--duration", "5s", "--json"])
    });
    // The broker counts once a second and tells what has changed; the listener itself is one of them.
    let seen = |until: std::ops::RangeInclusive<i64>| {
        wait_for("the broker's count", 20, || {
            let connected = ears.line(20).parse::<i64>().expect("a number") - 1;
            assert!(connected <= 100, "the broker sees {connected}");
            until.contains(&connected).then_some(())
        });
    };
    seen(99..=100);
    let (found, stderr) = report(&load.join().expect("it ends"));
    seen(0..=0);
    let series: Vec<u64> =
        found["series"].as_array().expect("seconds").iter().map(|s| s["connected"].as_u64().unwrap_or(0)).collect();
    assert!(series[1..5].iter().all(|connected| (98..=100).contains(connected)), "{series:?}");
    assert_eq!(series.last(), Some(&0), "all have left: {series:?} {stderr}");
    let made = number(&found, "connections/succeeded");
    assert!((300.0..=360.0).contains(&made), "100 and 50 a second: {found}");
    assert!(
        (number(&found, "connections/closed") - made).abs() < 0.5 && number(&found, "connections/lost") < 0.5,
        "{found}"
    );
}

#[test]
fn after_a_storm_all_come_back() {
    let port = free_port();
    let Some(_broker) = mosquitto(port) else { return };
    let url = format!("mqtt://127.0.0.1:{port}");
    let flags =
        ["pub", "--broker", &url, "-c", "50", "--rate", "100", "--duration", "6s", "--storm-at", "2s", "--json"];
    let output = bench(&flags);
    let (found, stderr) = report(&output);
    assert!(output.status.success(), "{stderr}");
    assert!((number(&found, "connections/lost") - 50.0).abs() < 0.5, "{found}");
    assert!(number(&found, "connections/succeeded") >= 100.0, "{found}");
    assert!(number(&found, "messages/lost") < 0.5 && number(&found, "latency_ms/max") > 200.0, "{found}");
}

#[test]
fn a_fleet_is_measured_from_when_it_meant_to_speak() {
    let port = free_port();
    let Some(_broker) = mosquitto(port) else { return };
    let url = format!("mqtt://127.0.0.1:{port}");
    let run = |threads: &str| {
        let flags = ["fleet", "--broker", &url, "-c", "60", "--seed", "3", "--speed", "20", "--threads", threads];
        let output = bench(&[&flags[..], &["--duration", "3s", "--json", "--fail-if", "lost>0"]].concat());
        let (found, stderr) = report(&output);
        assert!(output.status.success(), "{stderr}");
        found
    };
    let found = run("1");
    assert!(number(&found, "messages/done") > 300.0, "a minute of an evening: {found}");
    assert!((number(&found, "latency_ms/count") - number(&found, "messages/offered")).abs() < 0.5, "{found}");
    assert!((number(&found, "connections/succeeded") - 60.0).abs() < 0.5, "{found}");
    assert!(number(&found, "latency_ms/p99") < 1000.0, "{found}");
    // Whatever the number of threads, the same vehicles say the same.
    let (one, two) = (number(&found, "messages/offered"), number(&run("2"), "messages/offered"));
    assert!((one - two).abs() <= 0.05 * one, "{one} and {two}");
}

#[test]
fn the_knee_of_a_slow_broker_is_found() {
    // One message in 20 ms is 50 a second.
    let url = format!("mqtt://127.0.0.1:{}", slow_broker(Duration::from_millis(20)));
    let flags = ["knee", "--broker", &url, "-c", "1", "--rate", "10", "--p99", "400ms", "--duration", "2s", "--json"];
    let output = bench(&[&flags[..], &["--repeats", "1"]].concat());
    let stderr = String::from_utf8_lossy(&output.stderr);
    // On a machine with other work it may be the generator that gives up first, and then says so.
    assert!(matches!(output.status.code(), Some(0 | 5)), "{stderr}");
    let lines = String::from_utf8_lossy(&output.stdout);
    let last: Value = serde_json::from_str(lines.lines().last().expect("lines")).expect("JSON");
    let (held, broke) = (number(&last, "sustained_per_s"), number(&last, "broke_at_per_s"));
    assert!(held <= 61.0, "more than the broker answers: {last}");
    assert_eq!(last["limit"] == "generator", output.status.code() == Some(5), "{last} {stderr}");
    if output.status.success() {
        assert!(held >= 10.0 && broke > held, "{last}");
        // Both ends were tried once more, and kept to what they did.
        assert!(number(&last, "low/tries") >= 2.0 && number(&last, "low/held") >= 2.0, "{last}");
        assert!(number(&last, "high/tries") >= 2.0 && number(&last, "high/held") < 0.5, "{last}");
        assert!(
            last["steps"].as_array().is_some_and(|steps| steps.iter().any(|step| step["repeat"] == true)),
            "{last}"
        );
    }
}

/// Runs a load that must fail, and gives its report back.
fn fails(arguments: &[&str], code: i32, words: &[&str]) -> Value {
    let output = bench(&[arguments, &["--json"]].concat());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
    let line = stderr.lines().last().unwrap_or_default();
    assert!(line.starts_with("zhilian: ") && words.iter().all(|word| line.contains(word)), "{arguments:?}: {stderr}");
    serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
}

#[test]
fn a_broker_that_is_none_is_told_in_one_line() {
    let url = |port: u16| format!("mqtt://127.0.0.1:{port}");
    fails(&["conn", "--broker", "http://127.0.0.1"], 2, &["mqtt://127.0.0.1:1883"]);
    fails(&["conn", "--broker", &url(free_port())], 4, &["cannot reach", "refused"]);
    fails(&["pub", "--broker", &url(1), "--fail-if", "p98>1"], 2, &["p98", "latency_ms.p99"]);
    fails(&["pub", "--broker", &url(1), "--fail-if", "lost>1s"], 2, &["lost", "no time"]);
    fails(&["fleet", "--broker", &url(1), "--scenario", "nowhere"], 2, &["nowhere", "demo"]);
    fails(&["pub", "--broker", &url(1), "-c", "1M"], 1, &["1000064 open files"]);

    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let web = url(listener.local_addr().expect("bound").port());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            // It may be closed before it is answered.
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
            std::thread::sleep(Duration::from_millis(200));
        }
    });
    let found = fails(&["conn", "--broker", &web], 4, &["garbage", "is it an MQTT broker?"]);
    assert!(found["partial"].as_str().is_some_and(|why| why.contains("garbage")), "{found}");

    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let silent = url(silent
        .local_addr()
        .map(|address| (silent, address.port()))
        .map(|(kept, port)| {
            // It stays bound, and never answers.
            std::mem::forget(kept);
            port
        })
        .expect("bound"));
    fails(&["conn", "--broker", &silent], 4, &["no answer within 5 s"]);
}

#[test]
fn a_refused_login_is_told_in_one_line() {
    let port = free_port();
    let folder = tempfile::tempdir().expect("a folder");
    let Some(_broker) = mosquitto_with(port, folder.path(), "allow_anonymous false") else { return };
    let url = format!("mqtt://127.0.0.1:{port}");
    for version in ["4", "5"] {
        let found = fails(&["conn", "--broker", &url, "-V", version], 4, &["refused the login", "not authorized"]);
        assert!(found["partial"].is_string(), "{found}");
    }
}

#[test]
fn a_broker_that_dies_leaves_a_partial_report() {
    let port = free_port();
    let Some(mut broker) = mosquitto(port) else { return };
    let url = format!("mqtt://127.0.0.1:{port}");
    let found = std::thread::scope(|scope| {
        let flags = ["pub", "--broker", &url, "-c", "10", "--rate", "100", "--duration", "5m"];
        let load = scope.spawn(move || fails(&flags, 4, &["no connection for 10 s"]));
        std::thread::sleep(Duration::from_secs(3));
        broker.kill();
        load.join().expect("it ends")
    });
    assert!(found["partial"].is_string() && number(&found, "messages/done") > 50.0, "{found}");
    assert!(number(&found, "messages/lost") > 100.0, "{found}");
}
