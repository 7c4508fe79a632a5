//! `zhilian score`: how good the detectors are, against the truth.

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::outfile::OutFile;
use super::output::{self, Style};
use super::simulate::{RunArgs, parse_format};
use super::{ExitCode, Failure};
use crate::base::condition::numbers;
use crate::base::{Clock, Condition};
use crate::config::{self, Config};
use crate::score::condition;
use crate::score::{Case, Claim, Material, Mistake, Scores, Sweep, episodes, lines, mistakes, rehearse_in, table};
use crate::wire::Format;

/// Most seeds of a sweep.
const MOST_SEEDS: u64 = 10_000;

/// Recall, delay and false alarms: of a scenario that is run in virtual time, or of anybody's alerts.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct ScoreArgs {
    /// Several seeds, both ends included: means with confidence intervals, and the worst
    #[arg(long, value_name = "FROM..TO", value_parser = parse_seeds, conflicts_with = "seed")]
    pub seeds: Option<RangeInclusive<u64>>,
    /// How many seeds of a sweep are run at a time, each on a core
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub jobs: u32,
    /// Instead of running a scenario: what really happened, as simulate --truth writes it
    #[arg(long, value_name = "FILE", requires = "alerts", conflicts_with_all = ["scenario", "seed", "seeds"])]
    pub truth: Option<PathBuf>,
    /// What was claimed, as collect --json prints it, or with as little as vin, rule, level, state, `at_ms`
    #[arg(long, value_name = "FILE", requires = "truth")]
    pub alerts: Option<PathBuf>,
    /// How what vehicles say is written in between: protobuf, or json, which takes longer and gives the same numbers
    #[arg(long, value_name = "FORMAT", default_value = "protobuf", value_parser = parse_format, conflicts_with = "truth")]
    pub format: Format,
    /// Exit with 3 when this holds, such as 'recall.tow<0.99'; may be given several times
    #[arg(long, value_name = "CONDITION")]
    pub fail_if: Vec<Condition>,
    /// Write what was missed, misnamed and falsely told to a file, with the reasons given: one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub mistakes: Option<PathBuf>,
    /// Replace the file of --mistakes if it is there
    #[arg(long, requires = "mistakes")]
    pub force: bool,
    /// What is scored.
    #[command(flatten)]
    pub run: RunArgs,
}

const AFTER_HELP: &str = "\
Conditions name a number of the JSON object by its path, such as kinds.tow.delay_s.p95, or shorter: \
theft_confirmed_false, battery_level1_false, recall.KIND, delay_p95.KIND. With --seeds they hold for the mean; \
'worst.kinds.tow.recall.value<0.9' asks for the worst seed. docs/score.md has all of it.
--vehicles and --duration beside --truth say what the numbers in 1,000 vehicle-days are counted on.";

fn parse_seeds(text: &str) -> Result<RangeInclusive<u64>, String> {
    let expected = || format!("expected seeds such as 1..50, found {text:?}");
    let (from, to) = text.split_once("..").ok_or_else(expected)?;
    let to = to.strip_prefix('=').unwrap_or(to);
    let (from, to): (u64, u64) = (from.parse().map_err(|_| expected())?, to.parse().map_err(|_| expected())?);
    if from > to || to - from >= MOST_SEEDS { Err(expected()) } else { Ok(from..=to) }
}

/// Runs the command.
///
/// # Errors
/// A bad scenario, a file that cannot be read, a condition that names no number; [`ExitCode::Threshold`] when a condition
/// holds.
pub fn run(args: &ScoreArgs, config: &Config) -> Result<(), Failure> {
    let style = args.run.style();
    let sweeps = args.seeds.is_some();
    args.fail_if.iter().try_for_each(|condition| check_name(condition, sweeps))?;
    let file = args.mistakes.as_deref().map(|path| OutFile::whole(path, args.force)).transpose()?;
    let runner = Runner { args: &args.run, format: args.format, config };
    let runs = match (&args.truth, &args.alerts, &args.seeds) {
        (Some(truth), Some(alerts), _) => vec![Scored::of(&of_files(truth, alerts, &args.run)?)],
        (_, _, Some(seeds)) => runner.runs(&seeds.clone().collect::<Vec<_>>(), args.jobs)?,
        (_, _, None) => vec![runner.run(args.run.seed)?],
    };
    if let Some(file) = file {
        write_mistakes(file, &runs)?;
    }
    let mut scores = runs.into_iter().map(|run| run.scores);
    let object = match (sweeps, scores.next()) {
        (false, Some(scores)) => print(style, &scores, table::of_scores),
        (_, first) => print(style, &Sweep::of(first.into_iter().chain(scores).collect()), table::of_sweep),
    };
    hold(&args.fail_if, &object)
}

/// What came of one run.
#[derive(Debug, Clone)]
struct Scored {
    scores: Scores,
    mistakes: Vec<Mistake>,
}

impl Scored {
    fn of(material: &Material) -> Self {
        Self { scores: Scores::of(material), mistakes: mistakes(material) }
    }
}

/// Writes all that went wrong, run by run.
fn write_mistakes(file: OutFile, runs: &[Scored]) -> Result<(), Failure> {
    let mut lines = Vec::new();
    for mistake in runs.iter().flat_map(|run| &run.mistakes) {
        serde_json::to_writer(&mut lines, mistake).map_err(|error| file.failed(&error.into()))?;
        lines.push(b'\n');
    }
    file.handle()?.write_all(&lines).map_err(|error| file.failed(&error))?;
    file.finish()
}

/// Runs a scenario with each seed, `jobs` at a time, and scores each run.
///
/// # Errors
/// A bad scenario.
pub fn of_seeds(args: &RunArgs, seeds: &[u64], jobs: u32, config: &Config) -> Result<Vec<Scores>, Failure> {
    let runner = Runner { args, format: Format::Protobuf, config };
    Ok(runner.runs(seeds, jobs)?.into_iter().map(|run| run.scores).collect())
}

/// Runs scenarios in virtual time.
#[derive(Debug, Clone, Copy)]
struct Runner<'a> {
    args: &'a RunArgs,
    format: Format,
    config: &'a Config,
}

impl Runner<'_> {
    fn run(self, seed: Option<u64>) -> Result<Scored, Failure> {
        let Self { args, format, config } = self;
        if args.scenario.is_none() {
            let message = "nothing to score: give a --scenario, or --truth with --alerts";
            return Err(Failure::new(ExitCode::Usage, message));
        }
        let mut scenario = args.scenario(config)?;
        scenario.seed = seed.unwrap_or(scenario.seed);
        let begin = scenario.start_time();
        let setting = config::run::setting(scenario, begin)?;
        let clock = Clock::wall();
        let before = clock.now();
        let outcome = rehearse_in(format, setting, config.simulate.shards, &config.collect);
        let wall_s = clock.now().seconds_since(before);
        let Scored { scores, mistakes } = Scored::of(&outcome.material());
        Ok(Scored { scores: scores.timed(wall_s), mistakes })
    }

    /// One run with each seed, `jobs` at a time.
    fn runs(self, seeds: &[u64], jobs: u32) -> Result<Vec<Scored>, Failure> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(seed) = seeds.get(index) else { break };
                done.push((index, self.run(Some(*seed))?));
            }
            Ok::<_, Failure>(done)
        };
        let mut all = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
            let joined = threads.into_iter().map(|thread| {
                thread.join().unwrap_or_else(|_| Err(Failure::new(ExitCode::Failure, "a run of the sweep failed")))
            });
            joined.collect::<Result<Vec<_>, _>>()
        })?
        .concat();
        all.sort_by_key(|(index, _)| *index);
        Ok(all.into_iter().map(|(_, run)| run).collect())
    }
}

/// Scores what others wrote down.
fn of_files(truth: &Path, alerts: &Path, args: &RunArgs) -> Result<Material, Failure> {
    let mut cases: BTreeMap<(u64, usize), Case> = BTreeMap::new();
    for (number, line) in read_lines(truth)?.iter().enumerate() {
        let case = lines::case(line).map_err(|what| fault(truth, number, &what))?;
        // Of several lines about an incident the last one knows most.
        let key = lines::number(line).map_or((u64::MAX, number), |id| (id, 0));
        cases.extend(case.map(|case| (key, case)));
    }
    let mut claims: Vec<Claim> = Vec::new();
    for (number, line) in read_lines(alerts)?.iter().enumerate() {
        claims.extend(lines::claim(line).map_err(|what| fault(alerts, number, &what))?);
    }
    Ok(Material {
        cases: cases.into_values().collect(),
        episodes: episodes(claims),
        vehicles: args.vehicles,
        days: args.duration.map(|span| span.as_secs_f64() / 86_400.0),
        ..Material::default()
    })
}

fn read_lines(path: &Path) -> Result<Vec<String>, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(ExitCode::Usage, format!("{}: {error}", path.display())))?;
    Ok(text.lines().map(ToOwned::to_owned).collect())
}

fn fault(path: &Path, number: usize, what: &str) -> Failure {
    Failure::new(ExitCode::Usage, format!("{}:{}: {what}", path.display(), number + 1))
}

/// Prints the numbers and answers them as JSON.
fn print<T: Serialize>(style: Style, scores: &T, table: impl Fn(&T) -> String) -> Value {
    let object = serde_json::to_value(scores).unwrap_or(Value::Null);
    match style {
        // The members stand in the order in which they are documented.
        Style::Json => output::line(&serde_json::to_string(scores).unwrap_or_default()),
        Style::Plain => output::line(table(scores).trim_end()),
    }
    object
}

/// Whether a condition names a number that a run can have.
fn check_name(condition: &Condition, sweeps: bool) -> Result<(), Failure> {
    let path = condition::path(&condition.name);
    let inner = if sweeps { condition::inside_sweep(&path) } else { path.as_str() };
    if condition.is_timed() && !path.split('.').any(|part| part.ends_with("_s")) {
        let message = format!("--fail-if {condition}: {path} is no time: give the number without a unit");
        return Err(Failure::new(ExitCode::Usage, message));
    }
    if condition.is_percent() {
        let message = format!("--fail-if {condition}: {path} is no percentage: give the number without a unit");
        return Err(Failure::new(ExitCode::Usage, message));
    }
    if condition::is_known(inner) {
        return Ok(());
    }
    let (name, known) = (&condition.name, condition::short_names());
    let message = format!("--fail-if: no number {name:?}: expected one of {known}, or a path into the JSON object");
    Err(Failure::new(ExitCode::Usage, message))
}

/// Fails when a condition holds, or cannot be told.
fn hold(conditions: &[Condition], object: &Value) -> Result<(), Failure> {
    let numbers = numbers(object);
    let mut held = Vec::new();
    for condition in conditions {
        let path = condition::path(&condition.name);
        let number = numbers.get(&path).or_else(|| numbers.get(&format!("mean.{path}"))).copied().flatten();
        let Some(value) = number else {
            let message = format!("--fail-if {condition}: this run has no {path}: nothing of the kind was measured");
            return Err(Failure::new(ExitCode::Usage, message));
        };
        if condition.holds(value, 1.0) {
            held.push(format!("{condition} holds: {value:.4}"));
        }
    }
    if held.is_empty() { Ok(()) } else { Err(Failure::new(ExitCode::Threshold, held.join("; "))) }
}
