//! Routes over a place's streets: where a spot is, and how to get from one to another.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::place::{Edge, Place, Station, StreetClass};
use crate::base::geodesy::Flat;
use crate::base::rng::Stream;

/// Somewhere a vehicle can stand: beside a street, up to a yard away from it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    /// Which street.
    pub edge: u16,
    /// How far along it, metres.
    pub offset: f64,
    /// How far from its middle.
    pub aside: Flat,
}

impl Spot {
    /// Somewhere along the streets that e-bikes may use, away from bridges and tunnels.
    pub fn draw(place: &Place, stream: &mut Stream) -> Self {
        loop {
            let edge = stream.index(place.edges.len()) as u16;
            if let Some(spot) = Self::on(place, edge, stream) {
                return spot;
            }
        }
    }

    fn on(place: &Place, edge: u16, stream: &mut Stream) -> Option<Self> {
        let street = &place.edges[usize::from(edge)];
        // Yards lie farther from a main street than from a local one.
        let yard_m = match street.class {
            StreetClass::Arterial | StreetClass::HillRoad | StreetClass::Intercity => 45.0,
            StreetClass::Local => 15.0,
            StreetClass::Bridge | StreetClass::Tunnel => return None,
        };
        if !street.ebikes {
            return None;
        }
        let offset = stream.between(0.0, street.length.0);
        let aside = Flat { east: stream.between(-yard_m, yard_m), north: stream.between(-yard_m, yard_m) };
        Some(Self { edge, offset, aside })
    }

    /// Where somebody stands at a station.
    #[must_use]
    pub fn of(station: &Station) -> Self {
        Self { edge: station.edge, offset: station.offset, aside: Flat::default() }
    }

    /// Whether two are the same but for the yard.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.edge == other.edge && (self.offset - other.offset).abs() < 0.1
    }

    /// Where it is in the place's frame.
    #[must_use]
    pub fn at(&self, place: &Place) -> Flat {
        place.edges[usize::from(self.edge)].point(self.offset).0 + self.aside
    }
}

/// A part of a street, ridden from one offset to another; backwards when `to < from`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// Which street.
    pub edge: u16,
    /// Offset where it begins, metres.
    pub from: f64,
    /// Offset where it ends, metres.
    pub to: f64,
}

impl Stretch {
    /// How long it is.
    #[must_use]
    pub fn length(&self) -> f64 {
        (self.to - self.from).abs()
    }

    /// 1 along the street's direction, −1 against it.
    #[must_use]
    pub fn sign(&self) -> f64 {
        if self.to < self.from { -1.0 } else { 1.0 }
    }
}

/// Who travels: vehicles of the fleet keep off some streets, vans do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Traveller {
    /// An e-bike or e-motorcycle.
    EBike,
    /// A van or lorry.
    Van,
}

/// The quickest way from one spot to another; `None` when the streets do not connect them.
#[must_use]
pub fn route(place: &Place, from: &Spot, to: &Spot, traveller: Traveller) -> Option<Vec<Stretch>> {
    if from.edge == to.edge {
        return Some(vec![Stretch { edge: from.edge, from: from.offset, to: to.offset }]);
    }
    let first = &place.edges[usize::from(from.edge)];
    let last = &place.edges[usize::from(to.edge)];
    let starts = [(first.from, from.offset), (first.to, first.length.0 - from.offset)];
    let ends = [(last.from, to.offset), (last.to, last.length.0 - to.offset)];
    let (steps, entry, exit) = search(place, &starts, first, &ends, last, traveller)?;

    let mut way = Vec::with_capacity(steps.len() + 2);
    way.push(Stretch {
        edge: from.edge,
        from: from.offset,
        to: if entry == first.from { 0.0 } else { first.length.0 },
    });
    let mut node = entry;
    for step in steps {
        let edge = &place.edges[usize::from(step)];
        let (start, end, next) =
            if edge.from == node { (0.0, edge.length.0, edge.to) } else { (edge.length.0, 0.0, edge.from) };
        way.push(Stretch { edge: step, from: start, to: end });
        node = next;
    }
    way.push(Stretch { edge: to.edge, from: if exit == last.from { 0.0 } else { last.length.0 }, to: to.offset });
    way.retain(|stretch| stretch.length() > 0.5);
    Some(way)
}

/// Dijkstra over travel time in milliseconds (whole numbers order the same on every machine): the edges between the
/// node where the first street is left and the node where the last is entered.
fn search(
    place: &Place,
    starts: &[(u16, f64)],
    first: &Edge,
    ends: &[(u16, f64)],
    last: &Edge,
    traveller: Traveller,
) -> Option<(Vec<u16>, u16, u16)> {
    const UNSEEN: u64 = u64::MAX;
    let cost = |edge: &Edge, metres: f64| (metres / edge.class.free_speed().0 * 1000.0) as u64;
    let mut best = vec![UNSEEN; place.nodes.len()];
    let mut came: Vec<Option<(u16, u16)>> = vec![None; place.nodes.len()];
    let mut open = BinaryHeap::new();
    for (node, metres) in starts {
        let time = cost(first, *metres);
        if time < best[usize::from(*node)] {
            best[usize::from(*node)] = time;
            open.push(Reverse((time, *node)));
        }
    }
    let total =
        |best: &[u64], (node, metres): &(u16, f64)| best[usize::from(*node)].saturating_add(cost(last, *metres));
    while let Some(Reverse((time, node))) = open.pop() {
        if time > best[usize::from(node)] {
            continue;
        }
        if ends.iter().any(|end| time >= total(&best, end)) {
            break;
        }
        for edge_index in &place.nodes[usize::from(node)].edges {
            let edge = &place.edges[usize::from(*edge_index)];
            // Local streets lead only to what hangs on the same node: no way passes through those of others.
            let elsewhere = edge.home.is_some() && edge.home != first.home && edge.home != last.home;
            if elsewhere || (traveller == Traveller::EBike && !edge.ebikes) {
                continue;
            }
            let next = if edge.from == node { edge.to } else { edge.from };
            let arrival = time + cost(edge, edge.length.0);
            if arrival < best[usize::from(next)] {
                best[usize::from(next)] = arrival;
                came[usize::from(next)] = Some((node, *edge_index));
                open.push(Reverse((arrival, next)));
            }
        }
    }
    let exit = ends.iter().min_by_key(|end| total(&best, end)).filter(|end| total(&best, end) < UNSEEN)?.0;
    let mut steps = Vec::new();
    let mut node = exit;
    while let Some((previous, edge)) = came[usize::from(node)] {
        steps.push(edge);
        node = previous;
    }
    steps.reverse();
    Some((steps, node, exit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Purpose;

    #[test]
    fn routes_join_up_and_keep_off_closed_streets() {
        let place = Place::parse(include_str!("../../config/place/chongqing.toml")).unwrap();
        let mut stream = Stream::new(3, 0, Purpose::Trips);
        for _ in 0..500 {
            let (from, to) = (Spot::draw(&place, &mut stream), Spot::draw(&place, &mut stream));
            let way = route(&place, &from, &to, Traveller::EBike).expect("the open streets connect");
            let point = |edge: u16, offset: f64| place.edges[usize::from(edge)].point(offset).0;
            assert!(point(way[0].edge, way[0].from).distance(point(from.edge, from.offset)).0 < 1.0);
            let end = way[way.len() - 1];
            assert!(point(end.edge, end.to).distance(point(to.edge, to.offset)).0 < 1.0);
            for pair in way.windows(2) {
                let gap = point(pair[0].edge, pair[0].to).distance(point(pair[1].edge, pair[1].from)).0;
                assert!(gap < 1.5, "{gap} m between {pair:?}");
            }
            assert!(way.iter().all(|stretch| place.edges[usize::from(stretch.edge)].ebikes));
        }
    }
}
