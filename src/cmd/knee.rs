//! `zhilian bench knee`: one rate after the other, each with connections of its own, until the knee is known.

use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use super::benching::{Order, gone, measure, prepare};
use super::output::{self, Style};
use super::{ExitCode, Failure};
use crate::bench::conductor::Cause;
use crate::bench::knee::{Limit, Search, limit};
use crate::bench::pace::Stage;

/// How often a rate is tried again that the generator could not make.
const RETRIES: u32 = 2;

/// A rate that was tried.
#[derive(Debug, Serialize)]
struct Step {
    asked_per_s: f64,
    achieved_per_s: Option<f64>,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    max_ms: Option<f64>,
    lost: u64,
    limit: Option<Limit>,
}

/// Runs the command.
///
/// # Errors
/// Those of a single load; [`ExitCode::Invalid`] when the generator is what does not sustain more.
pub async fn run(mut order: Order, mut search: Search, p99: Duration) -> Result<(), Failure> {
    prepare(&mut order).await?;
    let mut steps: Vec<Step> = Vec::new();
    let (mut stopped, mut retried) = (false, 0);
    while let Some(rate) = search.next() {
        order.plan.stages = vec![Stage::steady(rate)];
        // Payloads and client ids of one step must not be taken for those of the next.
        order.plan.run = order.plan.run.wrapping_add(1);
        let (report, broken) = measure(&order).await?;
        if let Some(broken) = broken {
            gone(&order, &broken)?;
            stopped = broken.cause == Cause::User;
            break;
        }
        let limit = limit(&report, p99);
        // What the generator could not do says nothing of the broker, and is often over soon.
        if limit == Some(Limit::Generator) && retried < RETRIES {
            retried += 1;
            continue;
        }
        retried = 0;
        let step = Step {
            asked_per_s: rate,
            achieved_per_s: report.achieved_per_s,
            p50_ms: report.latency_ms.p50,
            p99_ms: report.latency_ms.p99,
            max_ms: report.latency_ms.max,
            lost: report.messages.lost,
            limit,
        };
        show(order.style, &step);
        search.tell(rate, limit.is_none());
        steps.push(step);
    }
    finish(&order, &search, &steps, stopped)
}

fn show(style: Style, step: &Step) {
    output::object(style, "step", step);
    if style == Style::Plain {
        let held = match step.limit {
            None => "holds",
            Some(Limit::Latency) => "too slow",
            Some(Limit::Shortfall) => "falls short",
            Some(Limit::Loss) => "loses messages",
            Some(Limit::Generator) => "INVALID: the generator is the bottleneck",
        };
        let (achieved, p99) = (step.achieved_per_s.unwrap_or(0.0), step.p99_ms.unwrap_or(f64::NAN));
        let asked = step.asked_per_s;
        output::line(&format!("asked {asked:>10.0}/s  achieved {achieved:>10.0}/s  p99 {p99:>9.2} ms  {held}"));
    }
}

fn finish(order: &Order, search: &Search, steps: &[Step], stopped: bool) -> Result<(), Failure> {
    let at_break = steps.iter().filter(|step| Some(step.asked_per_s) == search.broke);
    let limit = at_break.filter_map(|step| step.limit).next_back();
    let body = json!({
        "sustained_per_s": search.held, "broke_at_per_s": search.broke, "limit": limit, "partial": stopped, "steps": steps,
    });
    output::object(order.style, "knee", &body);
    if order.style == Style::Plain {
        let rate = |rate: Option<f64>| rate.map_or_else(|| "none".to_owned(), |rate| format!("{rate:.0}/s"));
        let (held, broke) = (rate(search.held), rate(search.broke));
        output::line(&format!("highest rate that held: {held}; lowest that did not: {broke}"));
    }
    match limit {
        Some(Limit::Generator) => {
            let message =
                "INVALID: the generator, not the broker, was the bottleneck of the lowest rate that did not hold";
            Err(Failure::new(ExitCode::Invalid, message))
        }
        Some(Limit::Latency | Limit::Shortfall | Limit::Loss) | None => Ok(()),
    }
}
