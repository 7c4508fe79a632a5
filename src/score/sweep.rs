//! The same scenario with several seeds: means, their confidence intervals, and the worst seed of each headline.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::scores::Scores;
use super::statistics::mean_and_margin;
use crate::base::condition::numbers;

/// The numbers of several runs that differ in their seeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sweep {
    /// The seeds.
    pub seeds: Vec<u64>,
    /// The mean of every number; `null` where no run has it.
    pub mean: Value,
    /// Half the width of the 95 % confidence interval of each mean; `null` where fewer than two runs have it.
    pub ci95: Value,
    /// The worst seed of the numbers that matter most, by their paths.
    pub worst: BTreeMap<String, Worst>,
    /// Each run's numbers.
    pub per_seed: Vec<Scores>,
}

/// Where a number was worst.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Worst {
    /// With which seed; the first of several.
    pub seed: Option<u64>,
    /// How it was there.
    pub value: f64,
}

impl Sweep {
    /// Puts several runs together.
    #[must_use]
    pub fn of(per_seed: Vec<Scores>) -> Self {
        let runs: Vec<(Option<u64>, Value)> =
            per_seed.iter().map(|scores| (scores.seed, without_seed(scores))).collect();
        let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        let mut worst: BTreeMap<String, Worst> = BTreeMap::new();
        for (seed, run) in &runs {
            for (path, value) in numbers(run) {
                let Some(value) = value else { continue };
                if let Some(bad) = badness(&path) {
                    let known = worst.entry(path.clone()).or_insert(Worst { seed: *seed, value });
                    if bad.is_worse(value, known.value) {
                        *known = Worst { seed: *seed, value };
                    }
                }
                values.entry(path).or_default().push(value);
            }
        }
        for (path, values) in &mut values {
            if is_count(path) {
                // What a run does not mention did not occur in it.
                values.resize(runs.len(), 0.0);
            }
        }
        let (mut mean, mut ci95) = (Value::Null, Value::Null);
        for (_, run) in &runs {
            lay_out(&mut mean, run, "", &|path| mean_and_margin(values.get(path).map_or(&[], Vec::as_slice)).0);
            lay_out(&mut ci95, run, "", &|path| mean_and_margin(values.get(path).map_or(&[], Vec::as_slice)).1);
        }
        Self { seeds: per_seed.iter().filter_map(|scores| scores.seed).collect(), mean, ci95, worst, per_seed }
    }
}

fn without_seed(scores: &Scores) -> Value {
    let mut value = serde_json::to_value(scores).unwrap_or(Value::Null);
    if let Value::Object(members) = &mut value {
        members.remove("seed");
    }
    value
}

/// Gives `into` the shape of `run`, with a number of its own for each path.
fn lay_out(into: &mut Value, run: &Value, path: &str, number: &dyn Fn(&str) -> Option<f64>) {
    match run {
        Value::Object(members) => {
            if !into.is_object() {
                *into = Value::Object(Map::new());
            }
            let Value::Object(shape) = into else { return };
            for (key, member) in members {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                lay_out(shape.entry(key).or_insert(Value::Null), member, &path, number);
            }
        }
        Value::Null | Value::Number(_) => *into = number(path).map_or(Value::Null, Value::from),
        Value::Bool(_) | Value::String(_) | Value::Array(_) => {}
    }
}

/// Which way a number is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Badness {
    Low,
    High,
}

impl Badness {
    fn is_worse(self, value: f64, than: f64) -> bool {
        match self {
            Self::Low => value < than,
            Self::High => value > than,
        }
    }
}

/// Which way a number is bad, if it is one of those that matter most.
fn badness(path: &str) -> Option<Badness> {
    let low = path.ends_with(".recall") || path.starts_with("right_kind.") || path == "auroc_battery";
    let high = path.starts_with("false_per_1000_vehicle_days.") || path.ends_with("delay_s.p95");
    match (low, high) {
        (true, _) => Some(Badness::Low),
        (false, true) => Some(Badness::High),
        (false, false) => None,
    }
}

/// Whether a number counts what is mentioned only where it occurred.
fn is_count(path: &str) -> bool {
    path.starts_with("confusion.") || path.starts_with("alerts.")
}

#[cfg(test)]
mod tests {
    use super::super::claim::Episode;
    use super::super::scores::Material;
    use super::super::truth::Case;
    use super::*;
    use crate::base::Timestamp;
    use crate::model::{Family, Kind, Level};
    use crate::score::claim::Growth;

    /// A run with `tows` tows of which `told` were told, each after so many seconds.
    fn run(seed: u64, tows: u64, told: u64, after_s: i64) -> Scores {
        let vin = |number| format!("LZLEMTA20T{number:07}").parse().unwrap();
        let case = |number| Case {
            vin: vin(number),
            kind: Kind::Tow,
            start: Timestamp(0),
            end: Some(Timestamp(100_000)),
            moved: None,
            severity: None,
            managed: [None; 3],
            parameters: BTreeMap::new(),
        };
        let episode = |number| Episode {
            vin: vin(number),
            family: Family::Theft,
            began: Timestamp(after_s * 1000),
            ended: Timestamp::NEVER,
            growth: vec![Growth {
                at: Timestamp(after_s * 1000),
                level: Level::Three,
                rule: "theft.tow".to_owned(),
                why: None,
            }],
        };
        Scores::of(&Material {
            cases: (0..tows).map(case).collect(),
            episodes: (0..told).map(episode).collect(),
            seed: Some(seed),
            vehicles: Some(100),
            days: Some(1.0),
            ..Material::default()
        })
    }

    #[test]
    fn a_sweep_has_means_margins_and_the_worst_seed() {
        let sweep = Sweep::of(vec![run(1, 4, 4, 10), run(2, 4, 2, 20), run(3, 4, 3, 60)]);
        let value = serde_json::to_value(&sweep).unwrap();
        assert_eq!(value["seeds"], serde_json::json!([1, 2, 3]));
        assert_eq!(value["mean"]["kinds"]["tow"]["recall"], 0.75);
        assert_eq!(value["mean"]["kinds"]["tow"]["delay_s"]["p50"], 30.0);
        // s = 0.25, t(2) = 4.303: 4.303 × 0.25 / √3.
        let margin = value["ci95"]["kinds"]["tow"]["recall"].as_f64().unwrap();
        assert!((margin - 0.621).abs() < 1e-3, "{margin}");
        assert_eq!(value["worst"]["kinds.tow.recall"], serde_json::json!({ "seed": 2, "value": 0.5 }));
        assert_eq!(value["worst"]["kinds.tow.delay_s.p95"], serde_json::json!({ "seed": 3, "value": 60.0 }));
        assert_eq!(value["per_seed"][1]["kinds"]["tow"]["detected"], 2);
        assert!(value["mean"].get("seed").is_none());
        assert!(value["mean"]["auroc_battery"].is_null());
    }

    #[test]
    fn what_a_run_lacks_is_left_out_of_means_but_not_of_counts() {
        let sweep = Sweep::of(vec![run(1, 4, 4, 10), run(2, 0, 0, 10), run(3, 4, 2, 10)]);
        assert_eq!(sweep.mean["kinds"]["tow"]["recall"], 0.75, "of the two runs with tows");
        assert_eq!(sweep.mean["confusion"]["tow"]["tow"], 2.0, "of all three");
        assert_eq!(sweep.worst["kinds.tow.recall"].seed, Some(3));
    }
}
