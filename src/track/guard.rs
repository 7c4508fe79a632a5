//! What happened to a vehicle since it was last left locked and without its owner's key: how it was shaken, whether its
//! wheel turned, its pack was taken or its sky hidden, and whether one device alone speaks in its name.
//!
//! Times are device time in Unix seconds, 0 for never.

use serde::{Deserialize, Serialize};

use super::park::Signs;
use super::voice::Voice;
use crate::base::geodesy::LatLonE7;
use crate::base::{PackId, Timestamp};
use crate::model::{Event, EventKind, Position, Report};

/// Shaking from which a vehicle is taken to be moved or worked on, g. Standing ones show 0.004, carried and driven ones
/// 0.08 (measured shares of samples); between them is **assumed**.
pub const STIRRED_G: f64 = 0.03;
/// Change of tilt from one report to the next that is no wind and no noise, degrees (**assumed**; measured: up to 4° while
/// pedalling, 16° when loaded into a car).
const TILTED_DEG: f32 = 8.0;
/// Speed of the wheel that is no sensor noise, m/s (**assumed**).
const ROLLING_MPS: f64 = 0.5;
/// A pause in the shaking after which it is another one, seconds (**assumed**).
const PAUSE_S: u32 = 60;
/// For so long a disturbance explains what follows, seconds (**assumed**: from the lifting to the first metre).
pub const DISTURBED_S: u32 = 120;
/// Shakes farther apart than this are not one attempt, seconds; nearer than this they are one shake (both **assumed**).
const ATTEMPT_S: u32 = 600;
const SHAKE_S: u32 = 10;
/// To take a pack out takes no longer than this from the first shake, seconds (**assumed**).
const WORK_S: u32 = 300;
/// No vehicle goes faster: a fix that says so is kept out, m/s. Measured on phones on scooters: 42 m/s at 99.9 %.
const TELEPORT_MPS: f64 = 60.0;
/// Nearer than this it may be an error of the receiver, metres (**assumed**).
const TELEPORT_M: f64 = 300.0;
/// Fixes in a row that are kept out; the next is believed, so that nothing locks a vehicle out for ever.
const KEPT_OUT_FIXES: u8 = 3;
/// Longer than any usual cadence: nobody watched meanwhile, seconds (three times the parked one of 5 min).
const SILENCE_S: u32 = 900;
/// A message that took longer waited for a network, seconds.
const LATE_S: f64 = 60.0;
/// A pack below this charge may switch itself off, % (**assumed**; its management warns before that).
pub const EMPTY_PCT: f64 = 3.0;

/// What happened to a vehicle since it was last left.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a sign of its own; any mixture occurs")]
pub struct Guard {
    /// Since when it stands locked and without its owner's key; 0 while it does not.
    pub armed_s: u32,
    /// The last message.
    pub(super) heard_s: u32,
    /// The message that ended a long silence.
    pub(super) silent_until_s: u32,
    /// When it was lifted.
    pub lifted_s: u32,
    /// When it was shaken, as it said at once.
    pub shaken_s: u32,
    /// How often, in the present attempt.
    pub shakes: u8,
    /// Since when and until when reports showed it shaken, tilted or rolling.
    pub(super) stirred_from_s: u32,
    /// See above.
    pub stirred_s: u32,
    /// The largest tilt meanwhile, degrees.
    pub top_tilt_deg: f32,
    pub(super) tilt_deg: f32,
    /// When its pack last ceased to give power.
    pub cut_s: u32,
    /// Reports in a row that showed it without its pack; 0 while it has power.
    pub powerless: u8,
    /// Whether an event said so.
    pub(super) cut_told: bool,
    /// Whether somebody worked on it when that happened.
    pub forced: bool,
    /// Whether its pack was charged and content before.
    pub sound: bool,
    /// The pack with which it was left, hashed; 0 unknown.
    pub(super) pack: u32,
    /// Another pack sits in it now.
    pub swapped: bool,
    /// Odometer when its position was last where it was left, metres.
    pub(super) odometer_m: u32,
    /// How far the wheel rolled since, metres.
    pub rolled_m: u32,
    pub(super) cell: u32,
    /// How often another cell served while it was shaken.
    pub cells: u8,
    /// First and last report that was late, without sky and shaken; how many there were.
    pub(super) dark_from_s: u32,
    pub(super) dark_until_s: u32,
    pub(super) dark: u8,
    /// The last fix that was believed, and when.
    pub(super) fixed_at: LatLonE7,
    pub(super) fixed_s: u32,
    pub(super) kept_out: u8,
    /// The last fix was believed only because so many before it said the same: it tells nothing about a movement.
    pub jumped: bool,
    /// Whether it has an inertial sensor that works.
    pub feels: bool,
    /// Who speaks.
    pub voice: Voice,
}

/// Device time in Unix seconds.
#[must_use]
pub fn seconds(time: Timestamp) -> u32 {
    u32::try_from(time.0 / 1000).unwrap_or(0)
}

impl Guard {
    /// Whether it stands locked and without its owner's key.
    #[must_use]
    pub fn is_armed(&self) -> bool {
        self.armed_s != 0
    }

    /// Takes note of a report that arrived at `now`. The answer is its fix, if there is one that can be believed.
    pub fn follow(&mut self, report: &Report, now: Timestamp) -> Option<Position> {
        let now_s = seconds(report.stamp.time).max(1);
        let before = (self.fixed_s != 0).then_some(self.fixed_at);
        if !self.voice.hear(report.stamp.boot, report.position.map(|fix| fix.at.into()), before, now_s) {
            return None;
        }
        if self.voice.is_new() || (self.heard_s != 0 && now_s.saturating_sub(self.heard_s) >= SILENCE_S) {
            self.silent_until_s = now_s;
        }
        self.heard_s = now_s;
        self.feels |= report.motion.vibration.0 > 0.0;
        let fix = report.position.filter(|fix| self.believes(fix, now_s));
        if !report.locked || report.key_near {
            self.disarm();
        } else {
            if !self.is_armed() {
                self.arm(report, now_s);
            }
            self.feel(report, now_s);
            self.look_at_power(report, now_s);
            self.look_at_sky(report, now, now_s);
        }
        fix
    }

    /// The signs that count for a fix, when the vehicle was last seen in its place at `here_s`.
    #[must_use]
    pub fn signs(&self, here_s: u32) -> Signs {
        Signs {
            feels: self.feels,
            disturbed: self.is_disturbed_since(here_s),
            rolled: self.has_rolled(),
            silent: self.silent_until_s > here_s,
        }
    }

    /// Takes note that its position is where it was left.
    pub fn stay(&mut self) {
        if self.stirred_s < self.heard_s {
            self.odometer_m = self.odometer_m.saturating_add(self.rolled_m);
            self.rolled_m = 0;
        }
        (self.dark_from_s, self.dark_until_s, self.dark) = (0, 0, 0);
    }

    /// Takes note of a happening.
    pub fn hear(&mut self, event: &Event) {
        if self.voice.is_another(event.stamp.boot) {
            return;
        }
        let now_s = seconds(event.stamp.time).max(1);
        if event.kind == EventKind::Unlock {
            self.disarm();
        } else if self.is_armed() {
            self.remember(event.kind, now_s);
        }
    }

    fn remember(&mut self, kind: EventKind, now_s: u32) {
        match kind {
            EventKind::Lift => self.lifted_s = now_s,
            EventKind::Vibration => {
                let since = now_s.saturating_sub(self.shaken_s);
                if since > ATTEMPT_S {
                    self.shakes = 0;
                }
                if since >= SHAKE_S {
                    self.shakes = self.shakes.saturating_add(1);
                }
                self.shaken_s = now_s;
            }
            EventKind::PowerCut => {
                self.lose_power(now_s);
                self.cut_told = true;
            }
            EventKind::PowerRestored => self.cut_told = false,
            // What falls over was perhaps blown over: that it was lifted or shaken is told besides.
            EventKind::Lock | EventKind::Unlock | EventKind::Fall | EventKind::EndOfLife => {}
        }
    }

    /// Whether it was lifted, shaken or moved since, or shortly before.
    #[must_use]
    pub fn is_disturbed_since(&self, since_s: u32) -> bool {
        let last = self.lifted_s.max(self.shaken_s).max(self.stirred_s);
        last != 0 && last + DISTURBED_S >= since_s
    }

    /// How long it has been shaken, tilted or rolled without a pause, seconds.
    #[must_use]
    pub fn stirring_s(&self) -> u32 {
        self.stirred_s.saturating_sub(self.stirred_from_s)
    }

    /// Whether it was lifted when the present shaking began, or meanwhile.
    #[must_use]
    pub fn was_lifted(&self) -> bool {
        self.lifted_s != 0 && self.lifted_s + SHAKE_S >= self.stirred_from_s
    }

    /// Whether the wheel turned by more than somebody gives who makes room for another vehicle (10 m, **assumed**).
    #[must_use]
    pub fn has_rolled(&self) -> bool {
        self.rolled_m >= 10
    }

    /// Whether its pack gives no power, as far as is known.
    #[must_use]
    pub fn is_powerless(&self) -> bool {
        self.powerless > 0 || self.cut_told
    }

    /// How long it was moved about without sky and network, seconds; 0 when it was not, or once only.
    #[must_use]
    pub fn dark_s(&self) -> u32 {
        if self.dark >= 2 { self.dark_until_s.saturating_sub(self.dark_from_s) } else { 0 }
    }

    fn disarm(&mut self) {
        let Self { heard_s, silent_until_s, fixed_at, fixed_s, kept_out, feels, voice, .. } = *self;
        *self = Self { heard_s, silent_until_s, fixed_at, fixed_s, kept_out, feels, voice, ..Self::default() };
    }

    fn arm(&mut self, report: &Report, now_s: u32) {
        self.armed_s = now_s;
        self.odometer_m = report.motion.odometer.0 as u32;
        self.cell = report.link.cell;
        self.tilt_deg = report.motion.tilt.0 as f32;
    }

    /// Whether a fix can be believed: no teleports, no axes that read zero. What cannot is kept out, but not for long.
    fn believes(&mut self, position: &Position, now_s: u32) -> bool {
        let fix = LatLonE7::from(position.at);
        let wild = self.fixed_s != 0 && self.is_teleport(fix, now_s);
        if (wild || position.speed.0 > TELEPORT_MPS) && self.kept_out < KEPT_OUT_FIXES {
            self.kept_out += 1;
            return false;
        }
        self.jumped = wild;
        (self.kept_out, self.fixed_at, self.fixed_s) = (0, fix, now_s);
        true
    }

    fn is_teleport(&self, fix: LatLonE7, now_s: u32) -> bool {
        // Nearly always it is near, and the exact distance is not needed.
        if self.fixed_at.distance_at_most(fix).0 <= TELEPORT_M / 2.0 {
            return false;
        }
        let metres = self.fixed_at.distance(fix).0;
        let elapsed = f64::from(now_s.saturating_sub(self.fixed_s).max(1));
        metres > TELEPORT_M && metres / elapsed > TELEPORT_MPS
    }

    fn feel(&mut self, report: &Report, now_s: u32) {
        let motion = &report.motion;
        let tilt = motion.tilt.0.abs() as f32;
        let tilted = (tilt - self.tilt_deg).abs() >= TILTED_DEG;
        let stirred = motion.vibration.0 >= STIRRED_G || tilted || motion.wheel.0 >= ROLLING_MPS;
        self.tilt_deg = tilt;
        self.rolled_m = (motion.odometer.0 as u32).saturating_sub(self.odometer_m);
        if stirred {
            if self.stirred_s == 0 || now_s.saturating_sub(self.stirred_s) > PAUSE_S {
                self.stirred_from_s = now_s;
                self.top_tilt_deg = 0.0;
                self.cells = 0;
            }
            self.stirred_s = now_s.max(self.stirred_from_s);
            self.top_tilt_deg = self.top_tilt_deg.max(tilt);
            self.cells = self.cells.saturating_add(u8::from(report.link.cell != self.cell));
        }
        self.cell = report.link.cell;
    }

    fn look_at_power(&mut self, report: &Report, now_s: u32) {
        let Some(battery) = &report.battery else {
            if report.link.backup_power {
                self.lose_power(now_s);
                self.powerless = self.powerless.saturating_add(1);
            }
            return;
        };
        if !report.link.backup_power {
            (self.powerless, self.cut_told) = (0, false);
        }
        self.sound = battery.soc.0 >= EMPTY_PCT && battery.alarm_level == 0;
        let pack = hash(&battery.pack);
        self.swapped = self.pack != 0 && self.pack != pack;
        if self.pack == 0 {
            self.pack = pack;
        }
    }

    /// Its pack gives no power, now or still.
    fn lose_power(&mut self, now_s: u32) {
        if !self.is_powerless() {
            self.cut_s = now_s;
            self.forced = false;
        }
        let last = self.lifted_s.max(self.shaken_s).max(self.stirred_s);
        let since_s = now_s.saturating_sub(self.cut_s);
        self.forced |= last != 0 && since_s <= PAUSE_S && last + WORK_S >= self.cut_s;
    }

    fn look_at_sky(&mut self, report: &Report, now: Timestamp, now_s: u32) {
        let late = now.seconds_since(report.stamp.time) >= LATE_S;
        if report.position.is_none() && late && self.stirred_s == now_s {
            if self.dark == 0 {
                self.dark_from_s = now_s;
            }
            self.dark = self.dark.saturating_add(1);
            self.dark_until_s = now_s;
        }
    }
}

/// FNV-1a of a pack's number; never 0.
fn hash(pack: &PackId) -> u32 {
    pack.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::ParkAnchor;

    #[test]
    fn a_guarded_vehicle_costs_few_bytes() {
        let (guard, anchor) = (size_of::<Guard>(), size_of::<Option<ParkAnchor>>());
        println!("guard {guard} bytes, anchor {anchor} bytes");
        // The anchor alone had 72 bytes before the guard came.
        assert!(guard + anchor <= 72 + 130, "{guard} + {anchor} bytes");
    }
}
