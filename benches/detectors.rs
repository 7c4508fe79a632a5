//! Writes `docs/detectors.md`: every rule with its evidence and thresholds, as its source says them, and how good it is.
//!
//! `cargo bench --bench detectors -- 100..119 2` runs the mixed scenario with these seeds, two at a time; another number
//! after that is how many vehicles, instead of what the scenario says. Then the slow scenario, with its own vehicles.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use serde_json::Value;
use zhilian::cmd::score::of_seeds;
use zhilian::cmd::simulate::RunArgs;
use zhilian::config::Config;
use zhilian::detect;
use zhilian::model::Kind;
use zhilian::score::statistics::{Lead, Leads};
use zhilian::score::{Sweep, table};

const HERE: &str = env!("CARGO_MANIFEST_DIR");
/// The scenario of faults that take weeks.
const SLOW: &str = "slow";

/// What is asked for on the command line.
struct Asked {
    seeds: Vec<u64>,
    jobs: u32,
    vehicles: Option<u32>,
    scenario: String,
}

/// Seeds such as `100..119`, how many at a time, how many vehicles, another scenario; cargo adds a flag of its own.
fn asked() -> Option<Asked> {
    let (mut seeds, mut numbers, mut scenario) = (None, Vec::new(), "mixed".to_owned());
    for word in std::env::args().skip(1).filter(|word| !word.starts_with("--")) {
        let range = word.split_once("..").and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
        if let Some((from, to)) = range {
            seeds = Some((from..=to).collect());
        } else if let Ok(number) = word.parse() {
            numbers.push(number);
        } else {
            scenario = word;
        }
    }
    let (jobs, vehicles) = (numbers.first().copied().unwrap_or(1), numbers.get(1).copied());
    Some(Asked { seeds: seeds?, jobs, vehicles, scenario })
}

/// What the source of a rule says of it, before its code: paragraphs, without the rule's own name before them.
fn doc_of(kind: Kind) -> String {
    let family = kind.rule().split('.').next().unwrap_or_default();
    let folder = Path::new(HERE).join("src/detect").join(family);
    let read = |path: &Path| std::fs::read_to_string(path).ok();
    // Rules that share their code share a file, which names them.
    let tells = |source: &String| source.lines().any(|line| line.starts_with("//!") && line.contains(kind.rule()));
    let shared = || std::fs::read_dir(&folder).ok()?.flatten().filter_map(|file| read(&file.path())).find(tells);
    let source = read(&folder.join(format!("{}.rs", kind.name()))).or_else(shared).unwrap_or_default();
    let lines: Vec<&str> = source.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
    let paragraphs: Vec<String> = lines.split(|line| line.is_empty()).map(|lines| lines.join(" ")).collect();
    let text = paragraphs.join("\n\n");
    let named = format!("`{}`:", kind.rule());
    text.strip_prefix(&named).map_or(text.clone(), |rest| rest.trim_start().to_owned())
}

/// The table of the settings in which a rule's thresholds stand: rules that share their code share one.
fn settings_of(kind: Kind) -> &'static str {
    let sensor = [Kind::SensorStuck, Kind::SensorNoise, Kind::SensorBias];
    let cell = [Kind::ShortMid, Kind::ContactResistance, Kind::ShortEarly, Kind::WeakCell];
    if sensor.contains(&kind) {
        "sensor"
    } else if cell.contains(&kind) {
        "cell"
    } else {
        kind.name()
    }
}

/// The thresholds of a rule: what it is set to where nobody sets it.
fn thresholds_of(kind: Kind) -> String {
    let settings = toml::Value::try_from(detect::Settings::default()).expect("settings have a TOML form");
    let own = settings.get(settings_of(kind)).and_then(toml::Value::as_table);
    let entries = own.into_iter().flatten().map(|(key, value)| format!("`{key} = {value}`"));
    entries.collect::<Vec<_>>().join(", ")
}

/// How good a rule is, as the cells of a row.
fn measured(kind: Kind, sweep: &Sweep) -> String {
    let score = &sweep.mean["kinds"][kind.name()];
    let alerts = &sweep.mean["alerts"][kind.rule()];
    let runs = sweep.per_seed.len() as f64;
    let raised = alerts["raised"].as_f64().unwrap_or(0.0);
    let precision = alerts["true"].as_f64().filter(|_| raised > 0.0).map(|right| right / raised);
    let percent = |share: Option<f64>| share.map_or("–".to_owned(), |share| format!("{:.1} %", share * 100.0));
    let seconds = |value: &Value| value.as_f64().map_or("–".to_owned(), table::span);
    let worst = sweep.worst.get(&format!("kinds.{}.recall", kind.name())).map(|worst| worst.value);
    format!(
        "{:.0} | {} | {} | {} | {} | {} | {} | {}",
        raised * runs,
        percent(precision),
        percent(score["recall"].as_f64()),
        percent(worst),
        percent(score["right_kind"].as_f64()),
        seconds(&score["delay_s"]["p50"]),
        seconds(&score["delay_s"]["p95"]),
        percent(score["shown"]["recall"].as_f64()),
    )
}

/// How much earlier than the management's own level 3 slow faults were told, as a section.
fn leads(sweep: &Sweep) -> String {
    let (days, slow_d) = (sweep.mean["vehicle_days"].as_f64().unwrap_or(0.0), Leads::SLOW_S / 86_400.0);
    let mut text = format!(
        "\n## Before the management\n\nOn the scenario `{SLOW}` with the same seeds, each of {days:.0} vehicle-days: faults of which the \
         management told level 3 before the run was over, and how much earlier the first alert about them was; and of those \
         alone that are slow: of which it told level 3 no sooner than {slow_d:.0} days after their onset. Of the others nobody can \
         tell {slow_d:.0} days before. p5 and max are those of the worst and the best seed, p50 is the mean of the seeds.\n\n\
         | kind | which | told by the management | and by us | lead p5 | p50 | max |\n|---|---|---|---|---|---|---|\n"
    );
    let kinds: BTreeSet<Kind> = sweep.per_seed.iter().flat_map(|scores| scores.kinds.keys().copied()).collect();
    for kind in kinds {
        let shown = sweep.per_seed.iter().filter_map(|scores| scores.kinds.get(&kind)?.shown.as_ref());
        let (all, slow): (Vec<_>, Vec<_>) = shown.map(|shown| (shown.lead_s.all, shown.lead_s.slow)).unzip();
        let mean = &sweep.mean["kinds"][kind.name()]["shown"]["lead_s"];
        for (which, leads, mean) in [("all", &all, mean), ("slow", &slow, &mean["slow"])] {
            if let Some(cells) = lead_cells(leads, mean["p50"].as_f64()) {
                let _ = writeln!(text, "| `{}` | {which} | {cells} |", kind.name());
            }
        }
    }
    text
}

/// What the runs' leads have in common, as the cells of a row; `None` where the management told nothing.
fn lead_cells(leads: &[Lead], p50: Option<f64>) -> Option<String> {
    let (n, told) = leads.iter().fold((0, 0), |(n, told), lead| (n + lead.n, told + lead.told));
    let p5 = leads.iter().filter_map(|lead| lead.p5).min_by(f64::total_cmp);
    let max = leads.iter().filter_map(|lead| lead.max).max_by(f64::total_cmp);
    let [p5, p50, max] = [p5, p50, max].map(|lead| lead.map_or("–".to_owned(), table::span));
    (n > 0).then(|| format!("{n} | {told} | {p5} | {p50} | {max}"))
}

fn page(asked: &Asked, sweep: &Sweep, slow: &Sweep) -> String {
    let Asked { seeds, scenario, jobs, vehicles } = asked;
    let fleet = vehicles.map_or(String::new(), |vehicles| format!(" {vehicles}"));
    let (first, last) = (seeds.first().copied().unwrap_or(0), seeds.last().copied().unwrap_or(0));
    let days = sweep.mean["vehicle_days"].as_f64().unwrap_or(0.0);
    let kinds: Vec<Kind> = detect::all(&detect::Settings::default()).iter().map(|detector| detector.kind()).collect();
    let mut text = format!(
        "# Detectors\n\nEvery rule: how good it is, its evidence, its thresholds. Written by `cargo bench --bench detectors -- \
         {first}..{last} {jobs}{fleet}`; do not edit.\n\nMeasured on the scenario `{scenario}`, {} runs of {days:.0} vehicle-days with the seeds \
         {first} to {last}; thresholds were chosen on 1 to 19. What counts as told, false and right is \
         in [score.md](score.md). Recall and delays belong to the kind of the same name, whichever rule told it; precision is \
         the share of the rule's alerts that are true.\n\n",
        seeds.len(),
    );
    text += "| rule | alerts | precision | recall | worst seed | right kind | delay p50 | p95 | recall of those that showed |\n";
    text += "|---|---|---|---|---|---|---|---|---|\n";
    for kind in &kinds {
        let _ = writeln!(text, "| `{}` | {} |", kind.rule(), measured(*kind, sweep));
    }
    text += &leads(slow);
    let _ = writeln!(text, "\n## All numbers\n\n```\n{}\n```", table::of_sweep(sweep).trim_end());
    for kind in kinds {
        let _ = write!(text, "\n## `{}`\n\n{}\n\nThresholds: {}\n", kind.rule(), doc_of(kind), thresholds_of(kind));
    }
    text
}

fn main() -> std::io::Result<()> {
    let mut stdout = std::io::stdout();
    let Some(asked) = asked() else {
        return writeln!(stdout, "detectors: give the seeds, such as: cargo bench --bench detectors -- 100..119 2");
    };
    let sweep = |scenario: &str, vehicles| {
        let run = RunArgs { scenario: Some(scenario.to_owned()), vehicles, seed: None, duration: None, json: false };
        of_seeds(&run, &asked.seeds, asked.jobs, &Config::default()).map(Sweep::of).map_err(std::io::Error::other)
    };
    let (all, slow) = (sweep(&asked.scenario, asked.vehicles)?, sweep(SLOW, None)?);
    let path = Path::new(HERE).join("docs/detectors.md");
    std::fs::write(&path, page(&asked, &all, &slow))?;
    writeln!(stdout, "wrote {}", path.display())
}
