//! Sentences of a receiver as NMEA 0183 writes them: for users who feed another program with them.

use crate::base::Timestamp;
use crate::model::Position;

/// Who talks: the first two letters of a sentence of a BeiDou receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Talker {
    /// As the Chinese standard for BeiDou modules says.
    Bd,
    /// As NMEA 4.1 says.
    Gb,
}

impl Talker {
    fn letters(self) -> &'static str {
        match self {
            Self::Bd => "BD",
            Self::Gb => "GB",
        }
    }
}

/// Knots in one metre per second.
const KNOTS: f64 = 3600.0 / 1852.0;

/// GGA (fix) and RMC (motion and date) of a position, without line ends.
#[must_use]
pub fn nmea(talker: Talker, position: &Position, time: Timestamp) -> [String; 2] {
    // Years outside four digits cannot be written; a device would say its epoch.
    let utc = jiff::Timestamp::from_millisecond(time.0).unwrap_or_default();
    let clock = utc.strftime("%H%M%S%.3f").to_string();
    let (lat, lon) = (angle(position.at.lat, 2, ["N", "S"]), angle(position.at.lon, 3, ["E", "W"]));
    let letters = talker.letters();
    let gga = format!(
        "{letters}GGA,{clock},{lat},{lon},1,{:02},{:.1},{:.1},M,0.0,M,,",
        position.satellites, position.hdop, position.altitude.0
    );
    let rmc = format!(
        "{letters}RMC,{clock},A,{lat},{lon},{:.2},{:.2},{},,,A",
        position.speed.0 * KNOTS,
        position.heading.0,
        utc.strftime("%d%m%y")
    );
    [sentence(&gga), sentence(&rmc)]
}

/// Sum of a sentence between `$` and `*`: all its bytes in exclusive or.
#[must_use]
pub fn checksum(body: &str) -> u8 {
    body.bytes().fold(0, |sum, byte| sum ^ byte)
}

fn sentence(body: &str) -> String {
    format!("${body}*{:02X}", checksum(body))
}

/// Degrees and minutes in one number, and the hemisphere. A ten-thousandth of a minute is 19 cm.
fn angle(degrees: f64, digits: usize, hemispheres: [&str; 2]) -> String {
    // Rounded first, so that 59.99999 minutes do not become 60.
    let parts = (degrees.abs() * 600_000.0).round() as u64;
    let (whole, minutes) = (parts / 600_000, parts % 600_000);
    let hemisphere = hemispheres[usize::from(degrees < 0.0)];
    format!("{whole:0digits$}{:02}.{:04},{hemisphere}", minutes / 10_000, minutes % 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::LatLon;
    use crate::base::units::{Degrees, Metres, MetresPerSecond};
    use crate::model::Fix;

    #[test]
    fn sentences_are_written_as_the_standard_says() {
        let position = Position {
            fix: Fix::ThreeD,
            at: LatLon { lat: 29.56, lon: 106.573_3 },
            altitude: Metres(251.3),
            speed: MetresPerSecond(5.0),
            heading: Degrees(87.5),
            satellites: 9,
            hdop: 1.0,
        };
        let time = Timestamp::parse("2026-06-01T06:07:08.250+08:00").unwrap();
        let [gga, rmc] = nmea(Talker::Bd, &position, time);
        assert_eq!(gga, "$BDGGA,220708.250,2933.6000,N,10634.3980,E,1,09,1.0,251.3,M,0.0,M,,*77");
        assert_eq!(rmc, "$BDRMC,220708.250,A,2933.6000,N,10634.3980,E,9.72,87.50,310526,,,A*4D");
        assert!(nmea(Talker::Gb, &position, time)[0].starts_with("$GBGGA,"));
    }

    #[test]
    fn minutes_never_reach_sixty() {
        assert_eq!(angle(-6.999_999_999, 2, ["N", "S"]), "0700.0000,S");
        assert_eq!(angle(0.5, 3, ["E", "W"]), "00030.0000,E");
    }
}
