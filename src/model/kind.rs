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

/// A kind of incident, and of the rule that claims it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A locked vehicle is lifted onto another and driven away.
    Tow,
    /// A locked vehicle is lifted, carried to a corner and driven away.
    CarryOff,
    /// A locked vehicle is hot-wired and ridden away.
    RideAway,
    /// The pack is taken out and away.
    PackTheft,
    /// The wires between pack and tracker are cut.
    PowerCut,
    /// A jammer silences satellites and network while it is driven away.
    Jam,
    /// The receiver is made to believe that it stays where it was.
    Spoof,
    /// Somebody works on the lock without success.
    Tamper,
    /// It is driven away and its pack taken out elsewhere.
    Strip,
    /// Something heats the whole pack.
    OverTemperature,
    /// A cell has less capacity and more resistance than the others.
    WeakCell,
    /// A cell leaks through an internal short of 100 Ω to 1 kΩ.
    ShortEarly,
    /// A cell leaks through an internal short of 1 to 10 Ω.
    ShortMid,
    /// A joint beside a cell works loose.
    ContactResistance,
    /// The pack has lost much of its capacity.
    CapacityFade,
    /// The pack empties itself within days.
    SelfDischarge,
    /// A cell's voltage sensor says for ever the same.
    SensorStuck,
    /// A cell's voltage sensor is off.
    SensorBias,
    /// A cell's voltage sensor is noisy.
    SensorNoise,
    /// The insulation between pack and frame decays.
    Insulation,
    /// The battery management does not answer.
    BmsSilent,
    /// A cell heats itself faster than it can cool, until it vents.
    ThermalRunaway,
    /// The receiver wanders more than the place explains.
    Drift,
    /// It stands where there is neither sky nor network.
    Garage,
    /// It crosses the river with its owner.
    Ferry,
    /// Its owner takes it up in a lift.
    Elevator,
    /// Its owner pushes it.
    OwnerPush,
    /// Its owner takes it along in a van.
    OwnerVan,
    /// Its owner has switched positions off.
    ConsentOff,
    /// The device switches to another datum without saying so.
    DatumSwitch,
    /// Its clock is minutes off.
    ClockSkew,
    /// It is out of the network for hours and tells everything later.
    LateUpload,
}

impl Kind {
    /// Every kind, in the order of their declaration.
    pub const ALL: [Self; 32] = [
        Self::Tow,
        Self::CarryOff,
        Self::RideAway,
        Self::PackTheft,
        Self::PowerCut,
        Self::Jam,
        Self::Spoof,
        Self::Tamper,
        Self::Strip,
        Self::OverTemperature,
        Self::WeakCell,
        Self::ShortEarly,
        Self::ShortMid,
        Self::ContactResistance,
        Self::CapacityFade,
        Self::SelfDischarge,
        Self::SensorStuck,
        Self::SensorBias,
        Self::SensorNoise,
        Self::Insulation,
        Self::BmsSilent,
        Self::ThermalRunaway,
        Self::Drift,
        Self::Garage,
        Self::Ferry,
        Self::Elevator,
        Self::OwnerPush,
        Self::OwnerVan,
        Self::ConsentOff,
        Self::DatumSwitch,
        Self::ClockSkew,
        Self::LateUpload,
    ];

    /// The family of the kind.
    #[must_use]
    pub fn family(self) -> Family {
        match self {
            Self::Tow
            | Self::CarryOff
            | Self::RideAway
            | Self::PackTheft
            | Self::PowerCut
            | Self::Jam
            | Self::Spoof
            | Self::Tamper
            | Self::Strip => Family::Theft,
            Self::OverTemperature
            | Self::WeakCell
            | Self::ShortEarly
            | Self::ShortMid
            | Self::ContactResistance
            | Self::CapacityFade
            | Self::SelfDischarge
            | Self::SensorStuck
            | Self::SensorBias
            | Self::SensorNoise
            | Self::Insulation
            | Self::BmsSilent
            | Self::ThermalRunaway => Family::Battery,
            Self::Drift
            | Self::Garage
            | Self::Ferry
            | Self::Elevator
            | Self::OwnerPush
            | Self::OwnerVan
            | Self::ConsentOff
            | Self::DatumSwitch
            | Self::ClockSkew
            | Self::LateUpload => Family::Benign,
        }
    }

    /// The word used in scenarios, truth files and scores.
    #[must_use]
    pub fn name(self) -> &'static str {
        // The word after the family's.
        self.rule().split_once('.').map_or("", |(_, name)| name)
    }

    /// The id of the rule that claims this kind; benign kinds have one only to be told apart.
    #[must_use]
    pub fn rule(self) -> &'static str {
        match self {
            Self::Tow => "theft.tow",
            Self::CarryOff => "theft.carry_off",
            Self::RideAway => "theft.ride_away",
            Self::PackTheft => "theft.pack_theft",
            Self::PowerCut => "theft.power_cut",
            Self::Jam => "theft.jam",
            Self::Spoof => "theft.spoof",
            Self::Tamper => "theft.tamper",
            Self::Strip => "theft.strip",
            Self::OverTemperature => "battery.over_temperature",
            Self::WeakCell => "battery.weak_cell",
            Self::ShortEarly => "battery.short_early",
            Self::ShortMid => "battery.short_mid",
            Self::ContactResistance => "battery.contact_resistance",
            Self::CapacityFade => "battery.capacity_fade",
            Self::SelfDischarge => "battery.self_discharge",
            Self::SensorStuck => "battery.sensor_stuck",
            Self::SensorBias => "battery.sensor_bias",
            Self::SensorNoise => "battery.sensor_noise",
            Self::Insulation => "battery.insulation",
            Self::BmsSilent => "battery.bms_silent",
            Self::ThermalRunaway => "battery.thermal_runaway",
            Self::Drift => "benign.drift",
            Self::Garage => "benign.garage",
            Self::Ferry => "benign.ferry",
            Self::Elevator => "benign.elevator",
            Self::OwnerPush => "benign.owner_push",
            Self::OwnerVan => "benign.owner_van",
            Self::ConsentOff => "benign.consent_off",
            Self::DatumSwitch => "benign.datum_switch",
            Self::ClockSkew => "benign.clock_skew",
            Self::LateUpload => "benign.late_upload",
        }
    }

    /// The kind that a rule claims.
    #[must_use]
    pub fn of_rule(rule: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.rule() == rule)
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
        for kind in Kind::ALL {
            let written = serde_json::to_value(kind).unwrap();
            assert_eq!(written, kind.name());
            let family = serde_json::to_value(kind.family()).unwrap();
            assert_eq!(kind.rule(), format!("{}.{}", family.as_str().unwrap(), kind.name()));
            assert_eq!(Kind::of_rule(kind.rule()), Some(kind));
        }
        assert_eq!(Kind::of_rule("tow"), None);
    }
}
