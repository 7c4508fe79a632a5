//! Heights of junctions. Few points of OpenStreetMap have one; the others lie between those.

use super::network::Network;
use crate::base::geodesy::Flat;

/// Steepest street, rise over run (**assumed**: tags are now and then wrong by tens of metres).
const STEEPEST: f64 = 0.15;
/// Most known heights that are looked at for each junction.
const MOST: usize = 2000;
/// Most rounds of levelling; a few are enough for a city.
const ROUNDS: u32 = 1000;

/// The height of each junction: the mean of the known heights, nearer ones counting more (inverse square of the distance);
/// 0 where none is known at all.
pub(super) fn of(network: &Network, known: &[(Flat, f64)]) -> Vec<f64> {
    let known: Vec<_> = known.iter().step_by(known.len() / MOST + 1).collect();
    let height = |at: &Flat| {
        let (mut sum, mut weights) = (0.0, 0.0);
        for (there, height) in &known {
            let weight = 1.0 / at.distance(*there).0.max(1.0).powi(2);
            sum += weight * height;
            weights += weight;
        }
        if weights > 0.0 { sum / weights } else { 0.0 }
    };
    let mut heights: Vec<f64> = network.junctions.iter().map(height).collect();
    for _ in 0..ROUNDS {
        let mut level = true;
        for street in &network.streets {
            let rise = STEEPEST * street.length();
            for (low, high) in [(street.from, street.to), (street.to, street.from)] {
                if heights[high] > heights[low] + rise + 1e-6 {
                    heights[high] = heights[low] + rise;
                    level = false;
                }
            }
        }
        if level {
            break;
        }
    }
    heights
}
