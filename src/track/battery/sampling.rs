//! What one list of cells says as a whole: its middle and its resolution; and rounding that loses nothing in the long run.

use super::reading::measured;

/// Cells in series that are followed at most; of a pack with more, the first.
pub const MOST_CELLS: usize = 128;
/// Cells of the packs of two-wheelers: so many are looked at together.
pub(super) const FEW: usize = 24;

/// From 0 to 1, another one in each reading and cell, the same in every run.
pub(super) fn dither(seconds: u32, salt: u32) -> f32 {
    let mixed = seconds.wrapping_mul(0x9E37_79B1) ^ salt.wrapping_mul(0x85EB_CA6B);
    let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x2C1B_3C6D);
    // It fits an integer with a sign, of which processors make floats more readily.
    (mixed >> 8) as i32 as f32 / 16_777_216.0
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
    if cells_mv.len() <= FEW {
        return median_of_few(cells_mv);
    }
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

fn median_of_few(cells_mv: &[u16]) -> Option<f32> {
    // What was not measured, and the room behind, counts as more than any cell can have.
    let mut values = [i16::MAX; FEW];
    for (value, mv) in values.iter_mut().zip(cells_mv) {
        *value = if measured(*mv) { biased(*mv) } else { i16::MAX };
    }
    let count: i16 = values.iter().map(|value| i16::from(*value != i16::MAX)).sum();
    let (below, upper) = (ranks(&values), count / 2);
    let of_rank = |rank: i16| f32::from(unbiased(of_rank(&values, &below, rank)));
    let lower = if count % 2 == 0 { upper - 1 } else { upper };
    (count > 0).then(|| f32::midpoint(of_rank(lower), of_rank(upper)))
}

/// A value as one with a sign, in the same order: of these, processors compare eight at a time.
#[inline]
pub(super) fn biased(value: u16) -> i16 {
    (value ^ 0x8000) as i16
}

/// Undoes it.
#[inline]
pub(super) fn unbiased(value: i16) -> u16 {
    value as u16 ^ 0x8000
}

/// How many values are below each. Comparing all with all costs more comparisons than sorting, but no decision that a
/// processor could guess wrong, and eight are made at a time.
fn ranks(values: &[i16; FEW]) -> [i16; FEW] {
    let mut ranks = [0; FEW];
    for (below, value) in ranks.iter_mut().zip(values) {
        *below = values.iter().map(|other| i16::from(other < value)).sum();
    }
    ranks
}

/// The value that stands at a place, from 0, when all are sorted: the greatest that no more are below.
fn of_rank(values: &[i16; FEW], below: &[i16; FEW], rank: i16) -> i16 {
    let at_most = values.iter().zip(below).map(|(value, below)| if *below <= rank { *value } else { i16::MIN });
    at_most.max().unwrap_or(i16::MIN)
}

/// The value in the middle of so many; room behind them holds `i16::MAX`.
pub(super) fn middle_of_few(values: &[i16; FEW], count: usize) -> i16 {
    of_rank(values, &ranks(values), count as i16 / 2)
}

/// The lowest and the highest of the cells that were measured, mV.
#[must_use]
pub fn extremes(cells_mv: &[u16]) -> Option<(u16, u16)> {
    // Shifted round so that what was not measured (0, 65,534, 65,535) comes last, or first.
    let low = cells_mv.iter().map(|mv| biased(mv.wrapping_sub(1))).min()?;
    let high = cells_mv.iter().map(|mv| biased(mv.wrapping_add(2))).max()?;
    let ends = (unbiased(low).wrapping_add(1), unbiased(high).wrapping_sub(2));
    measured(ends.0).then_some(ends)
}

/// A float plus this has its nearest whole number in its lowest bits: one and a half times two to the 23rd.
const WHOLE: f32 = 12_582_912.0;

/// The whole number that is not above a value of less than four million, and not beyond a range. Without a call into the
/// mathematics library or a check for values that no integer holds, several of them are found at once.
#[inline]
pub(super) fn floor(value: f32, lowest: f32, highest: f32) -> f32 {
    debug_assert!(value.abs() < 4e6, "{value}");
    let nearest = (value + WHOLE) - WHOLE;
    let floor = nearest - if nearest > value { 1.0 } else { 0.0 };
    floor.clamp(lowest, highest)
}

/// The integer of a whole number of less than four million.
#[inline]
pub(super) fn integer(whole: f32) -> i32 {
    (whole + WHOLE).to_bits() as i32 - WHOLE.to_bits() as i32
}

/// The whole number that is not above a value, within the range of a byte.
#[inline]
pub(super) fn floor_u8(value: f32) -> u8 {
    integer(floor(value, 0.0, 255.0)) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::{Purpose, Stream};

    #[test]
    fn the_middle_and_the_resolution_pass_over_what_is_missing() {
        assert_eq!(median(&[3300, 0, 3310, 0xFFFE, 3290, 3320]), Some(3305.0));
        assert_eq!(median(&[3300, 3310, 2000]), Some(3300.0));
        assert_eq!(median(&[0, 0xFFFF]), None);
        assert_eq!(resolution(&[3300, 3310, 3290]).to_bits(), 10.0_f32.to_bits());
        assert_eq!(resolution(&[3300, 3305, 3290]).to_bits(), 5.0_f32.to_bits());
        assert_eq!(resolution(&[3300, 3305, 3291]).to_bits(), 1.0_f32.to_bits());
    }

    /// By sorting.
    fn middle(cells_mv: &[u16]) -> Option<f32> {
        let mut sound: Vec<u16> = cells_mv.iter().copied().filter(|mv| measured(*mv)).collect();
        sound.sort_unstable();
        let upper = *sound.get(sound.len() / 2)?;
        let lower = if sound.len().is_multiple_of(2) { sound[sound.len() / 2 - 1] } else { upper };
        Some(f32::midpoint(lower.into(), upper.into()))
    }

    #[test]
    fn the_middle_is_that_of_the_sorted_cells() {
        let mut random = Stream::new(1, 2, Purpose::Sensors);
        for round in 0..20_000 {
            let count = random.index(41);
            let odd = [0, 1, 2, 0xFFFD, 0xFFFE, 0xFFFF, 3300];
            let (low, width) = (random.index(60_000), 1 + random.index([1, 2, 5, 40, 5000][round % 5]));
            let cells: Vec<u16> =
                (0..count)
                    .map(|_| {
                        if random.chance(0.1) {
                            odd[random.index(odd.len())]
                        } else {
                            (low + random.index(width)) as u16
                        }
                    })
                    .collect();
            assert_eq!(median(&cells), middle(&cells), "{cells:?}");
            let sound = || cells.iter().copied().filter(|mv| measured(*mv));
            assert_eq!(extremes(&cells), sound().min().zip(sound().max()), "{cells:?}");
        }
    }

    #[test]
    fn floors_are_those_of_the_library() {
        let edges = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 126.9, -128.5, 255.9, -32_769.0, 32_767.5, 3.9e6, -3.9e6];
        for value in edges.into_iter().chain((-4000..4000).map(|step| step as f32 * 0.037)) {
            assert_eq!(integer(floor(value, -32_768.0, 32_767.0)), i32::from(value.floor() as i16), "{value}");
            assert_eq!(floor_u8(value), value.floor() as u8, "{value}");
        }
    }

    #[test]
    fn rounding_is_even_over_time() {
        let mean = (0..1000).map(|second| dither(second * 60, 3)).sum::<f32>() / 1000.0;
        assert!((mean - 0.5).abs() < 0.03, "{mean}");
    }
}
