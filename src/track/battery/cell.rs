//! What is remembered of a cell: four bytes.
//!
//! Each reading gives the deviation d of every cell from the pack's median. It is explained by two things that cells have:
//! a lag of charge, d = −slope·lag, and a resistance that differs, d = ratio·u with the polarisation u = R·I of the median
//! cell. What remains is the innovation, by which both are corrected: a normalised least-mean-squares filter.

use serde::{Deserialize, Serialize};

/// Steps of a lag in a percent of charge.
const LAG_STEPS: f32 = 256.0;
/// Steps of a resistance ratio in one.
const OHM_STEPS: f32 = 32.0;
/// Steps of noise in a millivolt.
const NOISE_STEPS: f32 = 2.0;
/// A lag moves by at most so much of charge in one reading, %.
const LAG_STEP_LIMIT: f32 = 10.0;
/// Share of a new difference in the noise.
const NOISE_GAIN: f32 = 1.0 / 16.0;

/// What is remembered of a cell, in fixed point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CellFeature {
    lag: i16,
    ohm: i8,
    noise: u8,
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
    /// Correction of the ratio by a millivolt of innovation.
    pub(super) ohm_gain: f32,
    /// From 0 to 1, another one in each reading: where fixed point rounds up, so that small corrections are not lost.
    pub(super) dither: f32,
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

    /// Mean change of its deviation between two readings at rest, mV.
    #[must_use]
    pub fn noise_mv(self) -> f32 {
        f32::from(self.noise) / NOISE_STEPS
    }

    pub(super) fn raw_lag(self) -> i16 {
        self.lag
    }

    pub(super) fn raw_ohm(self) -> i8 {
        self.ohm
    }

    pub(super) fn raw_noise(self) -> u8 {
        self.noise
    }

    /// What its deviation of `mv` from the median leaves unexplained, mV.
    pub(super) fn innovation(self, moment: &Moment, mv: f32) -> f32 {
        mv + moment.slope * self.lag_pct() - moment.polarisation * self.ohm_excess()
    }

    /// Is corrected by an innovation.
    pub(super) fn correct(&mut self, moment: &Moment, innovation: f32) {
        if moment.lag_gain > 0.0 {
            let percent = (-innovation / moment.slope).clamp(-LAG_STEP_LIMIT, LAG_STEP_LIMIT);
            let steps = f32::from(self.lag) + moment.lag_gain * percent * LAG_STEPS + moment.dither;
            self.lag = steps.floor() as i16;
        }
        if moment.ohm_gain != 0.0 {
            let steps = f32::from(self.ohm) + moment.ohm_gain * innovation * OHM_STEPS + moment.dither;
            self.ohm = steps.floor() as i8;
        }
    }

    /// Takes note of how much its deviation changed since the last reading, mV, while nothing else did.
    pub(super) fn tremble(&mut self, change: f32, dither: f32) {
        let steps = f32::from(self.noise);
        self.noise = (steps + NOISE_GAIN * (change.abs() * NOISE_STEPS - steps) + dither).floor() as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(polarisation: f32, reading: usize) -> Moment {
        let norm = polarisation * polarisation + 1600.0;
        Moment {
            slope: 8.0,
            polarisation,
            lag_gain: 0.01 * 1600.0 / norm,
            ohm_gain: 0.05 * polarisation / norm,
            dither: (reading as f32 * 0.618_034).fract(),
        }
    }

    #[test]
    fn lag_and_resistance_are_told_apart_by_the_current() {
        let mut cell = CellFeature::default();
        for reading in 0..4000 {
            let polarisation = [0.0, -20.0, -60.0, -5.0][reading % 4];
            let moment = moment(polarisation, reading);
            // 2 % behind, half as much resistance again, in steps of 10 mV.
            let mv = ((-16.0 + 0.5 * polarisation) / 10.0).round() * 10.0;
            let innovation = cell.innovation(&moment, mv);
            cell.correct(&moment, innovation);
        }
        assert!((cell.lag_pct() - 2.0).abs() < 0.5, "{}", cell.lag_pct());
        assert!((cell.ohm_excess() - 0.5).abs() < 0.1, "{}", cell.ohm_excess());
    }

    #[test]
    fn noise_is_followed_and_extremes_saturate() {
        let mut cell = CellFeature::default();
        (0..200).for_each(|k| cell.tremble(40.0, (k as f32 * 0.618_034).fract()));
        assert!((cell.noise_mv() - 40.0).abs() < 4.0, "{}", cell.noise_mv());
        for reading in 0..10_000 {
            cell.correct(&Moment { lag_gain: 1.0, ohm_gain: 1.0, ..moment(-20.0, reading) }, -9000.0);
        }
        assert!(cell.lag_pct() > 127.0 && cell.ohm_excess() <= -4.0);
    }
}
