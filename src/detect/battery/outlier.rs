//! Which cell of a pack stands out, before anything is said of what it may have: one that lags, one that fell, one that runs
//! ahead on top of a charge, one that resists.

use super::cell_fault::CellFaultSettings;
use super::look::rising;
use crate::model::Level;
use crate::track::PackFeatures;

/// A cell that stands out of a pack, whatever it may have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlier {
    /// From 0.
    pub cell: usize,
    /// How far its charge stands out, if it does.
    pub lag: Option<Level>,
    /// Excess of its resistance, in that of the median cell, if that stands out.
    pub excess: Option<f64>,
    /// How far it fell below what was known of it, mV, if it did.
    pub fall_mv: Option<f64>,
}

impl CellFaultSettings {
    /// The cell that stands out at a device time in seconds.
    #[must_use]
    pub fn outlier(&self, features: &PackFeatures, seconds: i64) -> Option<Outlier> {
        let fallen = features.cells.fallen.cell().filter(|(cell, _, readings)| {
            // What seemed ahead of the others on the charger falls back to where it was.
            *readings >= self.fallen_readings && !is_ahead(features, *cell)
        });
        let laggard = self.laggard(features, seconds);
        let resistive = self.resistive(features);
        let (cell, lag) = match (fallen, laggard, resistive, self.leader(features)) {
            (_, Some((cell, level)), ..) => (cell, Some(level)),
            (Some((cell, _, readings)), ..) => {
                let long = readings >= self.fallen_readings.saturating_mul(4);
                (cell, Some(if long { Level::Two } else { Level::One }))
            }
            (.., Some((cell, _)), _) => (cell, None),
            // It is not empty yet, so nobody need stop for it.
            (.., Some(cell)) => (cell, Some(Level::One)),
            (None, None, None, None) => return None,
        };
        Some(Outlier {
            cell,
            lag,
            excess: resistive.filter(|(worst, _)| *worst == cell).map(|(_, excess)| excess),
            fall_mv: fallen.filter(|fall| fall.0 == cell).map(|(_, fall, _)| fall.into()),
        })
    }

    /// The cell that has lagged for long enough.
    fn laggard(&self, features: &PackFeatures, seconds: i64) -> Option<(usize, Level)> {
        let laggard = features.cells.laggard;
        let cell = laggard.cell()?;
        let (since, readings) = laggard.since();
        let known = features.cells.get(cell);
        let (lag, growth) = (f64::from(known.lag_pct()), f64::from(known.growth_pct()));
        let held = seconds - i64::from(since) >= self.held.as_secs() as i64 && readings >= 3;
        let lags = lag >= self.sigmas * f64::from(features.cells.spread_pct());
        let grows = growth >= self.sigmas * f64::from(features.cells.growth_spread_pct());
        let by_lag = rising(lag, &self.lag_pct).filter(|_| lags);
        let by_growth = rising(growth, &self.growth_pct).filter(|_| grows);
        by_lag.max(by_growth).filter(|_| held).map(|level| (cell, level))
    }

    /// The cell that runs ahead. One that lacks capacity has more resistance as well, were it only a little: of the sound
    /// ones that seemed to run ahead on the seeds 1 to 4 most had none.
    fn leader(&self, features: &PackFeatures) -> Option<usize> {
        let resists = |cell: &usize| features.cells.get(*cell).ohm_excess() > 0.0;
        features.cells.leader.ahead().filter(|cell| features.cells.steps() >= self.steps && resists(cell))
    }

    /// The cell with too much resistance.
    fn resistive(&self, features: &PackFeatures) -> Option<(usize, f64)> {
        let (cell, excess, steps) = features.cells.resistive()?;
        let excess = f64::from(excess);
        let stands_out = excess >= self.weak_excess
            && excess >= self.sigmas * f64::from(features.cells.ohm_spread())
            && excess * f64::from(features.cells.load_mv()) >= self.excess_mv;
        (stands_out && steps >= self.steps).then_some((cell, excess))
    }
}

/// Whether a cell seems to have more charge than the others, clearly: no fault adds charge.
pub(super) fn is_ahead(features: &PackFeatures, cell: usize) -> bool {
    features.cells.get(cell).lag_pct() < -3.0 * features.cells.spread_pct()
}
