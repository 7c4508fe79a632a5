//! The battery: cells in series with one RC pair and one thermal node, stepped exactly over any interval of constant
//! current, so that one step per report is enough.
//!
//! Cell voltage is OCV(SOC) + I·R0 + R1·i₁, where i₁ is the current as the RC pair remembers it; the pack warms by its
//! ohmic loss and cools towards the air. Parameters: `config/catalogue.toml`.

use arrayvec::ArrayVec;

use super::catalogue::{Cell, PackLayout};
use crate::base::rng::Stream;
use crate::base::units::{Amps, Celsius, Kiloohms, Percent, Volts};
use crate::base::{PackId, Timestamp};
use crate::model::Battery;
use crate::model::report::{MAX_CELLS, MAX_PROBES};

/// Temperature sensors in a pack.
const PROBES: usize = 4;
/// The hottest a sensor can say, °C.
const PROBE_LIMIT_C: f64 = 150.0;
/// Insulation of a healthy pack, kΩ.
const SOUND_INSULATION_KOHM: f64 = 2000.0;
/// SOC above which a charger lowers its current.
const TAPER_SOC: f64 = 0.9;
/// What a charger at home gives at most, of the capacity in an hour; fast packs have their fast charger elsewhere.
const HOME_CHARGER_C: f64 = 0.35;

#[derive(Debug, Clone, Copy)]
struct CellState {
    soc: f32,
    capacity_ah: f32,
    r0_ohm: f32,
}

/// A cell that heats itself: rises exponentially for `ramp_s`, then burns out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Runaway {
    /// Which cell.
    pub cell: usize,
    /// Since when.
    pub since: Timestamp,
    /// From the first heat to venting, seconds.
    pub ramp_s: f64,
}

impl Runaway {
    /// Heat of the cell above the rest of the pack at `seconds` after its beginning, K.
    fn rise(&self, seconds: f64) -> f64 {
        const FIRST_K: f64 = 3.0;
        const GROWTH: f64 = 110.0;
        const BURN_OUT_S: f64 = 600.0;
        if seconds <= 0.0 {
            return 0.0;
        }
        let peak = FIRST_K * (GROWTH - 1.0);
        if seconds < self.ramp_s {
            FIRST_K * (GROWTH.powf(seconds / self.ramp_s) - 1.0)
        } else {
            peak * (-(seconds - self.ramp_s) / BURN_OUT_S).exp()
        }
    }

    /// What is left of the cell's voltage, 1 to 0.
    fn voltage_left(&self, seconds: f64) -> f64 {
        let gone = ((seconds / self.ramp_s - 0.4) / 0.5).clamp(0.0, 1.0);
        1.0 - 0.92 * gone * gone
    }
}

/// A battery pack.
#[derive(Debug, Clone)]
pub struct Pack {
    id: PackId,
    cells: ArrayVec<CellState, MAX_CELLS>,
    remembered: f64,
    temperature: f64,
    soh: f64,
    runaway: Option<Runaway>,
    current: Amps,
}

impl Pack {
    /// A pack of a layout with its own small differences between cells.
    #[must_use]
    pub fn build(id: PackId, layout: &PackLayout, ambient: Celsius, stream: &mut Stream) -> Self {
        let soh = stream.between(0.82, 1.0);
        let soc = stream.between(0.35, 0.98);
        let cell_r0 = layout.r0_mohm / 1000.0 / layout.series as f64;
        let cells = (0..layout.series).map(|_| CellState {
            soc: (soc + 0.004 * stream.normal()).clamp(0.05, 1.0) as f32,
            capacity_ah: (layout.capacity_ah * soh * (1.0 + 0.008 * stream.normal())) as f32,
            r0_ohm: (cell_r0 * (1.0 + 0.04 * stream.normal())) as f32,
        });
        Self {
            id,
            cells: cells.collect(),
            remembered: 0.0,
            temperature: ambient.0,
            soh,
            runaway: None,
            current: Amps(0.0),
        }
    }

    /// Mean state of charge, 0 to 1.
    #[must_use]
    pub fn soc(&self) -> f64 {
        self.cells.iter().map(|cell| f64::from(cell.soc)).sum::<f64>() / self.cells.len().max(1) as f64
    }

    /// What the charger gives now.
    #[must_use]
    pub fn charge_current(&self, layout: &PackLayout) -> Amps {
        // Beyond the taper the charger holds its voltage and the current falls with what is missing.
        let share = ((1.0 - self.soc()) / (1.0 - TAPER_SOC)).clamp(0.02, 1.0);
        Amps(layout.charge_a.0.min(HOME_CHARGER_C * layout.capacity_ah)) * share
    }

    /// The current at which the pack delivers `watts`, within its limit.
    #[must_use]
    pub fn discharge_current(&self, layout: &PackLayout, cell: &Cell, watts: f64) -> Amps {
        let volts = cell.open_circuit(self.soc()).0 * layout.series as f64;
        Amps(-(watts / volts.max(1.0)).min(layout.discharge_a.0))
    }

    /// Passes `seconds` at a constant current.
    pub fn step(&mut self, layout: &PackLayout, current: Amps, seconds: f64, ambient: Celsius) {
        self.current = current;
        self.remembered = current.0 + (self.remembered - current.0) * (-seconds / layout.tau_s).exp();
        let amp_hours = current.0 * seconds / 3600.0;
        for cell in &mut self.cells {
            cell.soc = (f64::from(cell.soc) + amp_hours / f64::from(cell.capacity_ah)).clamp(0.0, 1.0) as f32;
        }
        let loss_w = current.0 * current.0 * (layout.r0_mohm + layout.r1_mohm) / 1000.0;
        let settled = ambient.0 + loss_w / layout.cooling_w_k;
        let keep = (-seconds * layout.cooling_w_k / layout.heat_capacity_j_k).exp();
        self.temperature = settled + (self.temperature - settled) * keep;
    }

    /// Lets a cell run away.
    pub fn ignite(&mut self, runaway: Runaway) {
        self.runaway = Some(runaway);
    }

    /// What the battery management measures and says at `now`.
    pub fn measure(&self, now: Timestamp, layout: &PackLayout, cell: &Cell, stream: &mut Stream) -> Battery {
        let r1 = layout.r1_mohm / 1000.0 / layout.series as f64;
        let mut total = 0.0;
        let mut cells_mv = ArrayVec::new();
        for (index, state) in self.cells.iter().enumerate() {
            let at_rest = cell.open_circuit(f64::from(state.soc)).0;
            let healthy = at_rest + self.current.0 * f64::from(state.r0_ohm) + self.remembered * r1;
            let volts = healthy * self.voltage_left(index, now);
            total += volts;
            cells_mv.push((volts * 1000.0 + stream.between(-1.5, 1.5)).round().clamp(0.0, 65_535.0) as u16);
        }
        let probes: ArrayVec<Celsius, MAX_PROBES> = (0..PROBES)
            .map(|probe| Celsius(self.probe(probe, now) + stream.between(-0.4, 0.4)).quantised(0.5))
            .collect();
        let mut battery = Battery {
            pack: self.id,
            chemistry: layout.chemistry,
            soc: Percent(self.soc() * 100.0).quantised(0.1),
            soh: Percent(self.soh * 100.0).quantised(0.1),
            voltage: Volts(total).quantised(0.01),
            current: Amps(self.current.0 + stream.between(-0.05, 0.05)).quantised(0.1),
            cells_mv,
            probes,
            insulation: Kiloohms(self.insulation(now) * stream.between(0.97, 1.0)).quantised(10.0),
            alarm_level: 0,
        };
        battery.alarm_level = alarm_level(&battery);
        battery
    }

    fn voltage_left(&self, cell: usize, now: Timestamp) -> f64 {
        match &self.runaway {
            Some(runaway) if runaway.cell == cell => runaway.voltage_left(now.seconds_since(runaway.since)),
            Some(_) | None => 1.0,
        }
    }

    /// Temperature at a sensor: near a burning cell it follows within seconds, elsewhere later and less.
    fn probe(&self, probe: usize, now: Timestamp) -> f64 {
        let heat = self.runaway.as_ref().map_or(0.0, |runaway| {
            let seconds = now.seconds_since(runaway.since);
            let near = runaway.cell * PROBES / self.cells.len().max(1) == probe;
            if near { 0.7 * runaway.rise(seconds - 3.0) } else { 0.06 * runaway.rise(seconds - 15.0) }
        });
        (self.temperature + heat).min(PROBE_LIMIT_C)
    }

    fn insulation(&self, now: Timestamp) -> f64 {
        let damage = self
            .runaway
            .as_ref()
            .map_or(0.0, |runaway| ((now.seconds_since(runaway.since) / runaway.ramp_s - 0.55) / 0.3).clamp(0.0, 1.0));
        SOUND_INSULATION_KOHM * (1.0 - 0.99 * damage)
    }
}

/// The management's own verdict, with the thresholds one maker publishes for GB/T 32960.
fn alarm_level(battery: &Battery) -> u8 {
    let hottest = battery.hottest().unwrap_or_default().0;
    let spread = hottest - battery.coldest().unwrap_or_default().0;
    if hottest >= 70.0 || spread >= 20.0 || battery.insulation.0 <= 250.0 {
        3
    } else if hottest >= 60.0 || spread >= 12.0 {
        2
    } else {
        u8::from(hottest >= 55.0 || spread >= 8.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Purpose;
    use crate::sim::Catalogue;

    const AIR: Celsius = Celsius(25.0);

    fn build(name: &str) -> (Pack, PackLayout, Cell) {
        let catalogue = Catalogue::parse(include_str!("../../config/catalogue.toml")).unwrap();
        let layout = catalogue.pack[name].clone();
        let cell = catalogue.chemistry[&layout.chemistry].clone();
        let mut stream = Stream::new(1, 0, Purpose::Build);
        (Pack::build(PackId::from("P-1").unwrap(), &layout, AIR, &mut stream), layout, cell)
    }

    #[test]
    fn one_long_step_equals_many_short_ones() {
        for name in ["PB48_20", "LFP48_20", "NMC72_40", "NA48_24"] {
            let (mut once, layout, _) = build(name);
            let mut often = once.clone();
            once.step(&layout, Amps(-5.0), 300.0, AIR);
            for _ in 0..300 {
                often.step(&layout, Amps(-5.0), 1.0, AIR);
            }
            assert!((once.soc() - often.soc()).abs() < 1e-4, "{name}");
            assert!((once.temperature - often.temperature).abs() < 1e-6, "{name}");
            assert!((once.remembered - often.remembered).abs() < 1e-6, "{name}");
        }
    }

    #[test]
    fn charge_is_conserved() {
        let (mut pack, layout, _) = build("NMC72_40");
        let before = pack.soc();
        pack.step(&layout, Amps(-8.0), 900.0, AIR);
        pack.step(&layout, Amps(8.0), 900.0, AIR);
        assert!((pack.soc() - before).abs() < 1e-5);
    }

    #[test]
    fn a_healthy_pack_gives_no_alarm_and_its_cells_add_up() {
        for name in ["PB48_20", "LFP48_20", "NMC72_40", "NA48_24"] {
            let (mut pack, layout, cell) = build(name);
            pack.step(&layout, pack.discharge_current(&layout, &cell, 400.0), 600.0, AIR);
            let battery = pack.measure(Timestamp(0), &layout, &cell, &mut Stream::new(1, 0, Purpose::Sensors));
            let sum: f64 = battery.cells_mv.iter().map(|mv| f64::from(*mv) / 1000.0).sum();
            assert!((sum - battery.voltage.0).abs() < 0.05, "{name}: {sum} {}", battery.voltage);
            assert_eq!(battery.alarm_level, 0, "{name}: {battery:?}");
            assert!(battery.current.0 < 0.0);
        }
    }

    #[test]
    fn a_runaway_heats_collapses_and_alarms() {
        let (mut pack, layout, cell) = build("LFP48_20");
        pack.ignite(Runaway { cell: 5, since: Timestamp(0), ramp_s: 40.0 });
        let mut stream = Stream::new(1, 0, Purpose::Sensors);
        let mut at = |second: i64| pack.measure(Timestamp(second * 1000), &layout, &cell, &mut stream);
        let (early, late) = (at(2), at(40));
        assert_eq!(early.alarm_level, 0);
        assert_eq!(late.alarm_level, 3);
        assert!(late.hottest().unwrap().0 > 100.0 && late.coldest().unwrap().0 < 60.0, "{late:?}");
        assert!(f64::from(late.cells_mv[5]) < 0.5 * f64::from(late.cells_mv[6]));
        assert!(late.insulation.0 < 250.0);
    }
}
