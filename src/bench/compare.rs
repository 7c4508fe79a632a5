//! What changed since an older run, and whether by more than chance.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::record::Record;
use super::significance::{RARE, p_value};
use crate::base::Condition;

/// A change of a run's number that its seconds do not bear out is told apart when it is larger, percent (**assumed**).
const NOTABLE_PCT: f64 = 20.0;

/// What changed since an older run.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// The older one.
    pub with: String,
    /// What has to be known besides.
    pub caveats: Vec<String>,
    /// How many numbers are worse by more than chance.
    pub worse: usize,
    /// The numbers by their short names.
    pub numbers: BTreeMap<&'static str, Change>,
}

/// How a number changed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Change {
    /// Then.
    pub old: Option<f64>,
    /// Now.
    pub new: Option<f64>,
    /// The change, percent of the old one.
    pub change_pct: Option<f64>,
    /// The same where it is to the worse by more than chance, and positive; 0 where it is not.
    pub worse_pct: f64,
    /// How probably chance alone makes the seconds of the two runs differ so much.
    pub p_value: Option<f64>,
    /// What that means.
    pub verdict: Verdict,
}

/// What a change means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Better by more than chance.
    Better,
    /// Worse by more than chance.
    Worse,
    /// Chance makes such a difference.
    NoSignificantChange,
    /// The number of the run changed and most of its seconds did not: a few made it, and it is chance whether a run has such.
    FewSeconds,
    /// There are too few seconds to tell.
    TooShort,
    /// It is one number a run, which has no seconds to tell it from chance.
    NotTested,
}

impl Verdict {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "WORSE",
            Self::NoSignificantChange => "no significant change",
            Self::FewSeconds => "not significant: a few seconds made it",
            Self::TooShort => "too few seconds to tell",
            Self::NotTested => "not tested: one number a run",
        }
    }
}

/// Where the seconds of a number stand.
#[derive(Debug, Clone, Copy)]
enum Seconds {
    /// How fast the counter of what was done grows.
    Done,
    /// A member of each second.
    Member(&'static str),
    /// Nowhere.
    None,
}

/// Numbers that are compared: short name, where they stand for a load that publishes, their seconds, and whether more of
/// it is better. `*` is the table of times of the verb.
const NUMBERS: [(&str, &str, Seconds, bool); 13] = [
    ("achieved", "achieved_per_s", Seconds::Done, true),
    ("mean", "*.mean", Seconds::Member("mean_ms"), false),
    ("p50", "*.p50", Seconds::Member("p50_ms"), false),
    ("p90", "*.p90", Seconds::Member("p90_ms"), false),
    ("p99", "*.p99", Seconds::Member("p99_ms"), false),
    ("p99.9", "*.p99.9", Seconds::Member("p99.9_ms"), false),
    ("max", "*.max", Seconds::Member("max_ms"), false),
    ("connect_p99", "connect_ms.p99", Seconds::None, false),
    ("lost", "messages.lost", Seconds::None, false),
    ("shortfall", "shortfall_pct", Seconds::None, false),
    ("connect_fail", "connections.failed", Seconds::None, false),
    ("connect_lost", "connections.lost", Seconds::None, false),
    ("cpu_us", "generator.cpu_us_per_message", Seconds::None, false),
];

/// The table of times that a verb is about.
fn own_table(verb: &str) -> &'static str {
    match verb {
        "sub" => "end_to_end_ms",
        "conn" => "connect_ms",
        _ => "latency_ms",
    }
}

impl Comparison {
    /// Holds a run against an older one of the same plan.
    #[must_use]
    pub fn of(old: &Record, new: &Record) -> Self {
        let verb = new.verb();
        let mut numbers = BTreeMap::new();
        for (name, path, seconds, more_is_better) in NUMBERS {
            let path = path.replace('*', own_table(verb));
            let (was, is) = (old.number(&path), new.number(&path));
            if was.is_some() || is.is_some() {
                let series = |record: &Record| match seconds {
                    Seconds::Done => Some(record.rates(if verb == "sub" { "recv" } else { "pub_succ" })),
                    Seconds::Member(member) if verb != "conn" => Some(record.seconds(member)),
                    Seconds::Member(_) | Seconds::None => None,
                };
                numbers.insert(name, Change::of([was, is], [series(old), series(new)], more_is_better));
            }
        }
        let worse = numbers.values().filter(|change| change.verdict == Verdict::Worse).count();
        Self { with: old.name.clone(), caveats: old.caveats(new), worse, numbers }
    }

    /// The numbers in the order in which they are told.
    pub fn rows(&self) -> impl Iterator<Item = (&'static str, &Change)> {
        NUMBERS.iter().filter_map(|(name, ..)| Some((*name, self.numbers.get(name)?)))
    }

    /// As a table.
    #[must_use]
    pub fn table(&self) -> String {
        let mut out = String::new();
        // Writing into a text cannot fail.
        for caveat in &self.caveats {
            let _ = writeln!(out, "  NOTE: {caveat}");
        }
        let _ = writeln!(out, "  {:<14} {:>12} {:>12} {:>10}  against {}", "", "old", "new", "change", self.with);
        for (name, change) in self.rows() {
            let cell = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"));
            let percent = change.change_pct.map_or_else(|| "–".to_owned(), |percent| format!("{percent:+.1} %"));
            let (old, new) = (cell(change.old), cell(change.new));
            let _ = writeln!(out, "  {name:<14} {old:>12} {new:>12} {percent:>10}  {}", change.verdict.words());
        }
        out
    }
}

impl Change {
    fn of([old, new]: [Option<f64>; 2], seconds: [Option<Vec<f64>>; 2], more_is_better: bool) -> Self {
        let both = old.zip(new);
        // What was nothing has grown by no share of it.
        let share = |(old, new): (f64, f64)| if old.abs() > 0.0 { 100.0 * (new - old) / old.abs() } else { f64::NAN };
        let change_pct = both.map(|(old, new)| if (old - new).abs() > 0.0 { share((old, new)) } else { 0.0 });
        let change_pct = change_pct.filter(|change| change.is_finite());
        let [old_seconds, new_seconds] = seconds;
        let to_the_worse = change_pct.map_or(0.0, |change| if more_is_better { -change } else { change });
        let tested = old_seconds.zip(new_seconds);
        let p_value = tested.as_ref().and_then(|(old, new)| p_value(old, new));
        let verdict = match (&tested, p_value) {
            (None, _) => Verdict::NotTested,
            (Some(_), None) => Verdict::TooShort,
            (Some((old, new)), Some(p)) if p >= RARE => {
                let most = 100.0 * (middle(new) - middle(old)).abs() / middle(old).abs().max(f64::MIN_POSITIVE);
                let made_by_few = change_pct.is_some_and(|all| all.abs() > NOTABLE_PCT && all.abs() > 2.0 * most);
                if made_by_few { Verdict::FewSeconds } else { Verdict::NoSignificantChange }
            }
            // The number of the whole run may hang on a few seconds: it has to agree with most of them.
            (Some((old, new)), Some(_)) => match ((middle(new) > middle(old)) == more_is_better, to_the_worse < 0.0) {
                (true, true) => Verdict::Better,
                (false, false) => Verdict::Worse,
                (true, false) | (false, true) => Verdict::NoSignificantChange,
            },
        };
        let worse_pct = if verdict == Verdict::Worse { to_the_worse.max(0.0) } else { 0.0 };
        Self { old, new, change_pct, worse_pct, p_value, verdict }
    }
}

/// The mean rank decides the test; where that is known to differ, the median tells the direction well enough.
fn middle(seconds: &[f64]) -> f64 {
    let mut sorted = seconds.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

/// Where the number that a condition on a change names stands in the report: `p99.change` and `p99.worse`, or `worse`.
#[must_use]
pub fn path(name: &str) -> Option<String> {
    if name == "worse" {
        return Some("comparison.worse".to_owned());
    }
    let (number, member) = name.rsplit_once('.')?;
    let member = match member {
        "change" => "change_pct",
        "worse" => "worse_pct",
        _ => return None,
    };
    Some(format!("comparison.numbers.{number}.{member}"))
}

/// Whether a condition on a change can be told at all; `None` when it is on something else.
#[must_use]
pub fn check_name(condition: &Condition, compares: bool) -> Option<Result<(), String>> {
    let path = path(&condition.name)?;
    let known = NUMBERS.map(|(name, ..)| name);
    let number = condition.name.rsplit_once('.').map(|(number, _)| number);
    Some(if !compares {
        Err(format!("--fail-if {condition}: a change needs an older report: give it with --compare"))
    } else if number.is_some_and(|number| !known.contains(&number)) {
        Err(format!("--fail-if {condition}: expected one of {} before the last point", known.join(", ")))
    } else if condition.is_timed() || (condition.is_percent() && !path.ends_with("_pct")) {
        Err(format!("--fail-if {condition}: expected a number of percent, such as p99.change>10%, or worse>0"))
    } else {
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Verdict::{Better, FewSeconds, NoSignificantChange, NotTested, TooShort, Worse};
    use super::*;

    /// A report of a run whose seconds did so many messages and had such a 99th percentile.
    fn record(name: &str, done: f64, p99_ms: f64, seconds: u32) -> Record {
        record_of(name, done, p99_ms, seconds, p99_ms)
    }

    /// The same, where the 99th percentile of a usual second is another than that of the run.
    fn record_of(name: &str, done: f64, p99_ms: f64, seconds: u32, usual_ms: f64) -> Record {
        let wobble = |s: u32, by: f64| 1.0 + by * f64::from(s * 7 % 5);
        let mut total = 0.0;
        let series: Vec<_> = (0..=seconds)
            .map(|s| {
                total += (done * wobble(s, 0.01)).floor();
                let p99 = if s == 9 { p99_ms } else { usual_ms } * wobble(s, 0.05);
                json!({ "at_s": s, "measured": s > 0, "pub_succ": total as u64, "p99_ms": p99, "p50_ms": 1.0 })
            })
            .collect();
        let text = json!({
            "type": "report", "shape": crate::bench::report::SHAPE, "verb": "pub", "achieved_per_s": done,
            "plan": { "qos": 1 }, "latency_ms": { "p50": 1.0, "p99": p99_ms }, "messages": { "lost": 0 }, "series": series,
        });
        Record::parse(name, &text.to_string()).unwrap()
    }

    #[test]
    fn what_changed_is_told_from_chance() {
        let (old, same) = (record("old", 1000.0, 5.0, 30), record("same", 1000.0, 5.05, 30));
        let verdicts = |new: &Record| {
            let comparison = Comparison::of(&old, new);
            ["achieved", "p50", "p99", "lost"].map(|name| comparison.numbers[name].verdict)
        };
        assert_eq!(verdicts(&same), [NoSignificantChange, NoSignificantChange, NoSignificantChange, NotTested]);
        let slower = record("slower", 800.0, 9.0, 30);
        assert_eq!(verdicts(&slower), [Worse, NoSignificantChange, Worse, NotTested]);
        assert_eq!(verdicts(&record("faster", 1200.0, 3.0, 30)), [Better, NoSignificantChange, Better, NotTested]);
        assert_eq!(verdicts(&record("brief", 500.0, 90.0, 5)), [TooShort, TooShort, TooShort, NotTested]);
        // Its seconds are as before, but for one that spoilt the whole.
        let stalled = record_of("stalled", 1000.0, 900.0, 30, 5.0);
        assert_eq!(verdicts(&stalled), [NoSignificantChange, NoSignificantChange, FewSeconds, NotTested]);

        let comparison = Comparison::of(&old, &slower);
        assert_eq!(comparison.worse, 2);
        let achieved = comparison.numbers["achieved"];
        assert!((achieved.worse_pct - 20.0).abs() < 1e-9 && achieved.change_pct.is_some_and(|pct| pct < -19.9));
        let table = comparison.table();
        assert!(table.contains("+80.0 %  WORSE") && table.contains("-20.0 %  WORSE"), "{table}");
    }

    #[test]
    fn conditions_on_changes_are_checked_before_the_run() {
        let check = |text: &str, compares| check_name(&text.parse().unwrap(), compares);
        for text in ["p99.change>10%", "p99.9.worse>5", "worse>0", "lost.change>0"] {
            assert_eq!(check(text, true), Some(Ok(())), "{text}");
            assert!(matches!(check(text, false), Some(Err(what)) if what.contains("--compare")), "{text}");
        }
        for text in ["p98.change>10%", "p99.change>10ms", "worse>1%"] {
            assert!(matches!(check(text, true), Some(Err(_))), "{text}");
        }
        assert_eq!((check("p99>10", true), check("generator.lag_ms.p99>1", true)), (None, None));
        assert_eq!(path("p99.9.change").as_deref(), Some("comparison.numbers.p99.9.change_pct"));
    }
}
