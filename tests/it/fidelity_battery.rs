//! The packs against recorded and published ones. What is measured here stands in `docs/fidelity.md`.

use zhilian::base::rng::{Purpose, Stream};
use zhilian::base::units::{Amps, Celsius};
use zhilian::base::{PackId, Timestamp};
use zhilian::model::Chemistry;
use zhilian::sim::Catalogue;
use zhilian::sim::catalogue::{Cell, PackLayout};
use zhilian::sim::pack::{Charger, Fault, Interval, Pack, Spec, Trouble};

use crate::tools;

const AIR: Celsius = Celsius(25.0);

fn catalogue() -> Catalogue {
    Catalogue::parse(include_str!("../../config/catalogue.toml")).expect("the catalogue is sound")
}

fn pack_id() -> PackId {
    PackId::from("FIDELITY-1").expect("short enough")
}

/// The text of a recording, or `None` (said aloud) where it is not at hand.
fn recording(path: &str) -> Option<String> {
    let file = tools::recording(&format!("battery/{path}"))?;
    Some(std::fs::read_to_string(file).expect("a recording is text"))
}

/// The numbers of a CSV file below its head; what is no number becomes NaN.
fn rows(text: &str) -> impl Iterator<Item = Vec<f64>> {
    text.lines().skip(1).map(|line| line.split(',').map(|field| field.parse().unwrap_or(f64::NAN)).collect())
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / count
}

/// The sodium cell of the recordings as a pack of one: 1.5 Ah, the resistances of the fit at half charge. The tables hold
/// what the cell's own warming did, and its temperature was not recorded: this pack is cooled so well that it stays at
/// 25 °C.
fn one_sodium_cell(catalogue: &Catalogue) -> (PackLayout, Cell) {
    let cell = catalogue.chemistry[&Chemistry::Na].clone();
    let layout = PackLayout {
        series: 1,
        capacity_ah: 1.5,
        charge_v: 4.1,
        cutoff_v: 1.5,
        r0_mohm: 36.0,
        r1_mohm: 15.4,
        tau_s: 20.0,
        heat_capacity_j_k: 40.0,
        cooling_w_k: 1000.0,
        ..catalogue.pack["NA48_24"].clone()
    };
    (layout, cell)
}

/// Root mean square of model − recording over 5 to 95 % SOC of the discharge, mV, and the mean.
fn sodium_error(file: &str) -> Option<(f64, f64)> {
    const DISCHARGE: f64 = 3.0;
    let text = recording(file)?;
    let (layout, cell) = one_sodium_cell(&catalogue());
    let spec = Spec { layout: &layout, cell: &cell };
    let mut pack = Pack::uniform(pack_id(), spec, 1.0, AIR);
    let mut sensors = Stream::new(1, 0, Purpose::Sensors);
    let (mut last_ms, mut errors) = (None, Vec::new());
    for row in rows(&text).filter(|row| (row[1] - DISCHARGE).abs() < 0.5) {
        let (ms, volts, amps) = (row[2], row[3], row[4]);
        let seconds = (ms - last_ms.unwrap_or(ms)) / 1000.0;
        last_ms = Some(ms);
        let until = Timestamp(ms as i64);
        pack.step(spec, Amps(amps), Interval { until, seconds, ambient: AIR });
        if (0.05..=0.95).contains(&pack.soc()) {
            let said = pack.measure(until, spec, &mut sensors);
            errors.push(f64::from(said.cells_mv[0]) - volts * 1000.0);
        }
    }
    assert!(errors.len() > 10_000, "{file}: only {} rows", errors.len());
    Some((mean(errors.iter().map(|error| error * error)).sqrt(), mean(errors.iter().copied())))
}

#[test]
fn the_sodium_cell_discharges_like_the_measured_one() {
    for rate in ["0c5", "1c", "2c"] {
        let Some((rmse, bias)) = sodium_error(&format!("sodium_cell/static_test_{rate}-2-1.csv")) else { return };
        println!("sodium {rate}: RMSE {rmse:.1} mV, mean {bias:+.1} mV");
        assert!(rmse <= 40.0, "{rate}: {rmse} mV");
    }
}

/// The cells of the short-circuit data, as the anchors fitted them: a straight OCV of 0.105 V/Ah about 3.96 V.
fn twelve_cells(catalogue: &Catalogue) -> (PackLayout, Cell) {
    const CAPACITY_AH: f64 = 9.0;
    let slope = 0.105 * CAPACITY_AH;
    let mut cell = catalogue.chemistry[&Chemistry::Nmc].clone();
    cell.ocv = std::array::from_fn(|index| 3.99 + slope * (index as f64 / 20.0 - 0.75));
    cell.r0_shape = [1.0; 21];
    cell.r1_shape = [1.0; 21];
    cell.charge_shape = [1.0; 21];
    let layout = PackLayout {
        series: 12,
        capacity_ah: CAPACITY_AH,
        r0_mohm: 12.0 * 11.0,
        r1_mohm: 12.0 * 2.0,
        tau_s: 10.0,
        cooling_w_k: 1000.0,
        ..catalogue.pack["NMC48_20"].clone()
    };
    (layout, cell)
}

/// The middle one of an odd number of values.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Onset, end, growth, first second after the end and residue of a deviation in mV over tenths of a second.
fn signature(deviation: &[f64]) -> [f64; 5] {
    let window = |from: f64, to: f64| {
        let part = &deviation[(from * 10.0).round() as usize..=(to * 10.0).round() as usize];
        mean(part.iter().copied())
    };
    let (onset, end) = (window(900.1, 901.1), window(928.0, 930.0));
    [onset, end, end - onset, window(930.2, 931.2), window(1150.0, 1199.9)]
}

#[test]
fn a_short_circuit_shows_the_signature_of_the_reference() {
    const TOLERANCE_MV: [f64; 5] = [3.0, 3.0, 2.0, 2.0, 1.0];
    let Some(text) = recording("battdiag_isc/sample_data.csv") else { return };
    let catalogue = catalogue();
    let (layout, cell) = twelve_cells(&catalogue);
    let spec = Spec { layout: &layout, cell: &cell };
    let mut pack = Pack::uniform(pack_id(), spec, 0.75, AIR);
    let what = Trouble::Dips { cell: 0, ohms: 1.0, lasts_s: 30.0, every_s: f32::INFINITY };
    pack.strike(spec, Fault { since: Timestamp(900_000), what });
    let mut sensors = Stream::new(1, 0, Purpose::Sensors);
    let (mut reference, mut model) = (Vec::new(), Vec::new());
    for (index, row) in rows(&text).enumerate() {
        let until = Timestamp(index as i64 * 100);
        pack.step(spec, Amps(row[13]), Interval { until, seconds: 0.1, ambient: AIR });
        let said = pack.measure(until, spec, &mut sensors);
        let others = said.cells_mv[1..].iter().map(|mv| f64::from(*mv)).collect();
        model.push(f64::from(said.cells_mv[0]) - median(others));
        reference.push((row[1] - median(row[2..13].to_vec())) * 1000.0);
    }
    let (expected, found) = (signature(&reference), signature(&model));
    println!("short circuit, mV: reference {expected:.1?}, model {found:.1?}");
    for ((expected, found), tolerance) in expected.iter().zip(found).zip(TOLERANCE_MV) {
        assert!((expected - found).abs() <= tolerance, "{expected} mV expected, {found} found");
    }
}

/// Minutes from 5 to 80 % and the highest temperature of the whole charge.
fn fast_charge(name: &str, ambient: Celsius) -> (f64, f64) {
    let catalogue = catalogue();
    let layout = &catalogue.pack[name];
    let spec = Spec { layout, cell: &catalogue.chemistry[&layout.chemistry] };
    let mut pack = Pack::uniform(pack_id(), spec, 0.05, ambient);
    let (mut minutes, mut peak) = (f64::NAN, ambient.0);
    for second in 1..=3600 {
        let until = Timestamp(second * 1000);
        pack.charge(spec, Charger::Fast, Interval { until, seconds: 1.0, ambient });
        peak = peak.max(pack.temperature().0);
        if minutes.is_nan() && pack.soc() >= 0.8 {
            minutes = second as f64 / 60.0;
        }
    }
    (minutes, peak)
}

#[test]
fn sodium_packs_charge_in_a_quarter_of_an_hour_and_stay_cool_enough() {
    for name in ["NA48_24", "NA72_33"] {
        for ambient in [10.0, 25.0, 35.0] {
            let (minutes, peak) = fast_charge(name, Celsius(ambient));
            println!("{name} at {ambient} °C: {minutes:.1} min, {peak:.1} °C");
            assert!(peak < 60.0, "{name} at {ambient} °C: {peak} °C");
            assert!(ambient > 30.0 || minutes <= 15.0, "{name} at {ambient} °C: {minutes} min");
        }
    }
}

/// A day: at home with the charger in until eight, then rides, heat or frost, and the charger again in the evening.
fn alarms_of_a_day(name: &str, ambient: Celsius, seed: u64) -> Vec<String> {
    let catalogue = catalogue();
    let layout = &catalogue.pack[name];
    let spec = Spec { layout, cell: &catalogue.chemistry[&layout.chemistry] };
    let mut build = Stream::new(seed, 0, Purpose::Build);
    let mut pack = Pack::build(pack_id(), spec, ambient, &mut build);
    let (mut riding, mut sensors) = (Stream::new(seed, 0, Purpose::Motion), Stream::new(seed, 0, Purpose::Sensors));
    let mut alarms = Vec::new();
    let mut watts: f64 = 300.0;
    for tick in 1..=8640 {
        let hour = f64::from(tick) / 360.0;
        let until = Timestamp(i64::from(tick) * 10_000);
        let interval = Interval { until, seconds: 10.0, ambient };
        let rides = [(8.0, 9.0), (12.0, 12.5), (17.5, 18.5)].iter().any(|(from, to)| (*from..*to).contains(&hour));
        if !(7.5..20.0).contains(&hour) {
            pack.charge(spec, Charger::Home, interval);
        } else if rides && pack.usable_soc(spec) > 0.15 {
            watts = (0.8 * watts + 60.0 + 250.0 * riding.normal()).clamp(-300.0, 900.0);
            let current = if watts < 0.0 {
                pack.regen_limit(spec) * (-watts / 300.0)
            } else {
                pack.discharge_current(spec, watts)
            };
            pack.step(spec, current, interval);
        } else {
            pack.step(spec, pack.discharge_current(spec, 0.5), interval);
        }
        let battery = pack.measure(until, spec, &mut sensors);
        if battery.alarm_level > 0 {
            let levels = zhilian::sim::pack::alarms(spec, &battery);
            alarms.push(format!("{name}, seed {seed}, {ambient}, hour {hour:.2}: {levels:?} {battery:?}"));
        }
    }
    alarms
}

#[test]
fn healthy_packs_raise_no_alarm_over_a_day() {
    for name in catalogue().pack.keys() {
        for ambient in [-5.0, 26.0, 38.0] {
            for seed in 0..4 {
                let alarms = alarms_of_a_day(name, Celsius(ambient), seed);
                assert!(alarms.is_empty(), "{} alarms, the first: {}", alarms.len(), alarms[0]);
            }
        }
    }
}
