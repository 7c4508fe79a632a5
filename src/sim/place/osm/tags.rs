//! What the tags of OpenStreetMap say about streets, rivers and districts (wiki.openstreetmap.org, Map features).

use crate::sim::place::StreetClass;

/// The tags of an element.
pub(super) struct Tags<'a>(pub(super) Vec<(&'a str, &'a str)>);

impl<'a> Tags<'a> {
    pub(super) fn get(&self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|(found, _)| *found == key).map(|(_, value)| *value)
    }

    /// Whether a key stands there with anything but "no".
    fn has(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| value != "no")
    }

    pub(super) fn names(&self) -> Names {
        let first = |keys: [&str; 3]| keys.iter().find_map(|key| self.get(key)).unwrap_or_default().to_owned();
        Names { en: first(["name:en", "int_name", "name"]), zh: first(["name:zh-Hans", "name:zh", "name"]) }
    }
}

/// A name in both languages; the local one where a language has none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Names {
    pub(super) en: String,
    pub(super) zh: String,
}

/// What is said of a street.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Road {
    pub(super) class: StreetClass,
    /// How soon it is left out when the place is too large: 0 never, [`MINOR`] first.
    pub(super) minor: u8,
    pub(super) ebikes: bool,
    pub(super) bridge: bool,
    pub(super) names: Names,
}

/// The most minor streets.
pub(super) const MINOR: u8 = 4;

/// What streets of a rank are called, for people.
pub(super) fn rank_name(minor: u8) -> &'static str {
    match minor {
        0 => "main roads",
        1 => "secondary roads",
        2 => "tertiary roads",
        3 => "unclassified roads",
        _ => "residential streets",
    }
}

/// The street that tags describe; `None` when it is none that motor traffic shares.
pub(super) fn road(tags: &Tags) -> Option<Road> {
    let highway = tags.get("highway")?;
    let (class, minor) = match highway.strip_suffix("_link").unwrap_or(highway) {
        "motorway" | "trunk" => (StreetClass::Intercity, 0),
        "primary" => (StreetClass::Arterial, 0),
        "secondary" => (StreetClass::Arterial, 1),
        "tertiary" => (StreetClass::Arterial, 2),
        "unclassified" => (StreetClass::Local, 3),
        "residential" | "living_street" | "road" => (StreetClass::Local, MINOR),
        _ => return None,
    };
    if tags.has("area") {
        return None;
    }
    let class = if tags.has("tunnel") { StreetClass::Tunnel } else { class };
    let ebikes = allows_ebikes(highway, tags);
    Some(Road { class, minor, ebikes, bridge: tags.has("bridge"), names: tags.names() })
}

/// In law an e-bike is a bicycle in most of the places; so the bicycle's rule comes first, then the wider ones.
fn allows_ebikes(highway: &str, tags: &Tags) -> bool {
    let rules = ["bicycle", "moped", "motor_vehicle", "vehicle", "access"];
    match rules.iter().find_map(|rule| tags.get(rule)) {
        Some("no" | "private" | "use_sidepath") => false,
        Some(_) => true,
        None => !highway.starts_with("motorway") && !tags.has("motorroad"),
    }
}

/// Whether tags describe a river above the ground.
pub(super) fn is_river(tags: &Tags) -> bool {
    tags.get("waterway") == Some("river") && !tags.has("tunnel")
}

/// How important a district is, 0 for a city; `None` when tags describe none.
pub(super) fn district(tags: &Tags) -> Option<u8> {
    tags.get("name")?;
    match tags.get("place")? {
        "city" => Some(0),
        "town" | "borough" => Some(1),
        "suburb" | "village" => Some(2),
        "quarter" => Some(3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_say_who_may_ride_where() {
        let of = |tags: &[(&'static str, &'static str)]| road(&Tags(tags.to_vec()));
        let class = |tags: &[(&'static str, &'static str)]| of(tags).map(|road| (road.class, road.minor, road.ebikes));
        assert_eq!(class(&[("highway", "primary_link")]), Some((StreetClass::Arterial, 0, true)));
        assert_eq!(class(&[("highway", "motorway")]), Some((StreetClass::Intercity, 0, false)));
        assert_eq!(class(&[("highway", "trunk"), ("motorroad", "yes")]), Some((StreetClass::Intercity, 0, false)));
        let mixed = [("highway", "residential"), ("access", "private"), ("bicycle", "yes")];
        assert_eq!(class(&mixed), Some((StreetClass::Local, MINOR, true)));
        assert_eq!(class(&mixed[..2]), Some((StreetClass::Local, MINOR, false)));
        assert_eq!(class(&[("highway", "tertiary"), ("tunnel", "yes")]), Some((StreetClass::Tunnel, 2, true)));
        for none in [&[("highway", "footway")][..], &[("waterway", "river")], &[("highway", "road"), ("area", "yes")]] {
            assert_eq!(of(none), None);
        }
        let named = of(&[("highway", "road"), ("name", "Phố Huế"), ("name:en", "Hue Street")]).unwrap().names;
        assert_eq!((named.en.as_str(), named.zh.as_str()), ("Hue Street", "Phố Huế"));
    }
}
