//! Voltage of a cell at rest against its charge, by chemistry: how much charge a deviation of millivolts means.
//!
//! NMC: Chen 2020. LFP: a measured-like set. Sodium: NFM/hard carbon, from CC0 measurements of a Hakadi cell. Lead: a 12 V
//! gel module at 26 °C. Another maker's cell has another curve; only its slope is used, to within a factor of two, and
//! where the curve is too flat to tell anything it is not used at all.

use crate::model::Chemistry;

const POINTS: usize = 21;
const STEP_PCT: f32 = 100.0 / (POINTS - 1) as f32;

/// Lead needs so long after its last current until its voltage tells its charge, s.
const LEAD_RELAXED_S: u32 = 3600;

type Curve = [u16; POINTS];

const NMC: Curve = [
    2500, 3109, 3296, 3434, 3485, 3529, 3581, 3629, 3667, 3705, 3751, 3798, 3841, 3890, 3948, 3994, 4042, 4081, 4097,
    4124, 4200,
];
const LFP: Curve = [
    2862, 3112, 3172, 3226, 3279, 3282, 3285, 3288, 3291, 3294, 3297, 3300, 3303, 3306, 3308, 3311, 3314, 3322, 3329,
    3401, 3472,
];
const NA: Curve = [
    1652, 2118, 2353, 2524, 2615, 2664, 2694, 2756, 2850, 2945, 3045, 3148, 3248, 3344, 3432, 3517, 3610, 3718, 3809,
    3909, 4087,
];
const VRLA: Curve = [
    11_800, 11_840, 11_880, 11_920, 11_960, 12_000, 12_080, 12_160, 12_240, 12_320, 12_400, 12_440, 12_480, 12_520,
    12_560, 12_600, 12_640, 12_680, 12_720, 12_760, 12_800,
];

fn curve(chemistry: Chemistry) -> &'static Curve {
    match chemistry {
        Chemistry::Nmc => &NMC,
        Chemistry::Lfp => &LFP,
        Chemistry::Na => &NA,
        Chemistry::Vrla => &VRLA,
    }
}

/// The segment in which a voltage lies, clamped to the ends.
fn segment(curve: &Curve, mv: f32) -> usize {
    curve[1..POINTS - 1].partition_point(|point| f32::from(*point) <= mv)
}

/// Charge at which a cell rests at `mv`, %; `None` where the curve is too flat to tell.
#[must_use]
pub fn charge_at(chemistry: Chemistry, mv: f32) -> Option<f32> {
    let curve = curve(chemistry);
    let index = segment(curve, mv);
    let (low, high) = (f32::from(curve[index]), f32::from(curve[index + 1]));
    let steep = (high - low) / STEP_PCT >= 4.0;
    steep.then(|| ((index as f32 + (mv - low) / (high - low)) * STEP_PCT).clamp(0.0, 100.0))
}

/// How much a cell at rest at `mv` changes with its charge, mV/%; 0 beyond the end of the curve, where a charger holds it
/// up. Smoothed over the neighbouring segments, because another cell's bends lie elsewhere.
#[must_use]
pub fn slope_at(chemistry: Chemistry, mv: f32) -> f32 {
    let curve = curve(chemistry);
    let top = f32::from(curve[POINTS - 1]);
    if mv > top * 1.012 {
        return 0.0;
    }
    slope_of(curve, segment(curve, mv))
}

/// The same from a charge, %.
#[must_use]
pub fn slope_of_charge(chemistry: Chemistry, pct: f32) -> f32 {
    slope_of(curve(chemistry), ((pct / STEP_PCT) as usize).min(POINTS - 2))
}

fn slope_of(curve: &Curve, index: usize) -> f32 {
    (f32::from(curve[index + 1]) - f32::from(curve[index])) / STEP_PCT
}

/// Whether the voltage of cells tells their charge when nothing has flowed for so long, s.
#[must_use]
pub fn is_relaxed(chemistry: Chemistry, rested_s: u32) -> bool {
    match chemistry {
        Chemistry::Vrla => rested_s >= LEAD_RELAXED_S,
        Chemistry::Lfp | Chemistry::Nmc | Chemistry::Na => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steep_and_flat_parts_are_told_apart() {
        assert!((charge_at(Chemistry::Nmc, 3751.0).unwrap() - 50.0).abs() < 0.1);
        assert!((charge_at(Chemistry::Vrla, 12_400.0).unwrap() - 50.0).abs() < 0.1);
        assert_eq!(charge_at(Chemistry::Lfp, 3295.0), None);
        assert!(slope_at(Chemistry::Lfp, 3295.0) < 1.0 && slope_at(Chemistry::Lfp, 3390.0) > 10.0);
        assert!(slope_at(Chemistry::Na, 3000.0) > 15.0);
        assert!(slope_at(Chemistry::Vrla, 14_000.0) < 0.1, "on a charger it tells nothing");
        assert!(slope_of_charge(Chemistry::Lfp, 50.0) < 1.0 && slope_of_charge(Chemistry::Lfp, 97.0) > 10.0);
    }
}
