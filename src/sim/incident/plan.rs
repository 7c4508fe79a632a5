//! What is to befall which vehicle: drawn once from the scenario and the seed, so that every shard knows the same.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::battery::lead_s;
use super::entry::{IncidentPlan, Window};
use super::victim::{needed, suits};
use crate::base::Timestamp;
use crate::base::rng::{Purpose, Stream};
use crate::model::{Family, Kind};
use crate::sim::setting::Setting;

/// Shares of thefts that begin in each hour of the day, %. From 31,028 reports in Berlin: 16 to 20 h have 41 %, 18 h the
/// most; the other hours are **assumed**.
const THEFT_HOURS: [f64; 24] = [
    2.0, 1.5, 1.2, 1.0, 1.0, 1.2, 1.8, 2.6, 3.4, 3.4, 3.4, 3.6, 4.0, 4.2, 4.6, 5.4, 9.0, 10.4, 11.6, 10.0, 5.4, 4.0,
    3.2, 2.1,
];
/// Hours in which vehicles stand at home on their chargers (**assumed**: from the evening to the morning), weights.
const CHARGING_HOURS: [f64; 24] = [
    1.0, 1.0, 1.0, 1.0, 0.8, 0.6, 0.2, 0.05, 0.05, 0.05, 0.05, 0.05, 0.1, 0.1, 0.05, 0.05, 0.05, 0.1, 0.3, 0.6, 0.8,
    1.0, 1.0, 1.0,
];
const ANY_HOUR: [f64; 24] = [1.0; 24];
/// How often the lot is drawn for a vehicle that suits, before the next one is taken.
const TRIES: u32 = 64;

/// In place of the number of an entry: of an incident that no entry of the scenario has.
pub const ASKED_FOR: u32 = u32::MAX;

/// An incident that is to happen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Planned {
    /// Its number in the run.
    pub id: u32,
    /// Which entry of the scenario asked for it; [`ASKED_FOR`] when somebody did while the run went on.
    pub entry: u32,
    /// What happens.
    pub kind: Kind,
    /// When it begins to be led up to: mostly when it begins.
    pub due: Timestamp,
    /// When it begins.
    pub start: Timestamp,
}

/// Draws the victims and the moments of all incidents; a vehicle has at most one as long as there are enough vehicles
/// that suit. What befalls base stations is not drawn here.
///
/// # Errors
/// A sentence when the fleet has no vehicle that suits an incident.
pub fn draw(setting: &Setting) -> Result<BTreeMap<u32, Vec<Planned>>, String> {
    let mut lots = Lots { setting, victims: BTreeSet::new() };
    let mut planned: BTreeMap<u32, Vec<Planned>> = BTreeMap::new();
    let mut id = 0;
    for (entry, plan) in setting.scenario.incidents.iter().enumerate() {
        if plan.kind == Kind::CellOutage {
            continue;
        }
        let entry = entry as u32;
        let mut stream = Stream::new(setting.scenario.seed, entry, Purpose::Incident);
        lots.check_mix(plan)?;
        for _ in 0..number_of(setting, plan, &mut stream) {
            let vehicle = lots.victim(plan, &mut stream)?;
            let start = moment(setting, plan, &mut stream);
            let due = start.plus_seconds(-lead_s(plan.kind));
            planned.entry(vehicle).or_default().push(Planned { id, entry, kind: plan.kind, due, start });
            id += 1;
        }
    }
    for plans in planned.values_mut() {
        plans.sort_by_key(|plan| (plan.due, plan.id));
    }
    Ok(planned)
}

/// What befalls a vehicle when somebody asks for it at `now`: incident `id` of the run, with figures drawn by the seed.
#[must_use]
pub fn asked_for(now: Timestamp, kind: Kind, id: u32) -> Planned {
    Planned { id, entry: ASKED_FOR, kind, due: now, start: now.plus_seconds(lead_s(kind)) }
}

/// Draws a vehicle for incident `id`, which somebody asks for: one that it suits, and none of `spared` nor one that the
/// scenario has something in store for, as long as there are others.
///
/// # Errors
/// A sentence when the fleet has no vehicle that suits, or when the kind does not befall vehicles.
pub fn draw_victim(setting: &Setting, kind: Kind, id: u32, spared: &BTreeSet<u32>) -> Result<u32, String> {
    if kind == Kind::CellOutage {
        return Err("incident cell_outage: it befalls base stations, which are drawn before the run".to_owned());
    }
    let window = Window { from: Duration::ZERO, to: Duration::ZERO };
    let (parameters, unknown) = (BTreeMap::new(), None);
    let plan = IncidentPlan { kind, count: None, per_vehicle_day: None, window, parameters, unknown };
    let struck = (0..setting.scenario.vehicles).filter(|vehicle| !setting.incidents_of(*vehicle).is_empty());
    let mut lots = Lots { setting, victims: struck.chain(spared.iter().copied()).collect() };
    lots.check_mix(&plan)?;
    lots.victim(&plan, &mut Stream::new(setting.scenario.seed, id, Purpose::Asked))
}

/// How many incidents a plan means: its count, or what its rate gives, the fraction settled by lot.
fn number_of(setting: &Setting, plan: &IncidentPlan, stream: &mut Stream) -> u32 {
    let Some(rate) = plan.per_vehicle_day else { return plan.count.unwrap_or(1) };
    let days = plan.window.to.saturating_sub(plan.window.from).as_secs_f64() / 86_400.0;
    (rate * days * f64::from(setting.scenario.vehicles) + stream.unit()) as u32
}

/// A moment within the window of a plan: thefts keep to the hours of thieves, chargers fail while they charge.
fn moment(setting: &Setting, plan: &IncidentPlan, stream: &mut Stream) -> Timestamp {
    let charging = matches!(plan.kind, Kind::OverVoltage | Kind::WrongCharger | Kind::ColdCharge | Kind::LeadRunaway);
    let hours = match (plan.kind.family(), charging) {
        (Family::Theft, _) => &THEFT_HOURS,
        (Family::Battery, true) => &CHARGING_HOURS,
        (Family::Battery | Family::Benign, _) => &ANY_HOUR,
    };
    let most = hours.iter().copied().fold(0.0, f64::max);
    let (from, to) = (plan.window.from.as_secs_f64(), plan.window.to.as_secs_f64());
    loop {
        let moment = setting.begin.plus_seconds(stream.between(from, to));
        let hour = (setting.local_seconds(moment) / 3600.0) as usize % 24;
        if stream.unit() * most <= hours[hour] {
            return moment;
        }
    }
}

/// Who is struck.
struct Lots<'a> {
    setting: &'a Setting,
    victims: BTreeSet<u32>,
}

impl Lots<'_> {
    fn suits(&self, plan: &IncidentPlan, vehicle: u32) -> f64 {
        let (makeup, _) = self.setting.makeup(vehicle);
        let (_, layout, cell, _) = &self.setting.packs[makeup.layout];
        suits(plan, &self.setting.models[makeup.model].0, layout, cell)
    }

    fn victim(&mut self, plan: &IncidentPlan, stream: &mut Stream) -> Result<u32, String> {
        let count = self.setting.scenario.vehicles;
        let mut vehicle = 0;
        for _ in 0..TRIES {
            vehicle = stream.index(count as usize) as u32;
            if !self.victims.contains(&vehicle) && stream.unit() < self.suits(plan, vehicle) {
                self.victims.insert(vehicle);
                return Ok(vehicle);
            }
        }
        // The next one that suits; the next that was spared so far, if there is one.
        let next = || (0..count).map(|ahead| (vehicle + ahead) % count).filter(|next| self.suits(plan, *next) > 0.0);
        let chosen = next().find(|next| !self.victims.contains(next)).or_else(|| next().next());
        let none = || {
            format!("incident {}: needs {}, and none of the {count} vehicles got one", plan.kind.name(), needed(plan))
        };
        let chosen = chosen.ok_or_else(none)?;
        self.victims.insert(chosen);
        Ok(chosen)
    }

    /// Whether the mix has any vehicle that suits.
    fn check_mix(&self, plan: &IncidentPlan) -> Result<(), String> {
        let models = self.setting.models.iter().filter(|(_, share)| *share > 0.0);
        let suited = models.flat_map(|(model, _)| self.setting.packs.iter().map(move |pack| (model, pack)));
        let mut suited = suited.filter(|(_, (.., share))| *share > 0.0);
        if suited.any(|(model, (_, layout, cell, _))| suits(plan, model, layout, cell) > 0.0) {
            return Ok(());
        }
        Err(format!("incident {}: needs {}", plan.kind.name(), needed(plan)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Chemistry;
    use crate::sim::place::Place;
    use crate::sim::{Catalogue, Scenario};

    fn setting(text: &str) -> Result<Setting, String> {
        let place = Place::parse(include_str!("../../../config/place/chongqing.toml")).unwrap();
        let catalogue = Catalogue::parse(include_str!("../../../config/catalogue.toml")).unwrap();
        Setting::new(Scenario::parse(text).unwrap(), place, &catalogue, Timestamp(0))
    }

    fn planned(setting: &Setting) -> Vec<(u32, Planned)> {
        let all = (0..setting.scenario.vehicles).map(|vehicle| (vehicle, setting.incidents_of(vehicle)));
        all.flat_map(|(vehicle, plans)| plans.iter().map(move |plan| (vehicle, *plan))).collect()
    }

    #[test]
    fn every_incident_finds_its_own_victim_within_its_window() {
        let text = "vehicles = 50\nduration = \"10h\"\n[[incident]]\nkind = \"tow\"\ncount = 30\nwindow = \"1h..2h\"\n\
                    [[incident]]\nkind = \"thermal_runaway\"\ncount = 20\nwindow = \"3h..4h\"";
        let planned = planned(&setting(text).unwrap());
        assert_eq!(planned.iter().map(|(vehicle, _)| vehicle).collect::<BTreeSet<_>>().len(), 50);
        for (_, plan) in planned {
            let hours = plan.start.0 as f64 / 3.6e6;
            let window = if plan.kind == Kind::Tow { 1.0..=2.0 } else { 3.0..=4.0 };
            assert!(window.contains(&hours) && plan.due == plan.start, "{plan:?}");
        }
    }

    #[test]
    fn victims_have_what_their_incident_needs() {
        let entry = |kind: &str| format!("[[incident]]\nkind = \"{kind}\"\ncount = 20\nwindow = \"1h..9h\"\n");
        let kinds = ["sulfation", "lead_runaway", "cold_charge", "carry_off", "ride_away"];
        let text = format!("vehicles = 300\nduration = \"10h\"\n{}", kinds.map(entry).concat());
        let setting =
            setting(&format!("{text}[[incident]]\nkind = \"weak_cell\"\ncount = 20\nwindow = \"1h..9h\"\ncell = 17"))
                .unwrap();
        let mut bikes_ridden_away = 0;
        for (vehicle, plan) in planned(&setting) {
            let (makeup, _) = setting.makeup(vehicle);
            let ((_, layout, cell, _), model) = (&setting.packs[makeup.layout], &setting.models[makeup.model].0);
            let lead = layout.chemistry == Chemistry::Vrla;
            assert_eq!(plan.entry < 2, matches!(plan.kind, Kind::Sulfation | Kind::LeadRunaway));
            assert!(lead || plan.entry >= 2, "{plan:?}");
            assert!(!cell.charges_below_zero || plan.kind != Kind::ColdCharge, "{plan:?}");
            assert!(model.mass_kg < 150.0 || plan.kind != Kind::CarryOff, "{plan:?}");
            assert!(layout.series > 17 || plan.kind != Kind::WeakCell, "{plan:?}");
            bikes_ridden_away += i32::from(plan.kind == Kind::RideAway && model.mass_kg < 150.0);
        }
        assert!(bikes_ridden_away < 4, "{bikes_ridden_away} of 20; a fifth of the fleet are e-bikes");
    }

    #[test]
    fn a_fleet_without_a_victim_is_refused_in_words() {
        let refused = |mix: &str, kind: &str| {
            let entry = format!("[[incident]]\nkind = \"{kind}\"\nwindow = \"1h..2h\"");
            setting(&format!("vehicles = 3\n[mix]\n{mix}\n{entry}")).unwrap_err()
        };
        let sodium = "pack = { NA48_24 = 1.0 }";
        assert_eq!(
            refused(sodium, "sulfation"),
            "incident sulfation: needs a lead-acid pack in mix.pack, such as PB48_20"
        );
        assert!(
            refused(sodium, "cold_charge").starts_with("incident cold_charge: needs a pack in mix.pack that must not")
        );
        assert!(refused("model = { emoto = 1.0 }", "carry_off").contains("such as ebike"));
        let few = refused("pack = { NA48_24 = 0.999, PB48_20 = 0.001 }", "lead_runaway");
        assert!(few.ends_with("and none of the 3 vehicles got one"), "{few}");
    }

    #[test]
    fn thefts_keep_to_their_hours_and_chargers_to_the_night() {
        let share = |kind: &str, hours: std::ops::Range<f64>| {
            let text = format!(
                "vehicles = 1000\nduration = \"24h\"\nstart = \"2026-06-01T06:00:00+08:00\"\n\
                 [[incident]]\nkind = \"{kind}\"\nper_vehicle_day = 1.0\nwindow = \"0s..24h\""
            );
            let setting = setting(&text).unwrap();
            let planned = planned(&setting);
            let within =
                planned.iter().filter(|(_, plan)| hours.contains(&(setting.local_seconds(plan.start) / 3600.0)));
            within.count() as f64 / planned.len() as f64
        };
        let (evening, peak) = (share("tow", 16.0..20.0), share("tow", 18.0..19.0));
        assert!((0.37..0.45).contains(&evening) && (0.09..0.14).contains(&peak), "{evening} {peak}");
        assert!((0.13..0.20).contains(&share("drift", 16.0..20.0)));
        assert!(share("over_voltage", 7.0..18.0) < 0.12);
    }
}
