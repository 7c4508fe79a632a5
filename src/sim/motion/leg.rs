//! A leg: up to a minute of movement as pieces of constant acceleration, evaluated in closed form.

use arrayvec::ArrayVec;

use super::effort::{Effort, Resistance};
use crate::base::Timestamp;

/// Most pieces of a leg. More of them mean fewer wake-ups and a larger vehicle.
pub const MAX_PIECES: usize = 11;

/// Where a piece ends. `f32` is enough: a leg is shorter than two kilometres, so the rounding is below 0.2 mm.
#[derive(Debug, Clone, Copy)]
struct Piece {
    seconds: f32,
    metres: f32,
    speed: f32,
}

/// Up to a minute of movement. Speed is continuous and never negative; position is its integral.
#[derive(Debug, Clone)]
pub struct Leg {
    begins: Timestamp,
    entry: f32,
    pieces: ArrayVec<Piece, MAX_PIECES>,
}

impl Leg {
    /// A leg without pieces, which begins with a speed in m/s.
    #[must_use]
    pub fn new(begins: Timestamp, speed: f64) -> Self {
        Self { begins, entry: speed as f32, pieces: ArrayVec::new() }
    }

    /// Adds a piece over which speed changes evenly to `speed`; does nothing when it is full or the piece takes no
    /// time.
    pub fn push(&mut self, seconds: f64, speed: f64) {
        let before = self.end();
        let piece = Piece {
            seconds: before.seconds + seconds as f32,
            metres: before.metres + (f64::midpoint(f64::from(before.speed), speed) * seconds) as f32,
            speed: speed.max(0.0) as f32,
        };
        if seconds > 0.0 {
            // A full leg stays as it is: the planner asks first.
            let _ = self.pieces.try_push(piece);
        }
    }

    /// Whether no piece can be added.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.pieces.is_full()
    }

    /// When it ends.
    #[must_use]
    pub fn ends(&self) -> Timestamp {
        self.begins.plus_seconds(f64::from(self.end().seconds))
    }

    /// Metres covered in all.
    #[must_use]
    pub fn metres(&self) -> f64 {
        f64::from(self.end().metres)
    }

    /// Speed at its end, m/s.
    #[must_use]
    pub fn speed(&self) -> f64 {
        f64::from(self.end().speed)
    }

    /// Metres covered and speed in m/s at `now`.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> (f64, f64) {
        let t = now.seconds_since(self.begins).max(0.0);
        let mut before = Piece { seconds: 0.0, metres: 0.0, speed: self.entry };
        for piece in &self.pieces {
            let lasts = f64::from(piece.seconds - before.seconds);
            let into = t - f64::from(before.seconds);
            if into < lasts {
                let from = f64::from(before.speed);
                let speed = from + (f64::from(piece.speed) - from) * into / lasts;
                // Rounding must not carry it past what the next piece begins with.
                let metres = f64::from(before.metres) + f64::midpoint(from, speed) * into;
                return (metres.min(f64::from(piece.metres)), speed);
            }
            before = *piece;
        }
        (f64::from(before.metres), f64::from(before.speed))
    }

    /// The work from `from` to `until` against a resistance; a motor takes up at most `most_w` of braking.
    #[must_use]
    pub fn effort(&self, from: Timestamp, until: Timestamp, against: &Resistance, most_w: f64) -> Effort {
        let (first, last) = (from.seconds_since(self.begins).max(0.0), until.seconds_since(self.begins));
        let mut effort = Effort::default();
        let mut before = Piece { seconds: 0.0, metres: 0.0, speed: self.entry };
        for piece in &self.pieces {
            let (begins, ends) = (f64::from(before.seconds), f64::from(piece.seconds));
            let (start, end) = (first.max(begins), last.min(ends));
            if start < end {
                let speed = f64::from(before.speed);
                let rate = (f64::from(piece.speed) - speed) / (ends - begins);
                let work = against.work(end - start, speed + rate * (start - begins), speed + rate * (end - begins));
                effort.add(work, end - start, most_w);
            }
            if ends >= last {
                break;
            }
            before = *piece;
        }
        effort
    }

    fn end(&self) -> Piece {
        self.pieces.last().copied().unwrap_or(Piece { seconds: 0.0, metres: 0.0, speed: self.entry })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn position_is_the_integral_of_speed() {
        let mut leg = Leg::new(Timestamp(0), 2.0);
        for (seconds, speed) in [(4.0, 6.0), (10.0, 6.0), (0.0, 9.0), (3.0, 0.0), (5.0, 0.0)] {
            leg.push(seconds, speed);
        }
        assert_eq!(leg.ends(), Timestamp(22_000));
        assert!((leg.metres() - (16.0 + 60.0 + 9.0)).abs() < 1e-4);
        let mut summed = 0.0;
        for ms in 0..22_000 {
            let (metres, speed) = leg.at(Timestamp(ms));
            assert!((metres - summed).abs() < 0.02, "{ms} ms: {metres} against {summed}");
            summed += speed * 0.001;
        }
        assert_eq!(leg.at(Timestamp(60_000)), (leg.metres(), 0.0));
    }

    #[test]
    fn the_work_of_a_leg_does_not_depend_on_how_it_is_cut() {
        let mut leg = Leg::new(Timestamp(0), 2.0);
        for (seconds, speed) in [(4.0, 6.0), (10.0, 6.0), (3.0, 0.0), (5.0, 0.0)] {
            leg.push(seconds, speed);
        }
        let against = Resistance { mass_kg: 100.0, rolling_n: 20.0, drag_kg_m: 0.4, headwind_mps: 2.0 };
        let between = |from, until| leg.effort(Timestamp(from), Timestamp(until), &against, 200.0);
        let whole = between(0, 22_000);
        let mut parts = Effort::default();
        (0..22).for_each(|second| parts += between(second * 1000, second * 1000 + 1000));
        assert!((whole.drive_j - parts.drive_j).abs() < 1e-2, "{whole:?} {parts:?}");
        assert!((whole.brake_j - parts.brake_j).abs() < 1e-2, "{whole:?} {parts:?}");
        // Braking takes out the kinetic energy but for what resistance takes, and the motor not all of that.
        assert!(whole.brake_j > 1000.0 && whole.brake_j < 1800.0, "{whole:?}");
        assert!((whole.regained_j - 600.0).abs() < 1e-6, "{whole:?}");
        let kinetic_j = -0.5 * 100.0 * 4.0;
        let lost_j: f64 = [(4.0, 2.0, 6.0), (10.0, 6.0, 6.0), (3.0, 6.0, 0.0)]
            .map(|(s, from, to)| Resistance { mass_kg: 0.0, ..against }.work(s, from, to))
            .iter()
            .sum();
        assert!((whole.drive_j - whole.brake_j - kinetic_j - lost_j).abs() < 1e-2, "{whole:?}");
    }

    #[test]
    fn a_full_leg_takes_no_more() {
        let mut leg = Leg::new(Timestamp(0), 1.0);
        (0..MAX_PIECES + 3).for_each(|_| leg.push(1.0, 1.0));
        assert!(leg.is_full());
        assert!((leg.metres() - MAX_PIECES as f64).abs() < 1e-4);
    }
}
