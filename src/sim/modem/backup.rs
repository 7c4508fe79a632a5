//! What reporting costs, and the small cell that a tracker lives on when the pack gives no power.
//!
//! One maker publishes less than 16 hours of battery at a report a minute and two weeks at one in ten minutes. No cost
//! per report alone gives both: ten times the reports take twenty-one times the power. So a tracker asked for reports
//! within two minutes is taken to stay awake (receiver and radio on), and otherwise to sleep and wake up for each.

use std::time::Duration;

use crate::base::units::Percent;

/// Energy of the full cell, Wh (**assumed**: 1 Ah of a lithium cell).
const CAPACITY_WH: f64 = 3.7;
/// What it takes awake, W; 62 mA at 3.7 V. From the 16 hours.
const AWAKE_W: f64 = 0.231;
/// What it takes asleep, W (**assumed**).
const SLEEP_W: f64 = 0.0019;
/// How long it is awake for one report, s: find satellites and network, send, listen. From the two weeks.
const AWAKE_S: f64 = 24.0;
/// At reports as often as this it does not fall asleep between them (**assumed**).
const STAYS_AWAKE: Duration = Duration::from_mins(2);
/// What charges the cell when the pack gives power, W (**assumed**: about two hours).
const CHARGE_W: f64 = 1.85;

/// Mean power of the tracker at a report every so often, W.
#[must_use]
pub fn watts(every: Duration) -> f64 {
    if every <= STAYS_AWAKE { SLEEP_W + AWAKE_W } else { SLEEP_W + AWAKE_W * AWAKE_S / every.as_secs_f64() }
}

/// The backup cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BackupCell {
    /// Energy left, Wh.
    wh: f32,
}

impl BackupCell {
    /// A full one.
    pub const FULL: Self = Self { wh: CAPACITY_WH as f32 };

    /// Lives on it for so many seconds at so many watts.
    pub fn drain(&mut self, seconds: f64, watts: f64) {
        self.wh = (f64::from(self.wh) - watts * seconds / 3600.0).max(0.0) as f32;
    }

    /// The pack charges it for so many seconds.
    pub fn charge(&mut self, seconds: f64) {
        if self.wh < Self::FULL.wh {
            self.wh = (f64::from(self.wh) + CHARGE_W * seconds / 3600.0).min(CAPACITY_WH) as f32;
        }
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.wh <= 0.0
    }

    /// What is left of it.
    #[must_use]
    pub fn left(self) -> Percent {
        Percent(f64::from(self.wh) / CAPACITY_WH * 100.0).quantised(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hours until a full cell is empty, drained from report to report.
    fn life_h(every: Duration) -> f64 {
        let mut cell = BackupCell::FULL;
        let mut reports = 0;
        while !cell.is_empty() {
            cell.drain(every.as_secs_f64(), watts(every));
            reports += 1;
        }
        f64::from(reports) * every.as_secs_f64() / 3600.0
    }

    #[test]
    fn it_lasts_as_long_as_published() {
        let (minute, ten) = (life_h(Duration::from_mins(1)), life_h(Duration::from_mins(10)));
        println!("{minute:.1} h at 1 min, {:.1} d at 10 min", ten / 24.0);
        assert!((14.5..16.0).contains(&minute), "{minute} h at a report a minute; published: less than 16");
        assert!((12.5..15.5).contains(&(ten / 24.0)), "{} d at one in ten minutes; published: 14", ten / 24.0);
        let five = life_h(Duration::from_mins(5)) / 24.0;
        assert!((5.0..10.0).contains(&five), "{five} d while parked");
    }

    #[test]
    fn the_pack_fills_it_again() {
        let mut cell = BackupCell::FULL;
        cell.drain(3600.0, CAPACITY_WH / 2.0);
        assert_eq!(cell.left(), Percent(50.0));
        cell.charge(1800.0);
        assert_eq!(cell.left(), Percent(75.0));
        cell.charge(36_000.0);
        assert_eq!(cell, BackupCell::FULL);
        cell.drain(36_000.0, 1.0);
        assert!(cell.is_empty() && cell.left() == Percent(0.0));
    }
}
