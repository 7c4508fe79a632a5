//! From an extract to a place file.

use std::io::{Read, Seek};

use super::extract::{self, Bounds, District, Extract};
use super::heights;
use super::network::{Network, runs, simplified};
use super::tags::{MINOR, Names, rank_name};
use crate::base::geodesy::Flat;
use crate::base::units::Celsius;
use crate::base::{Frame, LatLon};
use crate::sim::place::file::{EdgeFile, NodeFile, RiverFile};
use crate::sim::place::{PlaceFile, StreetClass};

/// Most junctions and streets of a place: their numbers are 16 bits wide.
const MOST: usize = 60_000;
/// How far a simplified river may lie off its course, metres.
const RIVER_OFF_M: f64 = 10.0;
/// A district gives its name to the nearest junction up to this far, metres.
const DISTRICT_M: f64 = 1500.0;
/// Licence condition of OpenStreetMap data (`ODbL` 1.0).
const ATTRIBUTION: &str = "© OpenStreetMap contributors";

/// What the extract does not say.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportOptions {
    /// Name used in scenarios.
    pub name: String,
    /// Name in Chinese.
    pub zh: String,
    /// Name in English.
    pub en: String,
    /// West, south, east, north in degrees: what lies outside is left out.
    pub bounds: Option<Bounds>,
    /// Time zone such as `+08:00`; without it the nautical one of the longitude.
    pub utc_offset: Option<String>,
    /// Air temperature in the shade.
    pub ambient: Celsius,
}

/// A place made from an extract.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The place.
    pub place: PlaceFile,
    /// What was left out or guessed, a sentence each.
    pub notes: Vec<String>,
}

/// Why no place came of an extract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OsmError {
    /// No byte.
    #[error("is empty, expected an extract of OpenStreetMap in PBF format (.osm.pbf)")]
    Empty,
    /// Something else.
    #[error("is no extract of OpenStreetMap in PBF format (.osm.pbf)")]
    NoPbf,
    /// It breaks off or was changed.
    #[error("is damaged after {0} blocks: {1}")]
    Damaged(u64, String),
    /// The input fails.
    #[error("{0}")]
    Unreadable(String),
    /// No street that a vehicle could use.
    #[error("has no streets for motor traffic that e-bikes may use{0}")]
    NoStreets(&'static str),
    /// Too many main roads.
    #[error("has too many main roads for one place ({0} junctions, at most {MOST}): choose a part with --bbox w,s,e,n")]
    TooLarge(usize),
}

/// Makes a place from an extract.
///
/// # Errors
/// When it is none, or no place can be made of it.
pub fn import(input: impl Read + Seek + Send, options: &ImportOptions) -> Result<Imported, OsmError> {
    let extract = extract::read(input, options.bounds)?;
    let inside = if options.bounds.is_some() { " within the --bbox" } else { "" };
    let bounds = bounds(&extract).ok_or(OsmError::NoStreets(inside))?;
    let [west, south, east, north] = bounds;
    let centre = LatLon { lat: f64::midpoint(south, north), lon: f64::midpoint(west, east) };
    let frame = Frame::new(centre);
    let mut notes = Vec::new();
    let network = fitting(&extract, &frame, &mut notes)?;
    if !network.streets.iter().any(|street| street.ebikes && is_liveable(street.class)) {
        return Err(OsmError::NoStreets(inside));
    }
    let known = known_heights(&extract, &frame);
    if known.is_empty() {
        notes.push("no heights are tagged: all streets are level".to_owned());
    }
    let utc_offset = options.utc_offset.clone().unwrap_or_else(|| {
        let offset = format!("{:+03}:00", (centre.lon / 15.0).round() as i32);
        notes.push(format!("the time zone is guessed from the longitude: {offset}"));
        offset
    });
    let mut place = PlaceFile {
        name: options.name.clone(),
        zh: options.zh.clone(),
        en: options.en.clone(),
        centre: degrees(centre),
        zoom: zoom(bounds),
        utc_offset,
        ambient: options.ambient,
        attribution: Some(ATTRIBUTION.to_owned()),
        schematic: false,
        node: nodes(&network, &heights::of(&network, &known), &frame),
        edge: edges(&network, &frame),
        river: rivers(&extract, &frame),
        station: Vec::new(),
    };
    name_districts(&mut place.node, &network, &extract.districts, &frame);
    Ok(Imported { place, notes })
}

/// Streets where vehicles can stand.
fn is_liveable(class: StreetClass) -> bool {
    match class {
        StreetClass::Arterial | StreetClass::HillRoad | StreetClass::Intercity | StreetClass::Local => true,
        StreetClass::Bridge | StreetClass::Tunnel => false,
    }
}

/// The network with as many minor streets as fit into a place.
fn fitting(extract: &Extract, frame: &Frame, notes: &mut Vec<String>) -> Result<Network, OsmError> {
    let whole = Network::cut(extract, frame);
    let mut most = MINOR;
    loop {
        let kept = whole.kept(most);
        let wanted = whole.streets.iter().filter(|street| street.minor <= most).count();
        let islands = wanted - kept.streets.len();
        let network = kept.joined();
        if network.junctions.len().max(network.streets.len()) <= MOST {
            if islands > 0 {
                notes.push(format!("{islands} of {wanted} pieces of street are not connected to the rest: left out"));
            }
            return Ok(network);
        }
        if most == 0 {
            return Err(OsmError::TooLarge(network.junctions.len()));
        }
        let (junctions, streets) = (network.junctions.len(), network.streets.len());
        notes.push(format!("{junctions} junctions and {streets} streets are too many: {} left out", rank_name(most)));
        most -= 1;
    }
}

/// West, south, east, north of all streets.
fn bounds(extract: &Extract) -> Option<Bounds> {
    let points = extract.roads.iter().flat_map(|way| runs(way, extract)).flatten();
    let points = points.filter_map(|point| Some(extract.points[*point]?.at));
    points.fold(None, |bounds, at| {
        let [west, south, east, north] = bounds.unwrap_or([at.lon, at.lat, at.lon, at.lat]);
        Some([west.min(at.lon), south.min(at.lat), east.max(at.lon), north.max(at.lat)])
    })
}

/// The zoom at which a place fills a map about 800 pixels wide and 600 high (512-pixel tiles).
fn zoom([west, south, east, north]: Bounds) -> f64 {
    let flat = f64::midpoint(south, north).to_radians().cos();
    let span = (east - west).max((north - south) / flat * (800.0 / 600.0)).max(1e-4);
    ((360.0 * 800.0 / 512.0 / span).log2().clamp(6.0, 16.0) * 10.0).round() / 10.0
}

/// `[longitude, latitude]` to 1e-7 degrees, the resolution of OpenStreetMap.
fn degrees(at: LatLon) -> [f64; 2] {
    let at = at.quantised();
    [at.lon, at.lat]
}

fn known_heights(extract: &Extract, frame: &Frame) -> Vec<(Flat, f64)> {
    let points = extract.roads.iter().flat_map(|way| &way.points);
    points.filter_map(|point| extract.points[*point]).filter_map(|p| Some((frame.flat(p.at), p.elevation?))).collect()
}

fn id(junction: usize) -> String {
    format!("n{junction}")
}

fn nodes(network: &Network, heights: &[f64], frame: &Frame) -> Vec<NodeFile> {
    let mut main = vec![0; network.junctions.len()];
    for street in network.streets.iter().filter(|street| street.class != StreetClass::Local) {
        main[street.from] += 1;
        main[street.to] += 1;
    }
    let node = |(number, at): (usize, &Flat)| NodeFile {
        id: id(number),
        zh: String::new(),
        en: String::new(),
        at: degrees(frame.globe(*at)),
        elev: (heights[number] * 10.0).round() / 10.0,
        // Lights stand where main streets meet (assumed; few are tagged).
        kind: if main[number] > 2 { "junction" } else { "corner" }.to_owned(),
    };
    network.junctions.iter().enumerate().map(node).collect()
}

fn edges(network: &Network, frame: &Frame) -> Vec<EdgeFile> {
    let edge = |street: &super::network::Street| EdgeFile {
        from: id(street.from),
        to: id(street.to),
        class: street.class,
        zh: street.names.zh.clone(),
        en: street.names.en.clone(),
        ebikes: street.ebikes,
        via: street.line[1..street.line.len() - 1].iter().map(|at| degrees(frame.globe(*at))).collect(),
    };
    network.streets.iter().map(edge).collect()
}

fn rivers(extract: &Extract, frame: &Frame) -> Vec<RiverFile> {
    let lines = extract.rivers.iter().flat_map(|way| runs(way, extract).map(|run| (&way.what, run)));
    lines
        .map(|(names, run)| {
            let line: Vec<Flat> = run.iter().filter_map(|point| Some(frame.flat(extract.points[*point]?.at))).collect();
            let line = simplified(&line, RIVER_OFF_M).into_iter().map(|at| degrees(frame.globe(at))).collect();
            let Names { en, zh } = names.clone();
            RiverFile { zh, en, line }
        })
        .collect()
}

/// Gives the nearest junctions the names of districts, cities first.
fn name_districts(nodes: &mut [NodeFile], network: &Network, districts: &[District], frame: &Frame) {
    let mut districts: Vec<&District> = districts.iter().collect();
    districts.sort_by_key(|district| district.rank);
    for district in districts {
        let middle = frame.flat(district.at);
        let free = network.junctions.iter().enumerate().filter(|(number, _)| nodes[*number].en.is_empty());
        let distances = free.map(|(number, at)| (number, at.distance(middle).0));
        let Some((nearest, distance)) = distances.min_by(|a, b| a.1.total_cmp(&b.1)) else { return };
        if distance <= DISTRICT_M {
            let node = &mut nodes[nearest];
            node.en.clone_from(&district.names.en);
            node.zh.clone_from(&district.names.zh);
            if district.rank == 0 { "cbd" } else { "town" }.clone_into(&mut node.kind);
        }
    }
}
