//! Thefts, step by step. Habits behind the numbers: thieves need seconds to lift, a minute to find the van, minutes to
//! strip; durations are assumed.

use super::conditions::{CARRIED, Conditions, LAID, LAID_IN_VAN, ON_VAN, RIDDEN_SHAKE_G, USUAL};
use super::parameter::{Key, Values};
use super::script::Exchanged;
use super::script::Mover::{Thief, Van, Walker};
use super::script::Step::{self, Become, Clone, End, Exchange, Move, Say, Wait};
use crate::base::PackId;
use crate::base::geodesy::Flat;
use crate::base::rng::Stream;
use crate::model::EventKind::{Lift, PowerCut, PowerRestored, Vibration};

/// The pack is out; the tracker lives on its backup cell.
pub(super) const WITHOUT_PACK: Conditions = Conditions { pack_gone: true, power_cut: true, ..USUAL };

/// Lifted onto a van and driven away.
#[must_use]
pub fn tow(values: &Values) -> Vec<Step> {
    vec![Say(Lift), Become(ON_VAN), Move(Van, values.get(Key::Distance)), Become(USUAL), End]
}

/// Lifted, carried round the corner, laid into a van and driven away.
pub fn carry_off(values: &Values, stream: &mut Stream) -> Vec<Step> {
    vec![
        Say(Lift),
        Become(CARRIED),
        Move(Walker, stream.between(80.0, 250.0)),
        Wait(stream.between(20.0, 60.0)),
        Become(LAID_IN_VAN),
        Move(Van, values.get(Key::Distance)),
        Become(USUAL),
        End,
    ]
}

/// Hot-wired and ridden away: the lock says closed, the wheel turns.
pub fn ride_away(values: &Values, stream: &mut Stream) -> Vec<Step> {
    vec![
        Say(Vibration),
        Wait(stream.between(10.0, 40.0)),
        Become(Conditions { wheel_turns: true, shake_g: RIDDEN_SHAKE_G, ..USUAL }),
        Move(Thief, values.get(Key::Distance)),
        Become(USUAL),
        End,
    ]
}

/// The pack is taken out and away; the vehicle stays.
pub fn pack_theft(stream: &mut Stream) -> Vec<Step> {
    vec![Say(Vibration), Wait(stream.between(10.0, 60.0)), Say(PowerCut), Become(WITHOUT_PACK), Wait(900.0), End]
}

/// The pack is taken out and a worn one of another maker put in; the lock stays closed.
pub fn pack_swap(values: &Values, stream: &mut Stream) -> Vec<Step> {
    let number = stream.index(100_000_000);
    let new = Exchanged {
        id: PackId::from(&format!("BT{number:08}")).unwrap_or_default(),
        capacity: values.get32(Key::Capacity),
        resistance: values.get32(Key::Resistance),
    };
    vec![
        Say(Vibration),
        Wait(stream.between(10.0, 60.0)),
        Say(PowerCut),
        Become(WITHOUT_PACK),
        Wait(stream.between(60.0, 180.0)),
        Exchange(new),
        Become(USUAL),
        Say(PowerRestored),
        Wait(60.0),
        End,
    ]
}

/// The wires to the tracker are cut, and later mended.
#[must_use]
pub fn power_cut(values: &Values) -> Vec<Step> {
    vec![
        Say(PowerCut),
        Become(Conditions { power_cut: true, ..USUAL }),
        Wait(values.get(Key::Lasts)),
        Say(PowerRestored),
        Become(USUAL),
        End,
    ]
}

/// A jammer silences satellites and network; what was said meanwhile comes when it is switched off.
pub fn jam(values: &Values, stream: &mut Stream) -> Vec<Step> {
    vec![
        Become(Conditions { sky_hidden: true, offline: true, ..ON_VAN }),
        Wait(stream.between(10.0, 40.0)),
        Move(Van, values.get(Key::Distance)),
        Become(Conditions { sky_hidden: true, offline: true, ..USUAL }),
        Wait(values.get(Key::Lasts)),
        Become(USUAL),
        End,
    ]
}

/// The receiver is made to believe that it still stands `at` the old place.
#[must_use]
pub fn spoof(values: &Values, at: Flat) -> Vec<Step> {
    let under_way = Conditions { spoofed_at: Some(at), ..ON_VAN };
    let hidden = Conditions { spoofed_at: Some(at), ..USUAL };
    let (metres, hidden_s) = (values.get(Key::Distance), values.get(Key::Lasts));
    vec![Say(Lift), Become(under_way), Move(Van, metres), Become(hidden), Wait(hidden_s), End]
}

/// A second device speaks in the vehicle's name.
#[must_use]
pub fn clone(values: &Values) -> Vec<Step> {
    vec![Clone(values.get(Key::Distance)), Wait(values.get(Key::Lasts)), End]
}

/// Somebody shakes the lock, twice, and goes away; sometimes it is knocked over and lies there for a while.
pub fn tamper(values: &Values, stream: &mut Stream) -> Vec<Step> {
    const KNOCKED_OVER: f64 = 0.3;
    let shaken = Become(Conditions { shake_g: 0.3, tilt_deg: 15.0, ..USUAL });
    let mut steps = Vec::new();
    for _ in 0..2 {
        steps.extend([Say(Vibration), shaken, Wait(values.get(Key::Lasts)), Become(USUAL), Wait(30.0)]);
    }
    if stream.chance(KNOCKED_OVER) {
        steps.extend([Become(LAID), End, Wait(stream.between(600.0, 2400.0))]);
    } else {
        steps.push(End);
    }
    steps
}

/// Driven away, laid on its side, and its pack taken out at a second place.
pub fn strip(values: &Values, stream: &mut Stream) -> Vec<Step> {
    vec![
        Say(Lift),
        Become(ON_VAN),
        Move(Van, values.get(Key::Distance)),
        Become(Conditions { shake_g: 0.2, ..USUAL }),
        Wait(stream.between(60.0, 300.0)),
        Say(PowerCut),
        Become(Conditions { shake_g: 0.2, tilt_deg: LAID.tilt_deg, ..WITHOUT_PACK }),
        Wait(stream.between(300.0, 1200.0)),
        Become(Conditions { tilt_deg: LAID.tilt_deg, ..WITHOUT_PACK }),
        End,
    ]
}
