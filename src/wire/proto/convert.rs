//! What vehicles say from and into the compact format.

use prost::Message as _;
use smallvec::SmallVec;

use super::fields::{Batch, Battery, Event, Kind, Link, Member, Motion, Near, Position, Reply, Report, State};
use super::{quick, writer};
use crate::base::units::{
    Amps, Celsius, Dbm, Degrees, Gravities, Kiloohms, Metres, MetresPerSecond, Percent, Volts, nearest_whole,
};
use crate::base::{LatLon, PackId, Timestamp, Vin};
use crate::model::report::{MAX_CELLS, MAX_PROBES};
use crate::model::{self, EventKind, Item, Outcome, Presence, Stamp};
use crate::wire::batch;
use crate::wire::message::{Message, VERSION};
use crate::wire::rejection::Rejection;
use crate::wire::report::{CHEMISTRIES, FIXES, MODES};
use crate::wire::topic::Channel;

/// Units in one of a field whose name ends in `_e3`, and of one that ends in `_e7`.
const E3: f64 = 1e3;
const E7: f64 = 1e7;

/// Events and outcomes with their names, in the order of their numbers from 1.
const EVENTS: [(EventKind, &str); 8] = [
    (EventKind::Lock, "lock"),
    (EventKind::Unlock, "unlock"),
    (EventKind::Vibration, "vibration"),
    (EventKind::Lift, "lift"),
    (EventKind::Fall, "fall"),
    (EventKind::PowerCut, "power_cut"),
    (EventKind::PowerRestored, "power_restored"),
    (EventKind::EndOfLife, "end_of_life"),
];
const OUTCOMES: [(Outcome, &str); 3] =
    [(Outcome::Done, "done"), (Outcome::RefusedMoving, "refused_moving"), (Outcome::Expired, "expired")];

/// A number in units of its field.
#[inline]
fn units(value: f64, per_one: f64) -> i64 {
    nearest_whole(value * per_one)
}

#[inline]
pub(super) fn e3(value: f64) -> i64 {
    units(value, E3)
}

/// A coordinate; what no coordinate can be becomes one that is turned away.
#[inline]
pub(super) fn e7(degrees: f64) -> i32 {
    i32::try_from(units(degrees, E7)).unwrap_or(i32::MAX)
}

/// The number of a field whose name ends in `_e3`.
#[inline]
pub(super) fn of_e3(units: i64) -> f64 {
    units as f64 / E3
}

#[inline]
pub(super) fn place(lat_e7: i32, lon_e7: i32) -> LatLon {
    LatLon { lat: f64::from(lat_e7) / E7, lon: f64::from(lon_e7) / E7 }
}

/// The number of a word: its place in the list, from 1.
#[inline]
pub(super) fn number_of<T: PartialEq>(words: &[(T, &str)], wanted: &T) -> i32 {
    words.iter().position(|(value, _)| value == wanted).map_or(0, |at| at as i32 + 1)
}

#[inline]
pub(super) fn word_of<T: Copy>(words: &[(T, &str)], number: i32) -> Result<T, Rejection> {
    let at = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    at.and_then(|at| words.get(at)).map(|(value, _)| *value).ok_or(Rejection::Schema)
}

fn small<T: TryFrom<u32>>(number: u32) -> Result<T, Rejection> {
    T::try_from(number).map_err(|_| Rejection::Schema)
}

/// Writes a message.
pub(in crate::wire) fn write(message: &Message, buffer: &mut Vec<u8>) {
    let written = match message {
        Message::Report(report) => return write_report(report, buffer),
        Message::Event(event) => Event::of(event).encode(buffer),
        Message::Reply(reply) => Reply::of(reply).encode(buffer),
        Message::Presence(presence) => State::of(presence).encode(buffer),
        Message::Batch(batch, _) => Batch::of(batch).encode(buffer),
    };
    debug_assert!(written.is_ok(), "a vector has always room");
}

/// Writes a report.
pub(in crate::wire) fn write_report(report: &model::Report, buffer: &mut Vec<u8>) {
    writer::write(report, buffer);
}

/// Reads a message of a channel; its ranges are not yet checked, but for those of the members of a batch.
pub(in crate::wire) fn read(channel: Channel, payload: &[u8]) -> Result<Message, Rejection> {
    match channel {
        Channel::Report => report(payload),
        Channel::Event => taken::<Event>(payload)?.event().map(Message::Event),
        Channel::State => taken::<State>(payload)?.presence().map(Message::Presence),
        Channel::Reply => taken::<Reply>(payload)?.reply().map(Message::Reply),
        Channel::Batch => taken::<Batch>(payload)?.batch(),
    }
}

fn report(payload: &[u8]) -> Result<Message, Rejection> {
    match quick::read(payload) {
        Some(message) => Ok(message),
        None => taken::<Report>(payload)?.report().map(Message::Report),
    }
}

fn taken<T: prost::Message + Default>(payload: &[u8]) -> Result<T, Rejection> {
    T::decode(payload).map_err(|_| Rejection::Malformed)
}

/// The head of a message whose version is ours.
fn stamp(v: u32, vin: &str, boot: u32, seq: u32, ts_ms: i64) -> Result<Stamp, Rejection> {
    Ok(Stamp { vin: name(v, vin)?, boot, seq, time: Timestamp(ts_ms) })
}

fn name(v: u32, vin: &str) -> Result<Vin, Rejection> {
    if v != VERSION {
        return Err(Rejection::Version);
    }
    vin.parse().map_err(|_| Rejection::Schema)
}

impl Report {
    pub(super) fn of(report: &model::Report) -> Self {
        let model::Report { stamp, mode, locked, key_near, position, motion, battery, link, air } = report;
        let Stamp { vin, boot, seq, time } = *stamp;
        let model::Motion { wheel, vibration, tilt, odometer } = *motion;
        Self {
            v: VERSION,
            vin: vin.to_string(),
            boot,
            seq,
            ts_ms: time.0,
            mode: number_of(&MODES, mode),
            locked: *locked,
            key_near: *key_near,
            position: position.as_ref().map(Position::of),
            motion: Some(Motion {
                wheel_mps_e3: e3(wheel.0),
                vibration_g_e3: e3(vibration.0),
                tilt_deg_e3: e3(tilt.0),
                odo_m_e3: e3(odometer.0),
            }),
            battery: battery.as_ref().map(Battery::of),
            link: Some(Link::of(link)),
            air_c_e3: air.map(|air| e3(air.0)),
        }
    }

    pub(super) fn report(self) -> Result<model::Report, Rejection> {
        let stamp = stamp(self.v, &self.vin, self.boot, self.seq, self.ts_ms)?;
        let motion = self.motion.ok_or(Rejection::Schema)?;
        Ok(model::Report {
            stamp,
            mode: word_of(&MODES, self.mode)?,
            locked: self.locked,
            key_near: self.key_near,
            position: self.position.map(Position::position).transpose()?,
            motion: model::Motion {
                wheel: MetresPerSecond(of_e3(motion.wheel_mps_e3)),
                vibration: Gravities(of_e3(motion.vibration_g_e3)),
                tilt: Degrees(of_e3(motion.tilt_deg_e3)),
                odometer: Metres(of_e3(motion.odo_m_e3)),
            },
            battery: self.battery.map(Battery::battery).transpose()?,
            link: self.link.ok_or(Rejection::Schema)?.link(),
            air: self.air_c_e3.map(|air| Celsius(of_e3(air))),
        })
    }
}

impl Position {
    fn of(position: &model::Position) -> Self {
        let model::Position { fix, at, altitude, speed, heading, satellites, hdop } = position;
        Self {
            fix: number_of(&FIXES, fix),
            lat_deg_e7: e7(at.lat),
            lon_deg_e7: e7(at.lon),
            alt_m_e3: e3(altitude.0),
            speed_mps_e3: e3(speed.0),
            heading_deg_e3: e3(heading.0),
            sats: (*satellites).into(),
            hdop_e3: e3(*hdop),
        }
    }

    fn position(self) -> Result<model::Position, Rejection> {
        Ok(model::Position {
            fix: word_of(&FIXES, self.fix)?,
            at: place(self.lat_deg_e7, self.lon_deg_e7),
            altitude: Metres(of_e3(self.alt_m_e3)),
            speed: MetresPerSecond(of_e3(self.speed_mps_e3)),
            heading: Degrees(of_e3(self.heading_deg_e3)),
            satellites: small(self.sats)?,
            hdop: of_e3(self.hdop_e3),
        })
    }
}

impl Battery {
    fn of(battery: &model::Battery) -> Self {
        let model::Battery { pack, chemistry, soc, soh, voltage, current, cells_mv, probes, insulation, alarm_level } =
            battery;
        Self {
            pack: pack.to_string(),
            chemistry: number_of(&CHEMISTRIES, chemistry),
            soc_pct_e3: e3(soc.0),
            soh_pct_e3: e3(soh.0),
            pack_v_e3: e3(voltage.0),
            pack_a_e3: e3(current.0),
            cells_mv: cells_mv.iter().map(|cell| u32::from(*cell)).collect(),
            temps_c_e3: probes.iter().map(|probe| e3(probe.0)).collect(),
            insulation_kohm_e3: e3(insulation.0),
            alarm_level: (*alarm_level).into(),
        }
    }

    fn battery(self) -> Result<model::Battery, Rejection> {
        if self.cells_mv.len() > MAX_CELLS || self.temps_c_e3.len() > MAX_PROBES {
            return Err(Rejection::Schema);
        }
        let cells: Result<SmallVec<_>, _> = self.cells_mv.into_iter().map(small).collect();
        Ok(model::Battery {
            pack: PackId::from(&self.pack).map_err(|_| Rejection::Schema)?,
            chemistry: word_of(&CHEMISTRIES, self.chemistry)?,
            soc: Percent(of_e3(self.soc_pct_e3)),
            soh: Percent(of_e3(self.soh_pct_e3)),
            voltage: Volts(of_e3(self.pack_v_e3)),
            current: Amps(of_e3(self.pack_a_e3)),
            cells_mv: cells?,
            probes: self.temps_c_e3.into_iter().map(|probe| Celsius(of_e3(probe))).collect(),
            insulation: Kiloohms(of_e3(self.insulation_kohm_e3)),
            alarm_level: small(self.alarm_level)?,
        })
    }
}

impl Link {
    fn of(link: &model::Link) -> Self {
        let model::Link { rsrp, cell, backup_power, backup, near } = link;
        Self {
            rsrp_dbm_e3: e3(rsrp.0),
            cell: *cell,
            backup_power: *backup_power,
            backup_pct_e3: backup.map(|backup| e3(backup.0)),
            near: near.map(|model::Near { at, radius }| Near {
                lat_deg_e7: e7(at.lat),
                lon_deg_e7: e7(at.lon),
                radius_m_e3: e3(radius.0),
            }),
        }
    }

    fn link(self) -> model::Link {
        model::Link {
            rsrp: Dbm(of_e3(self.rsrp_dbm_e3)),
            cell: self.cell,
            backup_power: self.backup_power,
            backup: self.backup_pct_e3.map(|backup| Percent(of_e3(backup))),
            near: self.near.map(|near| model::Near {
                at: place(near.lat_deg_e7, near.lon_deg_e7),
                radius: Metres(of_e3(near.radius_m_e3)),
            }),
        }
    }
}

impl Event {
    fn of(event: &model::Event) -> Self {
        let model::Event { stamp: Stamp { vin, boot, seq, time }, kind } = *event;
        Self { v: VERSION, vin: vin.to_string(), boot, seq, ts_ms: time.0, kind: number_of(&EVENTS, &kind) }
    }

    fn event(&self) -> Result<model::Event, Rejection> {
        let stamp = stamp(self.v, &self.vin, self.boot, self.seq, self.ts_ms)?;
        Ok(model::Event { stamp, kind: word_of(&EVENTS, self.kind)? })
    }
}

impl Reply {
    fn of(reply: &model::Reply) -> Self {
        let model::Reply { stamp: Stamp { vin, boot, seq, time }, id, outcome } = reply;
        let (vin, ts_ms, outcome) = (vin.to_string(), time.0, number_of(&OUTCOMES, outcome));
        Self { v: VERSION, vin, boot: *boot, seq: *seq, ts_ms, id: id.clone(), outcome }
    }

    fn reply(self) -> Result<model::Reply, Rejection> {
        let stamp = stamp(self.v, &self.vin, self.boot, self.seq, self.ts_ms)?;
        Ok(model::Reply { stamp, id: self.id, outcome: word_of(&OUTCOMES, self.outcome)? })
    }
}

impl State {
    fn of(presence: &Presence) -> Self {
        let Presence { vin, online, boot, seq, time } = *presence;
        Self { v: VERSION, vin: vin.to_string(), online, boot, seq, ts_ms: time.map(|time| time.0) }
    }

    fn presence(&self) -> Result<Presence, Rejection> {
        let Self { v, vin, online, boot, seq, ts_ms } = self;
        Ok(Presence { vin: name(*v, vin)?, online: *online, boot: *boot, seq: *seq, time: ts_ms.map(Timestamp) })
    }
}

impl Batch {
    fn of(batch: &model::Batch) -> Self {
        let member = |item: &Item| Member {
            kind: Some(match item {
                Item::Report(report) => Kind::Report(Report::of(report)),
                Item::Event(event) => Kind::Event(Event::of(event)),
                Item::Reply(reply) => Kind::Reply(Reply::of(reply)),
            }),
        };
        Self { v: VERSION, vin: batch.vin.to_string(), items: batch.items.iter().map(member).collect() }
    }

    fn batch(self) -> Result<Message, Rejection> {
        let vin = name(self.v, &self.vin)?;
        let members = self.items.into_iter().map(|member| match member.kind {
            Some(Kind::Report(report)) => report.report().map(Item::Report),
            Some(Kind::Event(event)) => event.event().map(Item::Event),
            Some(Kind::Reply(reply)) => reply.reply().map(Item::Reply),
            None => Err(Rejection::Schema),
        });
        let (batch, refused) = batch::gather(vin, members)?;
        Ok(Message::Batch(batch, refused))
    }
}
