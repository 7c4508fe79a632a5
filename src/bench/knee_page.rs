//! What a search for the knee found, as a page.

use super::knee::{Knee, Limit, Step, Trials};
use super::page::{Cell, Page, Tone};
use super::svg::{Line, Mark, Plot, Scale};

/// Whether a rate held, and why not.
#[must_use]
pub fn in_words(limit: Option<Limit>) -> &'static str {
    match limit {
        None => "holds",
        Some(Limit::Latency) => "too slow",
        Some(Limit::Shortfall) => "falls short",
        Some(Limit::Loss) => "loses messages",
        Some(Limit::Generator) => "INVALID: the generator is the bottleneck",
    }
}

/// The page.
#[must_use]
pub fn of(knee: &Knee) -> String {
    let below = format!(
        "{} · a rate holds when p99 ≤ {} ms, at most 1 % is short, and nothing is lost · each end repeated {} times",
        knee.broker, knee.p99_ms, knee.repeats
    );
    let mut page = Page::begin(("拐点报告", "zhilian bench knee"), &below, None);
    if knee.limit == Some(Limit::Generator) {
        page.banner(Tone::Bad, "INVALID 无效：the generator, not the broker, was the bottleneck above the knee");
    }
    if knee.partial {
        page.banner(Tone::Bad, "PARTIAL 不完整：stopped before it was sure");
    }
    let rate = |rate: Option<f64>| rate.map_or_else(|| "–".to_owned(), |rate| format!("{rate:.0}"));
    let tries = |end: Option<Trials>| end.map_or_else(|| "–".to_owned(), |end| format!("{} / {}", end.held, end.tries));
    page.tiles(&[
        (("可持续", "sustained"), rate(knee.sustained_per_s), "/s", knee.sustained_per_s.is_none()),
        (("其中达标", "of its tries held"), tries(knee.low), "", false),
        (("不可持续", "not sustained from"), rate(knee.broke_at_per_s), "/s", false),
        (("其中达标", "of its tries held"), tries(knee.high), "", false),
    ]);
    page.begin_cards();
    page.plot(("时延与速率", "latency by rate"), &latency(knee));
    page.plot(("达到与要求", "achieved by asked"), &achieved(knee));
    page.end_cards();
    page.table(
        ("各次尝试", "all tries"),
        &["asked/s", "achieved/s", "p50 ms", "p99 ms", "max ms", "lost", " "],
        &knee.steps.iter().map(row).collect::<Vec<_>>(),
    );
    page.end(&["zhilian ", env!("CARGO_PKG_VERSION")].concat())
}

/// The knee lies between the ends.
fn marks(knee: &Knee) -> Vec<Mark> {
    let Some(low) = knee.low else { return Vec::new() };
    let from = low.asked_per_s;
    let (to, label) = match knee.broke_at_per_s {
        Some(to) => (to, format!("拐点 knee {from:.0}–{to:.0}/s")),
        None => (from, format!("拐点 knee ≥ {from:.0}/s")),
    };
    vec![Mark { span: (from, to), label }]
}

/// A member of each try, by the rate asked for.
fn by_rate(knee: &Knee, member: impl Fn(&Step) -> Option<f64>) -> Vec<(f64, Option<f64>)> {
    let mut points: Vec<_> = knee.steps.iter().map(|step| (step.asked_per_s, member(step))).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points
}

fn latency(knee: &Knee) -> Plot {
    let ends = by_rate(knee, |_| Some(knee.p99_ms));
    let lines = vec![
        Line::new("max", 2, by_rate(knee, |step| step.max_ms)).dots(),
        Line::new("p99", 1, by_rate(knee, |step| step.p99_ms)).dots(),
        Line::new("p50", 0, by_rate(knee, |step| step.p50_ms)).dots(),
        Line::new("p99 上限 bound", 3, ends).dashed(),
    ];
    Plot { x: ("/s", Scale::Tight), y: ("ms", Scale::Log), lines, marks: marks(knee) }
}

fn achieved(knee: &Knee) -> Plot {
    let lines = vec![
        Line::new("要求 asked", 3, by_rate(knee, |step| Some(step.asked_per_s))).dashed(),
        Line::new("达到 achieved", 0, by_rate(knee, |step| step.achieved_per_s)).dots(),
    ];
    Plot { x: ("/s", Scale::Tight), y: ("/s", Scale::Tight), lines, marks: marks(knee) }
}

fn row(step: &Step) -> Vec<Cell> {
    let number = |value: Option<f64>| Cell::from(value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}")));
    let class = if step.limit.is_none() { "left good" } else { "left bad" };
    let again = if step.repeat { ", again" } else { "" };
    vec![
        format!("{:.0}", step.asked_per_s).into(),
        number(step.achieved_per_s),
        number(step.p50_ms),
        number(step.p99_ms),
        number(step.max_ms),
        step.lost.to_string().into(),
        Cell(format!("{}{again}", in_words(step.limit)), class),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::knee::Confirmation;

    #[test]
    fn the_knee_is_marked_and_an_invalid_one_is_red() {
        let step = |rate: f64, limit| Step {
            asked_per_s: rate,
            achieved_per_s: Some(rate),
            p50_ms: Some(1.0),
            p99_ms: Some(rate / 100.0),
            max_ms: Some(rate / 50.0),
            lost: 0,
            limit,
            repeat: false,
        };
        let steps = vec![step(1000.0, None), step(2000.0, Some(Limit::Generator)), step(1000.0, None)];
        let confirmation = Confirmation::new(&steps, 1);
        let page = |limit| {
            of(&Knee {
                sustained_per_s: Some(1000.0),
                broke_at_per_s: Some(2000.0),
                limit,
                low: confirmation.low(),
                high: confirmation.high(),
                p99_ms: 15.0,
                repeats: 1,
                partial: false,
                broker: "mqtt://127.0.0.1:1883".to_owned(),
                trials: confirmation.trials().to_vec(),
                steps: steps.clone(),
            })
        };
        let valid = page(Some(Limit::Latency));
        assert!(valid.contains("knee 1000–2000/s") && valid.contains("2 / 2") && valid.contains("0 / 1"), "{valid}");
        assert!(!valid.contains("banner bad"), "{valid}");
        assert!(page(Some(Limit::Generator)).contains("<p class=\"banner bad\">INVALID"));
    }
}
