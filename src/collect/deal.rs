//! How a fleet is dealt out to several cores: each vehicle to one, by its name alone, so that whatever is said of it meets
//! the same core. No rule looks at two vehicles, so the alerts are the same for any number of cores; only the roll call asks
//! how the others of a radio cell are doing ([`Core::hear_census`](super::Core::hear_census)).

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use crate::base::Vin;

/// The core, of so many, of a vehicle; `cores` is at least 1.
#[must_use]
pub fn core_of(vin: Vin, cores: usize) -> usize {
    core_of_name(vin.as_str().as_bytes(), cores)
}

/// The core, of so many, of the vehicle that a topic names: the third level of `zl/v1/{vin}/…`. What names none is turned
/// away by whichever core gets it.
#[must_use]
pub fn core_of_topic(topic: &[u8], cores: usize) -> usize {
    if cores == 1 {
        return 0;
    }
    core_of_name(topic.split(|byte| *byte == b'/').nth(2).unwrap_or_default(), cores)
}

fn core_of_name(name: &[u8], cores: usize) -> usize {
    let mut hasher = SipHasher13::new();
    hasher.write(name);
    (hasher.finish() % cores as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vehicle_meets_one_core_by_whatever_channel_and_cores_share_alike() {
        let mut dealt = [0; 3];
        for number in 0..3000 {
            let vin: Vin = format!("ZLDEAL{number:011}").parse().unwrap();
            let core = core_of(vin, 3);
            for channel in ["up/report", "up/event", "up/batch", "up/state"] {
                assert_eq!(core_of_topic(format!("zl/v1/{vin}/{channel}").as_bytes(), 3), core);
            }
            dealt[core] += 1;
        }
        assert!(dealt.iter().all(|share| (900..1100).contains(share)), "{dealt:?}");
        assert_eq!(core_of_topic(b"nonsense", 1), 0);
        assert!(core_of_topic(b"nonsense", 3) < 3);
    }
}
