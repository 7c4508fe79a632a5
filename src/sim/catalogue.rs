//! What vehicles are made of, read from `config/catalogue.toml`: models, battery chemistries, pack layouts.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::base::units::{Amps, MetresPerSecond, Volts};
use crate::model::{Chemistry, report::MAX_CELLS};

/// Points of an open-circuit voltage table: 0, 5, … 100 % SOC.
const OCV_POINTS: usize = 21;

/// The catalogue as its file says it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Vehicle models by name.
    pub model: BTreeMap<String, Model>,
    /// Chemistries.
    pub chemistry: BTreeMap<Chemistry, Cell>,
    /// Pack layouts by name.
    pub pack: BTreeMap<String, PackLayout>,
}

/// A vehicle model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// The first five characters of its VINs.
    pub wmi: String,
    /// What the motor allows on the flat, km/h.
    pub top_speed_kmh: f64,
    /// Vehicle and rider, kg.
    pub mass_kg: f64,
    /// Rolling resistance, of the weight.
    pub crr: f64,
    /// Drag area, m².
    pub cda_m2: f64,
    /// Wheel power over battery power.
    pub efficiency: f64,
    /// What the electronics draw at rest, W.
    pub standby_w: f64,
}

impl Model {
    /// Battery power for a speed, slope (rise over run) and acceleration (m/s²), in watts; never negative: the models
    /// of this catalogue have no regeneration.
    #[must_use]
    pub fn road_load(&self, speed: MetresPerSecond, slope: f64, acceleration: f64) -> f64 {
        const GRAVITY: f64 = 9.81;
        const AIR_KG_M3: f64 = 1.2;
        let v = speed.0;
        let force = self.mass_kg * GRAVITY * (self.crr + slope)
            + 0.5 * AIR_KG_M3 * self.cda_m2 * v * v
            + self.mass_kg * acceleration;
        (force * v / self.efficiency).max(0.0)
    }
}

/// A chemistry: what one of its cells (or 12 V modules) shows at rest.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// Open-circuit voltage at 0, 5, … 100 % SOC, in volts.
    pub ocv: Vec<f64>,
}

impl Cell {
    /// Open-circuit voltage at a state of charge from 0 to 1, linear between the points of the table.
    #[must_use]
    pub fn open_circuit(&self, soc: f64) -> Volts {
        let place = soc.clamp(0.0, 1.0) * (OCV_POINTS - 1) as f64;
        let index = (place as usize).min(OCV_POINTS - 2);
        let share = place - index as f64;
        Volts(self.ocv[index] + (self.ocv[index + 1] - self.ocv[index]) * share)
    }
}

/// A pack layout.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackLayout {
    /// Its chemistry.
    pub chemistry: Chemistry,
    /// Cells (lead-acid: 12 V modules) in series.
    pub series: usize,
    /// Nominal capacity, Ah.
    pub capacity_ah: f64,
    /// Highest voltage on the charger, V.
    pub charge_v: f64,
    /// Lowest voltage in use, V.
    pub cutoff_v: f64,
    /// Ohmic resistance of the pack at 25 °C, mΩ.
    pub r0_mohm: f64,
    /// Resistance of the RC pair, mΩ.
    pub r1_mohm: f64,
    /// Time constant of the RC pair, s.
    pub tau_s: f64,
    /// Mass, kg.
    pub mass_kg: f64,
    /// Heat capacity, J/K.
    pub heat_capacity_j_k: f64,
    /// Cooling to the air, W/K.
    pub cooling_w_k: f64,
    /// Charging current.
    pub charge_a: Amps,
    /// Highest discharging current.
    pub discharge_a: Amps,
    /// What of this row is read and what assumed.
    pub source: String,
}

impl Catalogue {
    /// Reads and checks a catalogue.
    ///
    /// # Errors
    /// A sentence naming the first fault.
    pub fn parse(text: &str) -> Result<Self, String> {
        let catalogue: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        for (name, cell) in &catalogue.chemistry {
            if cell.ocv.len() != OCV_POINTS || !cell.ocv.is_sorted() {
                return Err(format!("chemistry {name:?}: expected {OCV_POINTS} rising voltages"));
            }
        }
        for (name, pack) in &catalogue.pack {
            if !catalogue.chemistry.contains_key(&pack.chemistry) {
                return Err(format!("pack {name}: no chemistry {:?}", pack.chemistry));
            }
            if !(1..=MAX_CELLS).contains(&pack.series) {
                return Err(format!("pack {name}: expected 1 to {MAX_CELLS} cells in series, found {}", pack.series));
            }
            let positive = [pack.capacity_ah, pack.tau_s, pack.heat_capacity_j_k, pack.cooling_w_k, pack.charge_a.0];
            if positive.iter().any(|value| *value <= 0.0) {
                return Err(format!("pack {name}: expected numbers above 0"));
            }
        }
        Ok(catalogue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue() -> Catalogue {
        Catalogue::parse(include_str!("../../config/catalogue.toml")).unwrap()
    }

    #[test]
    fn the_ebike_needs_what_the_formula_says() {
        let load = catalogue().model["ebike"].road_load(MetresPerSecond::from_kmh(25.0), 0.0, 0.0);
        assert!((load - 299.0).abs() < 10.0, "{load} W");
    }

    #[test]
    fn voltages_lie_between_the_points() {
        let catalogue = catalogue();
        let nmc = &catalogue.chemistry[&Chemistry::Nmc];
        assert!((nmc.open_circuit(0.5).0 - 3.7509).abs() < 1e-9);
        assert!(nmc.open_circuit(0.52) > nmc.open_circuit(0.5));
        assert!((nmc.open_circuit(2.0).0 - 4.2).abs() < 1e-9);
    }

    #[test]
    fn a_faulty_catalogue_is_refused() {
        let text = include_str!("../../config/catalogue.toml");
        assert!(Catalogue::parse(&text.replacen("series = 4", "series = 99", 1)).unwrap_err().contains("PB48_20"));
        assert!(Catalogue::parse(&text.replacen("ocv = [2.5,", "ocv = [9.5,", 1)).unwrap_err().contains("rising"));
    }
}
