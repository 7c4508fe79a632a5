//! Everything that is remembered of a pack, and how a reading changes it.

use serde::{Deserialize, Serialize};

use super::cells::{Beside, Cells};
use super::charge::Charge;
use super::coulombs::Coulombs;
use super::heat::Heat;
use super::reading::Reading;
use super::resistance::Resistance;
use super::rest::Rest;
use super::sampling::{MOST_CELLS, dither, median};

/// How slowly the usual insulation is learned, s.
const INSULATION_S: f32 = 86_400.0;
/// The most that is remembered of it, kΩ.
const INSULATION_KOHM: f32 = 60_000.0;

/// What is remembered of a pack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PackFeatures {
    pub(super) pack: u32,
    seen: u32,
    readings: u16,
    /// Usual insulation, kΩ.
    insulation: u16,
    /// The middle of the last reading.
    #[serde(skip)]
    middle: Middle,
    /// Charge counted, and the capacity.
    pub coulombs: Coulombs,
    /// The last long rest.
    pub rest: Rest,
    /// Charging.
    pub charge: Charge,
    /// The rise of temperature.
    pub heat: Heat,
    /// Resistance of the median cell.
    pub resistance: Resistance,
    /// Its cells beside each other.
    pub cells: Cells,
}

/// The median cell of the last reading, mV, so that it need not be found again when the next one comes; 0 unknown. It
/// follows from the last report, so it is neither stored nor compared.
#[derive(Debug, Clone, Copy, Default)]
struct Middle(f32);

impl PartialEq for Middle {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl PackFeatures {
    /// A pack that is seen for the first time.
    #[must_use]
    pub fn new(reading: &Reading) -> Self {
        Self {
            pack: reading.pack,
            seen: reading.seconds(),
            readings: 0,
            insulation: 0,
            middle: Middle::default(),
            coulombs: Coulombs::default(),
            rest: Rest::default(),
            charge: Charge::default(),
            heat: Heat::default(),
            resistance: Resistance::default(),
            cells: Cells::new(reading.cells_mv.len()),
        }
    }

    /// Takes note of a reading; `last` is the one before of the same pack.
    pub fn follow(&mut self, now: &Reading, last: Option<&Reading>) {
        let last = last.filter(|last| last.pack == now.pack && last.time <= now.time);
        let timed = last.map(|last| (last, now.time.seconds_since(last.time) as f32));
        let count = now.cells_mv.len().min(MOST_CELLS);
        if count > self.cells.len() {
            // Until now some were missing: what is known belongs to others.
            self.cells = Cells::new(count);
        }
        // At the end of its range it goes round in eights, so that the spread is still looked at.
        self.readings = self.readings.checked_add(1).unwrap_or(u16::MAX - 7);
        self.heat.follow(now, timed);
        self.coulombs.follow(now, timed);
        self.insulate(now, timed.map_or(0.0, |(_, seconds)| seconds));
        let median_mv = median(now.cells_mv);
        self.rest.follow(now, timed, median_mv.unwrap_or(0.0));
        let series = now.cells_mv.len().max(1) as f32;
        self.charge.follow(now, last, now.pack_mv / series);
        if let Some(median_mv) = median_mv
            && count >= self.cells.len()
        {
            let before = timed.filter(|(last, _)| last.cells_mv.len() == now.cells_mv.len());
            let median_before = before.and_then(|(last, _)| self.middle_of(last));
            if let (Some((last, seconds)), Some(was)) = (before, median_before) {
                self.resistance.follow(now.amps - last.amps, median_mv - was, seconds);
            }
            let beside = Beside {
                readings: self.readings,
                milliohms: self.resistance.guess(),
                median_before,
                rested_s: self.rest.still_s(now),
            };
            self.cells.follow(now, timed, median_mv, beside);
        }
        self.seen = now.seconds();
        self.middle = Middle(median_mv.unwrap_or(0.0));
    }

    /// The median cell of the reading before, mV.
    fn middle_of(&self, last: &Reading) -> Option<f32> {
        let Middle(known) = self.middle;
        if known > 0.0 && self.seen == last.seconds() { Some(known) } else { median(last.cells_mv) }
    }

    fn insulate(&mut self, now: &Reading, seconds: f32) {
        if self.insulation == 0 {
            self.insulation = now.insulation_kohm.clamp(1.0, INSULATION_KOHM) as u16;
        } else {
            let gain = seconds.min(3600.0) / INSULATION_S;
            let usual = f32::from(self.insulation);
            let dither = dither(now.seconds(), 7);
            self.insulation = (usual + gain * (now.insulation_kohm.min(INSULATION_KOHM) - usual) + dither) as u16;
        }
    }

    /// Readings so far, at most 65,535.
    #[must_use]
    pub fn readings(&self) -> u16 {
        self.readings
    }

    /// Device time of the last reading, s.
    #[must_use]
    pub fn seen_s(&self) -> u32 {
        self.seen
    }

    /// Usual insulation, kΩ.
    #[must_use]
    pub fn usual_insulation_kohm(&self) -> f32 {
        f32::from(self.insulation)
    }
}
