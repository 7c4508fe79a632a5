//! How it is charged: the strongest current of this time on the charger and of usual times, and whether the current rises
//! again once the charger holds its voltage.

use serde::{Deserialize, Serialize};

use super::reading::Reading;
use crate::model::Chemistry;

/// A charger that holds its voltage does so within these shares of the chemistry's usual one (**assumed**).
const HELD: std::ops::RangeInclusive<f32> = 0.966..=1.012;
/// A pack is full from this charge on, % (**assumed**).
const FULL_PCT: f32 = 97.0;
/// A time on the charger counts as usual from this current on, A.
const LEAST_A: f32 = 0.5;

/// What is remembered of charging.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Charge {
    /// Strongest current of this time on the charger, 0.01 A.
    strongest: u16,
    /// Mean of the strongest ones of earlier times, 0.01 A; 0 before any.
    usual: u16,
    /// Lowest current at constant voltage this time, 0.01 A; none yet: the maximum.
    lowest: u16,
    /// Temperature then, °C.
    at_lowest: i8,
}

impl Charge {
    pub(super) fn follow(&mut self, now: &Reading, last: Option<&Reading>, mean_mv: f32) {
        let before = last.is_some_and(|last| last.charging);
        if !before && now.charging {
            self.strongest = 0;
            self.lowest = u16::MAX;
        }
        if before && !now.charging && f32::from(self.strongest) > LEAST_A * 100.0 {
            self.usual = match self.usual {
                0 => self.strongest,
                usual => (f32::from(usual) * 0.7 + f32::from(self.strongest) * 0.3) as u16,
            };
        }
        if !now.charging || !before {
            return;
        }
        // Two readings in a row had it: no spike.
        let amps = last.map_or(0.0, |last| last.amps.min(now.amps)).max(0.0);
        let hundredths = (amps * 100.0) as u16;
        self.strongest = self.strongest.max(hundredths);
        let highest = last.map_or(0.0, |last| last.amps.max(now.amps)).max(0.0);
        // Or it is full and the charger has ended.
        let share = mean_mv / usual_mv(now.chemistry);
        let held = HELD.contains(&share) || (now.soc_pct >= FULL_PCT && share <= *HELD.end());
        if held && (highest * 100.0) < f32::from(self.lowest) {
            self.lowest = (highest * 100.0) as u16;
            self.at_lowest = now.celsius() as i8;
        }
    }

    /// Strongest current of this time on the charger, A.
    #[must_use]
    pub fn strongest_a(self) -> f32 {
        f32::from(self.strongest) / 100.0
    }

    /// Strongest current of usual times, A; `None` before the first.
    #[must_use]
    pub fn usual_a(self) -> Option<f32> {
        (self.usual > 0).then(|| f32::from(self.usual) / 100.0)
    }

    /// At the voltage that the right charger holds: the lowest current this time, A, and the temperature then, °C.
    #[must_use]
    pub fn lowest(self) -> Option<(f32, f32)> {
        (self.lowest < u16::MAX).then(|| (f32::from(self.lowest) / 100.0, f32::from(self.at_lowest)))
    }
}

/// The voltage that the right charger holds, mV a cell, of lead a 12 V module.
fn usual_mv(chemistry: Chemistry) -> f32 {
    match chemistry {
        Chemistry::Lfp => 3650.0,
        Chemistry::Nmc => 4200.0,
        Chemistry::Na => 3950.0,
        Chemistry::Vrla => 14_700.0,
    }
}
