//! Reads what is needed out of an extract, in two passes: first the ways, then the points that they need. So the memory
//! follows from the streets, not from the file.

use std::io::{BufReader, Read, Seek, SeekFrom};

use osmpbf::{BlobDecode, BlobReader, PrimitiveBlock};

use super::import::OsmError;
use super::tags::{self, Names, Road, Tags};
use crate::base::LatLon;

/// A point of a way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) at: LatLon,
    /// Metres above sea level, where it is tagged.
    pub(super) elevation: Option<f64>,
}

/// A way: what it is and the numbers of its points in [`Extract::points`].
#[derive(Debug)]
pub(super) struct Way<T> {
    pub(super) what: T,
    pub(super) points: Vec<usize>,
}

/// A district or town.
#[derive(Debug)]
pub(super) struct District {
    pub(super) names: Names,
    /// 0 for a city.
    pub(super) rank: u8,
    pub(super) at: LatLon,
}

/// What is needed of an extract.
#[derive(Debug, Default)]
pub(super) struct Extract {
    pub(super) roads: Vec<Way<Road>>,
    pub(super) rivers: Vec<Way<Names>>,
    pub(super) districts: Vec<District>,
    /// `None` where the extract or the box ends.
    pub(super) points: Vec<Option<Point>>,
}

/// West, south, east, north, degrees.
pub(super) type Bounds = [f64; 4];

fn is_within(at: LatLon, bounds: Option<Bounds>) -> bool {
    bounds.is_none_or(|[west, south, east, north]| (west..=east).contains(&at.lon) && (south..=north).contains(&at.lat))
}

/// Reads an extract.
pub(super) fn read(mut input: impl Read + Seek + Send, bounds: Option<Bounds>) -> Result<Extract, OsmError> {
    let mut extract = Extract::default();
    let mut ids: Vec<i64> = Vec::new();
    let blocks = each_block(&mut input, |block| read_ways(block, &mut extract, &mut ids))?;
    if blocks == 0 {
        return Err(OsmError::Empty);
    }
    // From the numbers that OpenStreetMap gave to places in one list.
    let mut known = ids.clone();
    known.sort_unstable();
    known.dedup();
    let number = |place: &usize| known.binary_search(&ids[*place]).unwrap_or_default();
    let renumber = |points: &mut Vec<usize>| *points = points.iter().map(number).collect();
    extract.roads.iter_mut().for_each(|way| renumber(&mut way.points));
    extract.rivers.iter_mut().for_each(|way| renumber(&mut way.points));
    drop(ids);
    extract.points = vec![None; known.len()];
    input.seek(SeekFrom::Start(0)).map_err(|error| OsmError::Unreadable(error.to_string()))?;
    each_block(&mut input, |block| read_points(block, &mut extract, &known, bounds))?;
    Ok(extract)
}

/// Calls `take` with each block of data; answers how many blocks of any kind there were.
fn each_block(input: impl Read + Send, mut take: impl FnMut(&PrimitiveBlock)) -> Result<u64, OsmError> {
    let mut blocks = 0;
    for blob in BlobReader::new(BufReader::new(input)) {
        let wrong = |error: osmpbf::Error| match blocks {
            0 => OsmError::NoPbf,
            _ => OsmError::Damaged(blocks, error.to_string()),
        };
        let blob = blob.map_err(wrong)?;
        match blob.decode().map_err(wrong)? {
            BlobDecode::OsmHeader(_) => {}
            BlobDecode::OsmData(block) if blocks > 0 => take(&block),
            BlobDecode::Unknown(_) if blocks > 0 => {}
            BlobDecode::OsmData(_) | BlobDecode::Unknown(_) => return Err(OsmError::NoPbf),
        }
        blocks += 1;
    }
    Ok(blocks)
}

/// Keeps the ways that matter; their points are for now places in `ids`.
fn read_ways(block: &PrimitiveBlock, extract: &mut Extract, ids: &mut Vec<i64>) {
    for way in block.groups().flat_map(|group| group.ways()) {
        let tags = Tags(way.tags().collect());
        let road = tags::road(&tags);
        let river = road.is_none() && tags::is_river(&tags);
        if road.is_none() && !river {
            continue;
        }
        let first = ids.len();
        ids.extend(way.refs());
        let points = (first..ids.len()).collect();
        match road {
            Some(what) => extract.roads.push(Way { what, points }),
            None => extract.rivers.push(Way { what: tags.names(), points }),
        }
    }
}

fn read_points(block: &PrimitiveBlock, extract: &mut Extract, known: &[i64], bounds: Option<Bounds>) {
    let mut take = |id: i64, lat: f64, lon: f64, tags: &Tags| {
        let at = LatLon { lat, lon };
        if !at.is_valid() || !is_within(at, bounds) {
            return;
        }
        if let Some(rank) = tags::district(tags) {
            extract.districts.push(District { names: tags.names(), rank, at });
        }
        if let Ok(number) = known.binary_search(&id) {
            let elevation = tags.get("ele").and_then(metres).filter(|metres| (-500.0..9000.0).contains(metres));
            extract.points[number] = Some(Point { at, elevation });
        }
    };
    for group in block.groups() {
        for node in group.nodes() {
            take(node.id(), node.lat(), node.lon(), &Tags(node.tags().collect()));
        }
        for node in group.dense_nodes() {
            take(node.id(), node.lat(), node.lon(), &Tags(node.tags().collect()));
        }
    }
}

/// A height such as `251`, `251.5` or `251 m`.
fn metres(text: &str) -> Option<f64> {
    text.trim().trim_end_matches('m').trim_end().parse().ok()
}
