//! A pack and its step.

use arrayvec::ArrayVec;

use super::ageing;
use super::cell::CellState;
use super::fault::{Fault, Struck, Trouble};
use super::thermal;
use crate::base::rng::Stream;
use crate::base::units::{Amps, Celsius, Volts};
use crate::base::{PackId, Timestamp};
use crate::model::Chemistry;
use crate::sim::catalogue::MAX_CELLS;
use crate::sim::catalogue::{Cell, PackLayout};

/// Faults that a pack bears at once; one more drops the oldest.
const MAX_FAULTS: usize = 2;
/// Charge moved in one part of a step, of the capacity, so that resistances that depend on it keep up.
const PART: f64 = 0.02;
/// SOH below which a lead-acid pack is to be taken back.
const SPENT_SOH: f64 = 0.6;
/// Hours in the month of the self-discharge.
const MONTH_H: f64 = 730.0;

/// What a pack is made of.
#[derive(Debug, Clone, Copy)]
pub struct Spec<'a> {
    /// Its layout.
    pub layout: &'a PackLayout,
    /// Its chemistry.
    pub cell: &'a Cell,
}

/// A stretch of time.
#[derive(Debug, Clone, Copy)]
pub struct Interval {
    /// When it ends.
    pub until: Timestamp,
    /// How long it is, s.
    pub seconds: f64,
    /// The air during it.
    pub ambient: Celsius,
}

/// What flows through a pack during a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flow {
    /// The current at its poles.
    pub(super) current: f64,
    /// What of it is stored or taken, A.
    pub(super) stored: f64,
    /// What flows besides and only heats, A.
    pub(super) gassing: f64,
    /// Whether the management balances its cells.
    pub(super) balances: bool,
}

/// Resistances of an average cell at the pack's temperature and age, at half charge, Ω.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resistance {
    pub(super) ohmic: f64,
    pub(super) pair: f64,
}

/// A battery pack.
#[derive(Debug, Clone)]
pub struct Pack {
    pub(super) id: PackId,
    /// Whether it was charged to the end and not used since.
    pub(super) full: bool,
    /// Whether it has said that it is to be taken back.
    said_spent: bool,
    pub(super) cells: ArrayVec<CellState, MAX_CELLS>,
    /// At most `MAX_FAULTS`; on the heap, because most packs have none.
    pub(super) troubles: Vec<Struck>,
    sulfation: f32,
    /// The current as the RC pairs remember it, A.
    pub(super) remembered: f64,
    /// °C.
    pub(super) temperature: f64,
    /// What that temperature makes of the resistances; kept, because it is asked three times between two changes.
    warmth: f64,
    /// Capacity left by wear, of the nominal one.
    soh: f64,
    /// Mean of the cells.
    soc: f64,
    pub(super) current: f64,
}

impl Pack {
    /// A pack somewhere in its life, with its own small differences between cells.
    #[must_use]
    pub fn build(id: PackId, spec: Spec, ambient: Celsius, stream: &mut Stream) -> Self {
        let soh = stream.between(0.82, 1.0);
        let soc = stream.between(0.35, 0.98).min(full_soc(spec));
        let mut pack = Self::uniform(id, spec, soc, ambient);
        pack.soh = soh;
        let leak = healthy_leak(spec);
        for cell in &mut pack.cells {
            *cell = CellState::draw(soc, leak, stream);
        }
        pack.soc = pack.mean_soc();
        pack
    }

    /// A new pack of equal cells at a state of charge from 0 to 1.
    #[must_use]
    pub fn uniform(id: PackId, spec: Spec, soc: f64, ambient: Celsius) -> Self {
        let cells = (0..spec.layout.series).map(|_| CellState::plain(soc, healthy_leak(spec)));
        Self {
            id,
            full: false,
            said_spent: false,
            cells: cells.collect(),
            troubles: Vec::new(),
            sulfation: 0.0,
            remembered: 0.0,
            temperature: ambient.0,
            warmth: thermal::resistance_factor(spec.cell, ambient.0),
            soh: 1.0,
            soc,
            current: 0.0,
        }
    }

    /// Fills it at once, as if it had been on a charger for a night; its cells keep their differences.
    pub fn fill(&mut self, spec: Spec) {
        let missing = full_soc(spec) - self.soc;
        self.cells.iter_mut().for_each(|cell| cell.add(missing));
        self.soc = self.mean_soc();
    }

    /// Mean state of charge, 0 to 1.
    #[must_use]
    pub fn soc(&self) -> f64 {
        self.soc.clamp(0.0, 1.0)
    }

    /// What of the charge can be had at the present temperature, 0 to 1.
    #[must_use]
    pub fn usable_soc(&self, spec: Spec) -> f64 {
        let frozen = thermal::frozen_share(spec.cell, self.temperature);
        ((self.soc - frozen) / (1.0 - frozen)).clamp(0.0, 1.0)
    }

    /// Capacity left, of the nominal one.
    #[must_use]
    pub fn soh(&self) -> f64 {
        self.soh * ageing::sulfation_keeps(self.sulfation)
    }

    /// Whether a lead-acid pack is at its end and to be taken back.
    #[must_use]
    pub fn is_spent(&self, spec: Spec) -> bool {
        spec.layout.chemistry == Chemistry::Vrla && self.soh() < SPENT_SOH
    }

    /// Whether it [is spent](Self::is_spent) and has not said so before.
    pub fn says_spent(&mut self, spec: Spec) -> bool {
        let news = !self.said_spent && self.is_spent(spec);
        self.said_spent |= news;
        news
    }

    /// The number on it.
    #[must_use]
    pub fn id(&self) -> PackId {
        self.id
    }

    /// The current of the last step; positive when it was charged.
    #[must_use]
    pub fn current(&self) -> Amps {
        Amps(self.current)
    }

    /// Temperature of its cells.
    #[must_use]
    pub fn temperature(&self) -> Celsius {
        Celsius(self.temperature)
    }

    /// Lets something go wrong with it.
    pub fn strike(&mut self, spec: Spec, fault: Fault) {
        match fault.what {
            Trouble::WeakCell { cell, capacity, resistance } => {
                if let Some(cell) = self.cells.get_mut(usize::from(cell)) {
                    cell.scale(capacity, resistance);
                }
            }
            Trouble::Fade { capacity, resistance } => {
                self.cells.iter_mut().for_each(|cell| cell.scale(1.0, resistance));
                self.soh *= f64::from(capacity);
            }
            Trouble::SelfDischarge { amps } => {
                let siemens = amps / spec.cell.open_circuit(0.5).0 as f32;
                self.cells.iter_mut().for_each(|cell| cell.leak += siemens);
            }
            Trouble::Short { .. }
            | Trouble::Dips { .. }
            | Trouble::Contact { .. }
            | Trouble::Runaway { .. }
            | Trouble::SensorStuck { .. }
            | Trouble::SensorBias { .. }
            | Trouble::SensorNoise { .. }
            | Trouble::Insulation { .. }
            | Trouble::LeadRunaway { .. }
            | Trouble::Hot { .. }
            | Trouble::HotSpot { .. }
            | Trouble::WrongCharger { .. }
            | Trouble::Overcharge { .. }
            | Trouble::Unprotected { .. } => {
                // A charger that had ended may now find more to do.
                self.full = false;
                if self.troubles.len() >= MAX_FAULTS {
                    self.troubles.remove(0);
                }
                self.troubles.push(Struck::new(fault));
            }
        }
    }

    /// Ends the faults that can end; what weakened cells or drained them stays.
    pub fn mend(&mut self) {
        self.troubles.clear();
    }

    /// Passes an interval at a constant current; charging this way (braking) stores with the chemistry's efficiency.
    pub fn step(&mut self, spec: Spec, current: Amps, interval: Interval) {
        let stored = if current.0 > 0.0 { current.0 * spec.cell.charge_efficiency } else { current.0 };
        self.full &= current.0 >= 0.0;
        let moved = (current.0 * interval.seconds / 3600.0 / spec.layout.capacity_ah).abs();
        let parts = (moved / PART).ceil().clamp(1.0, 100.0);
        let seconds = interval.seconds / parts;
        for part in 1..=parts as i32 {
            let until = interval.until.plus_seconds(-seconds * (parts - f64::from(part)));
            let flow = Flow { current: current.0, stored, gassing: 0.0, balances: false };
            self.pass(spec, flow, Interval { until, seconds, ..interval });
        }
    }

    /// Passes an interval short enough that the tables hardly change.
    pub(super) fn pass(&mut self, spec: Spec, flow: Flow, interval: Interval) {
        let (layout, seconds) = (spec.layout, interval.seconds);
        if seconds <= 0.0 {
            return;
        }
        let (point, resistance) = (spec.cell.at(self.soc), self.resistance(spec));
        let keep = (-seconds / layout.tau_s).exp();
        let square = thermal::mean_square(flow.current, self.remembered, layout.tau_s, seconds, keep);
        self.remembered = flow.current + (self.remembered - flow.current) * keep;
        self.current = flow.current + flow.gassing;

        let slow = if flow.current > 0.0 { point.charge } else { 1.0 };
        let ohmic_w =
            flow.current * flow.current * resistance.ohmic * point.r0 + square * resistance.pair * point.r1 * slow;
        let wasted_w = (flow.current - flow.stored) * point.ocv;
        let mut heat_w = (ohmic_w + wasted_w) * self.cells.len() as f64 + flow.gassing * layout.charge_v;

        let capacity_ah = self.capacity_ah(spec);
        let (stored_ah, volt_hours) = (flow.stored * seconds / 3600.0, point.ocv * seconds / 3600.0);
        for cell in &mut self.cells {
            cell.add((stored_ah - f64::from(cell.leak) * volt_hours) / (capacity_ah * cell.capacity()));
        }
        if flow.balances {
            self.balance(spec, seconds);
        }
        heat_w += self.suffer(spec, resistance, interval);
        self.soc = self.mean_soc();
        self.age(layout, flow.current, seconds);

        let settled = interval.ambient.0 + heat_w / layout.cooling_w_k;
        let stays = (-seconds * layout.cooling_w_k / layout.heat_capacity_j_k).exp();
        self.temperature = settled + (self.temperature - settled) * stays;
        self.warmth = thermal::resistance_factor(spec.cell, self.temperature);
    }

    /// Lets the faults do their part and returns the heat they make, W.
    fn suffer(&mut self, spec: Spec, resistance: Resistance, interval: Interval) -> f64 {
        let capacity_ah = self.capacity_ah(spec);
        let (current, seconds) = (self.current, interval.seconds);
        let mut heat_w = 0.0;
        for struck in &mut self.troubles {
            let age_s = struck.age_s(interval.until);
            if let Some((index, siemens, windows)) = struck.short() {
                let Some(cell) = self.cells.get_mut(index) else { continue };
                let point = spec.cell.at(cell.soc());
                let ohmic = resistance.ohmic * point.r0 * cell.resistance();
                let volts = (point.ocv + current * ohmic) / (1.0 + siemens * ohmic);
                let (amps, on_s) = (volts * siemens, windows.within(age_s, seconds));
                cell.add(-amps * on_s / 3600.0 / (capacity_ah * cell.capacity()));
                heat_w += amps * volts * on_s / seconds;
                // The RC pair follows the latest window and relaxes after it.
                let decay = |seconds: f64| (-seconds / spec.layout.tau_s).exp();
                let off_s = windows.closed_for(age_s).min(seconds);
                let on_s = on_s.min(seconds - off_s);
                let risen = amps + (f64::from(struck.memory) - amps) * decay(on_s);
                struck.memory = (risen * decay(off_s)) as f32;
            } else if let Trouble::Contact { ohms, ramp_s, .. } = struck.fault.what {
                heat_w += current * current * f64::from(ohms) * super::fault::ramp(age_s, ramp_s);
            } else if let Trouble::Hot { watts } = struck.fault.what {
                heat_w += f64::from(watts);
            }
        }
        heat_w
    }

    /// Bleeds the cells that are fuller than the emptiest.
    fn balance(&mut self, spec: Spec, seconds: f64) {
        const TOLERATED: f64 = 0.002;
        let floor = self.extremes().0 + TOLERATED;
        let share = spec.cell.balance_a.0 * seconds / 3600.0 / self.capacity_ah(spec);
        for cell in self.cells.iter_mut().filter(|cell| cell.soc() > floor) {
            let over = cell.soc() - floor;
            cell.add(-share.min(over));
        }
    }

    fn age(&mut self, layout: &PackLayout, amps: f64, seconds: f64) {
        self.soh = (self.soh - ageing::loss(layout, amps, seconds, self.temperature)).max(0.05);
        if layout.chemistry == Chemistry::Vrla {
            let change = ageing::sulfation_change(layout, self.soc, amps, seconds, self.temperature);
            self.sulfation = (f64::from(self.sulfation) + change).clamp(0.0, 1.0) as f32;
        }
    }

    pub(super) fn resistance(&self, spec: Spec) -> Resistance {
        let factor =
            self.warmth * ageing::resistance_growth(self.soh, self.sulfation) / (1000.0 * spec.layout.series as f64);
        Resistance { ohmic: spec.layout.r0_mohm * factor, pair: spec.layout.r1_mohm * factor }
    }

    /// Capacity of an average cell.
    pub(super) fn capacity_ah(&self, spec: Spec) -> f64 {
        spec.layout.capacity_ah * self.soh()
    }

    /// Charge of the emptiest and of the fullest cell.
    pub(super) fn extremes(&self) -> (f64, f64) {
        let charges = self.cells.iter().map(CellState::soc);
        charges.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), soc| (low.min(soc), high.max(soc)))
    }

    /// The mean that is kept for the tables; unlike [`Pack::soc`] it goes beyond 0 and 1.
    pub(super) fn true_soc(&self) -> f64 {
        self.soc
    }

    fn mean_soc(&self) -> f64 {
        self.cells.iter().map(CellState::soc).sum::<f64>() / self.cells.len().max(1) as f64
    }
}

/// The charge at which a cell at rest has the voltage that the charger holds.
pub(super) fn full_soc(spec: Spec) -> f64 {
    spec.cell.charge_at_rest(Volts(spec.layout.charge_v / spec.layout.series as f64))
}

/// Conductance through which a healthy cell discharges itself, S.
fn healthy_leak(spec: Spec) -> f64 {
    let amps = spec.cell.self_discharge_pct_month / 100.0 * spec.layout.capacity_ah / MONTH_H;
    amps / spec.cell.open_circuit(0.5).0
}
