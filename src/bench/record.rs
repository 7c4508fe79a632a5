//! A report as it was written: what a comparison needs of it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::report::{Report, SHAPE};
use crate::base::condition::numbers;

/// What must be equal for two runs to be compared, as it stands under `plan`; and what people call it.
const EQUAL: [(&str, &str); 6] = [
    ("version", "version of MQTT"),
    ("qos", "quality of service"),
    ("vehicles", "vehicles"),
    ("connections", "connections"),
    ("listeners", "listeners"),
    ("payload_bytes", "bytes of a payload"),
];
/// How far the rates asked for may differ before that is said aloud.
const SAME_RATE: f64 = 0.01;

/// A report as it was written.
#[derive(Debug, Clone)]
pub struct Record {
    /// What it was read from.
    pub name: String,
    value: Value,
    numbers: BTreeMap<String, Option<f64>>,
}

impl Record {
    /// Reads the JSON object that `bench --json` printed.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn parse(name: &str, text: &str) -> Result<Self, String> {
        let expected = "expected the report of one run, as `zhilian bench … --json` prints it";
        let value: Value = serde_json::from_str(text).map_err(|error| format!("{name}: {expected}: {error}"))?;
        if value["type"] != "report" {
            return Err(format!("{name}: {expected}"));
        }
        if value["shape"] != SHAPE {
            let shape = value["shape"].as_u64().unwrap_or(1);
            return Err(format!("{name}: its shape is {shape}, expected {SHAPE}: measure it again with this version"));
        }
        Ok(Self { name: name.to_owned(), numbers: numbers(&value), value })
    }

    /// A report that was just made.
    #[must_use]
    pub fn of(name: &str, report: &Report) -> Self {
        let value = serde_json::to_value(report).unwrap_or_default();
        Self { name: name.to_owned(), numbers: numbers(&value), value }
    }

    /// Which kind of load it was.
    #[must_use]
    pub fn verb(&self) -> &str {
        self.value["verb"].as_str().unwrap_or_default()
    }

    /// The number at a path; `None` where it was not measured.
    #[must_use]
    pub fn number(&self, path: &str) -> Option<f64> {
        self.numbers.get(path).copied().flatten()
    }

    fn measured_seconds(&self) -> impl Iterator<Item = (&Value, &Value)> {
        let seconds = self.value["series"].as_array().map_or(&[][..], Vec::as_slice);
        seconds.windows(2).map(|pair| (&pair[0], &pair[1])).filter(|(_, second)| second["measured"] == true)
    }

    /// A member of each measured second that has it.
    #[must_use]
    pub fn seconds(&self, member: &str) -> Vec<f64> {
        self.measured_seconds().filter_map(|(_, second)| second[member].as_f64()).collect()
    }

    /// How much a counter grew a second, in each measured second.
    #[must_use]
    pub fn rates(&self, counter: &str) -> Vec<f64> {
        let grown = |(before, second): (&Value, &Value)| {
            let total = |second: &Value| second[counter].as_f64().unwrap_or(0.0);
            let lasts_s = second["at_s"].as_f64()? - before["at_s"].as_f64()?;
            (lasts_s > 0.0).then(|| (total(second) - total(before)) / lasts_s)
        };
        self.measured_seconds().filter_map(grown).collect()
    }

    /// Why a run cannot be held against this one; `None` when it can.
    #[must_use]
    pub fn differs(&self, new: &Self) -> Option<String> {
        if self.verb() != new.verb() {
            return Some(format!("{} is of bench {}, this is bench {}", self.name, self.verb(), new.verb()));
        }
        let told = |record: &Self, key: &str| record.value["plan"][key].to_string().replace('"', "");
        EQUAL.iter().find_map(|(key, word)| {
            let (old, new) = (told(self, key), told(new, key));
            (old != new).then(|| format!("{} has {word} {old}, this run {new}: they cannot be compared", self.name))
        })
    }

    /// What whoever compares a run with this one has to know.
    #[must_use]
    pub fn caveats(&self, new: &Self) -> Vec<String> {
        let mut caveats = Vec::new();
        for record in [self, new] {
            if let Some(why) = record.value["partial"].as_str() {
                caveats.push(format!("{} is PARTIAL: {why}", record.name));
            }
            if let Some(why) = record.value["invalid"].as_array().and_then(|faults| faults.first()?.as_str()) {
                caveats.push(format!("{} is INVALID: {why}", record.name));
            }
            if record.value["steering"].as_array().is_some_and(|changes| !changes.is_empty()) {
                caveats.push(format!("{} was steered while it went on", record.name));
            }
        }
        if let Some((old, new)) = self.number("asked_per_s").zip(new.number("asked_per_s"))
            && (new / old - 1.0).abs() > SAME_RATE
        {
            caveats.push(format!("{old:.0} messages a second were asked for in the old run, {new:.0} in the new one"));
        }
        let threads = [self, new].map(|record| record.number("plan.threads").unwrap_or(0.0));
        if (threads[0] - threads[1]).abs() > 0.5 {
            caveats.push(format!("the old run had {} threads, the new one {}", threads[0], threads[1]));
        }
        caveats
    }
}
