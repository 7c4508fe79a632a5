//! The scenario file: a run described in TOML. Unknown keys fail; every fault names the line and what was expected.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use super::incident::entry::{IncidentPlan, Window};
use crate::base::{Timestamp, span};

/// Shares may miss the sum of 1 by this much.
const SHARE_TOLERANCE: f64 = 1e-6;

/// A run: where, when, how many, and what befalls them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// A name in `config/place` or a path.
    #[serde(default = "default_place")]
    pub place: String,
    /// What time it is in the simulated city when the run starts; decides who rides.
    #[serde(default = "default_start")]
    pub start: String,
    /// How long it lasts.
    #[serde(default = "default_duration", with = "span::text")]
    pub duration: Duration,
    /// How many vehicles there are.
    #[serde(default = "default_vehicles")]
    pub vehicles: u32,
    /// What all randomness follows from.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// How often they report.
    #[serde(default)]
    pub report: Cadence,
    /// Who and what they are.
    #[serde(default)]
    pub mix: Mix,
    /// The mobile network.
    #[serde(default)]
    pub link: Network,
    /// The weather; the place's own when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weather: Option<Weather>,
    /// What befalls them.
    #[serde(default, rename = "incident")]
    pub incidents: Vec<IncidentPlan>,
}

fn default_place() -> String {
    "chongqing".to_owned()
}

fn default_start() -> String {
    "2026-06-01T08:10:00+08:00".to_owned()
}

fn default_duration() -> Duration {
    Duration::from_hours(24)
}

fn default_vehicles() -> u32 {
    300
}

fn default_seed() -> u64 {
    7
}

/// How often a vehicle reports, by what it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cadence {
    /// While it is ridden, or moved by somebody.
    #[serde(with = "span::text")]
    pub riding: Duration,
    /// While it stands or charges.
    #[serde(with = "span::text")]
    pub parked: Duration,
    /// While something is wrong.
    #[serde(with = "span::text")]
    pub suspect: Duration,
}

impl Default for Cadence {
    fn default() -> Self {
        Self { riding: Duration::from_secs(10), parked: Duration::from_mins(5), suspect: Duration::from_secs(1) }
    }
}

/// Shares of the fleet; each table sums to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mix {
    /// Vehicle models by name.
    pub model: BTreeMap<String, f64>,
    /// Pack layouts by name.
    pub pack: BTreeMap<String, f64>,
    /// Riders by habit.
    pub rider: BTreeMap<Habit, f64>,
}

/// How somebody uses a vehicle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Habit {
    /// To work in the morning and back in the evening.
    Commuter,
    /// One hop after the other, all day.
    Courier,
    /// Now and then.
    Leisure,
}

impl Default for Mix {
    fn default() -> Self {
        let named = |shares: &[(&str, f64)]| shares.iter().map(|(name, share)| ((*name).to_owned(), *share)).collect();
        Self {
            // The city's plan speaks of more than 80 % e-motorcycles.
            model: named(&[("ebike", 0.2), ("emoto", 0.8)]),
            pack: named(&[("PB48_20", 0.3), ("LFP48_20", 0.2), ("NMC72_40", 0.3), ("NA48_24", 0.2)]),
            rider: [(Habit::Commuter, 0.6), (Habit::Courier, 0.25), (Habit::Leisure, 0.15)].into(),
        }
    }
}

/// What the mobile network does to messages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// Share of messages whose first transmission is lost: the modem sends them again, so they arrive late.
    pub loss: f64,
    /// Mean time from the modem to the broker.
    #[serde(with = "span::text")]
    pub latency: Duration,
}

impl Default for Network {
    fn default() -> Self {
        Self { loss: 0.001, latency: Duration::from_millis(80) }
    }
}

/// The weather of a run: a mean temperature with a daily swing that is highest at 15 h, rain and wind.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weather {
    /// Mean air temperature in the shade, °C, −40 to 60.
    pub air_c: f64,
    /// How far the day goes above and below it, K, 0 to 25.
    #[serde(default)]
    pub swing_k: f64,
    /// Share of the hours in which it rains, 0 to 1.
    #[serde(default)]
    pub rain: f64,
    /// Mean speed of the wind as a weather station at 10 m says it, m/s, 0 to 20.
    #[serde(default)]
    pub wind_mps: f64,
}

impl Weather {
    fn check(&self) -> Result<(), (&'static str, String)> {
        for (key, value, low, high) in [
            ("air_c", self.air_c, -40.0, 60.0),
            ("swing_k", self.swing_k, 0.0, 25.0),
            ("rain", self.rain, 0.0, 1.0),
            ("wind_mps", self.wind_mps, 0.0, 20.0),
        ] {
            if !(low..=high).contains(&value) {
                return Err((key, format!("expected {low} to {high}, found {value}")));
            }
        }
        Ok(())
    }
}

/// What is wrong with a scenario.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{what}")]
pub struct ScenarioError {
    /// The fault and what was expected.
    pub what: String,
    /// Byte offset of the fault in the text, where it is known.
    pub offset: Option<usize>,
}

impl Scenario {
    /// Reads and checks a scenario.
    ///
    /// # Errors
    /// The first fault, with its place in the text.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self = toml::from_str(text).map_err(|error| ScenarioError {
            what: error.message().to_owned(),
            offset: error.span().map(|span| span.start),
        })?;
        // What serde cannot see is found by the key it stands under.
        scenario.check().map_err(|(key, what)| {
            // Of several entries, the faulty one.
            let fault = Err((key, what.clone()));
            let entry =
                scenario.incidents.iter().position(|plan| plan.check(scenario.duration, scenario.vehicles) == fault);
            let from = entry.and_then(|index| text.match_indices("[[incident]]").nth(index)).map_or(0, |(at, _)| at);
            let place = entry.and_then(|index| scenario.incidents[index].unknown.as_deref()).unwrap_or(key);
            let offset = locate(&text[from..], place).map(|offset| from + offset);
            ScenarioError { what: format!("{key}: {what}"), offset }
        })?;
        Ok(scenario)
    }

    /// When the run starts in the simulated city.
    #[must_use]
    pub fn start_time(&self) -> Timestamp {
        Timestamp::parse(&self.start).unwrap_or_default()
    }

    /// Finds the first fault: the key it stands under and what was expected.
    ///
    /// # Errors
    /// That fault.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        Timestamp::parse(&self.start).map_err(|what| ("start", what))?;
        if self.vehicles == 0 || self.vehicles > 10_000_000 {
            return Err(("vehicles", format!("expected 1 to 10000000, found {}", self.vehicles)));
        }
        if self.duration.is_zero() {
            return Err(("duration", "expected more than 0s".to_owned()));
        }
        for (key, cadence) in
            [("riding", self.report.riding), ("parked", self.report.parked), ("suspect", self.report.suspect)]
        {
            if cadence < Duration::from_millis(100) {
                return Err((key, format!("expected at least 100ms, found {}", span::format(cadence))));
            }
        }
        check_shares("model", self.mix.model.values())?;
        check_shares("pack", self.mix.pack.values())?;
        check_shares("rider", self.mix.rider.values())?;
        if !(0.0..1.0).contains(&self.link.loss) {
            return Err(("loss", format!("expected 0 or more and below 1, found {}", self.link.loss)));
        }
        if let Some(weather) = self.weather {
            weather.check()?;
        }
        self.incidents.iter().try_for_each(|plan| plan.check(self.duration, self.vehicles))
    }
}

fn check_shares<'a>(key: &'static str, shares: impl Iterator<Item = &'a f64>) -> Result<(), (&'static str, String)> {
    let mut sum = 0.0;
    for share in shares {
        if !(0.0..=1.0).contains(share) {
            return Err((key, format!("expected shares from 0 to 1, found {share}")));
        }
        sum += share;
    }
    if (sum - 1.0).abs() <= SHARE_TOLERANCE { Ok(()) } else { Err((key, format!("shares sum to {sum}, expected 1"))) }
}

/// Where `key = …` stands in a TOML text.
fn locate(text: &str, key: &str) -> Option<usize> {
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        if line.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('=')) {
            return Some(offset + indent);
        }
        offset += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        let error = Scenario::parse(text).unwrap_err();
        let line = error.offset.map(|at| text[..at].lines().count().max(1));
        format!("{line:?} {}", error.what)
    }

    #[test]
    fn an_empty_file_is_the_default_run() {
        let scenario = Scenario::parse("").unwrap();
        assert_eq!((scenario.vehicles, scenario.place.as_str()), (300, "chongqing"));
    }

    #[test]
    fn faults_say_where_and_what_was_expected() {
        assert!(fault("vehicels = 3").contains("vehicels"));
        assert!(fault("vehicles = 0").contains("expected 1 to"));
        assert!(fault("vehicles = -1").contains("vehicles") || fault("vehicles = -1").contains("u32"));
        assert!(fault("[mix]\npack = { PB48_20 = 0.5 }").contains("shares sum to 0.5"));
        assert!(fault("[[incident]]\nkind = \"levitate\"\nwindow = \"1s..2s\"").contains("levitate"));
        let late = fault("duration = \"1h\"\n[[incident]]\nkind = \"tow\"\nwindow = \"1h..2h\"");
        assert!(late.contains("Some(4)") || late.contains("Some(3)"), "{late}");
        assert!(late.contains("ends after the run"), "{late}");
    }

    #[test]
    fn weather_out_of_range_is_refused_with_its_key() {
        for (key, value) in [("air_c", "61.0"), ("swing_k", "-1.0"), ("rain", "1.1"), ("wind_mps", "nan")] {
            let text =
                format!("[weather]\nair_c = 20.0\n{key} = {value}\n").replacen("air_c = 20.0\nair_c", "air_c", 1);
            let said = fault(&text);
            assert!(said.contains(&format!("{key}: expected")) && said.contains("Some("), "{said}");
        }
        let fair = Scenario::parse("[weather]\nair_c = 20.0").unwrap().weather.unwrap();
        assert!(fair.rain <= 0.0 && fair.wind_mps <= 0.0, "older files mean a dry calm");
    }

    #[test]
    fn outages_have_a_count_a_length_and_a_size() {
        let outage = |more: &str| format!("[[incident]]\nkind = \"cell_outage\"\nwindow = \"1s..2s\"\n{more}\n");
        for (more, expected) in [
            ("lasts = \"0s\"", "Some(3) lasts: expected 1s to"),
            ("radius_m = -1", "Some(3) radius_m: expected 1 to"),
            ("count = 1001", "Some(3) count: expected at most 1000"),
            ("per_vehicle_day = 1", "Some(3) per_vehicle_day: expected a count"),
        ] {
            assert!(fault(&outage(more)).starts_with(expected), "{}", fault(&outage(more)));
        }
        assert!(Scenario::parse(&outage("count = 400\nlasts = \"30s\"\nradius_m = 1")).is_ok());
    }

    #[test]
    fn figures_of_incidents_are_refused_where_they_stand() {
        let tow = "[[incident]]\nkind = \"tow\"\nwindow = \"1s..2s\"\ndistance_m = 5.0\n";
        let with = |key: &str| fault(&format!("{tow}{}{key}", &tow[..tow.len() - 17]));
        assert!(with("ramp = \"40s\"").starts_with("Some(7) ramp: tow does not know `ramp`: expected one of kind"));
        let typo = with("distnace_m = 5.0");
        assert!(typo.starts_with("Some(7) kind: tow does not know `distnace_m`"), "{typo}");
        assert!(with("distance_m = -5.0").starts_with("Some(7) distance_m: expected 1 to"));
        assert!(with("count = 500").starts_with("Some(7) count: expected at most the 300 vehicles"));
        let early = fault("[[incident]]\nramp = \"40s\"\nwindow = \"1s..2s\"\nkind = \"tow\"");
        assert!(early.starts_with("Some(1) ramp: tow does not know `ramp`"), "{early}");
        let span = fault("[[incident]]\nkind = \"garage\"\nwindow = \"1s..2s\"\nlasts = 5.0");
        assert!(span.starts_with("Some(4)"), "{span}");
    }

    #[test]
    fn a_scenario_survives_the_round_trip() {
        let text = "[[incident]]\nkind = \"tow\"\nwindow = \"10s..20s\"\ncount = 2\ndistance_m = 500\n\
                    [[incident]]\nramp = \"90s\"\nkind = \"thermal_runaway\"\nper_vehicle_day = 0.1\nwindow = \"10s..20s\"";
        let scenario = Scenario::parse(text).unwrap();
        let written = toml::to_string(&scenario).unwrap();
        assert_eq!(Scenario::parse(&written).unwrap(), scenario, "{written}");
    }
}
