//! Voltage sensors that lie: `battery.sensor_stuck`, `battery.sensor_noise` and `battery.sensor_bias`. The pack's own
//! voltage shows that it is the sensor and not the cell.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::look::{Look, finding};
use crate::base::span;
use crate::detect::detector::{Detector, Finding, Sight, Signal, fact};
use crate::model::{Kind, Level};

/// When a sensor counts as faulty. All **assumed**, several times what rounding to 10 mV does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SensorSettings {
    /// Stuck: how far the others moved while it repeated itself, mV.
    pub travel_mv: f64,
    /// Noise: mean change between readings at rest, mV ...
    pub noise_mv: f64,
    /// ... and over that of the median cell.
    pub noise_ratio: f64,
    /// Bias: readings in which the sum of the cells departs from the pack as the cell does from what is known of it.
    pub bias_readings: u8,
    /// Bias: mean departure, mV.
    pub bias_mv: f64,
    /// Readings before any of it is believed.
    pub readings: u16,
    /// How long it must be gone before the alert is cleared.
    #[serde(with = "span::text")]
    pub clear_after: Duration,
}

impl Default for SensorSettings {
    fn default() -> Self {
        Self {
            travel_mv: 100.0,
            noise_mv: 12.0,
            noise_ratio: 4.0,
            bias_readings: 6,
            bias_mv: 25.0,
            readings: 12,
            clear_after: Duration::from_hours(6),
        }
    }
}

/// The rule, under one of its three names.
#[derive(Debug, Clone)]
pub struct Sensor {
    /// Which of the three.
    pub kind: Kind,
    /// The settings.
    pub settings: SensorSettings,
}

/// A sensor that lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Lie {
    kind: Kind,
    /// From 0.
    cell: usize,
    mv: f64,
}

impl Detector for Sensor {
    fn kind(&self) -> Kind {
        self.kind
    }

    fn clear_after(&self) -> Duration {
        self.settings.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        let Some(look) = Look::at(sight) else { return Signal::Unknown };
        // One judgement: all three names have the same settings.
        match look.lie.get_or_init(|| self.settings.judge(look)) {
            Some(lie) if lie.kind == self.kind => Signal::Present(Level::One),
            Some(_) => Signal::Unknown,
            None => Signal::Absent,
        }
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        let Some(look) = Look::again(sight) else { return Finding::default() };
        self.settings.judge(look).map_or_else(Finding::default, describe)
    }
}

impl SensorSettings {
    fn judge(&self, look: &Look<'_>) -> Option<Lie> {
        let features = look.features;
        if features.readings() < self.readings {
            return None;
        }
        let sensors = features.cells.sensors;
        if let Some((cell, travel)) = sensors.stuck()
            && f64::from(travel) >= self.travel_mv
        {
            return Some(Lie { kind: Kind::SensorStuck, cell, mv: travel.into() });
        }
        let usual_mv = f64::from(features.cells.trembling.usual_mv());
        if let Some((cell, mv)) = features.cells.trembling.worst()
            && f64::from(mv) >= self.noise_mv + self.noise_ratio * usual_mv
        {
            return Some(Lie { kind: Kind::SensorNoise, cell, mv: mv.into() });
        }
        let (cell, readings, offset) = sensors.off()?;
        let steady =
            features.cells.trembling.worst().is_none_or(|(worst, mv)| worst != cell || mv < 0.5 * offset.abs());
        let biased = steady && readings >= self.bias_readings && f64::from(offset.abs()) >= self.bias_mv;
        biased.then(|| Lie { kind: Kind::SensorBias, cell, mv: offset.into() })
    }
}

fn describe(lie: Lie) -> Finding {
    let (number, mv) = (lie.cell + 1, lie.mv);
    let (en, zh) = if lie.kind == Kind::SensorStuck {
        (
            format!(
                "the voltage sensor of cell no. {number} is stuck: the others moved by {mv:.0} mV, it did not; have its wire checked"
            ),
            format!("{number} 号单体电压采样卡滞：其他单体变化 {mv:.0} mV 而它不变；请检查采样线"),
        )
    } else if lie.kind == Kind::SensorNoise {
        (
            format!("the voltage sensor of cell no. {number} trembles by {mv:.0} mV at rest; have its wire checked"),
            format!("{number} 号单体电压采样噪声大：静置时跳动 {mv:.0} mV；请检查采样线"),
        )
    } else {
        (
            format!(
                "the voltage sensor of cell no. {number} is off by {mv:+.0} mV: the pack's own voltage does not show it; have it calibrated"
            ),
            format!("{number} 号单体电压采样偏差 {mv:+.0} mV：与总电压不符；请校准"),
        )
    };
    finding(en, zh, vec![fact("cell_no", number as f64), fact("deviation_mv", mv)])
}

#[cfg(test)]
mod tests {
    use super::super::stage::Stage;
    use super::*;
    use crate::model::Chemistry;

    fn rules() -> [Sensor; 3] {
        [Kind::SensorStuck, Kind::SensorNoise, Kind::SensorBias]
            .map(|kind| Sensor { kind, settings: SensorSettings::default() })
    }

    /// What they say, the stuck one first.
    fn asked(stage: &Stage) -> [Signal; 3] {
        rules().map(|rule| stage.ask(&rule))
    }

    const ONE: Signal = Signal::Present(Level::One);
    const ANOTHER: Signal = Signal::Unknown;

    #[test]
    fn a_sound_pack_has_no_lying_sensor() {
        let mut stage = Stage::of(Chemistry::Nmc);
        assert_eq!(asked(&stage), [Signal::Absent; 3]);
        stage.ride(60, 0.1);
        assert_eq!(asked(&stage), [Signal::Absent; 3]);
    }

    #[test]
    fn one_that_repeats_itself_while_the_others_move_is_stuck() {
        let mut stage = Stage::of(Chemistry::Nmc);
        stage.go_on(12, 300, |battery, _| {
            for (cell, mv) in battery.cells_mv.iter_mut().enumerate() {
                *mv -= if cell == 4 { 0 } else { 12 };
            }
        });
        assert_eq!(asked(&stage), [ONE, ANOTHER, ANOTHER]);
    }

    #[test]
    fn one_that_trembles_alone_is_noisy() {
        let mut stage = Stage::of(Chemistry::Nmc);
        stage.go_on(30, 300, |battery, time| {
            battery.cells_mv[4] = if (time as u32).is_multiple_of(2) { 3700 } else { 3800 };
        });
        assert_eq!(asked(&stage), [ANOTHER, ONE, ANOTHER]);
    }

    #[test]
    fn one_that_is_off_is_told_by_the_packs_own_voltage() {
        let mut stage = Stage::of(Chemistry::Nmc);
        stage.lie_mv = 100.0;
        stage.go_on(8, 300, |battery, _| battery.cells_mv[4] = 3852);
        assert_eq!(asked(&stage), [ANOTHER, ANOTHER, ONE]);
        // The same departure of a cell that really has it.
        let mut stage = Stage::of(Chemistry::Nmc);
        stage.go_on(8, 300, |battery, _| battery.cells_mv[4] = 3852);
        assert_eq!(asked(&stage), [Signal::Absent; 3]);
    }
}
