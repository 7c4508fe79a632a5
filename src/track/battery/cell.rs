//! What is remembered of a cell: four bytes.
//!
//! Each reading gives the deviation d of every cell from the pack's median. It is explained by two things that cells have:
//! a lag of charge, d = −slope·lag, and a resistance that differs, d = ratio·u with the polarisation u = R·I of the median
//! cell. The ratio is learned from steps of the current, Δd = ratio·Δu: within seconds no charge changes, so nothing that a
//! cell lacks is taken for resistance. What remains of d then corrects the lag; both are normalised least-mean-squares
//! filters. How the lag was over the last days is remembered as well: a leak shows as growth, whatever the lag was before.

use serde::{Deserialize, Serialize};

use super::sampling::{dither, floor, integer};

/// Steps of a lag in a percent of charge, and of the usual one.
const LAG_STEPS: f32 = 256.0;
const BASE_STEPS: f32 = 8.0;
/// Steps of a resistance ratio in one.
const OHM_STEPS: f32 = 32.0;
/// A lag moves by at most so much of charge in one reading, %.
const LAG_STEP_LIMIT: f32 = 10.0;

/// What is remembered of a cell, in fixed point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CellFeature {
    lag: i16,
    ohm: i8,
    base: i8,
}

/// What all cells share in one reading.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// Voltage change with charge at this charge, mV/%.
    pub(super) slope: f32,
    /// Polarisation of the median cell, mV; negative when discharging.
    pub(super) polarisation: f32,
    /// Share of the innovation that corrects the lag; 0 when this reading does not tell it.
    pub(super) lag_gain: f32,
    /// Share of the lag in the usual one; 0 when this reading does not tell it.
    pub(super) base_gain: f32,
}

impl CellFeature {
    /// How much less charge it has than the median cell, % of the capacity.
    #[must_use]
    pub fn lag_pct(self) -> f32 {
        f32::from(self.lag) / LAG_STEPS
    }

    /// How much more resistance it has than the median cell, in that cell's: 0.5 is half as much again.
    #[must_use]
    pub fn ohm_excess(self) -> f32 {
        f32::from(self.ohm) / OHM_STEPS
    }

    /// By how much its lag has grown over the last days, % of the capacity.
    #[must_use]
    pub fn growth_pct(self) -> f32 {
        self.lag_pct() - f32::from(self.base) / BASE_STEPS
    }

    pub(super) fn raw_lag(self) -> i16 {
        self.lag
    }

    /// What its deviation of `mv` from the median leaves unexplained, mV.
    pub(super) fn innovation(self, moment: &Moment, mv: f32) -> f32 {
        mv + moment.slope * self.lag_pct() - moment.polarisation * self.ohm_excess()
    }
}

impl Moment {
    /// Whether it tells anything of the charge of a cell.
    pub(super) fn tells(&self) -> bool {
        self.lag_gain > 0.0 || self.base_gain > 0.0
    }

    /// The lag and the usual lag of a cell, in their steps, corrected by an innovation. The dither, from 0 to 1 and another
    /// one in each reading, is where fixed point rounds up, so that small corrections are not lost.
    #[inline]
    fn corrected(&self, lag: f32, base: f32, innovation: f32, dither: f32) -> (f32, f32) {
        let (mut lag, mut base) = (lag, base);
        if self.lag_gain > 0.0 {
            let percent = (-innovation / self.slope).clamp(-LAG_STEP_LIMIT, LAG_STEP_LIMIT);
            let steps = lag + self.lag_gain * percent * LAG_STEPS + dither;
            lag = floor(steps, -32_768.0, 32_767.0);
        }
        if self.base_gain > 0.0 {
            let growth_pct = lag / LAG_STEPS - base / BASE_STEPS;
            let steps = base + self.base_gain * growth_pct * BASE_STEPS + dither;
            base = floor(steps, -128.0, 127.0);
        }
        (lag, base)
    }
}

/// Corrects all cells that are sound, each by its innovation.
pub(super) fn correct_all(
    cells: &mut [CellFeature],
    moment: &Moment,
    innovations: &[f32],
    seconds: u32,
    sound: impl Fn(usize) -> bool,
) {
    for (first, (cells, own)) in (0..).step_by(LANES).zip(cells.chunks_mut(LANES).zip(innovations.chunks(LANES))) {
        let (mut lags, mut bases, mut innovations) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
        innovations[..own.len()].copy_from_slice(own);
        for ((lag, base), cell) in lags.iter_mut().zip(&mut bases).zip(&*cells) {
            (*lag, *base) = (cell.lag.into(), cell.base.into());
        }
        for (((lag, base), innovation), index) in lags.iter_mut().zip(&mut bases).zip(&innovations).zip(first as u32..)
        {
            (*lag, *base) = moment.corrected(*lag, *base, *innovation, dither(seconds, index));
        }
        for (((cell, lag), base), index) in cells.iter_mut().zip(lags).zip(bases).zip(first..) {
            if sound(index) {
                (cell.lag, cell.base) = (integer(lag) as i16, integer(base) as i8);
            }
        }
    }
}

/// A step of the current.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// By how much it moved the median cell, mV.
    pub(super) polarisation: f32,
    /// Share of a clear step in what is known.
    pub(super) gain: f32,
}

impl Step {
    /// The resistance of a cell, in its steps, learned from how its deviation changed, mV.
    #[inline]
    fn learned(self, ohm: f32, change: f32, dither: f32) -> f32 {
        let Self { polarisation, gain } = self;
        let limit = polarisation.abs();
        let innovation = (change - polarisation * (ohm / OHM_STEPS)).clamp(-limit, limit);
        let norm = polarisation * polarisation + STEP_MV * STEP_MV;
        let steps = ohm + gain * innovation * polarisation / norm * OHM_STEPS + dither;
        floor(steps, -128.0, 127.0)
    }
}

/// Lets all cells learn their resistance from a step of the current; `change` is by how much the deviation of one changed,
/// mV, where that was measured.
pub(super) fn step_all(cells: &mut [CellFeature], step: Step, seconds: u32, change: impl Fn(usize) -> Option<f32>) {
    for (first, cells) in (0..).step_by(LANES).zip(cells.chunks_mut(LANES)) {
        let (mut ohms, mut changes, mut sound) = ([0.0; LANES], [0.0; LANES], [false; LANES]);
        for ((((ohm, own), sound), cell), index) in
            ohms.iter_mut().zip(&mut changes).zip(&mut sound).zip(&*cells).zip(first..)
        {
            let change = change(index);
            (*ohm, *own, *sound) = (cell.ohm.into(), change.unwrap_or(0.0), change.is_some());
        }
        for ((ohm, change), index) in ohms.iter_mut().zip(&changes).zip(first as u32..) {
            *ohm = step.learned(*ohm, *change, dither(seconds, index + STEP_SALT));
        }
        for (cell, ohm) in cells.iter_mut().zip(ohms).zip(sound).filter_map(|(pair, sound)| sound.then_some(pair)) {
            cell.ohm = integer(ohm) as i8;
        }
    }
}

/// So many cells are computed together: what is the same for several numbers side by side, processors do at once.
const LANES: usize = 8;
/// What tells the rounding of resistances from that of lags.
const STEP_SALT: u32 = 97;
/// A step of less polarisation is not clear, mV: rounding to 10 mV and noise make as much.
const STEP_MV: f32 = 15.0;

#[cfg(test)]
mod tests {
    use super::*;

    impl CellFeature {
        fn correct(&mut self, moment: &Moment, innovation: f32, seconds: u32) {
            correct_all(std::slice::from_mut(self), moment, &[innovation], seconds, |_| true);
        }

        fn step(&mut self, polarisation: f32, change: f32, gain: f32, seconds: u32) {
            step_all(std::slice::from_mut(self), Step { polarisation, gain }, seconds, |_| Some(change));
        }
    }

    #[test]
    fn lag_and_resistance_are_told_apart_by_steps_of_the_current() {
        let mut cell = CellFeature::default();
        let mut before: Option<(f32, f32)> = None;
        for reading in 0..4000 {
            let polarisation = [0.0, -20.0, -60.0, -5.0][reading % 4];
            let norm = polarisation * polarisation + 900.0;
            let moment = Moment { slope: 8.0, polarisation, lag_gain: 0.01 * 900.0 / norm, base_gain: 0.001 };
            // 2 % behind, half as much resistance again, in steps of 10 mV.
            let mv = ((-16.0 + 0.5 * polarisation) / 10.0).round() * 10.0;
            if let Some((u, d)) = before {
                cell.step(polarisation - u, mv - d, 0.02, reading as u32 * 10);
            }
            before = Some((polarisation, mv));
            let innovation = cell.innovation(&moment, mv);
            cell.correct(&moment, innovation, reading as u32 * 10);
        }
        assert!((cell.lag_pct() - 2.0).abs() < 0.5, "{}", cell.lag_pct());
        assert!((cell.ohm_excess() - 0.5).abs() < 0.1, "{}", cell.ohm_excess());
        assert!(cell.growth_pct().abs() < 0.5, "what lasts is usual: {}", cell.growth_pct());
    }

    #[test]
    fn a_lag_that_grows_is_told_from_a_usual_one_and_extremes_saturate() {
        let mut cell = CellFeature::default();
        let moment = Moment { slope: 8.0, polarisation: 0.0, lag_gain: 0.05, base_gain: 0.002 };
        for reading in 0..400 {
            let innovation = cell.innovation(&moment, -0.1 * reading as f32);
            cell.correct(&moment, innovation, reading * 60);
        }
        assert!((2.0..5.0).contains(&cell.growth_pct()), "{} of {}", cell.growth_pct(), cell.lag_pct());
        for reading in 0..10_000 {
            cell.correct(&Moment { lag_gain: 1.0, ..moment }, -9000.0, reading * 60);
            cell.step(-20.0, 900.0, 1.0, reading * 60);
        }
        assert!(cell.lag_pct() > 127.0 && cell.ohm_excess() <= -4.0);
    }
}
