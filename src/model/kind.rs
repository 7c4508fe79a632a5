//! The one vocabulary of incidents and rules: `theft.tow` is the rule that claims a `tow`.

use serde::{Deserialize, Serialize};

/// What family an incident or a rule belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Somebody takes the vehicle or a part of it.
    Theft,
    /// The battery is faulty or abused.
    Battery,
    /// Nothing is wrong, it only looks so; no rule claims these.
    Benign,
}

/// Writes the vocabulary once, and derives from it whatever else is asked of a kind.
macro_rules! kinds {
    ($($family:ident $prefix:literal { $($(#[doc = $doc:literal])+ $kind:ident $name:literal,)+ })+) => {
        /// A kind of incident, and of the rule that claims it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Kind {
            $($($(#[doc = $doc])+ $kind,)+)+
        }

        impl Kind {
            /// Every kind, family by family.
            pub const ALL: &[Self] = &[$($(Self::$kind,)+)+];

            /// The family of the kind.
            #[must_use]
            pub fn family(self) -> Family {
                match self {
                    $($(Self::$kind)|+ => Family::$family,)+
                }
            }

            /// The word used in scenarios, truth files and scores.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $($(Self::$kind => $name,)+)+
                }
            }

            /// The id of the rule that claims this kind; benign kinds have one only to be told apart.
            #[must_use]
            pub fn rule(self) -> &'static str {
                match self {
                    $($(Self::$kind => concat!($prefix, ".", $name),)+)+
                }
            }
        }
    };
}

kinds! {
    Theft "theft" {
        /// A locked vehicle is lifted onto another and driven away.
        Tow "tow",
        /// A locked vehicle is lifted, carried to a corner and driven away.
        CarryOff "carry_off",
        /// A locked vehicle is hot-wired and ridden away.
        RideAway "ride_away",
        /// The pack is taken out and away.
        PackTheft "pack_theft",
        /// The pack is taken and a worn, foreign one put in its place.
        PackSwap "pack_swap",
        /// The wires between pack and tracker are cut.
        PowerCut "power_cut",
        /// A jammer silences satellites and network while it is driven away.
        Jam "jam",
        /// The receiver is made to believe that it stays where it was.
        Spoof "spoof",
        /// A second device speaks in its name from elsewhere.
        Clone "clone",
        /// Somebody works on the lock without success.
        Tamper "tamper",
        /// It is driven away and its pack taken out elsewhere.
        Strip "strip",
    }
    Battery "battery" {
        /// Cells are charged beyond their limit.
        OverVoltage "over_voltage",
        /// Cells are emptied beyond their limit.
        UnderVoltage "under_voltage",
        /// More current is drawn than the pack allows.
        OverCurrent "over_current",
        /// Something heats the whole pack.
        OverTemperature "over_temperature",
        /// One place in the pack is much hotter than the others.
        TemperatureSpread "temperature_spread",
        /// A cell has less capacity and more resistance than the others.
        WeakCell "weak_cell",
        /// A cell leaks through an internal short of 100 Ω to 1 kΩ.
        ShortEarly "short_early",
        /// A cell leaks through an internal short of 1 to 10 Ω.
        ShortMid "short_mid",
        /// A cell heats itself faster than it can cool, until it vents.
        ThermalRunaway "thermal_runaway",
        /// A joint beside a cell works loose.
        ContactResistance "contact_resistance",
        /// The pack has lost much of its capacity.
        CapacityFade "capacity_fade",
        /// The pack empties itself within days.
        SelfDischarge "self_discharge",
        /// A cell's voltage sensor says for ever the same.
        SensorStuck "sensor_stuck",
        /// A cell's voltage sensor is off.
        SensorBias "sensor_bias",
        /// A cell's voltage sensor is noisy.
        SensorNoise "sensor_noise",
        /// The insulation between pack and frame decays.
        Insulation "insulation",
        /// A charger with too high a voltage and current feeds it.
        WrongCharger "wrong_charger",
        /// It is charged below 0 °C although its chemistry must not be.
        ColdCharge "cold_charge",
        /// Lead plates are sulfated.
        Sulfation "sulfation",
        /// A lead-acid pack runs away on its charger.
        LeadRunaway "lead_runaway",
        /// The battery management does not answer.
        BmsSilent "bms_silent",
    }
    Benign "benign" {
        /// The receiver wanders more than the place explains.
        Drift "drift",
        /// It stands where there is neither sky nor network.
        Garage "garage",
        /// It stands in a tunnel, such as a queue in it, without satellites.
        Tunnel "tunnel",
        /// It crosses the river with its owner.
        Ferry "ferry",
        /// Its owner takes it up in a lift.
        Elevator "elevator",
        /// Its owner pushes it.
        OwnerPush "owner_push",
        /// Its owner takes it along in a van.
        OwnerVan "owner_van",
        /// Somebody authorised exchanges its pack.
        ServiceSwap "service_swap",
        /// Its owner has switched positions off.
        ConsentOff "consent_off",
        /// A base station fails, and all vehicles around it fall silent.
        CellOutage "cell_outage",
        /// The device switches to another datum without saying so.
        DatumSwitch "datum_switch",
        /// Its clock is minutes off.
        ClockSkew "clock_skew",
        /// It is out of the network for hours and tells everything later.
        LateUpload "late_upload",
    }
}

impl Kind {
    /// The kind that a rule claims.
    #[must_use]
    pub fn of_rule(rule: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.rule() == rule)
    }
}

/// For `#[serde(with = "kind::as_rule")]`: a kind written as the id of its rule.
pub mod as_rule {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Kind;

    /// Writes the id of the rule.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(kind.rule())
    }

    /// Reads the id of a rule.
    ///
    /// # Errors
    /// When there is no such rule.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Kind, D::Error> {
        let rule = String::deserialize(deserializer)?;
        Kind::of_rule(&rule).ok_or_else(|| serde::de::Error::custom(format!("no rule {rule:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_rules_are_the_same_words() {
        for kind in Kind::ALL.iter().copied() {
            let written = serde_json::to_value(kind).unwrap();
            assert_eq!(written, kind.name());
            let family = serde_json::to_value(kind.family()).unwrap();
            assert_eq!(kind.rule(), format!("{}.{}", family.as_str().unwrap(), kind.name()));
            assert_eq!(Kind::of_rule(kind.rule()), Some(kind));
        }
        assert_eq!(Kind::of_rule("tow"), None);
    }
}
