//! `zhilian score` as a user meets it: one object, exit codes, sweeps, and the files of others.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::tools::ZHILIAN;

const SCENARIO: &str = "vehicles = 40\nduration = \"1h\"\nstart = \"2026-06-01T17:50:00+08:00\"\n\
    [report]\nriding = \"5s\"\nparked = \"60s\"\n\
    [[incident]]\nkind = \"tow\"\ncount = 3\nwindow = \"5m..20m\"\n\
    [[incident]]\nkind = \"thermal_runaway\"\ncount = 2\nwindow = \"5m..20m\"\n\
    [[incident]]\nkind = \"owner_van\"\ncount = 2\nwindow = \"5m..20m\"\n";

fn score(arguments: &[&str]) -> Output {
    Command::new(ZHILIAN).arg("score").args(arguments).output().expect("it starts")
}

/// Scores the scenario above; the object it prints, which must be all.
fn scored(folder: &Path, more: &[&str]) -> Value {
    let scenario = folder.join("mixed.toml");
    std::fs::write(&scenario, SCENARIO).expect("it can be written");
    let fixed = ["--json", "--scenario", scenario.to_str().expect("a plain path")];
    let output = score(&[&fixed, more].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

#[test]
fn a_run_is_scored_as_one_object() {
    let folder = tempfile::tempdir().expect("a folder");
    let object = scored(folder.path(), &["--seed", "5"]);
    assert_eq!((&object["seed"], &object["vehicles"]), (&json!(5), &json!(40)));
    let days = object["vehicle_days"].as_f64().expect("vehicle-days");
    assert!((days - 40.0 / 24.0).abs() < 1e-9, "{days}");
    let rate = object["reports"].as_f64().zip(object["wall_s"].as_f64()).map(|(reports, wall_s)| reports / wall_s);
    let said = object["reports_per_s"].as_f64().expect("a rate");
    assert!(rate.is_some_and(|rate| (said / rate - 1.0).abs() < 1e-6), "{object}");
    let tow = &object["kinds"]["tow"];
    assert_eq!((&tow["incidents"], &tow["detected"], &tow["recall"]), (&json!(3), &json!(3), &json!(1.0)));
    let delays = ["p50", "p95", "max"].map(|key| tow["delay_s"][key].as_f64().expect("a delay"));
    assert!(0.0 < delays[0] && delays.is_sorted() && delays[2] < 600.0, "{delays:?}");
    assert_eq!(object["kinds"]["thermal_runaway"]["detected"], 2);
    assert_eq!(object["benign"]["owner_van"]["episodes"], 2);
    let sum =
        |rule: &str, keys: &[&str]| keys.iter().filter_map(|key| object["alerts"][rule][key].as_u64()).sum::<u64>();
    for rule in ["theft.tow", "battery.thermal_runaway", "theft.jam"] {
        assert_eq!(sum(rule, &["raised"]), sum(rule, &["true", "false"]), "{rule}");
    }
    assert!(sum("theft.tow", &["true"]) >= 3, "{}", object["alerts"]);
    let named: u64 = object["confusion"]["tow"].as_object().expect("names").values().filter_map(Value::as_u64).sum();
    assert_eq!(named, 3);
    for level in ["theft_suspected", "theft_confirmed", "battery_level1", "battery_level3"] {
        let count = object["false"][level].as_f64().expect("a count");
        let rate = object["false_per_1000_vehicle_days"][level].as_f64().expect("a rate");
        assert!((rate - count * 1000.0 / days).abs() < 1e-6, "{level}: {count} and {rate}");
    }
    assert_eq!(object["auroc_battery"], 1.0, "both runaways are told and no other battery");
}

#[test]
fn both_formats_give_the_same_numbers_and_mistakes() {
    let folder = tempfile::tempdir().expect("a folder");
    let [compact, protobuf, json] = [&[][..], &["--format", "protobuf"], &["--format", "json"]].map(|format| {
        let mistakes = folder.path().join("mistakes.ndjson");
        let fixed = ["--seed", "7", "--force", "--mistakes", mistakes.to_str().expect("a plain path")];
        let mut object = scored(folder.path(), &[&fixed, format].concat());
        for timed in ["wall_s", "reports_per_s"] {
            object[timed] = Value::Null;
        }
        (object, std::fs::read_to_string(mistakes).expect("a file"))
    });
    assert!(json.0["reports"].as_u64() > Some(1000), "{}", json.0);
    assert_eq!(compact, json);
    assert_eq!(protobuf, json);
    let output = score(&["--scenario", "theft", "--format", "xml"]);
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_same_seed_gives_the_same_numbers() {
    let folder = tempfile::tempdir().expect("a folder");
    let sweep = scored(folder.path(), &["--seeds", "4..6", "--vehicles", "30", "--jobs", "2"]);
    assert_eq!(sweep["seeds"], json!([4, 5, 6]));
    let mut alone = scored(folder.path(), &["--seed", "5", "--vehicles", "30"]);
    let mut within = sweep["per_seed"][1].clone();
    for timed in ["wall_s", "reports_per_s"] {
        alone[timed].take();
        within[timed].take();
    }
    assert_eq!(alone, within);
    let reports = [0, 1, 2].map(|index| sweep["per_seed"][index]["reports"].as_f64().expect("reports"));
    let mean = sweep["mean"]["reports"].as_f64().expect("a mean");
    assert!((mean - reports.iter().sum::<f64>() / 3.0).abs() < 1e-6, "{mean} {reports:?}");
    assert!(sweep["ci95"]["reports"].as_f64().is_some_and(|margin| margin > 0.0));
    assert!(sweep["worst"]["kinds.tow.recall"]["value"].is_number());
}

#[test]
fn conditions_decide_the_exit_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = folder.path().join("short.toml");
    let text = "vehicles = 5\nduration = \"20m\"\n[[incident]]\nkind = \"tow\"\nwindow = \"1m..2m\"\n";
    std::fs::write(&scenario, text).expect("it can be written");
    let run = |conditions: &[&str]| {
        let given = conditions.iter().flat_map(|condition| ["--fail-if", condition]);
        let fixed = ["--json", "--scenario", scenario.to_str().expect("a plain path")];
        let output = score(&fixed.into_iter().chain(given).collect::<Vec<_>>());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code().expect("it ends by itself"), said, output.stdout.is_empty())
    };
    assert_eq!(run(&["vehicles>5", "recall.tow>1"]).0, 0);
    let (code, said, silent) = run(&["vehicles>5", "vehicles>=5", "kinds.tow.incidents=1"]);
    assert_eq!((code, silent), (3, false), "{said}");
    assert!(
        said.contains("vehicles>=5") && said.contains("kinds.tow.incidents") && !said.contains("vehicles>5"),
        "{said}"
    );
    for (condition, word) in [("recall.levitate<1", "recall.KIND"), ("nonsense>1", "theft_confirmed_false")] {
        let (code, said, silent) = run(&[condition]);
        assert_eq!((code, silent), (2, true), "{condition}: nothing runs in vain");
        assert!(said.contains(word) && said.trim_end().lines().count() == 1, "{said}");
    }
    let (code, said, _) = run(&["recall.jam<0.5"]);
    assert_eq!(code, 2, "what was not measured passes no gate");
    assert!(said.contains("kinds.jam.recall"), "{said}");
    assert_eq!(run(&["recall.tow"]).0, 2);
    assert_eq!(score(&[]).status.code(), Some(2));
    assert_eq!(score(&["--scenario", "demo", "--seeds", "5..4"]).status.code(), Some(2));
}

fn vin(number: u32) -> String {
    format!("LZLEMTA20T{number:07}")
}

/// Writes lines to a file in a folder; the answer is its path.
fn write(folder: &Path, name: &str, lines: &[Value]) -> String {
    let path = folder.join(name);
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    std::fs::write(&path, lines.join("\n") + "\n\n").expect("it can be written");
    path.to_str().expect("a plain path").to_owned()
}

/// A truth and alerts as others write them.
fn foreign(folder: &Path) -> (String, String) {
    let truth = write(
        folder,
        "truth.ndjson",
        &[
            json!({ "id": 0, "vin": vin(1), "kind": "tow", "start_ms": 1_000_000, "end_ms": null }),
            json!({ "id": 0, "vin": vin(1), "kind": "tow", "start_ms": 1_000_000, "end_ms": 1_200_000, "new": 1 }),
            json!({ "id": 1, "vin": vin(2), "kind": "jam", "start_ms": 1_000_000, "moved_ms": 1_030_000, "end_ms": 1_200_000 }),
            json!({ "id": 2, "vin": vin(3), "kind": "weak_cell", "start_ms": 1_000_000, "end_ms": 2_000_000, "severity": 2 }),
            json!({ "id": 3, "vin": vin(4), "kind": "ferry", "start_ms": 1_000_000, "end_ms": 2_000_000, "severity": 0 }),
        ],
    );
    let alerts = write(
        folder,
        "alerts.ndjson",
        &[
            json!({ "type": "listening", "mqtt": "mqtt://x" }),
            json!({ "type": "alert", "id": "a", "vin": vin(1), "rule": "theft.strip", "level": 1, "state": "raised", "at_ms": 1_010_000 }),
            json!({ "type": "alert", "id": "a", "vin": vin(1), "rule": "theft.tow", "level": 3, "state": "raised", "at_ms": 1_020_000 }),
            json!({ "vin": vin(2), "rule": "theft.ride_away", "level": 2, "at_ms": 1_070_000 }),
            json!({ "vin": vin(4), "rule": "theft.tow", "level": 2, "at_ms": 1_070_000 }),
            json!({ "vin": vin(5), "rule": "battery.weak_cell", "level": 1, "at_ms": 1_070_000 }),
        ],
    );
    (truth, alerts)
}

#[test]
fn the_files_of_others_are_scored() {
    let folder = tempfile::tempdir().expect("a folder");
    let (truth, alerts) = foreign(folder.path());
    let run = |more: &[&str]| {
        let output = score(&[&["--json", "--truth", &truth, "--alerts", &alerts], more].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).expect("one JSON object")
    };
    let object = run(&["--vehicles", "100", "--duration", "5d"]);
    let delay = |kind: &str| object["kinds"][kind]["delay_s"]["p50"].as_f64();
    assert_eq!((delay("tow"), delay("jam"), delay("weak_cell")), (Some(20.0), Some(40.0), None));
    assert_eq!(object["kinds"]["weak_cell"]["shown"]["incidents"], 1);
    assert_eq!(object["confusion"]["jam"], json!({ "ride_away": 1 }));
    assert_eq!((&object["right_kind"]["theft"], &object["right_kind"]["battery"]), (&json!(0.5), &json!(null)));
    let wrong = json!({ "theft_suspected": 1, "theft_probable": 1, "theft_confirmed": 0,
        "battery_level1": 1, "battery_level2": 0, "battery_level3": 0 });
    assert_eq!(object["false"], wrong);
    assert_eq!(object["false_per_1000_vehicle_days"]["theft_probable"], 2.0);
    assert_eq!(object["benign"]["ferry"], json!({ "episodes": 1, "alerted": 1, "level2": 1, "level3": 0 }));
    // The faulty one has no alert, one of the 99 sound ones has.
    let area = object["auroc_battery"].as_f64().expect("an area");
    assert!((area - 98.0 / 2.0 / 99.0).abs() < 1e-9, "{area}");
    assert!(run(&[])["false_per_1000_vehicle_days"]["theft_probable"].is_null(), "nobody said how many vehicles");

    let broken = write(
        folder.path(),
        "broken.ndjson",
        &[json!({ "vin": vin(1), "rule": "theft.tow", "at_ms": 1 }), json!({ "vin": 3 })],
    );
    let output = score(&["--truth", &truth, "--alerts", &broken]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains(&format!("{broken}:2: ")) && said.contains("rule"), "{said}");
    assert_eq!(score(&["--truth", &truth]).status.code(), Some(2));
}

#[test]
fn mistakes_are_written_case_by_case() {
    let folder = tempfile::tempdir().expect("a folder");
    let (truth, alerts) = foreign(folder.path());
    let file = folder.path().join("mistakes.ndjson");
    let mistakes = ["--mistakes", file.to_str().expect("a plain path")];
    let run = |more: &[&str]| score(&[&["--truth", &truth, "--alerts", &alerts], &mistakes[..], more].concat());
    assert!(run(&[]).status.success());
    let text = std::fs::read_to_string(&file).expect("it was written");
    let found: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let named = |line: &Value| (line["mistake"].clone(), line["vin"].clone());
    let expected = [("misnamed", 2), ("missed", 3), ("false", 4), ("false", 5)]
        .map(|(word, number)| (json!(word), json!(vin(number))));
    assert_eq!(found.iter().map(named).collect::<Vec<_>>(), expected, "{text}");
    assert_eq!((&found[1]["kind"], &found[2]["befell"][0]["kind"]), (&json!("weak_cell"), &json!("ferry")));
    assert_eq!(run(&[]).status.code(), Some(2), "it is not written over");
    assert!(run(&["--force"]).status.success());
}

#[test]
fn people_get_a_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = folder.path().join("mixed.toml");
    std::fs::write(&scenario, SCENARIO).expect("it can be written");
    let scenario = scenario.to_str().expect("a plain path");
    let table = |more: &[&str]| {
        let output = score(&[&["--scenario", scenario], more].concat());
        assert!(output.status.success());
        String::from_utf8(output.stdout).expect("text")
    };
    let one = table(&["--seed", "5"]);
    let row =
        |word: &str| one.lines().find(|line| line.starts_with(word)).unwrap_or_else(|| panic!("no {word} in {one}"));
    assert!(row("tow ").contains("3 of 3") && row("tow ").contains("100.0 %"), "{one}");
    assert!(row("owner_van").contains('2') && row("theft confirmed").contains('0'), "{one}");
    let several = table(&["--seeds", "5..6"]);
    assert!(several.contains("seeds 5 to 6") && several.contains("kinds.tow.recall"), "{several}");
}
