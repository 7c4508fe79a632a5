//! How somebody drives: the figures that a ride is drawn from.
//!
//! Those of e-bikes are fitted to 18 recorded trips of one model in Dublin (`docs/fidelity.md`). No recording of an
//! e-motorcycle is at hand: it is **assumed** to be ridden at the same share of its class's top speed, and to
//! accelerate and brake harder by the same factor.

use crate::base::rng::Stream;
use crate::base::units::MetresPerSecond;

/// Top speed of the e-bikes that the recordings come from, m/s (25 km/h).
const MEASURED_TOP: f64 = 25.0 / 3.6;

/// How the one who moves drives. Speeds in m/s, accelerations in m/s².
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Style {
    /// Speed kept where nothing is in the way.
    pub cruise: f64,
    /// Speed never exceeded.
    pub ceiling: f64,
    /// Highest speed up or down slopes above 6 %.
    pub hill_speed: f64,
    /// Usual acceleration; each start has its own around it.
    pub pull: f64,
    /// Usual braking; each stop has its own around it.
    pub brake: f64,
    /// Speed through a sharp turn.
    pub turn_speed: f64,
    /// Deviation of the speed while cruising, of the cruising speed.
    pub ripple: f64,
    /// Stops between junctions per kilometre.
    pub stops_per_km: f64,
    /// Slow-downs without a stop per kilometre.
    pub slows_per_km: f64,
    /// Probability of a red light where main streets meet.
    pub red_chance: f64,
}

impl Style {
    /// A van with something on board (assumed).
    pub const VAN: Self = Self {
        cruise: 13.0,
        ceiling: 15.0,
        hill_speed: 11.0,
        pull: 1.4,
        brake: 2.0,
        turn_speed: 6.0,
        ripple: 0.06,
        stops_per_km: 0.5,
        slows_per_km: 1.5,
        red_chance: 0.3,
    };

    /// A rider on a vehicle of a class. `pace` says how fast a rider it is: 0 the average, 1 one deviation faster.
    #[must_use]
    pub fn rider(top_speed: MetresPerSecond, pace: f64) -> Self {
        let scale = top_speed.0 / MEASURED_TOP;
        Self {
            cruise: (5.1 + 0.95 * pace).clamp(2.8, 6.6) * scale,
            ceiling: 6.55 * scale,
            hill_speed: 5.5,
            pull: 0.60 * scale,
            brake: 0.42 * scale,
            turn_speed: 4.5,
            ripple: 0.44 / 5.1,
            stops_per_km: 0.65,
            slows_per_km: 2.9,
            red_chance: 0.3,
        }
    }
}

/// One acceleration or braking around the usual one: they differ by 0.4 in the logarithm from event to event.
pub(super) fn spread(usual: f64, stream: &mut Stream) -> f64 {
    usual * (0.4 * stream.normal()).clamp(-1.0, 1.0).exp()
}

/// How long a stop lasts, seconds: log-normal with a median of 16 s, at least 2 s and at most ten minutes.
pub(super) fn wait_s(stream: &mut Stream) -> f64 {
    stream.log_normal(16.4, 1.3).clamp(2.0, 600.0)
}

/// What speed falls to in a slow-down, of the speed before.
pub(super) fn slow_to(stream: &mut Stream) -> f64 {
    (0.55 + 0.15 * stream.normal()).clamp(0.2, 0.8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_scale() {
        let top = MetresPerSecond::from_kmh;
        let (slow, fast) = (Style::rider(top(25.0), 0.0), Style::rider(top(60.0), 0.0));
        assert!((slow.cruise - 5.1).abs() < 1e-9 && (fast.cruise - 12.24).abs() < 1e-9);
        assert!(Style::rider(top(25.0), 9.0).cruise <= 6.6 && Style::rider(top(25.0), -9.0).cruise >= 2.8);
        assert!(fast.brake > slow.brake && fast.ceiling < top(60.0).0);
    }
}
