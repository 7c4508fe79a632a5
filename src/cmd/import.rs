//! `zhilian import`: data of others becomes files of zhilian.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::outfile::OutFile;
use super::output::{self, Style};
use super::recording::{Form, Recording};
use super::{ExitCode, Failure};
use crate::base::units::Celsius;
use crate::config::{Fault, files};
use crate::sim::Place;
use crate::sim::place::PlaceFile;
use crate::sim::place::osm::{ImportOptions, import};
use crate::tape::import::{Log, LogMap, Summary};
use crate::wire::Message;

/// Makes a tape of logs of others, or a place of a street map.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true, after_help = AFTER_HELP)]
pub struct ImportArgs {
    #[command(subcommand)]
    source: Option<Source>,
    #[command(flatten)]
    logs: Option<LogArgs>,
}

const AFTER_HELP: &str = "\
A map says which column is what, in which unit; docs/import.md has all of it, examples/maps some to begin with.
Lines that cannot be read are left out, counted and named.";

#[derive(Debug, Args)]
struct LogArgs {
    /// Which column of the logs is what
    #[arg(long, value_name = "MAP.toml")]
    map: String,
    /// The logs: CSV or NMEA, as the map says; - reads from a pipe
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The file to write: .tape, or .parquet or .ndjson as record writes them
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// Fail at the first line that cannot be read, and write nothing
    #[arg(long)]
    strict: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Replace the file if it exists
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Subcommand)]
enum Source {
    /// Makes a place of an extract of OpenStreetMap (.osm.pbf)
    Osm(OsmArgs),
}

#[derive(Debug, Args)]
struct OsmArgs {
    /// The extract; one of a city or with --bbox, because a place has at most 60000 junctions
    #[arg(value_name = "FILE")]
    extract: PathBuf,
    /// The place to write, for `place = "FILE"` in a scenario
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// Name used in scenarios [default: that of the file written]
    #[arg(long)]
    name: Option<String>,
    /// Name in Chinese [default: the name]
    #[arg(long, value_name = "NAME")]
    zh: Option<String>,
    /// Name in English [default: the name]
    #[arg(long, value_name = "NAME")]
    en: Option<String>,
    /// Only what lies within: west,south,east,north in degrees
    #[arg(long, value_name = "W,S,E,N", value_parser = parse_bounds, allow_hyphen_values = true)]
    bbox: Option<[f64; 4]>,
    /// Its time zone, such as +08:00 [default: that of the longitude]
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    utc_offset: Option<String>,
    /// Air temperature in the shade, °C
    #[arg(long, value_name = "DEGREES", default_value_t = 20.0, allow_negative_numbers = true)]
    ambient: f64,
    /// Replace the file if it exists
    #[arg(long)]
    force: bool,
}

fn parse_bounds(text: &str) -> Result<[f64; 4], String> {
    let expected = || "expected west,south,east,north in degrees, such as 105.7,20.9,106.0,21.2".to_owned();
    let numbers: Result<Vec<f64>, _> = text.split(',').map(|part| part.trim().parse::<f64>()).collect();
    let bounds: [f64; 4] = numbers.map_err(|_| expected())?.try_into().map_err(|_| expected())?;
    let [west, south, east, north] = bounds;
    let sound = -180.0 <= west && west < east && east <= 180.0 && -90.0 <= south && south < north && north <= 90.0;
    if sound { Ok(bounds) } else { Err(expected()) }
}

/// Runs the command.
///
/// # Errors
/// A file that is no extract, has no streets, or cannot be written.
pub fn run(args: &ImportArgs) -> Result<(), Failure> {
    match (&args.source, &args.logs) {
        (Some(Source::Osm(args)), _) => run_osm(args),
        (None, Some(args)) => run_logs(args),
        (None, None) => Err(Failure::new(ExitCode::Usage, "expected --map MAP.toml FILE… -o X.tape, or import osm")),
    }
}

fn run_logs(args: &LogArgs) -> Result<(), Failure> {
    let usage = |what: String| Failure::new(ExitCode::Usage, what);
    let form = Form::of(&args.out)
        .ok_or_else(|| usage(format!("{}: expected a name in .tape, .parquet or .ndjson", args.out.display())))?;
    let map = files::read(&args.map)?;
    let map: LogMap = toml::from_str(&map.text).map_err(|error| Fault::toml(&map.origin, &map.text, &error))?;
    let mut log = Log::new(map, args.strict).map_err(|what| Fault::of(&args.map, what))?;
    let file = OutFile::whole(&args.out, args.force)?;
    for path in &args.files {
        let input: Box<dyn Read> = if path == Path::new("-") {
            Box::new(io::stdin().lock())
        } else {
            Box::new(File::open(path).map_err(|error| usage(format!("{}: {error}", path.display())))?)
        };
        log.read(&path.to_string_lossy(), input).map_err(usage)?;
    }
    let (reports, summary) = log.finish();
    if reports.is_empty() {
        let first = summary.skipped.values().next().map(|skipped| format!("; {}", skipped.first));
        return Err(usage(format!("no report came of {} rows{}", summary.rows, first.unwrap_or_default())));
    }
    let names: Vec<_> = args.files.iter().take(3).map(|path| path.to_string_lossy()).collect();
    let more = if args.files.len() > names.len() {
        format!(" and {} more", args.files.len() - names.len())
    } else {
        String::new()
    };
    let mut recording = Recording::on(file, form, &format!("{}{more}, by the map {}", names.join(", "), args.map))?;
    for report in reports {
        recording.say(report.stamp.time, Message::Report(report))?;
    }
    recording.finish()?;
    tell(args, &summary);
    Ok(())
}

fn tell(args: &LogArgs, summary: &Summary) {
    if args.json {
        let mut body = json!(summary);
        body["out"] = json!(args.out);
        return output::object(Style::Json, "summary", &body);
    }
    let Summary { rows, reports, vehicles, .. } = summary;
    let time = |time: Option<_>| time.map(|time| format!("{time}")).unwrap_or_default();
    let span = format!("{} to {}", time(summary.from), time(summary.to));
    output::line(&format!(
        "{}: {reports} reports of {vehicles} vehicles, {span}, from {rows} rows",
        args.out.display()
    ));
    for (what, count) in [("position", summary.without_position), ("battery", summary.without_battery)] {
        if count > 0 {
            output::line(&format!("without a {what}: {count}"));
        }
    }
    for (name, skipped) in &summary.skipped {
        output::line(&format!("left out ({name}): {} lines, the first {}", skipped.lines, skipped.first));
    }
    let assumed: Vec<&str> = summary.assumed.iter().map(String::as_str).collect();
    output::line(&format!("neither in a log nor in the map, taken as: {}", assumed.join(", ")));
}

fn run_osm(args: &OsmArgs) -> Result<(), Failure> {
    let bad = |what: &str| Failure::new(ExitCode::Usage, format!("{}: {what}", args.extract.display()));
    let stem = args.out.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let name = args.name.clone().unwrap_or(stem);
    let options = ImportOptions {
        zh: args.zh.clone().unwrap_or_else(|| name.clone()),
        en: args.en.clone().unwrap_or_else(|| name.clone()),
        name,
        bounds: args.bbox,
        utc_offset: args.utc_offset.clone(),
        ambient: Celsius(args.ambient),
    };
    let out = OutFile::whole(&args.out, args.force)?;
    let input = File::open(&args.extract).map_err(|error| bad(&error.to_string()))?;
    let imported = import(input, &options).map_err(|error| bad(&error.to_string()))?;
    let text = text(&args.extract, &imported.place, &imported.notes)?;
    // What is written must be readable; a flag such as --utc-offset may be at fault.
    Place::parse(&text).map_err(|error| bad(&format!("gives a place that is not sound: {error}")))?;
    out.handle()?.write_all(text.as_bytes()).map_err(|error| out.failed(&error))?;
    out.finish()?;
    for note in &imported.notes {
        output::line(note);
    }
    let (nodes, edges) = (imported.place.node.len(), imported.place.edge.len());
    output::line(&format!("{}: {nodes} junctions, {edges} streets; {ATTRIBUTION}", args.out.display()));
    Ok(())
}

const ATTRIBUTION: &str = "map data © OpenStreetMap contributors, ODbL 1.0";

fn text(extract: &Path, place: &PlaceFile, notes: &[String]) -> Result<String, Failure> {
    let body = toml::to_string(place).map_err(|error| Failure::new(ExitCode::Failure, error.to_string()))?;
    let source = extract.file_name().unwrap_or_default().to_string_lossy();
    let mut lines = vec![format!("Made by `zhilian import osm` from {source:?}; {ATTRIBUTION}.")];
    lines.extend_from_slice(notes);
    Ok(format!("# {}\n\n{body}", lines.join("\n# ")))
}
