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
}

/// A kind of incident, and of the rule that claims it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A locked vehicle is lifted onto another and driven away.
    Tow,
    /// A cell heats itself faster than it can cool, until it vents.
    ThermalRunaway,
}

impl Kind {
    /// Every kind, in the order of their declaration.
    pub const ALL: [Self; 2] = [Self::Tow, Self::ThermalRunaway];

    /// The family of the kind.
    #[must_use]
    pub fn family(self) -> Family {
        match self {
            Self::Tow => Family::Theft,
            Self::ThermalRunaway => Family::Battery,
        }
    }

    /// The word used in scenarios, truth files and scores.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tow => "tow",
            Self::ThermalRunaway => "thermal_runaway",
        }
    }

    /// The id of the rule that claims this kind.
    #[must_use]
    pub fn rule(self) -> &'static str {
        match self {
            Self::Tow => "theft.tow",
            Self::ThermalRunaway => "battery.thermal_runaway",
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
