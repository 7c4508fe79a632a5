//! Battery faults. Sizes after published fault studies: a weak cell has 5 to 20 % less capacity, an early short 100 Ω to
//! 1 kΩ, a later one 1 to 10 Ω.

use super::conditions::Conditions;
use super::script::Step::{self, Become, End, Strike, Wait, Watch};
use crate::base::rng::Stream;
use crate::sim::pack::{Sensor, Trouble};

/// Longer than any run: the fault stays.
const FOR_GOOD_S: f64 = 1e9;

/// A fault that begins unnoticed and stays.
#[must_use]
pub fn stays(trouble: Trouble) -> Vec<Step> {
    vec![Strike(trouble), Wait(FOR_GOOD_S), End]
}

/// The management falls silent for good.
#[must_use]
pub fn bms_silent() -> Vec<Step> {
    vec![Become(Conditions { bms_silent: true, ..Conditions::USUAL }), Wait(FOR_GOOD_S), End]
}

/// A cell heats itself until it vents, and the management watches.
#[must_use]
pub fn thermal_runaway(cell: u8, ramp_s: f64) -> Vec<Step> {
    let seconds = ramp_s + 60.0;
    vec![Strike(Trouble::Runaway { cell, ramp_s: ramp_s as f32 }), Watch(seconds), Wait(seconds), End]
}

fn between(low: f32, high: f32, stream: &mut Stream) -> f32 {
    stream.between(f64::from(low), f64::from(high)) as f32
}

/// Something heats the whole pack.
pub fn over_temperature(stream: &mut Stream) -> Trouble {
    Trouble::Hot { watts: between(150.0, 300.0, stream) }
}

/// Less capacity, more resistance.
pub fn weak_cell(cell: u8, stream: &mut Stream) -> Trouble {
    Trouble::WeakCell { cell, capacity: between(0.8, 0.95, stream), resistance: 1.5 }
}

/// A short that only patience shows.
pub fn short_early(cell: u8, stream: &mut Stream) -> Trouble {
    Trouble::Short { cell, ohms: between(100.0, 1000.0, stream) }
}

/// A short that empties the cell within hours.
pub fn short_mid(cell: u8, stream: &mut Stream) -> Trouble {
    Trouble::Short { cell, ohms: between(1.0, 10.0, stream) }
}

/// A joint that works loose within a day.
pub fn contact_resistance(cell: u8, stream: &mut Stream) -> Trouble {
    Trouble::Contact { cell, ohms: between(0.005, 0.02, stream), ramp_s: between(3600.0, 86_400.0, stream) }
}

/// Much of the capacity is gone.
pub fn capacity_fade(stream: &mut Stream) -> Trouble {
    Trouble::Fade { capacity: between(0.6, 0.75, stream), resistance: 1.0 }
}

/// The pack empties itself within days.
pub fn self_discharge(stream: &mut Stream) -> Trouble {
    Trouble::SelfDischarge { amps: between(0.05, 0.2, stream) }
}

/// A voltage sensor that reads too much.
pub fn sensor_bias(cell: u8, stream: &mut Stream) -> Trouble {
    Trouble::SensorBias { sensor: Sensor::Cell(cell), offset: between(0.05, 0.2, stream) }
}

/// A voltage sensor that trembles.
pub fn sensor_noise(cell: u8, stream: &mut Stream) -> Trouble {
    Trouble::SensorNoise { sensor: Sensor::Cell(cell), sigma: between(0.03, 0.1, stream) }
}

/// The insulation decays within hours.
pub fn insulation(stream: &mut Stream) -> Trouble {
    Trouble::Insulation { kiloohms: between(20.0, 150.0, stream), ramp_s: between(3600.0, 43_200.0, stream) }
}
