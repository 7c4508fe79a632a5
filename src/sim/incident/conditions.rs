//! What is different about a vehicle while something befalls it.

use crate::base::geodesy::Flat;

/// What is different about a vehicle while something befalls it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a condition of its own; any mixture occurs")]
pub struct Conditions {
    /// The owner's key is near although nobody rides.
    pub key_near: bool,
    /// The lock is open although nobody rides.
    pub unlocked: bool,
    /// No satellites: a roof, or a jammer.
    pub sky_hidden: bool,
    /// In a tunnel: no satellites and a weak network.
    pub underground: bool,
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
    /// Air of the place where it stands, °C, where that is colder than the weather.
    pub air_c: Option<f32>,
    /// Drawn by something left on, A.
    pub draw_a: f32,
    /// How far the device's clock is off, milliseconds.
    pub clock_skew_ms: i64,
}

impl Conditions {
    /// Nothing is different.
    pub const USUAL: Self = Self {
        key_near: false,
        unlocked: false,
        sky_hidden: false,
        underground: false,
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
        air_c: None,
        draw_a: 0.0,
        clock_skew_ms: 0,
    };
}

/// Nothing is different.
pub const USUAL: Conditions = Conditions::USUAL;

// Shaking and tilt below reproduce what an accelerometer showed (share of samples beyond 0.22 g, largest tilt):
// pedalling 1.4 % and 4°, lifted to a rack 2.6 % and 38°, lifted into a car and driven 0.9 % and 16°, laid on its side
// 0 % and 74°. Shares follow from the root mean square if samples are taken for normal (assumed);
// `tests/it/inertial.rs` measures them.

/// Shaking of a ridden vehicle, g.
pub const RIDDEN_SHAKE_G: f64 = 0.0834;
/// Lean of a ridden vehicle, degrees.
pub const RIDDEN_LEAN_DEG: f64 = 2.0;

/// On a van, leaning against its wall.
pub const ON_VAN: Conditions = Conditions { tilt_deg: 14.0, shake_g: 0.0776, ..USUAL };
/// In somebody's arms.
pub const CARRIED: Conditions = Conditions { tilt_deg: 36.0, shake_g: 0.0935, ..USUAL };
/// Lying in a van.
pub const LAID_IN_VAN: Conditions = Conditions { tilt_deg: LAID.tilt_deg, ..ON_VAN };
/// Lying on its side.
pub const LAID: Conditions = Conditions { tilt_deg: 72.5, ..USUAL };
