//! Truth and alerts as lines of JSON, ours or somebody else's. Only what is needed is asked for; other members are left
//! alone.

use serde_json::Value;

use super::claim::Claim;
use super::truth::Case;
use crate::base::{Timestamp, Vin};
use crate::model::{Family, Kind, Level};

/// Reads a line of a truth file; `None` for empty lines and those of another `type`, such as a summary.
///
/// # Errors
/// What was expected.
pub fn case(line: &str) -> Result<Option<Case>, String> {
    let Some(value) = object(line, "incident")? else { return Ok(None) };
    let name = text(&value, "kind").ok_or("expected \"kind\", such as \"tow\"")?;
    let kind = kind_of(name).ok_or_else(|| format!("no kind {name:?}"))?;
    let start = time(&value, "start")?.ok_or("expected \"start_ms\"")?;
    let severity = value.get("severity").and_then(Value::as_u64).and_then(|level| u8::try_from(level).ok());
    let (end, moved) = (time(&value, "end")?, time(&value, "moved")?);
    // Figures that are not ours are no reason to refuse a truth.
    let parameters = value.get("parameters").cloned().map(serde_json::from_value).and_then(Result::ok);
    let parameters = parameters.unwrap_or_default();
    Ok(Some(Case { vin: vin(&value)?, kind, start, end, moved, severity, managed: [None; 3], parameters }))
}

/// The number by which a later line about the same incident is known.
#[must_use]
pub fn number(line: &str) -> Option<u64> {
    serde_json::from_str::<Value>(line).ok()?.get("id")?.as_u64()
}

/// Reads a line of alerts; `None` for empty lines and those of another `type`, such as a summary.
///
/// # Errors
/// What was expected.
pub fn claim(line: &str) -> Result<Option<Claim>, String> {
    let Some(value) = object(line, "alert")? else { return Ok(None) };
    let rule = text(&value, "rule").or_else(|| text(&value, "kind"));
    let rule = rule.ok_or("expected \"rule\", such as \"theft.tow\"")?;
    // A word of the vocabulary stands for its rule.
    let rule: &str = match kind_of(rule) {
        Some(kind) => kind.rule(),
        None => rule,
    };
    let family = match rule.split('.').next() {
        Some("theft") => Family::Theft,
        Some("battery") => Family::Battery,
        Some(_) | None => return Err(format!("expected a rule theft.… or battery.…, found {rule:?}")),
    };
    let id = value.get("id").filter(|id| !id.is_null()).map(|id| id.as_str().map_or(id.to_string(), ToOwned::to_owned));
    let state = text(&value, "state").unwrap_or("raised");
    Ok(Some(Claim {
        id,
        vin: vin(&value)?,
        family,
        rule: rule.to_owned(),
        level: level(&value)?,
        stands: !matches!(state, "cleared" | "closed" | "resolved" | "ended" | "suppressed" | "withdrawn"),
        at: time(&value, "at")?.ok_or("expected \"at_ms\"")?,
        since: time(&value, "episode")?,
        why: text(&value, "why").or_else(|| text(value.get("why")?, "en")).map(ToOwned::to_owned),
    }))
}

/// The object in a line, if it is of a type, or of none.
fn object(line: &str, kind: &str) -> Result<Option<Value>, String> {
    if line.trim().is_empty() {
        return Ok(None);
    }
    let value: Value = serde_json::from_str(line).map_err(|error| format!("expected a JSON object: {error}"))?;
    if !value.is_object() {
        return Err("expected a JSON object".to_owned());
    }
    let of_type = text(&value, "type").is_none_or(|found| found == kind);
    Ok(of_type.then_some(value))
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}

fn vin(value: &Value) -> Result<Vin, String> {
    let vin = text(value, "vin").ok_or("expected \"vin\"")?;
    vin.parse().map_err(|error| format!("vin {vin:?}: {error}"))
}

fn kind_of(name: &str) -> Option<Kind> {
    Kind::ALL.iter().copied().find(|kind| kind.name() == name)
}

/// The level, or what a severity says of it; 3 when neither is there, because who says nothing means it.
fn level(value: &Value) -> Result<Level, String> {
    let number = match value.get("level") {
        None | Some(Value::Null) => match text(value, "severity") {
            Some("info") => 1,
            Some("warning") => 2,
            Some(_) | None => 3,
        },
        Some(level) => level.as_u64().ok_or_else(|| format!("expected a level from 1 to 3, found {level}"))?,
    };
    u8::try_from(number).unwrap_or(u8::MAX).try_into()
}

/// A time: a number under `key_ms`, or RFC 3339 under `key`.
fn time(value: &Value, key: &str) -> Result<Option<Timestamp>, String> {
    let millis = format!("{key}_ms");
    match (value.get(&millis), value.get(key)) {
        (Some(Value::Number(number)), _) => {
            let number = number.as_f64().filter(|number| number.is_finite());
            Ok(number.map(|number| Timestamp(number as i64)))
        }
        (None | Some(Value::Null), Some(Value::String(text))) => Timestamp::parse(text).map(Some),
        (None | Some(Value::Null), _) => Ok(None),
        (Some(other), _) => Err(format!("expected milliseconds in {millis:?}, found {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::LatLon;
    use crate::model::{Incident, Parameter};

    const VIN: &str = "LZLEMTA20T0000001";

    #[test]
    fn our_own_truth_is_read_back() {
        let incident = Incident {
            id: 3,
            vin: VIN.parse().unwrap(),
            kind: Kind::RideAway,
            start: Timestamp(1_780_000_000_000),
            end: Some(Timestamp(1_780_000_900_000)),
            moved: Some(Timestamp(1_780_000_020_000)),
            severity: 3,
            parameters: [("distance_m".to_owned(), Parameter::Number(2500.0))].into(),
            from: LatLon::default(),
            to: None,
        };
        let line = serde_json::to_string(&incident).unwrap();
        assert_eq!(case(&line), Ok(Some(Case::from(&incident))));
        assert_eq!(number(&line), Some(3));
    }

    #[test]
    fn foreign_alerts_need_little() {
        let line = format!(r#"{{"vin":"{VIN}","kind":"tow","at":"2026-06-01T06:00:00+08:00","colour":"red"}}"#);
        let read = claim(&line).unwrap().unwrap();
        assert_eq!((read.rule.as_str(), read.level, read.stands, read.id), ("theft.tow", Level::Three, true, None));
        assert_eq!(read.at, Timestamp::parse("2026-06-01T06:00:00+08:00").unwrap());
        let line = format!(
            r#"{{"type":"alert","vin":"{VIN}","rule":"battery.odd","at_ms":5,"severity":"info","state":"cleared","id":7}}"#
        );
        let read = claim(&line).unwrap().unwrap();
        assert_eq!(read.why, None);
        let reason = format!(r#"{{"vin":"{VIN}","rule":"tow","at_ms":5,"why":{{"en":"gone","zh":"不见了"}}}}"#);
        assert_eq!(claim(&reason).unwrap().unwrap().why.as_deref(), Some("gone"));
        assert_eq!((read.family, read.level, read.stands), (Family::Battery, Level::One, false));
        assert_eq!((read.id.as_deref(), read.at), (Some("7"), Timestamp(5)));
        assert_eq!((claim(r#"{"type":"summary"}"#), claim(" ")), (Ok(None), Ok(None)));
    }

    #[test]
    fn what_cannot_be_read_says_what_was_expected() {
        let refused = |line: &str, word: &str| {
            let said = claim(line).unwrap_err();
            assert!(said.contains(word), "{line}: {said}");
        };
        refused("{", "JSON");
        refused("3", "object");
        refused("{}", "rule");
        refused(&format!(r#"{{"vin":"{VIN}","rule":"benign.ferry","at_ms":1}}"#), "theft.…");
        refused(r#"{"vin":"x","rule":"theft.tow","at_ms":1}"#, "VIN");
        refused(&format!(r#"{{"vin":"{VIN}","rule":"theft.tow"}}"#), "at_ms");
        refused(&format!(r#"{{"vin":"{VIN}","rule":"theft.tow","at_ms":"1"}}"#), "milliseconds");
        refused(&format!(r#"{{"vin":"{VIN}","rule":"theft.tow","at_ms":1,"level":4}}"#), "1 to 3");
        assert!(
            case(&format!(r#"{{"vin":"{VIN}","kind":"levitate","start_ms":1}}"#)).unwrap_err().contains("levitate")
        );
        assert!(case(&format!(r#"{{"vin":"{VIN}","kind":"tow"}}"#)).unwrap_err().contains("start_ms"));
    }
}
