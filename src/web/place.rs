//! A place as GeoJSON for the map. The caller passes plain parts, so that this module knows nothing of the simulator.

use serde::Serialize;
use serde_json::{Value, json};

/// A name in both languages.
#[derive(Debug, Clone, Serialize)]
pub struct Name {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

/// What is said of a place as a whole.
#[derive(Debug, Clone, Serialize)]
pub struct Head {
    /// Name used in scenarios.
    pub name: String,
    /// Name in English.
    pub en: String,
    /// Name in Chinese.
    pub zh: String,
    /// Middle of the map, `[longitude, latitude]`.
    pub center: [f64; 2],
    /// First zoom of the map.
    pub zoom: f64,
    /// Whether it is a sketch.
    pub schematic: bool,
    /// Whom the map is owed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribution: Option<String>,
}

/// What a map of a place shows.
#[derive(Debug, Clone, Default)]
pub struct PlaceMap {
    features: Vec<Value>,
}

impl PlaceMap {
    /// Adds a river.
    pub fn river(&mut self, name: &Name, line: &[[f64; 2]]) {
        self.add("LineString", &json!(line), &json!({ "kind": "river", "en": name.en, "zh": name.zh }));
    }

    /// Adds a street of a class.
    pub fn street(&mut self, name: &Name, class: &impl Serialize, line: &[[f64; 2]]) {
        let properties = json!({ "kind": "street", "class": class, "en": name.en, "zh": name.zh });
        self.add("LineString", &json!(line), &properties);
    }

    /// Adds a district's name; rank 1 is shown always, rank 3 only when zoomed in.
    pub fn district(&mut self, name: &Name, rank: u8, at: [f64; 2]) {
        let properties = json!({ "kind": "district", "en": name.en, "zh": name.zh, "rank": rank });
        self.add("Point", &json!(at), &properties);
    }

    fn add(&mut self, shape: &str, coordinates: &Value, properties: &Value) {
        self.features.push(json!({
            "type": "Feature",
            "properties": properties,
            "geometry": { "type": shape, "coordinates": coordinates },
        }));
    }

    /// The map as text.
    #[must_use]
    pub fn finish(self, head: &Head) -> String {
        json!({ "type": "FeatureCollection", "place": head, "features": self.features }).to_string()
    }
}
