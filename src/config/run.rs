//! Putting a run together from its files: scenario, place, catalogue.

use super::fault::Fault;
use super::files::{self, Folder};
use crate::base::{LatLon, Timestamp};
use crate::sim::{Catalogue, Place, Scenario, Setting};
use crate::web::place::{Head, Name, PlaceMap};

/// Reads a scenario by name or path.
///
/// # Errors
/// The first fault with its line.
pub fn scenario(name: &str) -> Result<Scenario, Fault> {
    let source = files::find(Folder::Scenario, name)?;
    Scenario::parse(&source.text).map_err(|error| Fault::at(&source.origin, &source.text, error.offset, &error.what))
}

/// Reads a place by name or path.
///
/// # Errors
/// The first fault with its line.
pub fn place(name: &str) -> Result<Place, Fault> {
    let source = files::find(Folder::Place, name)?;
    Place::parse(&source.text).map_err(|error| Fault::at(&source.origin, &source.text, error.offset, &error.what))
}

/// Puts a run together that begins at `begin`.
///
/// # Errors
/// The first fault in the scenario's place or mix.
pub fn setting(scenario: Scenario, begin: Timestamp) -> Result<Setting, Fault> {
    let place = place(&scenario.place)?;
    let source = files::embedded("catalogue.toml").ok_or_else(|| Fault::of("config/catalogue.toml", "is missing"))?;
    let catalogue = Catalogue::parse(&source.text).map_err(|what| Fault::of(&source.origin, what))?;
    Setting::new(scenario, place, &catalogue, begin).map_err(|what| Fault::of("scenario", what))
}

/// A place as the map shows it.
#[must_use]
pub fn place_map(place: &Place) -> String {
    let file = &place.file;
    let name = |en: &str, zh: &str| Name { en: en.to_owned(), zh: zh.to_owned() };
    let mut map = PlaceMap::default();
    for river in &file.river {
        map.river(&name(&river.en, &river.zh), &river.line);
    }
    for (index, edge) in place.edges.iter().enumerate() {
        // Local streets have no entry in the file, and no name.
        let entry = file.edge.get(index).map_or(("", ""), |entry| (&entry.en, &entry.zh));
        let line: Vec<_> = edge.line().map(|at| rounded(place.frame.globe(at))).collect();
        map.street(&name(entry.0, entry.1), &edge.class, &line);
    }
    // In an imported place most junctions have no name.
    for node in file.node.iter().filter(|node| !node.en.is_empty()) {
        let rank = match node.kind.as_str() {
            "cbd" => 1,
            "town" | "airport" => 2,
            _ => 3,
        };
        map.district(&name(&node.en, &node.zh), rank, node.at);
    }
    map.finish(&Head {
        name: file.name.clone(),
        en: file.en.clone(),
        zh: file.zh.clone(),
        center: file.centre,
        zoom: file.zoom,
        schematic: file.schematic,
        attribution: file.attribution.clone(),
    })
}

/// `[longitude, latitude]` to a millionth of a degree (11 cm), so that the map stays small.
fn rounded(at: LatLon) -> [f64; 2] {
    [at.lon, at.lat].map(|degrees| (degrees * 1e6).round() / 1e6)
}
