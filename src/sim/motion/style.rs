//! How somebody drives: the figures that a ride is drawn from.
//!
//! Those of e-bikes are fitted to 18 recorded trips of one model in Dublin (`docs/fidelity.md`). No recording of an
//! e-motorcycle is at hand: it is **assumed** to be ridden at the same share of its class's top speed, and to
//! accelerate and brake harder by the same factor.

use super::effort::Resistance;
use crate::base::rng::Stream;
use crate::base::units::MetresPerSecond;

/// Top speed of the e-bikes that the recordings come from, m/s (25 km/h).
const MEASURED_TOP: f64 = 25.0 / 3.6;
/// Acceleration by gravity, m/s².
pub const GRAVITY: f64 = 9.81;
/// Slowest that a rider who helps with the feet gets up a slope, m/s (assumed).
const CRAWL: f64 = 1.0;
/// Least acceleration that a rider starts with, m/s² (assumed).
const LEAST_PULL: f64 = 0.15;
/// Share of the cruising speed up to which a start keeps its acceleration within the motor's power.
const PULL_UP_TO: f64 = 0.9;

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
    pub stops_per_km: f32,
    /// Slow-downs without a stop per kilometre.
    pub slows_per_km: f32,
    /// Probability of a red light where main streets meet.
    pub red_chance: f32,
    /// What the motor lifts, m/s: its power at the wheel over the weight. Infinite where power is no matter, or where
    /// not the vehicle's own motor moves it.
    pub lift: f32,
    /// Rolling resistance on the flat, of the weight.
    pub roll: f32,
    /// Drag over weight and square of the speed, s²/m².
    pub drag: f32,
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
        lift: f32::INFINITY,
        roll: 0.0,
        drag: 0.0,
    };

    /// Somebody who pushes a vehicle whose pack is empty (assumed).
    pub const ON_FOOT: Self = Self {
        cruise: 1.2,
        ceiling: 1.6,
        hill_speed: 0.8,
        pull: 0.5,
        brake: 0.5,
        turn_speed: 1.2,
        stops_per_km: 1.0,
        slows_per_km: 1.0,
        ..Self::VAN
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
            lift: f32::INFINITY,
            roll: 0.0,
            drag: 0.0,
        }
    }

    /// The same on a wet street: a tenth slower, braking a quarter gentler and so earlier, slow round corners (all
    /// assumed).
    #[must_use]
    pub fn in_rain(self) -> Self {
        Self {
            cruise: 0.9 * self.cruise,
            ceiling: 0.92 * self.ceiling,
            hill_speed: 0.9 * self.hill_speed,
            pull: 0.85 * self.pull,
            brake: 0.75 * self.brake,
            turn_speed: 0.75 * self.turn_speed,
            ..self
        }
    }

    /// The same with no more than `watts` at the wheel, against the resistance on the flat: what the pack cannot give is
    /// not ridden.
    #[must_use]
    pub fn driven_by(self, watts: f64, flat: &Resistance) -> Self {
        let weight = flat.mass_kg * GRAVITY;
        let (lift, roll, drag) = (watts / weight, flat.rolling_n / weight, flat.drag_kg_m / weight);
        let powered = Self { lift: lift as f32, roll: roll as f32, drag: drag as f32, ..self };
        let ceiling = powered.sustained(0.0, self.ceiling);
        let cruise = powered.sustained(0.0, self.cruise).min(0.97 * ceiling);
        let speed = PULL_UP_TO * cruise;
        let pull = GRAVITY * (lift / speed - roll - drag * speed * speed);
        Self { cruise, ceiling, pull: self.pull.min(pull.max(LEAST_PULL)), ..powered }
    }

    /// The wished speed in m/s, or what the motor's power allows on a slope (rise over run).
    #[must_use]
    pub fn sustained(&self, slope: f64, wished: f64) -> f64 {
        let (lift, drag) = (f64::from(self.lift), f64::from(self.drag));
        let hold = f64::from(self.roll) + slope;
        let needed = |v: f64| v * (hold + drag * v * v);
        if needed(wished) <= lift {
            return wished;
        }
        // Newton from above: the curve bends upwards, so it never steps below the root.
        let mut speed = wished;
        for _ in 0..8 {
            speed -= (needed(speed) - lift) / (hold + 3.0 * drag * speed * speed);
        }
        speed.max(CRAWL).min(wished)
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

    #[test]
    fn a_weak_pack_is_ridden_slowly() {
        let flat = Resistance { mass_kg: 185.0, rolling_n: 27.2, drag_kg_m: 0.39, headwind_mps: 0.0 };
        let wish = Style::rider(MetresPerSecond::from_kmh(60.0), 0.0);
        let strong = wish.driven_by(4000.0, &flat);
        assert_eq!((strong.cruise, strong.ceiling, strong.pull), (wish.cruise, wish.ceiling, wish.pull));
        let weak = wish.driven_by(600.0, &flat);
        assert!((flat.force(weak.ceiling) * weak.ceiling - 600.0).abs() < 1.0, "{weak:?}");
        assert!(weak.cruise < weak.ceiling && weak.pull < strong.pull, "{weak:?}");
        let uphill = weak.sustained(0.08, 5.5);
        let force = flat.force(uphill) + 185.0 * GRAVITY * 0.08;
        assert!((force * uphill - 600.0).abs() < 1.0, "{uphill} m/s");
        assert!((weak.sustained(-0.08, 5.5) - 5.5).abs() < 1e-12, "downhill costs nothing");
        assert!(wish.driven_by(0.0, &flat).sustained(0.16, 5.5) >= CRAWL);
        let wet = wish.in_rain();
        assert!(wet.cruise < wish.cruise && wet.brake < wish.brake && wet.turn_speed < wish.turn_speed);
    }
}
