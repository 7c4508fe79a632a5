//! Which vehicles an incident suits.

use super::entry::IncidentPlan;
use super::parameter::Key;
use crate::model::{Chemistry, Kind};
use crate::sim::catalogue::{Cell, Model, PackLayout};

/// The heaviest vehicle that two people carry, with its rider, kg: an e-bike of GB 17761-2024 weighs up to 63 kg without
/// (that nobody carries more is **assumed**).
const CARRIED_KG: f64 = 150.0;
/// How often an e-bike is ridden away compared with an e-motorcycle (**assumed**: it is slower and seldom worth the wiring).
const EBIKE_RIDDEN_AWAY: f64 = 0.33;

/// How well an incident suits a vehicle: 0 not at all, else the chance that it is chosen when the lot falls on it.
#[must_use]
pub fn suits(plan: &IncidentPlan, model: &Model, layout: &PackLayout, cell: &Cell) -> f64 {
    let light = model.mass_kg <= CARRIED_KG;
    let has_cell = plan.parameters.get(&Key::Cell).is_none_or(|cell| *cell < layout.series as f64);
    let fits = has_cell
        && (layout.chemistry == Chemistry::Vrla || !matches!(plan.kind, Kind::Sulfation | Kind::LeadRunaway))
        && (!cell.charges_below_zero || plan.kind != Kind::ColdCharge)
        && (light || plan.kind != Kind::CarryOff);
    match (fits, plan.kind == Kind::RideAway && light) {
        (false, _) => 0.0,
        (true, false) => 1.0,
        (true, true) => EBIKE_RIDDEN_AWAY,
    }
}

/// What a mix must have for an incident, in words.
#[must_use]
pub fn needed(plan: &IncidentPlan) -> String {
    if plan.kind == Kind::CarryOff {
        format!("a model of at most {CARRIED_KG} kg with its rider in mix.model, such as ebike")
    } else if plan.kind == Kind::ColdCharge {
        "a pack in mix.pack that must not be charged below 0 °C, such as LFP48_20".to_owned()
    } else if matches!(plan.kind, Kind::Sulfation | Kind::LeadRunaway) {
        "a lead-acid pack in mix.pack, such as PB48_20".to_owned()
    } else {
        let cell = plan.parameters.get(&Key::Cell).copied().unwrap_or_default();
        format!("a pack in mix.pack with more than {cell} cells")
    }
}
