//! The cell that stands out: one that lags behind the others in charge, and one that fell suddenly.

use serde::{Deserialize, Serialize};

use super::cell::CellFeature;
use crate::model::Chemistry;

/// No cell.
const NONE: u8 = u8::MAX;
/// Deviations from the others by which a cell becomes the laggard, and the share of it below which it is none any more.
const SIGMAS: f32 = 6.0;
const ENDS: f32 = 0.6;
/// Least lag, %, of lithium and sodium and of lead, and least growth in that (**assumed**).
const LEAST_PCT: f32 = 1.5;
const LEAST_LEAD_PCT: f32 = 4.0;
const LEAST_GROWTH: f32 = 0.7;
/// How far it must be below the next one, of its fall; and what is left of a fall that goes on.
const ALONE: f32 = 0.6;
const LEFT: f32 = 0.6;

/// From when on a cell lags: by its lag, or by how it has grown, %.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    lag_pct: f32,
    growth_pct: f32,
}

impl Limits {
    /// From the spread of the others.
    pub(super) fn of(chemistry: Chemistry, spread_pct: f32, growth_spread_pct: f32) -> Self {
        let least = match chemistry {
            Chemistry::Lfp | Chemistry::Nmc | Chemistry::Na => LEAST_PCT,
            Chemistry::Vrla => LEAST_LEAD_PCT,
        };
        Self {
            lag_pct: least.max(SIGMAS * spread_pct),
            growth_pct: (LEAST_GROWTH * least).max(SIGMAS * growth_spread_pct),
        }
    }

    /// How far a cell is beyond them: 1 is the limit. Growth counts for a cell that is behind, not for one that was ahead.
    fn exceeded_by(self, cell: CellFeature) -> f32 {
        let growth = cell.growth_pct().min(cell.lag_pct().max(0.0) * 2.0);
        (cell.lag_pct() / self.lag_pct).max(growth / self.growth_pct)
    }

    /// Whether a cell is at the limit or beyond it: the same without dividing.
    fn are_exceeded_by(self, cell: CellFeature) -> bool {
        let growth = cell.growth_pct().min(cell.lag_pct().max(0.0) * 2.0);
        cell.lag_pct() >= self.lag_pct || growth >= self.growth_pct
    }
}

fn hours(minutes: u16) -> u8 {
    (minutes / 60).min(255) as u8
}

/// The cell that lags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Laggard {
    /// Device time since when, s.
    since: u32,
    /// Lag then, 1/256 %.
    first: i16,
    cell: u8,
    readings: u8,
    /// For how long nothing had told it before, h.
    untold: u8,
}

impl Default for Laggard {
    fn default() -> Self {
        Self { since: 0, first: 0, cell: NONE, readings: 0, untold: 0 }
    }
}

impl Laggard {
    pub(super) fn follow(
        &mut self,
        cells: &[CellFeature],
        skip: Option<usize>,
        limits: Limits,
        (time, untold_min): (u32, u16),
    ) {
        let known = cells.get(usize::from(self.cell)).filter(|_| Some(usize::from(self.cell)) != skip);
        if known.is_some_and(|cell| limits.exceeded_by(*cell) >= ENDS) {
            self.readings = self.readings.saturating_add(1);
            return;
        }
        *self = Self::default();
        if !cells.iter().any(|cell| limits.are_exceeded_by(*cell)) {
            return;
        }
        let cells = cells.iter().enumerate().filter(|(index, _)| Some(*index) != skip);
        let worst = cells.map(|(index, cell)| (index, *cell, limits.exceeded_by(*cell)));
        if let Some((worst, cell, excess)) = worst.max_by(|(.., a), (.., b)| a.total_cmp(b))
            && excess >= 1.0
        {
            *self =
                Self { since: time, first: cell.raw_lag(), cell: worst as u8, readings: 1, untold: hours(untold_min) };
        }
    }

    /// Which cell, from 0.
    #[must_use]
    pub fn cell(self) -> Option<usize> {
        (self.cell != NONE).then(|| usize::from(self.cell))
    }

    /// Since when, device time in seconds, and readings since.
    #[must_use]
    pub fn since(self) -> (u32, u8) {
        (self.since, self.readings)
    }

    /// For how long no reading had told its lag before, h.
    #[must_use]
    pub fn untold_h(self) -> f32 {
        f32::from(self.untold)
    }

    /// Its lag when it began to stand out, % of the charge.
    #[must_use]
    pub fn first_pct(self) -> f32 {
        f32::from(self.first) / 256.0
    }
}

/// A cell that fell below what is known of it and stays there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fallen {
    /// Mean fall, 1/8 mV.
    drop: i16,
    cell: u8,
    readings: u8,
    /// For how long nothing had told it before, h.
    untold: u8,
}

impl Default for Fallen {
    fn default() -> Self {
        Self { drop: 0, cell: NONE, readings: 0, untold: 0 }
    }
}

impl Fallen {
    /// `innovations` say how far each cell is from what is known of it, mV; `limit` is what the
    /// resolution and the spread of the others may explain. Where cells are measured one after the other while the current changes, a whole group
    /// falls: only a cell that falls alone counts.
    pub(super) fn follow(&mut self, innovations: &[f32], skip: Option<usize>, limit: f32, untold_min: u16) {
        let (mut lowest, mut lowest_mv, mut second_mv) = (usize::MAX, 0.0_f32, 0.0_f32);
        for (index, mv) in innovations.iter().enumerate().filter(|(index, _)| Some(*index) != skip) {
            if *mv < lowest_mv {
                (lowest, lowest_mv, second_mv) = (index, *mv, lowest_mv);
            } else if *mv < second_mv {
                second_mv = *mv;
            }
        }
        let alone = second_mv - lowest_mv >= ALONE * limit && second_mv >= ALONE * lowest_mv;
        let fell = -lowest_mv >= limit && alone;
        let eighths = |mv: f32| (mv * 8.0) as i16;
        if fell && lowest == usize::from(self.cell) {
            self.readings = self.readings.saturating_add(1);
            self.drop = (f32::from(self.drop) * 0.8 + f32::from(eighths(-lowest_mv)) * 0.2) as i16;
            return;
        }
        let own = innovations.get(usize::from(self.cell)).filter(|_| Some(usize::from(self.cell)) != skip);
        if own.is_some_and(|own| -own >= LEFT * limit) && self.readings >= 3 && lowest == usize::from(self.cell) {
            return;
        }
        *self = Self::default();
        if fell {
            *self = Self { drop: eighths(-lowest_mv), cell: lowest as u8, readings: 1, untold: hours(untold_min) };
        }
    }

    /// For how long no reading had told its lag before, h.
    #[must_use]
    pub fn untold_h(self) -> f32 {
        f32::from(self.untold)
    }

    /// Which cell, from 0, how far it fell, mV, in how many readings in a row.
    #[must_use]
    pub fn cell(self) -> Option<(usize, f32, u8)> {
        (self.cell != NONE).then(|| (usize::from(self.cell), f32::from(self.drop) / 8.0, self.readings))
    }
}
