//! How many instructions a report costs, counted by callgrind, so that a noisy machine does not matter:
//! `cargo bench --bench instructions`; names of subjects may follow `--`. Fails when one costs more than its bound.
//!
//! The program runs itself under valgrind for a short and for a longer time; the difference is free of what building a
//! fleet costs.

mod fleet;

use std::io::Write;
use std::process::{Command, ExitCode};
use std::sync::Arc;

use fleet::Mix;
use zhilian::base::Timestamp;
use zhilian::collect::{Core, Settings};
use zhilian::config::run;
use zhilian::sim::{Output, Scenario, Shard, World};
use zhilian::wire::Format;

/// Vehicles of the counted fleet: few enough that callgrind takes half a minute.
const VEHICLES: u32 = 300;
/// The short and the longer run, minutes.
const MINUTES: [u32; 2] = [10, 40];

/// What is counted, and how many instructions a report may cost with the profile of benchmarks, which has no link-time
/// optimisation: 15 % more than it did on 2026-11-26.
const SUBJECTS: [(&str, Subject, u64); 7] = [
    ("world", Subject::World, 15_800),
    ("all-json", Subject::Collector(Mix::All, Format::Json), 23_300),
    ("all-protobuf", Subject::Collector(Mix::All, Format::Protobuf), 18_800),
    ("parked-json", Subject::Collector(Mix::Parked, Format::Json), 27_900),
    ("parked-protobuf", Subject::Collector(Mix::Parked, Format::Protobuf), 23_700),
    ("riding-json", Subject::Collector(Mix::Riding, Format::Json), 22_400),
    ("riding-protobuf", Subject::Collector(Mix::Riding, Format::Protobuf), 18_400),
];

/// What is counted.
#[derive(Clone, Copy)]
enum Subject {
    /// The simulation of a fleet.
    World,
    /// The collector's core, from payload to alert.
    Collector(Mix, Format),
}

impl Subject {
    /// Does it for so many minutes and answers for how many reports.
    fn run(self, minutes: u32) -> u64 {
        match self {
            Self::World => live(minutes),
            Self::Collector(mix, format) => collect(minutes, mix, format),
        }
    }
}

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

/// Collects what the longer run says, up to the share that a shorter one has of its minutes.
fn collect(minutes: u32, mix: Mix, format: Format) -> u64 {
    let letters = fleet::letters(VEHICLES, MINUTES[1], mix, format);
    let count = letters.len() * minutes as usize / MINUTES[1] as usize;
    let mut core = Core::new(&Settings::default());
    for letter in &letters[..count] {
        letter.hand_to(&mut core);
    }
    core.counters().reports
}

/// Instructions of a run of so many minutes; `None` when valgrind cannot be run.
fn count(name: &str, minutes: u32) -> Option<u64> {
    let program = std::env::current_exe().ok()?;
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args([name, &minutes.to_string()]);
    let said = valgrind.output().ok()?.stderr;
    let said = String::from_utf8_lossy(&said);
    let collected = said.lines().find_map(|line| line.split_once("Collected : "))?;
    collected.1.trim().parse().ok()
}

fn main() -> std::io::Result<ExitCode> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let asked = |name: &str| words.iter().any(|word| word == name);
    let any = SUBJECTS.iter().any(|(name, ..)| asked(name));
    if let Some(minutes) = words.iter().find_map(|word| word.parse().ok()) {
        for (_, subject, _) in SUBJECTS.iter().filter(|(name, ..)| asked(name)) {
            subject.run(minutes);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let (mut out, mut code) = (std::io::stdout(), ExitCode::SUCCESS);
    for (name, subject, bound) in SUBJECTS.iter().filter(|(name, ..)| !any || asked(name)) {
        let [Some(short), Some(long)] = MINUTES.map(|minutes| count(name, minutes)) else {
            writeln!(out, "skipped: valgrind is not installed")?;
            return Ok(ExitCode::SUCCESS);
        };
        let reports = subject.run(MINUTES[1]) - subject.run(MINUTES[0]);
        let each = (long - short) / reports;
        writeln!(
            out,
            "{name:<16} {each:>6} instructions a report, at most {bound}; {reports} reports of {VEHICLES} vehicles"
        )?;
        if each > *bound {
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}
