//! What a message of `bench pub` says of itself, so that whoever receives it can tell its delay and what is missing.

/// Length of the head, bytes; shorter payloads have none.
pub const HEAD: usize = 24;
const MAGIC: &[u8; 4] = b"zlb1";

/// The head of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Which run of the generator.
    pub run: u32,
    /// Which of its vehicles.
    pub vehicle: u32,
    /// Its how many'th message, from 1.
    pub seq: u32,
    /// When it was to be sent, nanoseconds since the Unix epoch.
    pub intended_ns: u64,
}

impl Head {
    /// Writes the head into the begin of a payload, if it has room.
    pub fn write(&self, payload: &mut [u8]) {
        if let Some(head) = payload.get_mut(..HEAD) {
            head[..4].copy_from_slice(MAGIC);
            head[4..8].copy_from_slice(&self.run.to_le_bytes());
            head[8..12].copy_from_slice(&self.vehicle.to_le_bytes());
            head[12..16].copy_from_slice(&self.seq.to_le_bytes());
            head[16..24].copy_from_slice(&self.intended_ns.to_le_bytes());
        }
    }

    /// Reads the head of a payload; `None` when it is none of ours.
    #[must_use]
    pub fn read(payload: &[u8]) -> Option<Self> {
        let rest = payload.strip_prefix(MAGIC)?;
        let word = |at: usize| Some(u32::from_le_bytes(rest.get(at..at + 4)?.try_into().ok()?));
        let intended_ns = u64::from_le_bytes(rest.get(12..20)?.try_into().ok()?);
        Some(Self { run: word(0)?, vehicle: word(4)?, seq: word(8)?, intended_ns })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_survive_the_round_trip() {
        let head = Head { run: 7, vehicle: 8, seq: 9, intended_ns: u64::MAX - 1 };
        let mut payload = [b'.'; 30];
        head.write(&mut payload);
        assert_eq!((Head::read(&payload), payload[29]), (Some(head), b'.'));
        let mut short = [0; HEAD - 1];
        head.write(&mut short);
        assert_eq!((Head::read(&short), Head::read(b"{\"v\":1,\"vin\":\"LZLEMTA20T0000077\"}")), (None, None));
    }
}
