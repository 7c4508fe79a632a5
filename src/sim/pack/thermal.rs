//! Heat, and what temperature does to resistance and capacity.

use crate::sim::catalogue::Cell;

const GAS_CONSTANT_KJ: f64 = 8.314e-3;
const REFERENCE_K: f64 = 298.15;
const ZERO_C_K: f64 = 273.15;
/// The model says nothing beyond these, °C.
const RANGE_C: (f64, f64) = (-40.0, 90.0);

/// Resistance at a temperature over that at 25 °C, after Arrhenius.
pub(super) fn resistance_factor(cell: &Cell, celsius: f64) -> f64 {
    let kelvin = celsius.clamp(RANGE_C.0, RANGE_C.1) + ZERO_C_K;
    (cell.activation_kj_mol / GAS_CONSTANT_KJ * (1.0 / kelvin - 1.0 / REFERENCE_K)).exp()
}

/// Share of the charge that cannot be had at a temperature.
pub(super) fn frozen_share(cell: &Cell, celsius: f64) -> f64 {
    const COLD_SPAN_K: f64 = 45.0;
    (1.0 - cell.capacity_at_minus_20) * ((25.0 - celsius) / COLD_SPAN_K).clamp(0.0, 1.3)
}

/// Mean over `seconds` of the square of the remembered current, which goes from `before` towards `current` with the time
/// constant `tau_s`; `keep` is exp(−seconds/tau).
pub(super) fn mean_square(current: f64, before: f64, tau_s: f64, seconds: f64, keep: f64) -> f64 {
    let (gap, share) = (before - current, tau_s / seconds);
    current * current + 2.0 * current * gap * share * (1.0 - keep) + gap * gap * share * 0.5 * (1.0 - keep * keep)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_square_is_that_of_the_curve() {
        let (current, before, tau, seconds) = (-8.0, 12.0, 20.0, 50.0);
        let sum: f64 = (0..50_000)
            .map(|k| (f64::from(k) + 0.5) * 1e-3)
            .map(|t| (current + (before - current) * (-t / tau).exp()).powi(2) * 1e-3)
            .sum();
        let mean = mean_square(current, before, tau, seconds, (-seconds / tau).exp());
        assert!((mean - sum / seconds).abs() < 1e-3, "{mean}");
    }
}
