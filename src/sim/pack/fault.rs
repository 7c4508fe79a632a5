//! What can be wrong with a pack, as data: a fault strikes it and from then on shows in its steps and measurements.

use crate::base::Timestamp;

/// What goes wrong, from when.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fault {
    /// Since when; ramps start here. Strike the pack when this moment comes.
    pub since: Timestamp,
    /// What.
    pub what: Trouble,
}

/// What goes wrong. Cells and sensors count from 0; those a pack does not have are spared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Trouble {
    /// A short inside a cell that stays: 100 Ω to 1 kΩ early, 1 to 10 Ω later.
    Short {
        /// Which cell.
        cell: u8,
        /// Its resistance.
        ohms: f32,
    },
    /// A short that comes and goes; dips of 20 to 80 mV need about U·R0/dip, some 0.1 to 1 Ω.
    Dips {
        /// Which cell.
        cell: u8,
        /// Its resistance while it is there.
        ohms: f32,
        /// How long it is there, s.
        lasts_s: f32,
        /// From one beginning to the next, s; infinite for a single one.
        every_s: f32,
    },
    /// A cell with less capacity (0.8 to 0.95 of it) and more resistance (1.5 times).
    WeakCell {
        /// Which cell.
        cell: u8,
        /// Factor of its capacity.
        capacity: f32,
        /// Factor of its resistance.
        resistance: f32,
    },
    /// A joint beside a cell that works loose.
    Contact {
        /// Which cell's voltage shows it.
        cell: u8,
        /// Resistance that it gains.
        ohms: f32,
        /// In how many seconds.
        ramp_s: f32,
    },
    /// A cell that heats itself: rises exponentially for `ramp_s`, then burns out.
    Runaway {
        /// Which cell.
        cell: u8,
        /// From the first heat to venting, s; 10 to 60.
        ramp_s: f32,
    },
    /// The whole pack is worse at once: worn, or its lead plates sulfated.
    Fade {
        /// Factor of its capacity.
        capacity: f32,
        /// Factor of its resistance, besides what comes with the lost capacity.
        resistance: f32,
    },
    /// All cells discharge themselves.
    SelfDischarge {
        /// How fast.
        amps: f32,
    },
    /// A sensor says for ever what it says now.
    SensorStuck {
        /// Which.
        sensor: Sensor,
    },
    /// A sensor is off.
    SensorBias {
        /// Which.
        sensor: Sensor,
        /// By how much, in V, °C or A.
        offset: f32,
    },
    /// A sensor is noisy.
    SensorNoise {
        /// Which.
        sensor: Sensor,
        /// Standard deviation, in V, °C or A.
        sigma: f32,
    },
    /// The insulation decays.
    Insulation {
        /// What is left in the end, kΩ.
        kiloohms: f32,
        /// In how many seconds.
        ramp_s: f32,
    },
    /// A lead-acid pack that runs away on the charger: it takes a current that only heats it, doubling every 10 K.
    LeadRunaway {
        /// That current at 25 °C, A: about a fortieth of the capacity.
        amps: f32,
    },
    /// Something heats the whole pack.
    Hot {
        /// How much, W.
        watts: f32,
    },
    /// A place in the pack grows hot.
    HotSpot {
        /// The sensor beside it.
        probe: u8,
        /// By how much, K.
        kelvin: f32,
        /// In how many seconds.
        ramp_s: f32,
    },
    /// A charger with too high a voltage and current, which does not listen to the management.
    WrongCharger {
        /// By which share, 0.05 to 0.1.
        over: f32,
    },
    /// A charger of the right strength that does not stop at its voltage, and a management that lets it.
    Overcharge {
        /// By which share it exceeds its voltage.
        over: f32,
    },
    /// The management no longer protects: no cut-off when empty, overloaded, overcharged or cold.
    Unprotected {
        /// Factor of the current that is drawn.
        load: f32,
    },
}

/// A sensor of the management.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sensor {
    /// The voltage of a cell.
    Cell(u8),
    /// A temperature.
    Probe(u8),
    /// The current.
    Current,
}

/// A fault that a pack bears.
#[derive(Debug, Clone, Copy)]
pub(super) struct Struck {
    pub(super) fault: Fault,
    /// Of a short: its current as the RC pair remembers it, A. Of a stuck sensor: what it says, NaN before it said
    /// anything.
    pub(super) memory: f32,
}

impl Struck {
    pub(super) fn new(fault: Fault) -> Self {
        let stuck = matches!(fault.what, Trouble::SensorStuck { .. });
        Self { fault, memory: if stuck { f32::NAN } else { 0.0 } }
    }

    /// Seconds since it began; negative before.
    pub(super) fn age_s(&self, now: Timestamp) -> f64 {
        now.seconds_since(self.fault.since)
    }

    /// Where and through which conductance (S) a cell is shorted, if this is a short, and its times.
    pub(super) fn short(&self) -> Option<(usize, f64, Windows)> {
        const ALWAYS: f32 = f32::INFINITY;
        let (cell, ohms, lasts_s, every_s) = if let Trouble::Short { cell, ohms } = self.fault.what {
            (cell, ohms, ALWAYS, ALWAYS)
        } else if let Trouble::Dips { cell, ohms, lasts_s, every_s } = self.fault.what {
            (cell, ohms, lasts_s, every_s)
        } else {
            return None;
        };
        let windows = Windows { lasts_s: lasts_s.into(), every_s: every_s.into() };
        Some((usize::from(cell), 1.0 / f64::from(ohms).max(1e-3), windows))
    }
}

/// Times at which a short is there: from 0 on for `lasts_s`, again every `every_s`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Windows {
    lasts_s: f64,
    every_s: f64,
}

impl Windows {
    /// Seconds within windows up to `age_s`.
    fn total(self, age_s: f64) -> f64 {
        if age_s <= 0.0 {
            return 0.0;
        }
        if self.every_s.is_infinite() {
            return age_s.min(self.lasts_s);
        }
        (age_s / self.every_s).floor() * self.lasts_s + (age_s % self.every_s).min(self.lasts_s)
    }

    /// Seconds within windows in the `seconds` before `age_s`.
    pub(super) fn within(self, age_s: f64, seconds: f64) -> f64 {
        self.total(age_s) - self.total(age_s - seconds)
    }

    /// Whether a window is open; the moment of its end still belongs to it.
    pub(super) fn open(self, age_s: f64) -> bool {
        age_s > 0.0 && age_s % self.every_s <= self.lasts_s
    }

    /// Seconds since the last window closed, 0 while one is open.
    pub(super) fn closed_for(self, age_s: f64) -> f64 {
        if age_s <= 0.0 { 0.0 } else { (age_s % self.every_s - self.lasts_s).max(0.0) }
    }
}

/// How much of a change is done after `age_s` when it takes `ramp_s`, 0 to 1.
pub(super) fn ramp(age_s: f64, ramp_s: f32) -> f64 {
    (age_s / f64::from(ramp_s).max(1e-3)).clamp(0.0, 1.0)
}

/// Heat of a cell that runs away, above the rest of the pack, at `seconds` after its beginning, K.
pub(super) fn runaway_rise(seconds: f64, ramp_s: f32) -> f64 {
    const FIRST_K: f64 = 3.0;
    const GROWTH: f64 = 110.0;
    const BURN_OUT_S: f64 = 600.0;
    let ramp_s = f64::from(ramp_s);
    if seconds <= 0.0 {
        0.0
    } else if seconds < ramp_s {
        FIRST_K * (GROWTH.powf(seconds / ramp_s) - 1.0)
    } else {
        FIRST_K * (GROWTH - 1.0) * (-(seconds - ramp_s) / BURN_OUT_S).exp()
    }
}

/// What is left of the voltage of a cell that runs away, 1 to 0.
pub(super) fn runaway_leaves(seconds: f64, ramp_s: f32) -> f64 {
    let gone = ((seconds / f64::from(ramp_s) - 0.4) / 0.5).clamp(0.0, 1.0);
    1.0 - 0.92 * gone * gone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_open_and_close() {
        let dips = Windows { lasts_s: 10.0, every_s: 100.0 };
        assert!((dips.within(250.0, 250.0) - 30.0).abs() < 1e-9);
        assert!((dips.within(105.0, 10.0) - 5.0).abs() < 1e-9);
        assert!(dips.open(105.0) && !dips.open(150.0) && !dips.open(-1.0));
        assert!((dips.closed_for(150.0) - 40.0).abs() < 1e-9);
        let once = Windows { lasts_s: 30.0, every_s: f64::INFINITY };
        assert!((once.within(1000.0, 2000.0) - 30.0).abs() < 1e-9);
        assert!(once.open(30.0) && !once.open(30.1));
        let always = Windows { lasts_s: f64::INFINITY, every_s: f64::INFINITY };
        assert!(always.open(1e9) && always.closed_for(1e9) <= 0.0);
    }
}
