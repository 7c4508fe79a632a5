//! An `[[incident]]` entry of a scenario: incidents of one kind, how many, when, and with which figures.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::de::{self, DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::parameter::{Key, refusal};
use crate::base::span;
use crate::model::Kind;

/// Most outages of base stations in a run.
const MOST_OUTAGES: u32 = 1000;

/// Incidents of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentPlan {
    /// What happens.
    pub kind: Kind,
    /// To how many vehicles, drawn by the seed; one when neither this nor a rate is given.
    pub count: Option<u32>,
    /// Instead of a count: how many a vehicle and day on average.
    pub per_vehicle_day: Option<f64>,
    /// Between which offsets from the start, such as `2h..20h`.
    pub window: Window,
    /// Figures of the kind; what is not given is drawn. Spans are in seconds here.
    pub parameters: BTreeMap<Key, f64>,
    /// A key that no kind knows; [`IncidentPlan::check`] refuses it.
    pub unknown: Option<String>,
}

/// A span of offsets from the start of the run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Window {
    /// Earliest.
    pub from: Duration,
    /// Latest.
    pub to: Duration,
}

impl TryFrom<String> for Window {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let expected = || format!("expected a window such as \"2h..20h\", found {text:?}");
        let (from, to) = text.split_once("..").ok_or_else(expected)?;
        let window = Self { from: span::parse(from)?, to: span::parse(to)? };
        if window.from <= window.to { Ok(window) } else { Err(expected()) }
    }
}

impl From<Window> for String {
    fn from(window: Window) -> Self {
        format!("{}..{}", span::format(window.from), span::format(window.to))
    }
}

impl IncidentPlan {
    /// Finds the first fault in a run that lasts `duration` with so many vehicles: the key it stands under and what was
    /// expected.
    ///
    /// # Errors
    /// That fault.
    pub fn check(&self, duration: Duration, vehicles: u32) -> Result<(), (&'static str, String)> {
        if let Some(unknown) = &self.unknown {
            return Err(("kind", refusal(self.kind, unknown)));
        }
        if self.window.to > duration {
            let ends = span::format(duration);
            return Err(("window", format!("{} ends after the run, which lasts {ends}", String::from(self.window))));
        }
        if self.count.is_some() && self.per_vehicle_day.is_some() {
            return Err(("per_vehicle_day", "expected either a count or a rate, found both".to_owned()));
        }
        if self.kind == Kind::CellOutage {
            self.check_outage()?;
        } else if let Some(count) = self.count.filter(|count| *count > vehicles) {
            return Err(("count", format!("expected at most the {vehicles} vehicles, found {count}")));
        }
        if let Some(rate) = self.per_vehicle_day.filter(|rate| !(0.0..=10.0).contains(rate)) {
            return Err(("per_vehicle_day", format!("expected 0 to 10, found {rate}")));
        }
        for (key, value) in &self.parameters {
            key.accept(self.kind, *value).map_err(|what| (key.name(), what))?;
        }
        Ok(())
    }

    fn check_outage(&self) -> Result<(), (&'static str, String)> {
        if let Some(count) = self.count.filter(|count| *count > MOST_OUTAGES) {
            return Err(("count", format!("expected at most {MOST_OUTAGES} outages, found {count}")));
        }
        if self.per_vehicle_day.is_some() {
            return Err(("per_vehicle_day", "expected a count: outages befall stations, not vehicles".to_owned()));
        }
        Ok(())
    }
}

impl Serialize for IncidentPlan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", &self.kind)?;
        if let Some(count) = self.count {
            map.serialize_entry("count", &count)?;
        }
        if let Some(rate) = self.per_vehicle_day {
            map.serialize_entry("per_vehicle_day", &rate)?;
        }
        map.serialize_entry("window", &self.window)?;
        for (key, value) in &self.parameters {
            if key.is_span() {
                let lasts = Duration::try_from_secs_f64(*value).unwrap_or_default();
                map.serialize_entry(key.name(), &span::format(lasts))?;
            } else {
                map.serialize_entry(key.name(), value)?;
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for IncidentPlan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntryVisitor)
    }
}

/// Reads an entry by hand: which keys it may have depends on its kind, which need not come first.
struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = IncidentPlan;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an incident with kind, window and what its kind knows")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<IncidentPlan, A::Error> {
        let (mut kind, mut count, mut per_vehicle_day, mut window) = (None, None, None, None);
        let (mut parameters, mut unknown) = (BTreeMap::new(), None);
        while let Some(name) = map.next_key::<String>()? {
            match (name.as_str(), Key::of(&name)) {
                ("kind", _) => kind = Some(map.next_value()?),
                ("count", _) => count = Some(map.next_value()?),
                ("per_vehicle_day", _) => per_vehicle_day = Some(map.next_value()?),
                ("window", _) => window = Some(map.next_value()?),
                (_, Some(key)) => {
                    parameters.insert(key, map.next_value_seed(Figure(key))?);
                }
                (_, None) => {
                    map.next_value::<IgnoredAny>()?;
                    unknown = Some(name);
                }
            }
        }
        let kind = kind.ok_or_else(|| de::Error::missing_field("kind"))?;
        let window = window.ok_or_else(|| de::Error::missing_field("window"))?;
        Ok(IncidentPlan { kind, count, per_vehicle_day, window, parameters, unknown })
    }
}

/// Reads a figure in the form of its key.
struct Figure(Key);

impl<'de> DeserializeSeed<'de> for Figure {
    type Value = f64;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<f64, D::Error> {
        if self.0.is_span() {
            Ok(span::text::deserialize(deserializer)?.as_secs_f64())
        } else {
            f64::deserialize(deserializer)
        }
    }
}
