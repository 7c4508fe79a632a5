//! Routes over a place's streets: where a spot is, and how to get from one to another.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::place::{Edge, Place, Station, StreetClass};
use crate::base::geodesy::Flat;
use crate::base::rng::Stream;

/// Somewhere a vehicle can stand: beside a street, up to a yard away from it. Kept to a millimetre or so, because each
/// vehicle remembers four.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    /// Which street.
    pub edge: u16,
    /// Metres along it, and from its middle to the east and to the north.
    offset: f32,
    aside: [f32; 2],
}

impl Spot {
    /// A spot so many metres along a street, and so far from its middle.
    #[must_use]
    pub fn new(edge: u16, offset: f64, aside: Flat) -> Self {
        Self { edge, offset: offset as f32, aside: [aside.east as f32, aside.north as f32] }
    }

    /// How far along its street it is, metres.
    #[must_use]
    pub fn offset(&self) -> f64 {
        self.offset.into()
    }

    /// How far from the middle of the street.
    #[must_use]
    pub fn aside(&self) -> Flat {
        let [east, north] = self.aside.map(f64::from);
        Flat { east, north }
    }

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
        if !street.is_open() {
            return None;
        }
        // Yards lie farther from a main street than from a local one.
        let yard_m = if street.class == StreetClass::Local { 15.0 } else { 45.0 };
        let offset = stream.between(0.0, street.length.0);
        let aside = Flat { east: stream.between(-yard_m, yard_m), north: stream.between(-yard_m, yard_m) };
        Some(Self::new(edge, offset, aside))
    }

    /// Where somebody stands at a station.
    #[must_use]
    pub fn of(station: &Station) -> Self {
        Self::new(station.edge, station.offset, Flat::default())
    }

    /// Whether two are the same but for the yard.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.edge == other.edge && (self.offset - other.offset).abs() < 0.1
    }

    /// A spot about so many metres from here: as the crow flies, a fifth off at most where there is such a one; for a
    /// walk, along the streets.
    #[must_use]
    pub fn away(&self, place: &Place, metres: f64, stream: &mut Stream) -> Self {
        const WALK_M: f64 = 400.0;
        const OFF: f64 = 0.2;
        const STEP_M: f64 = 200.0;
        if metres < WALK_M {
            return self.onward(place, metres, stream);
        }
        let here = self.at(place);
        let (mut there, mut nearest) = (Vec::new(), (f64::INFINITY, *self));
        for (edge, street) in place.edges.iter().enumerate().filter(|(_, street)| street.is_open()) {
            let parts = (street.length.0 / STEP_M).ceil().max(1.0);
            for part in 0..parts as u32 {
                let offset = street.length.0 * (f64::from(part) + 0.5) / parts;
                let spot = Self::new(edge as u16, offset, self.aside());
                let miss = (spot.at(place).distance(here).0 - metres).abs();
                if miss < OFF * metres {
                    there.push(spot);
                }
                if miss < nearest.0 {
                    nearest = (miss, spot);
                }
            }
        }
        there.get(stream.index(there.len())).copied().unwrap_or(nearest.1)
    }

    /// A spot so many metres on along the streets, leading away from here; earlier where the streets end.
    fn onward(&self, place: &Place, metres: f64, stream: &mut Stream) -> Self {
        let (start, own) = (self.at(place), &place.edges[usize::from(self.edge)]);
        let (mut edge, mut offset, mut left) = (self.edge, self.offset(), metres);
        // Along its own street where that is long enough, else out of it by the nearer end that leads on.
        let leads_on = |node: u16| place.nodes[usize::from(node)].edges.len() > 1;
        let fits = (own.length.0 - offset >= metres, offset >= metres);
        let mut ahead = match fits {
            (true, true) => stream.chance(0.5),
            (true, false) | (false, true) => fits.0,
            (false, false) => leads_on(own.to),
        };
        loop {
            let street = &place.edges[usize::from(edge)];
            let step = left.min(if ahead { street.length.0 - offset } else { offset });
            offset += if ahead { step } else { -step };
            left -= step;
            let node = if ahead { street.to } else { street.from };
            let reach = |next: &u16| {
                let street = &place.edges[usize::from(*next)];
                let end = if street.from == node { street.to } else { street.from };
                let main = if street.home.is_none() { 1e6 } else { 0.0 };
                place.nodes[usize::from(end)].at.distance(start).0 + main
            };
            let open = |next: &u16| *next != edge && place.edges[usize::from(*next)].is_open();
            let next = place.nodes[usize::from(node)].edges.iter().copied().filter(open);
            let next = next.max_by(|a, b| reach(a).total_cmp(&reach(b)));
            let gone = place.nodes[usize::from(node)].at.distance(start).0;
            let Some(next) = next.filter(|next| left > 0.0 && reach(next) > gone) else {
                return Self::new(edge, offset, self.aside());
            };
            (edge, ahead) = (next, place.edges[usize::from(next)].from == node);
            offset = if ahead { 0.0 } else { place.edges[usize::from(next)].length.0 };
        }
    }

    /// Where it is in the place's frame.
    #[must_use]
    pub fn at(&self, place: &Place) -> Flat {
        place.edges[usize::from(self.edge)].point(self.offset()).0 + self.aside()
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
        return Some(vec![Stretch { edge: from.edge, from: from.offset(), to: to.offset() }]);
    }
    let first = &place.edges[usize::from(from.edge)];
    let last = &place.edges[usize::from(to.edge)];
    let starts = [(first.from, from.offset()), (first.to, first.length.0 - from.offset())];
    let ends = [(last.from, to.offset()), (last.to, last.length.0 - to.offset())];
    let (steps, entry, exit) = search(place, &starts, first, &ends, last, traveller)?;

    let mut way = Vec::with_capacity(steps.len() + 2);
    way.push(Stretch {
        edge: from.edge,
        from: from.offset(),
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
    way.push(Stretch { edge: to.edge, from: if exit == last.from { 0.0 } else { last.length.0 }, to: to.offset() });
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
    fn away_is_as_far_as_asked() {
        let place = Place::parse(include_str!("../../config/place/chongqing.toml")).unwrap();
        let mut stream = Stream::new(4, 0, Purpose::Trips);
        for metres in [80.0, 250.0, 800.0, 2000.0, 5000.0] {
            let mut off = 0;
            for _ in 0..200 {
                let from = Spot::draw(&place, &mut stream);
                let to = from.away(&place, metres, &mut stream);
                let way = route(&place, &from, &to, Traveller::EBike).expect("the open streets connect");
                let length: f64 = way.iter().map(Stretch::length).sum();
                // A walk is measured along the streets, all else as the crow flies.
                let found = if metres < 400.0 { length } else { from.at(&place).distance(to.at(&place)).0 };
                off += i32::from((found / metres - 1.0).abs() > 0.21);
                assert!(metres > 400.0 || length <= metres + 1.0, "{length} m instead of {metres} m");
            }
            // Some streets end, and some places lie lonely.
            assert!(off < 40, "{off} of 200 are not {metres} m away");
        }
    }

    #[test]
    fn routes_join_up_and_keep_off_closed_streets() {
        let place = Place::parse(include_str!("../../config/place/chongqing.toml")).unwrap();
        let mut stream = Stream::new(3, 0, Purpose::Trips);
        for _ in 0..500 {
            let (from, to) = (Spot::draw(&place, &mut stream), Spot::draw(&place, &mut stream));
            let way = route(&place, &from, &to, Traveller::EBike).expect("the open streets connect");
            let point = |edge: u16, offset: f64| place.edges[usize::from(edge)].point(offset).0;
            assert!(point(way[0].edge, way[0].from).distance(point(from.edge, from.offset())).0 < 1.0);
            let end = way[way.len() - 1];
            assert!(point(end.edge, end.to).distance(point(to.edge, to.offset())).0 < 1.0);
            for pair in way.windows(2) {
                let gap = point(pair[0].edge, pair[0].to).distance(point(pair[1].edge, pair[1].from)).0;
                assert!(gap < 1.5, "{gap} m between {pair:?}");
            }
            assert!(way.iter().all(|stretch| place.edges[usize::from(stretch.edge)].ebikes));
        }
    }
}
