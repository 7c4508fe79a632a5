//! How the hottest sensor rose from one reading to the next.

use serde::{Deserialize, Serialize};

use super::reading::Reading;

/// A rise that no ride and no charger makes: GB 38031-2025 takes 1 K/s; 3 K so that noise between quick readings is none.
const FAST_K_S: f32 = 1.0;
const FAST_K: f32 = 3.0;

/// The rise of the hottest sensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Heat {
    /// Since the reading before, 0.1 K.
    rise: i16,
    /// The same in a second, mK/s.
    rate: i16,
    /// Readings in a row with a fast rise.
    fast: u8,
}

impl Heat {
    pub(super) fn follow(&mut self, now: &Reading, last: Option<(&Reading, f32)>) {
        *self = match last {
            Some((last, seconds)) if seconds > 0.0 => {
                let rise = now.hottest_c - last.hottest_c;
                let fast = rise >= FAST_K && rise >= FAST_K_S * seconds;
                Self {
                    rise: (rise * 10.0) as i16,
                    rate: (rise / seconds * 1000.0) as i16,
                    fast: if fast { self.fast.saturating_add(1) } else { 0 },
                }
            }
            Some(_) | None => Self::default(),
        };
    }

    /// Since the reading before, K.
    #[must_use]
    pub fn rise_k(self) -> f32 {
        f32::from(self.rise) / 10.0
    }

    /// In a second, K/s; at most 32.
    #[must_use]
    pub fn rise_k_s(self) -> f32 {
        f32::from(self.rate) / 1000.0
    }

    /// Readings in a row that rose by 1 K/s and 3 K.
    #[must_use]
    pub fn fast_readings(self) -> u8 {
        self.fast
    }
}
