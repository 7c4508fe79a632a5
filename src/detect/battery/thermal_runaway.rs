//! `battery.thermal_runaway`: a pack heats itself.
//!
//! GB 38031-2025 calls it runaway when a cell's voltage falls by more than a quarter or a temperature reaches the maker's
//! maximum, together with a rise of 1 °C/s for more than 3 s. A fleet that reports slowly sees one abnormal sample and
//! then nothing, so two of five signs in one sample are enough, one of them thermal. The sample of a real event: 29 → 109 °C,
//! one cell at 1.995 V, insulation 1000 → 10 kΩ within 7 s, without any voltage precursor.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::span;
use crate::detect::detector::{Detector, Finding, Sight, Signal, fact};
use crate::model::{Kind, Level, Words};
use crate::track::PackTrend;

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
        if sight.report.battery.is_none() {
            return Signal::Unknown;
        }
        let Some(trend) = &sight.track.pack else { return Signal::Unknown };
        let limits = &self.0;
        let hot = trend.hottest_c >= limits.hot_c;
        let uneven = trend.spread_k >= limits.spread_k;
        let rising =
            (trend.rise_k_s >= limits.rise_k_s && trend.rise_k >= limits.rise_k) || trend.rise_k >= limits.spread_k;
        let collapsed = trend.lowest_cell <= limits.lowest_cell;
        let leaking = trend.insulation_kohm <= limits.insulation_kohm;
        let signs = [hot, uneven, rising, collapsed, leaking].into_iter().filter(|sign| *sign).count();
        if signs >= 2 && (hot || uneven || rising) {
            Signal::Present(Level::Three)
        } else if signs == 0 {
            Signal::Absent
        } else {
            Signal::Unknown
        }
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        sight.track.pack.as_ref().map_or_else(Finding::default, describe)
    }
}

fn describe(trend: &PackTrend) -> Finding {
    let PackTrend { hottest_c, spread_k, rise_k_s, lowest_cell, lowest_index, insulation_kohm, .. } = *trend;
    let cell_pct = lowest_cell * 100.0;
    Finding {
        why: Words {
            en: format!(
                "pack heats itself: {hottest_c:.0} °C, {spread_k:.0} K between sensors, rising {rise_k_s:.1} K/s, \
                 lowest cell (no. {lowest_index}) at {cell_pct:.0} % of the median, insulation {insulation_kohm:.0} kΩ"
            ),
            zh: format!(
                "电池自发升温：最高 {hottest_c:.0} °C，传感器温差 {spread_k:.0} K，升温 {rise_k_s:.1} K/s，\
                 最低单体（{lowest_index} 号）为中位电压的 {cell_pct:.0} %，绝缘电阻 {insulation_kohm:.0} kΩ"
            ),
        },
        evidence: vec![
            fact("hottest_c", hottest_c),
            fact("spread_c", spread_k),
            fact("rise_c_per_s", rise_k_s),
            fact("lowest_cell_pct", cell_pct),
            fact("lowest_cell_no", f64::from(lowest_index)),
            fact("insulation_kohm", insulation_kohm),
        ],
    }
}
