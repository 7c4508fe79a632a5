//! A pack for the tests of the rules: it rests at half its charge and says what it is told to.

use super::look::Look;
use crate::base::Timestamp;
use crate::base::units::{Amps, Celsius, Kiloohms, Percent, Volts};
use crate::detect::detector::{Detector, Sight, Signal};
use crate::detect::theft::stage::report;
use crate::model::{Battery, Chemistry, Mode, Report};
use crate::track::{Before, Track};

/// A vehicle with a pack and what the collector remembers of it.
pub(super) struct Stage {
    track: Track,
    report: Report,
    before: Option<Before>,
    /// By how much the cells say more than the pack has, mV: whether a sensor lies.
    pub lie_mv: f64,
}

impl Stage {
    /// At rest, and heard of every five minutes for three hours; the cells differ by a millivolt or two.
    pub fn of(chemistry: Chemistry) -> Self {
        let mut report = report();
        let (mv, count) = match chemistry {
            Chemistry::Nmc => (3751, 12),
            Chemistry::Lfp => (3295, 16),
            Chemistry::Na => (3045, 15),
            Chemistry::Vrla => (12_400, 4),
        };
        let pack = report.battery.take().expect("it has a pack");
        report.battery = Some(Battery {
            chemistry,
            soc: Percent(50.0),
            cells_mv: (0..count).map(|cell| mv + cell % 3).collect(),
            probes: [Celsius(24.0), Celsius(24.5)].into_iter().collect(),
            insulation: Kiloohms(1500.0),
            ..pack
        });
        let track = Track::new(report.stamp.vin, report.stamp.time);
        let mut stage = Self { track, report, before: None, lie_mv: 0.0 };
        stage.go_on(36, 300, |_, _| {});
        stage
    }

    /// Lets seconds pass, changes how things are from now on, and reports.
    pub fn say(&mut self, seconds: i64, change: impl FnOnce(&mut Battery)) -> &mut Self {
        self.say_all(seconds, |report| {
            if let Some(battery) = &mut report.battery {
                change(battery);
            }
        })
    }

    /// The same for what is not the pack's.
    pub fn say_all(&mut self, seconds: i64, change: impl FnOnce(&mut Report)) -> &mut Self {
        let before = Before::of(&self.report);
        change(&mut self.report);
        self.report.stamp.time = Timestamp(self.report.stamp.time.0 + seconds * 1000);
        if let Some(battery) = &mut self.report.battery {
            let sum: f64 = battery.cells_mv.iter().map(|mv| f64::from(*mv)).sum();
            battery.voltage = Volts((sum - self.lie_mv) / 1000.0);
        }
        self.track.seen = self.report.stamp.time;
        self.track.follow(&self.report, before.as_ref());
        self.before = before;
        self
    }

    /// Reports so many times, every so many seconds, changed a little more each time; counted from 1.
    pub fn go_on(&mut self, times: u32, seconds: i64, mut change: impl FnMut(&mut Battery, f64)) -> &mut Self {
        for time in 1..=times {
            self.say(seconds, |battery| change(battery, f64::from(time)));
        }
        self
    }

    /// Rides with a current that comes and goes every ten seconds. `odd` is the resistance that the third cell has beside
    /// that of the others, which is 5 mΩ, in that; of lead 20 mΩ.
    pub fn ride(&mut self, times: u32, odd: f64) -> &mut Self {
        let rested = self.pack().clone();
        let ohms = if rested.chemistry == Chemistry::Vrla { 0.02 } else { 0.005 };
        self.say_all(10, |report| report.mode = Mode::Riding);
        for time in 0..times {
            self.say(10, |battery| {
                battery.current = Amps(if time % 2 == 0 { -12.0 } else { 0.0 });
                let drop = battery.current.0 * ohms * 1000.0;
                for (cell, (mv, rested)) in battery.cells_mv.iter_mut().zip(&rested.cells_mv).enumerate() {
                    let drop = if cell == 2 { drop * (1.0 + odd) } else { drop };
                    *mv = (f64::from(*rested) + drop) as u16;
                }
            });
        }
        self.say_all(10, |report| {
            report.mode = Mode::Parked;
            report.battery = Some(rested);
        })
    }

    /// On its charger.
    pub fn plug(&mut self) -> &mut Self {
        self.say_all(60, |report| report.mode = Mode::Charging)
    }

    /// What it says of its pack.
    pub fn pack(&self) -> &Battery {
        self.report.battery.as_ref().expect("it has a pack")
    }

    /// What a rule says of it, and that it gives a reason in both languages when it claims something.
    pub fn ask(&self, rule: &dyn Detector) -> Signal {
        let now = self.report.stamp.time;
        let (report, track) = (&self.report, &self.track);
        let pack = Look::of(report, self.before.as_ref(), track);
        let sight = Sight { now, report, event: None, track, pack: pack.as_ref() };
        let signal = rule.examine(sight);
        if matches!(signal, Signal::Present(_)) {
            let finding = rule.explain(sight);
            assert!(finding.why.en.len() > 20 && finding.why.zh.len() > 20, "{finding:?}");
            assert!(!finding.evidence.is_empty());
        }
        signal
    }
}

/// Gives all cells one voltage, mV.
pub(super) fn level(battery: &mut Battery, mv: u16) {
    battery.cells_mv.iter_mut().for_each(|cell| *cell = mv);
}
