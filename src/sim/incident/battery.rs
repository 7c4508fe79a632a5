//! Battery faults, step by step; their sizes stand in [`super::parameter`].

use super::conditions::{Conditions, USUAL};
use super::parameter::{Key, Values};
use super::script::Case;
use super::script::Step::{self, At, Become, Begin, End, Mend, Plug, Ride, Strike, Wait, Watch};
use crate::base::rng::Stream;
use crate::model::Kind;
use crate::sim::pack::{PROBES, Sensor, Trouble};

/// Longer than any run: the fault stays.
const FOR_GOOD_S: f64 = 1e9;
const HOUR_S: f64 = 3600.0;
/// What is left in a pack when it is put on the charger in the cold.
const COLD_SOC: f64 = 0.3;

/// How long before its start an incident is led up to, seconds: a pack that is to be charged too far stands on its
/// charger for hours before, one that is to be cold in the cold. Nothing is wrong in that time.
#[must_use]
pub fn lead_s(kind: Kind) -> f64 {
    if kind == Kind::OverVoltage {
        4.0 * HOUR_S
    } else if matches!(kind, Kind::ColdCharge | Kind::LeadRunaway) {
        5.0 * HOUR_S
    } else {
        0.0
    }
}

/// A fault that begins unnoticed and stays.
#[must_use]
pub fn stays(trouble: Trouble) -> Vec<Step> {
    vec![Strike(trouble), Wait(FOR_GOOD_S), End]
}

/// The management falls silent for good.
#[must_use]
pub fn bms_silent() -> Vec<Step> {
    vec![Become(Conditions { bms_silent: true, ..USUAL }), Wait(FOR_GOOD_S), End]
}

/// A cell heats itself until it vents, and the management watches.
#[must_use]
pub fn thermal_runaway(values: &Values) -> Vec<Step> {
    let seconds = values.get(Key::Ramp) + 60.0;
    let trouble = Trouble::Runaway { cell: cell(values), ramp_s: values.get32(Key::Ramp) };
    vec![Strike(trouble), Watch(seconds), Wait(seconds), End]
}

/// Its charger no longer ends: on the charger for hours already, it is charged on.
#[must_use]
pub fn over_voltage(case: &Case) -> Vec<Step> {
    overdone(case, Trouble::Overcharge { over: case.values.get32(Key::Over) / 100.0 })
}

/// Lead-acid that heats itself at the end of its charge.
#[must_use]
pub fn lead_runaway(case: &Case) -> Vec<Step> {
    overdone(case, Trouble::LeadRunaway { amps: case.values.get32(Key::Gassing) })
}

fn overdone(case: &Case, trouble: Trouble) -> Vec<Step> {
    vec![Plug(true), At(case.start), Begin, Strike(trouble), Wait(case.values.get(Key::Lasts)), Mend, Plug(false), End]
}

/// Somebody else's charger.
#[must_use]
pub fn wrong_charger(values: &Values) -> Vec<Step> {
    let trouble = Trouble::WrongCharger { over: values.get32(Key::Over) / 100.0 };
    vec![Strike(trouble), Plug(true), Wait(values.get(Key::Lasts)), Plug(false), Mend, End]
}

/// Left in a cold place with something switched on, and then put on a charger that does not ask how cold it is.
#[must_use]
pub fn cold_charge(case: &Case) -> Vec<Step> {
    let spare_ah = (case.soc - COLD_SOC).max(0.0) * case.spec.layout.capacity_ah;
    let cold = Conditions { air_c: Some(case.values.get32(Key::Air)), ..USUAL };
    vec![
        // On a charger nothing would empty it.
        Plug(false),
        Become(Conditions { draw_a: (spare_ah * HOUR_S / lead_s(Kind::ColdCharge)) as f32, ..cold }),
        At(case.start),
        Begin,
        Become(cold),
        Strike(Trouble::Unprotected { load: 1.0 }),
        Plug(true),
        Wait(case.values.get(Key::Lasts)),
        Plug(false),
        Mend,
        Become(USUAL),
        End,
    ]
}

/// Something left on empties it, and no cut-off ends that.
#[must_use]
pub fn under_voltage(case: &Case) -> Vec<Step> {
    let draw_a = case.values.get(Key::Discharge) * case.spec.layout.capacity_ah;
    vec![
        Plug(false),
        Strike(Trouble::Unprotected { load: 1.0 }),
        Become(Conditions { draw_a: draw_a as f32, ..USUAL }),
        Wait(case.values.get(Key::Lasts)),
        Become(USUAL),
        Mend,
        End,
    ]
}

/// A ride on which a faulty controller draws more than the pack allows.
#[must_use]
pub fn over_current(case: &Case) -> Vec<Step> {
    let volts = case.spec.cell.open_circuit(0.5).0 * case.spec.layout.series as f64;
    let usual_a = case.cruising_w / volts;
    let load = case.values.get(Key::Load) * case.spec.layout.discharge_a.0 / usual_a.max(0.1);
    let trouble = Trouble::Unprotected { load: load as f32 };
    vec![Strike(trouble), Ride(case.values.get(Key::Distance)), Mend, End]
}

/// Something heats the whole pack so that it is hotter by that much at the end.
#[must_use]
pub fn over_temperature(case: &Case) -> Vec<Step> {
    let (rise, lasts_s, layout) = (case.values.get(Key::Rise), case.values.get(Key::Lasts), case.spec.layout);
    let reached = 1.0 - (-lasts_s * layout.cooling_w_k / layout.heat_capacity_j_k).exp();
    let watts = rise * layout.cooling_w_k / reached;
    vec![Strike(Trouble::Hot { watts: watts as f32 }), Wait(lasts_s), Mend, End]
}

/// One place in the pack grows hot.
pub fn temperature_spread(values: &Values, stream: &mut Stream) -> Trouble {
    let probe = stream.index(PROBES) as u8;
    Trouble::HotSpot { probe, kelvin: values.get32(Key::Rise), ramp_s: values.get32(Key::Ramp) }
}

/// Which cell it is.
fn cell(values: &Values) -> u8 {
    values.get(Key::Cell) as u8
}

/// Much of the capacity is gone.
#[must_use]
pub fn capacity_fade(values: &Values) -> Trouble {
    Trouble::Fade { capacity: values.get32(Key::Capacity), resistance: 1.0 }
}

/// Lead plates are sulfated: less capacity, more resistance.
#[must_use]
pub fn sulfation(values: &Values) -> Trouble {
    Trouble::Fade { capacity: values.get32(Key::Capacity), resistance: values.get32(Key::Resistance) }
}

/// A voltage sensor that is off.
#[must_use]
pub fn sensor_bias(values: &Values) -> Trouble {
    Trouble::SensorBias { sensor: sensor(values), offset: values.get32(Key::SensorOffset) }
}

/// A voltage sensor that trembles.
#[must_use]
pub fn sensor_noise(values: &Values) -> Trouble {
    Trouble::SensorNoise { sensor: sensor(values), sigma: values.get32(Key::SensorNoise) }
}

/// The sensor of that cell.
#[must_use]
pub fn sensor(values: &Values) -> Sensor {
    Sensor::Cell(cell(values))
}

/// Less capacity, more resistance in one cell: at once, or a little more every six hours.
#[must_use]
pub fn weak_cell(values: &Values) -> Vec<Step> {
    let ramp_s = values.get(Key::Ramp);
    let parts = (ramp_s / (6.0 * HOUR_S)).ceil().max(1.0);
    let part = |key| values.get(key).powf(1.0 / parts) as f32;
    let (capacity, resistance) = (part(Key::Capacity), part(Key::Resistance));
    let trouble = Trouble::WeakCell { cell: cell(values), capacity, resistance };
    let before = (1..parts as usize).flat_map(|_| [Strike(trouble), Wait(ramp_s / parts)]);
    before.chain(stays(trouble)).collect()
}

/// A short within a cell: only patience shows an early one, a later one empties it within hours.
#[must_use]
pub fn short(values: &Values) -> Trouble {
    Trouble::Short { cell: cell(values), ohms: values.get32(Key::Ohms) }
}

/// A joint that works loose.
#[must_use]
pub fn contact_resistance(values: &Values) -> Trouble {
    Trouble::Contact { cell: cell(values), ohms: values.get32(Key::Ohms), ramp_s: values.get32(Key::Ramp) }
}

/// The insulation decays.
#[must_use]
pub fn insulation(values: &Values) -> Trouble {
    Trouble::Insulation { kiloohms: values.get32(Key::Insulation), ramp_s: values.get32(Key::Ramp) }
}
