//! Local streets: around each node a small, crooked grid, so that vehicles park and hop in a city instead of on its
//! main streets alone. Invented, but always the same: the place's name is the seed.
//!
//! Every grid hangs on its node alone and no local street crosses a river, so bridges stay the only way over.

use super::city::{Edge, Node};
use crate::base::geodesy::Flat;
use crate::base::rng::{Purpose, Stream};
use crate::base::units::Metres;

/// Points of the grid on each side of the node.
const REACH: i32 = 2;
/// Points of the grid in one direction.
const SIDE: usize = 2 * REACH as usize + 1;
/// Farthest point of a grid from its node, metres.
const RADIUS_M: f64 = 300.0;
/// Farthest point of a grid from its node, of the distance to the next node: grids do not run into each other.
const SHARE: f64 = 0.5;
/// Share of the streets laid that are not needed to reach every point.
const LOOPS: f64 = 0.35;
/// Most nodes and edges of a place; their numbers are 16 bits wide.
const MOST: usize = 60_000;

/// Lays local streets around all nodes that e-bikes reach.
pub(super) fn lay(name: &str, nodes: &mut Vec<Node>, edges: &mut Vec<Edge>, rivers: &[Vec<Flat>]) {
    let seed = seed(name);
    let centres: Vec<Flat> = nodes.iter().map(|node| node.at).collect();
    for home in 0..centres.len() {
        let reached = nodes[home].edges.iter().any(|edge| edges[usize::from(*edge)].ebikes);
        if !reached || nodes.len().max(edges.len()) > MOST {
            continue;
        }
        let others = centres.iter().enumerate().filter(|(index, _)| *index != home);
        let next = others.map(|(_, at)| at.distance(centres[home]).0).fold(f64::INFINITY, f64::min);
        let radius = RADIUS_M.min(SHARE * next);
        let mut stream = Stream::new(seed, home as u32, Purpose::Streets);
        let grid = Grid::draw(centres[home], radius, &mut stream);
        grid.lay(home as u16, nodes, edges, rivers, &mut stream);
    }
}

/// What a place's name means as a seed: FNV-1a, so that it means the same for ever.
pub(super) fn seed(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Points of a grid; those too far out are `None`.
#[derive(Debug)]
struct Grid {
    points: [[Option<Flat>; SIDE]; SIDE],
    /// Slope of the ground, rise over run to the east and to the north.
    slope: (f64, f64),
}

impl Grid {
    fn draw(centre: Flat, radius: f64, stream: &mut Stream) -> Self {
        let spacing = stream.between(95.0, 130.0).min(radius * 0.45);
        let (sin, cos) = stream.between(0.0, std::f64::consts::FRAC_PI_2).sin_cos();
        let mut grid = Self {
            points: [[None; SIDE]; SIDE],
            slope: ((0.015 * stream.normal()).clamp(-0.03, 0.03), (0.015 * stream.normal()).clamp(-0.03, 0.03)),
        };
        for (row, line) in grid.points.iter_mut().enumerate() {
            for (column, point) in line.iter_mut().enumerate() {
                let (x, y) = (column as f64 - f64::from(REACH), row as f64 - f64::from(REACH));
                let crooked = |stream: &mut Stream| spacing * stream.between(-0.14, 0.14);
                let (east, north) = (x * spacing + crooked(stream), y * spacing + crooked(stream));
                let at = Flat { east: east * cos - north * sin, north: east * sin + north * cos };
                *point = (at.east.hypot(at.north) <= radius).then_some(centre + at);
            }
        }
        grid.points[REACH as usize][REACH as usize] = Some(centre);
        grid
    }

    /// Grows streets from the middle over dry ground; what cannot be reached so is left out.
    fn lay(&self, home: u16, nodes: &mut Vec<Node>, edges: &mut Vec<Edge>, rivers: &[Vec<Flat>], stream: &mut Stream) {
        let middle = (REACH as usize, REACH as usize);
        let mut numbers = [[None; SIDE]; SIDE];
        numbers[middle.0][middle.1] = Some(home);
        let mut open: Vec<((usize, usize), (usize, usize))> = neighbours(middle).map(|next| (middle, next)).collect();
        while !open.is_empty() {
            let (from, to) = open.swap_remove(stream.index(open.len()));
            let ends = (self.points[from.0][from.1], self.points[to.0][to.1]);
            let (Some(start), Some(end)) = ends else { continue };
            let Some(first) = numbers[from.0][from.1] else { continue };
            if rivers.iter().any(|river| river.windows(2).any(|bank| cross(start, end, bank[0], bank[1]))) {
                continue;
            }
            let second = match numbers[to.0][to.1] {
                // Both ends of a street offer it; as a loop it is wanted once.
                Some(known) if known > first && stream.chance(LOOPS) && !joined(nodes, edges, first, known) => known,
                Some(_) => continue,
                None => {
                    let number = nodes.len() as u16;
                    nodes.push(self.node(&nodes[usize::from(home)], end));
                    numbers[to.0][to.1] = Some(number);
                    open.extend(neighbours(to).map(|next| (to, next)));
                    number
                }
            };
            for node in [first, second] {
                nodes[usize::from(node)].edges.push(edges.len() as u16);
            }
            edges.push(Edge::local(first, second, home, nodes));
        }
    }

    fn node(&self, home: &Node, at: Flat) -> Node {
        let (east, north) = (at.east - home.at.east, at.north - home.at.north);
        let rise = self.slope.0 * east + self.slope.1 * north;
        Node { at, elevation: Metres(home.elevation.0 + rise), canyon: home.canyon, edges: Vec::new() }
    }
}

fn neighbours((row, column): (usize, usize)) -> impl Iterator<Item = (usize, usize)> {
    let steps = [(row.wrapping_sub(1), column), (row + 1, column), (row, column.wrapping_sub(1)), (row, column + 1)];
    steps.into_iter().filter(|(row, column)| *row < SIDE && *column < SIDE)
}

fn joined(nodes: &[Node], edges: &[Edge], a: u16, b: u16) -> bool {
    nodes[usize::from(a)].edges.iter().any(|edge| {
        let edge = &edges[usize::from(*edge)];
        (edge.from, edge.to) == (a, b) || (edge.from, edge.to) == (b, a)
    })
}

/// Whether two lines cross or touch.
pub(super) fn cross(a: Flat, b: Flat, c: Flat, d: Flat) -> bool {
    let side =
        |p: Flat, q: Flat, r: Flat| (q.east - p.east) * (r.north - p.north) - (q.north - p.north) * (r.east - p.east);
    side(a, b, c) * side(a, b, d) <= 0.0 && side(c, d, a) * side(c, d, b) <= 0.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::place::{Place, StreetClass};

    fn chongqing() -> Place {
        Place::parse(include_str!("../../../config/place/chongqing.toml")).unwrap()
    }

    #[test]
    fn local_streets_hang_on_their_node() {
        let place = chongqing();
        let local = place.edges.iter().filter(|edge| edge.class == StreetClass::Local);
        let mut reached = vec![false; place.nodes.len()];
        reached[..place.file.node.len()].fill(true);
        let mut lengths = Vec::new();
        for edge in local {
            let home = edge.home.unwrap();
            for node in [edge.from, edge.to] {
                let distance = place.nodes[usize::from(node)].at.distance(place.nodes[usize::from(home)].at).0;
                assert!(distance <= RADIUS_M, "{distance} m from its node");
            }
            // Streets grow from the node, so each hangs on one that is there.
            assert!(reached[usize::from(edge.from)]);
            reached[usize::from(edge.to)] = true;
            lengths.push(edge.length.0);
            assert!(edge.grade.abs() < 0.06, "grade {}", edge.grade);
        }
        assert!(lengths.len() > 1000, "{} local streets", lengths.len());
        assert!(reached.iter().all(|reached| *reached));
        let points: Vec<_> = chongqing().edges.iter().flat_map(|edge| edge.line().collect::<Vec<_>>()).collect();
        assert_eq!(points, place.edges.iter().flat_map(|edge| edge.line().collect::<Vec<_>>()).collect::<Vec<_>>());
    }

    #[test]
    fn lines_that_touch_cross() {
        let at = |east, north| Flat { east, north };
        assert!(cross(at(0.0, 0.0), at(2.0, 2.0), at(0.0, 2.0), at(2.0, 0.0)));
        assert!(cross(at(0.0, 0.0), at(2.0, 2.0), at(1.0, 1.0), at(5.0, 0.0)));
        assert!(!cross(at(0.0, 0.0), at(2.0, 2.0), at(3.0, 0.0), at(5.0, 1.0)));
    }
}
