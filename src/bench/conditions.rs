//! The numbers of a report that conditions can name.

use std::collections::BTreeMap;

use super::compare;
use super::plan::{Plan, Role};
use super::report::{Context, Report};
use super::shared::Counters;
use crate::base::Condition;
use crate::base::condition::numbers;

/// Short names of numbers, and where they stand in the report.
const SHORT: [(&str, &str); 14] = [
    ("lost", "messages.lost"),
    ("unsent", "messages.unsent"),
    ("duplicates", "received.duplicates"),
    ("reordered", "received.reordered"),
    ("missing", "received.missing"),
    ("achieved", "achieved_per_s"),
    ("shortfall", "shortfall_pct"),
    ("connect_fail", "connections.failed"),
    ("connect_lost", "connections.lost"),
    ("lag", "generator.lag_ms.p99"),
    ("cpu_us", "generator.cpu_us_per_message"),
    ("max", "latency_ms.max"),
    ("mean", "latency_ms.mean"),
    ("min", "latency_ms.min"),
];

/// Where the number with a name stands in the report of a verb: `p99` at `latency_ms.p99`, `service_p99` at
/// `service_ms.p99`; other names are paths already.
#[must_use]
pub fn path(name: &str, role: Role) -> String {
    if let Some(path) = compare::path(name) {
        return path;
    }
    let own = match role {
        Role::Publish | Role::Fleet => "latency_ms",
        Role::Subscribe => "end_to_end_ms",
        Role::Connect => "connect_ms",
    };
    for (prefix, table) in
        [("service_", "service_ms"), ("end_to_end_", "end_to_end_ms"), ("connect_", "connect_ms"), ("", own)]
    {
        let quantile = name.strip_prefix(prefix).filter(|rest| {
            let known = ["p50", "p90", "p99", "p99.9", "max", "mean", "min"];
            known.contains(rest)
        });
        if let Some(quantile) = quantile {
            return format!("{table}.{quantile}");
        }
    }
    let short = SHORT.iter().find_map(|(short, path)| (*short == name).then_some(*path));
    short.unwrap_or(name).to_owned()
}

/// Whether a condition names a number of a report, which may be compared with an older one.
///
/// # Errors
/// What is wrong with it.
pub fn check_name(condition: &Condition, plan: &Plan, compares: bool) -> Result<(), String> {
    if let Some(checked) = compare::check_name(condition, compares) {
        return checked;
    }
    let numbers = numbers_of(&Report::of(&[], Context::empty(plan, &Counters::default())));
    let path = path(&condition.name, plan.role);
    if !numbers.contains_key(&path) {
        let known: Vec<&str> = numbers.keys().map(String::as_str).collect();
        return Err(format!(
            "--fail-if {condition}: no number {path:?} in the report: expected one of {}",
            known.join(", ")
        ));
    }
    if condition.is_timed() && !path.contains("_ms.") {
        return Err(format!("--fail-if {condition}: {path} is no time: give the number without a unit"));
    }
    if condition.is_percent() && !path.ends_with("_pct") {
        return Err(format!("--fail-if {condition}: {path} is no percentage: give the number without a unit"));
    }
    Ok(())
}

fn numbers_of(report: &Report) -> BTreeMap<String, Option<f64>> {
    numbers(&serde_json::to_value(report).unwrap_or_default())
}

/// The conditions that hold for a report, in words.
#[must_use]
pub fn held(conditions: &[Condition], report: &Report, role: Role) -> Vec<String> {
    held_of(conditions, &numbers_of(report), |name| path(name, role))
}

/// The conditions that hold for numbers, in words; `path` says where a name stands among them.
#[must_use]
pub fn held_of(
    conditions: &[Condition],
    numbers: &BTreeMap<String, Option<f64>>,
    path: impl Fn(&str) -> String,
) -> Vec<String> {
    let tell = |condition: &Condition| match numbers.get(&path(&condition.name)).copied().flatten() {
        // Where nothing came through there is no quantile, and no promise is kept.
        None => Some(format!("{condition} cannot be told: nothing of the kind was measured")),
        Some(number) if condition.holds(number, 1e-3) => Some(format!("{condition} holds: {number:.3}")),
        Some(_) => None,
    };
    conditions.iter().filter_map(tell).collect()
}
