//! Where a map takes a member of a report from: a column of the log, or what the map itself says.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer, StrDeserializer};
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Columns by their names; `{n}` in a name stands for a number, and the columns are taken in its order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names(pub Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMore;
        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Names;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a column, or a list of them")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<Names, E> {
                Ok(Names(vec![name.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Names, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Names)
            }
        }
        deserializer.deserialize_any(OneOrMore)
    }
}

/// What a map says by itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Constant {
    /// A number.
    Number(f64),
    /// True or false.
    Truth(bool),
    /// A word.
    Text(String),
}

impl fmt::Display for Constant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Truth(truth) => write!(f, "{truth}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Constant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Plain;
        impl Visitor<'_> for Plain {
            type Value = Constant;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, a word, true or false")
            }
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Constant, E> {
                Ok(Constant::Number(number))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Constant, E> {
                Ok(Constant::Number(number as f64))
            }
            fn visit_bool<E: de::Error>(self, truth: bool) -> Result<Constant, E> {
                Ok(Constant::Truth(truth))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Constant, E> {
                Ok(Constant::Text(text.to_owned()))
            }
        }
        deserializer.deserialize_any(Plain)
    }
}

/// Where a member of a report comes from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Source {
    /// The column, or the columns of a list.
    pub column: Option<Names>,
    /// What it always is, instead of a column.
    pub value: Option<Constant>,
    /// Unit of the column, when it is not that of the member.
    pub unit: Option<String>,
    /// What the column's numbers are multiplied by, before the unit is converted; −1 turns a current round.
    pub scale: f64,
    /// What is added to them after that.
    pub offset: f64,
    /// Texts that mean that nothing was measured; an empty cell and `NaN` always do.
    pub missing: Vec<String>,
    /// What is said where nothing was measured.
    pub otherwise: Option<Constant>,
    /// What the words of the log mean.
    pub words: BTreeMap<String, String>,
}

/// A source as a table says it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    column: Option<Names>,
    value: Option<Constant>,
    unit: Option<String>,
    #[serde(default = "one")]
    scale: f64,
    #[serde(default)]
    offset: f64,
    #[serde(default)]
    missing: Vec<String>,
    otherwise: Option<Constant>,
    #[serde(default)]
    words: BTreeMap<String, String>,
}

fn one() -> f64 {
    1.0
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Source;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a column, a number, true, false, or a table such as { column = \"speed\", unit = \"km/h\" }")
            }
            fn visit_str<E: de::Error>(self, name: &str) -> Result<Source, E> {
                let column = Names::deserialize(StrDeserializer::<E>::new(name))?;
                Ok(Source { column: Some(column), scale: 1.0, ..Source::default() })
            }
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Source, E> {
                Ok(Source { value: Some(Constant::Number(number)), ..Source::default() })
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Source, E> {
                self.visit_f64(number as f64)
            }
            fn visit_bool<E: de::Error>(self, truth: bool) -> Result<Source, E> {
                Ok(Source { value: Some(Constant::Truth(truth)), ..Source::default() })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Source, A::Error> {
                let Table { column, value, unit, scale, offset, missing, otherwise, words } =
                    Table::deserialize(MapAccessDeserializer::new(map))?;
                if column.is_some() == value.is_some() {
                    return Err(de::Error::custom("expected one of column = \"…\" and value = …"));
                }
                Ok(Source { column, value, unit, scale, offset, missing, otherwise, words })
            }
        }
        deserializer.deserialize_any(Any)
    }
}
