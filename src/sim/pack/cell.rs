//! What a pack keeps of each cell: twelve bytes.

use crate::base::rng::Stream;

/// Least and most charge a cell can hold, of its capacity: deeply discharged and overcharged.
const SOC_RANGE: (f64, f64) = (-0.1, 1.15);
/// What the fixed-point number can express, wider than [`SOC_RANGE`]. Its step of 3.5e-10 keeps what a floating-point
/// number of that size would lose: ten seconds of a milliampere.
const FLOOR: f64 = -0.25;
const SPAN: f64 = 1.5;
const PER_SHARE: f64 = 4_294_967_296.0 / SPAN;
/// Resolution of the factors, which reach from 0 to 4.
const RATIO_STEP: f64 = 1.0 / 16_384.0;

/// The state of one cell and how it differs from its siblings.
#[derive(Debug, Clone, Copy)]
pub(super) struct CellState {
    charge: u32,
    capacity: u16,
    resistance: u16,
    /// Conductance through which it discharges itself, S.
    pub(super) leak: f32,
}

impl CellState {
    /// A cell without any difference from the layout.
    pub(super) fn plain(soc: f64, leak: f64) -> Self {
        Self { charge: encode(soc), capacity: ratio(1.0), resistance: ratio(1.0), leak: leak as f32 }
    }

    /// A cell with the small differences of a healthy one: assumed 0.4 % of charge, 0.8 % of capacity, 4 % of
    /// resistance, and a self-discharge that varies by a quarter.
    pub(super) fn draw(soc: f64, leak: f64, stream: &mut Stream) -> Self {
        Self {
            charge: encode((soc + 0.004 * stream.normal()).clamp(0.05, 1.0)),
            capacity: ratio(1.0 + 0.008 * stream.normal()),
            resistance: ratio(1.0 + 0.04 * stream.normal()),
            leak: stream.log_normal(leak, 0.25) as f32,
        }
    }

    /// State of charge; beyond 0 to 1 when it is abused.
    pub(super) fn soc(&self) -> f64 {
        f64::from(self.charge) / PER_SHARE + FLOOR
    }

    /// Its capacity over the mean one of the pack.
    pub(super) fn capacity(&self) -> f64 {
        f64::from(self.capacity) * RATIO_STEP
    }

    /// Its resistance over the mean one of the pack.
    pub(super) fn resistance(&self) -> f64 {
        f64::from(self.resistance) * RATIO_STEP
    }

    /// Adds a share of the capacity.
    pub(super) fn add(&mut self, share: f64) {
        // Rounds to the nearest without calling the mathematics library.
        let steps = (share * PER_SHARE + 0.5_f64.copysign(share)) as i64;
        let (least, most) = (encode(SOC_RANGE.0), encode(SOC_RANGE.1));
        self.charge = (i64::from(self.charge) + steps).clamp(i64::from(least), i64::from(most)) as u32;
    }

    /// Makes it worse (or better) by factors.
    pub(super) fn scale(&mut self, capacity: f32, resistance: f32) {
        self.capacity = ratio(self.capacity() * f64::from(capacity));
        self.resistance = ratio(self.resistance() * f64::from(resistance));
    }
}

fn encode(soc: f64) -> u32 {
    ((soc - FLOOR) * PER_SHARE) as u32
}

fn ratio(factor: f64) -> u16 {
    // No cell is without capacity: the step divides by it.
    (factor / RATIO_STEP).round().clamp(64.0, 65_535.0) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_small_shares_make_a_large_one() {
        let mut cell = CellState::plain(0.9, 0.0);
        for _ in 0..1000 {
            cell.add(-1.4e-7);
        }
        assert!((cell.soc() - (0.9 - 1.4e-4)).abs() < 2e-7, "{}", cell.soc());
    }

    #[test]
    fn charge_stays_in_its_range() {
        let mut cell = CellState::plain(0.5, 0.0);
        cell.add(5.0);
        assert!((cell.soc() - SOC_RANGE.1).abs() < 1e-8);
        cell.add(-5.0);
        assert!((cell.soc() - SOC_RANGE.0).abs() < 1e-8);
        cell.scale(0.0, 100.0);
        assert!(cell.capacity() > 0.0 && cell.resistance() < 4.0);
    }
}
