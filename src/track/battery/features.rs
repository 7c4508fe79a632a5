//! Everything that is remembered of a pack, and how a reading changes it.

use serde::{Deserialize, Serialize};

use super::cell::{CellFeature, Moment};
use super::charge::Charge;
use super::coulombs::Coulombs;
use super::heat::Heat;
use super::ocv;
use super::reading::{Reading, measured};
use super::rest::Rest;
use super::sensor::Sensors;
use super::suspect::{Fallen, Laggard};
use crate::model::Chemistry;

/// Cells in series that are followed at most; of a pack with more, the first.
pub const MOST_CELLS: usize = 128;
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
/// Share of a new current step in the pack's resistance, and in the usual one.
const STEP_GAIN: f32 = 0.05;
const USUAL_GAIN: f32 = 0.002;
/// A current step has at least so many amperes and at most so many seconds.
const STEP_A: f32 = 2.0;
const STEP_S: f32 = 120.0;
/// The spread of the cells is looked at every so many readings.
const SPREAD_EVERY: u16 = 8;
/// Spread of the charge below which no healthy pack is believed to be, %: 2 mV on the slope of NMC.
const LEAST_SPREAD_PCT: f32 = 0.25;
/// Spread of resistance below which no pack is believed to be.
const LEAST_OHM_SPREAD: f32 = 0.06;
/// How slowly the usual insulation is learned, s.
const INSULATION_S: f32 = 86_400.0;

/// What is remembered of a pack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PackFeatures {
    pub(super) pack: u32,
    seen: u32,
    coulombs: Coulombs,
    rest: Rest,
    laggard: Laggard,
    fallen: Fallen,
    sensors: Sensors,
    charge: Charge,
    heat: Heat,
    readings: u16,
    /// Resistance of the median cell on current steps, now and usually, 0.01 mΩ.
    ohms: u16,
    usual_ohms: u16,
    /// Spread of the lags, 1/256 %, and of the resistances, 1/32.
    spread: u16,
    ohm_spread: u8,
    /// Readings under load, and current steps.
    loaded: u8,
    steps: u8,
    /// Mean polarisation under load, mV.
    load: u8,
    /// Usual insulation, kΩ.
    insulation: u16,
    cells: Box<[CellFeature]>,
}

/// What one reading has in common for all cells.
struct Frame {
    cells: usize,
    median_mv: f32,
    step_mv: f32,
    moment: Moment,
    /// Change of the polarisation since the last reading, mV.
    swing_mv: f32,
}

impl PackFeatures {
    /// A pack that is seen for the first time.
    #[must_use]
    pub fn new(reading: &Reading) -> Self {
        Self {
            pack: reading.pack,
            seen: reading.seconds(),
            coulombs: Coulombs::default(),
            rest: Rest::default(),
            laggard: Laggard::default(),
            fallen: Fallen::default(),
            sensors: Sensors::default(),
            charge: Charge::default(),
            heat: Heat::default(),
            readings: 0,
            ohms: 0,
            usual_ohms: 0,
            spread: 0,
            ohm_spread: 0,
            loaded: 0,
            steps: 0,
            load: 0,
            insulation: 0,
            cells: vec![CellFeature::default(); reading.cells_mv.len().min(MOST_CELLS)].into(),
        }
    }

    /// Takes note of a reading; `last` is the one before of the same pack.
    pub fn follow(&mut self, now: &Reading, last: Option<&Reading>) {
        let last = last.filter(|last| last.pack == now.pack && last.time <= now.time);
        let timed = last.map(|last| (last, now.time.seconds_since(last.time) as f32));
        if now.cells_mv.len().min(MOST_CELLS) > self.cells.len() {
            // Until now some were missing: what is known belongs to others.
            *self = Self { cells: Self::new(now).cells, ..self.clone() };
        }
        // At the end of its range it goes round in eights, so that the spread is still looked at.
        self.readings = self.readings.checked_add(1).unwrap_or(u16::MAX - 7);
        self.heat.follow(now, timed);
        self.coulombs.follow(now, timed);
        let seconds = timed.map_or(0.0, |(_, seconds)| seconds);
        self.insulate(now, seconds);
        let median = median(now.cells_mv);
        self.rest.follow(now, timed, median.unwrap_or(0.0));
        let series = now.cells_mv.len().max(1) as f32;
        self.charge.follow(now, last, now.pack_mv / series);
        if let Some(median) = median
            && now.cells_mv.len() >= self.cells.len()
        {
            self.compare(now, timed, median);
        }
        self.seen = now.seconds();
    }

    fn insulate(&mut self, now: &Reading, seconds: f32) {
        if self.insulation == 0 {
            self.insulation = now.insulation_kohm.clamp(1.0, 60_000.0) as u16;
        } else {
            let gain = seconds.min(3600.0) / INSULATION_S;
            let usual = f32::from(self.insulation);
            let dither = dither(now.seconds(), 7);
            self.insulation = (usual + gain * (now.insulation_kohm.min(60_000.0) - usual) + dither).floor() as u16;
        }
    }

    /// Compares the cells with their median.
    fn compare(&mut self, now: &Reading, last: Option<(&Reading, f32)>, median_mv: f32) {
        let before = last.filter(|(last, _)| last.cells_mv.len() == now.cells_mv.len());
        let median_before = before.and_then(|(last, _)| median(last.cells_mv));
        if let (Some((last, seconds)), Some(was)) = (before, median_before) {
            self.step(now.amps - last.amps, median_mv - was, seconds);
        }
        let frame = self.frame(now, last, median_mv);
        let mut innovations = [0.0_f32; MOST_CELLS];
        let innovations = &mut innovations[..frame.cells];
        for ((innovation, cell), mv) in innovations.iter_mut().zip(&self.cells).zip(now.cells_mv) {
            if measured(*mv) {
                *innovation = cell.innovation(&frame.moment, f32::from(*mv) - frame.median_mv);
            }
        }
        if self.readings > 1 {
            self.sensors.compare(now, innovations, frame.step_mv);
        }
        if let (Some((last, _)), Some(was)) = (before, median_before) {
            self.sensors.repeat(now, last, median_mv - was, frame.step_mv);
            self.tremble(now, last, &frame, was);
        }
        let skip = self.lying_cell();
        for (index, (cell, innovation)) in self.cells.iter_mut().zip(&*innovations).enumerate() {
            if Some(index) != skip && measured(now.cells_mv[index]) {
                let dither = dither(now.seconds(), index as u32);
                cell.correct(&Moment { dither, ..frame.moment }, *innovation);
            }
        }
        if self.readings % SPREAD_EVERY == 1 {
            self.measure_spread(frame.step_mv);
        }
        let least = if now.chemistry == Chemistry::Vrla { 4.0 } else { 1.5 };
        if self.readings >= 10 {
            self.laggard.follow(&self.cells, skip, (self.spread_pct(), least), now.seconds());
        }
        // Under load a loose joint falls as well, and where a charger holds the cells up nothing is told.
        let slope = frame.moment.slope;
        if self.readings >= 20 && frame.moment.polarisation.abs() <= REST_MV && slope > 0.0 {
            let spread = FALL_SIGMAS * self.spread_pct() * slope;
            let noise = 1.25 * FALL_SIGMAS * self.median_noise_mv();
            let rounding = FALL_MV + frame.step_mv + frame.swing_mv;
            self.fallen.follow(innovations, skip, rounding.max(spread).max(noise), now.seconds());
        }
    }

    fn frame(&mut self, now: &Reading, last: Option<(&Reading, f32)>, median_mv: f32) -> Frame {
        let milliohms = f32::from(self.ohms) / 100.0;
        let polarisation = milliohms * now.amps;
        let resting_mv = median_mv - polarisation;
        let mut slope = ocv::slope_at(now.chemistry, resting_mv);
        if now.chemistry == Chemistry::Lfp && now.soc_pct >= 0.0 {
            // A few millivolts of polarisation decide whether the plateau seems steep.
            slope = slope.min(ocv::slope_of_charge(now.chemistry, now.soc_pct));
        }
        let norm = polarisation * polarisation + LOADED_MV * LOADED_MV;
        let clear = slope * slope / (slope * slope + STEEP * STEEP) * LOADED_MV * LOADED_MV / norm;
        let seconds = last.map_or(0.0, |(_, seconds)| seconds.min(LONGEST_S));
        let share = (seconds / SLOW_S).max(1.0 / (f32::from(self.readings) + 1.0));
        // Nearly empty or on a charger, resistance depends so much on charge that cells differ by that.
        let even = slope > 0.0 && slope < KNEE && !(now.soc_pct < EMPTY_PCT);
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
        let swing_mv = last.map_or(0.0, |(last, _)| (now.amps - last.amps).abs() * milliohms);
        Frame { cells: self.cells.len(), median_mv, step_mv: resolution(now.cells_mv), moment, swing_mv }
    }

    /// Learns the resistance from a step of the current.
    fn step(&mut self, amps: f32, millivolts: f32, seconds: f32) {
        if amps.abs() < STEP_A || seconds > STEP_S {
            return;
        }
        let hundredths = millivolts / amps * 100.0;
        if !(5.0..30_000.0).contains(&hundredths) {
            return;
        }
        self.steps = self.steps.saturating_add(1);
        let follow = |known: u16, gain: f32| {
            let gain = gain.max(1.0 / f32::from(self.steps));
            (f32::from(known) + gain * (hundredths - f32::from(known)) + 0.5) as u16
        };
        (self.ohms, self.usual_ohms) = (follow(self.ohms, STEP_GAIN), follow(self.usual_ohms, USUAL_GAIN));
    }

    /// Takes note of how cells tremble while the current does not change.
    fn tremble(&mut self, now: &Reading, last: &Reading, frame: &Frame, median_before: f32) {
        if frame.swing_mv > 5.0 || frame.moment.polarisation.abs() > REST_MV || frame.moment.slope <= 0.0 {
            return;
        }
        for (index, cell) in self.cells.iter_mut().enumerate() {
            let (mv, was) = (now.cells_mv[index], last.cells_mv[index]);
            if measured(mv) && measured(was) {
                let change = (f32::from(mv) - frame.median_mv) - (f32::from(was) - median_before);
                cell.tremble(change, dither(now.seconds(), index as u32 + 211));
            }
        }
    }

    /// Spread by the median absolute deviation, which one bad cell does not change.
    fn measure_spread(&mut self, step_mv: f32) {
        let cells = self.cells.len();
        if cells < 3 {
            return;
        }
        let mut lags = [0_u16; MOST_CELLS];
        let mut ohms = [0_u16; MOST_CELLS];
        for (index, cell) in self.cells.iter().enumerate() {
            lags[index] = cell.raw_lag().unsigned_abs();
            ohms[index] = u16::from(cell.raw_ohm().unsigned_abs());
        }
        let middle = |values: &mut [u16]| f32::from(*values.select_nth_unstable(cells / 2).1) * 1.4826;
        let few = (8.0 / cells as f32).max(1.0);
        let least = LEAST_SPREAD_PCT * few * (1.0 + 0.15 * step_mv);
        self.spread = middle(&mut lags[..cells]).max(least * 256.0) as u16;
        self.ohm_spread = middle(&mut ohms[..cells]).max(LEAST_OHM_SPREAD * few * 32.0) as u8;
    }

    /// What is remembered of each cell.
    #[must_use]
    pub fn cells(&self) -> &[CellFeature] {
        &self.cells
    }

    /// Readings so far, at most 65,535.
    #[must_use]
    pub fn readings(&self) -> u16 {
        self.readings
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

    /// Device time of the last reading, s.
    #[must_use]
    pub fn seen_s(&self) -> u32 {
        self.seen
    }

    /// Robust standard deviation of the cells' lags, % of the charge.
    #[must_use]
    pub fn spread_pct(&self) -> f32 {
        f32::from(self.spread) / 256.0
    }

    /// Robust standard deviation of the cells' resistances, in the median one.
    #[must_use]
    pub fn ohm_spread(&self) -> f32 {
        f32::from(self.ohm_spread) / 32.0
    }

    /// Resistance of the median cell on current steps, mΩ; `None` before thirty.
    #[must_use]
    pub fn milliohms(&self) -> Option<f32> {
        (self.steps >= 30).then(|| f32::from(self.ohms) / 100.0)
    }

    /// Resistance over the usual one of this pack.
    #[must_use]
    pub fn ohm_growth(&self) -> Option<f32> {
        (self.steps >= 60 && self.usual_ohms > 0).then(|| f32::from(self.ohms) / f32::from(self.usual_ohms))
    }

    /// Median of what the cells tremble by at rest, mV.
    #[must_use]
    pub fn median_noise_mv(&self) -> f32 {
        let mut noises = [0_u8; MOST_CELLS];
        let cells = self.cells.len();
        if cells == 0 {
            return 0.0;
        }
        for (noise, cell) in noises.iter_mut().zip(&self.cells) {
            *noise = cell.raw_noise();
        }
        f32::from(*noises[..cells].select_nth_unstable(cells / 2).1) / 2.0
    }

    /// The cell with the most resistance, but for one whose sensor is suspect, and its excess in the median one.
    #[must_use]
    pub fn most_resistive(&self) -> Option<(usize, f32)> {
        let skip = self.lying_cell();
        let cells = self.cells.iter().enumerate().filter(|(index, _)| Some(*index) != skip);
        cells.max_by_key(|(_, cell)| cell.raw_ohm()).map(|(index, cell)| (index, cell.ohm_excess()))
    }

    /// The cell that trembles most, and by how much, mV.
    #[must_use]
    pub fn noisiest(&self) -> Option<(usize, f32)> {
        let cells = self.cells.iter().enumerate();
        cells.max_by_key(|(_, cell)| cell.raw_noise()).map(|(index, cell)| (index, cell.noise_mv()))
    }

    /// Usual insulation, kΩ.
    #[must_use]
    pub fn usual_insulation_kohm(&self) -> f32 {
        f32::from(self.insulation)
    }

    /// Charge counted, and the capacity.
    #[must_use]
    pub fn coulombs(&self) -> Coulombs {
        self.coulombs
    }

    /// The last long rest.
    #[must_use]
    pub fn rest(&self) -> Rest {
        self.rest
    }

    /// The cell that lags.
    #[must_use]
    pub fn laggard(&self) -> Laggard {
        self.laggard
    }

    /// The cell that fell suddenly.
    #[must_use]
    pub fn fallen(&self) -> Fallen {
        self.fallen
    }

    /// Suspect sensors.
    #[must_use]
    pub fn sensors(&self) -> Sensors {
        self.sensors
    }

    /// The cell whose sensor is not to be believed.
    #[must_use]
    pub fn lying_cell(&self) -> Option<usize> {
        self.sensors.suspect().or_else(|| {
            let (cell, noise) = self.noisiest()?;
            (noise >= 10.0 && noise >= 10.0 + 4.0 * self.median_noise_mv()).then_some(cell)
        })
    }

    /// Charging.
    #[must_use]
    pub fn charge(&self) -> Charge {
        self.charge
    }

    /// The rise of temperature.
    #[must_use]
    pub fn heat(&self) -> Heat {
        self.heat
    }

    /// Resistance of a leak that makes a cell of `volts` lose `pct_per_h` of its charge, Ω.
    #[must_use]
    pub fn leak_ohms(&self, pct_per_h: f32, volts: f32) -> Option<f32> {
        let amps = pct_per_h / 100.0 * self.coulombs.capacity_ah().unwrap_or(20.0);
        (amps > 0.0).then(|| volts / amps)
    }

    /// How far the pack is from healthy, as one number for ranking vehicles: 1 where the first rule would speak.
    #[must_use]
    pub fn risk(&self) -> f32 {
        let spread = self.spread_pct().max(LEAST_SPREAD_PCT);
        let lag = self.cells.iter().map(|cell| cell.lag_pct()).fold(0.0, f32::max);
        let ohm = self.most_resistive().map_or(0.0, |(_, excess)| excess / 0.35);
        let sensor = self.sensors.off().map_or(0.0, |(_, count, _)| f32::from(count) / 6.0);
        let stuck = self.sensors.stuck().map_or(0.0, |(_, travel)| travel / 100.0);
        let noise = self.noisiest().map_or(0.0, |(_, mv)| mv / (10.0 + 4.0 * self.median_noise_mv()));
        let fallen = self.fallen.cell().map_or(0.0, |(.., readings)| f32::from(readings) / 3.0);
        let drain = self.rest.daily_pct().min(4.0 * self.rest.lost_pct()) / 2.8;
        let lag = if self.readings >= 60 { (lag / (6.0 * spread)).min(lag / 1.5) } else { 0.0 };
        let ohm = if self.loaded >= 60 { ohm.min(ohm * 0.06 / self.ohm_spread().max(0.05)) } else { 0.0 };
        let heat = f32::from(self.heat.fast_readings());
        [lag, ohm, sensor.min(3.0), stuck.min(3.0), noise, fallen.min(3.0), drain, heat].into_iter().fold(0.0, f32::max)
    }
}

/// From 0 to 1, another one in each reading and cell, the same in every run.
fn dither(seconds: u32, salt: u32) -> f32 {
    let mixed = seconds.wrapping_mul(0x9E37_79B1) ^ salt.wrapping_mul(0x85EB_CA6B);
    let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x2C1B_3C6D);
    (mixed >> 8) as f32 / 16_777_216.0
}

/// Resolution of the cells' voltages, mV: 10, 5 or 1.
fn resolution(cells_mv: &[u16]) -> f32 {
    let all = |step: u16| cells_mv.len() > 2 && cells_mv.iter().all(|mv| mv.is_multiple_of(step));
    if all(10) {
        10.0
    } else if all(5) {
        5.0
    } else {
        1.0
    }
}

/// The middle of the cells that were measured, mV; of an even number, of the middle two.
fn median(cells_mv: &[u16]) -> Option<f32> {
    let mut values = [0_u16; MOST_CELLS];
    let mut count = 0;
    for mv in cells_mv.iter().copied().filter(|mv| measured(*mv)).take(MOST_CELLS) {
        values[count] = mv;
        count += 1;
    }
    if count == 0 {
        return None;
    }
    let (below, upper, _) = values[..count].select_nth_unstable(count / 2);
    let upper = f32::from(*upper);
    let lower = if count.is_multiple_of(2) { below.iter().max().copied().map_or(upper, f32::from) } else { upper };
    Some(f32::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_cells_are_remembered_in_160_bytes() {
        let bytes = size_of::<PackFeatures>() + 16 * size_of::<CellFeature>();
        assert!(bytes <= 160, "{bytes} bytes");
    }
}
