//! A place as its file in `config/place` says it.

use serde::{Deserialize, Serialize};

use super::station::StationKind;
use crate::base::units::{Celsius, MetresPerSecond};

/// A place as its file says it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceFile {
    /// Name used in scenarios.
    pub name: String,
    /// Name in Chinese.
    pub zh: String,
    /// Name in English.
    pub en: String,
    /// Middle of the map, `[longitude, latitude]`.
    pub centre: [f64; 2],
    /// First zoom of the map.
    pub zoom: f64,
    /// Its time zone, such as `+08:00`.
    pub utc_offset: String,
    /// Air temperature in the shade.
    pub ambient: Celsius,
    /// Whom the map is owed to, shown with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribution: Option<String>,
    /// Whether it is a sketch, around whose nodes the program lays local streets of its own.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub schematic: bool,
    /// Where streets meet.
    pub node: Vec<NodeFile>,
    /// Streets.
    pub edge: Vec<EdgeFile>,
    /// Rivers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub river: Vec<RiverFile>,
    /// Where packs are swapped and vehicles charge fast; none named, they are drawn near centres and towns.
    #[serde(default)]
    pub station: Vec<StationFile>,
}

/// A station near a node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StationFile {
    /// Its name.
    pub id: String,
    /// The node it stands near.
    pub node: String,
    /// What it does.
    pub kind: StationKind,
}

/// A node of the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeFile {
    /// Short name that edges refer to.
    pub id: String,
    /// Name in Chinese.
    pub zh: String,
    /// Name in English.
    pub en: String,
    /// `[longitude, latitude]`.
    pub at: [f64; 2],
    /// Metres above sea level.
    pub elev: f64,
    /// What is there: cbd, town, junction …; a corner has no lights.
    pub kind: String,
}

/// A street between two nodes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EdgeFile {
    /// Node it starts at.
    pub from: String,
    /// Node it ends at.
    pub to: String,
    /// What it is.
    pub class: StreetClass,
    /// Name in Chinese.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub zh: String,
    /// Name in English.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub en: String,
    /// Whether e-bikes and e-motorcycles may use it.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub ebikes: bool,
    /// Its bends, `[longitude, latitude]` each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub via: Vec<[f64; 2]>,
}

fn yes() -> bool {
    true
}

/// A river.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RiverFile {
    /// Name in Chinese.
    pub zh: String,
    /// Name in English.
    pub en: String,
    /// Its middle, `[longitude, latitude]` each.
    pub line: Vec<[f64; 2]>,
}

/// What a street is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreetClass {
    /// A main street.
    Arterial,
    /// A steep, winding street.
    HillRoad,
    /// Over a river.
    Bridge,
    /// Through a ridge; no satellites.
    Tunnel,
    /// Between towns.
    Intercity,
    /// A short street around a node; the program lays these itself.
    Local,
}

impl StreetClass {
    /// What traffic allows on it (free speed of the data's street classes).
    #[must_use]
    pub fn free_speed(self) -> MetresPerSecond {
        MetresPerSecond::from_kmh(match self {
            Self::Local => 25.0,
            Self::HillRoad => 30.0,
            Self::Arterial => 40.0,
            Self::Bridge | Self::Tunnel => 50.0,
            Self::Intercity => 60.0,
        })
    }
}
