//! Claims as the scorer sees them: changes of alerts, whoever made them, gathered into episodes.

use std::collections::BTreeMap;

use crate::base::{Timestamp, Vin};
use crate::model::{Alert, AlertState, Family, Level};

/// One change of an alert: raised, grown, cleared.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Name of the alert; without one, what stands open for a vehicle and family is one alert.
    pub id: Option<String>,
    /// About whom.
    pub vin: Vin,
    /// Theft or battery.
    pub family: Family,
    /// The rule, such as `theft.tow`; of foreign alerts perhaps one that we do not have.
    pub rule: String,
    /// How far it has grown.
    pub level: Level,
    /// Whether it stands after this.
    pub stands: bool,
    /// When the collector could know it.
    pub at: Timestamp,
    /// Since when it is so, by the device's clock.
    pub since: Option<Timestamp>,
    /// The reason in words, if it gives one.
    pub why: Option<String>,
}

impl From<&Alert> for Claim {
    fn from(alert: &Alert) -> Self {
        Self {
            id: Some(alert.id.to_string()),
            vin: alert.vin,
            family: alert.kind.family(),
            rule: alert.kind.rule().to_owned(),
            level: alert.level,
            stands: alert.state.is_open(),
            at: alert.at,
            // What comes back is held against the truth anew, from when it did.
            since: alert.history.iter().all(|step| step.state != AlertState::Reopened).then_some(alert.episode),
            why: Some(alert.why.en.clone()),
        }
    }
}

/// What an episode said at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Growth {
    /// When the collector could know it.
    pub at: Timestamp,
    /// How far it had grown.
    pub level: Level,
    /// The rule it named.
    pub rule: String,
    /// The reason in words, if it gave one.
    pub why: Option<String>,
}

/// One life of an alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Episode {
    /// About whom.
    pub vin: Vin,
    /// Theft or battery.
    pub family: Family,
    /// When it began: when it was raised, or when by the device's clock its cause began if that was earlier, because
    /// what is told late is not false.
    pub began: Timestamp,
    /// When it was cleared; [`Timestamp::NEVER`] while it stands.
    pub ended: Timestamp,
    /// What it said: at first, and whenever its level grew or the rule it named changed. At least one.
    pub growth: Vec<Growth>,
}

impl Episode {
    /// The highest level it reached.
    #[must_use]
    pub fn level(&self) -> Level {
        self.growth.iter().map(|growth| growth.level).max().unwrap_or(Level::One)
    }

    /// The rule it named in the end.
    #[must_use]
    pub fn rule(&self) -> &str {
        self.growth.last().map_or("", |growth| &growth.rule)
    }
}

/// Gathers changes, in the order in which they were made, into episodes. An alert that is raised again after it was
/// cleared begins a new one.
#[must_use]
pub fn episodes(claims: impl IntoIterator<Item = Claim>) -> Vec<Episode> {
    let mut all: Vec<Episode> = Vec::new();
    let mut open: BTreeMap<(Vin, Family, Option<String>), usize> = BTreeMap::new();
    for claim in claims {
        let Claim { id, vin, family, rule, level, stands, at, since, why } = claim;
        let key = (vin, family, id);
        let growth = Growth { at, level, rule, why };
        match (open.get(&key).copied(), stands) {
            (None, true) => {
                open.insert(key, all.len());
                let began = since.map_or(at, |since| since.min(at));
                all.push(Episode { vin, family, began, ended: Timestamp::NEVER, growth: vec![growth] });
            }
            (Some(index), true) => {
                let said = &mut all[index].growth;
                let news = said.last().is_none_or(|last| growth.level > last.level || growth.rule != last.rule);
                if news {
                    said.push(growth);
                }
            }
            (Some(index), false) => {
                all[index].ended = at;
                open.remove(&key);
            }
            // It was raised before anybody wrote it down.
            (None, false) => {}
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(id: Option<&str>, rule: &str, level: Level, stands: bool, at_s: i64) -> Claim {
        Claim {
            id: id.map(ToOwned::to_owned),
            vin: "LZLEMTA20T0000001".parse().unwrap(),
            family: Family::Theft,
            rule: rule.to_owned(),
            level,
            stands,
            at: Timestamp(at_s * 1000),
            since: None,
            why: None,
        }
    }

    #[test]
    fn changes_of_one_alert_are_one_episode() {
        let (id, tow, strip) = (Some("a"), "theft.tow", "theft.strip");
        let found = episodes([
            claim(id, tow, Level::One, true, 1),
            claim(id, tow, Level::One, true, 2),
            claim(id, strip, Level::One, true, 3),
            claim(id, strip, Level::Three, true, 4),
            claim(id, strip, Level::Three, false, 9),
            claim(id, tow, Level::One, true, 20),
        ]);
        assert_eq!(found.len(), 2, "{found:#?}");
        let times: Vec<i64> = found[0].growth.iter().map(|growth| growth.at.0 / 1000).collect();
        assert_eq!(times, [1, 3, 4], "what says nothing new is none of its growth");
        assert_eq!((found[0].level(), found[0].rule(), found[0].ended), (Level::Three, strip, Timestamp(9000)));
        assert_eq!((found[1].began, found[1].ended), (Timestamp(20_000), Timestamp::NEVER));
    }

    #[test]
    fn without_ids_what_stands_open_is_one_alert() {
        let found = episodes([
            claim(None, "theft.tow", Level::One, true, 1),
            claim(None, "theft.jam", Level::Two, true, 2),
            claim(None, "theft.jam", Level::Two, false, 3),
            claim(None, "theft.jam", Level::Two, false, 4),
        ]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].growth.len(), 2);
    }

    #[test]
    fn what_is_told_late_began_when_it_happened() {
        let late = Claim { since: Some(Timestamp(1000)), ..claim(None, "theft.tow", Level::One, true, 500) };
        assert_eq!(episodes([late.clone()])[0].began, Timestamp(1000));
        let ahead = Claim { since: Some(Timestamp(900_000)), ..late };
        assert_eq!(episodes([ahead])[0].began, Timestamp(500_000), "a clock that is ahead delays nothing");
    }
}
