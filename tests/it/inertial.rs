//! What the inertial sensor says of four things that happen to a vehicle, against what an accelerometer showed in them:
//! share of samples beyond 0.22 g, and largest tilt.
//!
//! Reports carry no samples but their root mean square; the share follows from it if samples are taken for normal.

use std::sync::Arc;

use zhilian::base::Timestamp;
use zhilian::model::{Event, EventKind, Incident, Item, Mode, Report};
use zhilian::sim::{Fleet, Output};

use crate::world::setting;

/// Forty vehicles, and an incident for half of them.
fn told(kind: &str) -> (Vec<Report>, Vec<Event>, Vec<Incident>) {
    let text = format!(
        "vehicles = 40\nduration = \"2h\"\nstart = \"2026-06-01T17:00:00+08:00\"\n\
         [report]\nriding = \"1s\"\nparked = \"20s\"\n[mix]\nmodel = {{ ebike = 1.0 }}\n\
         [[incident]]\nkind = \"{kind}\"\ncount = 20\nwindow = \"10m..20m\"\n"
    );
    let mut fleet = Fleet::new(&Arc::new(setting(&text)), 1);
    let (mut reports, mut events, mut incidents) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(emission) = fleet.poll(Timestamp::NEVER) {
        match emission.output {
            Output::Report(report) => reports.push(report),
            Output::Event(event) => events.push(event),
            Output::Reply(reply) => panic!("nobody asked: {reply:?}"),
            Output::IncidentEnded(incident) => incidents.push(incident),
            Output::Backlog(batch) => {
                for item in batch.items {
                    match item {
                        Item::Report(report) => reports.push(report),
                        Item::Event(event) => events.push(event),
                        Item::Reply(reply) => panic!("nobody asked: {reply:?}"),
                    }
                }
            }
            Output::IncidentBegan(_) | Output::Network(_) => {}
        }
    }
    (reports, events, incidents)
}

/// Share of normal samples beyond 0.22 g, after Abramowitz and Stegun 7.1.26.
fn beyond(rms_g: f64) -> f64 {
    const TERMS: [f64; 5] = [0.254_829_592, -0.284_496_736, 1.421_413_741, -1.453_152_027, 1.061_405_429];
    let x = 0.22 / rms_g.max(1e-6) / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    TERMS.iter().rev().fold(0.0, |sum, term| (sum + term) * t) * (-x * x).exp()
}

/// Percent of samples beyond 0.22 g in all these reports, and the mean over vehicles of the largest tilt, degrees.
fn measure(reports: &[&Report]) -> (f64, f64) {
    let share = reports.iter().map(|report| beyond(report.motion.vibration.0)).sum::<f64>() / reports.len() as f64;
    let mut largest = std::collections::BTreeMap::new();
    for report in reports {
        let tilt: &mut f64 = largest.entry(report.stamp.vin).or_default();
        *tilt = tilt.max(report.motion.tilt.0);
    }
    (share * 100.0, largest.values().sum::<f64>() / largest.len() as f64)
}

/// The reports whose age after the start of their vehicle's incident, in seconds, and until its end, pass a test.
fn when<'a>(reports: &'a [Report], incidents: &[Incident], test: impl Fn(f64, f64) -> bool) -> Vec<&'a Report> {
    let passes = |report: &&Report| {
        let Some(incident) = incidents.iter().find(|incident| incident.vin == report.stamp.vin) else { return false };
        let end = incident.end.expect("it ended");
        test(report.stamp.time.seconds_since(incident.start), end.seconds_since(report.stamp.time))
    };
    reports.iter().filter(passes).collect()
}

#[test]
fn riding_lifting_transport_and_lying_shake_and_tilt_as_measured() {
    let (carried, carried_events, carrying) = told("carry_off");
    let (towed, _, towing) = told("tow");
    let (stripped, stripped_events, stripping) = told("strip");
    let ridden: Vec<&Report> = towed.iter().filter(|r| r.mode == Mode::Riding && r.motion.wheel.0 > 0.5).collect();
    // The shortest carry is 80 m at walking pace; the van is under way soon after the lifting.
    let lifted = when(&carried, &carrying, |age_s, _| (1.0..45.0).contains(&age_s));
    let driven = when(&towed, &towing, |age_s, left_s| age_s > 1.0 && left_s > 1.0);
    let lying = when(&stripped, &stripping, |_, left_s| left_s < -1.0);
    // Share of samples beyond 0.22 g in percent, largest tilt in degrees, and how far both may be off.
    for (what, reports, share, tilt, (share_off, tilt_off)) in [
        ("pedalling", ridden, 1.4, 4.0, (0.2, 1.0)),
        ("lifted to a rack", lifted, 2.6, 38.0, (0.4, 2.0)),
        ("lifted into a car and driven", driven, 0.9, 16.0, (0.2, 2.0)),
        ("laid on its side", lying, 0.0, 74.0, (0.05, 2.0)),
    ] {
        assert!(reports.len() > 200, "{what}: only {} reports", reports.len());
        let (found_share, found_tilt) = measure(&reports);
        println!("{what}: {found_share:.2} % beyond 0.22 g, {found_tilt:.1}°, {} reports", reports.len());
        assert!((found_share - share).abs() <= share_off, "{what}: {found_share} %, expected {share} %");
        assert!((found_tilt - tilt).abs() <= tilt_off, "{what}: {found_tilt}°, expected {tilt}°");
    }
    for (events, incidents) in [(carried_events, carrying), (stripped_events, stripping)] {
        let fell = |incident: &&Incident| {
            let own = |event: &&Event| event.stamp.vin == incident.vin && event.kind == EventKind::Fall;
            events.iter().filter(own).count() == 1
        };
        assert_eq!(incidents.iter().filter(fell).count(), incidents.len(), "each is laid down once, and says so");
    }
}
