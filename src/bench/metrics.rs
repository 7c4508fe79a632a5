//! The numbers of a run for Prometheus, in the text format of its exposition (version 0.0.4).

use std::fmt::Write;

use super::latency::Latency;
use super::shared::{PHASES, Shared, get};

/// Upper ends of the buckets of the latency, seconds.
const BUCKETS_S: [f64; 20] = [
    0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0,
    300.0, 3600.0,
];

/// All of it: what is counted, the times until now, and the rate that is asked for.
#[must_use]
pub fn exposition(shared: &Shared, latency: &Latency, rate: f64) -> String {
    let mut out = String::new();
    // Writing into a text cannot fail.
    let _ = write_all(&mut out, shared, latency, rate);
    out
}

fn write_all(out: &mut String, shared: &Shared, latency: &Latency, rate: f64) -> std::fmt::Result {
    let counters = &shared.counters;
    for (name, total) in counters.growing() {
        writeln!(out, "# TYPE zhilian_bench_{name}_total counter\nzhilian_bench_{name}_total {total}")?;
    }
    let gauges = [
        ("connected", "Connections open now", get(&counters.connected) as f64),
        ("outstanding", "Messages handed over and neither done nor given up", counters.outstanding() as f64),
        ("asked_per_second", "Messages that the schedule has due a second now", rate),
    ];
    for (name, help, value) in gauges {
        writeln!(out, "# HELP zhilian_bench_{name} {help}\n# TYPE zhilian_bench_{name} gauge")?;
        writeln!(out, "zhilian_bench_{name} {value}")?;
    }
    writeln!(out, "# HELP zhilian_bench_phase How far the run is: 1 at its present phase")?;
    writeln!(out, "# TYPE zhilian_bench_phase gauge")?;
    for phase in PHASES {
        let here = u8::from(shared.phase() == phase);
        writeln!(out, "zhilian_bench_phase{{phase=\"{}\"}} {here}", phase.name())?;
    }
    let name = "zhilian_bench_latency_seconds";
    writeln!(out, "# HELP {name} From when a message was meant to be sent until it was done, or received (bench sub)")?;
    writeln!(out, "# TYPE {name} histogram")?;
    for end_s in BUCKETS_S {
        writeln!(out, "{name}_bucket{{le=\"{end_s}\"}} {}", latency.count_up_to_s(end_s))?;
    }
    let (count, sum_s) = (latency.count(), latency.sum_s());
    writeln!(out, "{name}_bucket{{le=\"+Inf\"}} {count}\n{name}_sum {sum_s}\n{name}_count {count}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::shared::count;

    #[test]
    fn the_numbers_are_in_base_units_and_buckets_add_up() {
        let (shared, mut latency) = (Shared::default(), Latency::default());
        (0..3).for_each(|_| count(&shared.counters.publish));
        for ns in [1_500_000, 30_000_000, 4_000_000_000] {
            latency.record_ns(ns);
        }
        let text = exposition(&shared, &latency, 250.0);
        for line in [
            "zhilian_bench_pub_total 3",
            "zhilian_bench_outstanding 3",
            "zhilian_bench_asked_per_second 250",
            "zhilian_bench_phase{phase=\"probe\"} 1",
            "zhilian_bench_latency_seconds_bucket{le=\"0.001\"} 0",
            "zhilian_bench_latency_seconds_bucket{le=\"0.002\"} 1",
            "zhilian_bench_latency_seconds_bucket{le=\"0.05\"} 2",
            "zhilian_bench_latency_seconds_bucket{le=\"+Inf\"} 3",
            "zhilian_bench_latency_seconds_count 3",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
