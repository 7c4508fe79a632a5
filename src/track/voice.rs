//! Which device speaks in a vehicle's name. A device that starts again has a new boot number and never goes back to an
//! old one; two devices under one name take turns.

use serde::{Deserialize, Serialize};

use crate::base::geodesy::LatLonE7;

/// Farther away than this it can hardly be the same device that was started again, metres (**assumed**: beyond any
/// receiver's error and any change of datum).
const STRANGE_M: f64 = 700.0;
/// Messages in a row after which a stranger is taken for the vehicle's own device.
const ADOPTED_AFTER: u8 = 3;

/// Which device speaks.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Voice {
    /// The boot number of the vehicle's own device; 0 unknown.
    pub(super) own: u32,
    /// That of the device that spoke before, or of one that may be another.
    pub(super) other: u32,
    /// When they last took turns, Unix seconds of device time.
    pub turn_s: u32,
    /// How far apart they were, metres; the largest known.
    pub apart_m: f32,
    /// How often they took turns.
    pub turns: u8,
    /// Messages in a row of the one that may be another device.
    pub(super) strange: u8,
    /// The last message was the first of another boot.
    pub(super) new: bool,
}

impl Voice {
    /// Takes note of who sent a report from `at`; `before` is the last place of the vehicle's own device. False when it may
    /// be another device, whose words say nothing about the vehicle.
    pub fn hear(&mut self, boot: u32, at: Option<LatLonE7>, before: Option<LatLonE7>, now_s: u32) -> bool {
        self.new = false;
        if self.own == 0 || (boot == self.own && self.strange == 0) {
            self.own = boot;
            return true;
        }
        let apart_m = at.zip(before).map(|(at, before)| at.distance(before).0);
        let returns = boot == self.own || (boot == self.other && self.strange == 0);
        if returns {
            self.turns = self.turns.saturating_add(1);
            self.turn_s = now_s;
        }
        if boot == self.own {
            self.strange = 0;
            return true;
        }
        let far = apart_m.is_some_and(|metres| metres > STRANGE_M);
        if let Some(metres) = apart_m.filter(|_| far) {
            self.apart_m = self.apart_m.max(metres as f32);
        }
        if boot == self.other && (self.strange > 0 || self.turns > 0) && self.strange < ADOPTED_AFTER {
            self.strange += 1;
            return false;
        }
        if far && boot != self.other {
            (self.other, self.strange) = (boot, 1);
            return false;
        }
        (self.other, self.own, self.strange, self.new) = (self.own, boot, 0, true);
        true
    }

    /// Whether the last message was that of a device which may not be the vehicle's own.
    #[must_use]
    pub fn is_strange(&self) -> bool {
        self.strange > 0
    }

    /// Whether the last message was the first one of another boot.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.new
    }

    /// Whether a boot is not that of the vehicle's own device.
    #[must_use]
    pub fn is_another(&self, boot: u32) -> bool {
        self.own != 0 && boot != self.own
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::LatLon;

    fn place(north_m: f64) -> LatLonE7 {
        LatLon { lat: 29.56 + north_m / 111_195.0, lon: 106.57 }.into()
    }

    /// Who spoke from where, and which of them were believed.
    fn believed(said: &[(u32, f64)]) -> (Vec<bool>, Voice) {
        let (mut voice, mut own) = (Voice::default(), None);
        let mut heard = Vec::new();
        for (second, (boot, north_m)) in said.iter().enumerate() {
            let believed = voice.hear(*boot, Some(place(*north_m)), own, second as u32 + 1);
            if believed {
                own = Some(place(*north_m));
            }
            heard.push(believed);
        }
        (heard, voice)
    }

    #[test]
    fn two_devices_take_turns() {
        let (heard, voice) = believed(&[(7, 0.0), (9, 4000.0), (7, 0.0), (9, 4000.0), (7, 1.0)]);
        assert_eq!(heard, [true, false, true, false, true]);
        assert_eq!(voice.turns, 3);
        assert!((voice.apart_m - 4000.0).abs() < 10.0);
    }

    #[test]
    fn a_restart_is_no_second_device() {
        let (heard, voice) = believed(&[(7, 0.0), (9, 5.0), (9, 4.0), (11, 300.0)]);
        assert_eq!((heard, voice.turns), (vec![true; 4], 0));
    }

    #[test]
    fn a_device_that_was_moved_while_it_was_off_is_believed_in_the_end() {
        let (heard, voice) = believed(&[(7, 0.0), (9, 4000.0), (9, 4001.0), (9, 4000.0), (9, 4002.0)]);
        assert_eq!(heard, [true, false, false, false, true]);
        assert_eq!(voice.turns, 0);
    }

    #[test]
    fn two_devices_at_one_place_take_turns_too() {
        let (_, voice) = believed(&[(7, 0.0), (9, 5.0), (7, 0.0), (9, 5.0)]);
        assert!(voice.turns >= 2, "{voice:?}");
    }
}
