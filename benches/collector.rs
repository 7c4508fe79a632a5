//! How fast the collector's core takes messages from memory, on one core: decode, check, remember, detect, alert.
//! `cargo bench --bench collector`; numbers of vehicles, and `json`, `protobuf`, `all`, `parked` or `riding` to measure
//! only that, may follow `--`. With `state`, it measures instead how much memory so many vehicles take:
//! `cargo bench --bench collector -- state 10000000`.

mod fleet;

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use fleet::Mix;
use zhilian::base::{Clock, Timestamp, Vin};
use zhilian::collect::{Core, Inbound, Settings};
use zhilian::config::run;
use zhilian::model::{Mode, Report};
use zhilian::sim::{Scenario, Shard, World};
use zhilian::track::{Brief, Entry};
use zhilian::wire::{Format, Message, Utterance, encode};

/// Mixes with their names.
const MIXES: [(Mix, &str); 3] = [(Mix::All, "all"), (Mix::Parked, "parked"), (Mix::Riding, "riding")];
/// Formats with their names.
const FORMATS: [(Format, &str); 2] = [(Format::Json, "json"), (Format::Protobuf, "protobuf")];

/// How long the evening lasts, minutes: of a large fleet a part of it, because all is held in memory.
fn minutes(vehicles: u32) -> u32 {
    if vehicles > 100_000 { 6 } else { 20 }
}

fn take(vehicles: u32, (mix, mix_name): (Mix, &str), (format, format_name): (Format, &str)) -> std::io::Result<()> {
    let letters = fleet::letters(vehicles, minutes(vehicles), mix, format);
    let mut core = Core::new(&Settings::default());
    let clock = Clock::wall();
    let begin = clock.now();
    for letter in &letters {
        letter.hand_to(&mut core);
    }
    let seconds = clock.now().seconds_since(begin);
    let count = core.counters().reports;
    writeln!(
        std::io::stdout(),
        "{vehicles:>8} vehicles, {mix_name:<7} {format_name:<9} {count:>8} reports in {seconds:.2} s, {:>9.0} reports/s",
        count as f64 / seconds,
    )
}

/// Reports of each vehicle whose memory is measured.
const REPORTS: usize = 3;
/// So many vehicles say them one after the other, as in turns; far apart would only take longer.
const TURN: u32 = 1000;

/// What a vehicle with 16 cells says in the first minutes, without its number: reports as they were made, so that
/// nothing else need be held in memory for millions of vehicles.
fn reports_of_one() -> Vec<Report> {
    let text = "vehicles = 40\nduration = \"1h\"\nstart = \"2026-06-01T17:50:00+08:00\"\n";
    let scenario = Scenario::parse(text).expect("a sound scenario");
    let setting = Arc::new(run::setting(scenario, Timestamp(1_780_000_000_000)).expect("a sound setting"));
    let mut world = World::new(setting, Shard::WHOLE);
    let mut said: BTreeMap<Vin, Vec<Report>> = BTreeMap::new();
    while let Some(emission) = world.poll(Timestamp::NEVER) {
        let Utterance::Message(Message::Report(report)) = emission.output.into() else { continue };
        let sixteen = report.battery.as_ref().is_some_and(|battery| battery.cells_mv.len() == 16);
        let of_one = said.entry(report.stamp.vin).or_default();
        if sixteen && of_one.len() < REPORTS {
            of_one.push(report);
        }
    }
    let parked = |report: &Report| report.mode == Mode::Parked && report.locked;
    let enough = |said: &Vec<Report>| said.len() == REPORTS && said.iter().all(parked);
    said.into_values().find(enough).expect("one that stands")
}

/// Resident memory of this process, bytes; 0 where the system does not tell.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// Fills a collector with so many vehicles, each with a pack of 16 cells and its last report, and prints what that takes.
fn fill(vehicles: u32) -> std::io::Result<()> {
    let mut reports = reports_of_one();
    let mut core = Core::new(&Settings { max_vehicles: vehicles as usize, ..Settings::default() });
    let (clock, mut payload, empty) = (Clock::wall(), Vec::new(), resident());
    let begin = clock.now();
    for first in (0..vehicles).step_by(TURN as usize) {
        for (index, report) in reports.iter_mut().enumerate() {
            report.stamp.seq = index as u32 + 1;
            for number in first..vehicles.min(first + TURN) {
                report.stamp.vin = format!("LZLEMTA20T{number:07}").parse().expect("a VIN");
                let message = Message::Report(report.clone());
                encode(&message, Format::Protobuf, &mut payload);
                let (topic, content_type) = (message.topic().to_string(), Some(Format::Protobuf.content_type()));
                let topic = topic.as_bytes();
                core.handle(report.stamp.time, Inbound { topic, content_type, payload: &payload, retained: false });
                while core.poll().is_some() {}
            }
        }
    }
    let (seconds, taken) = (clock.now().seconds_since(begin), resident().saturating_sub(empty));
    let (known, taken_reports) = (core.vehicles().len(), core.counters().reports);
    let entry = size_of::<Entry>();
    let report = size_of::<Option<Brief>>();
    writeln!(
        std::io::stdout(),
        "{known} vehicles with 16 cells after {taken_reports} reports in {seconds:.0} s: by size {} bytes of state and \
         {report} of the last report; resident {:.1} bytes a vehicle, with the index",
        entry - report,
        taken as f64 / known as f64,
    )
}

fn main() -> std::io::Result<()> {
    writeln!(
        std::io::stdout(),
        "{} bytes a vehicle, of which {} are its last report",
        size_of::<Entry>(),
        size_of::<Option<Brief>>()
    )?;
    // cargo adds a flag of its own.
    let words: Vec<String> = std::env::args().skip(1).collect();
    let asked: Vec<u32> = words.iter().filter_map(|word| word.parse().ok()).collect();
    if words.iter().any(|word| word == "state") {
        let vehicles = if asked.is_empty() { vec![100_000] } else { asked };
        return vehicles.into_iter().try_for_each(fill);
    }
    let vehicles = if asked.is_empty() { vec![1_000, 10_000] } else { asked };
    let any = |names: &[&str]| words.iter().any(|word| names.contains(&word.as_str()));
    let wanted = |name: &str, names: &[&str]| !any(names) || words.iter().any(|word| word == name);
    for vehicles in vehicles {
        for mix in MIXES.into_iter().filter(|(_, name)| wanted(name, &MIXES.map(|(_, name)| name))) {
            for format in FORMATS.into_iter().filter(|(_, name)| wanted(name, &FORMATS.map(|(_, name)| name))) {
                take(vehicles, mix, format)?;
            }
        }
    }
    Ok(())
}
