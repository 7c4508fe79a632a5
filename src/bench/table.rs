//! What a run found, for people.

use std::fmt::Write;

use super::compare::Comparison;
use super::latency::Quantiles;
use super::report::Report;
use super::series::Second;
use super::witness::{Alerts, Taken};

/// The lines of a second: one for each counter that has changed since the second before.
#[must_use]
pub fn second(now: &Second, before: &Second, span_s: f64, latency_name: &str, count: u64) -> Vec<String> {
    let mut lines = Vec::new();
    if now.connected != before.connected {
        lines.push(format!("{}s connected total={}", now.s, now.connected));
    }
    for (name, total) in &now.counters {
        let grown = total - before.counters.get(name).copied().unwrap_or(0);
        if grown > 0 {
            lines.push(format!("{}s {name} total={total} rate={:.2}/sec", now.s, grown as f64 / span_s));
        }
    }
    if let (Some(p50), Some(p99), Some(max)) = (now.p50_ms, now.p99_ms, now.max_ms) {
        lines.push(format!("{}s {latency_name} count={count} p50={p50:.2}ms p99={p99:.2}ms max={max:.2}ms", now.s));
    }
    lines
}

fn row(out: &mut String, name: &str, times: &Quantiles) {
    let cell = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |ms| format!("{ms:.2}"));
    let cells = [times.mean, times.p50, times.p90, times.p99, times.p99_9, times.max].map(cell);
    let [mean, p50, p90, p99, p99_9, max] = cells;
    // Writing into a text cannot fail.
    let _ = writeln!(out, "  {name:<28} {:>10} {mean:>9} {p50:>9} {p90:>9} {p99:>9} {p99_9:>9} {max:>9}", times.count);
}

/// The whole report as a table.
#[must_use]
pub fn of_report(report: &Report) -> String {
    let mut out = String::new();
    let _ = head(&mut out, report);
    let alerts = report.alerts.as_ref().map(|alerts| alerts.latency_ms).unwrap_or_default();
    let times = [
        ("latency (intended → done)", &report.latency_ms),
        ("service (written → done)", &report.service_ms),
        ("end to end", &report.end_to_end_ms),
        ("alert (intended → told)", &alerts),
        ("connect", &report.connect_ms),
        ("the generator's own lag", &report.generator.lag_ms),
    ];
    let _ = writeln!(
        out,
        "  {:<28} {:>10} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "ms", "count", "mean", "p50", "p90", "p99", "p99.9", "max"
    );
    for (name, quantiles) in times.into_iter().filter(|(_, quantiles)| quantiles.count > 0) {
        row(&mut out, name, quantiles);
    }
    let _ = tail(&mut out, report);
    out
}

fn head(out: &mut String, report: &Report) -> std::fmt::Result {
    let Report { verb, plan, measured_s, .. } = report;
    writeln!(out, "bench {verb} against {}: {plan}, {measured_s:.1} s measured", plan.broker)?;
    if plan.agents > 1 {
        writeln!(out, "  by {} processes of {} threads", plan.agents, plan.threads)?;
    }
    if plan.tick_ms > 0.0 {
        writeln!(
            out,
            "  it woke once in {} ms at most: all times are up to that much longer (--tick 0 for none)",
            plan.tick_ms
        )?;
    }
    if let Some(why) = &report.partial {
        writeln!(out, "  PARTIAL: {why}")?;
    }
    if let (Some(asked), Some(offered), Some(achieved)) =
        (report.asked_per_s, report.offered_per_s, report.achieved_per_s)
    {
        write!(out, "  asked {asked:.1}/s, offered {offered:.1}/s, achieved {achieved:.1}/s")?;
        match report.shortfall_pct {
            Some(short) if short >= 0.5 => writeln!(out, ": {short:.1} % SHORT of what was asked")?,
            Some(_) | None => writeln!(out)?,
        }
    } else if let Some(achieved) = report.achieved_per_s {
        writeln!(out, "  received {achieved:.1}/s")?;
    }
    Ok(())
}

fn collector(out: &mut String, taken: &Taken, alerts: &Alerts) -> std::fmt::Result {
    writeln!(
        out,
        "  collector: took {} of {} reports; {} lost, {} double, {} turned away",
        taken.reports, taken.sent, taken.lost, taken.duplicates, taken.rejected
    )?;
    writeln!(
        out,
        "  alerts: {} of {} incidents alerted, {} missed; {} false; {} of {} alerts kept",
        alerts.alerted, alerts.incidents, alerts.missed, alerts.wrong, alerts.kept, alerts.raised
    )
}

fn tail(out: &mut String, report: &Report) -> std::fmt::Result {
    let connections = &report.connections;
    writeln!(
        out,
        "  connections: {} asked, {} at most, {} made, {} failed, {} lost, {} closed",
        connections.asked,
        connections.most,
        connections.succeeded,
        connections.failed,
        connections.lost,
        connections.closed
    )?;
    let (messages, received) = (&report.messages, &report.received);
    if messages.offered > 0 {
        writeln!(
            out,
            "  messages: {} offered, {} done, {} lost, {} unsent, {} sent again",
            messages.offered, messages.done, messages.lost, messages.unsent, messages.sent_again
        )?;
    }
    if received.total > 0 {
        writeln!(
            out,
            "  received: {}, of which {} distinct; {} missing, {} duplicates, {} re-ordered",
            received.total, received.distinct, received.missing, received.duplicates, received.reordered
        )?;
    }
    if let (Some(taken), Some(alerts)) = (&report.collector, &report.alerts) {
        collector(out, taken, alerts)?;
    }
    let generator = &report.generator;
    let number =
        |value: Option<f64>, unit: &str| value.map_or_else(String::new, |value| format!("{value:.2} {unit}  "));
    writeln!(
        out,
        "  generator: {}{}{}",
        number(generator.busy_pct, "% of a core (busiest thread)"),
        number(generator.cpu_us_per_message, "µs of CPU a message"),
        number(generator.kib_per_connection, "KiB a connection")
    )?;
    for fault in &report.invalid {
        writeln!(out, "  INVALID: the generator was the bottleneck: {fault}")?;
    }
    if !report.steering.is_empty() {
        writeln!(out, "  steered {} times while it went on", report.steering.len())?;
    }
    out.push_str(&report.comparison.as_ref().map(Comparison::table).unwrap_or_default());
    Ok(())
}
