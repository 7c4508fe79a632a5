//! Alarm levels (0 none, 1 drive on, 2 limit, 3 stop now), with the thresholds one maker publishes for GB/T 32960 where
//! it does; the lower levels, and the currents, are assumed.

use crate::sim::catalogue::Cell;

/// Nothing warns of this level.
const NONE: f64 = f64::INFINITY;

/// How many of three rising thresholds a value reaches; an infinite one is passed over.
fn level(value: f64, thresholds: [f64; 3]) -> u8 {
    thresholds.iter().rposition(|threshold| value >= *threshold).map_or(0, |index| index as u8 + 1)
}

/// Of the fullest cell, V.
#[must_use]
pub fn over_voltage(cell: &Cell, volts: f64) -> u8 {
    level(volts, [NONE, cell.alarm_v[2], cell.alarm_v[3]])
}

/// Of the emptiest cell, V.
#[must_use]
pub fn under_voltage(cell: &Cell, volts: f64) -> u8 {
    level(-volts, [NONE, -cell.alarm_v[1], -cell.alarm_v[0]])
}

/// Of the difference between the fullest and the emptiest cell, V.
#[must_use]
pub fn cell_spread(volts: f64) -> u8 {
    level(volts, [NONE, 0.3, 0.5])
}

/// Of a current over the highest allowed.
#[must_use]
pub fn over_current(load: f64) -> u8 {
    level(load, [1.05, 1.2, 1.5])
}

/// Of the hottest sensor, °C. A pack made for charging fast may be as warm as its charger leaves it.
#[must_use]
pub fn over_temperature(cell: &Cell, celsius: f64) -> u8 {
    level(celsius, [cell.charge_limit.0.max(55.0), 60.0, 70.0])
}

/// Of the difference between the hottest and the coldest sensor, K.
#[must_use]
pub fn temperature_spread(kelvin: f64) -> u8 {
    level(kelvin, [8.0, 12.0, 20.0])
}

/// Of the insulation, kΩ.
#[must_use]
pub fn insulation(kiloohms: f64) -> u8 {
    level(-kiloohms, [NONE, -500.0, -250.0])
}
