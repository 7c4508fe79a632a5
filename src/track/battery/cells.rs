//! The cells of a pack beside each other: what each reading says of how they differ.

use serde::{Deserialize, Serialize};

use super::cell::{CellFeature, Moment, Step, correct_all, step_all};
use super::leader::Leader;
use super::list::CellList;
use super::ocv;
use super::reading::{Reading, measured};
use super::sampling::{FEW, MOST_CELLS, biased, dither, floor_u8, middle_of_few, resolution, unbiased};
use super::sensor::{Sensors, Trembling};
use super::suspect::{Fallen, Laggard, Limits};
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
/// Less current than this makes little of a joint, A: 20 mΩ make 20 mV (**assumed**).
const STILL_A: f32 = 1.0;
/// Slope of a nearly empty cell, mV/%, and such a charge, %.
const KNEE: f32 = 30.0;
const EMPTY_PCT: f32 = 15.0;
/// Share of a new step of the current in a cell's resistance.
const OHM_GAIN: f32 = 0.015;
/// A step of the current has at least so much polarisation, mV, and as many times what cells are rounded to, and takes at
/// most so long, s: later, charge has changed.
const STEP_MV: f32 = 10.0;
const STEP_ROUNDINGS: f32 = 2.0;
const STEP_S: f32 = 65.0;
/// How slowly the usual lag is learned, s (**assumed**: a leak that matters shows within days).
const BASE_S: f32 = 864_000.0;
/// The most that one reading counts in a lag, however long nothing was told.
const MOST_SHARE: f32 = 0.25;
/// The spread of the cells is looked at every so many readings.
const SPREAD_EVERY: u16 = 8;
/// Spread of the charge below which no healthy pack is believed to be, %: 2 mV on the slope of NMC.
pub(super) const LEAST_SPREAD_PCT: f32 = 0.25;
const OHM_SPREAD_STEPS: f32 = 128.0;
/// A cell resists from this excess on, if the next one has no more than this share of it.
const RESISTS: f32 = 0.25;
const ALONE: f32 = 0.6;
/// Spread of resistance below which no pack is believed to be.
const LEAST_OHM_SPREAD: f32 = 0.05;
/// The same of growth, in that.
const LEAST_GROWTH: f32 = 0.6;
/// A reading that tells this share of what one at rest on a steep curve does has told the lags.
const CLEAR: f32 = 0.2;
/// Readings before a cell can lag, and before one can fall.
const LAGS_AFTER: u16 = 10;
const TOLD_AFTER: u8 = 10;
const FALLS_AFTER: u16 = 20;
/// No cell.
const NONE: u8 = u8::MAX;

/// The cells of a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cells {
    /// The one that lags.
    pub laggard: Laggard,
    /// The one that runs ahead.
    #[serde(default)]
    pub leader: Leader,
    /// The one that fell suddenly.
    pub fallen: Fallen,
    /// Suspect sensors.
    pub sensors: Sensors,
    /// How they tremble at rest.
    pub trembling: Trembling,
    /// Spread of the lags and of their growth, 1/256 %, and of the resistances, 1/128.
    spread: u16,
    growth_spread: u16,
    ohm_spread: u8,
    /// Readings that told the lags, and minutes since the last.
    told: u8,
    untold_min: u16,
    /// The cell whose sensor is not to be believed.
    lying: u8,
    /// The cell that resists, and the steps of the current in a row that said so.
    resists: u8,
    resisted: u8,
    /// Steps of the current, and the mean polarisation under load, mV.
    steps: u8,
    load: u8,
    list: CellList,
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
    /// The median cell of the reading before, if that had as many cells, mV.
    pub(super) median_before: Option<f32>,
    /// How long nothing has flowed, s.
    pub(super) rested_s: u32,
}

impl Cells {
    /// So many, of which nothing is known.
    pub(super) fn new(count: usize) -> Self {
        Self {
            laggard: Laggard::default(),
            leader: Leader::default(),
            fallen: Fallen::default(),
            sensors: Sensors::default(),
            trembling: Trembling::default(),
            spread: 0,
            growth_spread: 0,
            ohm_spread: 0,
            told: 0,
            untold_min: 0,
            lying: NONE,
            resists: NONE,
            resisted: 0,
            steps: 0,
            load: 0,
            list: CellList::new(count),
        }
    }

    /// Compares the cells with their median.
    pub(super) fn follow(&mut self, now: &Reading, last: Option<(&Reading, f32)>, median_mv: f32, beside: Beside) {
        let untold_min = self.untold_min;
        let frame = self.frame(now, last, median_mv, beside);
        let mut innovations = [0.0_f32; MOST_CELLS];
        let innovations = &mut innovations[..self.list.len()];
        for ((innovation, cell), mv) in innovations.iter_mut().zip(&self.list).zip(now.cells_mv) {
            let own = cell.innovation(&frame.moment, f32::from(*mv) - frame.median_mv);
            *innovation = if measured(*mv) { own } else { 0.0 };
        }
        if beside.readings > 1 {
            self.sensors.compare(now, innovations, (median_mv, frame.step_mv));
        }
        if let Some((last, last_s)) = last
            && let Some(was) = beside.median_before
        {
            self.sensors.repeat(now, last, median_mv - was, frame.step_mv);
            self.tremble(now, last, &frame, was);
            if last_s <= STEP_S {
                self.step(now, last, median_mv - was, (beside.milliohms, frame.step_mv));
            }
        }
        self.doubt();
        let skip = self.lying_cell();
        if frame.moment.tells() {
            let sound = |index: usize| Some(index) != skip && measured(now.cells_mv[index]);
            correct_all(&mut self.list, &frame.moment, innovations, now.seconds(), sound);
        }
        if beside.readings % SPREAD_EVERY == 1 {
            self.measure_spread(frame.step_mv);
        }
        if beside.readings >= LAGS_AFTER && self.told >= TOLD_AFTER {
            let limits = Limits::of(now.chemistry, self.spread_pct(), self.growth_spread_pct());
            self.laggard.follow(&self.list, skip, limits, (now.seconds(), untold_min));
            if frame.moment.tells() {
                self.leader.follow(&self.list, skip, now.chemistry, self.growth_spread_pct());
            }
        }
        // Under load a loose joint falls as well, and where a charger holds the cells up nothing is told.
        let slope = frame.moment.slope;
        let quiet = frame.moment.polarisation.abs() <= REST_MV && ocv::is_relaxed(now.chemistry, beside.rested_s);
        // A joint that is not known yet makes some millivolts of the least current, and nearly empty cells differ.
        let empty = now.soc_pct < EMPTY_PCT;
        let still = now.amps.abs() <= STILL_A && slope < KNEE && !empty;
        if beside.readings >= FALLS_AFTER && quiet && still && slope > 0.0 {
            let spread = FALL_SIGMAS * self.spread_pct() * slope;
            let noise = 1.25 * FALL_SIGMAS * self.trembling.usual_mv();
            let rounding = FALL_MV + frame.step_mv + frame.swing_mv;
            let limit = rounding.max(spread).max(noise);
            self.fallen.follow(innovations, skip, limit, untold_min);
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
        // Nearly empty or on a charger, resistance depends so much on charge that cells differ by that.
        let empty = now.soc_pct < EMPTY_PCT;
        let even = slope > 0.0 && slope < KNEE && !empty;
        if polarisation <= -0.5 * LOADED_MV && even {
            let load = f32::from(self.load);
            let share = if self.load == 0 { 1.0 } else { 1.0 / 32.0 };
            self.load = floor_u8(load + share * (polarisation.abs() - load) + dither(now.seconds(), 13));
        }
        let tells = slope >= FLAT && ocv::is_relaxed(now.chemistry, beside.rested_s);
        let untold_s = f32::from(self.untold_min) * 60.0 + seconds;
        let share = (untold_s / SLOW_S).min(MOST_SHARE).max(1.0 / (f32::from(self.told) + 1.0));
        let settled = self.told == u8::MAX;
        let base_share = if settled { untold_s / BASE_S } else { 4.0 / (f32::from(self.told) + 4.0) };
        let lag_gain = if tells { share * clear } else { 0.0 };
        if clear * f32::from(u8::from(tells)) >= CLEAR {
            (self.told, self.untold_min) = (self.told.saturating_add(1), 0);
        } else {
            let minutes = seconds / 60.0 + dither(now.seconds(), 17);
            self.untold_min = self.untold_min.saturating_add(minutes as u16);
        }
        let base_gain = if lag_gain > 0.0 { base_share * clear } else { 0.0 };
        let moment = Moment { slope, polarisation, lag_gain, base_gain };
        let swing_mv = last.map_or(0.0, |(last, _)| (now.amps - last.amps).abs() * beside.milliohms);
        Frame { median_mv, step_mv: resolution(now.cells_mv), moment, swing_mv }
    }

    /// Takes note of how cells tremble while the current does not change.
    fn tremble(&mut self, now: &Reading, last: &Reading, frame: &Frame, median_before: f32) {
        if frame.swing_mv > 5.0 || frame.moment.polarisation.abs() > REST_MV || frame.moment.slope <= 0.0 {
            return;
        }
        let change = |index: usize| {
            let (mv, was) = (now.cells_mv[index], last.cells_mv[index]);
            let change = (f32::from(mv) - frame.median_mv) - (f32::from(was) - median_before);
            (measured(mv) && measured(was)).then_some(change)
        };
        self.trembling.follow(self.list.len(), change, dither(now.seconds(), 211));
    }

    /// Learns the resistances from a step of the current.
    fn step(&mut self, now: &Reading, last: &Reading, moved_mv: f32, (milliohms, step_mv): (f32, f32)) {
        let polarisation = milliohms * (now.amps - last.amps);
        let empty = now.soc_pct < EMPTY_PCT;
        if polarisation.abs() < STEP_MV.max(STEP_ROUNDINGS * step_mv) || empty {
            return;
        }
        self.steps = self.steps.saturating_add(1);
        let gain = OHM_GAIN.max(1.0 / (f32::from(self.steps) + 4.0));
        let change = |index: usize| {
            let (mv, was) = (now.cells_mv[index], last.cells_mv[index]);
            (measured(mv) && measured(was)).then(|| f32::from(mv) - f32::from(was) - moved_mv)
        };
        step_all(&mut self.list, Step { polarisation, gain }, now.seconds(), change);
        self.follow_resistive();
    }

    /// Spread by the median absolute deviation, which one bad cell does not change.
    fn measure_spread(&mut self, step_mv: f32) {
        let count = self.list.len();
        if count < 3 {
            return;
        }
        let lags = self.middle(|cell| cell.raw_lag().unsigned_abs()) * 1.4826;
        let growths = self.middle(|cell| (cell.growth_pct().abs() * 256.0) as u16) * 1.4826;
        let ohms = self.middle(|cell| (cell.ohm_excess().abs() * OHM_SPREAD_STEPS) as u16) * 1.4826;
        let few = (8.0 / count as f32).max(1.0);
        let least = LEAST_SPREAD_PCT * few * (1.0 + 0.15 * step_mv);
        self.spread = lags.max(least * 256.0) as u16;
        self.growth_spread = growths.max(LEAST_GROWTH * least * 256.0) as u16;
        self.ohm_spread = ohms.max(LEAST_OHM_SPREAD * few.sqrt() * (1.0 + 0.05 * step_mv) * OHM_SPREAD_STEPS) as u8;
    }

    /// The middle of something that cells have.
    fn middle(&self, value: impl Fn(&CellFeature) -> u16) -> f32 {
        let count = self.list.len();
        if count <= FEW {
            let mut values = [i16::MAX; FEW];
            values.iter_mut().zip(&self.list).for_each(|(slot, cell)| *slot = biased(value(cell)));
            return unbiased(middle_of_few(&values, count)).into();
        }
        let mut values = [0_u16; MOST_CELLS];
        values.iter_mut().zip(&self.list).for_each(|(slot, cell)| *slot = value(cell));
        f32::from(*values[..count].select_nth_unstable(count / 2).1)
    }

    /// Decides whose sensor is not to be believed.
    fn doubt(&mut self) {
        let lying = self.sensors.suspect().or_else(|| self.trembling.suspect());
        self.lying = lying.map_or(NONE, |cell| cell as u8);
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

    /// Steps of the current so far, at most 255.
    #[must_use]
    pub fn steps(&self) -> u8 {
        self.steps
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
        f32::from(self.ohm_spread) / OHM_SPREAD_STEPS
    }

    /// Robust standard deviation of the growth of the lags, % of the charge.
    #[must_use]
    pub fn growth_spread_pct(&self) -> f32 {
        f32::from(self.growth_spread) / 256.0
    }

    /// The cell that has more resistance than all others, its excess in the median one, and in how many steps of the current
    /// in a row it had, at most 255. Where cells are measured one after the other while the current changes, a whole group
    /// seems to have more: only one that stands alone counts.
    #[must_use]
    pub fn resistive(&self) -> Option<(usize, f32, u8)> {
        let cell = usize::from(self.resists);
        (self.resists != NONE).then(|| (cell, self.get(cell).ohm_excess(), self.resisted))
    }

    fn follow_resistive(&mut self) {
        let alone = self.most_resistive().filter(|(_, excess, next)| *excess >= RESISTS && *next <= ALONE * excess);
        match alone {
            Some((cell, ..)) if cell == usize::from(self.resists) => self.resisted = self.resisted.saturating_add(1),
            Some((cell, ..)) => (self.resists, self.resisted) = (cell as u8, 1),
            None => (self.resists, self.resisted) = (NONE, 0),
        }
    }

    /// The cell with the most resistance, but for one whose sensor lies, its excess, and the next cell's.
    fn most_resistive(&self) -> Option<(usize, f32, f32)> {
        let skip = self.lying_cell();
        let (mut most, mut next) = (None, 0.0);
        for (index, cell) in self.list.iter().enumerate().filter(|(index, _)| Some(*index) != skip) {
            let excess = cell.ohm_excess();
            let (_, highest) = most.unwrap_or((0, f32::MIN));
            if excess > highest {
                next = if most.is_some() { highest } else { next };
                most = Some((index, excess));
            } else {
                next = next.max(excess);
            }
        }
        most.map(|(index, excess)| (index, excess, next))
    }

    /// The cell whose sensor is not to be believed.
    #[must_use]
    pub fn lying_cell(&self) -> Option<usize> {
        (self.lying != NONE).then(|| usize::from(self.lying))
    }
}
