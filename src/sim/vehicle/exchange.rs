//! Packs that are exchanged at stations. A courier is a member with two packs: the one given up is charged and kept for
//! this member, and comes back at the next exchange with its id and its history. So no two vehicles share anything that
//! changes, and a fleet lives the same life in any number of shards.
//!
//! A pack that a thief leaves behind may be worn. That is a fault of a battery like any other, so the truth tells it as one.

use super::body::{Vehicle, spec};
use crate::base::rng::Stream;
use crate::base::units::Celsius;
use crate::base::{PackId, Timestamp};
use crate::model::{Chemistry, Incident, Kind, Parameter};
use crate::sim::incident::{Exchanged, Key};
use crate::sim::output::Output;
use crate::sim::pack::{Charger, Fault, Interval, Pack, Trouble};
use crate::sim::place::StationKind;
use crate::sim::setting::Setting;
use crate::sim::streets::Spot;

/// How long an exchange takes, seconds (assumed).
const DWELL_S: (f64, f64) = (60.0, 130.0);
/// What the cabinets keep, °C (assumed).
const CABINET: Celsius = Celsius(25.0);
/// A pack in a cabinet is offered after so long, seconds (assumed).
const READY_S: f64 = 5400.0;

/// A pack that is put in with less than this of its nominal capacity is worn: 80 % ends its first use.
const WORN_CAPACITY: f32 = 0.8;

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
        if self.fate.is_some() || self.worn.is_some() || now < member.attended_until {
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

    /// A foreign pack is put in, by a `cause` with a number; if it is worn, that is the beginning of another incident.
    pub(super) fn receive_pack(
        &mut self,
        setting: &Setting,
        new: Exchanged,
        (cause, id): (Kind, u32),
        now: Timestamp,
        stream: &mut Stream,
        out: &mut Vec<Output>,
    ) {
        let spec = spec(setting, self.layout);
        let mut pack = Pack::build(new.id, spec, setting.ambient(now), stream);
        let capacity = new.capacity / pack.soh() as f32;
        pack.strike(spec, Fault { since: now, what: Trouble::Fade { capacity, resistance: new.resistance } });
        self.pack = pack;
        if new.capacity >= WORN_CAPACITY {
            return;
        }
        let sulfated = spec.layout.chemistry == Chemistry::Vrla && new.resistance > 1.0;
        let figures = [(Key::Capacity, new.capacity), (Key::Resistance, new.resistance)];
        let figures = figures.map(|(key, value)| (key.truth().to_owned(), Parameter::Number(f64::from(value))));
        let names = [("pack", new.id.to_string()), ("cause", cause.name().to_owned())];
        let names = names.map(|(key, name)| (key.to_owned(), Parameter::Text(name)));
        let incident = Incident {
            id: setting.outages.worn_id(id),
            vin: self.vin,
            kind: if sulfated { Kind::Sulfation } else { Kind::CapacityFade },
            start: now,
            end: None,
            moved: None,
            severity: 1,
            parameters: figures.into_iter().chain(names).collect(),
            from: setting.place.frame.globe(self.pose.at).quantised(),
            to: None,
        };
        out.push(Output::IncidentBegan(incident.clone()));
        self.worn = Some(Box::new(incident));
    }

    /// A worn pack, if there is one, is gone: taken out, or the run is over.
    pub(super) fn lose_worn_pack(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        if let Some(worn) = self.worn.take() {
            out.push(Output::IncidentEnded(Incident { end: Some(now), ..*worn }));
        }
    }

    /// Whether its rider stands beside it with the lock open, exchanging packs.
    pub(super) fn is_attended(&self, now: Timestamp) -> bool {
        self.fate.is_none() && self.membership.as_ref().is_some_and(|member| now < member.attended_until)
    }
}
