//! How vehicles are used over a day, from what they report: hops, trips, parking, charging, swaps, energy. The table with
//! the measured figures stands in `docs/fidelity.md`.

use std::collections::BTreeMap;
use std::sync::Arc;

use zhilian::base::{PackId, Timestamp};
use zhilian::model::{EventKind, Item, Mode, Report};
use zhilian::sim::{Fleet, Output};

use crate::ride_statistics::percentile;
use crate::world::setting;

/// Two days in Chongqing from midnight on.
const DAYS: f64 = 2.0;

/// Lives of a fleet with one habit.
fn lives(habit: &str, model: &str, pack: &str) -> Vec<Life> {
    let text = format!(
        "vehicles = 60\nduration = \"48h\"\nstart = \"2026-06-01T00:00:00+08:00\"\n[report]\nriding = \"5s\"\n\
         [mix]\nmodel = {{ {model} }}\npack = {{ {pack} }}\nrider = {{ {habit} = 1.0 }}\n"
    );
    let setting = Arc::new(setting(&text));
    let begin = setting.begin;
    let hour = move |at: Timestamp| at.seconds_since(begin) / 3600.0;
    let mut fleet = Fleet::new(&setting, 1);
    let mut all: BTreeMap<u32, Life> = BTreeMap::new();
    while let Some(emission) = fleet.poll(Timestamp::NEVER) {
        let life = all.entry(emission.vehicle).or_default();
        match emission.output {
            Output::Report(report) => life.hear(report, &hour),
            Output::Event(event) => life.events.push(event.kind),
            Output::Backlog(batch) => {
                for item in batch.items {
                    match item {
                        Item::Report(report) => life.hear(report, &hour),
                        Item::Event(event) => life.events.push(event.kind),
                        Item::Reply(_) => panic!("nobody asked"),
                    }
                }
            }
            Output::Network(_) => {}
            Output::Reply(_) => panic!("nobody asked"),
            Output::IncidentBegan(incident) | Output::IncidentEnded(incident) => panic!("{incident:?}"),
        }
    }
    all.into_values().collect()
}

const FLEET: &str = "ebike = 0.2, emoto = 0.8";
const SWAP_PACKS: &str = "LFP48_20 = 0.4, NMC60_30 = 0.3, NA48_24 = 0.3";
const ALL_PACKS: &str = "PB48_20 = 0.3, LFP48_20 = 0.2, NMC72_40 = 0.3, NA48_24 = 0.2";

/// What one vehicle did.
#[derive(Default)]
struct Life {
    last: Option<Report>,
    events: Vec<EventKind>,
    /// Length of each ride, km.
    rides: Vec<f64>,
    /// Where the present ride began, by the odometer.
    ride_from: Option<f64>,
    ridden_h: f64,
    hours: f64,
    km: f64,
    /// Out of the pack while it was ridden, and braked back into it, Wh.
    out_wh: f64,
    back_wh: f64,
    /// Hours of the day at which charging began.
    plugged: Vec<f64>,
    /// SOH that each pack said last, and how many were mounted.
    packs: BTreeMap<PackId, f64>,
    swaps: u32,
}

impl Life {
    fn hear(&mut self, report: Report, hour: &dyn Fn(Timestamp) -> f64) {
        let odometer = report.motion.odometer.0;
        self.look_at_pack(&report);
        match (report.mode, self.ride_from) {
            (Mode::Riding, None) => self.ride_from = Some(odometer),
            (Mode::Parked | Mode::Charging, Some(from)) => {
                self.rides.push((odometer - from) / 1000.0);
                self.ride_from = None;
            }
            (Mode::Riding, Some(_)) | (Mode::Parked | Mode::Charging, None) => {}
        }
        if let Some(last) = self.last.take() {
            let hours = report.stamp.time.seconds_since(last.stamp.time) / 3600.0;
            self.hours += hours;
            self.km += (odometer - last.motion.odometer.0) / 1000.0;
            if last.mode == Mode::Riding && report.mode == Mode::Riding {
                self.ridden_h += hours;
                let watts = report.battery.as_ref().map_or(0.0, |battery| battery.current.0 * battery.voltage.0);
                self.out_wh += (-watts).max(0.0) * hours;
                self.back_wh += watts.max(0.0) * hours;
            }
            if last.mode != Mode::Charging && report.mode == Mode::Charging {
                self.plugged.push(hour(report.stamp.time));
            }
        }
        self.last = Some(report);
    }

    /// A pack that comes back has its own history, and is mounted in the open, beside its rider.
    fn look_at_pack(&mut self, report: &Report) {
        let Some(battery) = &report.battery else { return };
        let before = self.last.as_ref().and_then(|last| last.battery.as_ref()).map(|battery| battery.pack);
        if before.is_some_and(|before| before != battery.pack) {
            self.swaps += 1;
            let open = report.mode == Mode::Parked && !report.locked && report.key_near;
            assert!(open, "a pack is exchanged in secret: {report:?}");
        }
        let soh = self.packs.insert(battery.pack, battery.soh.0).unwrap_or(100.0);
        // Pulses dissolve some sulfate of a lead-acid pack.
        assert!(battery.soh.0 <= soh + 0.25, "{} grew younger: {soh} → {}", battery.pack, battery.soh.0);
    }
}

fn total(lives: &[Life], of: impl Fn(&Life) -> f64) -> f64 {
    lives.iter().map(of).sum()
}

fn quantile(lives: &[Life], of: impl Fn(&Life) -> Vec<f64>, share: f64) -> f64 {
    percentile(&lives.iter().flat_map(of).collect::<Vec<f64>>(), share)
}

#[test]
fn couriers_hop_all_day_and_swap_packs() {
    let lives = lives("courier", FLEET, SWAP_PACKS);
    let days = lives.len() as f64 * DAYS;
    let hops: Vec<f64> = lives.iter().map(|life| life.rides.len() as f64 / DAYS).collect();
    let (low, middle, high) = (percentile(&hops, 0.05), percentile(&hops, 0.5), percentile(&hops, 0.95));
    let km = |share| quantile(&lives, |life| life.rides.clone(), share);
    let swaps = total(&lives, |life| life.swaps.into()) / days;
    let packs = lives.iter().map(|life| life.packs.len()).max().unwrap_or(0);
    println!("hops a day {low:.1} {middle:.1} {high:.1}; km {:.2} {:.2} {:.2}", km(0.1), km(0.5), km(0.9));
    println!("swaps a day {swaps:.2}, km a day {:.0}", total(&lives, |life| life.km) / days);
    assert!(low >= 25.0 && high <= 45.0, "{low} to {high} hops a day");
    assert!((1.0..=3.0).contains(&km(0.5)) && km(0.1) > 0.4 && km(0.9) < 4.2);
    assert!((2.0..=3.0).contains(&swaps), "{swaps} swaps a day");
    assert_eq!(packs, 2, "each owns a pool of two");
    let alarms =
        lives.iter().flat_map(|life| &life.events).find(|kind| !matches!(kind, EventKind::Lock | EventKind::Unlock));
    assert_eq!(alarms, None, "an exchange is ordinary use");
}

#[test]
fn private_vehicles_stand_most_of_the_time() {
    for (habit, trips) in [("commuter", 1.9..=2.1), ("leisure", 2.0..=6.0)] {
        let lives = lives(habit, FLEET, ALL_PACKS);
        let days = lives.len() as f64 * DAYS;
        let parked = 1.0 - total(&lives, |life| life.ridden_h) / total(&lives, |life| life.hours);
        let rides = total(&lives, |life| life.rides.len() as f64) / days;
        let km = |share| quantile(&lives, |life| life.rides.clone(), share);
        println!(
            "{habit}: parked {parked:.3}, rides a day {rides:.2}, km {:.2} {:.2} {:.2}",
            km(0.1),
            km(0.5),
            km(0.9)
        );
        assert!((0.9..=0.985).contains(&parked), "{habit}: parked {parked}");
        assert!(trips.contains(&rides), "{habit}: {rides} rides a day");
        assert!(habit == "leisure" || (3.0..=6.0).contains(&km(0.5)), "{habit}: {} km", km(0.5));
        assert!(habit == "leisure" || (km(0.1) > 2.0 && km(0.9) < 8.0), "{habit}: {} to {} km", km(0.1), km(0.9));
        assert!(lives.iter().all(|life| life.swaps == 0 && life.packs.len() == 1), "{habit}: nobody swaps");
        let plugged: Vec<f64> = lives.iter().flat_map(|life| life.plugged.iter().map(|hour| hour % 24.0)).collect();
        let evening = plugged.iter().filter(|hour| (16.5..=23.99).contains(*hour)).count() as f64;
        println!("{habit}: {} times plugged in, {:.2} in the evening", plugged.len(), evening / plugged.len() as f64);
        assert!(plugged.len() > 20, "{habit}: {} times plugged in", plugged.len());
        assert!(evening > 0.6 * plugged.len() as f64, "{habit}: {evening} of {} in the evening", plugged.len());
    }
}

#[test]
fn a_kilometre_takes_what_it_should() {
    for (model, pack, range) in [
        ("ebike", "LFP48_20", 9.0..=14.0),
        ("ebike", "PB48_20", 9.0..=14.0),
        ("emoto", "NMC72_40", 20.0..=35.0),
        ("emoto", "LFP72_40", 20.0..=35.0),
    ] {
        let lives = lives("commuter", &format!("{model} = 1.0"), &format!("{pack} = 1.0"));
        let (out, back) = (total(&lives, |life| life.out_wh), total(&lives, |life| life.back_wh));
        let per_km = (out - back) / total(&lives, |life| life.km);
        println!("{model} {pack}: {per_km:.1} Wh/km, braking gives back {:.3}", back / out);
        assert!(range.contains(&per_km), "{model} {pack}: {per_km} Wh/km");
        assert_eq!(back > 0.0, pack != "PB48_20", "{model} {pack}: {back} Wh by braking");
    }
}
