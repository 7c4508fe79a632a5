//! What is remembered of a vehicle about which nothing is odd: most of them, most of the time. Every field lies beside the
//! others without a gap; what cannot be said in these fields is for [`super::entry`] to keep elsewhere.

use super::guard::Guard;
use super::moment::Moment;
use super::park::ParkAnchor;
use super::sequence::{Numbers, Sequence};
use super::voice::Voice;
use crate::base::geodesy::LatLonE7;
use crate::base::{Timestamp, Vin};

/// What holds of it, a bit each.
const ONLINE: u8 = 1;
const COUNTED: u8 = 1 << 1;
const PARKED: u8 = 1 << 2;
const SOUND: u8 = 1 << 3;
const JUMPED: u8 = 1 << 4;
const FEELS: u8 = 1 << 5;
const NEW: u8 = 1 << 6;
/// All that say something of [`Guard`].
const GUARD: u8 = SOUND | JUMPED | FEELS | NEW;

/// The quiet part of what is remembered.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Calm {
    vin: Vin,
    marks: u8,
    seen: Moment,
    // Of `Sequence`: so many of the highest numbers of its boot have been seen, at most 64, and none of the others.
    boot: u32,
    highest: u32,
    run: u8,
    newest: Moment,
    // Of `ParkAnchor`, while the vehicle is there.
    at: LatLonE7,
    drift_m: f32,
    reach_m: f32,
    last_here_s: u32,
    fixes: u16,
    // Of `Guard`, while nothing disturbs it.
    armed_s: u32,
    heard_s: u32,
    silent_until_s: u32,
    tilt_deg: f32,
    pack: u32,
    odometer_m: u32,
    cell: u32,
    fixed_at: LatLonE7,
    fixed_s: u32,
    kept_out: u8,
    own: u32,
}

impl Calm {
    /// A vehicle of which nothing is known.
    pub(super) fn new(vin: Vin) -> Self {
        Self {
            vin,
            marks: 0,
            seen: Moment::from(Timestamp(0)),
            boot: 0,
            highest: 0,
            run: 0,
            newest: Moment::from(Timestamp(0)),
            at: LatLonE7::default(),
            drift_m: 0.0,
            reach_m: 0.0,
            last_here_s: 0,
            fixes: 0,
            armed_s: 0,
            heard_s: 0,
            silent_until_s: 0,
            tilt_deg: 0.0,
            pack: 0,
            odometer_m: 0,
            cell: 0,
            fixed_at: LatLonE7::default(),
            fixed_s: 0,
            kept_out: 0,
            own: 0,
        }
    }

    fn has(&self, mark: u8) -> bool {
        self.marks & mark != 0
    }

    fn mark(&mut self, mark: u8, holds: bool) {
        self.marks = if holds { self.marks | mark } else { self.marks & !mark };
    }

    pub(super) fn vin(&self) -> Vin {
        self.vin
    }

    pub(super) fn seen(&self) -> Timestamp {
        self.seen.into()
    }

    pub(super) fn set_seen(&mut self, seen: Timestamp) {
        self.seen = seen.into();
    }

    pub(super) fn online(&self) -> bool {
        self.has(ONLINE)
    }

    pub(super) fn set_online(&mut self, online: bool) {
        self.mark(ONLINE, online);
    }

    pub(super) fn sequence(&self) -> Option<Sequence> {
        if !self.has(COUNTED) {
            return None;
        }
        let seen = u64::MAX.checked_shr(64 - u32::from(self.run)).unwrap_or(0);
        let present = Numbers { boot: self.boot, highest: self.highest, seen };
        Some(Sequence { present, newest: self.newest.into(), other: None })
    }

    /// Keeps which messages came; false when it cannot.
    pub(super) fn keep_sequence(&mut self, sequence: Option<&Sequence>) -> bool {
        self.mark(COUNTED, sequence.is_some());
        let Some(sequence) = sequence else { return true };
        let Numbers { boot, highest, seen } = sequence.present;
        (self.boot, self.highest, self.run) = (boot, highest, seen.trailing_ones() as u8);
        self.newest = sequence.newest.into();
        self.sequence().as_ref() == Some(sequence)
    }

    /// What happened to it, when another device has spoken in its name in the boot `other`; 0 when none has.
    pub(super) fn guard(&self, other: u32) -> Guard {
        Guard {
            armed_s: self.armed_s,
            heard_s: self.heard_s,
            silent_until_s: self.silent_until_s,
            tilt_deg: self.tilt_deg,
            sound: self.has(SOUND),
            pack: self.pack,
            odometer_m: self.odometer_m,
            cell: self.cell,
            fixed_at: self.fixed_at,
            fixed_s: self.fixed_s,
            kept_out: self.kept_out,
            jumped: self.has(JUMPED),
            feels: self.has(FEELS),
            voice: Voice { own: self.own, other, new: self.has(NEW), ..Voice::default() },
            ..Guard::default()
        }
    }

    pub(super) fn park(&self) -> Option<ParkAnchor> {
        self.has(PARKED).then_some(ParkAnchor {
            at: self.at,
            away_at: self.at,
            drift_m: self.drift_m,
            reach_m: self.reach_m,
            away_m: 0.0,
            roamed_m: 0.0,
            top_speed_mps: 0.0,
            last_here_s: self.last_here_s,
            fixes: self.fixes,
            away_fixes: 0,
            swift_fixes: 0,
            swift_now: 0,
            vanished: false,
        })
    }

    /// Keeps what happened to it; false when it cannot.
    pub(super) fn keep_theft(&mut self, guard: &Guard, park: Option<&ParkAnchor>) -> bool {
        let Guard { armed_s, heard_s, silent_until_s, tilt_deg, pack, odometer_m, cell, fixed_at, fixed_s, .. } =
            *guard;
        (self.armed_s, self.heard_s, self.silent_until_s, self.tilt_deg) = (armed_s, heard_s, silent_until_s, tilt_deg);
        (self.pack, self.odometer_m, self.cell) = (pack, odometer_m, cell);
        (self.fixed_at, self.fixed_s, self.kept_out, self.own) = (fixed_at, fixed_s, guard.kept_out, guard.voice.own);
        let marks = [(SOUND, guard.sound), (JUMPED, guard.jumped), (FEELS, guard.feels), (NEW, guard.voice.new)];
        let marks = marks.iter().map(|(mark, holds)| mark * u8::from(*holds)).sum::<u8>();
        self.marks = self.marks & !GUARD | marks;
        self.mark(PARKED, park.is_some());
        if let Some(park) = park {
            (self.at, self.drift_m, self.reach_m) = (park.at, park.drift_m, park.reach_m);
            (self.last_here_s, self.fixes) = (park.last_here_s, park.fixes);
        }
        self.guard(guard.voice.other) == *guard && self.park().as_ref() == park
    }
}
