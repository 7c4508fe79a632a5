//! How a pack behaved from one report to the next.

use serde::{Deserialize, Serialize};

use crate::base::Timestamp;
use crate::model::Battery;

/// The signs of the last two battery readings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PackTrend {
    /// Device time of the last reading.
    pub time: Timestamp,
    /// Hottest sensor, °C.
    pub hottest_c: f64,
    /// Hottest less coldest sensor, K.
    pub spread_k: f64,
    /// How fast the hottest rose since the reading before, K/s.
    pub rise_k_s: f64,
    /// How much the hottest rose since the reading before, K.
    pub rise_k: f64,
    /// Lowest cell over the median cell; 1 without cells.
    pub lowest_cell: f64,
    /// Which cell is the lowest, from 1.
    pub lowest_index: u16,
    /// Insulation, kΩ.
    pub insulation_kohm: f64,
}

impl PackTrend {
    /// The trend after another reading; `None` when the reading has no temperature.
    #[must_use]
    pub fn follow(before: Option<&Self>, battery: &Battery, time: Timestamp) -> Option<Self> {
        let (hottest, coldest) = (battery.hottest()?.0, battery.coldest()?.0);
        let (lowest_cell, lowest_index) = lowest_cell(battery);
        let mut trend = Self {
            time,
            hottest_c: hottest,
            spread_k: hottest - coldest,
            rise_k_s: 0.0,
            rise_k: 0.0,
            lowest_cell,
            lowest_index,
            insulation_kohm: battery.insulation.0,
        };
        if let Some(before) = before {
            let seconds = time.seconds_since(before.time);
            if seconds > 0.0 {
                trend.rise_k = hottest - before.hottest_c;
                trend.rise_k_s = trend.rise_k / seconds;
            }
        }
        Some(trend)
    }
}

/// The lowest cell as a share of the median one, and its number from 1.
fn lowest_cell(battery: &Battery) -> (f64, u16) {
    let mut sorted = battery.cells_mv.clone();
    sorted.sort_unstable();
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0);
    let lowest = battery.cells_mv.iter().enumerate().min_by_key(|(_, mv)| **mv);
    match lowest {
        Some((index, mv)) if median > 0 => (f64::from(*mv) / f64::from(median), index as u16 + 1),
        Some(_) | None => (1.0, 0),
    }
}
