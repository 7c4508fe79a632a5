//! How faithful the mobile network is: what vehicles hear, how often they hear nothing, how large a backlog gets.

use std::sync::Arc;

use zhilian::base::Timestamp;
use zhilian::model::Mode;
use zhilian::sim::{Fleet, Output};

use crate::world::setting;

#[test]
fn vehicles_hear_what_vehicles_hear() {
    let text = "vehicles = 600\nduration = \"2h\"\nstart = \"2026-06-01T17:30:00+08:00\"\n";
    let mut fleet = Fleet::new(&Arc::new(setting(text)), 1);
    let mut strengths = Vec::new();
    let (mut live, mut late) = ([0.0, 0.0], [0.0, 0.0]);
    let mut sizes = Vec::new();
    while let Some(emission) = fleet.poll(Timestamp::NEVER) {
        match emission.output {
            Output::Report(report) => {
                live[usize::from(report.mode == Mode::Riding)] += 1.0;
                strengths.push(report.link.rsrp.0);
            }
            Output::Backlog(batch) => {
                sizes.push(batch.items.len());
                for item in batch.items {
                    if let zhilian::model::Item::Report(report) = item {
                        late[usize::from(report.mode == Mode::Riding)] += 1.0;
                    }
                }
            }
            Output::Event(_)
            | Output::Reply(_)
            | Output::Network(_)
            | Output::IncidentBegan(_)
            | Output::IncidentEnded(_) => {}
        }
    }
    strengths.sort_by(f64::total_cmp);
    let quantile = |share: f64| strengths[(share * (strengths.len() - 1) as f64) as usize];
    let share = |which: usize| late[which] / (late[which] + live[which]);
    let mean_size = sizes.iter().sum::<usize>() as f64 / sizes.len() as f64;
    println!(
        "RSRP p5 {} p50 {} p95 {} dBm; without a network {:.4} standing, {:.4} riding; {} batches of {mean_size:.1}",
        quantile(0.05),
        quantile(0.5),
        quantile(0.95),
        share(0),
        share(1),
        sizes.len(),
    );
    assert!((-110.0..=-85.0).contains(&quantile(0.5)), "median {}", quantile(0.5));
    assert!(strengths.iter().all(|strength| (-125.0..=-50.0).contains(strength)));
    assert!((0.002..0.05).contains(&share(1)), "{} of the riding reports wait", share(1));
    assert!(share(0) < 0.02, "{} of the standing reports wait", share(0));
}
