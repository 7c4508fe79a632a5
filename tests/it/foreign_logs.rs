//! Logs of others: what a map makes of them, what is left out and said, and what the detectors see of it again.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use zhilian::base::{Clock, Timestamp};
use zhilian::model::{Chemistry, Fix, Mode, Report};
use zhilian::tape::import::{Log, LogMap, Summary};
use zhilian::tape::{Entry, Header, Reader, Writer};
use zhilian::wire::{Message, decode};

use crate::tools::{Running, ZHILIAN, free_port, mosquitto, program, recording};

/// Two bikes of a rental company, as its back office writes them.
const RENTAL: &str = "\u{feff}export of 2026-06-02;;;;;;;;\r\n\
    bike;date;time;state;lat;lon;km/h;U1;U2\r\n\
    0712;01.06.2026;08:00:00;in use;29,5600;106,5700;18,0;3,291;3,290\r\n\
    0711;01.06.2026;07:59:58;locked;29,5700;106,5800;0;3,301;3,300\r\n\
    0712;01.06.2026;08:00:10;in use;-;-;n/a;3,290;3,289\r\n\
    0712;01.06.2026;08:00:20;in use;29,5610;106,5700;fast;3,290;3,289\r\n\
    0712;01.06.2026;08:00:30;flying;29,5610;106,5700;18,0;3,290;3,289\r\n\
    0712;01.06.2026;8 o'clock;in use;29,5610;106,5700;18,0;3,290;3,289\r\n\
    ;01.06.2026;08:00:40;in use;29,5610;106,5700;18,0;3,290;3,289\r\n\
    0712;01.06.2026;08:00:50;in use;29,5610\r\n\
    0712;01.06.2026;08:01:00;in use;129,5610;106,5700;18,0;3,290;3,289\r\n\
    0712;01.06.2026;08:01:10;charging;29,5620;106,5700;0,0;3,400;\r\n";

const RENTAL_MAP: &str = "format = \"csv\"\n\
    mode = { column = \"state\", words = { \"in use\" = \"riding\", locked = \"parked\" } }\n\
    locked = { column = \"state\", words = { \"in use\" = \"false\", locked = \"true\", charging = \"false\" } }\n\
    [csv]\ndelimiter = \";\"\ndecimal = \",\"\nskip_lines = 1\n\
    [vehicle]\ncolumn = \"bike\"\nprefix = \"RENT\"\n\
    [time]\ncolumn = [\"date\", \"time\"]\nformat = \"%d.%m.%Y %H:%M:%S\"\nutc_offset = \"+08:00\"\n\
    [position]\nlat_deg = { column = \"lat\", missing = [\"-\"] }\nlon_deg = { column = \"lon\", missing = [\"-\"] }\n\
    speed_mps = { column = \"km/h\", unit = \"km/h\", missing = [\"n/a\"], otherwise = 0 }\n\
    [battery]\nchemistry = { value = \"lfp\" }\ncells_mv = { column = \"U{n}\", unit = \"V\" }\n";

fn parsed(map: &str) -> LogMap {
    toml::from_str(map).unwrap_or_else(|error| panic!("{error}"))
}

fn imported(map: &str, strict: bool, log: &str) -> Result<(Vec<Report>, Summary), String> {
    let mut logs = Log::new(parsed(map), strict)?;
    logs.read("rental.csv", log.as_bytes())?;
    Ok(logs.finish())
}

#[test]
fn a_table_becomes_reports_in_the_order_of_their_times() {
    let (reports, summary) = imported(RENTAL_MAP, false, RENTAL).expect("it can be read");
    let told: Vec<_> = reports.iter().map(|r| (r.stamp.vin.as_str().to_owned(), r.stamp.seq, r.stamp.time)).collect();
    let time = |text: &str| Timestamp::parse(text).expect("a time");
    let (one, other) = ("RENT0000000000711".to_owned(), "RENT0000000000712".to_owned());
    assert_eq!(
        told,
        [
            (one, 1, time("2026-06-01T07:59:58+08:00")),
            (other.clone(), 1, time("2026-06-01T08:00:00+08:00")),
            (other.clone(), 2, time("2026-06-01T08:00:10+08:00")),
            (other, 3, time("2026-06-01T08:01:10+08:00")),
        ]
    );
    assert_eq!((reports[0].mode, reports[0].locked), (Mode::Parked, true));
    assert_eq!((reports[1].mode, reports[1].locked), (Mode::Riding, false));
    assert_eq!(reports[3].mode, Mode::Charging, "the word itself needs no translation");
    let fix = reports[1].position.expect("a fix");
    assert_eq!((fix.at.lat, fix.at.lon, fix.speed.0, fix.fix), (29.56, 106.57, 5.0, Fix::TwoD));
    assert!((reports[1].motion.wheel.0 - 5.0).abs() < 1e-9, "the wheel turns as fast as it moves");
    assert_eq!(reports[2].position, None);
    let battery = reports[1].battery.as_ref().expect("a battery");
    assert_eq!(
        (&battery.cells_mv[..], battery.voltage.0, battery.chemistry),
        (&[3291, 3290][..], 6.581, Chemistry::Lfp)
    );
    assert_eq!(battery.pack.as_str(), "RENT0000000000712");
    assert_eq!(reports[3].battery, None, "a cell that was not measured is not invented");
    assert_eq!((summary.rows, summary.reports, summary.vehicles), (10, 4, 2));
    assert_eq!((summary.without_position, summary.without_battery), (1, 1));
    let skipped: Vec<_> =
        summary.skipped.iter().map(|(name, skipped)| (*name, skipped.lines, &*skipped.first)).collect();
    let expected = [
        ("number", "rental.csv:6: position.speed_mps", "\"fast\""),
        ("range", "rental.csv:11: position", "wire.md"),
        ("row", "rental.csv:10: 5 cells", "9"),
        ("time", "rental.csv:8: ", "8 o'clock"),
        ("vehicle", "rental.csv:9: ", "vehicle"),
        ("word", "rental.csv:7: mode", "\"flying\""),
    ];
    assert_eq!(skipped.len(), expected.len(), "{skipped:?}");
    for ((name, lines, first), (expected, begin, word)) in skipped.into_iter().zip(expected) {
        assert_eq!((name, lines), (expected, 1));
        assert!(first.starts_with(begin) && first.contains(word), "{first}");
    }
    assert!(summary.assumed.contains("position.hdop 1"), "{:?}", summary.assumed);
    let strict = imported(RENTAL_MAP, true, RENTAL).expect_err("a line is wrong");
    assert!(strict.starts_with("rental.csv:6: position.speed_mps"), "{strict}");
}

#[test]
fn what_is_wrong_with_a_map_is_said() {
    for (from, to, words) in [
        ("\"lat\"", "\"latitude\"", ["position.lat_deg: no column \"latitude\"", "bike, date, time"]),
        ("U{n}", "V{n}", ["battery.cells_mv", "\"V{n}\""]),
        ("column = \"km/h\"", "column = [\"lat\", \"lon\"]", ["position.speed_mps", "one column"]),
        ("unit = \"V\"", "unit = \"A\"", ["battery.cells_mv", "V, mV"]),
        ("\"riding\"", "\"flying\"", ["mode", "parked, riding or charging"]),
        ("{ value = \"lfp\" }", "{ value = \"gold\" }", ["battery.chemistry", "lfp"]),
        ("column = \"bike\"", "vin = \"bike\"\ncolumn = \"bike\"", ["vehicle", "one of"]),
        ("column = \"bike\"", "column = \"lat\"", ["vehicle", "would both be"]),
        ("utc_offset = \"+08:00\"", "", ["time.utc_offset", "+08:00"]),
        ("chemistry = { value = \"lfp\" }", "", ["battery.chemistry", "missing"]),
    ] {
        assert!(RENTAL_MAP.contains(from), "{from}");
        // Without the rows that are left out in any case.
        let log = RENTAL.replace("29,5620", "-2.9562");
        let log = if to == "column = \"lat\"" {
            log.replace("29,5600", "29.5620").replace("29,5700", "29,56-20")
        } else {
            log
        };
        let said = imported(&RENTAL_MAP.replace(from, to), false, &log).expect_err(to);
        assert!(words.iter().all(|word| said.contains(word)), "{to}: {said}");
    }
    for (from, to, words) in [
        ("[csv]", "[cvs]", ["unknown field `cvs`", "`csv`"]),
        ("lon_deg", "lng_deg", ["unknown field `lng_deg`", "`lon_deg`"]),
        ("unit = \"V\"", "units = \"V\"", ["unknown field `units`", "`unit`"]),
        ("value = \"lfp\"", "words = { lfp = \"lfp\" }", ["column", "value"]),
        ("\"csv\"", "\"xlsx\"", ["unknown variant `xlsx`", "`nmea`"]),
    ] {
        let map = RENTAL_MAP.replace(from, to);
        let said = toml::from_str::<LogMap>(&map).expect_err(to).to_string();
        assert!(words.iter().all(|word| said.contains(word)), "{to}: {said}");
    }
    let gbk = b"bike;date;time;state;lat;lon;km/h;U1;U2\n\xc9\xfd;1;1;1;1;1;1;1;1\n";
    let mut log = Log::new(parsed(&RENTAL_MAP.replace("skip_lines = 1", "")), true).expect("a sound map");
    let said = log.read("a.csv", &gbk[..]).expect_err("it is no text");
    assert!(said.contains("a.csv:2: ") && said.contains("UTF-8"), "{said}");
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/maps").join(name)
}

/// Imports files after an example.
fn import(map: &str, files: &[PathBuf], out: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(ZHILIAN);
    command.args(["import", "--json", "--map"]).arg(example(map)).args(files).arg("-o").arg(out).args(more);
    command.output().expect("it starts")
}

/// The one JSON object that a command prints.
fn summary(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The reports of a tape.
fn reports(tape: &Path) -> Vec<Report> {
    let mut reader = Reader::new(File::open(tape).expect("it is there")).expect("it is a tape");
    let read = reader.by_ref().map(|entry| {
        let entry = entry.expect("it is sound");
        match decode(entry.topic.as_bytes(), entry.content_type.as_deref(), &entry.payload) {
            Ok(Message::Report(report)) if report.stamp.time == entry.at => report,
            other => panic!("{other:?}"),
        }
    });
    let reports = read.collect();
    assert!(reader.is_whole());
    reports
}

/// What the detectors see in tapes: the last object is the summary.
fn replay(tapes: &[&Path]) -> Vec<Value> {
    let output = Command::new(ZHILIAN).args(["replay", "--detect", "--json"]).args(tapes).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn an_import_writes_a_whole_tape_or_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let write = |name: &str, text: &str| fs::write(at(name), text).expect("it can be written");
    write("map.toml", RENTAL_MAP);
    write("rental.csv", RENTAL);
    write("broken.toml", "format = \"csv\"\n[vehicle]\nfiles = true\n");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(ZHILIAN);
        command.current_dir(folder.path()).stdin(Stdio::null()).args(arguments).output().expect("it starts")
    };
    let fails = |arguments: &[&str], words: &[&str]| {
        let output = run(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), said.trim_end().lines().count()), (Some(2), 1), "{arguments:?}: {said}");
        assert!(words.iter().all(|word| said.contains(word)), "{arguments:?} should speak of {words:?}: {said}");
        assert!(!at("a.tape").exists() && !at("a.tape.part").exists(), "{arguments:?} leaves something behind");
    };
    fails(&["import", "--map", "broken.toml", "rental.csv", "-o", "a.tape"], &["broken.toml:3", "did you mean `file`"]);
    fails(&["import", "--map", "none.toml", "rental.csv", "-o", "a.tape"], &["none.toml"]);
    fails(&["import", "--map", "map.toml", "none.csv", "-o", "a.tape"], &["none.csv"]);
    fails(&["import", "--map", "map.toml", "rental.csv", "-o", "a.txt"], &["a.txt", ".tape"]);
    fails(&["import", "--map", "map.toml", "rental.csv", "-o", "a.tape", "--strict"], &["rental.csv:6", "speed_mps"]);
    fails(&["import", "--map", "map.toml", "-", "-o", "a.tape"], &["-: ", "empty"]);
    let done = run(&["import", "--map", "map.toml", "rental.csv", "-o", "a.tape"]);
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(said.contains("a.tape: 4 reports of 2 vehicles") && said.contains("left out (time): 1 lines"), "{said}");
    assert_eq!(reports(&at("a.tape")).len(), 4);
    let again = run(&["import", "--map", "map.toml", "rental.csv", "-o", "a.tape"]);
    assert_eq!(again.status.code(), Some(2), "it exists");

    // Played twice, all of it comes double; played beside another tape, in the order of arrival.
    write("later.csv", &RENTAL.replace("01.06.2026", "02.06.2026"));
    assert!(run(&["import", "--map", "map.toml", "later.csv", "-o", "b.tape"]).status.success());
    let told = replay(&[&at("b.tape"), &at("a.tape")]);
    let end = told.last().expect("a summary");
    assert_eq!(
        (&end["reports_received"], &end["duplicates"], &end["rejected"]),
        (&8.into(), &0.into(), &0.into()),
        "{end}"
    );
    let told = replay(&[&at("a.tape"), &at("a.tape")]);
    assert_eq!(told.last().expect("a summary")["duplicates"], 4);
    let no_tape = run(&["replay", "--detect", "rental.csv"]);
    assert_eq!(no_tape.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&no_tape.stderr).contains("rental.csv: no tape of zhilian"));
}

#[test]
fn the_detectors_see_a_tape_as_they_saw_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let tape = folder.path().join("a.tape");
    let scenario = folder.path().join("s.toml");
    let text = "vehicles = 40\nduration = \"40m\"\nstart = \"2026-06-01T17:50:00+08:00\"\nseed = 11\n\
        [[incident]]\nkind = \"thermal_runaway\"\ncount = 5\nwindow = \"1m..20m\"\n";
    fs::write(&scenario, text).expect("it can be written");
    let mut record = Command::new(ZHILIAN);
    let recorded = record.args(["record", "--scenario"]).arg(&scenario).arg("-o").arg(&tape).output();
    assert!(recorded.is_ok_and(|output| output.status.success()));
    let scenario = zhilian::sim::Scenario::parse(text).expect("a sound scenario");
    let begin = scenario.start_time();
    let setting = zhilian::config::run::setting(scenario, begin).expect("a sound setting");
    let expected = zhilian::score::rehearse(setting, 1, &zhilian::collect::Settings::default());
    let told = replay(&[&tape]);
    let alerts: Vec<_> = told.iter().filter(|object| object["type"] == "alert").collect();
    assert_eq!(alerts.len(), expected.alerts.len());
    assert!(alerts.len() > 3);
    for (told, expected) in alerts.iter().zip(&expected.alerts) {
        assert_eq!((&told["id"], &told["at_ms"]), (&expected.id.to_string().into(), &expected.at.0.into()));
    }
    assert_eq!(told.last().expect("a summary")["reports_received"], expected.counters.reports);
}

#[test]
fn a_broker_gets_a_tape_as_it_was_recorded() {
    let port = free_port();
    let Some(_broker) = mosquitto(port) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("a plain path").to_owned();
    let (tape, again) = (at("a.tape"), at("again.tape"));
    let header = Header::new("a test");
    let mut writer = Writer::new(File::create(&tape).expect("it can be written"), &header).expect("it can be written");
    let payloads: [&[u8]; 4] = [b"{\"v\":1}", b"\xff\x00 no text", b"", b"last"];
    let mut entries = Vec::new();
    for (number, payload) in (0..).zip(payloads) {
        entries.push(Entry {
            at: Timestamp(1_780_000_000_000 + 7000 * number),
            topic: format!("zl/v1/LZLEMTA20T0000001/up/{number}").into(),
            content_type: (number % 2 == 0).then_some("a/b".into()),
            retained: false,
            payload: payload.into(),
        });
        writer.write(&entries[entries.len() - 1]).expect("it can be written");
    }
    writer.finish().expect("it can be written");
    let url = format!("mqtt://127.0.0.1:{port}");
    let recording = Running::start(ZHILIAN, &["record", "--json", "--broker", &url, "-o", &again, "--limit", "4"]);
    recording.object("started", 20);
    let replay = |more: &[&str]| {
        let mut command = Command::new(ZHILIAN);
        command.args(["replay", "--json", &tape]).args(more).output().expect("it starts")
    };
    let begin = Clock::wall().now();
    let sent = summary(&replay(&["--mqtt", &url, "--speed", "20"]));
    let lasted = Clock::wall().now().seconds_since(begin);
    assert!(lasted >= 1.05, "{lasted} s for 21 s, twenty times as fast: they come at once");
    assert_eq!((&sent["sent"], &sent["acknowledged"]), (&4.into(), &4.into()), "{sent}");
    assert!(sent["behind_s"]["max"].as_f64() >= sent["behind_s"]["mean"].as_f64(), "{sent}");
    recording.object("summary", 20);
    let reader = Reader::new(File::open(&again).expect("it is there")).expect("it is a tape");
    let heard: Vec<Entry> = reader.map(|entry| entry.expect("it is sound")).collect();
    for (heard, entry) in heard.iter().zip(&entries) {
        assert_eq!(*heard, Entry { at: heard.at, ..entry.clone() });
    }
    assert_eq!(heard.len(), 4);

    let fails = |more: &[&str], code: i32, words: &str| {
        let output = replay(more);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(code) && said.contains(words), "{more:?}: {said}");
    };
    let nobody = format!("mqtt://127.0.0.1:{}", free_port());
    fails(&["--mqtt", &nobody], 4, "refused");
    fails(&["--mqtt", "localhost"], 2, "mqtt://127.0.0.1:1883");
    fails(&["--mqtt", &url, "--speed", "0"], 2, "0.001 to 100000");
    fails(&[], 2, "--detect");
}

#[test]
fn the_eighteen_trips_keep_their_places_and_times() {
    let Some(folder) = recording("tracks/ebike") else { return };
    let files: Vec<PathBuf> = (1..=18).map(|trip| folder.join(format!("trip_{trip}.csv"))).collect();
    let out = tempfile::tempdir().expect("a folder");
    let tape = out.path().join("trips.tape");
    let summary = summary(&import("ebike-trips.toml", &files, &tape, &["--strict"]));
    assert_eq!((&summary["vehicles"], &summary["skipped"]), (&18.into(), &serde_json::json!({})), "{summary}");
    let reports = reports(&tape);
    assert!(reports.is_sorted_by_key(|report| report.stamp.time));
    let mut rows = 0;
    for (trip, file) in (1..=18).zip(&files) {
        let vin = format!("EBKE{:0>13}", format!("TR1P{trip}"));
        let text = fs::read_to_string(file).expect("it is text");
        let header: Vec<&str> = text.lines().next().expect("a header").split(',').collect();
        let [lat, lon, altitude, speed] = ["position_lat", "position_long", "altitude", "speed"]
            .map(|name| header.iter().position(|column| *column == name).expect("a column"));
        let mut own = reports.iter().filter(|report| report.stamp.vin.as_str() == vin);
        for (line, seq) in text.lines().skip(1).zip(1..) {
            let report = own.next().unwrap_or_else(|| panic!("no report of {line}"));
            let cells: Vec<&str> = line.split(',').collect();
            let fix = report.position.expect("each row has a place");
            let number = |cell: &str| cell.parse::<f64>().expect("a number");
            assert_eq!(report.stamp.seq, seq);
            assert_eq!(report.stamp.time, Timestamp::parse(&format!("{}Z", cells[0])).expect("a time"), "{line}");
            assert_eq!((fix.at.lat, fix.at.lon), (number(cells[lat]), number(cells[lon])), "{line}");
            let height =
                if cells[altitude].is_empty() { (Fix::TwoD, 0.0) } else { (Fix::ThreeD, number(cells[altitude])) };
            assert_eq!((fix.fix, fix.altitude.0), height, "{line}");
            assert!((fix.speed.kmh() - number(cells[speed])).abs() < 0.002, "{line}");
            rows += 1;
        }
        assert!(own.next().is_none(), "more reports than rows in {}", file.display());
    }
    assert_eq!((rows, rows), (reports.len(), summary["rows"].as_u64().unwrap_or(0) as usize));
    let told = replay(&[&tape]);
    assert_eq!(told.last().expect("a summary")["rejected"], 0);
}

#[test]
fn receivers_give_fixes_with_their_quality() {
    let Some(folder) = recording("tracks/nmea") else { return };
    let logs = ["beidou-bd.log", "beidou-gb.log"].map(|name| folder.join(name));
    let out = tempfile::tempdir().expect("a folder");
    let tape = out.path().join("nmea.tape");
    let summary = summary(&import("nmea.toml", &logs, &tape, &["--strict"]));
    assert_eq!(summary["vehicles"], 2, "{summary}");
    let reports = reports(&tape);
    let fixes: Vec<_> = reports.iter().filter_map(|report| Some((report, report.position?))).collect();
    assert!(fixes.len() >= 6 && fixes.len() < reports.len(), "{} fixes in {} reports", fixes.len(), reports.len());
    let (report, fix) = fixes[0];
    assert_eq!(report.stamp.time, Timestamp::parse("2015-02-25T07:41:55.799Z").expect("a time"));
    // $GNGGA,074155.799,3114.8770,N,12135.2463,E,1,05,1.3,156.9,M
    assert!((fix.at.lat - (31.0 + 14.877 / 60.0)).abs() < 1e-9 && (fix.at.lon - (121.0 + 35.2463 / 60.0)).abs() < 1e-9);
    assert_eq!((fix.satellites, fix.hdop, fix.altitude.0, fix.fix), (5, 1.3, 156.9, Fix::ThreeD));
    assert!(fixes.iter().all(|(_, fix)| (4..=12).contains(&fix.satellites) && (0.5..3.0).contains(&fix.hdop)));
}

/// The one file in an archive.
fn unpacked(archive: &Path, into: &Path) -> Option<PathBuf> {
    let unzip = program("unzip")?;
    let file = into.join("log.csv");
    let out = File::create(&file).expect("it can be written");
    let done = Command::new(unzip).arg("-p").arg(archive).stdout(out).status().expect("it starts");
    assert!(done.success());
    Some(file)
}

#[test]
fn cars_have_all_their_cells_in_each_report() {
    for (car, cells, probes, rows, without) in [("car1", 96, 24, 66_666, 64), ("car2", 88, 19, 14_385, 15)] {
        let Some(archive) = recording(&format!("battery/real_ev/{car}.zip")) else { return };
        let folder = tempfile::tempdir().expect("a folder");
        let Some(log) = unpacked(&archive, folder.path()) else { return };
        let mut text = String::new();
        File::open(&log).and_then(|mut file| file.read_to_string(&mut text)).expect("it is text");
        let tape = folder.path().join("car.tape");
        let summary = summary(&import(&format!("{car}.toml"), &[log], &tape, &["--strict"]));
        assert_eq!((&summary["reports"], &summary["skipped"]), (&rows.into(), &serde_json::json!({})), "{summary}");
        assert_eq!(summary["without_battery"], without, "{summary}");
        let header: Vec<&str> = text.lines().next().expect("a header").split(',').collect();
        let column = |name: &str| header.iter().position(|column| *column == name).expect("a column");
        let (first, current, time) = (column("V_1"), column("BMSBatteryCurrent"), column("tboxTime"));
        for (line, report) in text.lines().skip(1).zip(reports(&tape)) {
            let row: Vec<&str> = line.split(',').collect();
            let number = |at: usize| row[at].parse::<f64>().expect("a number");
            let expected = Timestamp::parse(&format!("{}+08:00", row[time].replace(' ', "T"))).expect("a time");
            assert_eq!(report.stamp.time, expected);
            let Some(battery) = report.battery else { continue };
            assert_eq!((battery.cells_mv.len(), battery.probes.len()), (cells, probes));
            for (cell, millivolts) in battery.cells_mv.iter().enumerate() {
                assert!(
                    (f64::from(*millivolts) / 1000.0 - number(first + cell)).abs() < 1e-9,
                    "V_{} of {line}",
                    cell + 1
                );
            }
            assert!((battery.current.0 + number(current)).abs() < 1e-9, "a discharge is negative: {line}");
            assert!(battery.probes.iter().all(|probe| (0.0..60.0).contains(&probe.0)), "{line}");
        }
        let told = replay(&[&tape]);
        assert_eq!(told.last().expect("a summary")["rejected"], 0, "the collector takes all of it");
    }
}

#[test]
fn a_short_circuit_is_where_it_was_measured() {
    let Some(log) = recording("battery/battdiag_isc/sample_data.csv") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let tape = folder.path().join("short.tape");
    let summary = summary(&import("short-circuit.toml", &[log], &tape, &["--strict"]));
    assert_eq!(summary["reports"], 12_001, "{summary}");
    let reports = reports(&tape);
    let begin = reports[0].stamp.time;
    // How far cell 1 is below the second lowest one, mV, at its worst: within the short circuit, and never outside.
    let below = |within: bool| {
        let gaps = reports.iter().filter_map(|report| {
            let seconds = report.stamp.time.seconds_since(begin);
            let mut cells = report.battery.as_ref()?.cells_mv.clone();
            let first = cells.remove(0);
            let least = cells.iter().min()?;
            ((901.0..930.0).contains(&seconds) == within).then_some(i32::from(*least) - i32::from(first))
        });
        gaps.max().expect("there are some")
    };
    assert!(below(true) > 20 && below(false) < below(true), "{} and {} mV", below(true), below(false));
    let sodium = recording("battery/sodium_cell/static_test_1c-2-1.csv").expect("it is beside the other");
    let tape = folder.path().join("sodium.tape");
    let summary = self::summary(&import("sodium-cell.toml", &[sodium], &tape, &["--strict"]));
    assert_eq!(
        (&summary["reports"], &summary["from_ms"]),
        (&89_686.into(), &1_704_067_200_202_i64.into()),
        "{summary}"
    );
}
