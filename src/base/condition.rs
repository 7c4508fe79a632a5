//! Conditions under which a result is not good enough: `theft_confirmed_false>1`, `p99>200ms`.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::str::FromStr;

use serde_json::Value;

/// A name, a comparison and a number.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// The number that is compared: its path in the JSON object, or a short name for that.
    pub name: String,
    sign: Sign,
    limit: f64,
    unit: Unit,
}

/// What a limit is in.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Unit {
    /// Whatever the number is in.
    Bare,
    /// So many seconds each.
    Seconds(f64),
    /// Hundredths.
    Percent,
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
        let expected = || {
            format!(
                "expected a name, one of > >= < <= =, and a number, such as recall.tow<0.99 or p99>200ms, found {text:?}"
            )
        };
        let at = text.find(['<', '>', '=']).ok_or_else(expected)?;
        let (name, rest) = text.split_at(at);
        let known = Sign::ALL.into_iter().find_map(|(word, sign)| Some((sign, rest.strip_prefix(word)?)));
        let (sign, number) = known.ok_or_else(expected)?;
        let (number, unit) = split_unit(number.trim());
        let limit = number.parse().ok().filter(|limit: &f64| limit.is_finite()).ok_or_else(expected)?;
        let name = name.trim();
        if name.is_empty() { Err(expected()) } else { Ok(Self { name: name.to_owned(), sign, limit, unit }) }
    }
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = Sign::ALL.into_iter().find(|(_, sign)| *sign == self.sign).map_or("", |(word, _)| word);
        let unit = UNITS.into_iter().find(|(_, unit)| *unit == self.unit).map_or("", |(word, _)| word);
        write!(f, "{}{word}{}{unit}", self.name, self.limit)
    }
}

impl Condition {
    /// Whether its limit is a time with a unit.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        matches!(self.unit, Unit::Seconds(_))
    }

    /// Whether its limit is in percent.
    #[must_use]
    pub fn is_percent(&self) -> bool {
        self.unit == Unit::Percent
    }

    /// Whether it holds for a value; a limit that is a time is compared with a value in units of `value_s` seconds.
    #[must_use]
    pub fn holds(&self, value: f64, value_s: f64) -> bool {
        let order = value.partial_cmp(&match self.unit {
            Unit::Bare | Unit::Percent => self.limit,
            Unit::Seconds(unit_s) => self.limit * unit_s / value_s,
        });
        match self.sign {
            Sign::More => order == Some(Ordering::Greater),
            Sign::AtLeast => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            Sign::Less => order == Some(Ordering::Less),
            Sign::AtMost => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Sign::Equal => order == Some(Ordering::Equal),
        }
    }
}

/// Units, the longer words before those that end them.
const UNITS: [(&str, Unit); 5] = [
    ("ms", Unit::Seconds(1e-3)),
    ("us", Unit::Seconds(1e-6)),
    ("min", Unit::Seconds(60.0)),
    ("s", Unit::Seconds(1.0)),
    ("%", Unit::Percent),
];

/// A number and its unit.
fn split_unit(text: &str) -> (&str, Unit) {
    let found = UNITS.into_iter().find_map(|(word, unit)| Some((text.strip_suffix(word)?, unit)));
    found.map_or((text, Unit::Bare), |(number, unit)| (number.trim_end(), unit))
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
        text.parse::<Condition>().unwrap().holds(value, 1.0)
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
        for text in ["", "a", ">1", "a>", "a>b", "a>%", "a>nan", "a>inf", "a=>1"] {
            assert!(text.parse::<Condition>().is_err(), "{text}");
        }
        let condition: Condition = "recall.tow < 0.990".parse().unwrap();
        assert_eq!(condition.to_string(), "recall.tow<0.99");
    }

    #[test]
    fn limits_may_have_a_unit() {
        let condition: Condition = "p99 > 200 ms".parse().unwrap();
        assert_eq!((condition.to_string().as_str(), condition.is_timed()), ("p99>200ms", true));
        assert!(condition.holds(201.0, 1e-3) && !condition.holds(200.0, 1e-3));
        assert!(condition.holds(0.3, 1.0) && !condition.holds(0.1, 1.0));
        assert!("a>5min".parse::<Condition>().unwrap().holds(301.0, 1.0));
        assert!(!"a>5".parse::<Condition>().unwrap().is_timed());
        let condition: Condition = "p99.change > 10 %".parse().unwrap();
        assert_eq!((condition.to_string().as_str(), condition.is_percent()), ("p99.change>10%", true));
        assert!(condition.holds(10.5, 1e-3) && !condition.holds(10.0, 1e-3) && !condition.is_timed());
    }

    #[test]
    fn numbers_are_found_by_their_paths() {
        let object = serde_json::json!({ "a": { "b.c": 2, "d": null }, "e": 0.5, "f": "text", "g": [1] });
        let expected = [("a.b.c", Some(2.0)), ("a.d", None), ("e", Some(0.5))];
        assert_eq!(numbers(&object), expected.map(|(path, value)| (path.to_owned(), value)).into());
    }
}
