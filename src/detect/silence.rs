//! Why nothing is heard of a vehicle, as far as its last words and its neighbours tell. No alert comes of it: a garage and
//! a jammer are alike until the vehicle is heard again, which `theft.jam` waits for.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::{Timestamp, span};
use crate::model::{Mode, Report};
use crate::track::Track;
use crate::track::guard::EMPTY_PCT;

/// So many vehicles of a radio cell that fall silent together are no coincidence (**assumed**).
const TOGETHER: u32 = 3;
/// At this power a network is about to be lost, dBm (3GPP TS 36.133 has −110 dBm as the edge of fair coverage).
const FADING_DBM: f64 = -110.0;

/// Why nothing is heard of a vehicle, or not where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Silence {
    /// It is heard, but its owner does not let it say where it is.
    Withheld,
    /// Many of its radio cell fell silent with it: the base station failed.
    Outage,
    /// Its pack was cut or empty.
    PowerOff,
    /// Satellites or network were weak before: a garage or a hole in the coverage.
    Faded,
    /// All was well before, and it is alone in it: a closed garage, a broken device or a jammer.
    Sudden,
}

/// After how long without a word a vehicle is silent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Patience {
    /// While it is ridden: several times its cadence.
    #[serde(with = "span::text")]
    pub riding: Duration,
    /// While it stands.
    #[serde(with = "span::text")]
    pub parked: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { riding: Duration::from_mins(2), parked: Duration::from_mins(15) }
    }
}

impl Patience {
    /// Whether somebody who said this at `seen` has been silent for too long at `now`.
    #[must_use]
    pub fn ends(&self, report: &Report, seen: Timestamp, now: Timestamp) -> bool {
        let patience = match report.mode {
            Mode::Riding => self.riding,
            Mode::Parked | Mode::Charging => self.parked,
        };
        now >= seen + patience
    }
}

/// How the others of a vehicle's radio cell are doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Company {
    /// Who is heard.
    pub heard: u32,
    /// Who fell silent when it did, itself included.
    pub silent: u32,
}

impl Silence {
    /// Why a silent vehicle is silent, by its last report.
    #[must_use]
    pub fn of(report: &Report, track: &Track, company: Company) -> Self {
        let empty = report.battery.as_ref().is_some_and(|battery| battery.soc.0 < EMPTY_PCT);
        if company.silent >= TOGETHER && company.silent >= company.heard {
            Self::Outage
        } else if report.link.backup_power || track.theft.is_powerless() || empty {
            Self::PowerOff
        } else if report.position.is_none() || report.link.rsrp.0 <= FADING_DBM {
            Self::Faded
        } else {
            Self::Sudden
        }
    }

    /// Whether somebody who is heard withholds where it is: a device without a fix that has a network says its radio cell's
    /// place.
    #[must_use]
    pub fn of_position(report: &Report) -> Option<Self> {
        (report.position.is_none() && report.link.near.is_none()).then_some(Self::Withheld)
    }
}
