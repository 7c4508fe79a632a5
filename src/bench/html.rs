//! A report as a page for people who were not there.

use super::compare::{Comparison, Verdict};
use super::latency::Quantiles;
use super::page::{Cell, Page, Tone};
use super::report::Report;
use super::series::Second;
use super::steering::{Change, Wish};
use super::svg::{Line, Mark, Plot, Scale, short};

const FOOTER: &str = "时延从计划发送时刻算起 · latency counts from when a message was meant to be sent · zhilian ";
/// More marks than this are no help.
const MOST_MARKS: usize = 8;
/// How much may be missing before it is shown in red, percent.
const SHORT_PCT: f64 = 0.5;

/// The page of a report; a live one is loaded again every few seconds.
#[must_use]
pub fn of_report(report: &Report, reload_s: Option<u32>) -> String {
    let mut page = Page::begin(("压测报告", &title(report.verb)), &below(report), reload_s);
    banners(&mut page, report);
    tiles(&mut page, report);
    page.begin_cards();
    page.plot(("速率", "rate"), &rates(report));
    page.plot(("时延", "latency"), &latencies(report));
    page.plot(("连接数", "connections"), &connections(report));
    page.plot(("时延分布", "percentiles"), &curves(report));
    page.end_cards();
    page.table(("时间", "times, ms"), &["", "count", "mean", "p50", "p90", "p99", "p99.9", "max"], &times(report));
    if let Some(comparison) = &report.comparison {
        let columns = ["", "旧 old", "新 new", "变化 change", "p", " 结论 verdict"];
        page.table(("与旧报告比较", "against the older run"), &columns, &changes(comparison));
    }
    page.table(("运行中的调整", "steered while it went on"), &["s", " ", " "], &steering(&report.steering));
    page.table(("计数", "counts"), &["", ""], &counts(report));
    page.end(&[FOOTER, env!("CARGO_PKG_VERSION")].concat())
}

fn title(verb: &str) -> String {
    format!("zhilian bench {verb}")
}

fn below(report: &Report) -> String {
    let Report { plan, measured_s, .. } = report;
    format!("{}: {plan}, {} threads, {measured_s:.1} s measured", plan.broker, plan.threads)
}

fn banners(page: &mut Page, report: &Report) {
    for fault in &report.invalid {
        page.banner(Tone::Bad, &format!("INVALID 无效：the generator was the bottleneck: {fault}"));
    }
    if let Some(why) = &report.partial {
        page.banner(Tone::Bad, &format!("PARTIAL 不完整：{why}"));
    }
    if let Some(short) = report.shortfall_pct.filter(|short| *short >= SHORT_PCT) {
        page.banner(Tone::Bad, &format!("SHORT 未达到：{short:.1} % of what was asked was not achieved"));
    }
    for caveat in report.comparison.iter().flat_map(|comparison| &comparison.caveats) {
        page.banner(Tone::Note, &format!("NOTE 注意：{caveat}"));
    }
    if report.asked_per_s.is_some() && report.invalid.is_empty() && report.partial.is_none() {
        page.banner(Tone::Good, "VALID 有效：the generator kept its schedule");
    }
}

fn own_times(report: &Report) -> (&'static str, &Quantiles, &[(f64, f64)]) {
    match report.verb {
        "sub" => ("end to end", &report.end_to_end_ms, &report.curves.end_to_end_ms),
        "conn" => ("connect", &report.connect_ms, &report.curves.connect_ms),
        _ => ("latency", &report.latency_ms, &report.curves.latency_ms),
    }
}

fn tiles(page: &mut Page, report: &Report) {
    let ms = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |ms| format!("{ms:.2}"));
    let rate = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |rate| format!("{rate:.0}"));
    let (_, times, _) = own_times(report);
    let short = report.shortfall_pct.is_some_and(|short| short >= SHORT_PCT);
    let mut numbers = Vec::new();
    if report.asked_per_s.is_some() {
        numbers.push((("要求", "asked"), rate(report.asked_per_s), "/s", false));
    }
    if report.achieved_per_s.is_some() {
        numbers.push((("达到", "achieved"), rate(report.achieved_per_s), "/s", short));
    }
    numbers.extend([
        (("中位", "p50"), ms(times.p50), "ms", false),
        (("百分位", "p99"), ms(times.p99), "ms", false),
        (("最大", "max"), ms(times.max), "ms", false),
        (("丢失", "lost"), report.messages.lost.to_string(), "", report.messages.lost > 0),
        (("连接", "connections"), report.connections.most.to_string(), "", report.connections.failed > 0),
    ]);
    page.tiles(&numbers);
}

/// Each second with the one before; without the last one when it is a small part of a second, which says nothing.
fn seconds(report: &Report) -> impl Iterator<Item = (&Second, &Second)> {
    let pairs = report.series.iter().zip(report.series.iter().skip(1));
    pairs.filter(|(before, now)| now.at_s - before.at_s > 0.5)
}

/// A member of each second, by time.
fn by_time(report: &Report, member: impl Fn(&Second) -> Option<f64>) -> Vec<(f64, Option<f64>)> {
    let first = report.series.first().map(|first| (first.at_s, member(first)));
    first.into_iter().chain(seconds(report).map(|(_, now)| (now.at_s, member(now)))).collect()
}

/// How much a counter grew, by time.
fn grown(report: &Report, counter: &str) -> Vec<(f64, Option<f64>)> {
    let first = report.series.first().map(|first| (first.at_s, Some(first.rate(&Second::default(), counter))));
    first.into_iter().chain(seconds(report).map(|(a, b)| (b.at_s, Some(b.rate(a, counter))))).collect()
}

fn rates(report: &Report) -> Plot {
    let mut lines = Vec::new();
    if report.asked_per_s.is_some() && report.verb != "fleet" {
        let asked = by_time(report, |second| second.asked_per_s);
        lines.push(Line::new("要求 asked", 3, asked).dashed());
    }
    match report.verb {
        "conn" => lines.push(Line::new("新连接 connections made", 0, grown(report, "connect_succ"))),
        "sub" => lines.push(Line::new("收到 received", 0, grown(report, "recv"))),
        _ => {
            lines.push(Line::new("完成 done", 0, grown(report, "pub_succ")));
            if report.plan.listeners > 0 {
                lines.push(Line::new("收到 received", 1, grown(report, "recv")));
            }
        }
    }
    Plot { x: ("s", Scale::Linear), y: ("/s", Scale::Linear), lines, marks: marks(report) }
}

fn latencies(report: &Report) -> Plot {
    let line = |name, colour, member: fn(&Second) -> Option<f64>| Line::new(name, colour, by_time(report, member));
    let lines = vec![
        line("max", 2, |second| second.max_ms),
        line("p99", 1, |second| second.p99_ms),
        line("p50", 0, |second| second.p50_ms),
    ];
    Plot { x: ("s", Scale::Linear), y: ("ms", Scale::Log), lines, marks: marks(report) }
}

fn connections(report: &Report) -> Plot {
    let connected = by_time(report, |second| Some(second.connected as f64));
    let mut lines = vec![Line::new("在线 connected", 0, connected)];
    let lost = grown(report, "connect_lost");
    if lost.iter().any(|(_, rate)| rate.is_some_and(|rate| rate > 0.0)) {
        lines.push(Line::new("断开 lost, /s", 2, lost));
    }
    Plot { x: ("s", Scale::Linear), y: ("", Scale::Linear), lines, marks: Vec::new() }
}

fn curves(report: &Report) -> Plot {
    let points = |curve: &[(f64, f64)]| {
        // The longest of all is where less than one would be left: half a step beyond the last.
        let last = curve.iter().rev().nth(1).map_or(0.9, |(share, _)| 1.0 - (1.0 - share) / 2.0);
        curve.iter().map(|(share, ms)| (share.min(last), Some(*ms))).collect::<Vec<_>>()
    };
    let (name, _, own) = own_times(report);
    let mut lines = vec![Line::new(name, 0, points(own))];
    let others = [("service", 1, &report.curves.service_ms), ("end to end", 2, &report.curves.end_to_end_ms)];
    for (other, colour, curve) in others {
        if !curve.is_empty() && other != name {
            lines.push(Line::new(other, colour, points(curve)));
        }
    }
    Plot { x: ("", Scale::Share), y: ("ms", Scale::Log), lines, marks: Vec::new() }
}

fn times(report: &Report) -> Vec<Vec<Cell>> {
    let rows = [
        ("时延 latency (intended → done)", &report.latency_ms),
        ("服务 service (written → done)", &report.service_ms),
        ("端到端 end to end", &report.end_to_end_ms),
        ("建连 connect", &report.connect_ms),
        ("发生器滞后 the generator's own lag", &report.generator.lag_ms),
    ];
    let ms = |value: Option<f64>| Cell::from(value.map_or_else(|| "–".to_owned(), |ms| format!("{ms:.2}")));
    let row = |(name, times): (&str, &Quantiles)| {
        let cells = [times.mean, times.p50, times.p90, times.p99, times.p99_9, times.max].map(ms);
        [Cell::from(name), Cell::from(times.count.to_string())].into_iter().chain(cells).collect()
    };
    rows.into_iter().filter(|(_, times)| times.count > 0).map(row).collect()
}

fn changes(comparison: &Comparison) -> Vec<Vec<Cell>> {
    let number = |value: Option<f64>| Cell::from(value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}")));
    let row = |(name, change): (&'static str, &super::compare::Change)| {
        let class = match change.verdict {
            Verdict::Better => "left good",
            Verdict::Worse => "left bad",
            Verdict::NoSignificantChange | Verdict::FewSeconds | Verdict::TooShort | Verdict::NotTested => "left",
        };
        let percent = change.change_pct.map_or_else(|| "–".to_owned(), |percent| format!("{percent:+.1} %"));
        let p = change.p_value.map_or_else(|| "–".to_owned(), |p| format!("{p:.4}"));
        let verdict = Cell(change.verdict.words().to_owned(), class);
        vec![name.into(), number(change.old), number(change.new), percent.into(), p.into(), verdict]
    };
    comparison.rows().map(row).collect()
}

/// A change in words: what, and how.
fn told(change: &Change) -> (&'static str, String) {
    match change.wish {
        Wish::RatePerS(rate) => ("速率 rate", format!("{}/s", short(rate))),
        Wish::ChurnPerS(rate) => ("重连 churn", format!("{}/s", short(rate))),
        Wish::Storm(_) => ("全部断开 storm", String::new()),
        Wish::Inject(injection) => ("事件 incident", format!("{} {}", injection.kind.name(), injection.vin)),
        Wish::Stop(_) => ("停止 stop", String::new()),
    }
}

/// When the run was steered, for the first few times.
fn marks(report: &Report) -> Vec<Mark> {
    let Some(began_s) = report.began_s.filter(|_| report.steering.len() <= MOST_MARKS) else { return Vec::new() };
    let mark = |change: &Change| {
        let (what, how) = told(change);
        let how = if matches!(change.wish, Wish::Inject(_)) { String::new() } else { how };
        Mark { span: (began_s + change.at_s, began_s + change.at_s), label: format!("{what} {how}") }
    };
    report.steering.iter().map(mark).collect()
}

fn steering(changes: &[Change]) -> Vec<Vec<Cell>> {
    let row = |change: &Change| {
        let (what, how) = told(change);
        vec![format!("{:.2}", change.at_s).into(), Cell(what.to_owned(), "left"), Cell(how, "left")]
    };
    changes.iter().map(row).collect()
}

fn counts(report: &Report) -> Vec<Vec<Cell>> {
    let (messages, connections, received) = (&report.messages, &report.connections, &report.received);
    let mut rows = Vec::new();
    let mut tell = |name: &str, text: String| rows.push(vec![Cell::from(name), Cell::from(text)]);
    tell(
        "连接 connections",
        format!(
            "{} asked, {} at most, {} made, {} failed, {} lost, {} closed",
            connections.asked,
            connections.most,
            connections.succeeded,
            connections.failed,
            connections.lost,
            connections.closed
        ),
    );
    if messages.offered > 0 {
        tell(
            "消息 messages",
            format!(
                "{} asked, {} offered, {} done, {} lost, {} unsent, {} sent again",
                messages.asked, messages.offered, messages.done, messages.lost, messages.unsent, messages.sent_again
            ),
        );
    }
    if received.total > 0 {
        tell(
            "接收 received",
            format!(
                "{}, of which {} distinct, {} missing, {} duplicates, {} re-ordered",
                received.total, received.distinct, received.missing, received.duplicates, received.reordered
            ),
        );
    }
    let generator = &report.generator;
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"));
    let (busy, cpu) = (number(generator.busy_pct), number(generator.cpu_us_per_message));
    let kib = number(generator.kib_per_connection);
    tell("发生器 generator", format!("{busy} % of a core, {cpu} µs of CPU a message, {kib} KiB a connection"));
    rows
}
