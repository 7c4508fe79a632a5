//! Thefts, step by step. Habits behind the numbers: thieves need seconds to lift, a minute to find the van, minutes to
//! strip; durations are assumed.

use super::conditions::Conditions;
use super::script::Mover::{Thief, Van, Walker};
use super::script::Step::{self, Become, End, Move, Say, Wait};
use crate::base::geodesy::Flat;
use crate::base::rng::Stream;
use crate::model::EventKind::{Lift, PowerCut, PowerRestored, Vibration};

const USUAL: Conditions = Conditions::USUAL;
/// On a van, leaning against its wall.
const ON_VAN: Conditions = Conditions { tilt_deg: 12.0, shake_g: 0.05, ..USUAL };
const WITHOUT_PACK: Conditions = Conditions { pack_gone: true, power_cut: true, ..USUAL };

/// Lifted onto a van and driven away.
#[must_use]
pub fn tow(metres: f64) -> Vec<Step> {
    vec![Say(Lift), Become(ON_VAN), Move(Van, metres), Become(USUAL), End]
}

/// Lifted, carried round the corner, laid into a van and driven away.
pub fn carry_off(metres: f64, stream: &mut Stream) -> Vec<Step> {
    vec![
        Say(Lift),
        Become(Conditions { tilt_deg: 35.0, shake_g: 0.1, ..USUAL }),
        Move(Walker, stream.between(80.0, 250.0)),
        Wait(stream.between(20.0, 60.0)),
        Become(Conditions { tilt_deg: 70.0, shake_g: 0.05, ..USUAL }),
        Move(Van, metres),
        Become(USUAL),
        End,
    ]
}

/// Hot-wired and ridden away: the lock says closed, the wheel turns.
pub fn ride_away(metres: f64, stream: &mut Stream) -> Vec<Step> {
    vec![
        Say(Vibration),
        Wait(stream.between(10.0, 40.0)),
        Become(Conditions { wheel_turns: true, shake_g: 0.13, ..USUAL }),
        Move(Thief, metres),
        Become(USUAL),
        End,
    ]
}

/// The pack is taken out and away; the vehicle stays.
pub fn pack_theft(stream: &mut Stream) -> Vec<Step> {
    vec![Say(Vibration), Wait(stream.between(10.0, 60.0)), Say(PowerCut), Become(WITHOUT_PACK), Wait(900.0), End]
}

/// The wires to the tracker are cut, and later mended.
pub fn power_cut(stream: &mut Stream) -> Vec<Step> {
    vec![
        Say(PowerCut),
        Become(Conditions { power_cut: true, ..USUAL }),
        Wait(stream.between(600.0, 3600.0)),
        Say(PowerRestored),
        Become(USUAL),
        End,
    ]
}

/// A jammer silences satellites and network; what was said meanwhile comes when it is switched off.
pub fn jam(metres: f64, stream: &mut Stream) -> Vec<Step> {
    vec![
        Become(Conditions { sky_hidden: true, offline: true, ..ON_VAN }),
        Wait(stream.between(10.0, 40.0)),
        Move(Van, metres),
        Wait(stream.between(300.0, 1800.0)),
        Become(USUAL),
        End,
    ]
}

/// The receiver is made to believe that it still stands `at` the old place.
#[must_use]
pub fn spoof(metres: f64, at: Flat) -> Vec<Step> {
    let under_way = Conditions { spoofed_at: Some(at), ..ON_VAN };
    let hidden = Conditions { spoofed_at: Some(at), ..USUAL };
    vec![Say(Lift), Become(under_way), Move(Van, metres), Become(hidden), Wait(1800.0), End]
}

/// Somebody shakes the lock, twice, and goes away.
pub fn tamper(stream: &mut Stream) -> Vec<Step> {
    let shaken = Become(Conditions { shake_g: 0.3, tilt_deg: 15.0, ..USUAL });
    let mut steps = Vec::new();
    for _ in 0..2 {
        steps.extend([Say(Vibration), shaken, Wait(stream.between(20.0, 90.0)), Become(USUAL), Wait(30.0)]);
    }
    steps.push(End);
    steps
}

/// Driven away, and its pack taken out at a second place.
pub fn strip(metres: f64, stream: &mut Stream) -> Vec<Step> {
    vec![
        Say(Lift),
        Become(ON_VAN),
        Move(Van, metres),
        Become(Conditions { shake_g: 0.2, ..USUAL }),
        Wait(stream.between(60.0, 300.0)),
        Say(PowerCut),
        Become(Conditions { shake_g: 0.2, tilt_deg: 74.0, ..WITHOUT_PACK }),
        Wait(stream.between(300.0, 1200.0)),
        Become(Conditions { tilt_deg: 74.0, ..WITHOUT_PACK }),
        End,
    ]
}
