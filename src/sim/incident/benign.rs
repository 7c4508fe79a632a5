//! What only looks like a theft, step by step. Pushing is walking, a ferry is slow, a garage hides sky and network alike;
//! durations are assumed.

use super::conditions::Conditions;
use super::script::Mover::{Ferry, Van, Walker};
use super::script::{Mover, Step};
use crate::base::geodesy::Flat;
use crate::base::rng::Stream;

const USUAL: Conditions = Conditions::USUAL;
const WITH_OWNER: Conditions = Conditions { key_near: true, ..USUAL };
/// GCJ-02 lies about 360 m east and 316 m south of WGS-84 in Chongqing.
const GCJ02_SHIFT: Flat = Flat { east: 360.0, north: -316.0 };

fn during(conditions: Conditions, seconds: f64) -> Vec<Step> {
    vec![Step::Become(conditions), Step::Wait(seconds), Step::Become(USUAL), Step::End]
}

fn moved(conditions: Conditions, mover: Mover, metres: f64) -> Vec<Step> {
    vec![Step::Become(conditions), Step::Move(mover, metres), Step::Become(USUAL), Step::End]
}

/// Reflections make the position wander.
pub fn drift(stream: &mut Stream) -> Vec<Step> {
    let wandering = Conditions { drift_m: stream.between(15.0, 40.0), ..USUAL };
    during(wandering, stream.between(1800.0, 10_800.0))
}

/// Neither sky nor network for hours.
pub fn garage(stream: &mut Stream) -> Vec<Step> {
    during(Conditions { sky_hidden: true, offline: true, ..USUAL }, stream.between(1800.0, 14_400.0))
}

/// Over the river with its owner.
#[must_use]
pub fn ferry(metres: f64) -> Vec<Step> {
    moved(Conditions { shake_g: 0.02, ..WITH_OWNER }, Ferry, metres.min(2500.0))
}

/// Up in a lift with its owner.
pub fn elevator(stream: &mut Stream) -> Vec<Step> {
    let inside = Conditions { sky_hidden: true, offline: true, tilt_deg: 3.0, ..WITH_OWNER };
    during(inside, stream.between(60.0, 240.0))
}

/// Pushed by its owner.
pub fn owner_push(stream: &mut Stream) -> Vec<Step> {
    let pushed = Conditions { wheel_turns: true, shake_g: 0.03, ..WITH_OWNER };
    moved(pushed, Walker, stream.between(60.0, 500.0))
}

/// Taken along in its owner's van.
#[must_use]
pub fn owner_van(metres: f64) -> Vec<Step> {
    moved(Conditions { tilt_deg: 12.0, shake_g: 0.05, ..WITH_OWNER }, Van, metres)
}

/// Positions switched off by its owner.
pub fn consent_off(stream: &mut Stream) -> Vec<Step> {
    during(Conditions { position_withheld: true, ..USUAL }, stream.between(3600.0, 28_800.0))
}

/// Another datum, and nobody is told.
pub fn datum_switch(stream: &mut Stream) -> Vec<Step> {
    during(Conditions { datum_shift: GCJ02_SHIFT, ..USUAL }, stream.between(3600.0, 14_400.0))
}

/// A clock some minutes ahead.
pub fn clock_skew(stream: &mut Stream) -> Vec<Step> {
    let skew_ms = (stream.between(60.0, 240.0) * 1000.0) as i64;
    during(Conditions { clock_skew_ms: skew_ms, ..USUAL }, stream.between(3600.0, 14_400.0))
}

/// Out of the network for hours, and everything is told afterwards.
pub fn late_upload(stream: &mut Stream) -> Vec<Step> {
    during(Conditions { offline: true, ..USUAL }, stream.between(3600.0, 21_600.0))
}
