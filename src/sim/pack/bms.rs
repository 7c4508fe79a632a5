//! Battery management: its sensors and its alarms.

use super::fault::{Sensor, Trouble, ramp, runaway_leaves, runaway_rise};
use super::levels;
use super::state::{Pack, Resistance, Spec};
use crate::base::Timestamp;
use crate::base::rng::Stream;
use crate::base::units::{Amps, Celsius, Kiloohms, Percent, Volts};
use crate::model::report::{Cells, Probes};
use crate::model::{Battery, Chemistry};
use crate::sim::catalogue::Point;

/// Temperature sensors in a pack.
pub const PROBES: usize = 4;
/// The hottest a sensor can say, °C.
const PROBE_LIMIT_C: f64 = 150.0;
/// Insulation of a healthy pack, kΩ.
const SOUND_INSULATION_KOHM: f64 = 2000.0;

/// What a cell's sensor errs by at most, mV (assumed).
const CELL_NOISE_MV: f64 = 1.5;
/// Difference of charge below which a cell is taken to have the resistances of the mean one, and the charges of the mean
/// between which it is: there no table of the catalogue changes by more than 3 % within it.
const ALIKE: f64 = 0.01;
const ALIKE_BETWEEN: (f64, f64) = (0.2, 0.7);

/// What the management warns of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
    /// A cell too full.
    OverVoltage,
    /// A cell too empty.
    UnderVoltage,
    /// Cells too different.
    CellSpread,
    /// More current than the layout allows.
    OverCurrent,
    /// Too hot.
    OverTemperature,
    /// Sensors too different.
    TemperatureSpread,
    /// Not isolated from the frame.
    Insulation,
}

/// Level of each alarm: see [`levels`]. The standard holds most for 2 s, this management does not.
#[must_use]
pub fn alarms(spec: Spec, battery: &Battery) -> [(Alarm, u8); 7] {
    let volts = |millivolts: u16| f64::from(millivolts) / 1000.0;
    // Folded in this way, the compiler compares eight cells at once.
    let extremes = battery.cells_mv.iter().fold((u16::MAX, 0), |(low, high), mv| (low.min(*mv), high.max(*mv)));
    let [lowest, highest] = [extremes.0, extremes.1].map(|mv| (!battery.cells_mv.is_empty()).then(|| volts(mv)));
    // Modules of six lead cells differ by more at the end of a charge, and nobody asks for their voltages.
    let differ = if battery.chemistry == Chemistry::Vrla { None } else { highest.zip(lowest) };
    let hottest = battery.hottest().unwrap_or_default().0;
    let heat_spread = hottest - battery.coldest().unwrap_or_default().0;
    let (charging, braking) = (spec.layout.charge_a.0, spec.cell.regen_a.0);
    let limit = if battery.current.0 > 0.0 { charging.max(braking) } else { spec.layout.discharge_a.0 };
    let load = (battery.current.0.abs() - 0.3) / limit;
    [
        (Alarm::OverVoltage, highest.map_or(0, |volts| levels::over_voltage(spec.cell, volts))),
        (Alarm::UnderVoltage, lowest.map_or(0, |volts| levels::under_voltage(spec.cell, volts))),
        (Alarm::CellSpread, differ.map_or(0, |(high, low)| levels::cell_spread(high - low))),
        (Alarm::OverCurrent, levels::over_current(load)),
        (Alarm::OverTemperature, levels::over_temperature(spec.cell, hottest)),
        (Alarm::TemperatureSpread, levels::temperature_spread(heat_spread)),
        (Alarm::Insulation, levels::insulation(battery.insulation.0)),
    ]
}

/// The mean cell of a pack, once for all cells that are like it.
#[derive(Debug, Clone, Copy)]
struct Mean {
    soc: f64,
    /// Whether no table of the catalogue changes much around its charge.
    even: bool,
    /// Of the pack, for what the tables say of a cell.
    resistance: Resistance,
    /// Its own, Ω: at once, and after a while.
    ohmic: f64,
    pair: f64,
}

impl Pack {
    /// What the management measures and says at `now`.
    pub fn measure(&mut self, now: Timestamp, spec: Spec, stream: &mut Stream) -> Battery {
        let layout = spec.layout;
        let step = f64::from(layout.cell_step_mv);
        let mean = self.mean(spec);
        let mut total = 0.0;
        let mut cells_mv = Cells::new();
        let mut noise = 0;
        for index in 0..self.cells.len() {
            let volts = self.cell_voltage(now, spec, &mean, index);
            total += volts;
            // This is done for each cell of each report: one random word serves two cells, and rounding does not call
            // the mathematics library.
            noise = if index % 2 == 0 { stream.word() } else { noise >> 16 };
            let error_mv = CELL_NOISE_MV * (f64::from(noise as u16) / 32_768.0 - 1.0);
            let steps = (volts * 1000.0 + error_mv) / step;
            cells_mv.push(((steps + 0.5) as u16).saturating_mul(layout.cell_step_mv));
        }
        let probes: Probes = (0..PROBES)
            .map(|probe| Celsius(self.probe(probe, now) + stream.between(-0.4, 0.4)).quantised(0.5))
            .collect();
        let mut battery = Battery {
            pack: self.id,
            chemistry: layout.chemistry,
            soc: Percent(self.soc() * 100.0).quantised(0.1),
            soh: Percent(self.soh() * 100.0).quantised(0.1),
            voltage: Volts(total).quantised(0.01),
            current: Amps(self.current + stream.between(-0.05, 0.05)).quantised(0.1),
            cells_mv,
            probes,
            insulation: Kiloohms(self.insulation(now) * stream.between(0.97, 1.0)).quantised(10.0),
            alarm_level: 0,
        };
        self.misread(now, &mut battery, stream);
        battery.alarm_level = alarms(spec, &battery).iter().map(|(_, level)| *level).max().unwrap_or(0);
        battery
    }

    fn mean(&self, spec: Spec) -> Mean {
        let (soc, resistance) = (self.true_soc(), self.resistance(spec));
        let (ohmic, pair) = self.cell_resistance(resistance, &spec.cell.at(soc));
        Mean { soc, even: soc > ALIKE_BETWEEN.0 && soc < ALIKE_BETWEEN.1, resistance, ohmic, pair }
    }

    /// Resistances at a point of the tables, Ω: at once, and after a while.
    fn cell_resistance(&self, resistance: Resistance, point: &Point) -> (f64, f64) {
        let slow = if self.remembered > 0.0 { point.charge } else { 1.0 };
        (resistance.ohmic * point.r0, resistance.pair * point.r1 * slow)
    }

    /// Voltage at the poles of a cell.
    fn cell_voltage(&self, now: Timestamp, spec: Spec, mean: &Mean, index: usize) -> f64 {
        let cell = &self.cells[index];
        let soc = cell.soc();
        let (ocv, ohmic, pair) = if mean.even && (soc - mean.soc).abs() < ALIKE {
            (spec.cell.open_circuit(soc).0, mean.ohmic, mean.pair)
        } else {
            let point = spec.cell.at(soc);
            let (ohmic, pair) = self.cell_resistance(mean.resistance, &point);
            (point.ocv, ohmic, pair)
        };
        let (ohmic, pair) = (ohmic * cell.resistance(), pair * cell.resistance());
        let mut volts = ocv + self.current * ohmic + self.remembered * pair;
        for struck in &self.troubles {
            let age_s = struck.age_s(now);
            if let Some((short, siemens, windows)) = struck.short() {
                if short == index {
                    let siemens = if windows.open(age_s) { siemens } else { 0.0 };
                    volts = (volts - f64::from(struck.memory) * pair) / (1.0 + siemens * ohmic);
                }
            } else if let Trouble::Contact { cell, ohms, ramp_s } = struck.fault.what {
                if usize::from(cell) == index {
                    volts += self.current * f64::from(ohms) * ramp(age_s, ramp_s);
                }
            } else if let Trouble::Runaway { cell, ramp_s } = struck.fault.what
                && usize::from(cell) == index
            {
                volts *= runaway_leaves(age_s, ramp_s);
            }
        }
        volts
    }

    /// Temperature at a sensor: near a burning cell it follows within seconds, elsewhere later and less.
    fn probe(&self, probe: usize, now: Timestamp) -> f64 {
        let mut heat = 0.0;
        for struck in &self.troubles {
            let age_s = struck.age_s(now);
            if let Trouble::Runaway { cell, ramp_s } = struck.fault.what {
                let near = usize::from(cell) * PROBES / self.cells.len().max(1) == probe;
                heat += if near {
                    0.7 * runaway_rise(age_s - 3.0, ramp_s)
                } else {
                    0.06 * runaway_rise(age_s - 15.0, ramp_s)
                };
            } else if let Trouble::HotSpot { probe: spot, kelvin, ramp_s } = struck.fault.what
                && usize::from(spot) == probe
            {
                heat += f64::from(kelvin) * ramp(age_s, ramp_s);
            }
        }
        (self.temperature + heat).min(PROBE_LIMIT_C)
    }

    /// Insulation, kΩ.
    fn insulation(&self, now: Timestamp) -> f64 {
        let mut kiloohms = SOUND_INSULATION_KOHM;
        for struck in &self.troubles {
            let age_s = struck.age_s(now);
            if let Trouble::Runaway { ramp_s, .. } = struck.fault.what {
                let damage = ((age_s / f64::from(ramp_s) - 0.55) / 0.3).clamp(0.0, 1.0);
                kiloohms *= 1.0 - 0.99 * damage;
            } else if let Trouble::Insulation { kiloohms: left, ramp_s } = struck.fault.what {
                kiloohms += (f64::from(left) - SOUND_INSULATION_KOHM) * ramp(age_s, ramp_s);
            }
        }
        kiloohms.max(0.0)
    }

    /// Lets faulty sensors say what they say.
    fn misread(&mut self, now: Timestamp, battery: &mut Battery, stream: &mut Stream) {
        for struck in &mut self.troubles {
            if struck.age_s(now) < 0.0 {
                continue;
            }
            if let Trouble::SensorStuck { sensor } = struck.fault.what {
                let memory = &mut struck.memory;
                let keep = |value: f64| {
                    if memory.is_nan() {
                        *memory = value as f32;
                    }
                    f64::from(*memory)
                };
                distort(battery, sensor, keep);
            } else if let Trouble::SensorBias { sensor, offset } = struck.fault.what {
                distort(battery, sensor, |value| value + f64::from(offset));
            } else if let Trouble::SensorNoise { sensor, sigma } = struck.fault.what {
                let error = f64::from(sigma) * stream.normal();
                distort(battery, sensor, |value| value + error);
            }
        }
    }
}

/// Changes what one sensor says, in V, °C or A.
fn distort(battery: &mut Battery, sensor: Sensor, mut change: impl FnMut(f64) -> f64) {
    match sensor {
        Sensor::Cell(index) => {
            if let Some(said) = battery.cells_mv.get_mut(usize::from(index)) {
                *said = (change(f64::from(*said) / 1000.0) * 1000.0).round().clamp(0.0, 65_535.0) as u16;
            }
        }
        Sensor::Probe(index) => {
            if let Some(said) = battery.probes.get_mut(usize::from(index)) {
                *said = Celsius(change(said.0)).quantised(0.5);
            }
        }
        Sensor::Current => battery.current = Amps(change(battery.current.0)).quantised(0.1),
    }
}
