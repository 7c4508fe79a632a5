//! `battery.thermal_runaway`: a pack heats itself.
//!
//! GB 38031-2025 calls it runaway when a cell's voltage falls by more than a quarter or a temperature reaches the maker's
//! maximum, together with a rise of 1 °C/s for more than 3 s. A fleet that reports slowly sees one abnormal sample and
//! then nothing, so two of six signs in one sample are enough, one of them thermal. The sample of a real event: 29 → 109 °C,
//! one cell at 1.995 V, insulation 1000 → 10 kΩ within 7 s, without any voltage precursor.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::look::{Look, finding};
use crate::base::span;
use crate::detect::detector::{Detector, Finding, Sight, Signal, fact};
use crate::model::{Kind, Level};
use crate::track::battery::{reading::measured, sampling::median};

/// When a pack counts as running away.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ThermalRunawaySettings {
    /// Hottest sensor, °C (one maker's GB/T 32960 threshold).
    pub hot_c: f64,
    /// Difference between sensors, K (the same).
    pub spread_k: f64,
    /// Rise of the hottest sensor, K/s (GB 38031-2025).
    pub rise_k_s: f64,
    /// Least rise between two reports, K, so that noise between quick reports is no sign.
    pub rise_k: f64,
    /// Difference between sensors at which a second fast rise in a row is a sign of its own, K (**assumed**).
    pub again_spread_k: f64,
    /// Lowest cell over the median cell (GB 38031-2025: a fall by more than a quarter).
    pub lowest_cell: f64,
    /// Insulation, kΩ (one maker's GB/T 32960 threshold).
    pub insulation_kohm: f64,
    /// How long all signs must be gone before the alert is cleared.
    #[serde(with = "span::text")]
    pub clear_after: Duration,
}

impl Default for ThermalRunawaySettings {
    fn default() -> Self {
        Self {
            hot_c: 70.0,
            spread_k: 20.0,
            rise_k_s: 1.0,
            rise_k: 3.0,
            again_spread_k: 8.0,
            lowest_cell: 0.75,
            insulation_kohm: 250.0,
            clear_after: Duration::from_mins(10),
        }
    }
}

/// The rule.
#[derive(Debug, Clone)]
pub struct ThermalRunaway(pub ThermalRunawaySettings);

impl Detector for ThermalRunaway {
    fn kind(&self) -> Kind {
        Kind::ThermalRunaway
    }

    fn clear_after(&self) -> Duration {
        self.0.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        let Some(look) = Look::at(sight) else { return Signal::Unknown };
        let limits = &self.0;
        let spread_k = look.ends.hottest_c - look.ends.coldest_c;
        let hot = look.ends.hottest_c >= limits.hot_c;
        let uneven = spread_k >= limits.spread_k;
        let heat = look.features.heat;
        let (rise_k, rise_k_s) = (f64::from(heat.rise_k()), f64::from(heat.rise_k_s()));
        let rising = (rise_k_s >= limits.rise_k_s && rise_k >= limits.rise_k) || rise_k >= limits.spread_k;
        // GB 38031-2025 asks for more than 3 s of it; a wandering sensor does not rise twice while the pack grows uneven.
        let again = rising && heat.fast_readings() >= 2 && spread_k >= limits.again_spread_k;
        // The median is not above the highest: most packs need no median.
        let low = look.ends.lowest_volts() / look.ends.highest_volts() <= limits.lowest_cell;
        let collapsed = low && Signs::of(look).lowest_cell <= limits.lowest_cell;
        let leaking = look.now.insulation.0 <= limits.insulation_kohm;
        let count = [hot, uneven, rising, again, collapsed, leaking].into_iter().filter(|sign| *sign).count();
        // Hot and uneven for long, without anything else, is heat from elsewhere.
        if count >= 2 && (hot || uneven || rising) && (rising || collapsed || leaking) {
            Signal::Present(Level::Three)
        } else if count == 0 {
            Signal::Absent
        } else {
            Signal::Unknown
        }
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        Look::again(sight).map_or_else(Finding::default, describe)
    }
}

/// What one reading shows.
struct Signs {
    hottest_c: f64,
    spread_k: f64,
    /// Lowest cell over the median one, and its number from 1.
    lowest_cell: f64,
    lowest_number: usize,
    insulation_kohm: f64,
}

impl Signs {
    fn of(look: &Look<'_>) -> Self {
        let battery = look.now;
        let hottest_c = battery.hottest().map_or(f64::NAN, |celsius| celsius.0);
        let coldest_c = battery.coldest().map_or(f64::NAN, |celsius| celsius.0);
        let median = median(&battery.cells_mv).unwrap_or(0.0);
        let lowest = battery.cells_mv.iter().enumerate().filter(|(_, mv)| measured(**mv)).min_by_key(|(_, mv)| **mv);
        let (lowest_cell, lowest_number) = match lowest {
            Some((index, mv)) if median > 0.0 => (f64::from(*mv) / f64::from(median), index + 1),
            Some(_) | None => (1.0, 0),
        };
        let spread_k = hottest_c - coldest_c;
        Self { hottest_c, spread_k, lowest_cell, lowest_number, insulation_kohm: battery.insulation.0 }
    }
}

fn describe(look: &Look<'_>) -> Finding {
    let Signs { hottest_c, spread_k, lowest_cell, lowest_number, insulation_kohm } = Signs::of(look);
    let rise_k_s = look.features.heat.rise_k_s();
    let cell_pct = lowest_cell * 100.0;
    finding(
        format!(
            "pack heats itself: {hottest_c:.0} °C, {spread_k:.0} K between sensors, rising {rise_k_s:.1} K/s, \
             lowest cell (no. {lowest_number}) at {cell_pct:.0} % of the median, insulation {insulation_kohm:.0} kΩ; \
             keep away, call the fire brigade"
        ),
        format!(
            "电池自发升温：最高 {hottest_c:.0} °C，传感器温差 {spread_k:.0} K，升温 {rise_k_s:.1} K/s，\
             最低单体（{lowest_number} 号）为中位电压的 {cell_pct:.0} %，绝缘电阻 {insulation_kohm:.0} kΩ；请远离并报火警"
        ),
        vec![
            fact("hottest_c", hottest_c),
            fact("spread_c", spread_k),
            fact("rise_c_per_s", rise_k_s.into()),
            fact("lowest_cell_pct", cell_pct),
            fact("lowest_cell_no", lowest_number as f64),
            fact("insulation_kohm", insulation_kohm),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::super::stage::Stage;
    use super::*;
    use crate::base::units::{Celsius, Kiloohms};
    use crate::model::{Battery, Chemistry};

    #[test]
    fn one_sample_with_two_signs_is_enough_and_one_sign_is_not() {
        let rule = ThermalRunaway(ThermalRunawaySettings::default());
        let after = |change: fn(&mut Battery)| {
            let mut stage = Stage::of(Chemistry::Lfp);
            stage.say(7, change);
            stage.ask(&rule)
        };
        let burning = Signal::Present(Level::Three);
        assert_eq!(after(|_| {}), Signal::Absent);
        assert_eq!(after(|battery| battery.probes[1] = Celsius(109.0)), burning);
        assert_eq!(
            after(|battery| {
                (battery.cells_mv[3], battery.insulation) = (1995, Kiloohms(10.0));
                battery.probes[1] = Celsius(34.0);
            }),
            burning
        );
        assert_eq!(after(|battery| battery.cells_mv[3] = 1995), Signal::Unknown, "a sensor or a weak cell");
        assert_eq!(after(|battery| battery.insulation = Kiloohms(100.0)), Signal::Unknown, "rain");
        assert_eq!(
            after(|battery| (battery.cells_mv[3], battery.insulation) = (1995, Kiloohms(10.0))),
            Signal::Unknown,
            "nothing is warm"
        );
    }

    #[test]
    fn a_pack_that_is_hot_for_long_is_heated_from_elsewhere() {
        let rule = ThermalRunaway(ThermalRunawaySettings::default());
        let mut stage = Stage::of(Chemistry::Lfp);
        stage.go_on(100, 60, |battery, time| {
            battery.probes[1] = Celsius(24.0 + 0.5 * time);
            battery.probes[0] = Celsius(24.0 + 0.2 * time);
        });
        assert_eq!(stage.ask(&rule), Signal::Unknown);
    }
}
