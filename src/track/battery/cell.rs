//! What is remembered of a cell: four bytes.
//!
//! Each reading gives the deviation d of every cell from the pack's median. It is explained by two things that cells have:
//! a lag of charge, d = −slope·lag, and a resistance that differs, d = ratio·u with the polarisation u = R·I of the median
//! cell. The ratio is learned from steps of the current, Δd = ratio·Δu: within seconds no charge changes, so nothing that a
//! cell lacks is taken for resistance. What remains of d then corrects the lag; both are normalised least-mean-squares
//! filters. How the lag was over the last days is remembered as well: a leak shows as growth, whatever the lag was before.

use serde::{Deserialize, Serialize};

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

    /// Is corrected by an innovation.
    pub(super) fn correct(&mut self, moment: &Moment, innovation: f32) {
        if moment.lag_gain > 0.0 {
            let percent = (-innovation / moment.slope).clamp(-LAG_STEP_LIMIT, LAG_STEP_LIMIT);
            let steps = f32::from(self.lag) + moment.lag_gain * percent * LAG_STEPS + moment.dither;
            self.lag = steps.floor() as i16;
        }
        if moment.base_gain > 0.0 {
            let steps = f32::from(self.base) + moment.base_gain * self.growth_pct() * BASE_STEPS + moment.dither;
            self.base = steps.floor() as i8;
        }
    }

    /// Learns its resistance from a step of the current that moved the median cell by `polarisation` mV and changed its own
    /// deviation by `change` mV; `gain` is the share of a clear step.
    pub(super) fn step(&mut self, polarisation: f32, change: f32, gain: f32, dither: f32) {
        let limit = polarisation.abs();
        let innovation = (change - polarisation * self.ohm_excess()).clamp(-limit, limit);
        let norm = polarisation * polarisation + STEP_MV * STEP_MV;
        let steps = f32::from(self.ohm) + gain * innovation * polarisation / norm * OHM_STEPS + dither;
        self.ohm = steps.floor() as i8;
    }
}

/// A step of less polarisation is not clear, mV: rounding to 10 mV and noise make as much.
const STEP_MV: f32 = 15.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn dither(reading: usize) -> f32 {
        (reading as f32 * 0.618_034).fract()
    }

    #[test]
    fn lag_and_resistance_are_told_apart_by_steps_of_the_current() {
        let mut cell = CellFeature::default();
        let mut before: Option<(f32, f32)> = None;
        for reading in 0..4000 {
            let polarisation = [0.0, -20.0, -60.0, -5.0][reading % 4];
            let norm = polarisation * polarisation + 900.0;
            let moment = Moment {
                slope: 8.0,
                polarisation,
                lag_gain: 0.01 * 900.0 / norm,
                base_gain: 0.001,
                dither: dither(reading),
            };
            // 2 % behind, half as much resistance again, in steps of 10 mV.
            let mv = ((-16.0 + 0.5 * polarisation) / 10.0).round() * 10.0;
            if let Some((u, d)) = before {
                cell.step(polarisation - u, mv - d, 0.02, dither(reading + 7));
            }
            before = Some((polarisation, mv));
            let innovation = cell.innovation(&moment, mv);
            cell.correct(&moment, innovation);
        }
        assert!((cell.lag_pct() - 2.0).abs() < 0.5, "{}", cell.lag_pct());
        assert!((cell.ohm_excess() - 0.5).abs() < 0.1, "{}", cell.ohm_excess());
        assert!(cell.growth_pct().abs() < 0.5, "what lasts is usual: {}", cell.growth_pct());
    }

    #[test]
    fn a_lag_that_grows_is_told_from_a_usual_one_and_extremes_saturate() {
        let mut cell = CellFeature::default();
        let moment = |reading| Moment {
            slope: 8.0,
            polarisation: 0.0,
            lag_gain: 0.05,
            base_gain: 0.002,
            dither: dither(reading),
        };
        for reading in 0..400 {
            let innovation = cell.innovation(&moment(reading), -0.1 * reading as f32);
            cell.correct(&moment(reading), innovation);
        }
        assert!((2.0..5.0).contains(&cell.growth_pct()), "{} of {}", cell.growth_pct(), cell.lag_pct());
        for reading in 0..10_000 {
            cell.correct(&Moment { lag_gain: 1.0, ..moment(reading) }, -9000.0);
            cell.step(-20.0, 900.0, 1.0, 0.5);
        }
        assert!(cell.lag_pct() > 127.0 && cell.ohm_excess() <= -4.0);
    }
}
