//! `theft.pack_swap`: another pack sits in a vehicle that has been locked all the time. Who is authorised to exchange packs
//! opens the lock or has a key near, which starts the watch anew.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::scene::Scene;
use crate::base::span;
use crate::detect::detector::{Detector, Finding, Sight, Signal};
use crate::model::{Kind, Level};

/// When a pack counts as swapped by somebody else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PackSwapSettings {
    /// How long its case must be gone before the alert is cleared.
    #[serde(with = "span::text")]
    pub clear_after: Duration,
}

impl Default for PackSwapSettings {
    fn default() -> Self {
        Self { clear_after: Duration::from_mins(10) }
    }
}

/// The rule.
#[derive(Debug, Clone)]
pub struct PackSwap(pub PackSwapSettings);

impl Detector for PackSwap {
    fn kind(&self) -> Kind {
        Kind::PackSwap
    }

    fn clear_after(&self) -> Duration {
        self.0.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        let scene = match Scene::of(sight) {
            Ok(scene) => scene,
            Err(signal) => return signal,
        };
        let guard = scene.guard;
        if !guard.swapped {
            return Signal::Absent;
        }
        // The number alone is a strong sign; that the power was gone or somebody shook the vehicle is the second.
        let worked_on = guard.cut_s != 0 || guard.shaken_s != 0 || guard.lifted_s != 0;
        Signal::Present(if worked_on { Level::Three } else { Level::Two })
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        let scene = Scene::look(sight);
        let pack = sight.report.battery.as_ref().map_or("", |battery| battery.pack.as_str());
        scene.describe(&format!("another pack sits in it: {pack}"), &format!("电池已被换成 {pack}"))
    }
}
