//! `theft.strip`: a vehicle was taken to another place, and there its pack is taken out.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::scene::{Departure, DepartureSettings, Scene};
use crate::base::span;
use crate::detect::detector::{Detector, Finding, Sight, Signal};
use crate::model::{Kind, Level};

/// When a vehicle counts as stripped: gone, and without power afterwards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StripSettings {
    /// How long its case must be gone before the alert is cleared.
    #[serde(with = "span::text")]
    pub clear_after: Duration,
}

impl Default for StripSettings {
    fn default() -> Self {
        Self { clear_after: Duration::from_mins(10) }
    }
}

/// The rule.
#[derive(Debug, Clone)]
pub struct Strip(pub StripSettings, pub DepartureSettings);

impl Detector for Strip {
    fn kind(&self) -> Kind {
        Kind::Strip
    }

    fn clear_after(&self) -> Duration {
        self.0.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        let scene = match Scene::of(sight) {
            Ok(scene) => scene,
            Err(signal) => return signal,
        };
        match scene.departure(&self.1) {
            Departure::Here => Signal::Absent,
            Departure::Sure | Departure::Seen if is_cut_elsewhere(&scene) => Signal::Present(Level::Three),
            Departure::Unclear | Departure::Sure | Departure::Seen => Signal::Unknown,
        }
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        Scene::look(sight).describe_movement(("then its pack was taken, ", "随后电池被取走，"))
    }
}

/// Whether its pack ceased to give power after it was last seen where it had been left.
fn is_cut_elsewhere(scene: &Scene) -> bool {
    scene.guard.is_powerless() && scene.park.is_some_and(|park| scene.guard.cut_s > park.last_here_s)
}
