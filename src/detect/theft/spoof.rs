//! `theft.spoof`: the receiver is made to believe that it stands where it was left, while everything else says that the
//! vehicle is driven: lifted and shaken for long, other cells serve, or the wheel turns.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::scene::{Departure, DepartureSettings, Scene, whole_seconds};
use crate::base::span;
use crate::detect::detector::{Detector, Finding, Sight, Signal, fact};
use crate::model::{Kind, Level};

/// When a position counts as spoofed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SpoofSettings {
    /// Shaken for so long, and still in its place (**assumed**: a van that waits with its engine running leaves sooner).
    #[serde(with = "span::text")]
    pub shaken_for: Duration,
    /// So often another cell served meanwhile: it is driven (**assumed**; a standing one changes once in 40 min).
    pub cells: u8,
    /// The wheel rolled so far meanwhile, metres.
    pub rolled_m: u32,
    /// How long its case must be gone before the alert is cleared.
    #[serde(with = "span::text")]
    pub clear_after: Duration,
}

impl Default for SpoofSettings {
    fn default() -> Self {
        Self { shaken_for: Duration::from_mins(1), cells: 3, rolled_m: 50, clear_after: Duration::from_mins(10) }
    }
}

/// The rule.
#[derive(Debug, Clone)]
pub struct Spoof(pub SpoofSettings, pub DepartureSettings);

impl Detector for Spoof {
    fn kind(&self) -> Kind {
        Kind::Spoof
    }

    fn clear_after(&self) -> Duration {
        self.0.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        Scene::judge(sight, |scene| {
            let guard = scene.guard;
            if guard.stirring_s() < whole_seconds(self.0.shaken_for) {
                return Signal::Absent;
            }
            match scene.departure(&self.1) {
                Departure::Seen | Departure::Sure => return Signal::Absent,
                Departure::Unclear | Departure::Hinted => return Signal::Unknown,
                Departure::Here => {}
            }
            let signs = [guard.was_lifted(), guard.cells >= self.0.cells, guard.rolled_m >= self.0.rolled_m];
            match signs.into_iter().filter(|sign| *sign).count() {
                0 => Signal::Absent,
                1 => Signal::Present(Level::Two),
                _ => Signal::Present(Level::Three),
            }
        })
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        let scene = Scene::look(sight);
        let (seconds, cells) = (scene.guard.stirring_s(), scene.guard.cells);
        let mut finding = scene.describe(
            &format!("shaken for {seconds} s, served by {cells} other cells, but its position says that it stands"),
            &format!("持续振动 {seconds} 秒，切换基站 {cells} 次，定位却显示静止"),
        );
        finding.evidence.push(fact("cells", cells.into()));
        finding
    }
}

#[cfg(test)]
mod tests {
    use super::super::stage::{Says, Stage, on_van, put};
    use super::*;
    use crate::model::EventKind;

    fn rule() -> Spoof {
        Spoof(SpoofSettings::default(), DepartureSettings::default())
    }

    #[test]
    fn driven_by_all_signs_but_its_position() {
        let mut stage = Stage::parked();
        stage.happen(EventKind::Lift).say(on_van).go_on(50, |_, _| {});
        assert_eq!(stage.ask(&rule()), Says::Nothing, "it may only be loaded");
        assert_eq!(stage.go_on(15, |_, _| {}).ask(&rule()), Says::Probable);
        stage.go_on(90, |report, second| report.link.cell = 100 + second as u32 / 20);
        assert_eq!(stage.ask(&rule()), Says::Confirmed);
    }

    #[test]
    fn what_moves_or_is_only_shaken_is_none() {
        let mut stage = Stage::parked();
        stage.happen(EventKind::Lift).say(on_van).go_on(90, |report, second| put(report, 8.0 * second, 8.0));
        assert_eq!(stage.ask(&rule()), Says::Nothing, "a tow");
        let mut stage = Stage::parked();
        stage.happen(EventKind::Vibration).say(on_van).go_on(90, |_, _| {});
        assert_eq!(stage.ask(&rule()), Says::Nothing, "somebody works on the lock");
    }
}
