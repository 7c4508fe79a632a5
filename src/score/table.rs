//! Scores as tables for people.

use std::fmt::Write;

use serde_json::Value;

use super::scores::{KindScore, PerLevel, Scores};
use super::statistics::{Lead, Leads, Spread};
use super::sweep::Sweep;
use crate::model::{Family, Kind};

/// The numbers of one run.
#[must_use]
pub fn of_scores(scores: &Scores) -> String {
    let mut text = String::new();
    let known =
        |number: Option<f64>, digits: usize| number.map_or("?".to_owned(), |number| format!("{number:.digits$}"));
    let reports = scores.reports.map_or("?".to_owned(), |reports| reports.to_string());
    say(&mut text, &format!("{} vehicle-days, {reports} reports", known(scores.vehicle_days, 1)));
    if let (Some(wall_s), Some(rate)) = (scores.wall_s, scores.reports_per_s) {
        say(&mut text, &format!("{wall_s:.2} s, {rate:.0} reports/s"));
    }
    for (family, title) in [(Family::Theft, "theft"), (Family::Battery, "battery")] {
        let own: Vec<_> = scores.kinds.iter().filter(|(kind, _)| kind.family() == family).collect();
        if !own.is_empty() {
            say(&mut text, &format!("\n{title:<20} {:>7} {:>7} {:>12}   {}", "recall", "right", "told", DELAYS));
            for (kind, score) in own {
                say(&mut text, &kind_line(*kind, score));
            }
        }
    }
    say(&mut text, &format!("\nmoving thefts, from the first metre   {}", delays(&scores.moving_delay_s)));
    tell_leads(&mut text, scores);
    let right = scores.right_kind;
    say(&mut text, &format!("right kind: theft {}, battery {}", percent(right.theft), percent(right.battery)));
    say(&mut text, &format!("battery AUROC {}", known(scores.auroc_battery, 4)));
    say(&mut text, &format!("\n{:<30} {:>7} {:>7} {:>7}", "alerts by rule", "raised", "true", "false"));
    for (rule, score) in scores.alerts.iter().filter(|(_, score)| score.raised > 0) {
        say(&mut text, &format!("{rule:<30} {:>7} {:>7} {:>7}", score.raised, score.right, score.wrong));
    }
    if !scores.benign.is_empty() {
        say(
            &mut text,
            &format!("\n{:<20} {:>8} {:>8} {:>8} {:>8}", "benign", "episodes", "alerted", "level 2", "level 3"),
        );
    }
    for (kind, score) in &scores.benign {
        let counts = [score.episodes, score.alerted, score.level2, score.level3].map(|count| format!("{count:>8}"));
        say(&mut text, &format!("{:<20} {}", kind.name(), counts.join(" ")));
    }
    say(&mut text, &format!("\n{:<20} {:>7} {:>22}", "false alerts", "", "in 1,000 vehicle-days"));
    let rates = by_level(&scores.false_per_1000_vehicle_days);
    for ((name, count), (_, rate)) in by_level(&scores.wrong).into_iter().zip(rates) {
        say(&mut text, &format!("{name:<20} {count:>7} {:>22}", known(rate, 2)));
    }
    text
}

/// How much earlier than the management's own level 3 faults of batteries were told, where it told any.
fn tell_leads(text: &mut String, scores: &Scores) {
    let leads = scores.kinds.iter().filter_map(|(kind, score)| Some((kind, score.shown.as_ref()?.lead_s)));
    let mut leads = leads.filter(|(_, leads)| leads.all.n > 0).peekable();
    if leads.peek().is_none() {
        return;
    }
    let title = "before the management";
    say(text, &format!("\n{title:<28} {:>12}    {:>5} {:>8} {:>8}", "told", "p5", "p50", "max"));
    let days = Leads::SLOW_S / 86_400.0;
    for (kind, leads) in leads {
        say(text, &lead_line(kind.name(), &leads.all));
        if leads.slow.n > 0 {
            say(text, &lead_line(&format!("  level 3 after {days:.0} d or more"), &leads.slow));
        }
    }
    say(text, "");
}

fn lead_line(name: &str, lead: &Lead) -> String {
    let told = format!("{} of {}", lead.told, lead.n);
    let spans = [lead.p5, lead.p50, lead.max].map(|lead| format!("{:>9}", lead.map_or("-".to_owned(), span)));
    format!("{name:<28} {told:>12}{}", spans.join(""))
}

const DELAYS: &str = "delay p50      p95      max";

fn say(text: &mut String, line: &str) {
    // Writing into a string cannot fail.
    let _ = writeln!(text, "{line}");
}

fn kind_line(kind: Kind, score: &KindScore) -> String {
    let told = format!("{} of {}", score.detected, score.incidents);
    let (recall, right) = (percent(score.recall), percent(score.right_kind));
    format!("{:<20} {recall:>7} {right:>7} {told:>12}   {}", kind.name(), delays(&score.delay_s))
}

fn delays(spread: &Spread) -> String {
    [spread.p50, spread.p95, spread.max].map(|delay| format!("{:>9}", delay.map_or("-".to_owned(), span))).join("")
}

/// A span of time with three digits or so.
#[must_use]
pub fn span(seconds: f64) -> String {
    match seconds.abs() {
        below if below < 600.0 => format!("{seconds:.1} s"),
        below if below < 36_000.0 => format!("{:.0} min", seconds / 60.0),
        below if below < 864_000.0 => format!("{:.1} h", seconds / 3600.0),
        _ => format!("{:.1} d", seconds / 86_400.0),
    }
}

fn percent(share: Option<f64>) -> String {
    share.map_or("-".to_owned(), |share| format!("{:.1} %", share * 100.0))
}

fn by_level<T: Copy>(per: &PerLevel<T>) -> [(&'static str, T); 6] {
    [
        ("theft suspected", per.theft_suspected),
        ("theft probable", per.theft_probable),
        ("theft confirmed", per.theft_confirmed),
        ("battery level 1", per.battery_level1),
        ("battery level 2", per.battery_level2),
        ("battery level 3", per.battery_level3),
    ]
}

/// The numbers of several runs.
#[must_use]
pub fn of_sweep(sweep: &Sweep) -> String {
    let mut text = String::new();
    let seeds = match (sweep.seeds.first(), sweep.seeds.last()) {
        (Some(first), Some(last)) => format!("seeds {first} to {last}"),
        (_, None) | (None, _) => "no seeds".to_owned(),
    };
    say(&mut text, &format!("{seeds}: mean ± half of its 95 % confidence interval, and the worst seed\n"));
    say(&mut text, &format!("{:<44} {:>12} {:>10} {:>12} {:>8}", "", "mean", "±", "worst", "seed"));
    for (path, worst) in &sweep.worst {
        let at = |tree: &Value| path.split('.').try_fold(tree, |tree, key| tree.get(key)).and_then(Value::as_f64);
        let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.4}"));
        let (mean, margin) = (number(at(&sweep.mean)), number(at(&sweep.ci95)));
        let seed = worst.seed.map_or("-".to_owned(), |seed| seed.to_string());
        say(&mut text, &format!("{path:<44} {mean:>12} {margin:>10} {:>12.4} {seed:>8}", worst.value));
    }
    text
}
