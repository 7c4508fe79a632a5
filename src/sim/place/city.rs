//! A place ready to use: nodes and streets in a flat frame, with lengths and slopes.

use std::collections::BTreeMap;

use super::coverage::Coverage;
use super::file::{EdgeFile, PlaceFile, StreetClass};
use super::local;
use super::station::{self, Station, StationKind};
use crate::base::units::Metres;
use crate::base::{Frame, LatLon, geodesy::Flat};

/// How far around a node with high houses they stand, metres.
const CANYON_M: f64 = 900.0;

/// A node ready to use.
#[derive(Debug, Clone)]
pub struct Node {
    /// Where, in the place's frame.
    pub at: Flat,
    /// Metres above sea level.
    pub elevation: Metres,
    /// Whether high houses stand close around it.
    pub canyon: bool,
    /// Edges that meet here.
    pub edges: Vec<u16>,
}

/// A street ready to use: a bent line with lengths.
#[derive(Debug, Clone)]
pub struct Edge {
    /// Node at offset 0.
    pub from: u16,
    /// Node at offset `length`.
    pub to: u16,
    /// What it is.
    pub class: StreetClass,
    /// Whether e-bikes and e-motorcycles may use it.
    pub ebikes: bool,
    /// Its length.
    pub length: Metres,
    /// Rise over run from `from` to `to`.
    pub grade: f64,
    /// The node around which a local street was laid; `None` for streets of the file.
    pub home: Option<u16>,
    bends: Vec<Bend>,
    from_elevation: f64,
}

/// A point at which a street changes its course.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bend {
    /// Metres from the beginning.
    offset: f64,
    at: Flat,
    /// Course from here to the next; kept, because finding it costs more than all else about a position.
    course: f64,
}

/// A line of points with lengths and courses.
fn bends(points: &[Flat]) -> Vec<Bend> {
    let mut offset = 0.0;
    let mut bends = Vec::with_capacity(points.len());
    for (index, at) in points.iter().enumerate() {
        let next = points.get(index + 1).unwrap_or(at);
        bends.push(Bend { offset, at: *at, course: at.course(*next).0 });
        offset += at.distance(*next).0;
    }
    bends
}

impl Edge {
    /// A straight local street around the node `home`. Its ends must be apart.
    pub(super) fn local(from: u16, to: u16, home: u16, nodes: &[Node]) -> Self {
        let (start, end) = (&nodes[usize::from(from)], &nodes[usize::from(to)]);
        let length = start.at.distance(end.at).0.max(1.0);
        Self {
            from,
            to,
            class: StreetClass::Local,
            ebikes: true,
            length: Metres(length),
            grade: (end.elevation.0 - start.elevation.0) / length,
            home: Some(home),
            bends: bends(&[start.at, end.at]),
            from_elevation: start.elevation.0,
        }
    }

    /// Its line in the place's frame, from `from` to `to`.
    pub fn line(&self) -> impl Iterator<Item = Flat> + '_ {
        self.bends.iter().map(|bend| bend.at)
    }

    /// Whether vehicles of the fleet can stand at it: they may use it, and it is no bridge or tunnel.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.ebikes && !matches!(self.class, StreetClass::Bridge | StreetClass::Tunnel)
    }

    /// The point and the course of the line `offset` metres from `from`.
    #[must_use]
    pub fn point(&self, offset: f64) -> (Flat, f64) {
        let last = self.bends.len() - 2;
        let index = self.bends[1..].iter().position(|bend| bend.offset >= offset).unwrap_or(last).min(last);
        let (start, end) = (self.bends[index], self.bends[index + 1]);
        let length = end.offset - start.offset;
        let share = if length > 0.0 { ((offset - start.offset) / length).clamp(0.0, 1.0) } else { 0.0 };
        (start.at.towards(end.at, share), start.course)
    }

    /// Metres above sea level `offset` metres from `from`.
    #[must_use]
    pub fn elevation(&self, offset: f64) -> f64 {
        self.from_elevation + self.grade * offset
    }
}

/// A place ready to use.
#[derive(Debug, Clone)]
pub struct Place {
    /// As the file says it, for maps and names.
    pub file: PlaceFile,
    /// Its flat frame.
    pub frame: Frame,
    /// Where streets meet.
    pub nodes: Vec<Node>,
    /// Streets: first those of the file in its order, then local ones.
    pub edges: Vec<Edge>,
    /// Where packs are swapped and vehicles charge fast.
    pub stations: Vec<Station>,
    /// Its mobile network.
    pub coverage: Coverage,
    /// Added to UTC, in seconds.
    pub utc_offset_s: i64,
}

/// What is wrong with a place.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{what}")]
pub struct PlaceError {
    /// The fault and what was expected.
    pub what: String,
    /// Byte offset in the text, where it is known.
    pub offset: Option<usize>,
}

impl Place {
    /// Reads and checks a place.
    ///
    /// # Errors
    /// The first fault.
    pub fn parse(text: &str) -> Result<Self, PlaceError> {
        let file: PlaceFile = toml::from_str(text).map_err(|error| PlaceError {
            what: error.message().to_owned(),
            offset: error.span().map(|span| span.start),
        })?;
        Self::build(file).map_err(|what| PlaceError { what, offset: None })
    }

    /// Whether high houses stand around a point of a street.
    #[must_use]
    pub fn is_canyon(&self, edge: &Edge, at: Flat) -> bool {
        let nodes = [edge.from, edge.to].map(|node| &self.nodes[usize::from(node)]);
        nodes.iter().any(|node| node.canyon && node.at.distance(at).0 < CANYON_M)
    }

    /// Whether a node is one of the file, where main streets meet and lights stand.
    #[must_use]
    pub fn has_lights(&self, node: u16) -> bool {
        self.file.node.get(usize::from(node)).is_some_and(|node| node.kind != "corner")
    }

    /// The station of a kind that is nearest as the crow flies.
    #[must_use]
    pub fn nearest_station(&self, kind: StationKind, from: Flat) -> Option<&Station> {
        let distance = |station: &&Station| station.at.distance(from).0;
        let wanted = self.stations.iter().filter(|station| station.kind == kind);
        wanted.min_by(|a, b| distance(a).total_cmp(&distance(b)))
    }

    /// The station at so many metres along a street.
    #[must_use]
    pub fn station_at(&self, edge: u16, offset: f64) -> Option<&Station> {
        self.stations.iter().find(|station| station.edge == edge && (station.offset - offset).abs() < 0.1)
    }

    fn build(file: PlaceFile) -> Result<Self, String> {
        if file.node.len() > usize::from(u16::MAX) || file.edge.len() > usize::from(u16::MAX) {
            return Err(format!("expected at most {} nodes and edges", u16::MAX));
        }
        let utc_offset_s = parse_offset(&file.utc_offset)?;
        let frame = Frame::new(lat_lon(file.centre)?);
        let mut nodes = Vec::with_capacity(file.node.len());
        let mut index = BTreeMap::new();
        for (number, node) in file.node.iter().enumerate() {
            if index.insert(node.id.clone(), number as u16).is_some() {
                return Err(format!("node {:?} stands twice", node.id));
            }
            nodes.push(Node {
                at: frame.flat(lat_lon(node.at)?),
                elevation: Metres(node.elev),
                canyon: node.kind == "cbd",
                edges: Vec::new(),
            });
        }
        let mut edges = Vec::with_capacity(file.edge.len());
        for edge in &file.edge {
            let find =
                |id: &String| index.get(id).copied().ok_or_else(|| format!("an edge names the unknown node {id:?}"));
            let (from, to) = (find(&edge.from)?, find(&edge.to)?);
            nodes[usize::from(from)].edges.push(edges.len() as u16);
            nodes[usize::from(to)].edges.push(edges.len() as u16);
            edges.push(build_edge(edge, from, to, &nodes, &frame)?);
        }
        if !edges.iter().any(|edge| edge.ebikes) {
            return Err("expected at least one edge open to e-bikes".to_owned());
        }
        let mut rivers = Vec::new();
        for river in &file.river {
            let line: Result<Vec<Flat>, String> = river.line.iter().map(|at| Ok(frame.flat(lat_lon(*at)?))).collect();
            rivers.push(line?);
        }
        if file.schematic {
            local::lay(&file.name, &mut nodes, &mut edges, &rivers);
        }
        let stations = station::build(&file.name, &file.station, &file.node, &nodes, &edges)?;
        let coverage = Coverage::lay(&file, &nodes, &edges);
        Ok(Self { file, frame, nodes, edges, stations, coverage, utc_offset_s })
    }
}

fn build_edge(edge: &EdgeFile, from: u16, to: u16, nodes: &[Node], frame: &Frame) -> Result<Edge, String> {
    let (start, end) = (&nodes[usize::from(from)], &nodes[usize::from(to)]);
    let mut points = vec![start.at];
    for at in &edge.via {
        points.push(frame.flat(lat_lon(*at)?));
    }
    points.push(end.at);
    let bends = bends(&points);
    let length = bends[bends.len() - 1].offset;
    if length < 1.0 {
        return Err(format!("the edge {}–{} is shorter than a metre", edge.from, edge.to));
    }
    Ok(Edge {
        from,
        to,
        class: edge.class,
        ebikes: edge.ebikes,
        length: Metres(length),
        grade: (end.elevation.0 - start.elevation.0) / length,
        home: None,
        bends,
        from_elevation: start.elevation.0,
    })
}

fn lat_lon([lon, lat]: [f64; 2]) -> Result<LatLon, String> {
    let at = LatLon { lat, lon };
    if at.is_valid() { Ok(at) } else { Err(format!("expected [longitude, latitude], found [{lon}, {lat}]")) }
}

/// Seconds of an offset such as `+08:00`.
fn parse_offset(text: &str) -> Result<i64, String> {
    let expected = || format!("utc_offset: expected an offset such as +08:00, found {text:?}");
    let (sign, rest) = match text.split_at_checked(1) {
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        _ => return Err(expected()),
    };
    let (hours, minutes) = rest.split_once(':').ok_or_else(expected)?;
    let number = |part: &str| part.parse::<i64>().map_err(|_| expected());
    Ok(sign * (number(hours)? * 3600 + number(minutes)? * 60))
}

#[cfg(test)]
mod tests {
    use geo::{Coord, Intersects, LineString};

    use super::*;

    const PLACES: [&str; 5] = [
        include_str!("../../../config/place/chongqing.toml"),
        include_str!("../../../config/place/hanoi.toml"),
        include_str!("../../../config/place/bangkok.toml"),
        include_str!("../../../config/place/jakarta.toml"),
        include_str!("../../../config/place/nairobi.toml"),
    ];

    #[test]
    fn every_bridge_crosses_a_river_and_nothing_else_does() {
        for place in PLACES.map(|text| Place::parse(text).unwrap()) {
            let line = |points: &mut dyn Iterator<Item = Flat>| -> LineString {
                points.map(|p| Coord { x: p.east, y: p.north }).collect::<Vec<_>>().into()
            };
            let flat = |at: &[f64; 2]| place.frame.flat(lat_lon(*at).unwrap());
            let rivers: Vec<LineString> =
                place.file.river.iter().map(|river| line(&mut river.line.iter().map(flat))).collect();
            for (index, edge) in place.edges.iter().enumerate() {
                let street = line(&mut edge.line());
                let wet = rivers.iter().any(|river| river.intersects(&street));
                let name = place.file.edge.get(index).map(|file| (&file.from, &file.to));
                let context = format!("{}: {index} {name:?} near node {:?}", place.file.name, edge.home);
                assert_eq!(wet, edge.class == StreetClass::Bridge, "{context}");
            }
        }
    }

    #[test]
    fn points_run_along_the_edge() {
        let place = Place::parse(PLACES[0]).unwrap();
        for edge in &place.edges {
            assert!(edge.point(0.0).0.distance(place.nodes[usize::from(edge.from)].at).0 < 1e-6);
            assert!(edge.point(edge.length.0).0.distance(place.nodes[usize::from(edge.to)].at).0 < 1e-6);
            // Hill roads wind more than their schematic chords, which are therefore a little too steep.
            assert!(edge.grade.abs() < 0.16, "grade {}", edge.grade);
        }
    }

    #[test]
    fn every_place_has_stations_where_e_bikes_come() {
        for place in PLACES.map(|text| Place::parse(text).unwrap()) {
            for kind in [StationKind::Swap, StationKind::Charge] {
                let some = place.stations.iter().filter(|station| station.kind == kind).count();
                assert!(some >= 2, "{}: {some} of {kind:?}", place.file.name);
            }
            assert!(place.stations.iter().all(|station| place.edges[usize::from(station.edge)].ebikes));
            let one = place.stations[0];
            let found = place.nearest_station(one.kind, one.at + Flat { east: 1.0, north: 1.0 });
            assert_eq!(found, Some(&one), "{}", place.file.name);
        }
        let drawn = Place::parse(PLACES[2]).unwrap();
        assert_eq!(drawn.file.station.len(), 0);
        assert_eq!(drawn.stations, Place::parse(PLACES[2]).unwrap().stations, "the name is the seed");
    }

    #[test]
    fn a_faulty_place_is_refused() {
        let text = PLACES[0];
        let refused = |from: &str, to: &str| Place::parse(&text.replacen(from, to, 1)).unwrap_err().what;
        assert!(refused("from = \"JFB\"", "from = \"XXX\"").contains("XXX"));
        assert!(refused("+08:00", "8 hours").contains("utc_offset"));
        assert!(refused("\"swap-JFB\", node = \"JFB\"", "\"s\", node = \"NOWHERE\"").contains("NOWHERE"));
        assert!(refused("\"swap-JFB\"", "\"swap-GYQ\"").contains("twice"));
        assert!(refused("kind = \"swap\"", "kind = \"inn\"").contains("inn"));
        assert!(refused("at = [106.5733, 29.56]", "at = [29.56, 106.5733]").contains("[longitude, latitude]"));
    }
}
