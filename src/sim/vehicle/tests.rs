//! Energy, charge and packs over days of one vehicle, with its inside in view.

use super::body::{Doing, Vehicle, spec};
use crate::base::Timestamp;
use crate::base::units::Celsius;
use crate::model::EventKind;
use crate::sim::catalogue::Model;
use crate::sim::motion::Style;
use crate::sim::output::Output;
use crate::sim::pack::{Fault, Pack, Trouble};
use crate::sim::{Catalogue, Place, Scenario, Setting};

const BEGIN: Timestamp = Timestamp(1_780_000_000_000);
const DAY_S: f64 = 86_400.0;

fn setting(text: &str) -> Setting {
    let scenario = Scenario::parse(&format!("vehicles = 40\nstart = \"2026-06-01T06:00:00+08:00\"\n{text}")).unwrap();
    let place = Place::parse(include_str!("../../../config/place/chongqing.toml")).unwrap();
    let catalogue = Catalogue::parse(include_str!("../../../config/catalogue.toml")).unwrap();
    Setting::new(scenario, place, &catalogue, BEGIN).unwrap()
}

/// A fleet of one kind.
fn mix(model: &str, pack: &str, rider: &str, weather: &str) -> Setting {
    setting(&format!(
        "[mix]\nmodel = {{ {model} = 1.0 }}\npack = {{ {pack} = 1.0 }}\nrider = {{ {rider} = 1.0 }}\n[weather]\n{weather}\n"
    ))
}

#[test]
fn a_vehicle_with_room_for_24_cells_fits_a_kibibyte() {
    assert!(size_of::<Vehicle>() <= 1024, "{} bytes", size_of::<Vehicle>());
}

/// Sums over a day of one vehicle.
#[derive(Debug, Default)]
struct Ledger {
    /// What riding should take from the pack by an integration in steps of 20 ms, J.
    asked_j: f64,
    /// What it took at the poles while it was ridden, J.
    given_j: f64,
    /// Of the way by speed and time, m, and by the odometer.
    way_m: f64,
    odometer_m: f64,
    /// Charge out of the pack without a charger, As, by current and by state of charge.
    current_as: f64,
    charge_as: f64,
    /// Heat by voltage and current, and by temperature and cooling, J.
    electric_j: f64,
    thermal_j: f64,
}

/// What a ride from `before` to `now` should take, J, and how long it is, m: independent of the closed form.
fn asked(setting: &Setting, before: &Vehicle, now: Timestamp) -> (f64, f64) {
    const STEP_S: f64 = 0.02;
    let Doing::Riding { journey, .. } = &before.doing else { return (0.0, 0.0) };
    let model: &Model = &setting.models[before.model].0;
    let spec = spec(setting, before.layout);
    let seconds = now.seconds_since(before.advanced);
    let steps = (seconds / STEP_S).ceil().max(1.0);
    let dt = seconds / steps;
    let regen_w = before.pack.regen_power(spec) / model.regen_efficiency.max(1e-3);
    let crr = if setting.forecast.rains(now) { 1.1 * model.crr } else { model.crr };
    let (mut drive, mut back, mut way) = (0.0, 0.0, 0.0);
    let mut last = journey.pose(&setting.place, before.advanced);
    for step in 1..=steps as i64 {
        let at = Timestamp(before.advanced.0 + (step as f64 * dt * 1000.0).round() as i64);
        let pose = journey.pose(&setting.place, at.min(now));
        let (v, metres) = (f64::midpoint(pose.speed.0, last.speed.0), pose.travelled - last.travelled);
        let air = v + setting.forecast.headwind(at, pose.course);
        let work = model.mass_kg * 9.81 * (crr * metres + pose.elevation - last.elevation)
            + 0.6 * model.cda_m2 * air * air.abs() * metres
            + model.mass_kg * (pose.speed.0.powi(2) - last.speed.0.powi(2)) / 2.0;
        drive += work.max(0.0);
        back += (-work).clamp(0.0, regen_w * dt);
        way += v * dt;
        last = pose;
    }
    (drive / model.efficiency - back * model.regen_efficiency + model.standby_w * seconds, way)
}

/// Lives a day and keeps its books.
fn live(setting: &Setting, number: u32) -> Ledger {
    let mut vehicle = Vehicle::build(number, setting);
    let spec = spec(setting, vehicle.layout);
    let layout = spec.layout;
    let capacity_as = layout.capacity_ah * 3600.0;
    let (mut ledger, mut out) = (Ledger::default(), Vec::new());
    while vehicle.next_wake() < BEGIN.plus_seconds(DAY_S) {
        let now = vehicle.next_wake();
        let before = vehicle.clone();
        vehicle.advance(setting, now);
        let seconds = now.seconds_since(before.advanced);
        if seconds > 0.0 && !matches!(before.doing, Doing::Standing { charging: true, .. }) {
            let amps = vehicle.pack.current().0;
            let volts = vehicle.measure_pack(setting, now).voltage.0;
            if let Doing::Riding { journey, .. } = &before.doing {
                let (joules, metres) = asked(setting, &before, now);
                ledger.asked_j += if journey.is_driven() { joules } else { 0.0 };
                ledger.given_j += if journey.is_driven() { -amps * volts * seconds } else { 0.0 };
                ledger.way_m += metres;
            }
            ledger.odometer_m += vehicle.odometer - before.odometer;
            let stored = if amps > 0.0 { amps * spec.cell.charge_efficiency } else { amps };
            ledger.current_as -= stored * seconds;
            ledger.charge_as += (before.pack.soc() - vehicle.pack.soc()) * capacity_as * vehicle.pack.soh();
            let open = spec.cell.open_circuit(f64::midpoint(before.pack.soc(), vehicle.pack.soc())).0;
            ledger.electric_j += (volts - open * layout.series as f64) * amps * seconds;
            let (from, to) = (before.pack.temperature().0, vehicle.pack.temperature().0);
            let warmer = f64::midpoint(from, to) - setting.ambient(now).0;
            ledger.thermal_j += (to - from) * layout.heat_capacity_j_k + warmer * layout.cooling_w_k * seconds;
        }
        vehicle.wake(setting, now, &mut out);
        out.clear();
    }
    ledger
}

fn near(a: f64, b: f64, tolerance: f64) -> bool {
    (a / b - 1.0).abs() <= tolerance
}

#[test]
fn energy_charge_and_way_conserve_over_a_day_of_rides() {
    for (model, pack, weather) in [
        ("ebike", "LFP48_20", "air_c = 24.0"),
        ("ebike", "PB48_20", "air_c = 30.0\nrain = 0.5\nwind_mps = 6.0"),
        ("emoto", "NMC72_40", "air_c = 24.0\nwind_mps = 5.0"),
        ("emoto", "NA48_24", "air_c = 4.0\nrain = 1.0"),
        ("emoto", "PB48_20", "air_c = -4.0\nwind_mps = 3.0"),
    ] {
        let setting = mix(model, pack, "leisure", weather);
        let mut sum = Ledger::default();
        for number in 0..12 {
            let one = live(&setting, number);
            assert!(one.way_m <= 0.0 || near(one.odometer_m, one.way_m, 0.002), "{model} {pack} {number}: {one:?}");
            sum.asked_j += one.asked_j;
            sum.given_j += one.given_j;
            sum.way_m += one.way_m;
            sum.current_as += one.current_as;
            sum.charge_as += one.charge_as;
            sum.electric_j += one.electric_j;
            sum.thermal_j += one.thermal_j;
        }
        let context = format!(
            "{model} {pack}: {:.0} km, {:.1} Wh/km; given/asked {:.4}, charge {:.5}, heat {:.3} {:.0} Wh",
            sum.way_m / 1000.0,
            sum.given_j / 3.6 / sum.way_m,
            sum.given_j / sum.asked_j,
            sum.charge_as / sum.current_as,
            sum.thermal_j / sum.electric_j,
            sum.thermal_j / 3600.0,
        );
        println!("{context}");
        assert!(near(sum.given_j, sum.asked_j, 0.03), "{context}");
        assert!(near(sum.charge_as, sum.current_as, 0.01), "{context}");
        assert!(near(sum.thermal_j, sum.electric_j, 0.1), "{context}");
    }
}

/// A vehicle that has just set out, with a pack at a state of charge.
fn under_way(setting: &Setting, soc: f64) -> Vehicle {
    let mut vehicle = Vehicle::build(0, setting);
    let mut out = Vec::new();
    while !matches!(vehicle.doing, Doing::Riding { .. }) {
        let now = vehicle.next_wake();
        vehicle.wake(setting, now, &mut out);
    }
    let pack = Pack::uniform(vehicle.pack.id(), spec(setting, vehicle.layout), soc, Celsius(25.0));
    let old = vehicle.mount(pack);
    assert_eq!(old.id(), vehicle.pack.id());
    vehicle
}

#[test]
fn an_empty_vehicle_limps_and_then_is_pushed() {
    let setting = mix("emoto", "LFP48_20", "commuter", "air_c = 25.0");
    let mut vehicle = under_way(&setting, 0.055);
    let (mut walked, mut limped, mut out) = (0, false, Vec::new());
    while let Doing::Riding { journey, .. } = &vehicle.doing {
        limped |= journey.is_driven() && journey.lift() < 0.3;
        walked += u32::from(!journey.is_driven() && (0.5..Style::ON_FOOT.ceiling).contains(&vehicle.pose.speed.0));
        let now = vehicle.next_wake();
        vehicle.wake(&setting, now, &mut out);
    }
    assert!(limped && walked > 20, "limped {limped}, walked in {walked} legs");
    assert!(
        vehicle.pack.soc() > 0.01 && vehicle.pack.soc() < 0.03,
        "nobody rides on for nothing: {}",
        vehicle.pack.soc()
    );
}

#[test]
fn frozen_packs_charge_indoors() {
    let setting = mix("ebike", "NMC48_20", "commuter", "air_c = -10.0");
    let mut vehicle = Vehicle::build(0, &setting);
    let home = *vehicle.rider.home();
    vehicle.mount(Pack::uniform(vehicle.pack.id(), spec(&setting, vehicle.layout), 0.3, Celsius(-10.0)));
    vehicle.stand(&setting, home, true);
    vehicle.advance(&setting, BEGIN.plus_seconds(7.0 * 3600.0));
    assert!(vehicle.pack.soc() > 0.6, "{}", vehicle.pack.soc());
}

#[test]
fn a_spent_lead_acid_pack_is_told_once() {
    let setting = mix("ebike", "PB48_20", "leisure", "air_c = 25.0");
    let mut vehicle = Vehicle::build(1, &setting);
    let what = Trouble::Fade { capacity: 0.5, resistance: 2.0 };
    vehicle.pack.strike(spec(&setting, vehicle.layout), Fault { since: BEGIN, what });
    let mut out = Vec::new();
    while vehicle.next_wake() < BEGIN.plus_seconds(DAY_S) {
        let now = vehicle.next_wake();
        vehicle.wake(&setting, now, &mut out);
    }
    let said = |output: &&Output| matches!(output, Output::Event(event) if event.kind == EventKind::EndOfLife);
    assert_eq!(out.iter().filter(said).count(), 1);
}

#[test]
fn a_courier_without_a_second_pack_pays_a_pointer() {
    let setting = mix("emoto", "NMC72_40", "commuter", "air_c = 25.0");
    assert!(Vehicle::build(0, &setting).membership.is_none());
    assert!(size_of_val(&Vehicle::build(0, &setting).membership) == 8);
    let courier = mix("emoto", "NMC72_40", "courier", "air_c = 25.0");
    let ids: Vec<_> = (0..5).map(|number| Vehicle::build(number, &courier).membership.is_some()).collect();
    assert!(ids.iter().all(|member| *member));
}
