//! What went wrong, case by case, for whoever wants to mend it: one JSON object a line.

use std::collections::BTreeMap;

use serde::Serialize;

use super::claim::{Episode, Growth};
use super::matching::judge;
use super::scores::Material;
use super::truth::Case;
use crate::base::{Timestamp, Vin};
use crate::model::{Kind, Level, Parameter};

/// An incident that was not told, or not by its name; an alert that nothing stands behind.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "mistake", rename_all = "snake_case")]
pub enum Mistake {
    /// Nobody told it, or no more than suspected it.
    Missed {
        /// What really happened.
        #[serde(flatten)]
        truth: Truth,
        /// What was said of the vehicle in that family while it went on.
        said: Vec<Said>,
        /// What else befell the vehicle before it was over, of any family.
        befell: Vec<Befell>,
    },
    /// It was told by the name of another kind.
    Misnamed {
        /// What really happened.
        #[serde(flatten)]
        truth: Truth,
        /// What it was called in the end.
        rule: String,
        /// When it was told.
        #[serde(rename = "at_ms")]
        at: Timestamp,
        /// What was said of the vehicle in that family while it went on.
        said: Vec<Said>,
        /// What else befell the vehicle before it was over, of any family.
        befell: Vec<Befell>,
    },
    /// No incident of its family stands behind it.
    False {
        /// The seed of the run.
        seed: Option<u64>,
        /// About whom.
        vin: Vin,
        /// The rule that it named in the end.
        rule: String,
        /// The highest level that it reached.
        level: Level,
        /// When it began.
        #[serde(rename = "start_ms")]
        start: Timestamp,
        /// When it was cleared; `null` while it stands.
        #[serde(rename = "end_ms")]
        end: Option<Timestamp>,
        /// All that it said.
        said: Vec<Said>,
        /// What else befell the vehicle before the alert ended, of any family.
        befell: Vec<Befell>,
    },
}

/// An incident that a mistake is about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Truth {
    /// The seed of the run.
    pub seed: Option<u64>,
    /// Whom it befell.
    pub vin: Vin,
    /// What it was.
    pub kind: Kind,
    /// When it began.
    #[serde(rename = "start_ms")]
    pub start: Timestamp,
    /// When it was over; `null` when it went on to the end.
    #[serde(rename = "end_ms")]
    pub end: Option<Timestamp>,
    /// When it first moved the vehicle.
    #[serde(rename = "moved_ms", skip_serializing_if = "Option::is_none")]
    pub moved: Option<Timestamp>,
    /// How bad it was to become.
    pub severity: Option<u8>,
    /// Whether a battery's fault showed before the run was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown: Option<bool>,
    /// Its figures.
    pub parameters: BTreeMap<String, Parameter>,
}

/// One thing that an alert said.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Said {
    /// When.
    #[serde(rename = "at_ms")]
    pub at: Timestamp,
    /// How far the claim had grown.
    pub level: Level,
    /// The rule it named.
    pub rule: String,
    /// The reason, in words.
    pub why: Option<String>,
}

/// Another incident of the same vehicle.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Befell {
    /// What it was.
    pub kind: Kind,
    /// When it began.
    #[serde(rename = "start_ms")]
    pub start: Timestamp,
    /// When it was over.
    #[serde(rename = "end_ms")]
    pub end: Option<Timestamp>,
}

impl From<&Growth> for Said {
    fn from(growth: &Growth) -> Self {
        let Growth { at, level, rule, why } = growth.clone();
        Self { at, level, rule, why }
    }
}

impl From<&Case> for Befell {
    fn from(case: &Case) -> Self {
        Self { kind: case.kind, start: case.start, end: case.end }
    }
}

/// All mistakes of a run: incidents in the order of the truth, then alerts in the order in which they were raised.
#[must_use]
pub fn mistakes(material: &Material) -> Vec<Mistake> {
    let Material { cases, episodes, seed, .. } = material;
    let verdict = judge(cases, episodes);
    let mut found = Vec::new();
    for (case, told) in cases.iter().zip(&verdict.detections).filter(|(case, _)| case.least_level().is_some()) {
        match told {
            None => found.push(Mistake::Missed {
                truth: Truth::of(case, *seed),
                said: said_during(case, episodes),
                befell: others(case, cases),
            }),
            Some(told) if told.rule != case.kind.rule() => found.push(Mistake::Misnamed {
                truth: Truth::of(case, *seed),
                rule: told.rule.clone(),
                at: told.at,
                said: said_during(case, episodes),
                befell: others(case, cases),
            }),
            Some(_) => {}
        }
    }
    let wrong = episodes.iter().zip(&verdict.is_true).filter(|(_, is_true)| !**is_true);
    found.extend(wrong.map(|(episode, _)| Mistake::False {
        seed: *seed,
        vin: episode.vin,
        rule: episode.rule().to_owned(),
        level: episode.level(),
        start: episode.began,
        end: ended(episode.ended),
        said: episode.growth.iter().map(Said::from).collect(),
        befell: befell(episode.vin, episode.ended, cases).map(Befell::from).collect(),
    }));
    found
}

/// A time that has come.
fn ended(at: Timestamp) -> Option<Timestamp> {
    (at != Timestamp::NEVER).then_some(at)
}

fn said_during(case: &Case, episodes: &[Episode]) -> Vec<Said> {
    let own = episodes.iter().filter(|episode| episode.vin == case.vin && episode.family == case.kind.family());
    let said = own.flat_map(|episode| &episode.growth);
    let mut said: Vec<Said> =
        said.filter(|said| (case.start..=case.until()).contains(&said.at)).map(Said::from).collect();
    said.sort_by_key(|said| said.at);
    said
}

/// What else befell its vehicle until it was over.
fn others(case: &Case, cases: &[Case]) -> Vec<Befell> {
    befell(case.vin, case.until(), cases).filter(|other| *other != case).map(Befell::from).collect()
}

/// What befell a vehicle until then.
fn befell(vin: Vin, until: Timestamp, cases: &[Case]) -> impl Iterator<Item = &Case> {
    cases.iter().filter(move |case| case.vin == vin && case.start <= until)
}

impl Truth {
    fn of(case: &Case, seed: Option<u64>) -> Self {
        Self {
            seed,
            vin: case.vin,
            kind: case.kind,
            start: case.start,
            end: case.end,
            moved: case.moved,
            severity: case.severity,
            shown: case.shown(),
            parameters: case.parameters.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::model::Family;

    fn case(vin: &str, kind: Kind) -> Case {
        Case {
            vin: vin.parse().unwrap(),
            kind,
            start: Timestamp(100_000),
            end: Some(Timestamp(200_000)),
            moved: None,
            severity: Some(2),
            managed: [None; 3],
            parameters: [("distance_m".to_owned(), Parameter::Number(2500.0))].into(),
        }
    }

    fn episode(vin: &str, kind: Kind, level: Level, at_s: i64) -> Episode {
        Episode {
            vin: vin.parse().unwrap(),
            family: Family::Theft,
            began: Timestamp(at_s * 1000),
            ended: Timestamp::NEVER,
            growth: vec![Growth {
                at: Timestamp(at_s * 1000),
                level,
                rule: kind.rule().to_owned(),
                why: Some("it was lifted".to_owned()),
            }],
        }
    }

    #[test]
    fn each_mistake_is_named_with_what_was_said() {
        let vins = ["LZLEMTA20T0000001", "LZLEMTA20T0000002", "LZLEMTA20T0000003", "LZLEMTA20T0000004"];
        let material = Material {
            cases: vec![
                case(vins[0], Kind::Tow),
                case(vins[1], Kind::Tow),
                case(vins[2], Kind::Tow),
                case(vins[3], Kind::Ferry),
                case(vins[0], Kind::Garage),
            ],
            episodes: vec![
                episode(vins[0], Kind::Tow, Level::One, 150),
                episode(vins[1], Kind::Jam, Level::Two, 150),
                episode(vins[2], Kind::Tow, Level::Two, 150),
                episode(vins[3], Kind::Tow, Level::Three, 150),
            ],
            seed: Some(7),
            ..Material::default()
        };
        let found = serde_json::to_value(mistakes(&material)).unwrap();
        let of = |index: usize, key: &str| found[index][key].clone();
        assert_eq!(found.as_array().map(Vec::len), Some(3), "{found:#}");
        assert_eq!(of(0, "mistake"), "missed");
        assert_eq!((of(0, "vin"), of(0, "kind"), of(0, "seed")), (json!(vins[0]), json!("tow"), json!(7)));
        assert_eq!(of(0, "parameters"), json!({ "distance_m": 2500.0 }));
        let said = json!([{ "at_ms": 150_000, "level": 1, "rule": "theft.tow", "why": "it was lifted" }]);
        assert_eq!(of(0, "said"), said, "it was suspected");
        assert_eq!((of(0, "befell")[0]["kind"].clone(), of(1, "befell")), (json!("garage"), json!([])));
        assert_eq!(
            (of(1, "mistake"), of(1, "rule"), of(1, "at_ms")),
            ("misnamed".into(), "theft.jam".into(), 150_000.into())
        );
        assert_eq!((of(2, "mistake"), of(2, "level"), of(2, "end_ms")), ("false".into(), 3.into(), Value::Null));
        assert_eq!(of(2, "befell"), json!([{ "kind": "ferry", "start_ms": 100_000, "end_ms": 200_000 }]));
    }
}
