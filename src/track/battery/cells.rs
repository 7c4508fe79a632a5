//! The cells of a pack beside each other: what each reading says of how they differ.

use serde::{Deserialize, Serialize};

use super::cell::{CellFeature, Moment};
use super::ocv;
use super::reading::{Reading, measured};
use super::sampling::{MOST_CELLS, dither, median, resolution};
use super::sensor::Sensors;
use super::suspect::{Fallen, Laggard};
use crate::model::Chemistry;

/// How slowly a lag is learned, s of readings (3 h found all faults of a recorded car and no other cell).
const SLOW_S: f32 = 10_800.0;
/// Time between readings counts up to this, s.
const LONGEST_S: f32 = 300.0;
/// Polarisation from which a deviation rather tells resistance than charge, mV (**assumed**).
const LOADED_MV: f32 = 30.0;
/// Where charge changes the voltage by less, mV/%, a deviation tells nothing of it.
const FLAT: f32 = 2.0;
/// Slope at which rounding and noise of some millivolts count little, mV/%.
const STEEP: f32 = 3.0;
/// Polarisation of a cell that is all but at rest, mV.
const REST_MV: f32 = 10.0;
/// A cell that is less below what is known of it has not fallen, mV, and deviations of charge and noise.
const FALL_MV: f32 = 12.0;
const FALL_SIGMAS: f32 = 6.0;
/// Slope of a nearly empty cell, mV/%, and such a charge, %.
const KNEE: f32 = 30.0;
const EMPTY_PCT: f32 = 15.0;
/// Share of a new look at a loaded cell in its resistance.
const OHM_GAIN: f32 = 0.01;
/// The spread of the cells is looked at every so many readings.
const SPREAD_EVERY: u16 = 8;
/// Spread of the charge below which no healthy pack is believed to be, %: 2 mV on the slope of NMC.
pub(super) const LEAST_SPREAD_PCT: f32 = 0.25;
/// Spread of resistance below which no pack is believed to be.
const LEAST_OHM_SPREAD: f32 = 0.06;
/// A cell whose deviation trembles by so much at rest, mV, and so many times that of the median cell, is not believed.
const TREMBLING_MV: f32 = 10.0;
const TREMBLING_RATIO: f32 = 4.0;
/// Readings before a cell can lag, and before one can fall.
const LAGS_AFTER: u16 = 10;
const FALLS_AFTER: u16 = 20;
/// No cell.
const NONE: u8 = u8::MAX;

/// The cells of a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cells {
    /// The one that lags.
    pub laggard: Laggard,
    /// The one that fell suddenly.
    pub fallen: Fallen,
    /// Suspect sensors.
    pub sensors: Sensors,
    /// Spread of the lags, 1/256 %, of the resistances, 1/32, and the median trembling, 1/2 mV.
    spread: u16,
    ohm_spread: u8,
    noise: u8,
    /// The cell whose sensor is not to be believed.
    lying: u8,
    /// Readings under load, and the mean polarisation then, mV.
    loaded: u8,
    load: u8,
    list: Box<[CellFeature]>,
}

/// What one reading has in common for all cells.
struct Frame {
    median_mv: f32,
    step_mv: f32,
    moment: Moment,
    /// Change of the polarisation since the last reading, mV.
    swing_mv: f32,
}

/// What is known of the pack besides its cells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beside {
    /// Readings so far, with this one.
    pub(super) readings: u16,
    /// Resistance of the median cell, mΩ.
    pub(super) milliohms: f32,
}

impl Cells {
    /// So many, of which nothing is known.
    pub(super) fn new(count: usize) -> Self {
        Self {
            laggard: Laggard::default(),
            fallen: Fallen::default(),
            sensors: Sensors::default(),
            spread: 0,
            ohm_spread: 0,
            noise: 0,
            lying: NONE,
            loaded: 0,
            load: 0,
            list: vec![CellFeature::default(); count.min(MOST_CELLS)].into(),
        }
    }

    /// Compares the cells with their median.
    pub(super) fn follow(&mut self, now: &Reading, last: Option<(&Reading, f32)>, median_mv: f32, beside: Beside) {
        let before = last.filter(|(last, _)| last.cells_mv.len() == now.cells_mv.len());
        let frame = self.frame(now, last, median_mv, beside);
        let mut innovations = [0.0_f32; MOST_CELLS];
        let innovations = &mut innovations[..self.list.len()];
        for ((innovation, cell), mv) in innovations.iter_mut().zip(&self.list).zip(now.cells_mv) {
            if measured(*mv) {
                *innovation = cell.innovation(&frame.moment, f32::from(*mv) - frame.median_mv);
            }
        }
        if beside.readings > 1 {
            self.sensors.compare(now, innovations, frame.step_mv);
        }
        if let Some((last, _)) = before
            && let Some(was) = median(last.cells_mv)
        {
            self.sensors.repeat(now, last, median_mv - was, frame.step_mv);
            self.tremble(now, last, &frame, was);
        }
        self.doubt();
        let skip = self.lying_cell();
        for (index, (cell, innovation)) in self.list.iter_mut().zip(&*innovations).enumerate() {
            if Some(index) != skip && measured(now.cells_mv[index]) {
                let dither = dither(now.seconds(), index as u32);
                cell.correct(&Moment { dither, ..frame.moment }, *innovation);
            }
        }
        if beside.readings % SPREAD_EVERY == 1 {
            self.measure_spread(frame.step_mv);
        }
        let threshold_pct = if now.chemistry == Chemistry::Vrla { 4.0 } else { 1.5 };
        if beside.readings >= LAGS_AFTER {
            self.laggard.follow(&self.list, skip, (self.spread_pct(), threshold_pct), now.seconds());
        }
        // Under load a loose joint falls as well, and where a charger holds the cells up nothing is told.
        let slope = frame.moment.slope;
        if beside.readings >= FALLS_AFTER && frame.moment.polarisation.abs() <= REST_MV && slope > 0.0 {
            let spread = FALL_SIGMAS * self.spread_pct() * slope;
            let noise = 1.25 * FALL_SIGMAS * self.median_noise_mv();
            let rounding = FALL_MV + frame.step_mv + frame.swing_mv;
            self.fallen.follow(innovations, skip, rounding.max(spread).max(noise), now.seconds());
        }
    }

    fn frame(&mut self, now: &Reading, last: Option<(&Reading, f32)>, median_mv: f32, beside: Beside) -> Frame {
        let polarisation = beside.milliohms * now.amps;
        let resting_mv = median_mv - polarisation;
        let mut slope = ocv::slope_at(now.chemistry, resting_mv);
        if now.chemistry == Chemistry::Lfp && now.soc_pct >= 0.0 {
            // A few millivolts of polarisation decide whether the plateau seems steep.
            slope = slope.min(ocv::slope_of_charge(now.chemistry, now.soc_pct));
        }
        let norm = polarisation * polarisation + LOADED_MV * LOADED_MV;
        let clear = slope * slope / (slope * slope + STEEP * STEEP) * LOADED_MV * LOADED_MV / norm;
        let seconds = last.map_or(0.0, |(_, seconds)| seconds.min(LONGEST_S));
        let share = (seconds / SLOW_S).max(1.0 / (f32::from(beside.readings) + 1.0));
        // Nearly empty or on a charger, resistance depends so much on charge that cells differ by that.
        let empty = now.soc_pct < EMPTY_PCT;
        let even = slope > 0.0 && slope < KNEE && !empty;
        let loaded = polarisation <= -0.5 * LOADED_MV && even;
        if loaded {
            self.loaded = self.loaded.saturating_add(1);
            let load = f32::from(self.load);
            let share = (1.0 / f32::from(self.loaded)).max(1.0 / 64.0);
            self.load = (load + share * (polarisation.abs() - load) + dither(now.seconds(), 13)).floor() as u8;
        }
        let learning = OHM_GAIN.max(1.0 / (f32::from(self.loaded) + 4.0));
        let moment = Moment {
            slope,
            polarisation,
            lag_gain: if slope >= FLAT { share * clear } else { 0.0 },
            ohm_gain: if loaded { learning * polarisation / norm } else { 0.0 },
            dither: 0.0,
        };
        let swing_mv = last.map_or(0.0, |(last, _)| (now.amps - last.amps).abs() * beside.milliohms);
        Frame { median_mv, step_mv: resolution(now.cells_mv), moment, swing_mv }
    }

    /// Takes note of how cells tremble while the current does not change.
    fn tremble(&mut self, now: &Reading, last: &Reading, frame: &Frame, median_before: f32) {
        if frame.swing_mv > 5.0 || frame.moment.polarisation.abs() > REST_MV || frame.moment.slope <= 0.0 {
            return;
        }
        for (index, cell) in self.list.iter_mut().enumerate() {
            let (mv, was) = (now.cells_mv[index], last.cells_mv[index]);
            if measured(mv) && measured(was) {
                let change = (f32::from(mv) - frame.median_mv) - (f32::from(was) - median_before);
                cell.tremble(change, dither(now.seconds(), index as u32 + 211));
            }
        }
    }

    /// Spread by the median absolute deviation, which one bad cell does not change.
    fn measure_spread(&mut self, step_mv: f32) {
        let count = self.list.len();
        if count < 3 {
            return;
        }
        let mut values = [0_u16; MOST_CELLS];
        let mut middle = |value: fn(&CellFeature) -> u16| {
            for (slot, cell) in values.iter_mut().zip(&self.list) {
                *slot = value(cell);
            }
            f32::from(*values[..count].select_nth_unstable(count / 2).1)
        };
        let lags = middle(|cell| cell.raw_lag().unsigned_abs()) * 1.4826;
        let ohms = middle(|cell| u16::from(cell.raw_ohm().unsigned_abs())) * 1.4826;
        self.noise = middle(|cell| u16::from(cell.raw_noise())) as u8;
        let few = (8.0 / count as f32).max(1.0);
        let least = LEAST_SPREAD_PCT * few * (1.0 + 0.15 * step_mv);
        self.spread = lags.max(least * 256.0) as u16;
        self.ohm_spread = ohms.max(LEAST_OHM_SPREAD * few * 32.0) as u8;
    }

    /// Decides whose sensor is not to be believed.
    fn doubt(&mut self) {
        let trembling = || {
            let (cell, noise) = self.noisiest()?;
            (noise >= TREMBLING_MV + TREMBLING_RATIO * self.median_noise_mv()).then_some(cell)
        };
        self.lying = self.sensors.suspect().or_else(trembling).map_or(NONE, |cell| cell as u8);
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether none is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// What is remembered of each.
    pub fn iter(&self) -> impl Iterator<Item = &CellFeature> {
        self.list.iter()
    }

    /// What is remembered of one, from 0; of one that is not there, nothing.
    #[must_use]
    pub fn get(&self, cell: usize) -> CellFeature {
        self.list.get(cell).copied().unwrap_or_default()
    }

    /// Readings under load so far, at most 255.
    #[must_use]
    pub fn loaded_readings(&self) -> u8 {
        self.loaded
    }

    /// Mean polarisation of the median cell under load, mV; at most 255.
    #[must_use]
    pub fn load_mv(&self) -> f32 {
        f32::from(self.load)
    }

    /// Robust standard deviation of the lags, % of the charge.
    #[must_use]
    pub fn spread_pct(&self) -> f32 {
        f32::from(self.spread) / 256.0
    }

    /// Robust standard deviation of the resistances, in the median one.
    #[must_use]
    pub fn ohm_spread(&self) -> f32 {
        f32::from(self.ohm_spread) / 32.0
    }

    /// Median of what the cells tremble by at rest, mV.
    #[must_use]
    pub fn median_noise_mv(&self) -> f32 {
        f32::from(self.noise) / 2.0
    }

    /// The cell with the most resistance, but for one whose sensor lies, and its excess in the median one.
    #[must_use]
    pub fn most_resistive(&self) -> Option<(usize, f32)> {
        let skip = self.lying_cell();
        let cells = self.list.iter().enumerate().filter(|(index, _)| Some(*index) != skip);
        cells.max_by_key(|(_, cell)| cell.raw_ohm()).map(|(index, cell)| (index, cell.ohm_excess()))
    }

    /// The cell that trembles most, and by how much, mV.
    #[must_use]
    pub fn noisiest(&self) -> Option<(usize, f32)> {
        let cells = self.list.iter().enumerate();
        cells.max_by_key(|(_, cell)| cell.raw_noise()).map(|(index, cell)| (index, cell.noise_mv()))
    }

    /// The cell whose sensor is not to be believed.
    #[must_use]
    pub fn lying_cell(&self) -> Option<usize> {
        (self.lying != NONE).then(|| usize::from(self.lying))
    }
}
