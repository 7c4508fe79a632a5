//! Several processes that make one load, and one report.

use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::tools::{ZHILIAN, bench_report, free_port, mosquitto, number, wait_for};

fn is(report: &Value, path: &str, expected: f64) {
    assert!((number(report, path) - expected).abs() < 0.5, "{path} is not {expected}: {report}");
}

#[test]
fn two_agents_make_the_report_of_one() {
    let port = free_port();
    let Some(_broker) = mosquitto(port) else { return };
    let url = format!("mqtt://127.0.0.1:{port}");
    let flags = ["pub", "--broker", &url, "-c", "200", "--rate", "500", "-L", "1000", "--listen", "1"];
    let (report, output) = bench_report(&[&flags[..], &["--agents", "2", "--ifaddr", "127.0.0.1,127.0.0.2"]].concat());
    let stderr = String::from_utf8_lossy(&output.stderr);
    // On a machine with other work it may be late, and then says so.
    assert!(matches!(output.status.code(), Some(0 | 5)), "{stderr}");
    for (path, expected) in [
        ("messages/done", 1000.0),
        ("messages/lost", 0.0),
        ("latency_ms/count", 1000.0),
        ("connections/succeeded", 201.0),
        ("connections/most", 201.0),
        ("received/distinct", 1000.0),
        ("received/duplicates", 0.0),
        ("plan/agents", 2.0),
    ] {
        is(&report, path, expected);
    }
    // Those at the edges of the measured time, which each agent has by its own watch, may be left out.
    assert!((950.0..=1000.0).contains(&number(&report, "end_to_end_ms/count")), "{report}");
    assert!(number(&report, "latency_ms/p50") <= number(&report, "latency_ms/max"), "{report}");
    assert!(stderr.contains("s connected total=201") && stderr.contains("s publish_latency count="), "{stderr}");
}

#[test]
fn agents_share_a_fleet_as_threads_do() {
    let port = free_port();
    let Some(_broker) = mosquitto(port) else { return };
    let url = format!("mqtt://127.0.0.1:{port}");
    let flags = ["fleet", "--broker", &url, "-c", "60", "--seed", "3", "--speed", "20", "--duration", "3s"];
    let run = |more: &[&str]| {
        let (report, output) = bench_report(&[&flags[..], more].concat());
        // On a machine with other work it may be late, and then says so.
        assert!(matches!(output.status.code(), Some(0 | 5)), "{}", String::from_utf8_lossy(&output.stderr));
        report
    };
    let one = number(&run(&[]), "messages/offered");
    for more in [&["--agents", "3"][..], &["--agents", "2", "--threads", "2", "--gateways", "5"]] {
        let offered = number(&run(more), "messages/offered");
        assert!((offered - one).abs() <= 0.05 * one, "{more:?}: {one} and {offered}");
    }
}

#[test]
fn what_stops_an_agent_stops_the_load_in_one_line() {
    let port = free_port();
    let Some(_broker) = mosquitto(port) else { return };
    let url = format!("mqtt://127.0.0.1:{port}");
    for (flags, code, word) in [
        (&["pub", "--broker", &url, "-c", "2", "--agents", "3"][..], 2, "3 agents need as many connections"),
        (&["knee", "--broker", &url, "--agents", "2"], 2, "--agents"),
        (
            &[
                "conn",
                "--broker",
                &url,
                "-c",
                "90k",
                "--agents",
                "2",
                "--ifaddr",
                "127.0.0.1,127.0.0.2,127.0.0.3,127.0.0.4",
            ],
            1,
            "open files",
        ),
        (&["pub", "--broker", "mqtt://127.0.0.1:1", "-c", "9", "--agents", "2"], 4, "cannot reach"),
    ] {
        let (report, output) = bench_report(flags);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{flags:?}: {stderr}");
        assert!(report.is_null() && stderr.lines().count() == 1 && stderr.contains(word), "{flags:?}: {stderr}");
    }
}

/// The processes of a load that are still there.
fn agents_of(url: &str) -> Vec<u32> {
    let all = std::fs::read_dir("/proc").expect("Linux").flatten();
    let number = |entry: std::fs::DirEntry| entry.file_name().to_str()?.parse::<u32>().ok();
    all.filter_map(number)
        .filter(|pid| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            line.contains(url) && line.contains("--part=")
        })
        .collect()
}

#[test]
fn no_agent_outlives_the_process_that_leads_it() {
    let port = free_port();
    let Some(_broker) = mosquitto(port) else { return };
    let url = format!("mqtt://127.0.0.1:{port}");
    let flags = ["bench", "pub", "--broker", &url, "-c", "20", "--rate", "50", "--duration", "5m", "--agents", "2"];
    let start = || {
        let mut command = Command::new(ZHILIAN);
        command.args(flags).arg("--json").stdout(Stdio::piped()).stderr(Stdio::null());
        let child = command.spawn().expect("it starts");
        wait_for("two agents", 20, || (agents_of(&url).len() == 2).then_some(()));
        sleep(Duration::from_secs(2));
        child
    };
    let mut killed = start();
    killed.kill().expect("it can be killed");
    killed.wait().expect("it ends");
    wait_for("the agents to end", 20, || agents_of(&url).is_empty().then_some(()));

    // Asked to end, it says what was measured.
    let stopped = start();
    let kill = Command::new("kill").args(["-INT", &stopped.id().to_string()]).status();
    assert!(kill.is_ok_and(|status| status.success()));
    let output = stopped.wait_with_output().expect("it ends");
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    assert!(matches!(output.status.code(), Some(0 | 5)) && number(&report, "messages/done") > 20.0, "{report}");
    assert!(report["partial"].as_str().is_some_and(|why| why.contains("stopped")), "{report}");

    // When one of them dies, so does the load.
    let orphaned = start();
    let victim = agents_of(&url)[0];
    let kill = Command::new("kill").args(["-KILL", &victim.to_string()]).status();
    assert!(kill.is_ok_and(|status| status.success()));
    let output = orphaned.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(1));
    wait_for("the agents to end", 20, || agents_of(&url).is_empty().then_some(()));
}
