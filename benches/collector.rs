//! How fast the collector's core takes messages from memory, on one core: decode, check, remember, detect, alert.
//! `cargo bench --bench collector`; numbers of vehicles, and `json`, `protobuf`, `all`, `parked` or `riding` to measure
//! only that, may follow `--`.

mod fleet;

use std::io::Write;

use fleet::Mix;
use zhilian::base::Clock;
use zhilian::collect::{Core, Settings};
use zhilian::track::{Brief, Entry};
use zhilian::wire::Format;

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

fn main() -> std::io::Result<()> {
    writeln!(
        std::io::stdout(),
        "{} bytes a vehicle without its packs, of which {} are its last report",
        size_of::<Entry>(),
        size_of::<Option<Brief>>()
    )?;
    // cargo adds a flag of its own.
    let words: Vec<String> = std::env::args().skip(1).collect();
    let asked: Vec<u32> = words.iter().filter_map(|word| word.parse().ok()).collect();
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
