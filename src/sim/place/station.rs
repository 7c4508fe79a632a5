//! Stations: where packs are swapped and where vehicles charge fast. Those of the place's file; where it names none, one
//! of each kind is drawn near every centre and town, the place's name being the seed.

use serde::{Deserialize, Serialize};

use super::city::{Edge, Node};
use super::file::{NodeFile, StationFile, StreetClass};
use super::local;
use crate::base::geodesy::Flat;
use crate::base::rng::{Purpose, Stream};

/// What a station does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StationKind {
    /// Members change their pack.
    Swap,
    /// Vehicles charge fast.
    Charge,
}

/// A station beside a street.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Station {
    /// What it does.
    pub kind: StationKind,
    /// The street.
    pub edge: u16,
    /// How far along it, metres.
    pub offset: f64,
    /// Where that is, in the place's frame.
    pub at: Flat,
}

/// The stations of a place.
///
/// # Errors
/// A sentence when a station stands twice, names an unknown node, or one that e-bikes do not reach.
pub(super) fn build(
    name: &str,
    files: &[StationFile],
    of_node: &[NodeFile],
    nodes: &[Node],
    edges: &[Edge],
) -> Result<Vec<Station>, String> {
    let seed = local::seed(name);
    if files.is_empty() {
        let central = (0..of_node.len()).filter(|node| matches!(of_node[*node].kind.as_str(), "cbd" | "town"));
        let drawn = central.flat_map(|node| [(node, StationKind::Swap), (node, StationKind::Charge)]);
        return Ok(drawn.filter_map(|(node, kind)| beside(seed, node, kind, nodes, edges)).collect());
    }
    let mut stations = Vec::with_capacity(files.len());
    for (index, file) in files.iter().enumerate() {
        if files[..index].iter().any(|other| other.id == file.id) {
            return Err(format!("station {:?} stands twice", file.id));
        }
        let node = of_node.iter().position(|node| node.id == file.node);
        let node = node.ok_or_else(|| format!("station {:?} names the unknown node {:?}", file.id, file.node))?;
        let station = beside(seed, node, file.kind, nodes, edges);
        stations.push(station.ok_or_else(|| {
            format!("station {:?}: expected a node with streets for e-bikes, found {:?}", file.id, file.node)
        })?);
    }
    Ok(stations)
}

/// A station on a street of a node, a local one where there is any.
fn beside(seed: u64, node: usize, kind: StationKind, nodes: &[Node], edges: &[Edge]) -> Option<Station> {
    let mut stream = Stream::new(seed, 2 * node as u32 + u32::from(kind == StationKind::Swap), Purpose::Stations);
    let dry = |class| !matches!(class, StreetClass::Bridge | StreetClass::Tunnel);
    let all = nodes[node].edges.iter().copied();
    let open = |edge: &u16| edges[usize::from(*edge)].ebikes && dry(edges[usize::from(*edge)].class);
    let (near, far): (Vec<u16>, Vec<u16>) =
        all.filter(open).partition(|edge| edges[usize::from(*edge)].home == Some(node as u16));
    let choice = if near.is_empty() { far } else { near };
    let edge = *choice.get(stream.index(choice.len()))?;
    let street = &edges[usize::from(edge)];
    let offset = stream.between(0.2, 0.8) * street.length.0;
    Some(Station { kind, edge, offset, at: street.point(offset).0 })
}
