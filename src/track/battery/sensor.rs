//! Voltage sensors that lie. The pack's own voltage tells: when one cell departs and the sum of the cells departs from the
//! pack by just as much, it is the sensor and not the cell. A sensor that repeats itself while the others move is stuck.

use serde::{Deserialize, Serialize};

use super::reading::{Reading, measured};
use super::sampling::floor_u8;

/// No cell.
const NONE: u8 = u8::MAX;
/// Least departure that is looked at, mV; several times more than rounding leaves in a sum.
const LEAST_MV: f32 = 30.0;
/// Readings after which evidence counts no further.
const MOST: u8 = 60;
/// Share of a new departure in the mean one.
const GAIN: f32 = 1.0 / 8.0;
/// Share of a new change in how cells tremble.
const TREMBLE_GAIN: f32 = 1.0 / 16.0;
const DRIFT_GAIN: f32 = 1.0 / 4.0;
/// A cell that trembles by so much, mV, and so many times as much as the others is not believed.
const TREMBLING_MV: f32 = 10.0;
const TREMBLING_RATIO: f32 = 4.0;
/// A change stands out when it is so much, mV, and so many times the usual one; it must so many times more than not.
const ALONE_MV: f32 = 4.0;
const ALONE_RATIO: f32 = 2.0;
const TREMBLES_AFTER: u8 = 5;
/// Share of a new difference in the pack's own.
const SLOW_GAIN: f32 = 1.0 / 128.0;

/// What is remembered of suspect sensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sensors {
    /// Σ cells − pack as it usually is, mV, and how much that trembles, mV.
    base: i16,
    jitter: u8,
    /// Whose departure the sum shares, in how many readings, and its mean, mV.
    cell: u8,
    count: u8,
    offset: i16,
    /// Who repeats itself, and how far the others moved meanwhile, 4 mV.
    stuck: u8,
    travel: u8,
}

impl Default for Sensors {
    fn default() -> Self {
        Self { base: i16::MIN, jitter: 0, cell: NONE, count: 0, offset: 0, stuck: NONE, travel: 0 }
    }
}

impl Sensors {
    /// Compares the sum with the pack. `innovations` say how far each cell departs from what is known of it, mV;
    /// `step_mv` is the resolution.
    pub(super) fn compare(&mut self, now: &Reading, innovations: &[f32], (median_mv, step_mv): (f32, f32)) {
        if now.pack_mv.is_nan() || now.pack_mv <= 0.0 || now.cells_mv.iter().any(|mv| !measured(*mv)) {
            return;
        }
        let sum: u32 = now.cells_mv.iter().map(|mv| u32::from(*mv)).sum();
        let rest = sum as f32 - now.pack_mv;
        // Without their signs, numbers are in the order of their bits.
        let size = |mv: &f32| mv.abs().to_bits() as i32;
        let Some(most) = innovations.iter().map(size).max() else { return };
        let worst = innovations.iter().rposition(|mv| size(mv) == most).unwrap_or(0);
        let (worst, departure) = (worst as u8, innovations[worst]);
        if self.base == i16::MIN {
            // One that lies from the beginning must not be taken for the pack's own difference.
            let lies = departure.abs() >= LEAST_MV && matches(departure, rest);
            self.base = if lies { 0 } else { rest as i16 };
        }
        let beyond = rest - f32::from(self.base);
        let rounding = 0.3 * step_mv * (now.cells_mv.len() as f32).sqrt();
        let least = (LEAST_MV + rounding).max(6.0 * f32::from(self.jitter));
        let known = now.cells_mv.get(usize::from(self.cell)).map(|mv| f32::from(*mv) - median_mv);
        let (worst, agrees) = match known {
            // Meanwhile its departure may have been taken for charge.
            Some(own) if matches(own, beyond) => (self.cell, true),
            Some(_) | None => (worst, matches(departure, beyond)),
        };
        if beyond.abs() >= least && agrees {
            if worst == self.cell {
                self.count = (self.count + 1).min(MOST);
                self.offset = (f32::from(self.offset) + GAIN * (beyond - f32::from(self.offset))) as i16;
            } else if self.count <= 1 {
                (self.cell, self.count, self.offset) = (worst, 1, beyond as i16);
            } else {
                self.count -= 1;
            }
            return;
        }
        self.count = self.count.saturating_sub(1);
        if self.count == 0 {
            self.cell = NONE;
        }
        self.jitter = (f32::from(self.jitter) + GAIN * (beyond.abs() - f32::from(self.jitter)) + 0.5) as u8;
        self.base = (f32::from(self.base) + SLOW_GAIN * beyond).round() as i16;
    }

    /// Looks for one that repeats itself while the median moved by `moved_mv`.
    pub(super) fn repeat(&mut self, now: &Reading, last: &Reading, moved_mv: f32, step_mv: f32) {
        let same = |index: usize| now.cells_mv.get(index) == last.cells_mv.get(index);
        if self.stuck != NONE && !same(usize::from(self.stuck)) {
            (self.stuck, self.travel) = (NONE, 0);
        }
        if moved_mv.abs() < (2.0 * step_mv).max(4.0) {
            return;
        }
        if self.stuck == NONE {
            let found = (0..now.cells_mv.len()).find(|index| same(*index) && measured(now.cells_mv[*index]));
            self.stuck = found.map_or(NONE, |index| index as u8);
        }
        if self.stuck != NONE {
            self.travel = self.travel.saturating_add((moved_mv.abs() / 4.0).min(16.0) as u8);
        }
    }

    /// The cell whose sensor is off, the readings that say so, and the mean departure, mV.
    #[must_use]
    pub fn off(self) -> Option<(usize, u8, f32)> {
        (self.cell != NONE).then(|| (usize::from(self.cell), self.count, f32::from(self.offset)))
    }

    /// The cell whose sensor repeats itself, and how far the others moved meanwhile, mV (of one reading at most 64).
    #[must_use]
    pub fn stuck(self) -> Option<(usize, f32)> {
        (self.stuck != NONE).then(|| (usize::from(self.stuck), f32::from(self.travel) * 4.0))
    }

    /// The cell that is not to be believed.
    pub(super) fn suspect(self) -> Option<usize> {
        let off = self.off().filter(|(_, count, _)| *count >= 2).map(|(cell, ..)| cell);
        off.or_else(|| self.stuck().filter(|(_, travel)| *travel >= 100.0).map(|(cell, _)| cell))
    }
}

/// How the cells tremble at rest, and the one that trembles most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trembling {
    /// Mean change from one reading to the next of all but the worst, 1/2 mV.
    usual: u8,
    /// The worst, in how many readings more than others, and its mean change, 1/2 mV.
    cell: u8,
    count: u8,
    mean: u8,
    /// Its mean change with its sign, 1/2 mV: what falls steadily does not tremble.
    drift: i8,
}

impl Default for Trembling {
    fn default() -> Self {
        Self { usual: 0, cell: NONE, count: 0, mean: 0, drift: 0 }
    }
}

impl Trembling {
    /// `change` says by how much a cell's deviation changed, mV.
    pub(super) fn follow(&mut self, cells: usize, change: impl Fn(usize) -> Option<f32>, dither: f32) {
        let (mut sum, mut count, mut worst, mut most) = (0.0, 0.0_f32, 0, -1.0);
        for (index, mv) in (0..cells).filter_map(|index| Some((index, change(index)?.abs()))) {
            (sum, count) = (sum + mv, count + 1.0);
            if mv > most {
                (worst, most) = (index, mv);
            }
        }
        if count < 3.0 {
            return;
        }
        let follow =
            |known: u8, mv: f32| floor_u8(f32::from(known) + TREMBLE_GAIN * (mv * 2.0 - f32::from(known)) + dither);
        self.usual = follow(self.usual, (sum - most) / (count - 1.0));
        if let Some(own) = (self.cell != NONE).then(|| change(self.cell.into())).flatten() {
            let drift = f32::from(self.drift);
            self.mean = follow(self.mean, (own - drift / 2.0).abs());
            self.drift = (drift + DRIFT_GAIN * (own * 2.0 - drift)).round() as i8;
        }
        let stands_out = most >= ALONE_MV + ALONE_RATIO * self.usual_mv();
        if stands_out && worst == usize::from(self.cell) {
            self.count = (self.count + 1).min(MOST);
        } else if !stands_out || self.count > 1 {
            self.count = self.count.saturating_sub(1);
        } else {
            *self = Self { usual: self.usual, cell: worst as u8, count: 1, mean: self.usual, drift: 0 };
        }
    }

    /// Mean change of a usual cell, mV.
    #[must_use]
    pub fn usual_mv(self) -> f32 {
        f32::from(self.usual) / 2.0
    }

    /// The cell that trembles most, and its mean change, mV; one jump is no trembling.
    #[must_use]
    pub fn worst(self) -> Option<(usize, f32)> {
        (self.cell != NONE && self.count >= TREMBLES_AFTER)
            .then(|| (usize::from(self.cell), f32::from(self.mean) / 2.0))
    }

    /// The cell that is not to be believed.
    pub(super) fn suspect(self) -> Option<usize> {
        let (cell, mv) = self.worst()?;
        (mv >= TREMBLING_MV + TREMBLING_RATIO * self.usual_mv()).then_some(cell)
    }
}

/// Whether a departure of a cell explains that of the sum, mV.
fn matches(cell: f32, sum: f32) -> bool {
    (cell - sum).abs() <= (0.3 * sum.abs()).max(12.0)
}
