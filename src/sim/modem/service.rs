//! Whether there is a network: which station serves, how strongly it is heard, and how long it takes to register again.

use crate::base::Timestamp;
use crate::base::geodesy::Flat;
use crate::base::rng::Stream;
use crate::base::units::Dbm;
use crate::sim::place::Coverage;

/// Weaker than this the network is lost (published: usable down to about −120 dBm, "none" from −115 to −120).
const LOST_DBM: f64 = -118.0;
/// It is found again when it is stronger by this much, dB (**assumed**).
const FOUND_DB: f64 = 3.0;
/// What a modem says at most and at least.
const SAID_DBM: (f64, f64) = (-125.0, -50.0);
/// Another station takes over when it is stronger by this much, dB (3 dB is usual).
const HANDOVER_DB: f64 = 3.0;
/// Deviation of what differs between two vehicles at one place: how it stands, who walks past, dB (**assumed**).
const LUCK_DB: f64 = 3.5;
/// Distance (published for shadowing: 50 m) and time (**assumed**) over which that changes altogether.
const LUCK_M: f64 = 50.0;
const LUCK_S: f64 = 600.0;
/// One and a half keep-alives of 60 s: so long after the last packet a broker takes a connection for dead.
const UNNOTICED_S: f64 = 90.0;
/// To register takes so long, seconds (**assumed**: cell search, attach, address).
const REGISTER_S: (f64, f64) = (2.0, 6.0);
/// The longer there was no network, the more rarely a modem looks for one: after up to a tenth of that time, but at
/// least once in so many seconds (**assumed**).
const SEARCH_SHARE: f64 = 0.1;
const SEARCH_S: f64 = 60.0;

/// Where the modem is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Surroundings {
    /// Point in the place's frame.
    pub at: Flat,
    /// Lost on the way in, beside distance and hills, dB.
    pub loss_db: f64,
}

/// What the modem hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// A station that serves it.
    Station,
    /// None, because this one and all others that could serve have failed.
    Failed(u16),
    /// None.
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    Registered,
    Lost { since: Timestamp },
    Registering { until: Timestamp },
}

/// The modem's standing with the network.
#[derive(Debug, Clone)]
pub struct Service {
    phase: Phase,
    /// When things may change without the vehicle's doing.
    look_at: Timestamp,
    /// Whether the other side of its connection believes it to be there.
    believed: bool,
    /// The serving station; the last one when there is none now.
    station: Option<u16>,
    strength: f32,
    luck: f32,
    listened: (Timestamp, [f32; 2]),
}

impl Service {
    /// Registered for long; `next_change` is when a station fails or comes back.
    #[must_use]
    pub fn start(now: Timestamp, next_change: Timestamp) -> Self {
        Self {
            phase: Phase::Registered,
            look_at: next_change,
            believed: true,
            station: None,
            strength: SAID_DBM.0 as f32,
            luck: 0.0,
            listened: (now, [0.0; 2]),
        }
    }

    /// When it has to be asked again even if nothing is said.
    #[must_use]
    pub fn look_at(&self) -> Timestamp {
        self.look_at
    }

    /// Whether messages pass.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        self.phase == Phase::Registered
    }

    /// The serving station; the last one when there is none now.
    #[must_use]
    pub fn station(&self) -> Option<u16> {
        self.station
    }

    /// How strongly the station is heard.
    #[must_use]
    pub fn strength(&self) -> Dbm {
        Dbm(self.strength.into()).quantised(1.0)
    }

    /// Listens for stations that have not failed.
    pub fn hear(
        &mut self,
        coverage: &Coverage,
        around: Surroundings,
        now: Timestamp,
        failed: impl Fn(u16) -> bool,
        stream: &mut Stream,
    ) -> Heard {
        self.forget(around.at, now, stream);
        let least = if self.is_registered() { LOST_DBM } else { LOST_DBM + FOUND_DB };
        let mut best: Option<(u16, f64)> = None;
        let mut silent = None;
        for (number, strength) in coverage.heard(around.at) {
            let serving = self.station == Some(number);
            let bonus = if serving { HANDOVER_DB + f64::from(self.luck) } else { 0.0 };
            let strength = strength.0 - around.loss_db + bonus;
            if failed(number) {
                silent = silent.or((strength >= least).then_some(number));
            } else if best.is_none_or(|(_, most)| strength > most) {
                best = Some((number, strength));
            }
        }
        let Some((number, mut strength)) = best else {
            self.strength = SAID_DBM.0 as f32;
            return silent.map_or(Heard::Nothing, Heard::Failed);
        };
        if self.station == Some(number) {
            strength -= HANDOVER_DB;
        } else {
            self.station = Some(number);
            self.luck = (LUCK_DB * stream.normal()) as f32;
            strength += f64::from(self.luck);
        }
        self.strength = strength.clamp(SAID_DBM.0, SAID_DBM.1) as f32;
        if strength >= least { Heard::Station } else { silent.map_or(Heard::Nothing, Heard::Failed) }
    }

    /// Lets its luck change with time and place.
    fn forget(&mut self, at: Flat, now: Timestamp, stream: &mut Stream) {
        let (then, [east, north]) = self.listened;
        let metres = at.distance(Flat { east: east.into(), north: north.into() }).0;
        let keep = (-metres / LUCK_M - now.seconds_since(then) / LUCK_S).exp();
        let fresh = LUCK_DB * (1.0 - keep * keep).max(0.0).sqrt() * stream.normal();
        self.luck = (f64::from(self.luck) * keep + fresh) as f32;
        self.listened = (now, [at.east as f32, at.north as f32]);
    }

    /// There is nothing to be heard: a jammer, a garage, no power.
    pub fn hear_nothing(&mut self) {
        self.strength = SAID_DBM.0 as f32;
    }

    /// Draws the consequences. The answer is what the other side of the connection now believes, when that changes.
    pub fn settle(&mut self, now: Timestamp, heard: bool, next_change: Timestamp, stream: &mut Stream) -> Option<bool> {
        self.phase = match (self.phase, heard) {
            (Phase::Lost { since }, true) => {
                let search_s = (now.seconds_since(since) * SEARCH_SHARE).min(SEARCH_S) * stream.unit();
                let until = now.plus_seconds(search_s + stream.between(REGISTER_S.0, REGISTER_S.1));
                Phase::Registering { until }
            }
            (Phase::Registering { until }, true) if until <= now => Phase::Registered,
            (Phase::Registered | Phase::Registering { .. }, false) => Phase::Lost { since: now },
            (phase, _) => phase,
        };
        let (believed, own_change) = match self.phase {
            Phase::Registered => (true, Timestamp::NEVER),
            Phase::Registering { until } => (self.believed, until),
            Phase::Lost { .. } if !self.believed => (false, Timestamp::NEVER),
            Phase::Lost { since } => {
                let noticed = since.plus_seconds(UNNOTICED_S);
                if noticed <= now { (false, Timestamp::NEVER) } else { (true, noticed) }
            }
        };
        self.look_at = own_change.min(next_change);
        let changed = believed != self.believed;
        self.believed = believed;
        changed.then_some(believed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Purpose;
    use crate::sim::place::Place;

    const NEVER: Timestamp = Timestamp::NEVER;

    fn place() -> Place {
        Place::parse(include_str!("../../../config/place/chongqing.toml")).unwrap()
    }

    #[test]
    fn registering_takes_seconds_and_spreads_after_an_outage() {
        let mut waits = Vec::new();
        for vehicle in 0..500 {
            let mut stream = Stream::new(1, vehicle, Purpose::Modem);
            let mut service = Service::start(Timestamp(0), NEVER);
            assert_eq!(service.settle(Timestamp(0), false, NEVER, &mut stream), None, "nobody notices at once");
            assert_eq!(service.look_at(), Timestamp(90_000));
            assert_eq!(service.settle(Timestamp(90_000), false, NEVER, &mut stream), Some(false));
            let back = Timestamp(1_800_000);
            assert_eq!(service.settle(back, true, NEVER, &mut stream), None);
            assert!(!service.is_registered());
            let until = service.look_at();
            assert_eq!(service.settle(until, true, NEVER, &mut stream), Some(true));
            assert!(service.is_registered());
            waits.push(until.seconds_since(back));
        }
        waits.sort_by(f64::total_cmp);
        assert!(waits[0] >= REGISTER_S.0 && waits[499] <= SEARCH_S + REGISTER_S.1);
        assert!(waits[450] - waits[50] > 30.0, "{} to {} s", waits[50], waits[450]);
    }

    #[test]
    fn a_short_hole_goes_unnoticed() {
        let mut stream = Stream::new(1, 1, Purpose::Modem);
        let mut service = Service::start(Timestamp(0), NEVER);
        let changes = [(0, false), (10_000, false), (20_000, true), (31_000, true), (40_000, true)]
            .map(|(at, heard)| service.settle(Timestamp(at), heard, NEVER, &mut stream));
        assert_eq!(changes, [None; 5]);
        assert!(service.is_registered());
    }

    #[test]
    fn a_failed_station_is_told_from_a_hole() {
        let place = place();
        let mut stream = Stream::new(1, 1, Purpose::Modem);
        let station = &place.coverage.stations()[0];
        let mut hear = |loss_db: f64, down: &dyn Fn(u16) -> bool| {
            let mut service = Service::start(Timestamp(0), NEVER);
            let around = Surroundings { at: station.at, loss_db };
            (service.hear(&place.coverage, around, Timestamp(0), down, &mut stream), service.strength())
        };
        let (heard, strength) = hear(0.0, &|_| false);
        assert!(heard == Heard::Station && strength.0 > -90.0, "{heard:?} {strength}");
        assert!(matches!(hear(0.0, &|_| true), (Heard::Failed(_), Dbm(strength)) if strength <= SAID_DBM.0));
        assert_eq!(hear(90.0, &|_| false).0, Heard::Nothing);
        assert_eq!(hear(90.0, &|_| true).0, Heard::Nothing, "it would be too weak all the same");
    }

    #[test]
    fn a_standing_vehicle_keeps_its_station() {
        let place = place();
        let mut stream = Stream::new(1, 1, Purpose::Modem);
        let (mut changes, mut strengths) = (0, Vec::new());
        for node in &place.nodes[..20] {
            let around = Surroundings { at: node.at, loss_db: 0.0 };
            let mut service = Service::start(Timestamp(0), NEVER);
            for minute in 0..200 {
                let before = service.station();
                let now = Timestamp(minute * 60_000);
                assert_eq!(service.hear(&place.coverage, around, now, |_| false, &mut stream), Heard::Station);
                changes += i32::from(service.station() != before);
                strengths.push(service.strength().0);
            }
        }
        println!("{changes} changes");
        assert!(changes < 100, "{changes} changes in 4000 minutes");
        let steps = strengths.windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum::<f64>() / 3999.0;
        assert!((0.3..2.0).contains(&steps), "it wanders by {steps} dB a minute");
    }
}
