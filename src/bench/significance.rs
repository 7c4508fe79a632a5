//! Whether two series of seconds differ by more than chance.

/// Fewer seconds than this on a side tell nothing: no order of them would be rare enough for [`RARE`] once the normal
/// distribution stands in for the exact one.
pub const LEAST_SECONDS: usize = 8;
/// Differences that chance makes in fewer than one of a hundred comparisons are called significant (**assumed**; not the
/// usual one in twenty, because a report has a dozen numbers).
pub const RARE: f64 = 0.01;
/// The strongest serial correlation that is allowed for.
const MOST_CORRELATION: f64 = 0.95;

/// How probably chance alone makes two series differ as much as these or more: the two-sided test of Mann and Whitney
/// ("On a test of whether one of two random variables is stochastically larger than the other", 1947) with the normal
/// approximation, corrected for ties and continuity. Seconds of a run resemble those before them, which the test does not
/// know: its variance is multiplied by (1 + r) / (1 − r), where r is the correlation of neighbouring ranks (Bayley and
/// Hammersley, "The 'effective' number of independent observations in an autocorrelated time series", 1946, for
/// correlations that decay by the power). `None` when a side is too short.
#[must_use]
pub fn p_value(old: &[f64], new: &[f64]) -> Option<f64> {
    if old.len().min(new.len()) < LEAST_SECONDS {
        return None;
    }
    let (n_old, n_new) = (old.len() as f64, new.len() as f64);
    let n = n_old + n_new;
    let (ranks, ties) = ranks(&[old, new].concat());
    let (ranks_old, ranks_new) = ranks.split_at(old.len());
    let u = ranks_old.iter().sum::<f64>() - n_old * (n_old + 1.0) / 2.0;
    let spread = n_old * n_new / 12.0 * (n + 1.0 - ties / (n * (n - 1.0)));
    let r = (neighbours(ranks_old) * n_old + neighbours(ranks_new) * n_new) / n;
    let r = r.clamp(0.0, MOST_CORRELATION);
    let deviation = (spread * (1.0 + r) / (1.0 - r)).sqrt();
    if deviation <= 0.0 {
        // All seconds are alike.
        return Some(1.0);
    }
    let distance = ((u - n_old * n_new / 2.0).abs() - 0.5).max(0.0);
    Some(erfc(distance / deviation / std::f64::consts::SQRT_2))
}

/// The rank of each value from 1, equal ones sharing theirs; and the sum of t³ − t over groups of t equal ones.
fn ranks(values: &[f64]) -> (Vec<f64>, f64) {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let (mut ranks, mut ties, mut begin) = (vec![0.0; values.len()], 0.0, 0);
    while begin < order.len() {
        let alike = |at: &&usize| values[**at].total_cmp(&values[order[begin]]).is_eq();
        let count = order[begin..].iter().take_while(alike).count();
        let rank = begin as f64 + f64::midpoint(count as f64, 1.0);
        order[begin..begin + count].iter().for_each(|at| ranks[*at] = rank);
        ties += (count as f64).powi(3) - count as f64;
        begin += count;
    }
    (ranks, ties)
}

/// The correlation of values with those before them; 0 where all are alike.
fn neighbours(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let spread: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let together: f64 = values.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum();
    if spread > 0.0 { together / spread } else { 0.0 }
}

/// The complementary error function of a number that is not negative, within 1.5e-7 (Abramowitz and Stegun, 7.1.26).
fn erfc(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let terms = [0.254_829_592, -0.284_496_736, 1.421_413_741, -1.453_152_027, 1.061_405_429];
    terms.iter().rev().fold(0.0, |sum, term| (sum + term) * t) * (-x * x).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::{Purpose, Stream};

    /// A series around a level, each second carrying over `carried` of what the one before was off.
    fn series(number: u32, level: f64, carried: f64) -> Vec<f64> {
        let mut stream = Stream::new(1, number, Purpose::Sensors);
        let mut off = 0.0;
        let next = |_| {
            off = carried * off + (stream.unit() + stream.unit() - 1.0);
            level + off
        };
        (0..60).map(next).collect()
    }

    /// In how many of 400 comparisons of series of one kind a difference is claimed.
    fn claimed(carried: f64) -> usize {
        let pairs = (0..400).map(|n| (series(2 * n, 10.0, carried), series(2 * n + 1, 10.0, carried)));
        pairs.filter(|(a, b)| p_value(a, b).unwrap() < RARE).count()
    }

    #[test]
    fn equal_series_seldom_differ_and_shifted_ones_do() {
        assert!((0..=12).contains(&claimed(0.0)), "{}", claimed(0.0));
        // Seconds that resemble each other must not be taken for more than they tell.
        assert!((0..=16).contains(&claimed(0.7)), "{}", claimed(0.7));
        assert!(p_value(&series(1, 10.0, 0.0), &series(2, 10.5, 0.0)).unwrap() < 1e-4);
        assert!(p_value(&series(1, 10.0, 0.7), &series(2, 12.0, 0.7)).unwrap() < RARE);
    }

    #[test]
    fn the_test_agrees_with_a_hand_worked_one() {
        // Neighbours differ, so nothing is allowed for: U = 4, z = (|4 − 32| − ½) / √(64 · 17 / 12) = 2.888.
        let a = [1.0, 7.0, 2.0, 9.0, 3.0, 8.0, 4.0, 5.0];
        let b = [16.0, 6.5, 15.0, 8.5, 14.0, 10.0, 13.0, 11.0];
        let found = p_value(&a, &b).unwrap();
        assert!((found - 0.003_876).abs() < 1e-6, "{found}");
        assert!((erfc(1.0) - 0.157_299_2).abs() < 2e-7 && (erfc(0.0) - 1.0).abs() < 2e-7);
    }

    #[test]
    fn what_is_alike_or_short_tells_nothing() {
        assert_eq!(p_value(&[5.0; 20], &[5.0; 20]), Some(1.0));
        assert_eq!(p_value(&[5.0; 7], &[9.0; 20]), None);
        assert!(p_value(&[5.0; 20], &[6.0; 20]).unwrap() < 1e-6);
    }
}
