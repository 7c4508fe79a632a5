//! What movement costs at the wheel: the work of a leg in closed form, piece by piece, so that it does not depend on how
//! often somebody looks, and braking is told from driving within an interval.

use std::ops::AddAssign;

/// What holds a vehicle back on a stretch: P = (rolling + drag·(v + w)²)·v + m·a·v.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resistance {
    /// Vehicle and rider, kg.
    pub mass_kg: f64,
    /// Rolling resistance and the share of the weight along the slope, N; negative where it rolls by itself.
    pub rolling_n: f64,
    /// ½·ρ·CdA, kg/m.
    pub drag_kg_m: f64,
    /// Wind against the course at the height of the rider, m/s.
    pub headwind_mps: f64,
}

impl Resistance {
    /// Force at a steady speed in m/s, N.
    #[must_use]
    pub fn force(&self, speed: f64) -> f64 {
        let air = speed + self.headwind_mps;
        self.rolling_n + self.drag_kg_m * air * air.abs()
    }

    /// Work over `seconds` in which the speed goes evenly from one to another, J. Where the wind turns from head to tail
    /// within a piece, the sign of its middle holds.
    #[must_use]
    pub fn work(&self, seconds: f64, from: f64, to: f64) -> f64 {
        let (mean, wind) = (f64::midpoint(from, to), self.headwind_mps);
        let (squares, product) = (from * from + to * to, from * to);
        // Means of v² and v³ over a speed that changes evenly.
        let (square, cube) = ((squares + product) / 3.0, mean * squares / 2.0);
        let blown = cube + 2.0 * wind * square + wind * wind * mean;
        let drag_j = self.drag_kg_m * blown.copysign(mean + wind) * seconds;
        self.rolling_n * mean * seconds + drag_j + self.mass_kg * (to * to - from * from) / 2.0
    }
}

/// What movement took and gave at the wheel.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Effort {
    /// Work of the motor, J.
    pub drive_j: f64,
    /// What braking took out, J.
    pub brake_j: f64,
    /// What of that came at a power that the motor can take up, J.
    pub regained_j: f64,
}

impl Effort {
    /// Adds the work of a piece of `seconds`; a motor takes up at most `most_w` of braking.
    pub fn add(&mut self, work_j: f64, seconds: f64, most_w: f64) {
        self.drive_j += work_j.max(0.0);
        let braking = (-work_j).max(0.0);
        self.brake_j += braking;
        self.regained_j += braking.min(most_w * seconds);
    }
}

impl AddAssign for Effort {
    fn add_assign(&mut self, other: Self) {
        self.drive_j += other.drive_j;
        self.brake_j += other.brake_j;
        self.regained_j += other.regained_j;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_the_integral_of_power() {
        for (wind, from, to) in [(0.0, 0.0, 6.0), (4.0, 5.0, 3.0), (-9.0, 2.0, 4.0)] {
            let against = Resistance { mass_kg: 138.0, rolling_n: 30.0, drag_kg_m: 0.36, headwind_mps: wind };
            let (seconds, steps) = (8.0, 80_000);
            let (dt, a) = (seconds / f64::from(steps), (to - from) / seconds);
            let power = |v: f64| (against.force(v) + against.mass_kg * a) * v;
            let sum: f64 = (0..steps).map(|k| power(from + a * (f64::from(k) + 0.5) * dt) * dt).sum();
            let work = against.work(seconds, from, to);
            assert!((work - sum).abs() < 1e-3, "{wind} {from} {to}: {work} J, summed {sum} J");
        }
    }
}
