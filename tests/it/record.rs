//! Recordings: a scenario in virtual time gives what a rehearsal sends, a broker gives what it carries, and what fails
//! leaves nothing that looks like a whole.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output};

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use serde_json::Value;
use zhilian::collect::{Core, Inbound, Settings};
use zhilian::config::run;
use zhilian::model::{Alert, Incident, Item, Report};
use zhilian::score::{Outcome, rehearse};
use zhilian::sim::Scenario;
use zhilian::tape::{Entry, Reader};
use zhilian::wire::{Message, decode};

use crate::tools::{Running, ZHILIAN, free_port, hand_written_report, mosquitto, program, publish};

/// Without thefts: on the suspicion of one a rehearsal asks vehicles for faster reports, which nobody does here.
const SCENARIO: &str = "vehicles = 40\nduration = \"40m\"\nstart = \"2026-06-01T17:50:00+08:00\"\nseed = 11\n\
    [[incident]]\nkind = \"thermal_runaway\"\ncount = 5\nwindow = \"1m..20m\"\n";

fn record(folder: &Path, arguments: &[&str]) -> Output {
    let scenario = folder.join("scenario.toml");
    fs::write(&scenario, SCENARIO).expect("it can be written");
    let mut command = Command::new(ZHILIAN);
    command.args(["record", "--scenario"]).arg(scenario).args(arguments);
    command.current_dir(folder).output().expect("it starts")
}

fn recorded(folder: &Path, arguments: &[&str]) {
    let output = record(folder, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The messages of a tape, and whether it is whole.
fn read(tape: &Path) -> (Vec<Entry<'static>>, bool) {
    let mut reader = Reader::new(File::open(tape).expect("it is there")).expect("it is a tape");
    let entries = reader.by_ref().collect::<Result<Vec<_>, _>>().expect("it is sound");
    (entries, reader.is_whole())
}

/// The reports of a message, those of a backlog as well.
fn reports_of(entry: &Entry<'_>) -> Vec<Report> {
    match decode(entry.topic.as_bytes(), None, &entry.payload) {
        Ok(Message::Report(report)) => vec![report],
        Ok(Message::Batch(batch, _)) => batch.items.into_iter().filter_map(Item::into_report).collect(),
        Ok(_) => Vec::new(),
        Err(why) => panic!("{why}: {entry:?}"),
    }
}

fn rehearsed() -> Outcome {
    let scenario = Scenario::parse(SCENARIO).expect("a sound scenario");
    let begin = scenario.start_time();
    rehearse(run::setting(scenario, begin).expect("a sound setting"), 1, &Settings::default())
}

#[test]
fn a_tape_of_a_scenario_holds_what_a_rehearsal_sends() {
    let folder = tempfile::tempdir().expect("a folder");
    recorded(folder.path(), &["-o", "a.tape", "--truth", "truth.ndjson"]);
    let (entries, whole) = read(&folder.path().join("a.tape"));
    assert!(whole);
    let mut core = Core::new(&Settings::default());
    let mut alerts: Vec<Alert> = Vec::new();
    for entry in &entries {
        let (topic, payload) = (entry.topic.as_bytes(), &entry.payload[..]);
        let content_type = entry.content_type.as_deref();
        core.handle(entry.at, Inbound { topic, content_type, payload, retained: entry.retained });
        while let Some(output) = core.poll() {
            match output {
                zhilian::collect::Output::Alert(alert) => alerts.push(*alert),
                zhilian::collect::Output::Vehicle(_) | zhilian::collect::Output::Command(_) => {}
                zhilian::collect::Output::Rejected(why) => panic!("{why}: {entry:?}"),
            }
        }
    }
    let expected = rehearsed();
    assert_eq!(core.counters(), &expected.counters);
    assert_eq!(alerts, expected.alerts);
    assert!(alerts.len() > 3, "only {} alerts", alerts.len());
    let truth = fs::read_to_string(folder.path().join("truth.ndjson")).expect("it is there");
    let truth: Vec<Incident> = truth.lines().map(|line| serde_json::from_str(line).expect("an incident")).collect();
    assert_eq!(truth, expected.incidents.into_values().collect::<Vec<_>>());

    recorded(folder.path(), &["-o", "b.tape"]);
    let bytes = |name: &str| fs::read(folder.path().join(name)).expect("it is there");
    assert!(bytes("a.tape") == bytes("b.tape"), "the same seed gives another tape");
}

#[test]
fn tables_hold_the_reports_and_the_truth() {
    let folder = tempfile::tempdir().expect("a folder");
    recorded(folder.path(), &["-o", "a.tape"]);
    recorded(folder.path(), &["-o", "a.parquet", "--truth", "truth.parquet"]);
    recorded(folder.path(), &["-o", "a.ndjson"]);
    let open = |name: &str| {
        let file = File::open(folder.path().join(name)).expect("it is there");
        SerializedFileReader::new(file).expect("it is a Parquet file")
    };
    let table = open("a.parquet");
    let names = table.metadata().file_metadata().schema().get_fields().to_vec();
    let column = |name: &str| names.iter().position(|field| field.name() == name).expect("a column");
    let mut rows = table.get_row_iter(None).expect("rows");
    let lines = fs::read_to_string(folder.path().join("a.ndjson")).expect("it is there");
    let mut lines = lines.lines();
    let mut reports = 0;
    for report in read(&folder.path().join("a.tape")).0.iter().flat_map(reports_of) {
        let row = rows.next().expect("a row for each report").expect("a sound row");
        assert_eq!(row.get_string(column("vin")).expect("text"), report.stamp.vin.as_str());
        assert_eq!(row.get_timestamp_millis(column("ts_ms")).expect("a time"), report.stamp.time.0);
        let lat = row.get_double(column("lat_deg")).ok();
        assert_eq!(lat, report.position.map(|position| position.at.lat));
        let cells = row.get_list(column("cells_mv")).ok().map(|cells| cells.elements().len());
        assert_eq!(cells, report.battery.as_ref().map(|battery| battery.cells_mv.len()));
        let line = lines.next().expect("a line for each report");
        let topic = format!("zl/v1/{}/up/report", report.stamp.vin);
        assert_eq!(decode(topic.as_bytes(), None, line.as_bytes()), Ok(Message::Report(report)));
        reports += 1;
    }
    assert!(reports > 1000 && rows.next().is_none() && lines.next().is_none(), "{reports} reports");

    let truth = open("truth.parquet");
    let rows = truth.get_row_iter(None).expect("rows");
    let kinds: Vec<String> = rows.map(|row| row.expect("sound").get_string(2).expect("text").clone()).collect();
    let expected: Vec<String> = rehearsed().incidents.values().map(|i| i.kind.name().to_owned()).collect();
    assert_eq!(kinds, expected);
}

#[test]
fn a_recording_never_replaces_a_file_by_accident_nor_leaves_half_of_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let fails = |arguments: &[&str], code: i32, words: &[&str]| {
        let output = record(folder.path(), arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{arguments:?}: {said}");
        assert!(words.iter().all(|word| said.contains(word)), "{arguments:?} should speak of {words:?}: {said}");
    };
    let files = || {
        let names = fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
        names.retain(|name| name != "scenario.toml");
        names.sort();
        names
    };
    fails(&["-o", "nowhere/a.tape"], 1, &["nowhere/a.tape", "No such file"]);
    fails(&["-o", "."], 2, &["--format"]);
    fails(&["-o", ".", "--format", "tape"], 2, &[".", "directory"]);
    fails(&["-o", "a.parquet", "--truth", "a.parquet"], 2, &["--truth", "a.parquet"]);
    for format in ["tape", "parquet", "ndjson"] {
        fails(&["-o", "/dev/full", "--format", format], 1, &["/dev/full", "space"]);
        assert!(fs::metadata("/dev/full").is_ok_and(|found| !found.is_file()), "a device is not replaced");
    }
    fails(&["-o", "a.parquet", "--truth", "/dev/full"], 1, &["/dev/full", "space"]);
    assert_eq!(files(), ["a.parquet"], "what is whole stays");
    fs::write(folder.path().join("truth.ndjson"), "mine").expect("it can be written");
    fails(&["-o", "b.tape", "--truth", "truth.ndjson"], 2, &["truth.ndjson", "exists", "--force"]);
    fails(&["-o", "truth.ndjson"], 2, &["truth.ndjson", "exists", "--force"]);
    assert_eq!(fs::read_to_string(folder.path().join("truth.ndjson")).expect("it is there"), "mine");
    assert_eq!(files(), ["a.parquet", "truth.ndjson"], "what was refused leaves nothing behind");
    recorded(folder.path(), &["-o", "b.tape", "--truth", "truth.ndjson", "--force"]);
    assert_ne!(fs::read_to_string(folder.path().join("truth.ndjson")).expect("it is there"), "mine");
}

#[test]
fn a_tape_of_a_broker_holds_every_message_as_it_came() {
    let port = free_port();
    let (Some(client), Some(_broker)) = (program("mosquitto_pub"), mosquitto(port)) else { return };
    let vin = "LZLEMTA20T0000077";
    let topic = |channel: &str| format!("zl/v1/{vin}/up/{channel}");
    let mut report: Value = hand_written_report(vin);
    publish(&client, port, &topic("state"), b"{\"kept\": true}", &["-r"]);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("live.tape");
    let url = format!("mqtt://127.0.0.1:{port}");
    let out = path.to_str().expect("a plain path");
    let start = |more: &[&str]| {
        let fixed = ["record", "--json", "--broker", &url, "-o", out, "--limit", "4"];
        let running = Running::start(ZHILIAN, &[&fixed, more].concat());
        running.object("started", 20);
        running
    };
    let mut running = start(&[]);
    publish(&client, port, &topic("report"), report.to_string().as_bytes(), &["-D", "publish", "content-type", "a/b"]);
    publish(&client, port, &topic("song"), b"\xff\x00 no text", &[]);
    crate::tools::wait_for("the tape to be safe", 10, || (read(&path).0.len() == 3).then_some(()));
    // A power cut: what was said a second ago is there, and the tape says that it is not whole.
    running.kill();
    let (entries, whole) = read(&path);
    assert!(!whole);
    assert_eq!((entries[0].retained, &entries[0].payload[..]), (true, &b"{\"kept\": true}"[..]));
    assert_eq!(entries[1].topic, topic("report"));
    assert_eq!(entries[1].content_type.as_deref(), Some("a/b"));
    assert_eq!(&entries[1].payload[..], report.to_string().as_bytes());
    assert_eq!((&entries[2].topic[..], &entries[2].payload[..]), (&topic("song")[..], &b"\xff\x00 no text"[..]));

    let mut running = start(&["--force"]);
    for seq in 2..5 {
        report["seq"] = seq.into();
        publish(&client, port, &topic("report"), report.to_string().as_bytes(), &[]);
    }
    let summary = running.object("summary", 20);
    assert!(running.wait(10).success());
    assert_eq!(summary["messages"], 4, "{summary}");
    let (entries, whole) = read(&path);
    assert_eq!((entries.len(), whole), (4, true), "the retained message and three reports");
}
