//! How many instructions a report costs, counted by callgrind, so that a noisy machine does not matter:
//! `cargo bench --bench instructions`.
//!
//! The program runs itself under valgrind for a short and for a longer time; the difference is free of what building a
//! fleet costs.

use std::io::Write;
use std::process::Command;
use std::sync::Arc;

use zhilian::base::Timestamp;
use zhilian::config::run;
use zhilian::sim::{Output, Scenario, Shard, World};

/// Vehicles of the counted fleet: few enough that callgrind takes half a minute.
const VEHICLES: u32 = 300;
/// The short and the longer run, minutes.
const MINUTES: [u32; 2] = [10, 40];

/// Runs the fleet and answers how many reports it made.
fn live(minutes: u32) -> u64 {
    let text = format!("vehicles = {VEHICLES}\nduration = \"{minutes}m\"\nstart = \"2026-06-01T17:50:00+08:00\"\n");
    let scenario = Scenario::parse(&text).expect("a sound scenario");
    let setting = Arc::new(run::setting(scenario, Timestamp(1_780_000_000_000)).expect("a sound setting"));
    let mut world = World::new(setting, Shard::WHOLE);
    let mut reports = 0;
    while let Some(emission) = world.poll(Timestamp::NEVER) {
        reports += u64::from(matches!(emission.output, Output::Report(_)));
    }
    reports
}

/// Instructions of a run of so many minutes; `None` when valgrind cannot be run.
fn count(minutes: u32) -> Option<u64> {
    let program = std::env::current_exe().ok()?;
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program).arg(minutes.to_string());
    let said = valgrind.output().ok()?.stderr;
    let said = String::from_utf8_lossy(&said);
    let collected = said.lines().find_map(|line| line.split_once("Collected : "))?;
    collected.1.trim().parse().ok()
}

fn main() -> std::io::Result<()> {
    if let Some(minutes) = std::env::args().find_map(|word| word.parse().ok()) {
        live(minutes);
        return Ok(());
    }
    let mut out = std::io::stdout();
    let [Some(short), Some(long)] = MINUTES.map(count) else {
        return writeln!(out, "skipped: valgrind is not installed");
    };
    let reports = live(MINUTES[1]) - live(MINUTES[0]);
    writeln!(out, "{} instructions a report, from {reports} reports of {VEHICLES} vehicles", (long - short) / reports)
}
