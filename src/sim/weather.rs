//! The weather hour by hour: rain in spells and a wind that turns slowly. Drawn once from the seed, the same for all
//! vehicles of a run.

use super::scenario::Weather;
use crate::base::Timestamp;
use crate::base::geodesy::Flat;
use crate::base::rng::{Purpose, Stream};

/// Mean length of a spell of rain, hours (assumed; convective rain of the subtropics is shorter, fronts are longer).
const SPELL_H: f64 = 3.0;
/// What of the wind at a weather station's 10 m arrives at a rider between houses (assumed).
const SHELTER: f64 = 0.5;
/// Correlation of the wind from hour to hour, and its deviation, of the mean (assumed).
const WIND_STAYS: f64 = 0.8;
const WIND_SPREAD: f64 = 0.3;
const HOUR_S: f64 = 3600.0;

/// One hour.
#[derive(Debug, Clone, Copy)]
struct Hour {
    wet: bool,
    /// Where the wind blows to at a rider's height, m/s.
    wind: Flat,
}

/// Rain and wind of a run.
#[derive(Debug, Clone)]
pub struct Forecast {
    begin: Timestamp,
    /// From the beginning to past the end; empty where it neither rains nor blows.
    hours: Vec<Hour>,
}

impl Forecast {
    /// Draws the weather of so many hours.
    #[must_use]
    pub fn draw(weather: Option<Weather>, seed: u64, begin: Timestamp, hours: usize) -> Self {
        let Some(weather) = weather.filter(|weather| weather.rain > 0.0 || weather.wind_mps > 0.0) else {
            return Self { begin, hours: Vec::new() };
        };
        let mut stream = Stream::new(seed, 0, Purpose::Weather);
        // A chain of dry and wet hours with the asked share: leaving both states balances.
        let ends = (1.0 / SPELL_H).min((1.0 - weather.rain) / weather.rain.max(1e-9));
        let begins = (ends * weather.rain / (1.0 - weather.rain).max(1e-9)).min(1.0);
        let mut wet = stream.chance(weather.rain);
        let (sin, cos) = (stream.unit() * std::f64::consts::TAU).sin_cos();
        let usual = SHELTER * weather.wind_mps;
        let mean = Flat { east: usual * sin, north: usual * cos };
        let gust = |stream: &mut Stream| {
            let each = WIND_SPREAD * usual;
            Flat { east: each * stream.normal(), north: each * stream.normal() }
        };
        let mut off = gust(&mut stream);
        let fresh = (1.0 - WIND_STAYS * WIND_STAYS).sqrt();
        let hours = (0..=hours)
            .map(|_| {
                let hour = Hour { wet, wind: mean + off };
                wet = if wet { !stream.chance(ends) } else { stream.chance(begins) };
                off = off * WIND_STAYS + gust(&mut stream) * fresh;
                hour
            })
            .collect();
        Self { begin, hours }
    }

    /// Whether it rains.
    #[must_use]
    pub fn rains(&self, now: Timestamp) -> bool {
        self.at(now).is_some_and(|(hour, ..)| hour.wet)
    }

    /// Wind against somebody who rides on a course (degrees from north), at a rider's height, m/s; linear between hours.
    #[must_use]
    pub fn headwind(&self, now: Timestamp, course: f64) -> f64 {
        let Some((hour, next, share)) = self.at(now) else { return 0.0 };
        let wind = hour.wind.towards(next.wind, share);
        let (sin, cos) = course.to_radians().sin_cos();
        -(wind.east * sin + wind.north * cos)
    }

    fn at(&self, now: Timestamp) -> Option<(&Hour, &Hour, f64)> {
        let last = self.hours.len().checked_sub(1)?;
        let hours = now.seconds_since(self.begin).max(0.0) / HOUR_S;
        let index = (hours as usize).min(last);
        Some((&self.hours[index], &self.hours[(index + 1).min(last)], (hours - index as f64).min(1.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(rain: f64, wind_mps: f64, seed: u64) -> Forecast {
        Forecast::draw(Some(Weather { air_c: 20.0, swing_k: 0.0, rain, wind_mps }), seed, Timestamp(0), 240)
    }

    #[test]
    fn it_rains_for_the_asked_share_of_the_hours_in_spells() {
        for rain in [0.0, 0.2, 0.7, 0.9, 1.0] {
            let (mut wet, mut changes, mut all) = (0.0, 0.0, 0.0);
            for seed in 0..200 {
                let forecast = drawn(rain, 3.0, seed);
                wet += forecast.hours.iter().map(|hour| f64::from(u8::from(hour.wet))).sum::<f64>();
                changes += forecast.hours.windows(2).filter(|pair| pair[0].wet && !pair[1].wet).count() as f64;
                all += forecast.hours.len() as f64;
            }
            assert!((wet / all - rain).abs() < 0.02, "{rain}: {}", wet / all);
            assert!((rain - 0.2_f64).abs() > 0.01 || (wet / changes - SPELL_H).abs() < 0.3, "{} h", wet / changes);
        }
    }

    #[test]
    fn the_wind_has_the_asked_mean_and_a_direction() {
        let (mut sum, mut there) = (0.0, 0.0);
        for seed in 0..100 {
            let forecast = drawn(0.0, 6.0, seed);
            sum += forecast.hours.iter().map(|hour| hour.wind.east.hypot(hour.wind.north)).sum::<f64>() / 241.0;
            for hour in 0..240_i64 {
                let now = Timestamp(hour * 3_600_000 + 1_800_000);
                let (out, back) = (forecast.headwind(now, 40.0), forecast.headwind(now, 220.0));
                assert!((out + back).abs() < 1e-9, "there against, back with it");
                there += out.abs();
            }
        }
        assert!((sum / 100.0 - 0.5 * 6.0).abs() < 0.4, "{}", sum / 100.0);
        assert!(there / 24_000.0 > 1.0, "{there}");
        assert!(drawn(0.0, 0.0, 1).headwind(Timestamp(5), 3.0).abs() < 1e-12);
    }
}
