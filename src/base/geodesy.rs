//! Positions on the Earth (WGS-84, which CGCS2000 matches within a metre) and the flat frame a city fits into.

use geo::{Distance, Haversine, Point};
use serde::{Deserialize, Serialize};

use super::units::{Degrees, Metres, nearest};

/// Metres in one degree of latitude on the mean sphere that [`LatLon::distance`] uses.
const METRES_PER_DEGREE: f64 = 111_194.926_644_558_73;

/// A WGS-84 position.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct LatLon {
    /// Latitude in degrees, −90 to 90.
    #[serde(rename = "lat_deg")]
    pub lat: f64,
    /// Longitude in degrees, −180 to 180.
    #[serde(rename = "lon_deg")]
    pub lon: f64,
}

impl LatLon {
    /// Great-circle distance (haversine on the mean sphere; within 0.5 % of the ellipsoid).
    #[must_use]
    pub fn distance(self, other: Self) -> Metres {
        Metres(Haversine.distance(Point::new(self.lon, self.lat), Point::new(other.lon, other.lat)))
    }

    /// Whether both coordinates are finite and on the globe.
    #[must_use]
    pub fn is_valid(self) -> bool {
        (-90.0..=90.0).contains(&self.lat) && (-180.0..=180.0).contains(&self.lon)
    }

    /// Rounded to 1e-7 degrees (about 1 cm), the resolution of receivers and of the wire.
    #[must_use]
    pub fn quantised(self) -> Self {
        let round = |degrees: f64| nearest(degrees * 1e7) / 1e7;
        Self { lat: round(self.lat), lon: round(self.lon) }
    }
}

/// A position in eight bytes, to 1e-7 degrees (about 1 cm), for states that are kept by the million.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LatLonE7 {
    lat_e7: i32,
    lon_e7: i32,
}

impl LatLonE7 {
    /// Distance, equirectangular: within 0.1 % up to 50 km, of the right order anywhere, and without trigonometry but
    /// one cosine.
    #[must_use]
    pub fn distance(self, other: Self) -> Metres {
        let (here, there) = (LatLon::from(self), LatLon::from(other));
        let middle = f64::midpoint(here.lat, there.lat).to_radians();
        let degrees_east = once_round(there.lon - here.lon + 540.0) - 180.0;
        let (east, north) = (degrees_east * middle.cos(), there.lat - here.lat);
        Metres((east * east + north * north).sqrt() * METRES_PER_DEGREE)
    }

    /// Not less than [`LatLonE7::distance`], but for rounding, and much more far from the equator or across the date line:
    /// where that is enough to know, it costs a fraction.
    #[must_use]
    pub fn distance_at_most(self, other: Self) -> Metres {
        let (here, there) = (LatLon::from(self), LatLon::from(other));
        let (east, north) = (there.lon - here.lon, there.lat - here.lat);
        Metres((east * east + north * north).sqrt() * METRES_PER_DEGREE)
    }

    /// The point `share` of the way from here to `other`.
    #[must_use]
    pub fn towards(self, other: Self, share: f64) -> Self {
        let step = |from: i32, to: i32| from + nearest(f64::from(to.wrapping_sub(from)) * share) as i32;
        Self { lat_e7: step(self.lat_e7, other.lat_e7), lon_e7: step(self.lon_e7, other.lon_e7) }
    }
}

/// Degrees from 0 to below 1,080 brought below 360: exactly what the remainder is, without a call into the mathematics
/// library.
fn once_round(degrees: f64) -> f64 {
    if degrees >= 720.0 {
        degrees - 720.0
    } else if degrees >= 360.0 {
        degrees - 360.0
    } else {
        degrees
    }
}

impl From<LatLon> for LatLonE7 {
    fn from(at: LatLon) -> Self {
        Self { lat_e7: nearest(at.lat * 1e7) as i32, lon_e7: nearest(at.lon * 1e7) as i32 }
    }
}

impl From<LatLonE7> for LatLon {
    fn from(at: LatLonE7) -> Self {
        Self { lat: f64::from(at.lat_e7) / 1e7, lon: f64::from(at.lon_e7) / 1e7 }
    }
}

/// A point or offset in the flat frame: metres east and north of the frame's origin.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Flat {
    /// Metres to the east.
    pub east: f64,
    /// Metres to the north.
    pub north: f64,
}

impl Flat {
    /// The point `share` of the way from here to `other`.
    #[must_use]
    pub fn towards(self, other: Self, share: f64) -> Self {
        Self {
            east: self.east + (other.east - self.east) * share,
            north: self.north + (other.north - self.north) * share,
        }
    }

    /// Distance to `other`.
    #[must_use]
    pub fn distance(self, other: Self) -> Metres {
        // Not `hypot`, which guards against overflow that metres never reach, at three times the cost.
        let (east, north) = (other.east - self.east, other.north - self.north);
        Metres((east * east + north * north).sqrt())
    }

    /// Compass course from here to `other`, 0 (north) to 360.
    #[must_use]
    pub fn course(self, other: Self) -> Degrees {
        let (east, north) = (other.east - self.east, other.north - self.north);
        Degrees(east.atan2(north).to_degrees().rem_euclid(360.0))
    }
}

impl std::ops::Add for Flat {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { east: self.east + other.east, north: self.north + other.north }
    }
}

impl std::ops::Mul<f64> for Flat {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        Self { east: self.east * factor, north: self.north * factor }
    }
}

/// An equirectangular frame around an origin: exact enough (below 0.1 % in 50 km) for a city, and cheap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    origin: LatLon,
    metres_per_degree_lon: f64,
}

impl Frame {
    /// A frame around `origin`.
    #[must_use]
    pub fn new(origin: LatLon) -> Self {
        Self { origin, metres_per_degree_lon: METRES_PER_DEGREE * origin.lat.to_radians().cos() }
    }

    /// From the globe into the frame.
    #[must_use]
    pub fn flat(&self, at: LatLon) -> Flat {
        Flat {
            east: (at.lon - self.origin.lon) * self.metres_per_degree_lon,
            north: (at.lat - self.origin.lat) * METRES_PER_DEGREE,
        }
    }

    /// From the frame back onto the globe.
    #[must_use]
    pub fn globe(&self, at: Flat) -> LatLon {
        LatLon {
            lat: self.origin.lat + at.north / METRES_PER_DEGREE,
            lon: self.origin.lon + at.east / self.metres_per_degree_lon,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_agrees_with_the_globe() {
        let origin = LatLon { lat: 29.56, lon: 106.57 };
        let frame = Frame::new(origin);
        let there = LatLon { lat: 29.61, lon: 106.66 };
        let flat_m = frame.flat(origin).distance(frame.flat(there)).0;
        assert!((flat_m / origin.distance(there).0 - 1.0).abs() < 1e-3);
        assert!(frame.globe(frame.flat(there)).distance(there).0 < 1e-6);
    }

    #[test]
    fn eight_bytes_are_enough_for_a_position() {
        assert_eq!(size_of::<LatLonE7>(), 8);
        let (here, there) = (LatLon { lat: 29.56, lon: 106.57 }, LatLon { lat: 29.61, lon: 106.66 });
        let (start, goal) = (LatLonE7::from(here), LatLonE7::from(there));
        assert!((start.distance(goal).0 / here.distance(there).0 - 1.0).abs() < 1e-3);
        let middle = start.towards(goal, 0.5);
        assert!((middle.distance(start).0 - middle.distance(goal).0).abs() < 1.0);
        let fiji = LatLonE7::from(LatLon { lat: -17.0, lon: 179.999 });
        assert!(fiji.distance(LatLonE7::from(LatLon { lat: -17.0, lon: -179.999 })).0 < 300.0, "across the date line");
    }

    #[test]
    fn the_cheap_distance_is_never_less() {
        for step in 0..10_000 {
            let at = |number: i32| LatLonE7 {
                lat_e7: (number * 7919) % 900_000_000,
                lon_e7: (number * 104_729) % 1_800_000_000,
            };
            let (here, there) = (at(step), at(step + 1 + step % 3));
            assert!(here.distance_at_most(there).0 >= here.distance(there).0 - 1e-6, "{here:?} {there:?}");
        }
        for degrees in [0.0, 12.5, 359.999, 360.0, 540.0, 719.9, 720.0, 900.25, 1079.0] {
            assert_eq!(once_round(degrees).to_bits(), f64::rem_euclid(degrees, 360.0).to_bits(), "{degrees}");
        }
    }

    #[test]
    fn courses_go_clockwise_from_north() {
        let here = Flat::default();
        assert!((here.course(Flat { east: 1.0, north: 0.0 }).0 - 90.0).abs() < 1e-9);
        assert!((here.course(Flat { east: -1.0, north: 0.0 }).0 - 270.0).abs() < 1e-9);
    }

    #[test]
    fn absurd_coordinates_are_invalid() {
        assert!(!LatLon { lat: f64::NAN, lon: 0.0 }.is_valid());
        assert!(!LatLon { lat: 0.0, lon: 181.0 }.is_valid());
    }
}
