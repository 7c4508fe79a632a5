//! Identifiers: vehicles (VIN), packs and alerts.

use std::fmt;
use std::hash::Hasher;

use arrayvec::ArrayString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use siphasher::sip128::{Hasher128, SipHasher13};

/// Why a text is not a VIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a VIN has 17 of A-Z and 0-9 without I, O and Q")]
pub struct VinError;

/// A vehicle identification number in the form of ISO 3779: 17 characters of `A-Z0-9` without I, O, Q, upper case.
///
/// The check digit is not enforced: only some countries use it, and e-bikes often carry none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vin([u8; 17]);

impl Vin {
    /// The number as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only ASCII gets in, through `from_bytes`.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The number as ASCII.
    #[must_use]
    #[inline]
    pub fn as_bytes(&self) -> &[u8; 17] {
        &self.0
    }

    /// Checks and takes the bytes of a VIN.
    ///
    /// # Errors
    /// [`VinError`] when length or alphabet are wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, VinError> {
        let array: [u8; 17] = bytes.try_into().map_err(|_| VinError)?;
        // All of them without a branch: nearly all numbers are sound.
        let sound = array.iter().fold(true, |sound, byte| sound & ALLOWED[usize::from(*byte)]);
        if sound { Ok(Self(array)) } else { Err(VinError) }
    }

    /// A VIN with its check digit (position 9, after GB 16735 and 49 CFR 565) computed from the other 16 characters.
    ///
    /// # Errors
    /// [`VinError`] when length or alphabet are wrong.
    pub fn with_check_digit(text: &str) -> Result<Self, VinError> {
        const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
        let mut vin = Self::from_bytes(text.as_bytes())?;
        let sum: u32 = vin.0.iter().zip(WEIGHTS).map(|(byte, weight)| transliterate(*byte) * weight).sum();
        vin.0[8] = b"0123456789X"[(sum % 11) as usize];
        Ok(vin)
    }
}

/// Which bytes a VIN is made of.
const ALLOWED: [bool; 256] = {
    let mut allowed = [false; 256];
    let mut byte = 0_u8;
    while byte < b'Z' {
        byte += 1;
        let letter = byte.is_ascii_uppercase() && !matches!(byte, b'I' | b'O' | b'Q');
        allowed[byte as usize] = byte.is_ascii_digit() || letter;
    }
    allowed
};

/// The value of a VIN character in its check sum.
fn transliterate(byte: u8) -> u32 {
    let value = match byte {
        b'0'..=b'9' => byte - b'0',
        b'A'..=b'H' => byte - b'A' + 1,
        b'J'..=b'R' => byte - b'J' + 1,
        b'S'..=b'Z' => byte - b'S' + 2,
        _ => 0,
    };
    u32::from(value)
}

impl std::str::FromStr for Vin {
    type Err = VinError;
    fn from_str(text: &str) -> Result<Self, VinError> {
        Self::from_bytes(text.as_bytes())
    }
}

impl fmt::Display for Vin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Vin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Vin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Vin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Vin;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{VinError}")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vin, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

/// The number on a battery pack, up to 24 bytes. A pack keeps it when it is moved to another vehicle.
pub type PackId = ArrayString<24>;

/// The name of an alert: the same vehicle, rule and start of the episode always give the same one, so that replays,
/// restarts and several collectors agree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertId(u128);

impl AlertId {
    /// The id of the episode of `rule` that began at `episode` (device time) on `vin`.
    #[must_use]
    pub fn new(vin: Vin, rule: &str, episode: super::Timestamp) -> Self {
        let mut hasher = SipHasher13::new();
        hasher.write(&vin.0);
        hasher.write(rule.as_bytes());
        hasher.write(&episode.0.to_le_bytes());
        Self(hasher.finish128().as_u128())
    }
}

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl std::str::FromStr for AlertId {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let well_formed = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let value = u128::from_str_radix(text, 16).ok().filter(|_| well_formed);
        value.map(Self).ok_or("an alert id has 32 hexadecimal digits")
    }
}

impl Serialize for AlertId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AlertId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;

    #[test]
    fn check_digits_match_the_published_example() {
        // The worked example of 49 CFR 565: 1M8GDM9A_KP042788 has the check digit X.
        assert_eq!(Vin::with_check_digit("1M8GDM9A0KP042788").unwrap().as_str(), "1M8GDM9AXKP042788");
    }

    #[test]
    fn what_is_no_vin_is_refused() {
        for text in ["", "LZL", "LZLEMTA27T000000I", "lzlemta27t0000001", "LZLEMTA27T00000011", "LZLEMTA27T00000é"] {
            assert!(text.parse::<Vin>().is_err(), "{text}");
        }
    }

    #[test]
    fn alert_ids_are_stable_and_distinct() {
        let vin = "LZLEMTA27T0000001".parse().unwrap();
        let id = AlertId::new(vin, "theft.tow", Timestamp(1_780_000_000_000));
        assert_eq!(id, id.to_string().parse().unwrap());
        assert_ne!(id, AlertId::new(vin, "theft.tow", Timestamp(1_780_000_000_001)));
        assert_ne!(id, AlertId::new(vin, "theft.jam", Timestamp(1_780_000_000_000)));
    }
}
