//! Charge counted by the collector against the charge that the management says: the capacity.

use serde::{Deserialize, Serialize};

use super::reading::Reading;

/// Longest time between readings over which a current is summed, s.
const LONGEST_S: f32 = 600.0;
/// Charge over which the capacity is measured, %.
const STRETCH_PCT: f32 = 10.0;
/// Share of a new measurement: readings half a minute apart miss much of what a changing current moves.
const GAIN: f32 = 1.0 / 12.0;
/// Measurements before a mean counts as a best one, and before it is held against the best.
const SETTLED: u8 = 12;
const FOLLOWED: u8 = 24;

/// The count, and the capacity that it gives.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Coulombs {
    /// Since the anchor, Ah; negative out of the pack.
    ah: f32,
    /// The management's charge at the anchor, 0.01 %.
    anchor: u16,
    /// Mean capacity, 0.01 Ah; 0 unknown.
    capacity: u16,
    /// The highest mean capacity since it has settled, 0.01 Ah.
    best: u16,
    /// Measurements.
    count: u8,
}

impl Coulombs {
    pub(super) fn follow(&mut self, now: &Reading, last: Option<(&Reading, f32)>) {
        if now.soc_pct.is_nan() {
            return;
        }
        let soc = (now.soc_pct * 100.0) as u16;
        match last {
            Some((last, seconds)) if seconds <= LONGEST_S && last.charging == now.charging => {
                self.ah += f32::midpoint(now.amps, last.amps) * seconds / 3600.0;
            }
            Some(_) | None => {
                (self.ah, self.anchor) = (0.0, soc);
                return;
            }
        }
        let out_pct = (f32::from(self.anchor) - f32::from(soc)) / 100.0;
        // What goes in is more than what is stored: charging counts only as long as nothing better is known.
        let (moved_pct, moved_ah) = if now.charging { (-out_pct, self.ah) } else { (out_pct, -self.ah) };
        if moved_pct < STRETCH_PCT {
            return;
        }
        let measured = moved_ah / moved_pct * 10_000.0;
        (self.ah, self.anchor) = (0.0, soc);
        if !(50.0..60_000.0).contains(&measured) || (now.charging && self.count > 0) {
            return;
        }
        self.capacity = match self.count {
            0 => measured as u16,
            count => {
                let gain = GAIN.max(1.0 / (f32::from(count) + 1.0));
                (f32::from(self.capacity) + gain * (measured - f32::from(self.capacity))) as u16
            }
        };
        self.count = self.count.saturating_add(u8::from(!now.charging));
        if self.count >= SETTLED {
            self.best = self.best.max(self.capacity);
        }
    }

    /// Capacity, Ah; `None` before a tenth of the charge went in or out.
    #[must_use]
    pub fn capacity_ah(self) -> Option<f32> {
        (self.capacity > 0).then(|| f32::from(self.capacity) / 100.0)
    }

    /// Capacity over the best it had since it is followed; `None` before it has been followed for some time.
    #[must_use]
    pub fn kept(self) -> Option<f32> {
        (self.count >= FOLLOWED && self.best > 0).then(|| f32::from(self.capacity) / f32::from(self.best))
    }
}
