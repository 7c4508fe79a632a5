//! Conditions under which a score is not good enough: `theft_confirmed_false>1`.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::str::FromStr;

use serde_json::Value;

use super::scores::Scores;

/// A name, a comparison and a number.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// The number that is compared: its path in the JSON object, or a short name for that.
    pub name: String,
    sign: Sign,
    limit: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    More,
    AtLeast,
    Less,
    AtMost,
    Equal,
}

impl Sign {
    /// Longer ones first, because the shorter ones begin them.
    const ALL: [(&'static str, Self); 6] = [
        (">=", Self::AtLeast),
        ("<=", Self::AtMost),
        ("==", Self::Equal),
        (">", Self::More),
        ("<", Self::Less),
        ("=", Self::Equal),
    ];
}

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected =
            || format!("expected a name, one of > >= < <= =, and a number, such as recall.tow<0.99, found {text:?}");
        let at = text.find(['<', '>', '=']).ok_or_else(expected)?;
        let (name, rest) = text.split_at(at);
        let known = Sign::ALL.into_iter().find_map(|(word, sign)| Some((sign, rest.strip_prefix(word)?)));
        let (sign, number) = known.ok_or_else(expected)?;
        let limit = number.trim().parse().ok().filter(|limit: &f64| limit.is_finite()).ok_or_else(expected)?;
        let name = name.trim();
        if name.is_empty() { Err(expected()) } else { Ok(Self { name: name.to_owned(), sign, limit }) }
    }
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = Sign::ALL.into_iter().find(|(_, sign)| *sign == self.sign).map_or("", |(word, _)| word);
        write!(f, "{}{word}{}", self.name, self.limit)
    }
}

impl Condition {
    /// Whether it holds for a value.
    #[must_use]
    pub fn holds(&self, value: f64) -> bool {
        let order = value.partial_cmp(&self.limit);
        match self.sign {
            Sign::More => order == Some(Ordering::Greater),
            Sign::AtLeast => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            Sign::Less => order == Some(Ordering::Less),
            Sign::AtMost => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Sign::Equal => order == Some(Ordering::Equal),
        }
    }
}

/// Short names: what they begin with, and where that stands. What follows the first word is put in for `*`.
const SHORT: [(&str, &str); 5] = [
    ("recall.", "kinds.*.recall"),
    ("delay_p50.", "kinds.*.delay_s.p50"),
    ("delay_p95.", "kinds.*.delay_s.p95"),
    ("delay_max.", "kinds.*.delay_s.max"),
    ("shown_recall.", "kinds.*.shown.recall"),
];

/// Where the number with a name stands in the JSON object: `recall.tow` at `kinds.tow.recall`, `theft_confirmed_false` at
/// `false.theft_confirmed`; other names are paths already.
#[must_use]
pub fn path(name: &str) -> String {
    if let Some(level) = name.strip_suffix("_false") {
        return format!("false.{level}");
    }
    let short = SHORT.iter().find_map(|(start, path)| Some(path.replace('*', name.strip_prefix(start)?)));
    short.unwrap_or_else(|| name.to_owned())
}

/// The short names, for people.
#[must_use]
pub fn short_names() -> String {
    let levels =
        ["theft_suspected", "theft_probable", "theft_confirmed", "battery_level1", "battery_level2", "battery_level3"];
    let levels = levels.map(|level| format!("{level}_false"));
    let kinds = SHORT.map(|(start, _)| format!("{start}KIND"));
    let others = ["right_kind.theft", "right_kind.battery", "auroc_battery", "moving_delay_s.p95"];
    [&levels[..], &kinds[..], &others.map(ToOwned::to_owned)[..]].concat().join(", ")
}

/// Whether a path leads to a number that some run has.
#[must_use]
pub fn is_known(path: &str) -> bool {
    let everything = serde_json::to_value(Scores::of_everything()).unwrap_or(Value::Null);
    numbers(&everything).contains_key(path) || path.starts_with("confusion.")
}

/// What a path into the numbers of a sweep names in those of a run.
#[must_use]
pub fn inside_sweep(path: &str) -> &str {
    let worst = || path.strip_prefix("worst.")?.strip_suffix(".value");
    path.strip_prefix("mean.").or_else(|| path.strip_prefix("ci95.")).or_else(worst).unwrap_or(path)
}

/// All numbers of a JSON object by their paths, such as `kinds.tow.delay_s.p95`; `None` for those that are `null`.
#[must_use]
pub fn numbers(object: &Value) -> BTreeMap<String, Option<f64>> {
    let mut found = BTreeMap::new();
    gather(object, &mut String::new(), &mut found);
    found
}

fn gather(value: &Value, path: &mut String, found: &mut BTreeMap<String, Option<f64>>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                let length = path.len();
                if length > 0 {
                    path.push('.');
                }
                path.push_str(key);
                gather(member, path, found);
                path.truncate(length);
            }
        }
        Value::Number(number) => drop(found.insert(path.clone(), number.as_f64())),
        Value::Null => drop(found.insert(path.clone(), None)),
        Value::Bool(_) | Value::String(_) | Value::Array(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str, value: f64) -> bool {
        text.parse::<Condition>().unwrap().holds(value)
    }

    #[test]
    fn conditions_compare() {
        assert!(holds("a>1", 1.5) && !holds("a>1", 1.0));
        assert!(holds("a>=1", 1.0) && !holds("a>=1", 0.9));
        assert!(holds("a < 0.99", 0.98) && !holds("a < 0.99", 0.99));
        assert!(holds("a<=0", 0.0) && !holds("a<=0", 0.1));
        assert!(holds("a=2", 2.0) && holds("a==2", 2.0) && !holds("a=2", 2.1));
        assert!(holds("a>-1e-3", 0.0));
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for text in ["", "a", ">1", "a>", "a>b", "a>1%", "a>nan", "a>inf", "a=>1"] {
            assert!(text.parse::<Condition>().is_err(), "{text}");
        }
        let condition: Condition = "recall.tow < 0.990".parse().unwrap();
        assert_eq!(condition.to_string(), "recall.tow<0.99");
    }

    #[test]
    fn short_names_are_paths() {
        assert_eq!(path("theft_confirmed_false"), "false.theft_confirmed");
        assert_eq!(path("recall.tow"), "kinds.tow.recall");
        assert_eq!(path("delay_p95.ride_away"), "kinds.ride_away.delay_s.p95");
        assert_eq!(path("alerts.theft.tow.false"), "alerts.theft.tow.false");
    }

    #[test]
    fn names_that_no_run_has_are_unknown() {
        for name in ["theft_probable_false", "recall.tow", "delay_p95.weak_cell", "shown_recall.weak_cell", "wall_s"] {
            assert!(is_known(&path(name)), "{name}");
        }
        for name in ["benign.ferry.alerted", "alerts.battery.weak_cell.false", "auroc_battery", "right_kind.theft"] {
            assert!(is_known(&path(name)), "{name}");
        }
        for name in ["recall.ferry", "recall.levitate", "theft_false", "kinds", "benign.tow.alerted", ""] {
            assert!(!is_known(&path(name)), "{name}");
        }
        assert_eq!(inside_sweep("worst.kinds.tow.recall.value"), "kinds.tow.recall");
        assert_eq!(inside_sweep("mean.wall_s"), "wall_s");
    }

    #[test]
    fn numbers_are_found_by_their_paths() {
        let object = serde_json::json!({ "a": { "b.c": 2, "d": null }, "e": 0.5, "f": "text", "g": [1] });
        let expected = [("a.b.c", Some(2.0)), ("a.d", None), ("e", Some(0.5))];
        assert_eq!(numbers(&object), expected.map(|(path, value)| (path.to_owned(), value)).into());
    }
}
