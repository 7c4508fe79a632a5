//! Movement along a way: how somebody drives ([`Style`]), short pieces of constant acceleration ([`Leg`]), what they cost
//! at the wheel ([`Effort`]), and the way itself ([`Journey`]). Legs are drawn when the one before ends, never when somebody looks, so that what happens does
//! not depend on how often it is asked for; in between, position is the closed-form integral of speed.
//!
//! Deliberately absent: other traffic. Vehicles report every few seconds, which shows no car-following.

pub mod effort;
pub mod leg;
pub mod style;
pub mod planner;
pub mod journey;

pub use effort::{Effort, Resistance};
pub use journey::{Journey, Pose};
pub use leg::Leg;
pub use style::Style;
