//! A vehicle as it lies beside millions of others: small, and in the form of [`Track`] and [`Report`] only while it is
//! looked at. Nothing is lost on the way; what is rarely there takes no room while it is not.

use super::battery::{Before, PackFeatures, Packs};
use super::brief::Brief;
use super::calm::Calm;
use super::guard::Guard;
use super::kept::Kept;
use super::park::ParkAnchor;
use super::sequence::Sequence;
use super::vehicle::Track;
use crate::base::{Timestamp, Vin};
use crate::model::Report;

/// A vehicle: what is remembered and what it said last.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    calm: Calm,
    odd: Option<Box<Odd>>,
    /// The pack in it.
    pack: Option<PackFeatures>,
    /// The last report, the newest by its number.
    last: Option<Brief>,
}

/// What most vehicles have nothing of.
#[derive(Debug, Clone, PartialEq, Default)]
struct Odd {
    /// In full, when messages are missing or another device has counted.
    sequence: Option<Sequence>,
    /// In full, when something disturbed it.
    theft: Option<Box<Theft>>,
    /// The boot in which another device, or its own before it started again, has spoken; 0 for none.
    other: u32,
    /// The pack that was in it before.
    pack_before: Option<Box<PackFeatures>>,
    /// Since when the pack does not answer, Unix seconds of device time; 0 when it does.
    unanswered_s: u32,
    /// The last report, when it has no brief form.
    last: Option<Box<Report>>,
}

/// What happened to it, and where it is.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Theft {
    guard: Guard,
    park: Option<ParkAnchor>,
}

impl Entry {
    /// A vehicle of which nothing is known.
    #[must_use]
    pub fn new(vin: Vin, now: Timestamp) -> Self {
        Self::of(Track::new(vin, now), None)
    }

    /// A vehicle of which this is known.
    #[must_use]
    pub fn of(track: Track, last: Option<&Report>) -> Self {
        let mut entry = Self { calm: Calm::new(track.vin), odd: None, pack: None, last: None };
        if let Some(last) = last {
            entry.keep_report(last);
        }
        entry.keep(track);
        entry
    }

    /// Who.
    #[must_use]
    pub fn vin(&self) -> Vin {
        self.calm.vin()
    }

    /// When it was last heard, by the collector's clock.
    #[must_use]
    pub fn seen(&self) -> Timestamp {
        self.calm.seen()
    }

    /// Takes note that it has been heard.
    pub fn set_seen(&mut self, seen: Timestamp) {
        self.calm.set_seen(seen);
    }

    /// Whether it is connected, as far as its presence tells.
    #[must_use]
    pub fn online(&self) -> bool {
        self.calm.online()
    }

    /// Takes note whether it is connected.
    pub fn set_online(&mut self, online: bool) {
        self.calm.set_online(online);
    }

    /// Which messages came; `None` before the first with a number.
    #[must_use]
    pub fn sequence(&self) -> Option<Sequence> {
        self.odd.as_ref().and_then(|odd| odd.sequence).or_else(|| self.calm.sequence())
    }

    /// Keeps which messages came.
    pub fn set_sequence(&mut self, sequence: Option<Sequence>) {
        self.keep_sequence(sequence);
        self.tidy();
    }

    fn keep_sequence(&mut self, sequence: Option<Sequence>) {
        let odd = if self.calm.keep_sequence(sequence.as_ref()) { None } else { sequence };
        if odd.is_some() || self.odd.is_some() {
            self.odd.get_or_insert_default().sequence = odd;
        }
    }

    /// What is remembered of the pack in it; `None` before its first reading.
    #[must_use]
    pub fn pack(&self) -> Option<&PackFeatures> {
        self.pack.as_ref()
    }

    /// The last report.
    #[must_use]
    pub fn report(&self) -> Option<Report> {
        match &self.last {
            Some(last) => Some(last.report(self.vin())),
            None => self.odd.as_ref()?.last.as_deref().cloned(),
        }
    }

    /// What the last report said of the pack, if it did.
    #[must_use]
    pub fn before(&self) -> Option<Before> {
        match &self.last {
            Some(last) => last.before(),
            None => Before::of(self.odd.as_ref()?.last.as_deref()?),
        }
    }

    /// The last report, to be kept elsewhere.
    #[must_use]
    pub fn kept(&self) -> Option<Kept> {
        match self.last {
            Some(last) => Some(Kept::Brief(last)),
            None => self.odd.as_ref()?.last.clone().map(Kept::Full),
        }
    }

    /// Keeps the last report.
    pub fn keep_report(&mut self, report: &Report) {
        self.last = Brief::of(report).filter(|_| report.stamp.vin == self.vin());
        let odd = if self.last.is_some() { None } else { Some(report) };
        if odd.is_none() && self.odd.is_none() {
            return;
        }
        match (&mut self.odd.get_or_insert_default().last, odd) {
            // Its room, and that of its lists, is used again.
            (Some(room), Some(report)) => (**room).clone_from(report),
            (room, report) => *room = report.map(|report| Box::new(report.clone())),
        }
        self.tidy();
    }

    /// What is remembered, to be looked at.
    #[must_use]
    pub fn track(&self) -> Track {
        self.clone().take()
    }

    /// What is remembered, to be changed and put back with [`Entry::keep`]: until then its packs are not here.
    #[must_use]
    #[inline]
    pub fn take(&mut self) -> Track {
        let mut packs = Packs { now: self.pack.take(), before: None, unanswered_s: 0 };
        let mut other = 0;
        if let Some(odd) = &mut self.odd {
            (packs.before, packs.unanswered_s, other) = (odd.pack_before.take(), odd.unanswered_s, odd.other);
        }
        let (theft, park) = match self.odd.as_ref().and_then(|odd| odd.theft.as_deref()) {
            Some(theft) => (theft.guard, theft.park),
            None => (self.calm.guard(other), self.calm.park()),
        };
        let (vin, seen, online) = (self.vin(), self.seen(), self.online());
        Track { vin, seen, online, sequence: self.sequence(), park, theft, packs }
    }

    /// Keeps what is remembered. Whose it is does not change.
    #[inline]
    pub fn keep(&mut self, track: Track) {
        let Track { vin: _, seen, online, sequence, park, theft: guard, packs } = track;
        self.calm.set_seen(seen);
        self.calm.set_online(online);
        self.keep_sequence(sequence);
        let Packs { now, before: pack_before, unanswered_s } = packs;
        self.pack = now;
        let theft = if self.calm.keep_theft(&guard, park.as_ref()) { None } else { Some(Theft { guard, park }) };
        let other = guard.voice.other;
        let quiet = theft.is_none() && pack_before.is_none() && (other, unanswered_s) == (0, 0);
        if quiet && self.odd.is_none() {
            return;
        }
        let odd = self.odd.get_or_insert_default();
        // Tidied up only at the end: the room of what is odd again is used again.
        (odd.other, odd.pack_before, odd.unanswered_s) = (other, pack_before, unanswered_s);
        match (&mut odd.theft, theft) {
            (Some(room), Some(theft)) => **room = theft,
            (room, theft) => *room = theft.map(Box::new),
        }
        self.tidy();
    }

    /// Gives up the room for what is odd when nothing is.
    fn tidy(&mut self) {
        let is_empty = |odd: &Odd| {
            let nothing = odd.sequence.is_none() && odd.theft.is_none() && odd.pack_before.is_none();
            nothing && odd.last.is_none() && (odd.other, odd.unanswered_s) == (0, 0)
        };
        if self.odd.as_deref().is_some_and(is_empty) {
            self.odd = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::{Purpose, Stream};
    use crate::base::units::{
        Amps, Celsius, Dbm, Degrees, Gravities, Kiloohms, Metres, MetresPerSecond, Percent, Volts,
    };
    use crate::base::{LatLon, PackId};
    use crate::model::{Battery, Chemistry, Event, EventKind, Fix, Link, Mode, Motion, Position, Stamp};

    fn report(cells: usize) -> Report {
        let stamp =
            Stamp { vin: "LZLEMTA20T0000001".parse().unwrap(), boot: 7, seq: 1, time: Timestamp(1_780_000_000_000) };
        Report {
            stamp,
            mode: Mode::Parked,
            locked: true,
            key_near: false,
            position: Some(Position {
                fix: Fix::ThreeD,
                at: LatLon { lat: 29.56, lon: 106.57 },
                altitude: Metres(235.1),
                speed: MetresPerSecond(0.0),
                heading: Degrees(12.5),
                satellites: 21,
                hdop: 0.85,
            }),
            motion: Motion {
                wheel: MetresPerSecond(0.0),
                vibration: Gravities(0.004),
                tilt: Degrees(7.0),
                odometer: Metres(812_345.0),
            },
            battery: Some(Battery {
                pack: PackId::from("NMC48-20-000017").unwrap(),
                chemistry: Chemistry::Nmc,
                soc: Percent(64.0),
                soh: Percent(97.5),
                voltage: Volts(59.12),
                current: Amps(-0.1),
                cells_mv: (0..cells).map(|cell| 3690 + cell as u16 % 7).collect(),
                probes: [24.5, 23.0].map(Celsius).into_iter().collect(),
                insulation: Kiloohms(1500.0),
                alarm_level: 0,
            }),
            link: Link { rsrp: Dbm(-91.0), cell: 4711, backup_power: false, backup: None, near: None },
            air: Some(Celsius(21.5)),
        }
    }

    /// Lets some time pass in which anything may happen.
    fn go_on(report: &mut Report, random: &mut Stream, cells: usize) {
        let own = self::report(cells);
        report.stamp.time =
            Timestamp(report.stamp.time.0 + 1000 * random.index(900) as i64 + random.index(1000) as i64);
        report.stamp.seq += 1 + random.index(3) as u32 / 2;
        if random.chance(0.05) {
            (report.stamp.boot, report.stamp.seq) = (report.stamp.boot ^ 6, 1);
        }
        report.locked = random.chance(0.9);
        report.key_near = random.chance(0.05);
        report.position = own.position.filter(|_| random.chance(0.8));
        if let Some(position) = &mut report.position {
            let far = [0.00001, 0.0001, 0.01, 1.0][random.index(4).min(random.index(4))];
            position.at.lat += far * random.normal();
            position.speed = MetresPerSecond(random.between(0.0, 4.0)).quantised(0.01);
        }
        report.motion.vibration = Gravities(if random.chance(0.1) { 0.2 } else { 0.004 });
        report.motion.odometer.0 += random.index(9) as f64;
        report.link.backup_power = random.chance(0.1);
        report.battery = own.battery.filter(|_| random.chance(0.8));
        if let Some(battery) = &mut report.battery {
            battery.current = Amps(random.between(-20.0, 20.0)).quantised(0.1);
            battery.cells_mv.iter_mut().for_each(|mv| *mv += random.index(60) as u16);
            let other = random.chance(0.1);
            battery.pack = if other { PackId::from("NMC48-20-000018").unwrap() } else { battery.pack };
        }
    }

    /// What comes back, with all bits: unlike `==`, text tells 0 from −0.
    fn is_kept(entry: &Entry, track: &Track, report: &Report) {
        assert_eq!(format!("{:?}", entry.track()), format!("{track:?}"));
        let kept = entry.report();
        assert_eq!(format!("{:?}", kept.as_ref().unwrap_or(report)), format!("{report:?}"));
        assert_eq!(entry.kept().map(|kept| kept.report(entry.vin())), kept);
    }

    #[test]
    fn whatever_is_remembered_comes_back() {
        for (seed, cells) in [(1, 4), (2, 16), (3, 20), (4, 100)] {
            let mut random = Stream::new(seed, 0, Purpose::Sensors);
            let mut last = report(cells);
            let mut entry = Entry::new(last.stamp.vin, last.stamp.time);
            let mut track = Track::new(last.stamp.vin, last.stamp.time);
            for _ in 0..600 {
                let before = entry.report();
                go_on(&mut last, &mut random, cells);
                let _ = track.sequence.get_or_insert_with(|| Sequence::starting(&last.stamp)).observe(&last.stamp);
                entry.set_sequence(track.sequence);
                is_kept(&entry, &track, before.as_ref().unwrap_or(&last));
                let mut own = entry.take();
                own.seen = last.stamp.time;
                own.follow(&last, before.as_ref().and_then(Before::of).as_ref());
                if random.chance(0.1) {
                    let kinds = [EventKind::Lift, EventKind::Vibration, EventKind::PowerCut, EventKind::Unlock];
                    own.hear(&Event { stamp: last.stamp, kind: kinds[random.index(4)] });
                }
                track.clone_from(&own);
                entry.keep(own);
                entry.keep_report(&last);
                is_kept(&entry, &track, &last);
                is_kept(&Entry::of(track.clone(), Some(&last)), &track, &last);
            }
        }
    }

    #[test]
    fn what_is_odd_takes_room_only_while_it_is() {
        let mut last = report(16);
        let mut entry = Entry::new(last.stamp.vin, last.stamp.time);
        let mut say = |entry: &mut Entry, change: &dyn Fn(&mut Report)| {
            let before = Before::of(&last);
            change(&mut last);
            last.stamp.time.0 += 10_000;
            let mut track = entry.take();
            track.follow(&last, before.as_ref());
            entry.keep(track);
            entry.keep_report(&last);
            entry.odd.clone()
        };
        assert_eq!(say(&mut entry, &|_| {}), None);
        assert!(entry.track().theft.is_armed() && entry.track().park.is_some() && entry.pack().is_some());
        assert!(say(&mut entry, &|report| report.motion.vibration.0 = 0.2).is_some_and(|odd| odd.theft.is_some()));
        assert!(say(&mut entry, &|report| report.motion.vibration.0 = 0.004).is_some(), "it was disturbed");
        assert_eq!(say(&mut entry, &|report| report.locked = false), None);
        assert!(say(&mut entry, &|report| report.motion.odometer.0 = 1.0 / 3.0).is_some_and(|odd| odd.last.is_some()));
    }
}
