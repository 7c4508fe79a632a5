//! A vehicle for the tests of the rules: it stands locked in one place and says what it is told to.

use crate::base::units::{Amps, Celsius, Dbm, Degrees, Gravities, Kiloohms, Metres, MetresPerSecond, Percent, Volts};
use crate::base::{LatLon, PackId, Timestamp};
use crate::detect::detector::{Detector, Sight, Signal};
use crate::model::{Battery, Chemistry, Event, EventKind, Fix, Level, Link, Mode, Motion, Position, Report, Stamp};
use crate::track::Track;

const BEGIN: Timestamp = Timestamp(1_780_000_000_000);

/// What a rule says, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    Nothing,
    Unclear,
    Suspected,
    Probable,
    Confirmed,
}

/// A vehicle and what the collector remembers of it.
pub(super) struct Stage {
    track: Track,
    report: Report,
    event: Option<Event>,
    second: i64,
}

impl Stage {
    /// Parked, and heard of every five minutes for an hour.
    pub fn parked() -> Self {
        let report = report();
        let mut stage = Self { track: Track::new(report.stamp.vin, BEGIN), report, event: None, second: 0 };
        for _ in 0..12 {
            stage.wait(300).say(|_| {});
        }
        stage
    }

    /// Lets seconds pass.
    pub fn wait(&mut self, seconds: i64) -> &mut Self {
        self.second += seconds;
        self
    }

    /// Changes how things are from now on, and reports.
    pub fn say(&mut self, change: impl FnOnce(&mut Report)) -> &mut Self {
        let time = Timestamp(BEGIN.0 + self.second * 1000);
        self.say_late(time, change)
    }

    /// The same, heard of at another time.
    pub fn say_late(&mut self, heard: Timestamp, change: impl FnOnce(&mut Report)) -> &mut Self {
        change(&mut self.report);
        self.report.stamp.time = Timestamp(BEGIN.0 + self.second * 1000);
        self.track.seen = heard;
        self.track.follow(&self.report, None);
        self.event = None;
        self
    }

    /// Reports each second for a while, changed a little more each time; the second is counted from 1.
    pub fn go_on(&mut self, seconds: i64, mut change: impl FnMut(&mut Report, f64)) -> &mut Self {
        for second in 1..=seconds {
            self.wait(1).say(|report| change(report, second as f64));
        }
        self
    }

    /// Something happens and is told at once.
    pub fn happen(&mut self, kind: EventKind) -> &mut Self {
        let stamp = Stamp { time: Timestamp(BEGIN.0 + self.second * 1000), ..self.report.stamp };
        let event = Event { stamp, kind };
        self.track.hear(&event);
        self.event = Some(event);
        self
    }

    /// What it said last.
    pub fn last(&self) -> &Report {
        &self.report
    }

    /// When it is.
    pub fn now(&self) -> Timestamp {
        Timestamp(BEGIN.0 + self.second * 1000)
    }

    /// What a rule says of it, and that it gives a reason in both languages when it claims something.
    pub fn ask(&self, rule: &dyn Detector) -> Says {
        let sight =
            Sight { now: self.now(), report: &self.report, event: self.event.as_ref(), track: &self.track, pack: None };
        let level = match rule.examine(sight) {
            Signal::Absent => return Says::Nothing,
            Signal::Unknown => return Says::Unclear,
            Signal::Present(level) => level,
        };
        let finding = rule.explain(sight);
        assert!(finding.why.en.len() > 20 && finding.why.zh.len() > 20, "{finding:?}");
        assert!(!finding.evidence.is_empty());
        match level {
            Level::One => Says::Suspected,
            Level::Two => Says::Probable,
            Level::Three => Says::Confirmed,
        }
    }
}

/// So far north of where it was left, at a speed.
pub(super) fn put(report: &mut Report, north_m: f64, speed: f64) {
    let at = LatLon { lat: 29.56 + north_m / 111_195.0, lon: 106.57 };
    report.position = Some(Position {
        fix: Fix::ThreeD,
        at,
        altitude: Metres(250.0),
        speed: MetresPerSecond(speed),
        heading: Degrees(0.0),
        satellites: 9,
        hdop: 1.0,
    });
}

/// Shaken and tilted as on a van.
pub(super) fn on_van(report: &mut Report) {
    report.motion.vibration = Gravities(0.07);
    report.motion.tilt = Degrees(13.0);
}

/// Without its pack.
pub(super) fn without_pack(report: &mut Report) {
    report.battery = None;
    report.link.backup_power = true;
}

/// A report of a vehicle at rest.
pub(in crate::detect) fn report() -> Report {
    let stamp = Stamp { vin: "LZLEMTA20T0000001".parse().unwrap(), boot: 7, seq: 1, time: BEGIN };
    let mut report = Report {
        stamp,
        mode: Mode::Parked,
        locked: true,
        key_near: false,
        position: None,
        motion: Motion {
            wheel: MetresPerSecond(0.0),
            vibration: Gravities(0.004),
            tilt: Degrees(7.0),
            odometer: Metres(812_345.0),
        },
        battery: Some(Battery {
            pack: PackId::from("LFP-1").unwrap(),
            chemistry: Chemistry::Lfp,
            soc: Percent(64.0),
            soh: Percent(97.0),
            voltage: Volts(52.6),
            current: Amps(0.0),
            cells_mv: [3291, 3290, 3292, 3290].into_iter().collect(),
            probes: [Celsius(24.5)].into_iter().collect(),
            insulation: Kiloohms(1500.0),
            alarm_level: 0,
        }),
        link: Link { rsrp: Dbm(-91.0), cell: 4711, backup_power: false, backup: None, near: None },
        air: None,
    };
    put(&mut report, 0.0, 0.0);
    report
}
