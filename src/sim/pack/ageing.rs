//! Wear: capacity lost by cycles and by time, resistance gained, sulfation of lead.
//!
//! Linear in throughput and in time, as the two columns of the catalogue allow; the knee of an old cell is absent.

use crate::sim::catalogue::PackLayout;

const YEAR_S: f64 = 31_557_600.0;
const DAY_S: f64 = 86_400.0;
/// Calendar loss doubles with so many kelvins (assumed; 10 to 15 are published).
const DOUBLING_K: f64 = 12.5;
/// Gain of resistance per loss of capacity: +50 % at 80 % (assumed).
const RESISTANCE_PER_LOSS: f64 = 2.5;
/// Capacity that a fully sulfated plate has lost.
const SULFATION_LOSS: f64 = 0.4;

/// Capacity lost in an interval, of the nominal one.
pub(super) fn loss(layout: &PackLayout, amps: f64, seconds: f64, celsius: f64) -> f64 {
    let cycles = amps.abs() * seconds / 3600.0 / (2.0 * layout.capacity_ah);
    let calendar = layout.calendar_pct_per_year / 100.0 * seconds / YEAR_S;
    0.2 * cycles / layout.cycles_to_80pct + calendar * ((celsius - 25.0) / DOUBLING_K).exp2()
}

/// Resistance over that of the new pack.
pub(super) fn resistance_growth(soh: f64, sulfation: f32) -> f64 {
    (1.0 + RESISTANCE_PER_LOSS * (1.0 - soh).max(0.0)) * (1.0 + f64::from(sulfation))
}

/// What sulfation leaves of the capacity.
pub(super) fn sulfation_keeps(sulfation: f32) -> f64 {
    1.0 - SULFATION_LOSS * f64::from(sulfation)
}

/// Change of the sulfation (0 none, 1 all) of a lead-acid pack: it grows the emptier and warmer the pack stands; pulses
/// at the end of charge slow the growth and dissolve some. Rates assumed: half empty and never pulsed, half the plate is
/// gone in a year and a half.
pub(super) fn sulfation_change(layout: &PackLayout, soc: f64, amps: f64, seconds: f64, celsius: f64) -> f64 {
    const GROWTH_PER_DAY: f64 = 0.004;
    const PULSED: f64 = 0.4;
    const DISSOLVED_PER_DAY: f64 = 0.02;
    let days = seconds / DAY_S;
    let growth = GROWTH_PER_DAY * (1.0 - soc).max(0.0).powi(2) * ((celsius - 25.0) / 10.0).exp2() * days;
    if !layout.pulse_charging {
        growth
    } else if amps > 0.0 && soc > 0.9 {
        PULSED * growth - DISSOLVED_PER_DAY * days
    } else {
        PULSED * growth
    }
}
