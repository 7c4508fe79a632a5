//! What vehicles are made of, read from `config/catalogue.toml`: models, battery chemistries, pack layouts.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::motion::Resistance;
use super::motion::style::GRAVITY;
use crate::base::units::{Amps, Celsius, MetresPerSecond, Volts};
use crate::model::Chemistry;

/// Most cells in series that a simulated pack has.
pub const MAX_CELLS: usize = 24;
/// Points of a table over the state of charge: 0, 5, … 100 % SOC.
const TABLE_POINTS: usize = 21;
/// Rolling resistance on a wet street over that on a dry one (assumed).
const WET_CRR: f64 = 1.1;

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
    /// Battery energy over braking energy at the wheel, 0 to 1; 0 for a motor that cannot brake.
    #[serde(default)]
    pub regen_efficiency: f64,
    /// What the electronics draw at rest, W.
    pub standby_w: f64,
}

impl Model {
    /// What holds it back on a road.
    #[must_use]
    pub fn resistance(&self, road: Road) -> Resistance {
        const AIR_KG_M3: f64 = 1.2;
        let crr = if road.wet { WET_CRR * self.crr } else { self.crr };
        Resistance {
            mass_kg: self.mass_kg,
            rolling_n: self.mass_kg * GRAVITY * (crr + road.slope),
            drag_kg_m: 0.5 * AIR_KG_M3 * self.cda_m2,
            headwind_mps: road.headwind_mps,
        }
    }

    /// Battery power at a steady speed, W; 0 where it rolls by itself.
    #[must_use]
    pub fn road_load(&self, speed: MetresPerSecond, road: Road) -> f64 {
        (self.resistance(road).force(speed.0) * speed.0 / self.efficiency).max(0.0)
    }
}

/// What a road asks for.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Road {
    /// Rise over run along the course.
    pub slope: f64,
    /// Wind against the course at a rider's height, m/s.
    pub headwind_mps: f64,
    /// Whether it is wet.
    pub wet: bool,
}

/// Values at 0, 5, … 100 % SOC.
pub type Table = [f64; TABLE_POINTS];

/// A chemistry: how one of its cells (lead-acid: one 12 V module) behaves. Where the numbers come from stands in the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// Open-circuit voltage, V, rising.
    pub ocv: Table,
    /// Ohmic resistance over SOC; 1 is the value of the pack's row.
    pub r0_shape: Table,
    /// Resistance of the RC pair over SOC; 1 is the value of the pack's row.
    pub r1_shape: Table,
    /// What charging makes of the RC pair's resistance over SOC: a cell nearly full takes its last charge slowly.
    pub charge_shape: Table,
    /// Activation energy of both resistances, kJ/mol: 24 doubles them from 25 to 5 °C.
    pub activation_kj_mol: f64,
    /// Share of the capacity that can be had at −20 °C, 0.1 to 1; all of it from 25 °C up, linear between.
    pub capacity_at_minus_20: f64,
    /// Charge stored over charge put in, 0.1 to 1.
    pub charge_efficiency: f64,
    /// Self-discharge of a healthy cell at rest, % of the capacity a month.
    pub self_discharge_pct_month: f64,
    /// Whether it may be charged below 0 °C.
    pub charges_below_zero: bool,
    /// Temperature at which charging ends; from 5 K below it the current is lowered.
    pub charge_limit: Celsius,
    /// Stages of a fast charger: up to a SOC (0 to 1), at a current in multiples of the capacity in an hour.
    pub fast_stages: Vec<(f64, f64)>,
    /// Most that braking may charge.
    pub regen_a: Amps,
    /// What balancing takes out of a cell that is fuller than the emptiest, near the end of charge.
    pub balance_a: Amps,
    /// Cell voltages of the alarms: level 3 and 2 when too low, level 2 and 3 when too high.
    pub alarm_v: [f64; 4],
}

/// What the tables of a [`Cell`] say at one state of charge.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    /// Open-circuit voltage, V.
    pub ocv: f64,
    /// Factor of the ohmic resistance.
    pub r0: f64,
    /// Factor of the RC pair's resistance.
    pub r1: f64,
    /// Further factor of the RC pair's resistance while charging.
    pub charge: f64,
    /// Rise of the open-circuit voltage, V per whole charge.
    pub slope: f64,
}

impl Cell {
    /// Open-circuit voltage at a state of charge, linear between the points of the table. Below 0 it collapses: half of
    /// it is gone 10 % below empty (**assumed**, the tables of some end flat); beyond 1, where a cell is overcharged, it
    /// runs up four times as fast.
    #[must_use]
    pub fn open_circuit(&self, soc: f64) -> Volts {
        let (index, share) = place(soc);
        Volts(self.rest(index, share))
    }

    fn rest(&self, index: usize, share: f64) -> f64 {
        const COLLAPSE: f64 = 5.0;
        if share < 0.0 {
            self.ocv[0] * (1.0 + COLLAPSE * share / (TABLE_POINTS - 1) as f64).max(0.0)
        } else {
            between(&self.ocv, index, overcharged(share, index))
        }
    }

    /// All tables at a state of charge; resistances stay at their last values beyond the ends.
    #[must_use]
    pub fn at(&self, soc: f64) -> Point {
        let (index, share) = place(soc);
        let within = share.clamp(0.0, 1.0);
        Point {
            ocv: self.rest(index, share),
            r0: between(&self.r0_shape, index, within),
            r1: between(&self.r1_shape, index, within),
            charge: between(&self.charge_shape, index, within),
            slope: (self.ocv[index + 1] - self.ocv[index]) * (TABLE_POINTS - 1) as f64,
        }
    }

    /// The state of charge, 0 to 1, whose open-circuit voltage this is.
    #[must_use]
    pub fn charge_at_rest(&self, voltage: Volts) -> f64 {
        let above = self.ocv.partition_point(|volts| *volts < voltage.0);
        let index = above.clamp(1, TABLE_POINTS - 1) - 1;
        let step = self.ocv[index + 1] - self.ocv[index];
        let share = ((voltage.0 - self.ocv[index]) / step.max(1e-9)).clamp(0.0, 1.0);
        (index as f64 + share) / (TABLE_POINTS - 1) as f64
    }

    /// The first fault of the numbers, if any.
    fn fault(&self) -> Option<String> {
        let parts = [self.capacity_at_minus_20, self.charge_efficiency];
        let shapes = [&self.r0_shape, &self.r1_shape, &self.charge_shape];
        if !self.ocv.is_sorted() {
            Some(format!("expected {TABLE_POINTS} rising voltages"))
        } else if shapes.iter().any(|shape| shape.iter().any(|factor| *factor <= 0.0)) {
            Some("expected shapes above 0".to_owned())
        } else if parts.iter().any(|part| !(0.1..=1.0).contains(part)) {
            Some("expected capacity_at_minus_20 and charge_efficiency from 0.1 to 1".to_owned())
        } else if !self.alarm_v.is_sorted() {
            Some("expected alarm_v in rising order".to_owned())
        } else {
            None
        }
    }
}

/// The step of a table in which a state of charge lies, and how far into it; beyond the ends below 0 or above 1.
fn place(soc: f64) -> (usize, f64) {
    let place = soc * (TABLE_POINTS - 1) as f64;
    let index = (place.max(0.0) as usize).min(TABLE_POINTS - 2);
    (index, place - index as f64)
}

fn between(table: &Table, index: usize, share: f64) -> f64 {
    table[index] + (table[index + 1] - table[index]) * share
}

fn overcharged(share: f64, index: usize) -> f64 {
    const STEEPER: f64 = 4.0;
    if index == TABLE_POINTS - 2 && share > 1.0 { 1.0 + STEEPER * (share - 1.0) } else { share }
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
    /// Ohmic resistance of the new pack at 25 °C and half charge, mΩ.
    pub r0_mohm: f64,
    /// Resistance of the RC pair of the new pack at 25 °C and half charge, mΩ.
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
    /// Full cycles until 80 % of the capacity is left.
    pub cycles_to_80pct: f64,
    /// Loss of capacity by time alone at 25 °C, % a year.
    pub calendar_pct_per_year: f64,
    /// Resolution of the cell voltages that the management reports, mV; simple ones have 10.
    #[serde(default = "finest")]
    pub cell_step_mv: u16,
    /// Whether the management charges in pulses, which slows the sulfation of lead.
    #[serde(default)]
    pub pulse_charging: bool,
    /// What of this row is read and what assumed.
    pub source: String,
}

fn finest() -> u16 {
    1
}

impl Catalogue {
    /// Reads and checks a catalogue.
    ///
    /// # Errors
    /// A sentence naming the first fault.
    pub fn parse(text: &str) -> Result<Self, String> {
        let catalogue: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        for (name, model) in &catalogue.model {
            if !(0.0..=1.0).contains(&model.regen_efficiency) || !(0.1..=1.0).contains(&model.efficiency) {
                return Err(format!(
                    "model {name}: expected efficiency from 0.1 to 1 and regen_efficiency from 0 to 1"
                ));
            }
        }
        for (name, cell) in &catalogue.chemistry {
            if let Some(fault) = cell.fault() {
                return Err(format!("chemistry {name:?}: {fault}"));
            }
        }
        for (name, pack) in &catalogue.pack {
            if !catalogue.chemistry.contains_key(&pack.chemistry) {
                return Err(format!("pack {name}: no chemistry {:?}", pack.chemistry));
            }
            if !(1..=MAX_CELLS).contains(&pack.series) {
                return Err(format!("pack {name}: expected 1 to {MAX_CELLS} cells in series, found {}", pack.series));
            }
            let electric = [pack.capacity_ah, pack.r0_mohm, pack.r1_mohm, pack.tau_s, pack.charge_a.0, pack.cutoff_v];
            let others = [pack.heat_capacity_j_k, pack.cooling_w_k, pack.cycles_to_80pct, pack.cell_step_mv.into()];
            if electric.iter().chain(&others).any(|value| *value <= 0.0) {
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
        let load = catalogue().model["ebike"].road_load(MetresPerSecond::from_kmh(25.0), Road::default());
        assert!((load - 299.0).abs() < 10.0, "{load} W");
    }

    #[test]
    fn voltages_lie_between_the_points() {
        let catalogue = catalogue();
        let nmc = &catalogue.chemistry[&Chemistry::Nmc];
        assert!((nmc.open_circuit(0.5).0 - 3.7509).abs() < 1e-9);
        assert!(nmc.open_circuit(0.52) > nmc.open_circuit(0.5));
        assert!((nmc.open_circuit(1.0).0 - 4.2).abs() < 1e-9);
        assert!(nmc.open_circuit(1.05).0 > 4.35, "overcharge is felt");
        for cell in catalogue.chemistry.values() {
            assert!(cell.open_circuit(-0.1).0 < cell.alarm_v[0], "deep discharge is felt");
            assert!((cell.open_circuit(-1e-9).0 - cell.ocv[0]).abs() < 1e-6, "and begins where the table ends");
        }
        assert!((nmc.charge_at_rest(Volts(3.7509)) - 0.5).abs() < 1e-9);
        let (point, soc) = (nmc.at(0.52), 0.52);
        assert!((point.ocv - nmc.open_circuit(soc).0).abs() < 1e-12);
        assert!((point.ocv + 0.01 * point.slope - nmc.open_circuit(soc + 0.01).0).abs() < 1e-9);
    }

    #[test]
    fn a_faulty_catalogue_is_refused() {
        let text = include_str!("../../config/catalogue.toml");
        assert!(Catalogue::parse(&text.replacen("series = 4", "series = 99", 1)).unwrap_err().contains("PB48_20"));
        assert!(Catalogue::parse(&text.replacen("ocv = [2.5,", "ocv = [9.5,", 1)).unwrap_err().contains("rising"));
        let efficiency = text.replacen("charge_efficiency = 0.", "charge_efficiency = 7.", 1);
        assert!(Catalogue::parse(&efficiency).unwrap_err().contains("charge_efficiency"));
        let regen = text.replacen("regen_efficiency = 0.", "regen_efficiency = 1.", 1);
        assert!(Catalogue::parse(&regen).unwrap_err().contains("regen_efficiency"));
        let short = text.replacen("ocv = [2.5, ", "ocv = [", 1);
        assert!(Catalogue::parse(&short).unwrap_err().contains("21"));
    }
}
