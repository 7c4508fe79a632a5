//! What is to befall which vehicle: drawn once from the scenario and the seed, so that every shard knows the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::Timestamp;
use crate::base::rng::{Purpose, Stream};
use crate::model::Kind;
use crate::sim::scenario::{IncidentPlan, Scenario};

/// An incident that is to happen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Planned {
    /// Its number in the run.
    pub id: u32,
    /// What happens.
    pub kind: Kind,
    /// When.
    pub start: Timestamp,
    /// Tow: how far, metres.
    pub distance_m: f64,
    /// Runaway: from the first heat to venting, seconds.
    pub ramp_s: f64,
}

/// Draws the victims and the moments of all incidents; a vehicle has at most one as long as there are enough vehicles.
#[must_use]
pub fn draw(scenario: &Scenario, begin: Timestamp) -> BTreeMap<u32, Vec<Planned>> {
    let mut victims = BTreeSet::new();
    let mut planned: BTreeMap<u32, Vec<Planned>> = BTreeMap::new();
    let mut id = 0;
    // Failed base stations befall places, not single vehicles: see `sim::outage`.
    let plans = scenario.incidents.iter().enumerate().filter(|(_, plan)| plan.kind != Kind::CellOutage);
    for (number, plan) in plans {
        let mut stream = Stream::new(scenario.seed, number as u32, Purpose::Incident);
        for _ in 0..number_of(scenario, plan, &mut stream) {
            let mut vehicle = stream.index(scenario.vehicles as usize) as u32;
            while victims.contains(&vehicle) && victims.len() < scenario.vehicles as usize {
                vehicle = (vehicle + 1) % scenario.vehicles;
            }
            victims.insert(vehicle);
            let offset_s = stream.between(plan.window.from.as_secs_f64(), plan.window.to.as_secs_f64());
            let start = begin.plus_seconds(offset_s);
            let incident =
                Planned { id, kind: plan.kind, start, distance_m: plan.distance_m, ramp_s: plan.ramp.as_secs_f64() };
            planned.entry(vehicle).or_default().push(incident);
            id += 1;
        }
    }
    for plans in planned.values_mut() {
        plans.sort_by_key(|plan| (plan.start, plan.id));
    }
    planned
}

/// How many incidents a plan means: its count, or what its rate gives, the fraction settled by lot.
fn number_of(scenario: &Scenario, plan: &IncidentPlan, stream: &mut Stream) -> u32 {
    let Some(rate) = plan.per_vehicle_day else { return plan.count.unwrap_or(1) };
    let days = plan.window.to.saturating_sub(plan.window.from).as_secs_f64() / 86_400.0;
    (rate * days * f64::from(scenario.vehicles) + stream.unit()) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_incident_finds_its_own_victim_within_its_window() {
        let text = "vehicles = 50\nduration = \"10h\"\n[[incident]]\nkind = \"tow\"\ncount = 30\nwindow = \"1h..2h\"\n\
                    [[incident]]\nkind = \"thermal_runaway\"\ncount = 20\nwindow = \"3h..4h\"";
        let planned = draw(&Scenario::parse(text).unwrap(), Timestamp(0));
        assert_eq!(planned.len(), 50);
        for plan in planned.values().flatten() {
            let hours = plan.start.0 as f64 / 3.6e6;
            let window = if plan.kind == Kind::Tow { 1.0..=2.0 } else { 3.0..=4.0 };
            assert!(window.contains(&hours), "{plan:?}");
        }
    }
}
