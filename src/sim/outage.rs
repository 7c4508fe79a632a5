//! Base stations that fail for a while: drawn once from the scenario and the seed, so that every vehicle in every shard
//! finds the same ones silent.

use std::collections::BTreeMap;

use super::incident::{Key, Values};
use super::place::Place;
use super::scenario::{IncidentPlan, Scenario};
use crate::base::Timestamp;
use crate::base::rng::{Purpose, Stream};
use crate::model::{Kind, Parameter};

/// Some base stations that fail together.
#[derive(Debug, Clone, PartialEq)]
pub struct Outage {
    /// When they fail.
    pub start: Timestamp,
    /// When they are back.
    pub end: Timestamp,
    /// Their numbers, rising.
    pub stations: Vec<u16>,
    figures: Values,
}

impl Outage {
    /// Its figures, as the truth file tells them.
    #[must_use]
    pub fn told(&self) -> BTreeMap<String, Parameter> {
        self.figures.told()
    }
}

/// All outages of a run.
#[derive(Debug, Clone, Default)]
pub struct Outages {
    list: Vec<Outage>,
    /// When anything changes, rising.
    changes: Vec<Timestamp>,
    /// The first number of their incidents.
    first_id: u32,
    vehicles: u32,
}

impl Outages {
    /// Draws the outages of a scenario: each takes a station round a node drawn by lot, so that dense quarters are hit
    /// more often, and its neighbours. Their incidents are numbered from `first_id`.
    #[must_use]
    pub fn draw(scenario: &Scenario, place: &Place, begin: Timestamp, first_id: u32) -> Self {
        let mut list = Vec::new();
        let plans = scenario.incidents.iter().enumerate().filter(|(_, plan)| plan.kind == Kind::CellOutage);
        for (number, plan) in plans {
            let mut stream = Stream::new(scenario.seed, number as u32, Purpose::Incident);
            for _ in 0..plan.count.unwrap_or(1) {
                list.push(one(plan, place, begin, &mut stream));
            }
        }
        let mut changes: Vec<Timestamp> = list.iter().flat_map(|outage| [outage.start, outage.end]).collect();
        changes.sort_unstable();
        Self { list, changes, first_id, vehicles: scenario.vehicles }
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Outage] {
        &self.list
    }

    /// When the next one begins or ends after `now`.
    #[must_use]
    pub fn next_change(&self, now: Timestamp) -> Timestamp {
        let next = self.changes.partition_point(|change| *change <= now);
        self.changes.get(next).copied().unwrap_or(Timestamp::NEVER)
    }

    /// Which outage silences a station at `now`.
    #[must_use]
    pub fn of(&self, station: u16, now: Timestamp) -> Option<usize> {
        self.list.iter().position(|outage| {
            (outage.start..outage.end).contains(&now) && outage.stations.binary_search(&station).is_ok()
        })
    }

    /// The number of an outage as an incident of a vehicle: the same in any number of shards.
    #[must_use]
    pub fn incident_id(&self, outage: usize, vehicle: u32) -> u32 {
        self.first_id.wrapping_add((outage as u32).wrapping_mul(self.vehicles)).wrapping_add(vehicle)
    }

    /// The number of the fault that comes with a worn pack, after all others, by the number of the incident that put it in.
    #[must_use]
    pub fn worn_id(&self, cause: u32) -> u32 {
        self.incident_id(self.list.len(), cause)
    }
}

fn one(plan: &IncidentPlan, place: &Place, begin: Timestamp, stream: &mut Stream) -> Outage {
    let stations = place.coverage.stations();
    let node = &place.nodes[stream.index(place.nodes.len())];
    let loudest = place.coverage.heard(node.at).next().map_or(0, |(number, _)| number);
    let offset_s = stream.between(plan.window.from.as_secs_f64(), plan.window.to.as_secs_f64());
    let start = begin.plus_seconds(offset_s);
    let figures = Values::draw(plan.kind, &plan.parameters, 0, stream);
    let near = |other: &u16| {
        let at = stations[usize::from(loudest)].at;
        stations[usize::from(*other)].at.distance(at).0 <= figures.get(Key::Radius)
    };
    let stations = (0..stations.len() as u16).filter(near).collect();
    Outage { start, end: start.plus_seconds(figures.get(Key::Lasts)), stations, figures }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outages_take_neighbours_along_and_end() {
        let place = Place::parse(include_str!("../../config/place/chongqing.toml")).unwrap();
        let text =
            "vehicles = 50\n[[incident]]\nkind = \"cell_outage\"\ncount = 20\nwindow = \"1h..2h\"\nlasts = \"10m\"\n";
        let draw = |text: &str| Outages::draw(&Scenario::parse(text).unwrap(), &place, Timestamp(0), 7);
        let outages = draw(text);
        assert_eq!(outages.all().len(), 20);
        for outage in outages.all() {
            assert!((3_600_000..=7_200_000).contains(&outage.start.0));
            assert_eq!(outage.end.millis_since(outage.start), 600_000);
            assert!(outages.of(outage.stations[0], outage.start).is_some());
        }
        let alone = draw(&format!("{text}radius_m = 1\n"));
        assert!(alone.all().iter().all(|outage| outage.stations.len() == 1));
        let mean = outages.all().iter().map(|outage| outage.stations.len()).sum::<usize>() / 20;
        assert!((3..60).contains(&mean), "{mean} stations on average");

        let first = outages.all().iter().min_by_key(|outage| outage.start).unwrap();
        let station = first.stations[0];
        assert_eq!(outages.of(station, first.start.plus_seconds(-1.0)), None);
        assert_eq!(outages.next_change(Timestamp(0)), first.start);
        assert!(outages.next_change(first.start) > first.start);
        assert_eq!(outages.next_change(Timestamp(9_000_000)), Timestamp::NEVER);
        assert_eq!((outages.incident_id(0, 3), outages.incident_id(2, 3)), (10, 110));
        assert_eq!(outages.worn_id(3), 7 + 20 * 50 + 3);
    }
}
