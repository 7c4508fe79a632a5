//! The figures of incidents: which there are, which kind knows which, and from what range each is drawn when the
//! scenario does not give it. The one place where they are documented.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::rng::Stream;
use crate::base::span;
use crate::model::{Kind, Parameter};
use crate::sim::catalogue::MAX_CELLS;

/// How a value is written in a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A number; the key ends in its unit.
    Number,
    /// A span such as `40s`; in seconds elsewhere.
    Span,
}

/// Writes the keys once, and derives from them whatever else is asked of a key.
macro_rules! keys {
    ($($(#[doc = $doc:literal])+ $key:ident $name:literal $truth:literal $form:ident $least:literal $most:literal,)+) => {
        /// The name of a figure, as scenarios write it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Key {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $key,)+
        }

        impl Key {
            /// Every key.
            pub const ALL: &[Self] = &[$(Self::$key,)+];

            /// Its name in scenarios.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$key => $name,)+
                }
            }

            /// Its name in the truth file.
            #[must_use]
            pub fn truth(self) -> &'static str {
                match self {
                    $(Self::$key => $truth,)+
                }
            }

            fn form(self) -> Form {
                match self {
                    $(Self::$key => Form::$form,)+
                }
            }

            /// The least and the most that is taken.
            fn bounds(self) -> (f64, f64) {
                match self {
                    $(Self::$key => ($least, $most),)+
                }
            }
        }
    };
}

const HOUR_S: f64 = 3600.0;

keys! {
    /// How far the vehicle is taken, m; of a clone, how far off the second device speaks.
    Distance "distance_m" "distance_m" Number 1.0 1e6,
    /// How far around a base station that fails, m.
    Radius "radius_m" "radius_m" Number 1.0 1e6,
    /// From the first sign to the full size.
    Ramp "ramp" "ramp_s" Span 1.0 3e6,
    /// How long it goes on; of a jam and a spoofing, how long after the drive; of charging, how long on the charger.
    Lasts "lasts" "lasts_s" Span 1.0 3e7,
    /// How far a position wanders, m.
    Drift "drift_m" "drift_m" Number 1.0 10_000.0,
    /// How far a clock is ahead, s; negative behind.
    ClockOffset "offset_s" "offset_s" Number -86_400.0 86_400.0,
    /// Which cell, or its sensor, from 0.
    Cell "cell" "cell" Number 0.0 23.0,
    /// Capacity left, of what it was (a pack that is put in: of the nominal one).
    Capacity "capacity_factor" "capacity_factor" Number 0.05 1.0,
    /// Resistance over what it was.
    Resistance "resistance_factor" "resistance_factor" Number 1.0 10.0,
    /// Resistance of a short, or gained by a joint, Ω.
    Ohms "resistance_ohm" "resistance_ohm" Number 1e-4 1e5,
    /// What insulation is left, kΩ.
    Insulation "insulation_kohm" "insulation_kohm" Number 0.0 2000.0,
    /// Current by which all cells discharge themselves, A.
    Leak "leak_a" "leak_a" Number 0.001 10.0,
    /// Current that only heats a lead-acid pack near its end of charge, at 25 °C, A.
    Gassing "gassing_a" "gassing_a" Number 0.01 10.0,
    /// How much hotter it becomes, K.
    Rise "rise_k" "rise_k" Number 1.0 150.0,
    /// By how much the charger exceeds the pack's limit, %.
    Over "over_pct" "over_pct" Number 1.0 50.0,
    /// Current at the speed that streets usually allow, over the highest that the pack allows.
    Load "load_factor" "load_factor" Number 1.05 5.0,
    /// Current of a load left on, of the capacity in an hour.
    Discharge "discharge_c" "discharge_c" Number 0.05 3.0,
    /// Air of the cold place in which it stands, °C.
    Air "air_c" "air_c" Number -40.0 -1.0,
    /// How far a sensor is off, V.
    SensorOffset "offset_v" "offset_v" Number -5.0 5.0,
    /// How noisy a sensor is, standard deviation, V.
    SensorNoise "noise_v" "noise_v" Number 0.001 5.0,
}

/// A key with the range from which it is drawn.
type Range = (Key, f64, f64);

/// How far thieves go with a vehicle (assumed).
const AWAY: Range = (Key::Distance, 2000.0, 8000.0);
/// The range of a cell depends on the pack: see [`Values::draw`].
const CELL: Range = (Key::Cell, 0.0, 0.0);

fn lasting(from_h: f64, to_h: f64) -> Range {
    (Key::Lasts, from_h * HOUR_S, to_h * HOUR_S)
}

/// What a kind knows, and the range from which it is drawn when it is not given. Sizes of battery faults after published
/// fault studies: a weak cell has 5 to 20 % less capacity and half as much resistance again, an early short 100 Ω to
/// 1 kΩ, a later one 1 to 10 Ω, a wrong charger 5 to 10 % more, sulfated plates twice the resistance, a runaway takes
/// 10 to 60 s. All other ranges are assumed.
fn known(kind: Kind) -> Vec<Range> {
    match kind {
        Kind::Tow | Kind::CarryOff | Kind::RideAway | Kind::Strip | Kind::OwnerVan => vec![AWAY],
        Kind::Jam => vec![AWAY, lasting(0.1, 0.5)],
        Kind::Spoof => vec![AWAY, lasting(0.25, 1.0)],
        Kind::PackTheft | Kind::BmsSilent => Vec::new(),
        Kind::PackSwap => vec![(Key::Capacity, 0.55, 0.75), (Key::Resistance, 1.3, 1.8)],
        Kind::PowerCut | Kind::Tunnel => vec![lasting(0.2, 1.0)],
        Kind::Clone => vec![(Key::Distance, 3000.0, 12_000.0), lasting(0.5, 2.0)],
        Kind::Tamper => vec![lasting(0.01, 0.05)],
        Kind::OverVoltage => vec![(Key::Over, 8.0, 12.0), lasting(4.0, 8.0)],
        Kind::UnderVoltage => vec![(Key::Discharge, 0.4, 0.8), lasting(3.0, 4.0)],
        Kind::OverCurrent => vec![(Key::Load, 1.3, 1.8), (Key::Distance, 1500.0, 3000.0)],
        Kind::OverTemperature => vec![(Key::Rise, 40.0, 60.0), lasting(0.5, 2.0)],
        Kind::TemperatureSpread => vec![(Key::Rise, 15.0, 30.0), (Key::Ramp, 600.0, 7200.0)],
        // It is weak at once unless a ramp is given.
        Kind::WeakCell => vec![CELL, (Key::Capacity, 0.8, 0.95), (Key::Resistance, 1.4, 1.6), (Key::Ramp, 1.0, 1.0)],
        Kind::ShortEarly => vec![CELL, (Key::Ohms, 100.0, 1000.0)],
        Kind::ShortMid => vec![CELL, (Key::Ohms, 1.0, 10.0)],
        Kind::ThermalRunaway => vec![CELL, (Key::Ramp, 10.0, 60.0)],
        Kind::ContactResistance => vec![CELL, (Key::Ohms, 0.005, 0.02), (Key::Ramp, HOUR_S, 24.0 * HOUR_S)],
        Kind::CapacityFade => vec![(Key::Capacity, 0.6, 0.75)],
        Kind::SelfDischarge => vec![(Key::Leak, 0.05, 0.2)],
        Kind::SensorStuck => vec![CELL],
        Kind::SensorBias => vec![CELL, (Key::SensorOffset, 0.05, 0.2)],
        Kind::SensorNoise => vec![CELL, (Key::SensorNoise, 0.03, 0.1)],
        Kind::Insulation => vec![(Key::Insulation, 20.0, 150.0), (Key::Ramp, HOUR_S, 12.0 * HOUR_S)],
        Kind::WrongCharger => vec![(Key::Over, 5.0, 10.0), lasting(5.0, 9.0)],
        Kind::ColdCharge => vec![(Key::Air, -18.0, -10.0), lasting(1.0, 2.0)],
        Kind::Sulfation => vec![(Key::Capacity, 0.5, 0.7), (Key::Resistance, 1.8, 2.2)],
        Kind::LeadRunaway => vec![(Key::Gassing, 0.4, 0.8), lasting(8.0, 12.0)],
        Kind::Drift => vec![(Key::Drift, 15.0, 40.0), lasting(0.5, 3.0)],
        Kind::Garage => vec![lasting(0.5, 4.0)],
        Kind::Ferry => vec![(Key::Distance, 800.0, 2500.0)],
        Kind::Elevator => vec![(Key::Lasts, 60.0, 240.0)],
        Kind::OwnerPush => vec![(Key::Distance, 60.0, 500.0)],
        Kind::ServiceSwap => vec![(Key::Capacity, 0.95, 1.0)],
        Kind::ConsentOff => vec![lasting(1.0, 8.0)],
        Kind::CellOutage => vec![(Key::Radius, 500.0, 2000.0), lasting(0.2, 1.0)],
        Kind::DatumSwitch => vec![lasting(1.0, 4.0)],
        Kind::ClockSkew => vec![(Key::ClockOffset, 60.0, 240.0), lasting(1.0, 4.0)],
        Kind::LateUpload => vec![lasting(1.0, 6.0)],
    }
}

impl Key {
    /// The key of a name, if there is one.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|key| key.name() == name)
    }

    /// Whether it is written as a span such as `40s`.
    #[must_use]
    pub fn is_span(self) -> bool {
        self.form() == Form::Span
    }

    /// Whether a value can be taken for this key of a kind.
    ///
    /// # Errors
    /// A sentence saying what was expected.
    pub fn accept(self, kind: Kind, value: f64) -> Result<(), String> {
        if !known(kind).iter().any(|(key, ..)| *key == self) {
            return Err(refusal(kind, self.name()));
        }
        let (least, most) = self.bounds();
        let whole = self != Self::Cell || value.fract() == 0.0;
        if (least..=most).contains(&value) && whole {
            return Ok(());
        }
        let write = |value: f64| {
            if self.is_span() {
                let seconds = std::time::Duration::try_from_secs_f64(value).unwrap_or_default();
                span::format(seconds)
            } else {
                value.to_string()
            }
        };
        let whole = if self == Self::Cell { "a whole number from " } else { "" };
        Err(format!("expected {whole}{} to {}, found {}", write(least), write(most), write(value)))
    }
}

/// What to say of a key that a kind does not know.
#[must_use]
pub fn refusal(kind: Kind, key: &str) -> String {
    let mut names = vec!["kind", "count", "per_vehicle_day", "window"];
    names.extend(known(kind).iter().map(|(key, ..)| key.name()));
    format!("{} does not know `{key}`: expected one of {}", kind.name(), names.join(", "))
}

/// The figures of one incident.
#[derive(Debug, Clone, PartialEq)]
pub struct Values(Vec<(Key, f64)>);

impl Values {
    /// Takes what is given and draws the rest, for a pack of `series` cells.
    #[must_use]
    pub fn draw(kind: Kind, given: &BTreeMap<Key, f64>, series: usize, stream: &mut Stream) -> Self {
        let mut values = Vec::new();
        for (key, low, high) in known(kind) {
            let drawn = if key == Key::Cell {
                stream.index(series.min(MAX_CELLS)) as f64
            } else if key.is_span() {
                stream.between(low, high).round()
            } else {
                readable(stream.between(low, high))
            };
            values.push((key, given.get(&key).copied().unwrap_or(drawn)));
        }
        Self(values)
    }

    /// One of them.
    ///
    /// # Panics
    /// When the kind does not know the key: scripts ask for what `known` says.
    #[must_use]
    pub fn get(&self, key: Key) -> f64 {
        let found = self.0.iter().find(|(own, _)| *own == key);
        found.unwrap_or_else(|| panic!("no {}", key.name())).1
    }

    /// One of them, for the pack.
    #[must_use]
    pub fn get32(&self, key: Key) -> f32 {
        self.get(key) as f32
    }

    /// As the truth file tells them.
    #[must_use]
    pub fn told(&self) -> BTreeMap<String, Parameter> {
        let named = |(key, value): &(Key, f64)| (key.truth().to_owned(), Parameter::Number(*value));
        self.0.iter().map(named).collect()
    }
}

/// Three digits, as people write figures.
fn readable(value: f64) -> f64 {
    let digits = 2 - value.abs().max(1e-9).log10().floor() as i32;
    if digits > 0 {
        let scale = 10.0_f64.powi(digits);
        (value * scale).round() / scale
    } else {
        let scale = 10.0_f64.powi(-digits);
        (value / scale).round() * scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Purpose;

    #[test]
    fn what_is_drawn_could_have_been_given() {
        let mut stream = Stream::new(1, 1, Purpose::Fate);
        for kind in Kind::ALL.iter().copied() {
            for _ in 0..50 {
                let drawn = Values::draw(kind, &BTreeMap::new(), 4, &mut stream);
                for (key, value) in &drawn.0 {
                    assert_eq!(key.accept(kind, *value), Ok(()), "{kind:?}");
                }
                assert_eq!(drawn.told().len(), drawn.0.len(), "{kind:?}: a name twice");
            }
        }
    }

    #[test]
    fn every_key_is_known_to_some_kind() {
        for key in Key::ALL {
            assert_eq!(Key::of(key.name()), Some(*key));
            assert!(Kind::ALL.iter().any(|kind| known(*kind).iter().any(|(own, ..)| own == key)), "{key:?}");
        }
    }

    #[test]
    fn what_cannot_be_taken_is_refused_in_words() {
        let unknown = Key::Drift.accept(Kind::Tow, 20.0).unwrap_err();
        assert_eq!(
            unknown,
            "tow does not know `drift_m`: expected one of kind, count, per_vehicle_day, window, distance_m"
        );
        assert_eq!(Key::Over.accept(Kind::WrongCharger, 90.0).unwrap_err(), "expected 1 to 50, found 90");
        assert!(Key::Ramp.accept(Kind::ThermalRunaway, 0.5).unwrap_err().contains("expected 1s to"));
        assert!(Key::Distance.accept(Kind::Tow, f64::NAN).is_err());
        assert!(Key::Cell.accept(Kind::WeakCell, 1.5).unwrap_err().contains("whole"));
    }

    #[test]
    fn figures_have_three_digits() {
        let three = [(1234.5, 1230.0), (0.012_345, 0.0123), (-14.26, -14.3), (0.0, 0.0), (100.4, 100.0)];
        for (value, expected) in three {
            assert!((readable(value) - expected).abs() < 1e-9, "{value}: {}", readable(value));
        }
    }
}
