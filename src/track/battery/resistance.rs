//! Resistance of the median cell, from steps of the current.

use serde::{Deserialize, Serialize};

/// Share of a new current step in the resistance, and in the usual one.
const STEP_GAIN: f32 = 0.05;
const USUAL_GAIN: f32 = 0.002;
/// A current step has at least so many amperes and at most so many seconds.
const STEP_A: f32 = 2.0;
const STEP_S: f32 = 120.0;
/// Resistances that a cell can have, 0.01 mΩ.
const POSSIBLE: std::ops::Range<f32> = 5.0..30_000.0;
/// Steps before it is told, and before it is held against the usual one.
const TOLD_AFTER: u8 = 30;
const USUAL_AFTER: u8 = 60;

/// What is remembered of the resistance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Resistance {
    /// Now and usually, 0.01 mΩ.
    now: u16,
    usual: u16,
    /// Steps so far.
    steps: u8,
}

impl Resistance {
    /// Learns from a step of the current by `amps` that took `seconds`.
    pub(super) fn follow(&mut self, amps: f32, millivolts: f32, seconds: f32) {
        if amps.abs() < STEP_A || seconds > STEP_S {
            return;
        }
        let hundredths = millivolts / amps * 100.0;
        if !POSSIBLE.contains(&hundredths) {
            return;
        }
        self.steps = self.steps.saturating_add(1);
        let follow = |known: u16, gain: f32| {
            let gain = gain.max(1.0 / f32::from(self.steps));
            (f32::from(known) + gain * (hundredths - f32::from(known)) + 0.5) as u16
        };
        (self.now, self.usual) = (follow(self.now, STEP_GAIN), follow(self.usual, USUAL_GAIN));
    }

    /// As far as it is known, mΩ; 0 before the first step.
    pub(super) fn guess(self) -> f32 {
        f32::from(self.now) / 100.0
    }

    /// mΩ; `None` before thirty steps.
    #[must_use]
    pub fn milliohms(self) -> Option<f32> {
        (self.steps >= TOLD_AFTER).then(|| self.guess())
    }

    /// Over the usual one of this pack; `None` before sixty steps.
    #[must_use]
    pub fn growth(self) -> Option<f32> {
        (self.steps >= USUAL_AFTER && self.usual > 0).then(|| f32::from(self.now) / f32::from(self.usual))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_learned_from_steps_and_held_against_the_usual_one() {
        let mut resistance = Resistance::default();
        (0..29).for_each(|_| resistance.follow(-10.0, -50.0, 10.0));
        assert_eq!(resistance.milliohms(), None);
        (0..271).for_each(|_| resistance.follow(10.0, 50.0, 10.0));
        assert!((resistance.milliohms().unwrap() - 5.0).abs() < 0.05);
        // Slow, small and impossible steps tell nothing.
        for (amps, millivolts, seconds) in [(10.0, 200.0, 600.0), (1.0, 20.0, 10.0), (10.0, -50.0, 10.0)] {
            (0..100).for_each(|_| resistance.follow(amps, millivolts, seconds));
        }
        assert!((resistance.milliohms().unwrap() - 5.0).abs() < 0.05);
        (0..60).for_each(|_| resistance.follow(10.0, 100.0, 10.0));
        assert!(resistance.growth().unwrap() > 1.5, "{:?}", resistance.growth());
    }
}
