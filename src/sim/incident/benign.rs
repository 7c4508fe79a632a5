//! What only looks like a theft, step by step. Pushing is walking, a ferry is slow, a garage hides sky and network alike;
//! durations are assumed.

use super::conditions::{Conditions, ON_VAN, USUAL};
use super::parameter::{Key, Values};
use super::script::Mover::{Ferry, Van, Walker};
use super::script::{Exchanged, Mover, Step};
use super::theft::WITHOUT_PACK;
use crate::base::PackId;
use crate::base::geodesy::Flat;
use crate::base::rng::Stream;
use crate::model::EventKind::{Lock, PowerCut, PowerRestored, Unlock};

const WITH_OWNER: Conditions = Conditions { key_near: true, ..USUAL };
/// GCJ-02 lies about 360 m east and 316 m south of WGS-84 in Chongqing.
const GCJ02_SHIFT: Flat = Flat { east: 360.0, north: -316.0 };

fn during(conditions: Conditions, values: &Values) -> Vec<Step> {
    vec![Step::Become(conditions), Step::Wait(values.get(Key::Lasts)), Step::Become(USUAL), Step::End]
}

fn moved(conditions: Conditions, mover: Mover, values: &Values) -> Vec<Step> {
    let metres = values.get(Key::Distance);
    vec![Step::Become(conditions), Step::Move(mover, metres), Step::Become(USUAL), Step::End]
}

/// Reflections make the position wander.
#[must_use]
pub fn drift(values: &Values) -> Vec<Step> {
    during(Conditions { drift_m: values.get(Key::Drift), ..USUAL }, values)
}

/// Neither sky nor network for hours.
#[must_use]
pub fn garage(values: &Values) -> Vec<Step> {
    during(Conditions { sky_hidden: true, offline: true, ..USUAL }, values)
}

/// Held up in a tunnel with its owner: no sky, a weak network.
#[must_use]
pub fn tunnel(values: &Values) -> Vec<Step> {
    during(Conditions { underground: true, unlocked: true, ..WITH_OWNER }, values)
}

/// Over the river with its owner.
#[must_use]
pub fn ferry(values: &Values) -> Vec<Step> {
    moved(Conditions { shake_g: 0.02, ..WITH_OWNER }, Ferry, values)
}

/// Up in a lift with its owner.
#[must_use]
pub fn elevator(values: &Values) -> Vec<Step> {
    during(Conditions { sky_hidden: true, offline: true, tilt_deg: 3.0, ..WITH_OWNER }, values)
}

/// Pushed by its owner.
#[must_use]
pub fn owner_push(values: &Values) -> Vec<Step> {
    moved(Conditions { wheel_turns: true, shake_g: 0.03, ..WITH_OWNER }, Walker, values)
}

/// Taken along in its owner's van: only the key tells it from a tow.
#[must_use]
pub fn owner_van(values: &Values) -> Vec<Step> {
    moved(Conditions { key_near: true, ..ON_VAN }, Van, values)
}

/// Somebody authorised opens the lock, with a key near, and exchanges the pack for a good one of the fleet.
pub fn service_swap(values: &Values, id: u32, layout: &str, stream: &mut Stream) -> Vec<Step> {
    let new = Exchanged {
        id: PackId::from(&format!("{layout}-R{id:06}")).unwrap_or_default(),
        capacity: values.get32(Key::Capacity),
        resistance: 1.0,
    };
    let open = Conditions { unlocked: true, ..WITH_OWNER };
    vec![
        Step::Become(open),
        Step::Say(Unlock),
        Step::Wait(stream.between(20.0, 60.0)),
        Step::Say(PowerCut),
        Step::Become(Conditions { key_near: true, unlocked: true, ..WITHOUT_PACK }),
        Step::Wait(stream.between(60.0, 180.0)),
        Step::Exchange(new),
        Step::Become(open),
        Step::Say(PowerRestored),
        Step::Wait(stream.between(20.0, 60.0)),
        Step::Become(WITH_OWNER),
        Step::Say(Lock),
        Step::Wait(20.0),
        Step::Become(USUAL),
        Step::End,
    ]
}

/// Positions switched off by its owner.
#[must_use]
pub fn consent_off(values: &Values) -> Vec<Step> {
    during(Conditions { position_withheld: true, ..USUAL }, values)
}

/// Another datum, and nobody is told.
#[must_use]
pub fn datum_switch(values: &Values) -> Vec<Step> {
    during(Conditions { datum_shift: GCJ02_SHIFT, ..USUAL }, values)
}

/// A clock some minutes off.
#[must_use]
pub fn clock_skew(values: &Values) -> Vec<Step> {
    let skew_ms = (values.get(Key::ClockOffset) * 1000.0) as i64;
    during(Conditions { clock_skew_ms: skew_ms, ..USUAL }, values)
}

/// Out of the network for hours, and everything is told afterwards.
#[must_use]
pub fn late_upload(values: &Values) -> Vec<Step> {
    during(Conditions { offline: true, ..USUAL }, values)
}
