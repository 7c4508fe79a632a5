//! `theft.strip`: a vehicle was taken to another place, and there its pack is taken out.

use std::time::Duration;

use super::scene::{ClearSettings, Departure, DepartureSettings, Scene};
use crate::detect::detector::{Detector, Finding, Sight, Signal};
use crate::model::{Kind, Level};

/// The rule.
#[derive(Debug, Clone)]
pub struct Strip(pub ClearSettings, pub DepartureSettings);

impl Detector for Strip {
    fn kind(&self) -> Kind {
        Kind::Strip
    }

    fn clear_after(&self) -> Duration {
        self.0.clear_after
    }

    fn examine(&self, sight: Sight<'_>) -> Signal {
        Scene::judge(sight, |scene| match scene.departure(&self.1) {
            Departure::Here => Signal::Absent,
            Departure::Sure | Departure::Seen if is_cut_elsewhere(&scene) => Signal::Present(Level::Three),
            Departure::Unclear | Departure::Hinted | Departure::Sure | Departure::Seen => Signal::Unknown,
        })
    }

    fn explain(&self, sight: Sight<'_>) -> Finding {
        Scene::look(sight).describe_movement(("then its pack was taken, ", "随后电池被取走，"))
    }
}

/// Whether its pack ceased to give power after it was last seen where it had been left.
fn is_cut_elsewhere(scene: &Scene) -> bool {
    scene.guard.is_powerless() && scene.park.is_some_and(|park| scene.guard.cut_s > park.last_here_s)
}

#[cfg(test)]
mod tests {
    use super::super::stage::{Says, Stage, on_van, put, without_pack};
    use super::*;
    use crate::model::EventKind;

    fn rule() -> Strip {
        Strip(ClearSettings::default(), DepartureSettings::default())
    }

    #[test]
    fn a_pack_taken_elsewhere_is_stripping_and_one_taken_here_is_not() {
        for (metres, expected) in [(9.0, Says::Confirmed), (0.0, Says::Nothing)] {
            let mut stage = Stage::parked();
            stage.happen(EventKind::Lift).say(on_van);
            stage.go_on(30, |report, second| put(report, metres * second, metres));
            assert!(matches!(stage.ask(&rule()), Says::Nothing | Says::Unclear));
            stage.wait(60).happen(EventKind::PowerCut).say(without_pack);
            assert_eq!(stage.ask(&rule()), expected, "{metres} m/s");
        }
    }
}
