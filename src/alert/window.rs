//! Authorised windows: for a time a vehicle may be serviced, towed or transported, and claims of theft are only noted.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::life::Signature;
use crate::base::{AlertId, Timestamp, Vin};

/// Most windows remembered of a vehicle, those that are over included.
const MOST: usize = 16;
/// Most alerts named in a window; more are only counted.
const MOST_NAMED: usize = 16;

/// What a vehicle may be moved for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Somebody works on it, or exchanges its pack.
    Service,
    /// It is towed.
    Tow,
    /// It is carried on another vehicle.
    Transport,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Tow => "tow",
            Self::Transport => "transport",
        }
    }
}

/// What an operator authorises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    /// Which vehicle.
    pub vin: Vin,
    /// For what.
    pub purpose: Purpose,
    /// From when; at once without it.
    pub from: Option<Timestamp>,
    /// For how long.
    pub time: Duration,
    /// Who says so, and what they wrote to it.
    pub signature: Signature,
}

/// A time in which claims of theft of a vehicle are only noted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Hash of vehicle, purpose and begin.
    pub id: AlertId,
    /// Which vehicle.
    pub vin: Vin,
    /// For what.
    pub purpose: Purpose,
    /// Its begin. What happens counts by the device's clock, so that what is told late is judged by when it was.
    #[serde(rename = "from_ms")]
    pub from: Timestamp,
    /// Its end, by the collector's clock when it comes.
    #[serde(rename = "until_ms")]
    pub until: Timestamp,
    /// Whether an operator ended it early.
    pub revoked: bool,
    /// Who authorised it.
    pub by: Option<String>,
    /// What they wrote to it.
    pub note: Option<String>,
    /// How many alerts it suppressed.
    pub suppressed: u32,
    /// Which, up to the first 16.
    pub alerts: Vec<AlertId>,
}

/// Why a window cannot be opened or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WindowRefusal {
    /// There is none of that name.
    #[error("no window {0}")]
    Unknown(AlertId),
    /// It has ended.
    #[error("window {0} is over")]
    Over(AlertId),
    /// It would end before it begins to count.
    #[error("the window is over already: choose a later begin or a longer time")]
    Past,
    /// The vehicle has too many that are not over.
    #[error("{0} has {MOST} windows: end one of them first")]
    TooMany(Vin),
}

/// The windows of all vehicles.
#[derive(Debug, Default)]
pub struct Windows(BTreeMap<Vin, Vec<Window>>);

impl Windows {
    /// Opens a window. The same vehicle, purpose and begin give the same one, with a new end.
    ///
    /// # Errors
    /// When it would be over, or there are too many.
    pub fn open(&mut self, now: Timestamp, permit: Permit) -> Result<&Window, WindowRefusal> {
        let Permit { vin, purpose, from, time, signature: Signature { by, note } } = permit;
        let from = from.unwrap_or(now);
        let (id, until) = (AlertId::new(vin, &format!("window.{}", purpose.name()), from), from + time);
        if until <= now {
            return Err(WindowRefusal::Past);
        }
        let all = self.0.entry(vin).or_default();
        let before = all.iter().position(|window| window.id == id).map(|index| all.remove(index));
        if all.len() >= MOST {
            let over = all.iter().position(|window| window.until <= now).ok_or(WindowRefusal::TooMany(vin))?;
            all.remove(over);
        }
        let (suppressed, alerts) = before.map_or_else(Default::default, |before| (before.suppressed, before.alerts));
        all.push(Window { id, vin, purpose, from, until, revoked: false, by, note, suppressed, alerts });
        Ok(&all[all.len() - 1])
    }

    /// Ends a window early.
    ///
    /// # Errors
    /// When there is none, or it is over.
    pub fn revoke(&mut self, now: Timestamp, vin: Vin, id: AlertId) -> Result<&Window, WindowRefusal> {
        let windows = self.0.get_mut(&vin).into_iter().flatten();
        let window = windows.into_iter().find(|window| window.id == id).ok_or(WindowRefusal::Unknown(id))?;
        if window.until <= now {
            return Err(WindowRefusal::Over(id));
        }
        (window.until, window.revoked) = (now.max(window.from), true);
        Ok(window)
    }

    /// Puts back what was stored.
    pub fn restore(&mut self, window: Window) {
        self.0.entry(window.vin).or_default().push(window);
    }

    /// The window in which a moment of a vehicle lies; the one that ends last.
    #[must_use]
    pub fn at(&self, vin: Vin, time: Timestamp) -> Option<&Window> {
        let all = if self.0.is_empty() { None } else { self.0.get(&vin) };
        all?.iter().filter(|window| (window.from..window.until).contains(&time)).max_by_key(|window| window.until)
    }

    /// Leaves a trace of an alert that was suppressed; the answer is the window with it, if it is new.
    pub fn trace(&mut self, vin: Vin, id: AlertId, alert: AlertId) -> Option<&Window> {
        let window = self.0.get_mut(&vin)?.iter_mut().find(|window| window.id == id)?;
        if window.alerts.contains(&alert) {
            return None;
        }
        window.suppressed = window.suppressed.saturating_add(1);
        if window.alerts.len() < MOST_NAMED {
            window.alerts.push(alert);
        }
        Some(window)
    }
}
