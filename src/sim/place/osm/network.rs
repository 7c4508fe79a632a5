//! The network of an extract: ways cut where they meet, joined where nothing happens, connected, and small enough.

use std::collections::BTreeMap;

use geo::{Coord, LineString, Simplify};

use super::extract::{Extract, Way};
use super::tags::{Names, Road};
use crate::base::Frame;
use crate::base::geodesy::Flat;
use crate::sim::place::StreetClass;
use crate::sim::place::local::cross;

/// Ends nearer than this are one junction, metres.
const NEAR_M: f64 = 2.0;
/// How far a simplified street may lie off its course, metres.
const OFF_M: f64 = 4.0;

/// A street between two junctions.
#[derive(Debug, Clone)]
pub(super) struct Street {
    pub(super) from: usize,
    pub(super) to: usize,
    /// Its course, both ends included.
    pub(super) line: Vec<Flat>,
    pub(super) class: StreetClass,
    pub(super) minor: u8,
    pub(super) ebikes: bool,
    pub(super) names: Names,
}

impl Street {
    pub(super) fn length(&self) -> f64 {
        self.line.windows(2).map(|pair| pair[0].distance(pair[1]).0).sum()
    }

    fn is_like(&self, other: &Self) -> bool {
        (self.class, self.ebikes, &self.names) == (other.class, other.ebikes, &other.names)
    }

    /// The junction at the other end.
    fn beyond(&self, junction: usize) -> usize {
        if self.from == junction { self.to } else { self.from }
    }
}

/// Junctions and the streets between them.
#[derive(Debug, Clone, Default)]
pub(super) struct Network {
    pub(super) junctions: Vec<Flat>,
    pub(super) streets: Vec<Street>,
}

impl Network {
    /// Cuts the ways of an extract into streets from junction to junction.
    pub(super) fn cut(extract: &Extract, frame: &Frame) -> Self {
        let mut uses = vec![0_u8; extract.points.len()];
        for run in extract.roads.iter().flat_map(|way| runs(way, extract)) {
            for point in run.iter().chain([&run[0], &run[run.len() - 1]]) {
                uses[*point] = uses[*point].saturating_add(1);
            }
        }
        let rivers: Vec<Vec<Flat>> = extract
            .rivers
            .iter()
            .flat_map(|way| runs(way, extract))
            .map(|run| run.iter().filter_map(|point| Some(frame.flat(extract.points[*point]?.at))).collect())
            .collect();
        let mut cutting = Cutting { extract, frame, rivers, numbers: BTreeMap::new(), network: Self::default() };
        for way in &extract.roads {
            for run in runs(way, extract) {
                let mut start = 0;
                for end in 1..run.len() {
                    if uses[run[end]] > 1 {
                        cutting.street(&way.what, &run[start..=end]);
                        start = end;
                    }
                }
            }
        }
        let mut network = cutting.network;
        network.weld();
        network
    }

    /// Makes one junction of those that are too near for a street between them.
    fn weld(&mut self) {
        let mut same: Vec<usize> = (0..self.junctions.len()).collect();
        for street in self.streets.iter().filter(|street| street.length() < NEAR_M) {
            let (from, to) = (root(&mut same, street.from), root(&mut same, street.to));
            same[from.max(to)] = from.min(to);
        }
        for street in &mut self.streets {
            (street.from, street.to) = (root(&mut same, street.from), root(&mut same, street.to));
            let last = street.line.len() - 1;
            (street.line[0], street.line[last]) = (self.junctions[street.from], self.junctions[street.to]);
        }
        self.streets.retain(|street| street.from != street.to && street.length() >= NEAR_M);
    }

    /// Without streets more minor than `most`, and only what is connected: the largest part that e-bikes can ride, and
    /// the streets closed to them that lead from there.
    pub(super) fn kept(&self, most: u8) -> Self {
        let mut network = self.clone();
        network.streets.retain(|street| street.minor <= most);
        let open = network.parts(|street| street.ebikes);
        let mut sizes: BTreeMap<usize, f64> = BTreeMap::new();
        for street in network.streets.iter().filter(|street| street.ebikes) {
            *sizes.entry(open[street.from]).or_default() += street.length();
        }
        let largest = sizes.iter().max_by(|a, b| a.1.total_cmp(b.1)).map(|(part, _)| *part);
        network.streets.retain(|street| !street.ebikes || Some(open[street.from]) == largest);
        let all = network.parts(|_| true);
        let home = network.streets.iter().find(|street| street.ebikes).map(|street| all[street.from]);
        network.streets.retain(|street| Some(all[street.from]) == home);
        network
    }

    /// For each junction the part of the network that it is in, when only some streets count.
    fn parts(&self, counts: impl Fn(&Street) -> bool) -> Vec<usize> {
        let mut same: Vec<usize> = (0..self.junctions.len()).collect();
        for street in self.streets.iter().filter(|street| counts(street)) {
            let (from, to) = (root(&mut same, street.from), root(&mut same, street.to));
            same[from.max(to)] = from.min(to);
        }
        (0..same.len()).map(|junction| root(&mut same, junction)).collect()
    }

    /// Joins streets that go on as the same street, and straightens what hardly bends.
    pub(super) fn joined(mut self) -> Self {
        let mut meet: Vec<Vec<usize>> = vec![Vec::new(); self.junctions.len()];
        for (number, street) in self.streets.iter().enumerate() {
            meet[street.from].push(number);
            meet[street.to].push(number);
        }
        let mut gone = vec![false; self.streets.len()];
        for junction in 0..meet.len() {
            let [first, second] = meet[junction][..] else { continue };
            let (before, after) = (&self.streets[first], &self.streets[second]);
            let (start, end) = (before.beyond(junction), after.beyond(junction));
            if first == second || start == end || !before.is_like(after) {
                continue;
            }
            let mut line = before.line.clone();
            if before.to != junction {
                line.reverse();
            }
            let mut rest = after.line.clone();
            if after.from != junction {
                rest.reverse();
            }
            line.extend(&rest[1..]);
            let joined = Street { from: start, to: end, line, ..before.clone() };
            self.streets[first] = joined;
            gone[second] = true;
            meet[junction].clear();
            meet[end].iter_mut().filter(|street| **street == second).for_each(|street| *street = first);
        }
        let mut number = 0;
        self.streets.retain(|_| {
            number += 1;
            !gone[number - 1]
        });
        for street in &mut self.streets {
            street.line = simplified(&street.line, OFF_M);
        }
        self.without_lone_junctions()
    }

    fn without_lone_junctions(mut self) -> Self {
        let mut numbers: Vec<Option<usize>> = vec![None; self.junctions.len()];
        let mut junctions = Vec::new();
        for street in &mut self.streets {
            for end in [&mut street.from, &mut street.to] {
                *end = *numbers[*end].get_or_insert_with(|| {
                    junctions.push(self.junctions[*end]);
                    junctions.len() - 1
                });
            }
        }
        Self { junctions, streets: self.streets }
    }
}

/// A line that lies at most `off` metres off the one given.
pub(super) fn simplified(line: &[Flat], off: f64) -> Vec<Flat> {
    let coordinates: Vec<Coord> = line.iter().map(|at| Coord { x: at.east, y: at.north }).collect();
    LineString::from(coordinates).simplify(off).coords().map(|at| Flat { east: at.x, north: at.y }).collect()
}

/// The parts of a way whose points are all there; each has at least two.
pub(super) fn runs<'a, T>(way: &'a Way<T>, extract: &'a Extract) -> impl Iterator<Item = &'a [usize]> {
    way.points.split(|point| extract.points[*point].is_none()).filter(|run| run.len() > 1)
}

/// The junction that stands for all that are the same.
fn root(same: &mut [usize], mut junction: usize) -> usize {
    while same[junction] != junction {
        same[junction] = same[same[junction]];
        junction = same[junction];
    }
    junction
}

/// What cutting needs to know.
struct Cutting<'a> {
    extract: &'a Extract,
    frame: &'a Frame,
    rivers: Vec<Vec<Flat>>,
    /// Junctions by the points that they are.
    numbers: BTreeMap<usize, usize>,
    network: Network,
}

impl Cutting<'_> {
    fn street(&mut self, road: &Road, points: &[usize]) {
        let (first, last) = (points[0], points[points.len() - 1]);
        if first == last {
            // A loop has no two ends: its middle becomes one.
            let middle = points.len() / 2;
            if middle > 0 && points[middle] != first {
                self.street(road, &points[..=middle]);
                self.street(road, &points[middle..]);
            }
            return;
        }
        let at = |point: &usize| self.extract.points[*point].map(|point| self.frame.flat(point.at));
        let line: Vec<Flat> = points.iter().filter_map(at).collect();
        let wet = road.bridge && self.rivers.iter().any(|river| lines_cross(&line, river));
        let class = if wet { StreetClass::Bridge } else { road.class };
        let (from, to) = (self.junction(first, line[0]), self.junction(last, line[line.len() - 1]));
        let (minor, ebikes, names) = (road.minor, road.ebikes, road.names.clone());
        self.network.streets.push(Street { from, to, line, class, minor, ebikes, names });
    }

    fn junction(&mut self, point: usize, at: Flat) -> usize {
        *self.numbers.entry(point).or_insert_with(|| {
            self.network.junctions.push(at);
            self.network.junctions.len() - 1
        })
    }
}

fn lines_cross(a: &[Flat], b: &[Flat]) -> bool {
    a.windows(2).any(|first| b.windows(2).any(|second| cross(first[0], first[1], second[0], second[1])))
}
