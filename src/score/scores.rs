//! The numbers of one run: what was told, how fast, and what was told falsely.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::claim::Episode;
use super::matching::{Detection, Verdict, judge};
use super::statistics::{Leads, Spread, auroc, share};
use super::truth::Case;
use crate::base::{Timestamp, Vin};
use crate::model::{Family, Kind, Level};

/// What is scored.
#[derive(Debug, Clone, Default)]
pub struct Material {
    /// What really happened.
    pub cases: Vec<Case>,
    /// What was claimed.
    pub episodes: Vec<Episode>,
    /// What all randomness of the run followed from.
    pub seed: Option<u64>,
    /// How many vehicles there were.
    pub vehicles: Option<u32>,
    /// How long each was followed, days.
    pub days: Option<f64>,
    /// Reports that were read.
    pub reports: Option<u64>,
    /// How faulty a vehicle's battery seems, the more the higher; vehicles that are not in it have 0. When it is `None`, the
    /// highest level that an alert about its battery reached.
    pub risk: Option<BTreeMap<Vin, f64>>,
}

/// How an incident kind of theft or battery was told.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KindScore {
    /// How many there were.
    pub incidents: u64,
    /// How many were told.
    pub detected: u64,
    /// The share.
    pub recall: Option<f64>,
    /// From the first metre, or the start, until the collector knew it, seconds.
    pub delay_s: Spread,
    /// The share of those told that were called by their kind.
    pub right_kind: Option<f64>,
    /// Of batteries: those whose fault showed before the run was over. `None` where the truth does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown: Option<Shown>,
}

/// Battery faults that showed before the run was over.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shown {
    /// How many reached level 2 or 3, or were due to.
    pub incidents: u64,
    /// How many of them were told.
    pub detected: u64,
    /// The share.
    pub recall: Option<f64>,
    /// Of those of which the management told level 3 before the run was over: how much earlier the first alert was.
    pub lead_s: Leads,
}

/// What became of a rule's alerts. An alert counts for the rule that it named in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct RuleScore {
    /// Episodes.
    pub raised: u64,
    /// Of these, those that an incident of the family overlaps.
    #[serde(rename = "true")]
    pub right: u64,
    /// The others.
    #[serde(rename = "false")]
    pub wrong: u64,
}

/// What a benign kind was taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct BenignScore {
    /// How many there were.
    pub episodes: u64,
    /// In how many a false alert of the vehicle, of any family and level, was raised or grew.
    pub alerted: u64,
    /// In how many such an alert was of level 2 or 3.
    pub level2: u64,
    /// In how many it was of level 3.
    pub level3: u64,
}

/// One number for each level; an alert counts at every level that it reached.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct PerLevel<T> {
    /// Thefts, level 1.
    pub theft_suspected: T,
    /// Thefts, level 2.
    pub theft_probable: T,
    /// Thefts, level 3.
    pub theft_confirmed: T,
    /// Batteries, drive on.
    pub battery_level1: T,
    /// Batteries, limit.
    pub battery_level2: T,
    /// Batteries, stop now.
    pub battery_level3: T,
}

impl<T> PerLevel<T> {
    fn map<U>(self, to: impl Fn(T) -> U) -> PerLevel<U> {
        PerLevel {
            theft_suspected: to(self.theft_suspected),
            theft_probable: to(self.theft_probable),
            theft_confirmed: to(self.theft_confirmed),
            battery_level1: to(self.battery_level1),
            battery_level2: to(self.battery_level2),
            battery_level3: to(self.battery_level3),
        }
    }
}

/// One number for each family.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct PerFamily {
    /// Thefts.
    pub theft: Option<f64>,
    /// Batteries.
    pub battery: Option<f64>,
}

/// The numbers of one run. What is not known or not defined is `None`, and `null` in JSON.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Scores {
    /// What all randomness of the run followed from.
    pub seed: Option<u64>,
    /// How many vehicles there were.
    pub vehicles: Option<u32>,
    /// How many days they were followed, taken together.
    pub vehicle_days: Option<f64>,
    /// Reports that were read.
    pub reports: Option<u64>,
    /// How long the run took on this machine, seconds.
    pub wall_s: Option<f64>,
    /// Reports a second of that time.
    pub reports_per_s: Option<f64>,
    /// Theft and battery kinds that occurred.
    pub kinds: BTreeMap<Kind, KindScore>,
    /// Every rule.
    pub alerts: BTreeMap<String, RuleScore>,
    /// Benign kinds that occurred.
    pub benign: BTreeMap<Kind, BenignScore>,
    /// False alerts.
    #[serde(rename = "false")]
    pub wrong: PerLevel<u64>,
    /// False alerts in 1,000 vehicle-days.
    pub false_per_1000_vehicle_days: PerLevel<Option<f64>>,
    /// Delays of the thefts that move the vehicle, all kinds together, from the first metre, seconds.
    pub moving_delay_s: Spread,
    /// The share of what was told that was called by its kind.
    pub right_kind: PerFamily,
    /// What each kind was called.
    pub confusion: BTreeMap<Kind, BTreeMap<String, u64>>,
    /// The area under the receiver operating characteristic of the batteries' risk.
    pub auroc_battery: Option<f64>,
}

impl Scores {
    /// Scores a run.
    #[must_use]
    pub fn of(material: &Material) -> Self {
        let verdict = judge(&material.cases, &material.episodes);
        let told: Vec<(&Case, Option<&Detection>)> =
            material.cases.iter().zip(verdict.detections.iter().map(Option::as_ref)).collect();
        let vehicle_days = material.vehicles.zip(material.days).map(|(vehicles, days)| f64::from(vehicles) * days);
        let wrong = count_wrong(&material.episodes, &verdict);
        let rate = |count: u64| vehicle_days.filter(|days| *days > 0.0).map(|days| count as f64 * 1000.0 / days);
        let mut kinds = BTreeMap::new();
        let mut confusion: BTreeMap<Kind, BTreeMap<String, u64>> = BTreeMap::new();
        for kind in claimable() {
            let own: Vec<_> = told.iter().filter(|(case, _)| case.kind == kind).copied().collect();
            if own.is_empty() {
                continue;
            }
            let named = confusion.entry(kind).or_default();
            for detection in own.iter().filter_map(|(_, detection)| *detection) {
                *named.entry(name_of(&detection.rule).to_owned()).or_default() += 1;
            }
            kinds.insert(kind, KindScore::of(kind, &own));
        }
        Self {
            seed: material.seed,
            vehicles: material.vehicles,
            vehicle_days,
            reports: material.reports,
            kinds,
            alerts: count_rules(&material.episodes, &verdict),
            benign: count_benign(material, &verdict),
            wrong,
            false_per_1000_vehicle_days: wrong.map(rate),
            moving_delay_s: Spread::of(
                told.iter().filter(|(case, _)| moves(case)).filter_map(|told| delay_s(*told)).collect(),
            ),
            right_kind: PerFamily {
                theft: right_kind(Family::Theft, &told),
                battery: right_kind(Family::Battery, &told),
            },
            confusion,
            auroc_battery: material.vehicles.and_then(|vehicles| auroc_battery(material, vehicles)),
            ..Self::default()
        }
    }

    /// Every number that a run can have, of one incident of each kind.
    #[must_use]
    pub(super) fn of_everything() -> Self {
        let vin = Vin::from_bytes(b"00000000000000000");
        let case = |vin: Vin, kind: Kind| Case {
            vin,
            kind,
            start: Timestamp::NEVER,
            end: None,
            moved: None,
            severity: Some(2),
            managed: [None; 3],
            parameters: BTreeMap::new(),
        };
        let all = |vin| Kind::ALL.iter().map(|kind| case(vin, *kind)).collect();
        Self::of(&Material { cases: vin.map(all).unwrap_or_default(), ..Material::default() })
    }

    /// Enters how long the run took on this machine.
    #[must_use]
    pub fn timed(self, wall_s: f64) -> Self {
        let reports_per_s = self.reports.filter(|_| wall_s > 0.0).map(|reports| reports as f64 / wall_s);
        Self { wall_s: Some(wall_s), reports_per_s, ..self }
    }
}

/// The kinds that rules claim.
pub(super) fn claimable() -> impl Iterator<Item = Kind> {
    Kind::ALL.iter().copied().filter(|kind| kind.family() != Family::Benign)
}

/// What a rule claims: the word after the point.
fn name_of(rule: &str) -> &str {
    rule.split_once('.').map_or(rule, |(_, name)| name)
}

fn moves(case: &Case) -> bool {
    case.kind.family() == Family::Theft && case.moved.is_some()
}

/// How long it took to tell a case; 0 when it was told before the first metre.
fn delay_s((case, detection): (&Case, Option<&Detection>)) -> Option<f64> {
    detection.map(|detection| detection.at.seconds_since(case.counted_from()).max(0.0))
}

fn is_right((case, detection): &(&Case, Option<&Detection>)) -> bool {
    detection.is_some_and(|detection| detection.rule == case.kind.rule())
}

fn right_kind(family: Family, told: &[(&Case, Option<&Detection>)]) -> Option<f64> {
    let own = told.iter().filter(|(case, detection)| case.kind.family() == family && detection.is_some());
    share(own.clone().filter(|told| is_right(told)).count() as u64, own.count() as u64)
}

impl KindScore {
    fn of(kind: Kind, own: &[(&Case, Option<&Detection>)]) -> Self {
        let incidents = own.len() as u64;
        let detected = own.iter().filter(|(_, detection)| detection.is_some()).count() as u64;
        Self {
            incidents,
            detected,
            recall: share(detected, incidents),
            delay_s: Spread::of(own.iter().filter_map(|told| delay_s(*told)).collect()),
            right_kind: right_kind(kind.family(), own),
            shown: (kind.family() == Family::Battery).then(|| Shown::of(own)).flatten(),
        }
    }
}

impl Shown {
    fn of(own: &[(&Case, Option<&Detection>)]) -> Option<Self> {
        if own.iter().all(|(case, _)| case.shown().is_none()) {
            return None;
        }
        let shown = own.iter().filter(|(case, _)| case.shown() == Some(true));
        let lead_s = |(case, detection): &(&Case, Option<&Detection>)| {
            let managed = case.managed[2]?;
            let lead_s = detection.map(|detection| managed.seconds_since(detection.at));
            Some((managed.seconds_since(case.start), lead_s))
        };
        let incidents = shown.clone().count() as u64;
        let detected = shown.clone().filter(|(_, detection)| detection.is_some()).count() as u64;
        let lead_s = Leads::of(&shown.filter_map(lead_s).collect::<Vec<_>>());
        Some(Self { incidents, detected, recall: share(detected, incidents), lead_s })
    }
}

fn count_rules(episodes: &[Episode], verdict: &Verdict) -> BTreeMap<String, RuleScore> {
    let mut rules: BTreeMap<String, RuleScore> =
        claimable().map(|kind| (kind.rule().to_owned(), RuleScore::default())).collect();
    for (episode, is_true) in episodes.iter().zip(&verdict.is_true) {
        let score = rules.entry(episode.rule().to_owned()).or_default();
        score.raised += 1;
        *(if *is_true { &mut score.right } else { &mut score.wrong }) += 1;
    }
    rules
}

fn count_wrong(episodes: &[Episode], verdict: &Verdict) -> PerLevel<u64> {
    let mut wrong = PerLevel::default();
    for (episode, _) in episodes.iter().zip(&verdict.is_true).filter(|(_, is_true)| !**is_true) {
        let counts = match episode.family {
            Family::Theft => [&mut wrong.theft_suspected, &mut wrong.theft_probable, &mut wrong.theft_confirmed],
            Family::Battery => [&mut wrong.battery_level1, &mut wrong.battery_level2, &mut wrong.battery_level3],
            Family::Benign => continue,
        };
        for count in counts.into_iter().take(usize::from(u8::from(episode.level()))) {
            *count += 1;
        }
    }
    wrong
}

fn count_benign(material: &Material, verdict: &Verdict) -> BTreeMap<Kind, BenignScore> {
    let mut benign: BTreeMap<Kind, BenignScore> = BTreeMap::new();
    let cases = material.cases.iter().zip(&verdict.mistaken_for);
    for (case, mistaken_for) in cases.filter(|(case, _)| case.kind.family() == Family::Benign) {
        let score = benign.entry(case.kind).or_default();
        let level = mistaken_for.map(|index| material.episodes[index].level());
        score.episodes += 1;
        score.alerted += u64::from(level.is_some());
        score.level2 += u64::from(level >= Some(Level::Two));
        score.level3 += u64::from(level >= Some(Level::Three));
    }
    benign
}

/// Over all vehicles: whether its battery was faulty, against its risk.
fn auroc_battery(material: &Material, vehicles: u32) -> Option<f64> {
    let by_level;
    let risk = if let Some(risk) = &material.risk {
        risk
    } else {
        by_level = highest_levels(&material.episodes);
        &by_level
    };
    let faulty: BTreeSet<Vin> =
        material.cases.iter().filter(|case| case.kind.family() == Family::Battery).map(|case| case.vin).collect();
    let of_faulty: Vec<f64> = faulty.iter().map(|vin| risk.get(vin).copied().unwrap_or(0.0)).collect();
    let mut of_sound: Vec<f64> = risk.iter().filter(|(vin, _)| !faulty.contains(vin)).map(|(_, risk)| *risk).collect();
    let sound = (vehicles as usize).saturating_sub(faulty.len());
    of_sound.resize(of_sound.len().max(sound), 0.0);
    auroc(&of_faulty, &of_sound)
}

/// Of each vehicle with an alert about its battery: the highest level that one reached.
fn highest_levels(episodes: &[Episode]) -> BTreeMap<Vin, f64> {
    let mut levels = BTreeMap::new();
    for episode in episodes.iter().filter(|episode| episode.family == Family::Battery) {
        let level = f64::from(u8::from(episode.level()));
        let highest = levels.entry(episode.vin).or_insert(level);
        *highest = highest.max(level);
    }
    levels
}
