//! What all vehicles of a run share: scenario, place, catalogue, and the times they are measured from.

use std::collections::BTreeMap;

use super::catalogue::{Catalogue, Cell, Model, PackLayout, Road};
use super::incident::{self, Planned};
use super::outage::Outages;
use super::place::Place;
use super::rider::Rider;
use super::scenario::{Habit, Scenario};
use super::weather::Forecast;
use crate::base::Timestamp;
use crate::base::rng::{Purpose, Stream};
use crate::base::units::Celsius;

/// What all vehicles of a run share. Immutable, so that shards can hold it together.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The run.
    pub scenario: Scenario,
    /// The city.
    pub place: Place,
    /// Models of the mix, with their shares.
    pub models: Vec<(Model, f64)>,
    /// Packs of the mix, with name, cell and share.
    pub packs: Vec<(String, PackLayout, Cell, f64)>,
    /// When the run starts, in the stamps of its reports.
    pub begin: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// Rain and wind.
    pub forecast: Forecast,
    /// Base stations that fail.
    pub outages: Outages,
    /// Added to a stamp to get local time in the simulated city.
    local_shift_ms: i64,
    incidents: BTreeMap<u32, Vec<Planned>>,
}

/// What a vehicle is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Makeup {
    /// Index of its model in the setting.
    pub model: usize,
    /// Index of its pack's layout in the setting.
    pub layout: usize,
    /// How its rider uses it.
    pub habit: Habit,
}

impl Setting {
    /// Puts a run together. `begin` is when it starts in the stamps of its reports; the simulated city's time of day
    /// follows from the scenario's own start.
    ///
    /// # Errors
    /// A sentence when the scenario names a model or a pack that the catalogue does not have, or an incident that suits
    /// none of its vehicles.
    pub fn new(scenario: Scenario, place: Place, catalogue: &Catalogue, begin: Timestamp) -> Result<Self, String> {
        let mut models = Vec::new();
        for (name, share) in &scenario.mix.model {
            let known = || catalogue.model.keys().cloned().collect::<Vec<_>>().join(", ");
            let model =
                catalogue.model.get(name).ok_or_else(|| format!("no model {name:?}: expected one of {}", known()))?;
            models.push((model.clone(), *share));
        }
        let mut packs = Vec::new();
        for (name, share) in &scenario.mix.pack {
            let known = || catalogue.pack.keys().cloned().collect::<Vec<_>>().join(", ");
            let layout =
                catalogue.pack.get(name).ok_or_else(|| format!("no pack {name:?}: expected one of {}", known()))?;
            packs.push((name.clone(), layout.clone(), catalogue.chemistry[&layout.chemistry].clone(), *share));
        }
        let local_shift_ms = scenario.start_time().millis_since(begin) + place.utc_offset_s * 1000;
        let end = begin + scenario.duration;
        let hours = (scenario.duration.as_secs_f64() / 3600.0).ceil() as usize;
        let forecast = Forecast::draw(scenario.weather, scenario.seed, begin, hours);
        let (outages, incidents) = (Outages::default(), BTreeMap::new());
        let mut setting =
            Self { scenario, place, models, packs, begin, end, forecast, outages, local_shift_ms, incidents };
        setting.incidents = incident::draw(&setting)?;
        let first_id = setting.incidents.values().flatten().map(|plan| plan.id + 1).max().unwrap_or(0);
        setting.outages = Outages::draw(&setting.scenario, &setting.place, begin, first_id);
        Ok(setting)
    }

    /// What vehicle `number` is made of, and the stream from which the rest of it is drawn.
    #[must_use]
    pub fn makeup(&self, number: u32) -> (Makeup, Stream) {
        let mut stream = Stream::new(self.scenario.seed, number, Purpose::Build);
        let model = pick(self.models.iter().map(|(_, share)| *share), stream.unit());
        let layout = pick(self.packs.iter().map(|(.., share)| *share), stream.unit());
        let habit = Rider::habit(self, layout, stream.unit());
        (Makeup { model, layout, habit }, stream)
    }

    /// Seconds since local midnight in the simulated city.
    #[must_use]
    pub fn local_seconds(&self, now: Timestamp) -> f64 {
        (now.0 + self.local_shift_ms).rem_euclid(86_400_000) as f64 / 1000.0
    }

    /// Air temperature in the shade: the weather's, or the place's own.
    #[must_use]
    pub fn ambient(&self, now: Timestamp) -> Celsius {
        const HOTTEST_HOUR: f64 = 15.0;
        let Some(weather) = self.scenario.weather else { return self.place.file.ambient };
        let hours = self.local_seconds(now) / 3600.0 - HOTTEST_HOUR;
        Celsius(weather.air_c + weather.swing_k * (hours / 24.0 * std::f64::consts::TAU).cos())
    }

    /// What a street asks for at `now` on a course (degrees from north) and a slope (rise over run).
    #[must_use]
    pub fn road(&self, now: Timestamp, course: f64, slope: f64) -> Road {
        let (headwind_mps, wet) = (self.forecast.headwind(now, course), self.forecast.rains(now));
        Road { slope, headwind_mps, wet }
    }

    /// The first number that no incident of the scenario has.
    #[must_use]
    pub fn first_free_incident(&self) -> u32 {
        let planned = self.incidents.values().flatten().map(|plan| plan.id + 1).max().unwrap_or(0);
        let outages = (self.outages.all().len() as u32).saturating_mul(self.scenario.vehicles);
        planned.saturating_add(outages)
    }

    /// What is to befall a vehicle, in order of time.
    #[must_use]
    pub fn incidents_of(&self, vehicle: u32) -> &[Planned] {
        self.incidents.get(&vehicle).map_or(&[], Vec::as_slice)
    }
}

/// The index drawn by `unit` (0 to 1) from shares that sum to 1.
pub fn pick(shares: impl Iterator<Item = f64>, unit: f64) -> usize {
    let mut sum = 0.0;
    let mut last = 0;
    for (index, share) in shares.enumerate() {
        sum += share;
        last = index;
        if unit < sum {
            return index;
        }
    }
    last
}
