//! What a user sees when something is wrong: one clear line, the right exit code, nothing half-started. And the help.

use std::net::TcpListener;
use std::process::{Command, Output};

use crate::tools::{ZHILIAN, free_port};

fn zhilian(arguments: &[&str]) -> Output {
    Command::new(ZHILIAN).args(arguments).env("COLUMNS", "100").output().expect("it starts")
}

/// Runs the program, expects an exit code and one line on stderr that holds all the words.
fn fails(arguments: &[&str], code: i32, words: &[&str]) {
    let output = zhilian(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{arguments:?}: {said}");
    for word in words {
        assert!(said.contains(word), "{arguments:?} should speak of {word:?}: {said}");
    }
    assert!(output.stdout.is_empty(), "{arguments:?} printed {}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_port_in_use_is_said_in_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").and_then(|l| Ok((l.local_addr()?.to_string(), l))).expect("a port");
    let address = taken.0.as_str();
    fails(&["demo", "--mqtt", address, "--http", "127.0.0.1:0"], 1, &[address, "in use", "--mqtt"]);
    fails(&["broker", "--mqtt", address], 1, &[address, "in use", "--mqtt"]);
    fails(&["demo", "--mqtt", "127.0.0.1:0", "--http", address], 1, &[address, "in use", "--http"]);
}

#[test]
fn an_unreachable_broker_is_said_in_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = folder.path().join("s.db");
    let url = format!("mqtt://127.0.0.1:{}", free_port());
    fails(&["simulate", "--broker", &url], 4, &[&url, "refused"]);
    let collect = ["collect", "--broker", &url, "--http", "127.0.0.1:0", "--store", store.to_str().expect("plain")];
    fails(&collect, 4, &[&url, "refused"]);
    fails(&["simulate", "--broker", "localhost"], 2, &["mqtt://127.0.0.1:1883", "localhost"]);
}

#[test]
fn a_store_that_cannot_be_opened_is_said_in_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("a plain path");
    fails(&["demo", "--mqtt", "127.0.0.1:0", "--http", "127.0.0.1:0", "--store", path], 1, &[path, "store"]);
}

#[test]
fn bad_files_name_file_line_and_what_was_expected() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("it can be written");
        path.to_str().expect("a plain path").to_owned()
    };
    let config = write("config.toml", "[broker]\nurl = \"mqtt://x\"\n[htttp]\n");
    fails(&["--config", &config, "demo"], 2, &[&format!("{config}:3"), "htttp", "did you mean `http`"]);
    fails(&["--config", "/nowhere.toml", "demo"], 2, &["/nowhere.toml"]);
    for (text, words) in [
        ("vehicles = 3\nspeeed = 1\n", &[":2", "speeed"][..]),
        ("vehicles = 0\n", &[":1", "expected 1 to"]),
        ("vehicles = -5\n", &[":1"]),
        ("place = \"atlantis\"\n", &["atlantis", "chongqing"]),
        ("[[incident]]\nkind = \"levitation\"\nwindow = \"1s..2s\"\n", &[":2", "levitation", "tow"]),
        ("[mix]\npack = { PB48_20 = 0.7 }\n", &[":2", "sum to 0.7"]),
        ("[mix]\nmodel = { tricycle = 1.0 }\n", &["tricycle", "ebike"]),
        ("duration = \"1h\"\n[[incident]]\nkind = \"tow\"\nwindow = \"30m..2h\"\n", &[":4", "after the run"]),
        ("start = \"tomorrow\"\n", &[":1", "2026-06-01T"]),
    ] {
        let path = write("scenario.toml", text);
        fails(&["simulate", "--scenario", &path], 2, words);
        fails(&["config", "check", &path], 2, words);
    }
    fails(&["simulate", "--scenario", "nosuch"], 2, &["nosuch", "demo"]);
    fails(&["simulate", "--speed", "0"], 2, &["--speed"]);
}

#[test]
fn settings_can_be_checked_and_printed() {
    let output = zhilian(&["config", "check"]);
    assert!(output.status.success());
    let printed = zhilian(&["config", "print"]);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("printed.toml");
    std::fs::write(&path, &printed.stdout).expect("it can be written");
    let again = zhilian(&["--config", path.to_str().expect("plain"), "config", "print"]);
    assert_eq!(printed.stdout, again.stdout, "what is printed can be read");
    let set = Command::new(ZHILIAN).args(["config", "print"]).env("ZHILIAN__BROKER__URL", "mqtt://other:99").output();
    assert!(String::from_utf8_lossy(&set.expect("it starts").stdout).contains("mqtt://other:99"));
}

#[test]
fn the_help_says_what_it_said_before() {
    let mut all = String::new();
    for command in [
        "",
        "demo",
        "broker",
        "simulate",
        "collect",
        "record",
        "import",
        "import osm",
        "replay",
        "bench",
        "bench pub",
        "bench compare",
        "score",
        "config",
    ] {
        let arguments: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let output = zhilian(&arguments);
        assert!(output.status.success());
        all += &["$ zhilian ", &arguments.join(" "), "\n", &String::from_utf8_lossy(&output.stdout), "\n"].concat();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let shell = format!("{ZHILIAN} config print | head -n 1; exit ${{PIPESTATUS[0]}}");
    let output = Command::new("bash").args(["-c", &shell]).output().expect("bash starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
