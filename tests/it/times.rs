//! Virtual time and wall time: the same scenario gives the same alerts in memory and through a real broker.

use std::collections::BTreeSet;

use zhilian::collect::Settings;
use zhilian::config::run;
use zhilian::score::rehearse;
use zhilian::sim::Scenario;

use crate::tools::{Running, ZHILIAN, collector, epoch, free_port, mosquitto};

const SCENARIO: &str = "vehicles = 40\nduration = \"6m\"\nseed = 11\nstart = \"2026-06-01T17:50:00+08:00\"\n\
    [report]\nriding = \"5s\"\nparked = \"20s\"\n\
    [[incident]]\nkind = \"tow\"\ncount = 3\nwindow = \"1m..3m\"\n\
    [[incident]]\nkind = \"thermal_runaway\"\ncount = 2\nwindow = \"1m..3m\"\n";

#[test]
fn a_real_broker_gives_the_same_alerts_as_virtual_time() {
    let port = free_port();
    let Some(_broker) = mosquitto(port) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = folder.path().join("mixed.toml");
    std::fs::write(&scenario, SCENARIO).expect("it can be written");
    let url = format!("mqtt://127.0.0.1:{port}");

    let begin = epoch();
    let time = ["--speed", "30", "--epoch", &begin.to_string()];
    // The collector deals its work out, which must change nothing either.
    let config = folder.path().join("three.toml");
    std::fs::write(&config, "[collect]\nshards = 3\n").expect("it can be written");
    let dealt = ["--config", config.to_str().expect("a plain path")];
    let (mut collecting, _) = collector(&url, &folder.path().join("store.db"), &[&dealt[..], &time[..]].concat());
    let scenario = scenario.to_str().expect("a plain path");
    let fixed = ["simulate", "--json", "--broker", &url, "--scenario", scenario];
    let mut fleet = Running::start(ZHILIAN, &[&fixed[..], &time[..]].concat());
    let sent = fleet.object("summary", 60);
    assert!(fleet.wait(20).success());
    collecting.terminate();
    let said = collecting.objects_until("summary", 20);
    assert!(collecting.wait(20).success());

    let received = said.last().expect("the summary");
    assert_eq!(received["reports_received"], sent["reports_sent"], "{received} {sent}");
    assert_eq!((&received["lost"], &sent["dropped"]), (&0.into(), &0.into()));
    let state_and_id =
        |object: &serde_json::Value| Some((object["state"].clone().to_string(), object["id"].as_str()?.to_owned()));
    let through_broker: BTreeSet<_> =
        said.iter().filter(|object| object["type"] == "alert").filter_map(state_and_id).collect();

    let setting = run::setting(Scenario::parse(SCENARIO).expect("sound"), begin).expect("sound");
    let outcome = rehearse(setting, 1, &Settings::default());
    let in_memory: BTreeSet<_> = outcome
        .alerts
        .iter()
        .filter_map(|alert| state_and_id(&serde_json::to_value(alert).expect("plain data")))
        .collect();
    assert_eq!(in_memory.len(), 5, "{in_memory:?}");
    assert_eq!(through_broker, in_memory);
}

#[test]
fn the_number_of_shards_changes_no_alert() {
    let alerts = |shards| {
        let begin = zhilian::base::Timestamp(1_780_000_000_000);
        let setting = run::setting(Scenario::parse(SCENARIO).expect("sound"), begin).expect("sound");
        rehearse(setting, shards, &Settings::default()).alerts
    };
    assert_eq!(alerts(1), alerts(4));
}
