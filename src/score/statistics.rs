//! The few statistics that scores need. Exact: from the values themselves, not from buckets.

use serde::Serialize;

/// What a number of spans of time had in common, seconds; all `None` when there was none.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Spread {
    /// Half of them are at most this.
    pub p50: Option<f64>,
    /// 95 % of them are at most this.
    pub p95: Option<f64>,
    /// The longest.
    pub max: Option<f64>,
}

impl Spread {
    /// The spread of some values.
    #[must_use]
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |share| percentile(&values, share);
        Self { p50: at(0.5), p95: at(0.95), max: at(1.0) }
    }
}

/// How much earlier something was told than by somebody else, seconds; negative when later.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Lead {
    /// How often somebody else told it.
    pub n: u64,
    /// Of these, how often we did.
    pub told: u64,
    /// One in twenty of ours is at most this much earlier.
    pub p5: Option<f64>,
    /// Half of them are at most this much earlier.
    pub p50: Option<f64>,
    /// The earliest.
    pub max: Option<f64>,
}

/// The same of all, and of those that somebody else told late enough.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Leads {
    /// Of all.
    #[serde(flatten)]
    pub all: Lead,
    /// Of those that somebody else told no sooner than [`Leads::SLOW_S`] after their beginning. Of the others not even who
    /// told them at once could have been that much earlier.
    pub slow: Lead,
}

impl Leads {
    /// How long after its beginning a slow fault is told by somebody else, s: the lead that is aimed at.
    pub const SLOW_S: f64 = 7.0 * 86_400.0;

    /// From how long after its beginning somebody else told each, s, and how much earlier we did; `None` where we did not at
    /// all.
    #[must_use]
    pub fn of(told: &[(f64, Option<f64>)]) -> Self {
        let leads = |least_s: f64| -> Vec<_> {
            told.iter().filter(|(after_s, _)| *after_s >= least_s).map(|(_, lead)| *lead).collect()
        };
        Self { all: Lead::of(&leads(f64::NEG_INFINITY)), slow: Lead::of(&leads(Self::SLOW_S)) }
    }
}

impl Lead {
    /// Of what somebody else told: how much earlier we did; `None` where we did not at all.
    #[must_use]
    pub fn of(leads: &[Option<f64>]) -> Self {
        let mut told: Vec<f64> = leads.iter().copied().flatten().collect();
        told.sort_by(f64::total_cmp);
        let at = |share| percentile(&told, share);
        Self { n: leads.len() as u64, told: told.len() as u64, p5: at(0.05), p50: at(0.5), max: at(1.0) }
    }
}

/// The smallest value that is not exceeded by a `share` (0 to 1) of sorted values: nearest rank, so always one of them.
#[must_use]
pub fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    // 0.95 × 20 must be rank 19 although it is a little more in binary.
    let rank = (share * sorted.len() as f64 - 1e-9).ceil().max(1.0) as usize;
    sorted.get(rank - 1).copied()
}

/// `part` of `whole`; `None` of nothing.
#[must_use]
pub fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The area under the receiver operating characteristic: how probably a faulty one has a higher score than a sound one;
/// equal scores count half (Mann and Whitney). `None` when there are only sound or only faulty ones.
#[must_use]
pub fn auroc(faulty: &[f64], sound: &[f64]) -> Option<f64> {
    if faulty.is_empty() || sound.is_empty() {
        return None;
    }
    let mut sorted = sound.to_vec();
    sorted.sort_by(f64::total_cmp);
    let won = |score: f64| {
        let below = sorted.partition_point(|other| *other < score);
        let not_above = sorted.partition_point(|other| *other <= score);
        (below + not_above) as f64 / 2.0
    };
    let won: f64 = faulty.iter().map(|score| won(*score)).sum();
    Some(won / (faulty.len() as f64 * sound.len() as f64))
}

/// The mean of some values, and half the width of its 95 % confidence interval after Student's distribution; `None` for
/// the mean of nothing, and for the width from fewer than two values.
#[must_use]
pub fn mean_and_margin(values: &[f64]) -> (Option<f64>, Option<f64>) {
    let n = values.len() as f64;
    if values.is_empty() {
        return (None, None);
    }
    let mean = values.iter().sum::<f64>() / n;
    if values.len() < 2 {
        return (Some(mean), None);
    }
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (Some(mean), Some(student_975(values.len() - 1) * (variance / n).sqrt()))
}

/// The 97.5 % quantile of Student's distribution.
fn student_975(degrees_of_freedom: usize) -> f64 {
    const TABLE: [f64; 30] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
        2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
    ];
    const NORMAL: f64 = 1.959_964;
    let tabled = degrees_of_freedom.checked_sub(1).and_then(|index| TABLE.get(index));
    // Beyond the table the first term of the expansion by Cornish and Fisher is within 0.002.
    tabled.copied().unwrap_or_else(|| NORMAL + (NORMAL.powi(3) + NORMAL) / (4.0 * degrees_of_freedom as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lead_counts_what_was_not_told() {
        let lead = Lead::of(&[Some(60.0), None, Some(-10.0), Some(20.0)]);
        assert_eq!((lead.n, lead.told), (4, 3));
        assert_eq!((lead.p5, lead.p50, lead.max), (Some(-10.0), Some(20.0), Some(60.0)));
        assert_eq!(Lead::of(&[]), Lead::default());
    }

    #[test]
    fn slow_is_what_somebody_else_told_late() {
        let day = 86_400.0;
        let leads = Leads::of(&[(2.0 * day, Some(day)), (7.0 * day, Some(3.0 * day)), (20.0 * day, None)]);
        assert_eq!((leads.all.n, leads.all.told, leads.all.p5), (3, 2, Some(day)));
        assert_eq!((leads.slow.n, leads.slow.told, leads.slow.p5), (2, 1, Some(3.0 * day)));
        let object = serde_json::to_value(leads).unwrap();
        assert_eq!((&object["n"], &object["slow"]["n"]), (&3.into(), &2.into()), "one within the other: {object}");
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        let spread = Spread::of((1..=20).rev().map(f64::from).collect());
        assert_eq!(spread, Spread { p50: Some(10.0), p95: Some(19.0), max: Some(20.0) });
        let three = Spread::of(vec![7.0, 1.0, 3.0]);
        assert_eq!(three, Spread { p50: Some(3.0), p95: Some(7.0), max: Some(7.0) });
        assert_eq!(Spread::of(Vec::new()), Spread::default());
    }

    #[test]
    fn the_area_under_the_curve_counts_ties_half() {
        assert_eq!(auroc(&[2.0, 3.0], &[0.0, 1.0]), Some(1.0));
        assert_eq!(auroc(&[0.0], &[1.0, 2.0]), Some(0.0));
        assert_eq!(auroc(&[1.0, 1.0], &[1.0]), Some(0.5));
        // 3 beats all three; 1 beats one, ties with one.
        assert_eq!(auroc(&[3.0, 1.0], &[0.0, 1.0, 2.0]), Some(4.5 / 6.0));
        assert_eq!((auroc(&[], &[1.0]), auroc(&[1.0], &[])), (None, None));
    }

    #[test]
    fn the_margin_is_that_of_student() {
        let (mean, margin) = mean_and_margin(&[1.0, 2.0, 3.0, 4.0]);
        assert_eq!(mean, Some(2.5));
        // s = 1.290994, s/√4 = 0.645497, t(3) = 3.182.
        assert!((margin.unwrap() - 2.054).abs() < 1e-3, "{margin:?}");
        assert_eq!(mean_and_margin(&[5.0]), (Some(5.0), None));
        assert_eq!(mean_and_margin(&[]), (None, None));
        assert!((student_975(40) - 2.021).abs() < 2e-3, "{}", student_975(40));
        assert!((student_975(1000) - 1.962).abs() < 1e-3);
    }
}
