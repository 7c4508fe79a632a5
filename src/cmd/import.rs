//! `zhilian import`: data of others becomes files of zhilian.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::outfile::OutFile;
use super::{ExitCode, Failure, output};
use crate::base::units::Celsius;
use crate::sim::Place;
use crate::sim::place::PlaceFile;
use crate::sim::place::osm::{ImportOptions, import};

/// Makes a place from data of others.
#[derive(Debug, Args)]
pub struct ImportArgs {
    #[command(subcommand)]
    source: Source,
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
    match &args.source {
        Source::Osm(args) => run_osm(args),
    }
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
