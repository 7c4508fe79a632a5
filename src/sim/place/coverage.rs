//! The mobile network of a place: base stations round its nodes and along its streets, and how strongly each is heard.
//! Invented, but always the same: the place's name is the seed.
//!
//! Path loss is 128.1 + 37.6 log10(km) dB, the usual 3GPP formula for macro cells at 2 GHz. With 15.2 dBm a resource
//! element, 15 dBi at the mast, and 10 dB lost in a small antenna inside a metal frame (**assumed**) a vehicle hears
//! −107.9 dBm at 1 km. Hills and houses add shadowing that stays where it is; how dense the stations stand is **assumed**.

use super::city::{Edge, Node};
use super::file::{PlaceFile, StreetClass};
use crate::base::geodesy::Flat;
use crate::base::rng::{Purpose, Stream};
use crate::base::units::{Dbm, Metres};

/// What a vehicle hears one kilometre from a station, dBm.
const AT_ONE_KM: f64 = -107.9;
/// What is lost with each factor of ten in distance, dB.
const PER_DECADE: f64 = 37.6;
/// Nobody is nearer to an antenna than this, metres.
const NEAREST_M: f64 = 35.0;
/// Deviation of the shadowing between squares, dB. With what vehicles add by themselves it makes the published 8 dB.
const SHADOW_DB: f64 = 7.0;
/// Side of the squares in which shadowing is the same, metres.
const SQUARE_M: f64 = 250.0;
/// Beyond this no station is listed, metres: even with luck it is too weak there.
const REACH_M: f64 = 3000.0;
/// Stations listed in a square, the strongest ones.
const LISTED: usize = 3;
/// Share of the sites along a street at which there is no station: where two are missing in a row, nobody is heard
/// (**assumed**: somewhat below one riding report in a hundred waits then).
const GAPS: f64 = 0.2;
/// Most stations of a place; their numbers are 16 bits wide.
const MOST: usize = 60_000;
/// No square.
const NOWHERE: u16 = u16::MAX;

/// How large the cell of a station is, and hence how well its place tells where a vehicle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CellSize {
    /// Between high houses.
    Dense,
    /// In a town.
    Town,
    /// In the country.
    Wide,
}

impl CellSize {
    /// Within this distance of the station nearly all that it serves is found, metres; **assumed**, and tested against
    /// the simulation's own places.
    #[must_use]
    pub fn radius(self) -> Metres {
        Metres(match self {
            Self::Dense => 1000.0,
            // In tunnels a station that far away is often the strongest.
            Self::Town => 1700.0,
            Self::Wide => 2500.0,
        })
    }

    /// Stations nearer to each other than this are one, metres.
    fn spacing_m(self) -> f64 {
        match self {
            Self::Dense => 300.0,
            Self::Town => 600.0,
            Self::Wide => 1000.0,
        }
    }
}

/// A base station.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BaseStation {
    /// Its identity on the air: eNodeB number × 256 + cell, 28 bits.
    pub id: u32,
    /// Where it stands.
    pub at: Flat,
    /// How large its cell is.
    pub size: CellSize,
}

/// A station that may be heard in a square.
#[derive(Debug, Clone, Copy, Default)]
struct Listed {
    /// Its number and 1; 0 for none.
    number: u16,
    /// Shadowing of the square, dB.
    shadow: i8,
}

type Square = [Listed; LISTED];

/// The stations of a place and where they are heard.
#[derive(Debug, Clone)]
pub struct Coverage {
    stations: Vec<BaseStation>,
    corner: Flat,
    columns: usize,
    /// Row by row: which of `squares` it is; only those on streets have one.
    index: Vec<u16>,
    squares: Vec<Square>,
}

impl Coverage {
    /// Puts up the stations of a place.
    pub(super) fn lay(file: &PlaceFile, nodes: &[Node], edges: &[Edge]) -> Self {
        // FNV-1a, so that a name means the same for ever.
        let seed = file
            .name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let mut coverage = Self::bare(edges);
        coverage.mark_streets(edges);
        let mut sites =
            Sites { near: vec![NOWHERE; coverage.index.len()], stream: Stream::new(seed, 0, Purpose::Radio) };
        for (entry, node) in file.node.iter().zip(nodes) {
            coverage.serve_node(&entry.kind, node.at, &mut sites);
        }
        for edge in edges {
            coverage.serve_street(edge, &mut sites);
        }
        coverage.list_stations(seed);
        coverage
    }

    /// The stations, by number.
    #[must_use]
    pub fn stations(&self) -> &[BaseStation] {
        &self.stations
    }

    /// The stations that may be heard at a point, and how strongly on average out of doors; none off the streets.
    pub fn heard(&self, at: Flat) -> impl Iterator<Item = (u16, Dbm)> + '_ {
        let square = self.square(at).and_then(|square| self.squares.get(usize::from(self.index[square])));
        square.into_iter().flatten().take_while(|listed| listed.number > 0).map(move |listed| {
            let number = listed.number - 1;
            let strength = median(self.stations[usize::from(number)].at, at) + f64::from(listed.shadow);
            (number, Dbm(strength))
        })
    }

    fn bare(edges: &[Edge]) -> Self {
        const MARGIN_M: f64 = 2.0 * SQUARE_M;
        let points = || edges.iter().flat_map(Edge::line);
        let low = |axis: fn(&Flat) -> f64| points().map(|at| axis(&at)).fold(f64::INFINITY, f64::min) - MARGIN_M;
        let high = |axis: fn(&Flat) -> f64| points().map(|at| axis(&at)).fold(f64::NEG_INFINITY, f64::max) + MARGIN_M;
        let corner = Flat { east: low(|at| at.east), north: low(|at| at.north) };
        let columns = ((high(|at| at.east) - corner.east) / SQUARE_M).ceil() as usize;
        let rows = ((high(|at| at.north) - corner.north) / SQUARE_M).ceil() as usize;
        Self { stations: Vec::new(), corner, columns, index: vec![NOWHERE; columns * rows], squares: Vec::new() }
    }

    /// The place of a square in `index`.
    fn square(&self, at: Flat) -> Option<usize> {
        let (east, north) = ((at.east - self.corner.east) / SQUARE_M, (at.north - self.corner.north) / SQUARE_M);
        // A negative number becomes a row or column 0, at the edge of the margin where nothing is listed.
        let (column, row) = (east as usize, north as usize);
        (column < self.columns).then(|| row * self.columns + column).filter(|square| *square < self.index.len())
    }

    fn middle(&self, square: usize) -> Flat {
        let (row, column) = (square / self.columns, square % self.columns);
        let beyond = |count: usize| (count as f64 + 0.5) * SQUARE_M;
        self.corner + Flat { east: beyond(column), north: beyond(row) }
    }

    /// Gives a square to every point of a street and of the yards beside it.
    fn mark_streets(&mut self, edges: &[Edge]) {
        const STEP_M: f64 = 100.0;
        const YARD_M: f64 = 60.0;
        for edge in edges {
            let steps = (edge.length.0 / STEP_M).ceil().max(1.0);
            for step in 0..=steps as u32 {
                let at = edge.point(f64::from(step) / steps * edge.length.0).0;
                for (east, north) in [(-YARD_M, -YARD_M), (-YARD_M, YARD_M), (YARD_M, -YARD_M), (YARD_M, YARD_M)] {
                    let Some(square) = self.square(at + Flat { east, north }) else { continue };
                    if self.index[square] == NOWHERE && self.squares.len() < usize::from(NOWHERE) {
                        self.index[square] = self.squares.len() as u16;
                        self.squares.push(Square::default());
                    }
                }
            }
        }
    }

    fn serve_node(&mut self, kind: &str, at: Flat, sites: &mut Sites) {
        const RING: [(f64, f64); 4] = [(450.0, 100.0), (-100.0, 450.0), (-450.0, -100.0), (100.0, -450.0)];
        let (size, count) = if kind == "cbd" { (CellSize::Dense, RING.len()) } else { (CellSize::Town, 1) };
        let first = sites.stream.index(RING.len());
        let mut missing = count;
        for (east, north) in RING.into_iter().cycle().skip(first).take(RING.len()) {
            if missing > 0 && self.build(at + Flat { east, north }, size, sites) {
                missing -= 1;
            }
        }
    }

    fn serve_street(&mut self, edge: &Edge, sites: &mut Sites) {
        let (size, every_m) = match edge.class {
            StreetClass::Arterial => (CellSize::Town, 1100.0),
            // Tunnels have antennas of their own.
            StreetClass::HillRoad | StreetClass::Bridge | StreetClass::Tunnel => (CellSize::Town, 1400.0),
            StreetClass::Intercity => (CellSize::Wide, 3000.0),
            StreetClass::Local => return,
        };
        let count = (edge.length.0 / every_m) as u32;
        for site in 1..=count {
            let offset = f64::from(site) / f64::from(count + 1) * edge.length.0;
            if !sites.stream.chance(GAPS) {
                self.build(edge.point(offset).0, size, sites);
            }
        }
    }

    /// Puts up a station near a point, unless there is one; the answer is whether it did.
    fn build(&mut self, near: Flat, size: CellSize, sites: &mut Sites) -> bool {
        const ASIDE_M: f64 = 120.0;
        let mut aside = || sites.stream.between(-ASIDE_M, ASIDE_M);
        let at = near + Flat { east: aside(), north: aside() };
        let Some(square) = self.square(at).filter(|_| self.stations.len() < MOST) else { return false };
        let reach = (size.spacing_m() / SQUARE_M).ceil() as usize;
        let others = self.around(square, reach).filter_map(|square| self.stations.get(usize::from(sites.near[square])));
        if sites.near[square] != NOWHERE || others.into_iter().any(|other| other.at.distance(at).0 < size.spacing_m()) {
            return false;
        }
        sites.near[square] = self.stations.len() as u16;
        let id = (400_000 + self.stations.len() as u32) << 8 | 1;
        self.stations.push(BaseStation { id, at, size });
        true
    }

    /// The squares at most `reach` rows and columns away.
    fn around(&self, square: usize, reach: usize) -> impl Iterator<Item = usize> + use<> {
        let (columns, rows) = (self.columns, self.index.len() / self.columns);
        let (row, column) = (square / columns, square % columns);
        let row_range = row.saturating_sub(reach)..=(row + reach).min(rows - 1);
        let column_range = column.saturating_sub(reach)..=(column + reach).min(columns - 1);
        row_range.flat_map(move |row| column_range.clone().map(move |column| row * columns + column))
    }

    /// Enters each station in the squares where it is among the strongest.
    fn list_stations(&mut self, seed: u64) {
        for number in 0..self.stations.len() {
            let at = self.stations[number].at;
            let Some(home) = self.square(at) else { continue };
            let mut stream = Stream::new(seed, number as u32 + 1, Purpose::Radio);
            for square in self.around(home, (REACH_M / SQUARE_M) as usize) {
                if self.index[square] == NOWHERE {
                    continue;
                }
                let shadow = (SHADOW_DB * stream.normal()).clamp(-2.0 * SHADOW_DB, 3.0 * SHADOW_DB).round() as i8;
                let middle = self.middle(square);
                if middle.distance(at).0 <= REACH_M {
                    self.enter(square, middle, Listed { number: number as u16 + 1, shadow });
                }
            }
        }
    }

    fn enter(&mut self, square: usize, middle: Flat, new: Listed) {
        let strength = |listed: Listed| match listed.number {
            0 => f64::NEG_INFINITY,
            number => median(self.stations[usize::from(number) - 1].at, middle) + f64::from(listed.shadow),
        };
        let list = &mut self.squares[usize::from(self.index[square])];
        let place = list.iter().position(|listed| strength(*listed) < strength(new));
        if let Some(place) = place {
            list[place..].rotate_right(1);
            list[place] = new;
        }
    }
}

/// What is needed only while stations are put up.
struct Sites {
    /// For each square its station, or [`NOWHERE`].
    near: Vec<u16>,
    stream: Stream,
}

/// How strongly a station is heard without shadowing, dBm.
fn median(station: Flat, at: Flat) -> f64 {
    let (east, north) = (at.east - station.east, at.north - station.north);
    let square_km2 = (east * east + north * north).max(NEAREST_M * NEAREST_M) * 1e-6;
    AT_ONE_KM - PER_DECADE / 2.0 * square_km2.log10()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::place::Place;

    fn chongqing() -> Place {
        Place::parse(include_str!("../../../config/place/chongqing.toml")).unwrap()
    }

    #[test]
    fn strength_falls_with_distance_as_the_formula_says() {
        let (place, coverage) = (chongqing(), chongqing().coverage);
        assert!(coverage.stations().len() > 300, "{} stations", coverage.stations().len());
        // A line through (log distance, strength) of the strongest station at every node.
        let mut points = Vec::new();
        for node in &place.nodes {
            for (number, strength) in coverage.heard(node.at) {
                let metres = coverage.stations()[usize::from(number)].at.distance(node.at).0.max(NEAREST_M);
                points.push(((metres / 1000.0).log10(), strength.0));
            }
        }
        let count = points.len() as f64;
        let mean = |f: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(f).sum::<f64>() / count;
        let rest: Vec<f64> = points.iter().map(|(x, y)| y - (AT_ONE_KM - PER_DECADE * x)).collect();
        let bias = rest.iter().sum::<f64>() / count;
        let spread = (rest.iter().map(|r| (r - bias).powi(2)).sum::<f64>() / count).sqrt();
        // The strongest three of many are those with luck: the bias is that of the selection.
        assert!((0.0..6.0).contains(&bias), "bias {bias}");
        assert!((4.0..8.5).contains(&spread), "spread {spread}");
        let (mx, my) = (mean(&|p| p.0), mean(&|p| p.1));
        let slope = mean(&|p| (p.0 - mx) * (p.1 - my)) / mean(&|p| (p.0 - mx).powi(2));
        assert!((-45.0..-25.0).contains(&slope), "slope {slope}");
    }

    #[test]
    fn the_strongest_come_first_and_towns_are_covered() {
        let place = chongqing();
        let best =
            |at: Flat| place.coverage.heard(at).map(|(_, strength)| strength.0).fold(f64::NEG_INFINITY, f64::max);
        let file_nodes = &place.nodes[..place.file.node.len()];
        for (entry, node) in place.file.node.iter().zip(file_nodes) {
            let near =
                place.coverage.stations().iter().map(|station| station.at.distance(node.at).0).fold(1e9, f64::min);
            assert!(best(node.at) > -118.0, "{entry:?}: {} dBm, the next station {near} m away", best(node.at));
        }
        let canyon: Vec<f64> = file_nodes.iter().filter(|node| node.canyon).map(|node| best(node.at)).collect();
        assert!(canyon.iter().all(|strength| *strength > -100.0), "{canyon:?}");
        // Holes are somewhere on the streets between.
        let mut holes = (0, 0);
        for edge in place.edges.iter().filter(|edge| edge.home.is_none()) {
            for step in 0..(edge.length.0 / 100.0) as u32 {
                holes.0 += u32::from(best(edge.point(f64::from(step) * 100.0).0) < -118.0);
                holes.1 += 1;
            }
        }
        let share = f64::from(holes.0) / f64::from(holes.1);
        assert!((0.005..0.15).contains(&share), "{share} of the streets");
    }

    #[test]
    fn nine_of_ten_are_within_the_radius_of_their_cell() {
        let place = chongqing();
        let mut found = [(0, 0); 3];
        for edge in &place.edges {
            for step in 0..=(edge.length.0 / 100.0) as u32 {
                let at = edge.point(f64::from(step) * 100.0).0;
                let best = place.coverage.heard(at).max_by(|(_, a), (_, b)| a.0.total_cmp(&b.0));
                let Some((number, _)) = best.filter(|(_, strength)| strength.0 > -118.0) else { continue };
                let station = &place.coverage.stations()[usize::from(number)];
                let (within, all) = &mut found[station.size as usize];
                *within += i32::from(station.at.distance(at).0 <= station.size.radius().0);
                *all += 1;
            }
        }
        for (within, all) in found {
            let share = f64::from(within) / f64::from(all);
            assert!(all > 50 && (0.88..1.0).contains(&share), "{found:?}");
        }
    }

    #[test]
    fn the_same_place_has_the_same_network() {
        let (first, second) = (chongqing().coverage, chongqing().coverage);
        assert_eq!(first.stations(), second.stations());
        let at = first.stations()[7].at;
        assert!(first.heard(at).eq(second.heard(at)));
        assert!(first.heard(Flat { east: 1e7, north: 0.0 }).next().is_none(), "beyond the place");
        assert!(first.heard(Flat { east: -1e7, north: -1e7 }).next().is_none(), "beyond the place");
    }
}
