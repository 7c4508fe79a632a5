//! The seconds of a load, printed as they pass and kept for its report.

use crate::bench::latency::Latency;
use crate::bench::pace::Stage;
use crate::bench::series::{Second, Span};
use crate::bench::shared::Counters;
use crate::bench::{Role, table};

/// The seconds of a load so far.
#[derive(Debug)]
pub struct Seconds {
    name: &'static str,
    /// One after the other.
    pub series: Vec<Second>,
}

impl Seconds {
    /// None yet.
    #[must_use]
    pub fn new(role: Role) -> Self {
        let name = if role == Role::Subscribe { "end_to_end_latency" } else { "publish_latency" };
        Self { name, series: Vec::new() }
    }

    /// Prints what has changed in a span, keeps it, and hands it back.
    pub fn show(&mut self, span: &Span, counters: &Counters, latency: &Latency, stages: &[Stage]) -> &Second {
        let now = Second::of(span, counters, latency, stages);
        let span_s = span.to_ns.saturating_sub(span.from_ns) as f64 / 1e9;
        let none = Second::default();
        let lines = table::second(&now, self.series.last().unwrap_or(&none), span_s, self.name, latency.count());
        for line in lines {
            say(&line);
        }
        self.series.push_mut(now)
    }
}

/// A line of how it goes, on stderr, so that stdout has the report alone.
pub fn say(line: &str) {
    #[expect(clippy::print_stderr, reason = "progress for people, as other generators print it")]
    {
        eprintln!("{line}");
    }
}
