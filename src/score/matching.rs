//! Which incidents were told, and which episodes were false.

use std::collections::BTreeMap;

use super::claim::{Claim, Episode, episodes};
use super::truth::Case;
use crate::base::{Timestamp, Vin};
use crate::model::{Alert, Family, Incident};

/// How an incident was told.
#[derive(Debug, Clone, PartialEq)]
pub struct Detection {
    /// When the collector knew it.
    pub at: Timestamp,
    /// The rule that its alert named in the end, as far as the incident's time goes.
    pub rule: String,
}

/// What came of holding claims against the truth.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Verdict {
    /// Of each case: how it was told.
    pub detections: Vec<Option<Detection>>,
    /// Of each episode: whether an incident of its family overlaps it for its vehicle.
    pub is_true: Vec<bool>,
    /// Of each benign case: the index of a false episode that said something while it went on, of the highest level.
    pub mistaken_for: Vec<Option<usize>>,
}

/// Holds claims against the truth.
#[must_use]
pub fn judge(cases: &[Case], episodes: &[Episode]) -> Verdict {
    let mut told: BTreeMap<(Vin, Family), Vec<usize>> = BTreeMap::new();
    for (index, episode) in episodes.iter().enumerate() {
        told.entry((episode.vin, episode.family)).or_default().push(index);
    }
    let of = |vin, family| told.get(&(vin, family)).into_iter().flatten().copied();
    let mut verdict = Verdict { is_true: vec![false; episodes.len()], ..Verdict::default() };
    for case in cases {
        let own = of(case.vin, case.kind.family());
        for index in own.clone() {
            verdict.is_true[index] |= overlaps(case, &episodes[index]);
        }
        let first = own.filter_map(|index| detect(case, &episodes[index])).min_by_key(|detection| detection.at);
        verdict.detections.push(first);
    }
    for case in cases {
        let both = of(case.vin, Family::Theft).chain(of(case.vin, Family::Battery));
        let mistaken = both.filter(|index| case.kind.family() == Family::Benign && !verdict.is_true[*index]);
        let mistaken = mistaken.filter(|index| episodes[*index].growth.iter().any(|said| within(case, said.at)));
        verdict.mistaken_for.push(mistaken.max_by_key(|index| episodes[*index].level()));
    }
    verdict
}

/// Whether what was said at a moment can be about a case.
fn within(case: &Case, at: Timestamp) -> bool {
    (case.start..=case.until()).contains(&at)
}

fn overlaps(case: &Case, episode: &Episode) -> bool {
    episode.began <= case.until() && case.start <= episode.ended
}

/// How an episode of the same vehicle and family tells a case. An alert that stood before counts from when it said
/// something new.
fn detect(case: &Case, episode: &Episode) -> Option<Detection> {
    let least = case.least_level()?;
    let telling = episode.growth.iter().find(|said| said.level >= least && within(case, said.at))?;
    let in_the_end = episode.growth.iter().rfind(|said| within(case, said.at)).unwrap_or(telling);
    Some(Detection { at: telling.at, rule: in_the_end.rule.clone() })
}

/// How many incidents were not told, and how many episodes were false, at whatever level.
#[must_use]
pub fn missed_and_false(incidents: &[Incident], alerts: &[Alert]) -> (usize, usize) {
    let cases: Vec<Case> = incidents.iter().map(Case::from).collect();
    let verdict = judge(&cases, &episodes(alerts.iter().map(Claim::from)));
    let missed =
        cases.iter().zip(&verdict.detections).filter(|(case, told)| case.least_level().is_some() && told.is_none());
    (missed.count(), verdict.is_true.iter().filter(|is_true| !**is_true).count())
}

#[cfg(test)]
mod tests {
    use super::super::claim::Growth;
    use super::*;
    use crate::model::{Kind, Level};

    const STOLEN: &str = "LZLEMTA20T0000001";
    const OTHER: &str = "LZLEMTA20T0000002";

    fn case(kind: Kind, start_s: i64, end_s: i64) -> Case {
        Case {
            vin: STOLEN.parse().unwrap(),
            kind,
            start: Timestamp(start_s * 1000),
            end: Some(Timestamp(end_s * 1000)),
            moved: None,
            severity: None,
            managed: [None; 3],
            parameters: BTreeMap::new(),
        }
    }

    /// An episode from what it said (second, level, rule) and the second of its end.
    fn episode(vin: &str, said: &[(i64, Level, Kind)], ended_s: i64) -> Episode {
        Episode {
            vin: vin.parse().unwrap(),
            family: said[0].2.family(),
            began: Timestamp(said[0].0 * 1000),
            ended: Timestamp(ended_s * 1000),
            growth: said
                .iter()
                .map(|(at, level, kind)| Growth {
                    at: Timestamp(at * 1000),
                    level: *level,
                    rule: kind.rule().to_owned(),
                    why: None,
                })
                .collect(),
        }
    }

    fn delay_s(cases: &[Case], episodes: &[Episode]) -> Option<i64> {
        judge(cases, episodes).detections[0].as_ref().map(|told| told.at.0 / 1000)
    }

    #[test]
    fn only_what_overlaps_is_true() {
        let tow = [case(Kind::Tow, 100, 200)];
        let judged = |vin, kind, from, to| judge(&tow, &[episode(vin, &[(from, Level::Three, kind)], to)]).is_true[0];
        assert!(judged(STOLEN, Kind::Tow, 150, 160));
        assert!(judged(STOLEN, Kind::Jam, 150, 160), "the kind may be mistaken");
        assert!(judged(STOLEN, Kind::Tow, 800, 900), "within ten minutes after the end");
        assert!(judged(STOLEN, Kind::Tow, 50, 100), "it stood when the incident began");
        assert!(!judged(STOLEN, Kind::Tow, 801, 900));
        assert!(!judged(STOLEN, Kind::Tow, 50, 99), "over before the start");
        assert!(!judged(STOLEN, Kind::ThermalRunaway, 150, 160), "another family");
        assert!(!judged(OTHER, Kind::Tow, 150, 160), "another vehicle");
    }

    #[test]
    fn a_theft_is_told_when_it_is_probable() {
        let tow = [case(Kind::Tow, 100, 200)];
        let told = |said: &[(i64, Level, Kind)]| delay_s(&tow, &[episode(STOLEN, said, 5000)]);
        assert_eq!(told(&[(110, Level::One, Kind::Tow)]), None, "only suspected");
        assert_eq!(told(&[(110, Level::One, Kind::Tow), (130, Level::Two, Kind::Tow)]), Some(130));
        assert_eq!(told(&[(90, Level::One, Kind::Tow), (130, Level::Two, Kind::Tow)]), Some(130), "false at first");
        assert_eq!(told(&[(90, Level::Three, Kind::Tow)]), None, "it said so before there was anything to tell");
        assert_eq!(told(&[(90, Level::Two, Kind::Tamper), (120, Level::Two, Kind::Tow)]), Some(120), "a new claim");
        assert_eq!(told(&[(800, Level::Two, Kind::Tow)]), Some(800), "ten minutes after its end");
        assert_eq!(told(&[(801, Level::Two, Kind::Tow)]), None);
    }

    #[test]
    fn a_battery_is_told_at_level_one() {
        let weak = [case(Kind::WeakCell, 100, 200)];
        assert_eq!(delay_s(&weak, &[episode(STOLEN, &[(130, Level::One, Kind::ShortEarly)], 140)]), Some(130));
    }

    #[test]
    fn an_incident_that_never_ends_can_be_told_for_ever() {
        let open = [Case { end: None, ..case(Kind::WeakCell, 100, 0) }];
        assert_eq!(
            delay_s(&open, &[episode(STOLEN, &[(9_000_000, Level::One, Kind::WeakCell)], i64::MAX / 1000)]),
            Some(9_000_000)
        );
    }

    #[test]
    fn the_kind_is_the_last_one_named_in_time() {
        let said =
            [(110, Level::Two, Kind::Tow), (150, Level::Three, Kind::Strip), (900, Level::Three, Kind::PackTheft)];
        let verdict = judge(&[case(Kind::Strip, 100, 200)], &[episode(STOLEN, &said, 5000)]);
        let told = verdict.detections[0].as_ref().unwrap();
        assert_eq!((told.at.0, told.rule.as_str()), (110_000, "theft.strip"));
    }

    #[test]
    fn the_first_of_several_alerts_counts() {
        let alerts = [
            episode(STOLEN, &[(140, Level::Three, Kind::Jam)], 150),
            episode(STOLEN, &[(120, Level::Two, Kind::Tow)], 130),
        ];
        assert_eq!(delay_s(&[case(Kind::Tow, 100, 200)], &alerts), Some(120));
    }

    #[test]
    fn benign_incidents_excuse_nothing() {
        let ferry = case(Kind::Ferry, 100, 200);
        let alerts = [
            episode(STOLEN, &[(150, Level::One, Kind::Tow)], 160),
            episode(STOLEN, &[(170, Level::Two, Kind::Tow)], 180),
            episode(STOLEN, &[(5000, Level::Three, Kind::Tow)], 6000),
        ];
        let verdict = judge(std::slice::from_ref(&ferry), &alerts);
        assert_eq!(verdict.is_true, [false, false, false]);
        assert_eq!(verdict.mistaken_for, [Some(1)], "the highest of those while it went on");
        assert_eq!(verdict.detections, [None]);
        let also_stolen = [ferry, case(Kind::Tow, 100, 200)];
        assert_eq!(judge(&also_stolen, &alerts).mistaken_for[0], None, "true alerts are not its fault");
    }
}
