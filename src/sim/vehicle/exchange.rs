//! Packs that are exchanged at stations. A courier is a member with two packs: the one given up is charged and kept for
//! this member, and comes back at the next exchange with its id and its history. So no two vehicles share anything that
//! changes, and a fleet lives the same life in any number of shards.

use super::body::{Vehicle, spec};
use crate::base::rng::Stream;
use crate::base::units::Celsius;
use crate::base::{PackId, Timestamp};
use crate::sim::pack::{Charger, Interval, Pack};
use crate::sim::place::StationKind;
use crate::sim::setting::Setting;
use crate::sim::streets::Spot;

/// How long an exchange takes, seconds (assumed).
const DWELL_S: (f64, f64) = (60.0, 130.0);
/// What the cabinets keep, °C (assumed).
const CABINET: Celsius = Celsius(25.0);
/// A pack in a cabinet is offered after so long, seconds (assumed).
const READY_S: f64 = 5400.0;

/// What a member of a swap network has besides the pack in the vehicle.
#[derive(Debug, Clone)]
pub(super) struct Membership {
    /// As it was when it was put into the cabinet; charged when it is taken out.
    spare: Pack,
    given: Timestamp,
    /// The rider stands beside the open vehicle until then.
    attended_until: Timestamp,
}

impl Vehicle {
    /// Makes its rider a member of the place's swap network, if there is one.
    pub(super) fn join_swap_network(&mut self, setting: &Setting, stream: &mut Stream) {
        if setting.place.nearest_station(StationKind::Swap, self.pose.at).is_none() {
            return;
        }
        let id = format!("{}-{:07}B", setting.packs[self.layout].0, self.number);
        let id = PackId::from(&id).unwrap_or_default();
        let mut spare = Pack::build(id, spec(setting, self.layout), CABINET, stream);
        spare.fill(spec(setting, self.layout));
        let given = setting.begin.plus_seconds(-READY_S);
        self.membership = Some(Box::new(Membership { spare, given, attended_until: given }));
    }

    /// Puts another pack of the same layout in and returns the one that was there. Both must be brought forward to the
    /// same moment.
    pub(super) fn mount(&mut self, pack: Pack) -> Pack {
        std::mem::replace(&mut self.pack, pack)
    }

    /// The nearest station where a charged pack waits for it; none while something befalls it, because a cabinet
    /// refuses packs that it does not trust.
    pub(super) fn waiting_pack(&self, setting: &Setting, now: Timestamp) -> Option<Spot> {
        let member = self.membership.as_ref().filter(|member| now.seconds_since(member.given) > READY_S)?;
        if self.fate.is_some() || now < member.attended_until {
            return None;
        }
        setting.place.nearest_station(StationKind::Swap, self.pose.at).map(Spot::of)
    }

    /// At a station: takes the pack that waits, if it is the fuller one, and stays a minute or two.
    pub(super) fn exchange_packs(&mut self, setting: &Setting, now: Timestamp) {
        let dwell_s = self.trips.between(DWELL_S.0, DWELL_S.1);
        self.trip.departs = now.plus_seconds(dwell_s);
        let Some(mut member) = self.membership.take() else { return };
        let spec = spec(setting, self.layout);
        let seconds = now.seconds_since(member.given);
        member.spare.charge(spec, Charger::Fast, Interval { until: now, seconds, ambient: CABINET });
        if member.spare.usable_soc(spec) > self.pack.usable_soc(spec) {
            member.spare.unplug();
            member.spare = self.mount(member.spare);
        }
        (member.given, member.attended_until) = (now, self.trip.departs.plus_seconds(1.0));
        self.membership = Some(member);
    }

    /// Whether its rider stands beside it with the lock open, exchanging packs.
    pub(super) fn is_attended(&self, now: Timestamp) -> bool {
        self.fate.is_none() && self.membership.as_ref().is_some_and(|member| now < member.attended_until)
    }
}
