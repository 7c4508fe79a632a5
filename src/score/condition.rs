//! The numbers that conditions on a score can name.

use serde_json::Value;

use super::scores::Scores;
use crate::base::condition::numbers;

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
