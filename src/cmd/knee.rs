//! `zhilian bench knee`: one rate after the other, each with connections of its own, until the knee is known; then both ends
//! of what was found once more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::benching::{Order, gone, measure, prepare};
use super::output::{self, Style};
use super::reporting::{Outputs, write_page};
use super::{ExitCode, Failure, steering};
use crate::base::Condition;
use crate::base::condition::numbers;
use crate::bench::conditions::held_of;
use crate::bench::conductor::Cause;
use crate::bench::knee::{Confirmation, Knee, Limit, Search, Step, Trials, limit};
use crate::bench::pace::Stage;
use crate::bench::{Live, knee_page};

/// How often a rate is tried again that the generator could not make.
const RETRIES: u32 = 2;
/// Short names of numbers, and where they stand.
const SHORT: [(&str, &str); 2] = [("sustained", "sustained_per_s"), ("broke_at", "broke_at_per_s")];

/// What a rate has to keep.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// The latency of 99 of 100 messages.
    pub p99: Duration,
    /// How often both ends of what was found are tried again.
    pub repeats: u32,
}

/// A search that is going on.
struct Trying {
    order: Order,
    bounds: Bounds,
    steps: Vec<Step>,
    stopped: bool,
}

/// Runs the command.
///
/// # Errors
/// Those of a single load; [`ExitCode::Invalid`] when the generator is what does not sustain more.
pub async fn run(mut order: Order, mut search: Search, bounds: Bounds) -> Result<(), Failure> {
    order.fail_if.iter().try_for_each(check_name)?;
    let page = Outputs::begin_page(&order.reporting)?;
    if let Some(address) = order.reporting.http {
        let live = Arc::new(Live::new(false));
        steering::serve(address, order.reporting.http_open, Arc::clone(&live)).await?;
        order.live = Some(live);
    }
    let conditions = std::mem::take(&mut order.fail_if);
    prepare(&mut order).await?;
    let mut trying = Trying { order, bounds, steps: Vec::new(), stopped: false };
    while let Some(rate) = search.next() {
        let Some(held) = trying.attempt(rate, false).await? else { break };
        search.tell(rate, held);
    }
    let mut confirmation = Confirmation::new(&trying.steps, bounds.repeats);
    while !trying.stopped
        && let Some(rate) = confirmation.next()
    {
        let Some(held) = trying.attempt(rate, true).await? else { break };
        confirmation.tell(rate, held);
    }
    let style = trying.order.style;
    let knee = trying.found(&confirmation);
    tell(style, &knee);
    page.map_or(Ok(()), |file| write_page(file, &knee_page::of(&knee)))?;
    judge(&knee, &conditions)
}

impl Trying {
    /// Tries a rate and says whether it held; `None` when somebody stopped it.
    async fn attempt(&mut self, rate: f64, repeat: bool) -> Result<Option<bool>, Failure> {
        let mut retried = 0;
        loop {
            self.order.plan.stages = vec![Stage::steady(rate)];
            // Payloads and client ids of one step must not be taken for those of the next.
            self.order.plan.run = self.order.plan.run.wrapping_add(1);
            let (report, broken) = measure(&self.order).await?;
            if let Some(broken) = broken {
                gone(&self.order, &broken)?;
                self.stopped = broken.cause == Cause::User;
                return Ok(None);
            }
            let limit = limit(&report, self.bounds.p99);
            // What the generator could not do says nothing of the broker, and is often over soon.
            if limit == Some(Limit::Generator) && retried < RETRIES {
                retried += 1;
                continue;
            }
            let step = Step {
                asked_per_s: rate,
                achieved_per_s: report.achieved_per_s,
                p50_ms: report.latency_ms.p50,
                p99_ms: report.latency_ms.p99,
                max_ms: report.latency_ms.max,
                lost: report.messages.lost,
                limit,
                repeat,
            };
            show(self.order.style, &step);
            self.steps.push(step);
            return Ok(Some(limit.is_none()));
        }
    }

    fn found(self, confirmation: &Confirmation) -> Knee {
        let (low, high) = (confirmation.low(), confirmation.high());
        let rate = |end: Option<Trials>| end.map(|trials| trials.asked_per_s);
        let at_break = self.steps.iter().filter(|step| Some(step.asked_per_s) == rate(high));
        let limit = at_break.filter_map(|step| step.limit).next_back();
        Knee {
            sustained_per_s: rate(low),
            broke_at_per_s: rate(high),
            limit,
            low,
            high,
            p99_ms: self.bounds.p99.as_secs_f64() * 1000.0,
            repeats: self.bounds.repeats,
            partial: self.stopped,
            broker: self.order.url.to_string(),
            trials: confirmation.trials().to_vec(),
            steps: self.steps,
        }
    }
}

fn show(style: Style, step: &Step) {
    output::object(style, "step", step);
    if style == Style::Plain {
        let held = knee_page::in_words(step.limit);
        let (achieved, p99) = (step.achieved_per_s.unwrap_or(0.0), step.p99_ms.unwrap_or(f64::NAN));
        let (asked, again) = (step.asked_per_s, if step.repeat { ", again" } else { "" });
        output::line(&format!("asked {asked:>10.0}/s  achieved {achieved:>10.0}/s  p99 {p99:>9.2} ms  {held}{again}"));
    }
}

fn tell(style: Style, knee: &Knee) {
    output::object(style, "knee", knee);
    if style == Style::Plain {
        let end = |end: Option<Trials>| {
            end.map_or_else(
                || "none".to_owned(),
                |t| format!("{:.0}/s ({} of {} held)", t.asked_per_s, t.held, t.tries),
            )
        };
        let (low, high) = (end(knee.low), end(knee.high));
        output::line(&format!("highest rate that held: {low}; lowest that did not: {high}"));
    }
}

fn judge(knee: &Knee, conditions: &[Condition]) -> Result<(), Failure> {
    match knee.limit {
        Some(Limit::Generator) => {
            let message =
                "INVALID: the generator, not the broker, was the bottleneck of the lowest rate that did not hold";
            return Err(Failure::new(ExitCode::Invalid, message));
        }
        Some(Limit::Latency | Limit::Shortfall | Limit::Loss) | None => {}
    }
    let held = held_of(conditions, &numbers_of(knee), path);
    if held.is_empty() { Ok(()) } else { Err(Failure::new(ExitCode::Threshold, held.join("; "))) }
}

fn numbers_of(knee: &Knee) -> BTreeMap<String, Option<f64>> {
    numbers(&serde_json::to_value(knee).unwrap_or_default())
}

fn path(name: &str) -> String {
    SHORT.iter().find_map(|(short, path)| (*short == name).then_some(*path)).unwrap_or(name).to_owned()
}

/// Whether a condition names a number of a knee.
fn check_name(condition: &Condition) -> Result<(), Failure> {
    let known = SHORT.iter().any(|(short, path)| [*short, *path].contains(&condition.name.as_str()));
    if known && !condition.is_timed() && !condition.is_percent() {
        return Ok(());
    }
    let message = format!("--fail-if {condition}: expected sustained or broke_at and a rate, such as sustained<5000");
    Err(Failure::new(ExitCode::Usage, message))
}
