//! What one list of cells says as a whole: its middle and its resolution; and rounding that loses nothing in the long run.

use super::reading::measured;

/// Cells in series that are followed at most; of a pack with more, the first.
pub const MOST_CELLS: usize = 128;

/// From 0 to 1, another one in each reading and cell, the same in every run.
pub(super) fn dither(seconds: u32, salt: u32) -> f32 {
    let mixed = seconds.wrapping_mul(0x9E37_79B1) ^ salt.wrapping_mul(0x85EB_CA6B);
    let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x2C1B_3C6D);
    (mixed >> 8) as f32 / 16_777_216.0
}

/// Resolution of the cells' voltages, mV: 10, 5 or 1.
pub(super) fn resolution(cells_mv: &[u16]) -> f32 {
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
#[must_use]
pub fn median(cells_mv: &[u16]) -> Option<f32> {
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
    fn the_middle_and_the_resolution_pass_over_what_is_missing() {
        assert_eq!(median(&[3300, 0, 3310, 0xFFFE, 3290, 3320]), Some(3305.0));
        assert_eq!(median(&[3300, 3310, 2000]), Some(3300.0));
        assert_eq!(median(&[0, 0xFFFF]), None);
        assert_eq!(resolution(&[3300, 3310, 3290]).to_bits(), 10.0_f32.to_bits());
        assert_eq!(resolution(&[3300, 3305, 3290]).to_bits(), 5.0_f32.to_bits());
        assert_eq!(resolution(&[3300, 3305, 3291]).to_bits(), 1.0_f32.to_bits());
    }

    #[test]
    fn rounding_is_even_over_time() {
        let mean = (0..1000).map(|second| dither(second * 60, 3)).sum::<f32>() / 1000.0;
        assert!((mean - 0.5).abs() < 0.03, "{mean}");
    }
}
