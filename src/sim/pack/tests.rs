//! What a pack must do, whatever its numbers are.

use super::*;
use crate::base::rng::{Purpose, Stream};
use crate::base::units::{Amps, Celsius, Volts};
use crate::base::{PackId, Timestamp};
use crate::model::Battery;
use crate::sim::Catalogue;
use crate::sim::catalogue::{Cell, PackLayout};

const AIR: Celsius = Celsius(25.0);
const LAYOUTS: [&str; 4] = ["PB48_20", "LFP48_20", "NMC72_40", "NA48_24"];

/// A pack with its own clock and sensors.
struct Bench {
    pack: Pack,
    layout: PackLayout,
    cell: Cell,
    now: Timestamp,
    ambient: Celsius,
    sensors: Stream,
}

impl Bench {
    fn new(name: &str, soc: f64) -> Self {
        Self::at(name, soc, AIR)
    }

    fn at(name: &str, soc: f64, ambient: Celsius) -> Self {
        let catalogue = Catalogue::parse(include_str!("../../../config/catalogue.toml")).unwrap();
        let layout = catalogue.pack[name].clone();
        let cell = catalogue.chemistry[&layout.chemistry].clone();
        let pack = Pack::uniform(PackId::from("P-1").unwrap(), Spec { layout: &layout, cell: &cell }, soc, ambient);
        let sensors = Stream::new(1, 0, Purpose::Sensors);
        Self { pack, layout, cell, now: Timestamp(0), ambient, sensors }
    }

    fn interval(&mut self, seconds: f64) -> Interval {
        self.now = self.now.plus_seconds(seconds);
        Interval { until: self.now, seconds, ambient: self.ambient }
    }

    fn pass(&mut self, amps: f64, seconds: f64) {
        let interval = self.interval(seconds);
        self.pack.step(Spec { layout: &self.layout, cell: &self.cell }, Amps(amps), interval);
    }

    fn charge(&mut self, charger: Charger, seconds: f64) -> f64 {
        let interval = self.interval(seconds);
        self.pack.charge(Spec { layout: &self.layout, cell: &self.cell }, charger, interval).0
    }

    fn strike(&mut self, what: Trouble) {
        self.pack.strike(Spec { layout: &self.layout, cell: &self.cell }, Fault { since: self.now, what });
    }

    fn draw(&self, watts: f64) -> f64 {
        self.pack.discharge_current(Spec { layout: &self.layout, cell: &self.cell }, watts).0
    }

    fn measure(&mut self) -> Battery {
        self.pack.measure(self.now, Spec { layout: &self.layout, cell: &self.cell }, &mut self.sensors)
    }

    /// The levels of the alarms that are on.
    fn alarms(&mut self) -> Vec<(Alarm, u8)> {
        let battery = self.measure();
        let all = alarms(Spec { layout: &self.layout, cell: &self.cell }, &battery);
        all.into_iter().filter(|(_, level)| *level > 0).collect()
    }

    /// How far a cell lies above the mean of the others, mV, over many measurements.
    fn deviation(&mut self, cell: usize) -> f64 {
        let mut sum = 0.0;
        for _ in 0..200 {
            let battery = self.measure();
            let all: f64 = battery.cells_mv.iter().map(|mv| f64::from(*mv)).sum();
            let own = f64::from(battery.cells_mv[cell]);
            sum += own - (all - own) / (battery.cells_mv.len() - 1) as f64;
        }
        sum / 200.0
    }
}

#[test]
fn a_pack_is_small() {
    assert!(size_of::<Pack>() <= 450, "{} bytes", size_of::<Pack>());
}

/// Resistances and leaks keep the values of a part's beginning: the bounds are what that costs.
#[test]
fn one_long_step_equals_many_short_ones() {
    for name in LAYOUTS {
        let mut once = Bench::new(name, 0.8);
        let mut often = Bench::new(name, 0.8);
        once.pass(-5.0, 300.0);
        for _ in 0..300 {
            often.pass(-5.0, 1.0);
        }
        assert!((once.pack.soc() - often.pack.soc()).abs() < 1e-6, "{name}");
        assert!((once.pack.temperature().0 - often.pack.temperature().0).abs() < 0.02, "{name}");
        assert!((once.pack.remembered - often.pack.remembered).abs() < 1e-6, "{name}");
        assert!((once.pack.soh() - often.pack.soh()).abs() < 1e-8, "{name}");
        let volts = once.measure().voltage.0 - often.measure().voltage.0;
        assert!(volts.abs() < 0.03, "{name}: {volts} V");
    }
}

#[test]
fn charge_is_conserved_but_for_the_efficiency_and_the_leaks() {
    for name in LAYOUTS {
        let mut bench = Bench::new(name, 0.5);
        let (capacity, efficiency) = (bench.layout.capacity_ah, bench.cell.charge_efficiency);
        bench.pass(-4.0, 900.0);
        bench.pass(4.0, 900.0);
        bench.pass(0.0, 900.0);
        let leaked = bench.cell.self_discharge_pct_month / 100.0 / 730.0 * 0.75;
        let expected = 0.5 - (1.0 - efficiency) / capacity - leaked;
        assert!((bench.pack.soc() - expected).abs() < 4e-6, "{name}: {} {expected}", bench.pack.soc());
    }
}

#[test]
fn a_charger_fills_every_pack_and_ends() {
    for (name, enough) in [("PB48_20", 0.98), ("LFP48_20", 0.98), ("NMC72_40", 0.98), ("NA48_24", 0.95)] {
        for charger in [Charger::Home, Charger::Fast] {
            let mut bench = Bench::new(name, 0.2);
            let (mut hours, mut stored, hold) = (0.0, 0.0, bench.layout.charge_v);
            while hours < 14.0 && !bench.pack.full {
                let amps = bench.charge(charger, 10.0);
                stored += amps * bench.cell.charge_efficiency / 360.0;
                let battery = bench.measure();
                assert!(battery.voltage.0 < hold + 0.15, "{name} {charger:?} {battery:?}");
                hours += 1.0 / 360.0;
            }
            assert!(bench.pack.full && bench.pack.soc() > enough, "{name} {charger:?}: {}", bench.pack.soc());
            let gained = (bench.pack.soc() - 0.2) * bench.layout.capacity_ah;
            assert!((gained / stored - 1.0).abs() < 0.01, "{name} {charger:?}: {gained} of {stored} Ah");
            assert!(bench.charge(charger, 3600.0).abs() < 1e-9, "{name}: full");
        }
    }
}

#[test]
fn charging_does_not_depend_on_how_often_one_looks() {
    for name in LAYOUTS {
        let (mut once, mut often) = (Bench::new(name, 0.6), Bench::new(name, 0.6));
        once.charge(Charger::Home, 3600.0 * 2.0);
        for _ in 0..720 {
            often.charge(Charger::Home, 10.0);
        }
        assert!((once.pack.soc() - often.pack.soc()).abs() < 5e-3, "{name} {} {}", once.pack.soc(), often.pack.soc());
    }
}

#[test]
fn cold_forbids_charging_lithium_and_braking() {
    let frost = Celsius(-5.0);
    for (name, charges) in [("LFP48_20", false), ("NMC72_40", false), ("NA48_24", true), ("PB48_20", true)] {
        let mut bench = Bench::at(name, 0.5, frost);
        assert_eq!(bench.charge(Charger::Home, 60.0) > 0.5, charges, "{name}");
        let regen = bench.pack.regen_limit(Spec { layout: &bench.layout, cell: &bench.cell });
        assert!(regen.0 <= 0.0, "{name}");
    }
    let regen = |name, soc| {
        let bench = Bench::new(name, soc);
        bench.pack.regen_limit(Spec { layout: &bench.layout, cell: &bench.cell }).0
    };
    assert!(regen("PB48_20", 0.5) <= 0.0 && regen("NMC72_40", 0.97) <= 0.0);
    assert!((10.0..=20.0).contains(&regen("NMC72_40", 0.5)));
}

#[test]
fn power_is_voltage_times_current_and_an_empty_pack_gives_none() {
    for name in LAYOUTS {
        let mut bench = Bench::new(name, 0.6);
        let amps = bench.draw(300.0);
        bench.pass(amps, 600.0);
        let battery = bench.measure();
        let watts = -amps * battery.voltage.0;
        assert!((watts - 300.0).abs() < 12.0, "{name}: {watts} W");
        assert!(Bench::new(name, 0.0).draw(300.0).abs() < 1e-9, "{name}");
        assert!(Bench::at(name, 0.07, Celsius(-20.0)).draw(300.0).abs() < 1e-9, "{name}");
    }
}

#[test]
fn packs_age_by_use_by_time_and_by_heat() {
    let soh_after = |amps: f64, ambient| {
        let mut bench = Bench::at("NMC72_40", 0.5, ambient);
        for _ in 0..1000 {
            bench.pass(amps, 3600.0);
            bench.pass(-amps, 3600.0);
        }
        bench.pack.soh()
    };
    let (rest, hot, used) = (soh_after(0.0, AIR), soh_after(0.0, Celsius(37.5)), soh_after(8.0, AIR));
    let calendar = 0.035 * 2000.0 / 8766.0;
    assert!((1.0 - rest - calendar).abs() < 1e-4, "{rest}");
    assert!((1.0 - hot - 2.0 * calendar).abs() < 3e-4, "{hot}");
    // 200 of 800 cycles.
    assert!((rest - used - 0.05).abs() < 5e-3, "{used}");
}

#[test]
fn lead_sulfates_unless_it_is_pulsed_and_is_given_back_in_the_end() {
    let stand = |pulse_charging| {
        let mut bench = Bench::new("PB48_20", 0.5);
        bench.layout.pulse_charging = pulse_charging;
        bench.layout.calendar_pct_per_year = 0.0;
        bench.cell.self_discharge_pct_month = 0.0;
        bench.pack = Pack::uniform(bench.pack.id, Spec { layout: &bench.layout, cell: &bench.cell }, 0.5, AIR);
        (0..365).for_each(|_| bench.pass(0.0, 86_400.0));
        bench.pack.soh()
    };
    let (pulsed, plain) = (stand(true), stand(false));
    assert!(1.0 - pulsed < 0.5 * (1.0 - plain) && plain < 0.9, "{pulsed} {plain}");
    let mut bench = Bench::new("PB48_20", 0.5);
    let spent = |bench: &Bench| bench.pack.is_spent(Spec { layout: &bench.layout, cell: &bench.cell });
    assert!(!spent(&bench));
    bench.strike(Trouble::Fade { capacity: 0.55, resistance: 2.0 });
    assert!(spent(&bench));
}

#[test]
fn a_runaway_heats_collapses_and_alarms() {
    let mut bench = Bench::new("LFP48_20", 0.6);
    bench.strike(Trouble::Runaway { cell: 5, ramp_s: 40.0 });
    bench.pass(0.0, 2.0);
    let early = bench.measure();
    bench.pass(0.0, 38.0);
    let late = bench.measure();
    assert_eq!(early.alarm_level, 0);
    assert_eq!(late.alarm_level, 3);
    assert!(late.hottest().unwrap().0 > 100.0 && late.coldest().unwrap().0 < 60.0, "{late:?}");
    assert!(f64::from(late.cells_mv[5]) < 0.5 * f64::from(late.cells_mv[6]));
    assert!(late.insulation.0 < 250.0);
}

/// Hours until a cell is 12 mV off, as an independent model gave them at half charge.
#[test]
fn an_internal_short_drains_its_cell_in_the_time_it_should() {
    for (name, ohms, low, high) in
        [("NA48_24", 10.0, 0.3, 0.8), ("NA48_24", 100.0, 3.0, 7.0), ("PB48_20", 100.0, 1.0, 2.2)]
    {
        let mut bench = Bench::new(name, 0.5);
        bench.strike(Trouble::Short { cell: 1, ohms });
        let mut hours = 0.0;
        while bench.deviation(1) > -12.0 && hours < 20.0 {
            bench.pass(0.0, 180.0);
            hours += 0.05;
        }
        assert!((low..high).contains(&hours), "{name} {ohms} Ω: {hours} h");
    }
}

#[test]
fn transient_shorts_dip_and_return() {
    let mut bench = Bench::new("NA48_24", 0.6);
    bench.strike(Trouble::Dips { cell: 3, ohms: 0.2, lasts_s: 10.0, every_s: 3600.0 });
    bench.pass(0.0, 5.0);
    let dip = bench.deviation(3);
    bench.pass(0.0, 200.0);
    let after = bench.deviation(3);
    assert!((-80.0..-20.0).contains(&dip) && (-8.0..-0.5).contains(&after), "{dip} {after}");
}

#[test]
fn weak_cells_and_loose_joints_show_under_load() {
    let mut bench = Bench::new("NMC48_20", 0.7);
    bench.strike(Trouble::WeakCell { cell: 2, capacity: 0.85, resistance: 1.5 });
    bench.pass(-10.0, 1800.0);
    assert!(bench.deviation(2) < -25.0);
    let mut bench = Bench::new("NMC48_20", 0.7);
    bench.strike(Trouble::Contact { cell: 4, ohms: 0.02, ramp_s: 100.0 });
    bench.pass(-10.0, 50.0);
    let half = bench.deviation(4);
    bench.pass(0.0, 50.0);
    let rest = bench.deviation(4);
    assert!((half + 100.0).abs() < 3.0 && rest.abs() < 1.0, "{half} {rest}");
}

#[test]
fn faulty_sensors_say_something_else_than_the_truth() {
    let mut bench = Bench::new("LFP48_20", 0.6);
    bench.strike(Trouble::SensorStuck { sensor: Sensor::Cell(0) });
    bench.strike(Trouble::SensorBias { sensor: Sensor::Cell(1), offset: 0.05 });
    let before = bench.measure();
    bench.pass(-20.0, 600.0);
    let after = bench.measure();
    assert_eq!(before.cells_mv[0], after.cells_mv[0]);
    assert!(before.cells_mv[2] > after.cells_mv[2] + 50);
    assert!((bench.deviation(1) - 50.0).abs() < 20.0, "the stuck one is among the others");
    bench.pack.mend();
    assert!(bench.deviation(1).abs() < 1.0);
    bench.strike(Trouble::SensorNoise { sensor: Sensor::Probe(1), sigma: 5.0 });
    let said: Vec<f64> = (0..50).map(|_| bench.measure().probes[1].0).collect();
    assert!(said.iter().any(|t| (t - said[0]).abs() > 5.0));
    bench.strike(Trouble::SensorBias { sensor: Sensor::Current, offset: 3.0 });
    assert!((bench.measure().current.0 + 17.0).abs() < 0.2);
}

#[test]
fn abuse_is_felt_and_alarms() {
    let wrong = [Trouble::WrongCharger { over: 0.1 }, Trouble::Overcharge { over: 0.1 }];
    for (name, trouble) in LAYOUTS.iter().flat_map(|name| wrong.map(|trouble| (name, trouble))) {
        let mut bench = Bench::new(name, 0.9);
        let usual = bench.charge(Charger::Home, 1.0);
        bench.strike(trouble);
        let stronger = bench.charge(Charger::Home, 1.0) > 1.05 * usual;
        assert_eq!(stronger, trouble == wrong[0], "{name}: only a wrong charger is stronger");
        for _ in 0..600 {
            bench.charge(Charger::Home, 60.0);
        }
        let mut seen = bench.alarms();
        // Its charger has ended by now; what it did shows while it still holds its voltage.
        for _ in 0..120 {
            bench.pack.full = false;
            bench.charge(Charger::Home, 30.0);
            seen.extend(bench.alarms());
        }
        assert!(seen.iter().any(|(alarm, level)| *alarm == Alarm::OverVoltage && *level >= 2), "{name}: {seen:?}");
    }
    let mut bench = Bench::new("NMC72_40", 0.1);
    bench.strike(Trouble::Unprotected { load: 2.0 });
    let amps = bench.draw(4000.0);
    assert!(amps < -100.0);
    bench.pass(amps, 10.0);
    assert!(bench.alarms().iter().any(|(alarm, _)| *alarm == Alarm::OverCurrent));
    bench.pass(-8.0, 3000.0);
    assert!(bench.alarms().iter().any(|(alarm, _)| *alarm == Alarm::UnderVoltage));
    let mut cold = Bench::at("LFP48_20", 0.5, Celsius(-10.0));
    cold.strike(Trouble::Unprotected { load: 1.0 });
    assert!(cold.charge(Charger::Home, 60.0) > 2.0);
}

#[test]
fn lead_runs_away_on_its_charger() {
    let mut bench = Bench::new("PB48_20", 0.95);
    bench.strike(Trouble::LeadRunaway { amps: 0.5 });
    let (mut currents, mut hours) = (Vec::new(), 0);
    while hours < 24 {
        currents.push(bench.charge(Charger::Home, 3600.0));
        hours += 1;
    }
    let (early, late) = (currents[0], currents[23]);
    assert!(late > early * 1.2, "{currents:?}");
    let battery = bench.measure();
    assert!(battery.hottest().unwrap().0 > 55.0, "{battery:?}");
    assert!((battery.voltage - Volts(58.8)).0.abs() < 1.5, "{battery:?}");
    let mut healthy = Bench::new("PB48_20", 0.95);
    for _ in 0..24 {
        healthy.charge(Charger::Home, 3600.0);
    }
    assert!(healthy.measure().hottest().unwrap().0 < 30.0);
}

#[test]
fn insulation_heat_hot_spots_and_losses_show() {
    let mut bench = Bench::new("LFP48_20", 0.8);
    bench.strike(Trouble::Insulation { kiloohms: 100.0, ramp_s: 3600.0 });
    bench.strike(Trouble::HotSpot { probe: 2, kelvin: 25.0, ramp_s: 1800.0 });
    bench.pass(0.0, 1800.0);
    let half = bench.measure();
    assert!((half.insulation.0 - 1040.0).abs() < 60.0, "{half:?}");
    assert_eq!(bench.alarms(), [(Alarm::TemperatureSpread, 3)]);
    bench.pass(0.0, 1800.0);
    assert!(bench.alarms().contains(&(Alarm::Insulation, 3)));
    let mut hot = Bench::new("LFP48_20", 0.8);
    hot.strike(Trouble::Hot { watts: 80.0 });
    (0..5).for_each(|_| hot.pass(0.0, 7200.0));
    assert!(hot.alarms().contains(&(Alarm::OverTemperature, 3)), "{}", hot.pack.temperature());
    let mut weak = Bench::new("LFP48_20", 0.8);
    weak.strike(Trouble::Fade { capacity: 0.8, resistance: 1.0 });
    weak.strike(Trouble::SelfDischarge { amps: 0.1 });
    weak.pass(0.0, 36_000.0);
    assert!((weak.pack.soh() - 0.8).abs() < 1e-3);
    assert!((weak.pack.soc() - (0.8 - 1.0 / 16.0)).abs() < 2e-3, "{}", weak.pack.soc());
}

#[test]
fn a_rider_can_count_on_less_in_the_cold_when_empty_and_when_weak() {
    let power = |name, soc, celsius| {
        let bench = Bench::at(name, soc, Celsius(celsius));
        bench.pack.drive_power(Spec { layout: &bench.layout, cell: &bench.cell })
    };
    for name in LAYOUTS {
        let full = power(name, 0.8, 25.0);
        assert!((700.0..9000.0).contains(&full), "{name}: {full} W");
        assert!(power(name, 0.8, -10.0) < 0.99 * full, "{name}: cold");
        let low = power(name, 0.07, 25.0);
        assert!(low > 0.1 * full && low < 0.8 * full, "{name}: {low} W of {full} W nearly empty");
        assert!(power(name, 0.015, 25.0) <= 0.0 && power(name, 0.05, -20.0) <= 0.0, "{name}: empty or frozen");
        let mut weak = Bench::new(name, 0.15);
        weak.strike(Trouble::WeakCell { cell: 0, capacity: 0.5, resistance: 3.0 });
        let spec = Spec { layout: &weak.layout, cell: &weak.cell };
        assert!(weak.pack.drive_power(spec) <= power(name, 0.15, 25.0), "{name}: weak");
        let bench = Bench::new(name, 0.5);
        let spec = Spec { layout: &bench.layout, cell: &bench.cell };
        let power = bench.pack.drive_power(spec);
        let asked = -bench.pack.discharge_current(spec, power).0;
        assert!(asked <= bench.layout.discharge_a.0 + 1e-9, "{name}: what it promises it can give");
        let back = bench.pack.regen_current(spec, 200.0).0;
        assert_eq!(back > 0.0, name != "PB48_20", "{name}: {back} A from braking");
        assert!(bench.pack.regen_current(spec, 1e6) <= bench.pack.regen_limit(spec), "{name}: too hard a braking");
    }
}

#[test]
fn a_spent_pack_says_so_once() {
    let mut bench = Bench::new("PB48_20", 0.5);
    let says = |bench: &mut Bench| bench.pack.says_spent(Spec { layout: &bench.layout, cell: &bench.cell });
    assert!(!says(&mut bench), "new");
    bench.strike(Trouble::Fade { capacity: 0.5, resistance: 2.0 });
    assert!(says(&mut bench) && !says(&mut bench));
}
