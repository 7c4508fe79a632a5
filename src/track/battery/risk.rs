//! How far a pack is from healthy, as one number by which vehicles can be ranked.

use super::cells::Cells;
use super::features::PackFeatures;

/// Readings, and steps of the current, before lags and resistances are believed.
const READINGS: u16 = 60;
const STEPS: u8 = 60;
/// What each sign is held against: deviations of the others, excess of resistance, mV, readings, %/day. A rule speaks at
/// about these (see `detect::battery`).
const SIGMAS: f32 = 6.0;
const EXCESS: f32 = 0.3;
const STUCK_MV: f32 = 100.0;
const TREMBLING_MV: f32 = 12.0;
const TREMBLING_RATIO: f32 = 4.0;
const OFF_READINGS: f32 = 6.0;
const FALLEN_READINGS: f32 = 3.0;
const DAILY_PCT: f32 = 2.8;
/// A sign counts up to this.
const MOST: f32 = 3.0;

impl PackFeatures {
    /// The strongest sign of a fault, 0 to 3: 1 is about where the first rule speaks.
    #[must_use]
    pub fn risk(&self) -> f32 {
        let drain = self.rest.daily_pct().min(4.0 * self.rest.lost_pct()) / DAILY_PCT;
        let lagging = if self.readings() >= READINGS { self.cells.lagging() } else { 0.0 };
        let heat = f32::from(self.heat.fast_readings());
        [lagging, self.cells.resisting(), self.cells.lying(), drain, heat].into_iter().fold(0.0, f32::max).min(MOST)
    }
}

impl Cells {
    /// How far a cell is behind, or has fallen.
    fn lagging(&self) -> f32 {
        let lag_pct = SIGMAS * self.spread_pct().max(super::cells::LEAST_SPREAD_PCT);
        let growth_pct = SIGMAS * self.growth_spread_pct().max(super::cells::LEAST_SPREAD_PCT);
        let by_cell = |(lag, growth): (f32, f32)| (lag / lag_pct).max(growth.min(2.0 * lag) / growth_pct);
        let worst = self.iter().map(|cell| by_cell((cell.lag_pct(), cell.growth_pct()))).fold(0.0, f32::max);
        self.fallen.cell().map_or(worst, |(.., readings)| worst.max(f32::from(readings) / FALLEN_READINGS))
    }

    /// How much more resistance a cell has than all others.
    fn resisting(&self) -> f32 {
        let known = self.resistive().filter(|_| self.steps() >= STEPS);
        known.map_or(0.0, |(_, excess, steps)| excess / EXCESS * (f32::from(steps) / f32::from(STEPS)).min(1.0))
    }

    /// How much a sensor lies.
    fn lying(&self) -> f32 {
        let off = self.sensors.off().map_or(0.0, |(_, count, _)| f32::from(count) / OFF_READINGS);
        let stuck = self.sensors.stuck().map_or(0.0, |(_, travel)| travel / STUCK_MV);
        let usual_mv = TREMBLING_MV + TREMBLING_RATIO * self.trembling.usual_mv();
        let trembling = self.trembling.worst().map_or(0.0, |(_, mv)| mv / usual_mv);
        off.max(stuck).max(trembling)
    }
}

#[cfg(test)]
mod tests {
    use super::super::reading::Reading;
    use super::*;
    use crate::base::Timestamp;
    use crate::model::Chemistry;

    /// A pack at rest for ten hours whose third cell loses so many millivolts in an hour.
    fn pack(mv_per_h: f64) -> PackFeatures {
        let mut cells = [3751_u16; 12];
        let mut features: Option<PackFeatures> = None;
        for minute in (0..600).step_by(5) {
            cells[2] = (3751.0 - mv_per_h * f64::from(minute) / 60.0) as u16;
            let reading = Reading {
                time: Timestamp(i64::from(minute) * 60_000),
                pack: 1,
                chemistry: Chemistry::Nmc,
                charging: false,
                riding: false,
                amps: 0.0,
                pack_mv: cells.iter().map(|mv| f32::from(*mv)).sum(),
                cells_mv: &cells,
                hottest_c: 25.0,
                coldest_c: 25.0,
                insulation_kohm: 2000.0,
                soc_pct: 50.0,
                soh_pct: 97.0,
                alarm_level: 0,
            };
            let features = features.get_or_insert_with(|| PackFeatures::new(&reading));
            features.follow(&reading, None);
        }
        features.expect("it was read")
    }

    #[test]
    fn the_worse_a_cell_is_the_higher() {
        let [sound, early, late] = [0.0, 1.0, 10.0].map(|mv_per_h| pack(mv_per_h).risk());
        assert!(sound < 0.1 && sound < early && early < late && late > 1.0, "{sound} {early} {late}");
    }
}
