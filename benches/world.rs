//! How fast the fleet lives in virtual time, on one core, without encoding: `cargo bench --bench world`.

use std::io::Write;
use std::sync::Arc;

use zhilian::base::{Clock, Timestamp};
use zhilian::config::run;
use zhilian::sim::motion::Journey;
use zhilian::sim::vehicle::Vehicle;
use zhilian::sim::{Output, Scenario, Shard, World};

/// Builds and runs a fleet for a simulated hour in the evening; prints what it took.
fn run_hour(vehicles: u32) -> std::io::Result<()> {
    let text = format!("vehicles = {vehicles}\nduration = \"1h\"\nstart = \"2026-06-01T17:50:00+08:00\"\n");
    let scenario = Scenario::parse(&text).expect("a sound scenario");
    let setting = Arc::new(run::setting(scenario, Timestamp(1_780_000_000_000)).expect("a sound setting"));
    let clock = Clock::wall();
    let begin = clock.now();
    let mut world = World::new(setting, Shard::WHOLE);
    let built = clock.now();
    let mut reports = 0_u64;
    while let Some(emission) = world.poll(Timestamp::NEVER) {
        reports += u64::from(matches!(emission.output, Output::Report(_)));
    }
    let done = clock.now();
    let (build_s, run_s) = (built.seconds_since(begin), done.seconds_since(built));
    let rate = reports as f64 / run_s;
    writeln!(
        std::io::stdout(),
        "{vehicles} vehicles, 1 simulated hour: built in {build_s:.2} s, ran in {run_s:.2} s, {reports} reports, \
         {rate:.0} reports/s on one core, {} bytes a vehicle and {} more while it moves",
        size_of::<Vehicle>(),
        size_of::<Journey>()
    )
}

fn main() -> std::io::Result<()> {
    // cargo adds a flag of its own; numbers of vehicles may follow `--`.
    let asked: Vec<u32> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let vehicles = if asked.is_empty() { vec![1_000, 10_000, 100_000] } else { asked };
    vehicles.into_iter().try_for_each(run_hour)
}
