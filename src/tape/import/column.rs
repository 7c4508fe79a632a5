//! Members of a report bound to the columns of one table.

use std::collections::BTreeMap;

use csv::StringRecord;
use serde::Deserialize;
use serde::de::value::{Error, StrDeserializer};

use super::flaw::Flaw;
use super::source::{Constant, Names, Source};
use super::units;

/// Why a row does not give a part of a report.
#[derive(Debug)]
pub(super) enum Stop {
    /// It is wrong.
    Flaw(Flaw),
    /// Something in that part was not measured.
    LeftOut,
}

impl From<Flaw> for Stop {
    fn from(flaw: Flaw) -> Self {
        Self::Flaw(flaw)
    }
}

/// Binds members to the columns of one table, or to none where the log has no columns.
pub(super) struct Binder<'a> {
    pub(super) header: Option<&'a StringRecord>,
    pub(super) decimal: char,
    /// What is taken for granted because the map does not say it.
    pub(super) assumed: Vec<String>,
}

impl Binder<'_> {
    /// A number that is `default` when the map does not say it.
    pub(super) fn number(
        &mut self,
        member: &'static str,
        source: Option<&Source>,
        default: f64,
    ) -> Result<Number, String> {
        if source.is_none() {
            self.assumed.push(format!("{member} {default}"));
        }
        let number = self.optional(member, source)?;
        Ok(number.unwrap_or(Number { member, what: What::Constant(default) }))
    }

    /// A number that need not be there.
    pub(super) fn optional(&self, member: &'static str, source: Option<&Source>) -> Result<Option<Number>, String> {
        let Some(source) = source else { return Ok(None) };
        let mut columns = self.columns(member, source)?;
        let what = match (columns.pop(), columns.pop()) {
            (None, _) => What::Constant(numeric(member, source.value.as_ref())?.unwrap_or_default()),
            (Some(column), None) => What::Column(column),
            (Some(_), Some(_)) => return Err(format!("{member}: expected one column, found several")),
        };
        Ok(Some(Number { member, what }))
    }

    /// The columns of a list, or of a number.
    pub(super) fn columns(&self, member: &'static str, source: &Source) -> Result<Vec<Column>, String> {
        let Some(names) = &source.column else { return Ok(Vec::new()) };
        let (factor, summand) = source.unit.as_ref().map_or(Ok((1.0, 0.0)), |unit| units::conversion(unit, member))?;
        let (scale, offset) = (source.scale * factor, source.offset * factor + summand);
        let otherwise = numeric(member, source.otherwise.as_ref())?;
        let one = |at| Column {
            member,
            at,
            scale,
            offset,
            missing: source.missing.clone(),
            otherwise,
            decimal: self.decimal,
        };
        Ok(self.find(member, names)?.into_iter().map(one).collect())
    }

    /// Where the columns of these names stand.
    pub(super) fn find(&self, member: &str, names: &Names) -> Result<Vec<usize>, String> {
        let header = self.header.ok_or_else(|| format!("{member}: an NMEA log has no columns; expected a value"))?;
        let mut found = Vec::new();
        for name in &names.0 {
            let before = found.len();
            match name.split_once("{n}") {
                None => found.extend(header.iter().position(|column| column == name)),
                Some((front, back)) => {
                    let number = |column: &str| column.strip_prefix(front)?.strip_suffix(back)?.parse::<u32>().ok();
                    let numbered = header.iter().enumerate().filter_map(|(at, column)| Some((number(column)?, at)));
                    let by_number: BTreeMap<u32, usize> = numbered.collect();
                    found.extend(by_number.into_values());
                }
            }
            if found.len() == before {
                let known: Vec<&str> = header.iter().take(12).collect();
                let more = if header.len() > known.len() { ", …" } else { "" };
                return Err(format!("{member}: no column {name:?} among {}{more}", known.join(", ")));
            }
        }
        Ok(found)
    }

    /// A word that is `default` when the map does not say it.
    pub(super) fn word<T: Copy + PartialEq>(
        &mut self,
        member: &'static str,
        source: Option<&Source>,
        (expected, parse): (&'static str, fn(&str) -> Option<T>),
        default: (T, &str),
    ) -> Result<Word<T>, String> {
        let mut word = Word {
            member,
            expected,
            parse,
            at: None,
            words: BTreeMap::new(),
            missing: Vec::new(),
            otherwise: default.0,
        };
        let Some(source) = source else {
            self.assumed.push(format!("{member} {}", default.1));
            return Ok(word);
        };
        let known = |text: &str| parse(text).ok_or_else(|| format!("{member}: expected {expected}, found {text:?}"));
        for (text, meaning) in &source.words {
            word.words.insert(text.clone(), known(meaning)?);
        }
        if let Some(constant) = source.value.as_ref().or(source.otherwise.as_ref()) {
            word.otherwise = known(&constant.to_string())?;
        }
        if let Some(names) = &source.column {
            word.at = self.find(member, names)?.first().copied();
        }
        word.missing.clone_from(&source.missing);
        Ok(word)
    }
}

fn numeric(member: &str, constant: Option<&Constant>) -> Result<Option<f64>, String> {
    match constant {
        None => Ok(None),
        Some(Constant::Number(number)) => Ok(Some(*number)),
        Some(other) => Err(format!("{member}: expected a number, found {other}")),
    }
}

/// The word of an enumeration on the wire.
pub(super) fn by_serde<T: for<'de> Deserialize<'de>>(text: &str) -> Option<T> {
    T::deserialize(StrDeserializer::<Error>::new(text)).ok()
}

/// Whether something is so.
pub(super) fn truth(text: &str) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// A column of numbers.
#[derive(Debug, Clone)]
pub(super) struct Column {
    member: &'static str,
    at: usize,
    scale: f64,
    offset: f64,
    missing: Vec<String>,
    otherwise: Option<f64>,
    decimal: char,
}

impl Column {
    /// What a row says; `None` where nothing was measured.
    pub(super) fn read(&self, row: &StringRecord) -> Result<Option<f64>, Flaw> {
        let text = row.get(self.at).unwrap_or_default();
        if text.is_empty() || text.eq_ignore_ascii_case("nan") || self.missing.iter().any(|missing| missing == text) {
            return Ok(self.otherwise);
        }
        let value = if self.decimal == '.' { text.parse() } else { text.replace(self.decimal, ".").parse() };
        let flaw = || Flaw::Number { member: self.member, text: text.to_owned() };
        let value = value.ok().filter(|value: &f64| value.is_finite()).ok_or_else(flaw)?;
        Ok(Some(value * self.scale + self.offset))
    }
}

#[derive(Debug, Clone)]
enum What {
    Constant(f64),
    Column(Column),
}

/// A member that is a number.
#[derive(Debug, Clone)]
pub(super) struct Number {
    member: &'static str,
    what: What,
}

impl Number {
    /// What a row says; `None` where nothing was measured.
    pub(super) fn read(&self, row: &StringRecord) -> Result<Option<f64>, Flaw> {
        match &self.what {
            What::Constant(value) => Ok(Some(*value)),
            What::Column(column) => column.read(row),
        }
    }

    /// What a row says of something that its part cannot do without.
    pub(super) fn needed(&self, row: &StringRecord) -> Result<f64, Stop> {
        self.read(row)?.ok_or(Stop::LeftOut)
    }

    /// The same, as a whole number from 0.
    pub(super) fn whole<T: TryFrom<u64>>(&self, row: &StringRecord) -> Result<T, Stop> {
        let value = self.needed(row)?.round();
        let whole = if (0.0..=f64::from(u32::MAX)).contains(&value) { T::try_from(value as u64).ok() } else { None };
        whole.ok_or(Stop::Flaw(Flaw::Range(self.member)))
    }
}

/// A member that is one of some words.
#[derive(Debug, Clone)]
pub(super) struct Word<T> {
    member: &'static str,
    expected: &'static str,
    parse: fn(&str) -> Option<T>,
    at: Option<usize>,
    words: BTreeMap<String, T>,
    missing: Vec<String>,
    otherwise: T,
}

impl<T: Copy> Word<T> {
    /// What a row says.
    pub(super) fn read(&self, row: &StringRecord) -> Result<T, Flaw> {
        let Some(text) = self.at.and_then(|at| row.get(at)) else { return Ok(self.otherwise) };
        if text.is_empty() || self.missing.iter().any(|missing| missing == text) {
            return Ok(self.otherwise);
        }
        let meaning = self.words.get(text).copied().or_else(|| (self.parse)(text));
        meaning.ok_or_else(|| Flaw::Word { member: self.member, expected: self.expected, text: text.to_owned() })
    }
}
