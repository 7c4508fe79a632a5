//! What a pack loses while nothing flows.

use serde::{Deserialize, Serialize};

use super::ocv;
use super::reading::Reading;

/// Less current than this is rest, A: sensors tremble, and a tracker draws some milliamperes.
const REST_A: f32 = 0.3;
/// Cells need so long until their voltage tells their charge, s.
const RELAXED_S: u32 = 3600;
/// Rests shorter than this say nothing, s.
const LEAST_S: u32 = 7200;
/// No leak empties a pack faster, %/h: a faster fall is the management correcting itself.
const FASTEST_PCT_H: f32 = 3.0;

/// The last long rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rest {
    /// Device time since which nothing has flowed, s; 0 while something does.
    began: u32,
    /// Device time of its beginning, s; 0 when it does not rest.
    since: u32,
    /// Charge then, 0.01 %.
    soc: u16,
    /// Median cell once relaxed, mV; 0 before.
    mv: u16,
    /// Loss by the management's charge, 0.1 %, in the last long rest.
    lost: u8,
    /// Loss, 0.25 %/day.
    daily: u8,
}

impl Rest {
    pub(super) fn follow(&mut self, now: &Reading, last: Option<(&Reading, f32)>, median_mv: f32) {
        let time = now.seconds();
        let soc = (now.soc_pct * 100.0) as u16;
        if now.riding || now.amps.abs() > REST_A || now.soc_pct.is_nan() {
            (self.since, self.began) = (0, 0);
            return;
        }
        let Some((last, seconds)) = last.filter(|_| self.since > 0) else {
            *self = Self { began: time, since: time, soc, mv: 0, ..*self };
            return;
        };
        let step = last.soc_pct - now.soc_pct;
        if !(-0.5..=1.0 + FASTEST_PCT_H * seconds / 3600.0).contains(&step) {
            // The management has corrected itself: count from here.
            *self = Self { since: time, soc, mv: 0, ..*self };
            return;
        }
        let rested = time.saturating_sub(self.since);
        if rested >= RELAXED_S && self.mv == 0 {
            self.mv = median_mv as u16;
        }
        if rested < LEAST_S {
            return;
        }
        let coarse = soc.is_multiple_of(100) && self.soc.is_multiple_of(100);
        let resolution = if coarse { 1.0 } else { 0.1 };
        let said = (f32::from(self.soc) - f32::from(soc)) / 100.0 - resolution;
        let days = rested as f32 / 86_400.0;
        let (mut gone, mut daily) = (said.max(0.0), said.max(0.0) / days);
        if let Some(shown) = self.shown(now, median_mv, rested)
            && shown.0 > gone
        {
            (gone, daily) = shown;
        }
        self.lost = (gone * 10.0) as u8;
        self.daily = (daily * 4.0) as u8;
    }

    /// How long it has rested, s.
    pub(super) fn still_s(self, now: &Reading) -> u32 {
        if self.began == 0 { 0 } else { now.seconds().saturating_sub(self.began) }
    }

    /// Loss by the voltage, % and %/day, where chemistry lets it tell: lead relaxes for many hours.
    fn shown(&self, now: &Reading, median_mv: f32, rested: u32) -> Option<(f32, f32)> {
        use crate::model::Chemistry;
        let relaxed_s = rested.saturating_sub(RELAXED_S);
        if now.chemistry == Chemistry::Vrla || relaxed_s < 2 * LEAST_S || self.mv == 0 {
            return None;
        }
        let before = ocv::charge_at(now.chemistry, f32::from(self.mv))?;
        let lost = before - ocv::charge_at(now.chemistry, median_mv)? - 0.7;
        (lost > 0.0).then(|| (lost, lost * 86_400.0 / relaxed_s as f32))
    }

    /// How much of the charge was lost in the last rest of two hours or more, %.
    #[must_use]
    pub fn lost_pct(self) -> f32 {
        f32::from(self.lost) / 10.0
    }

    /// The same in a day, %/day; at most 63.
    #[must_use]
    pub fn daily_pct(self) -> f32 {
        f32::from(self.daily) / 4.0
    }
}
