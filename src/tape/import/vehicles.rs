//! Whose lines they are: a VIN for each name that a log or its file has for a vehicle.

use std::collections::BTreeMap;
use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use super::map::VehicleMap;
use crate::base::Vin;

/// What VINs of names begin with when the map does not say: no maker has it.
const PREFIX: &str = "ZZLG";
/// The digits of names that do not fit a VIN; no I, O, Q.
const DIGITS: &[u8] = b"0123456789ABCDEFGHJKLMNPRSTUVWXYZ";

/// The vehicles of a log.
#[derive(Debug, Default)]
pub(super) struct Vehicles {
    prefix: String,
    names: BTreeMap<String, Vin>,
    vins: BTreeMap<Vin, String>,
}

impl Vehicles {
    /// Vehicles that are named as a map says.
    ///
    /// # Errors
    /// What is wrong with the map.
    pub(super) fn of(map: &VehicleMap) -> Result<Self, String> {
        let ways = [map.vin.is_some(), map.column.is_some(), map.file];
        if ways.iter().filter(|way| **way).count() != 1 {
            return Err("vehicle: expected one of vin = \"…\", column = \"…\" or file = true".to_owned());
        }
        let prefix = map.prefix.clone().unwrap_or_else(|| PREFIX.to_owned());
        let padded = format!("{prefix:0<17}");
        if prefix.len() > 8 || padded.parse::<Vin>().is_err() {
            return Err(format!(
                "vehicle.prefix: expected up to 8 of A-Z and 0-9 without I, O and Q, found {prefix:?}"
            ));
        }
        Ok(Self { prefix, ..Self::default() })
    }

    /// The VIN of a name: the name itself where it is one, else one that is made of it, always the same.
    ///
    /// # Errors
    /// The other name that already has this VIN.
    pub(super) fn vin(&mut self, name: &str) -> Result<Vin, String> {
        if let Some(vin) = self.names.get(name) {
            return Ok(*vin);
        }
        let vin = name.parse().or_else(|_| self.made_of(name).parse()).map_err(|error| format!("{name:?}: {error}"))?;
        if let Some(other) = self.vins.insert(vin, name.to_owned()) {
            return Err(format!("{other:?} and {name:?} would both be {vin}; rename one, or give VINs"));
        }
        self.names.insert(name.to_owned(), vin);
        Ok(vin)
    }

    fn made_of(&self, name: &str) -> String {
        let room = 17 - self.prefix.len();
        let letter = |c: char| match c.to_ascii_uppercase() {
            'I' => '1',
            'O' | 'Q' => '0',
            other => other,
        };
        let clean: String = name.chars().filter(char::is_ascii_alphanumeric).map(letter).collect();
        // Names in other letters, and long ones, would lose what tells them apart.
        let clean = if name.is_ascii() && (1..=room).contains(&clean.len()) { clean } else { digest(name, room) };
        format!("{}{clean:0>room$}", self.prefix)
    }
}

fn digest(name: &str, room: usize) -> String {
    let mut hasher = SipHasher13::new();
    hasher.write(name.as_bytes());
    let mut hash = hasher.finish();
    let digit = || {
        let digit = DIGITS[(hash % DIGITS.len() as u64) as usize];
        hash /= DIGITS.len() as u64;
        char::from(digit)
    };
    std::iter::repeat_with(digit).take(room).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vehicles(prefix: Option<&str>) -> Vehicles {
        Vehicles::of(&VehicleMap { file: true, prefix: prefix.map(ToOwned::to_owned), ..VehicleMap::default() })
            .unwrap()
    }

    #[test]
    fn names_become_vins_that_can_be_recognised() {
        let mut vehicles = vehicles(Some("EBKE"));
        for (name, vin) in [
            ("trip_1", "EBKE00000000TR1P1"),
            ("trip_12", "EBKE0000000TR1P12"),
            ("LZLEMTA20T0000001", "LZLEMTA20T0000001"),
        ] {
            assert_eq!(vehicles.vin(name).unwrap().as_str(), vin, "{name}");
            assert_eq!(vehicles.vin(name).unwrap().as_str(), vin, "{name} again");
        }
        let strange = vehicles.vin("渝A·12345").unwrap();
        assert_ne!(vehicles.vin("渝B·12345").unwrap(), strange);
        assert!(vehicles.vin("TRIP-1").unwrap_err().contains("\"trip_1\" and \"TRIP-1\""));
    }

    #[test]
    fn a_map_names_vehicles_in_one_way() {
        let of = |map: VehicleMap| Vehicles::of(&map).map(drop).unwrap_err();
        assert!(of(VehicleMap::default()).contains("file = true"));
        assert!(
            of(VehicleMap { file: true, column: Some("a".to_owned()), ..VehicleMap::default() }).contains("one of")
        );
        let prefix = Some("ebike".to_owned());
        assert!(of(VehicleMap { file: true, prefix, ..VehicleMap::default() }).contains("prefix"));
    }
}
