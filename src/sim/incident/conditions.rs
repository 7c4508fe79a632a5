//! What is different about a vehicle while something befalls it.

use crate::base::geodesy::Flat;

/// What is different about a vehicle while something befalls it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a condition of its own; any mixture occurs")]
pub struct Conditions {
    /// The owner's key is near although nobody rides.
    pub key_near: bool,
    /// No satellites: a roof, or a jammer.
    pub sky_hidden: bool,
    /// The receiver is refused to everybody: the owner has withdrawn consent.
    pub position_withheld: bool,
    /// Added to what the receiver says: another datum, metres.
    pub datum_shift: Flat,
    /// The receiver is made to believe that it has not moved.
    pub spoofed_at: Option<Flat>,
    /// More error than the place explains, deviation in metres.
    pub drift_m: f64,
    /// No network: what is said waits in the modem.
    pub offline: bool,
    /// The pack gives no power: the modem lives on its backup cell.
    pub power_cut: bool,
    /// The pack is gone.
    pub pack_gone: bool,
    /// The battery management does not answer.
    pub bms_silent: bool,
    /// The wheel turns with the movement although nobody rides.
    pub wheel_turns: bool,
    /// Root mean square of the shaking, g; 0 for what the movement explains.
    pub shake_g: f64,
    /// Angle from the upright, degrees; 0 for how it usually stands.
    pub tilt_deg: f64,
    /// How far the device's clock is off, milliseconds.
    pub clock_skew_ms: i64,
}

impl Conditions {
    /// Nothing is different.
    pub const USUAL: Self = Self {
        key_near: false,
        sky_hidden: false,
        position_withheld: false,
        datum_shift: Flat { east: 0.0, north: 0.0 },
        spoofed_at: None,
        drift_m: 0.0,
        offline: false,
        power_cut: false,
        pack_gone: false,
        bms_silent: false,
        wheel_turns: false,
        shake_g: 0.0,
        tilt_deg: 0.0,
        clock_skew_ms: 0,
    };
}
