//! What a vehicle says of itself: its sensors, under the conditions that hold.

use super::body::{Doing, Vehicle, spec};
use crate::base::Timestamp;
use crate::base::geodesy::Flat;
use crate::base::units::{Celsius, Degrees, Gravities, Metres, MetresPerSecond};
use crate::model::{Battery, Mode, Motion, Position, Report};
use crate::sim::incident::conditions::{RIDDEN_LEAN_DEG, RIDDEN_SHAKE_G};
use crate::sim::motion::Pose;
use crate::sim::setting::Setting;

/// Shaking of a standing vehicle, g.
const STILL_SHAKE_G: f64 = 0.004;
/// Deviation of a cheap thermometer, K (**assumed**).
const AIR_ERROR_K: f64 = 0.5;
/// Deviation of the shaking from report to report, of its mean, and of the tilt, degrees (both **assumed**).
const SHAKE_SPREAD: f64 = 0.2;
const TILT_SPREAD_DEG: f64 = 0.8;

impl Vehicle {
    /// A report of how things are at `now`.
    pub(super) fn report(&mut self, setting: &Setting, now: Timestamp) -> Report {
        let (mode, riding) = match &self.doing {
            Doing::Standing { charging: false, .. } | Doing::Moved { .. } => (Mode::Parked, false),
            Doing::Standing { charging: true, .. } => (Mode::Charging, false),
            Doing::Riding { .. } => (Mode::Riding, true),
        };
        let conditions = *self.conditions();
        let open = riding || self.is_attended(now);
        let position = self.position(setting, now);
        let motion = self.motion_report(riding);
        let battery = (!conditions.pack_gone && !conditions.power_cut && !conditions.bms_silent)
            .then(|| self.measure_pack(setting, now));
        if self.receiver.has_fix() {
            self.modem.rtc.set(now);
        }
        let link = self.link(setting, position.is_some());
        Report {
            stamp: self.stamp(now),
            mode,
            locked: !open && !conditions.unlocked,
            key_near: open || conditions.key_near,
            position,
            motion,
            battery,
            link,
            air: Some(self.thermometer(setting, now)),
        }
    }

    fn position(&mut self, setting: &Setting, now: Timestamp) -> Option<Position> {
        let conditions = *self.conditions();
        if conditions.position_withheld {
            return None;
        }
        let Pose { at, elevation, course, speed, .. } = self.pose;
        let sky = self.sky();
        let (believed, moving) = match conditions.spoofed_at {
            Some(pinned) => (pinned, (0.0, 0.0)),
            None => (at, (speed.0, course)),
        };
        let said = believed + conditions.datum_shift + drift(conditions.drift_m, now);
        self.receiver.fix(&setting.place, now, said, elevation, moving, sky)
    }

    /// What its thermometer says of the air, in the steps of a cheap one.
    fn thermometer(&mut self, setting: &Setting, now: Timestamp) -> Celsius {
        let outside = setting.ambient(now).0;
        let around = self.conditions().air_c.map_or(outside, |cold| outside.min(cold.into()));
        Celsius(around + AIR_ERROR_K * self.sensors.normal()).quantised(0.5)
    }

    /// What wheel, inertial sensor and odometer say. The figures of shaking and tilt are explained where the conditions
    /// are: [`crate::sim::incident::conditions`].
    fn motion_report(&mut self, riding: bool) -> Motion {
        let conditions = *self.conditions();
        let wheel = if riding || conditions.wheel_turns { self.pose.speed } else { MetresPerSecond(0.0) };
        let shake = match conditions.shake_g {
            shake if shake > 0.0 => shake,
            _ if riding && wheel.0 > 0.3 => RIDDEN_SHAKE_G,
            _ => STILL_SHAKE_G,
        };
        let lean = match conditions.tilt_deg {
            tilt if tilt > 0.0 => tilt,
            _ if riding => RIDDEN_LEAN_DEG,
            _ => self.lean,
        };
        Motion {
            wheel: wheel.quantised(0.01),
            vibration: Gravities(shake * (1.0 + SHAKE_SPREAD * self.sensors.normal()).max(0.2)).quantised(0.001),
            tilt: Degrees((lean + TILT_SPREAD_DEG * self.sensors.normal()).abs()).quantised(0.1),
            odometer: Metres(self.odometer).quantised(1.0),
        }
    }

    /// What the battery management says at `now`.
    pub(super) fn measure_pack(&mut self, setting: &Setting, now: Timestamp) -> Battery {
        let battery = self.pack.measure(now, spec(setting, self.layout), &mut self.sensors);
        if let Some(fate) = &mut self.fate {
            fate.note_alarm(battery.alarm_level);
        }
        if let Some(worn) = &mut self.worn {
            worn.severity = worn.severity.max(battery.alarm_level);
        }
        battery
    }
}

/// Where a drifting receiver is, `metres` at most from the truth: slow loops, as reflections come and go with the
/// satellites.
fn drift(metres: f64, now: Timestamp) -> Flat {
    let minutes = now.0 as f64 / 60_000.0;
    Flat { east: metres * (minutes / 7.0).sin(), north: metres * (minutes / 11.0).cos() }
}
