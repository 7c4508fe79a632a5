//! Physical quantities as types, so that a speed cannot be added to a distance.
//!
//! On the wire each is a bare number whose member name ends in the unit (`speed_mps`).

use serde::{Deserialize, Serialize};

/// The nearest whole number, never −0, of a value that fits 63 bits: unlike `f64::round` without a call into the
/// mathematics library, which shows where each report rounds forty numbers.
#[inline]
pub(crate) fn nearest(value: f64) -> f64 {
    nearest_whole(value) as f64
}

/// The same as a whole number; what no 63 bits hold becomes the nearest that they do, and what is no number 0.
#[inline]
pub(crate) fn nearest_whole(value: f64) -> i64 {
    (value + 0.5_f64.copysign(value)) as i64
}

macro_rules! unit {
    ($(#[$doc:meta])* $name:ident, $suffix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub f64);

        impl $name {
            /// The nearest multiple of `step`: what a sensor of that resolution would say.
            #[must_use]
            pub fn quantised(self, step: f64) -> Self {
                // Dividing by the reciprocal keeps short decimals short (0.1 steps print as 3.7, not 3.7000000000000002).
                let per_unit = nearest(1.0 / step);
                if per_unit >= 1.0 {
                    Self(nearest(self.0 * per_unit) / per_unit)
                } else {
                    Self(nearest(self.0 / step) * step)
                }
            }
        }

        impl std::ops::Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }

        impl std::ops::Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }

        impl std::ops::Mul<f64> for $name {
            type Output = Self;
            fn mul(self, factor: f64) -> Self {
                Self(self.0 * factor)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&self.0, f)?;
                f.write_str($suffix)
            }
        }
    };
}

unit!(/// A length in metres.
    Metres, " m");
unit!(/// A speed in metres per second.
    MetresPerSecond, " m/s");
unit!(/// An electric potential in volts.
    Volts, " V");
unit!(/// A current in amperes; positive charges the pack, negative discharges it.
    Amps, " A");
unit!(/// A temperature in degrees Celsius.
    Celsius, " °C");
unit!(/// A share in percent, 0 to 100 unless said otherwise.
    Percent, " %");
unit!(/// An angle in degrees.
    Degrees, "°");
unit!(/// An acceleration in multiples of standard gravity.
    Gravities, " g");
unit!(/// An insulation resistance in kiloohms.
    Kiloohms, " kΩ");
unit!(/// A received power in decibel-milliwatts.
    Dbm, " dBm");

impl MetresPerSecond {
    /// The same speed in kilometres per hour.
    #[must_use]
    pub fn kmh(self) -> f64 {
        self.0 * 3.6
    }

    /// A speed given in kilometres per hour.
    #[must_use]
    pub fn from_kmh(kmh: f64) -> Self {
        Self(kmh / 3.6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantised_values_print_short() {
        assert_eq!(Volts(3.712_345).quantised(0.001).0.to_string(), "3.712");
        assert_eq!(Celsius(-7.26).quantised(0.5).0.to_string(), "-7.5");
        assert_eq!(Kiloohms(1234.0).quantised(10.0).0.to_string(), "1230");
    }

    #[test]
    fn speeds_convert_both_ways() {
        assert!((MetresPerSecond::from_kmh(36.0).0 - 10.0).abs() < 1e-12);
        assert!((MetresPerSecond(10.0).kmh() - 36.0).abs() < 1e-12);
    }
}
