//! What a vehicle says reaches the network, or waits: its modem, its backup cell, and failed base stations around it.

use super::body::Vehicle;
use crate::base::Timestamp;
use crate::model::{Event, EventKind, Incident, Item, Kind, Link, Near, Stamp};
use crate::sim::modem::{Backlog, Heard, Surroundings};
use crate::sim::output::Output;
use crate::sim::setting::Setting;

/// Lost in a tunnel, and between high houses beside what shadowing explains, dB (**assumed**).
const TUNNEL_DB: f64 = 15.0;
const CANYON_DB: f64 = 5.0;

/// What only vehicles without a network need.
#[derive(Debug, Clone, Default)]
pub(super) struct Cut {
    /// Said meanwhile.
    backlog: Backlog,
    /// The outage that it noticed, by its number.
    outage: Option<(usize, Incident)>,
}

impl Vehicle {
    /// Numbers a message by the device's clock.
    pub(super) fn stamp(&mut self, now: Timestamp) -> Stamp {
        self.modem.stamp(self.vin, now, self.conditions().clock_skew_ms)
    }

    /// Says a happening, unless nothing gives it the power to.
    pub(super) fn say(&mut self, kind: EventKind, now: Timestamp, out: &mut Vec<Output>) {
        if self.has_power() {
            let stamp = self.stamp(now);
            out.push(Output::Event(Event { stamp, kind }));
        }
    }

    /// Whether its tracker runs: on the pack, or on what is left of its backup cell.
    pub(super) fn has_power(&self) -> bool {
        !self.conditions().power_cut || !self.modem.is_exhausted()
    }

    /// Whether what it says reaches anybody.
    pub(super) fn is_online(&self) -> bool {
        self.modem.service.is_registered() && !self.conditions().offline && self.has_power()
    }

    /// When something that its modem sends at `now` reaches the network.
    pub fn transmit(&mut self, setting: &Setting, now: Timestamp) -> Timestamp {
        self.modem.transmit(&setting.scenario.link, now)
    }

    /// Takes the time since the last wake-up from the backup cell, or charges it.
    pub(super) fn feed_modem(&mut self, setting: &Setting, now: Timestamp) {
        let seconds = now.seconds_since(self.advanced);
        if seconds > 0.0 {
            self.modem.feed(&setting.scenario.report, now, seconds, self.conditions().power_cut);
        }
    }

    /// Listens for the network when it is about to say something or things may have changed.
    pub(super) fn listen(&mut self, setting: &Setting, now: Timestamp, out: &mut Vec<Output>) {
        if self.modem.next_wake() > now && self.is_online() {
            return;
        }
        let mut silenced = None;
        let heard = if self.conditions().offline || !self.has_power() {
            self.modem.service.hear_nothing();
            false
        } else {
            let loss_db = match (self.pose.underground || self.conditions().underground, self.pose.canyon) {
                (true, _) => TUNNEL_DB,
                (false, true) => CANYON_DB,
                (false, false) => 0.0,
            };
            let around = Surroundings { at: self.pose.at, loss_db };
            let outages = &setting.outages;
            let heard = self.modem.hear(&setting.place.coverage, around, now, |one| outages.of(one, now).is_some());
            if let Heard::Failed(station) = heard {
                silenced = outages.of(station, now);
            }
            heard == Heard::Station
        };
        self.note_outage(setting, silenced, now, out);
        if let Some(reachable) = self.modem.settle(now, heard, setting.outages.next_change(now)) {
            out.push(Output::Network(reachable));
        }
    }

    /// Tells the truth about a failed base station, once for each outage that cuts it off.
    fn note_outage(&mut self, setting: &Setting, silenced: Option<usize>, now: Timestamp, out: &mut Vec<Output>) {
        if let Some(cut) = &mut self.cut
            && cut.outage.as_ref().is_some_and(|(outage, _)| setting.outages.all()[*outage].end <= now)
            && let Some((_, incident)) = cut.outage.take()
        {
            out.push(Output::IncidentEnded(Incident { end: Some(now), ..incident }));
        }
        let Some(outage) = silenced else { return };
        let cut = self.cut.get_or_insert_default();
        if cut.outage.is_none() {
            let id = setting.outages.incident_id(outage, self.number);
            let from = setting.place.frame.globe(self.pose.at).quantised();
            let kind = Kind::CellOutage;
            let incident = Incident {
                id,
                vin: self.vin,
                kind,
                start: now,
                end: None,
                moved: None,
                severity: 0,
                parameters: setting.outages.all()[outage].told(),
                from,
                to: None,
            };
            out.push(Output::IncidentBegan(incident.clone()));
            cut.outage = Some((outage, incident));
        }
    }

    /// Without a network, keeps what was just said; with one again, sends first what was kept.
    pub(super) fn hold_back(&mut self, first: usize, out: &mut Vec<Output>) {
        if self.is_online() {
            let Some(cut) = &mut self.cut else { return };
            let backlog = std::mem::take(&mut cut.backlog);
            // An outage goes on although another station has taken over.
            if cut.outage.is_none() {
                self.cut = None;
            }
            let said = out.split_off(first);
            out.extend(backlog.into_batches(self.vin).map(Output::Backlog));
            out.extend(said);
            return;
        }
        if out.len() == first {
            return;
        }
        let said = out.split_off(first);
        for output in said {
            let item = match output {
                Output::Report(report) => Item::Report(report),
                Output::Event(event) => Item::Event(event),
                Output::Reply(reply) => Item::Reply(reply),
                Output::Backlog(_) | Output::Network(_) | Output::IncidentBegan(_) | Output::IncidentEnded(_) => {
                    out.push(output);
                    continue;
                }
            };
            self.cut.get_or_insert_default().backlog.put(item);
        }
    }

    /// Ends the outage that still goes on, at the end of the run.
    pub fn hang_up(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        if let Some((_, incident)) = self.cut.as_mut().and_then(|cut| cut.outage.take()) {
            out.push(Output::IncidentEnded(Incident { end: Some(now), ..incident }));
        }
    }

    /// What it says of its link; `fixed`: whether it knows where it is.
    pub(super) fn link(&self, setting: &Setting, fixed: bool) -> Link {
        let service = &self.modem.service;
        let station = service.station().map(|number| &setting.place.coverage.stations()[usize::from(number)]);
        let tells = !fixed && !self.conditions().position_withheld && self.is_online();
        let near = station.filter(|_| tells).map(|station| Near {
            at: setting.place.frame.globe(station.at).quantised(),
            radius: station.size.radius(),
        });
        Link {
            rsrp: service.strength(),
            cell: station.map_or(0, |station| station.id),
            backup_power: self.conditions().power_cut,
            backup: self.conditions().power_cut.then(|| self.modem.backup_left()),
            near,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::incident::Conditions;
    use crate::sim::{Catalogue, Place, Scenario};

    #[test]
    fn a_tracker_without_power_says_nothing_and_has_nothing_to_tell_later() {
        let place = Place::parse(include_str!("../../../config/place/chongqing.toml")).unwrap();
        let catalogue = Catalogue::parse(include_str!("../../../config/catalogue.toml")).unwrap();
        let scenario = Scenario::parse("vehicles = 1\nduration = \"30d\"\n").unwrap();
        let setting = Setting::new(scenario, place, &catalogue, Timestamp(1_780_000_000_000)).unwrap();
        let mut vehicle = Vehicle::build(0, &setting);
        let mut out = Vec::new();
        let mut live = |vehicle: &mut Vehicle, until_days: f64| {
            let until = setting.begin.plus_seconds(until_days * 86_400.0);
            while vehicle.next_wake() <= until {
                let now = vehicle.next_wake();
                vehicle.wake(&setting, now, &mut out);
            }
            let said = out.drain(..).filter(|output| !matches!(output, Output::Network(_)));
            said.collect::<Vec<_>>()
        };
        live(&mut vehicle, 0.5);
        vehicle.unusual = Some(Box::new(Conditions { power_cut: true, ..Conditions::USUAL }));
        assert!(live(&mut vehicle, 2.0).len() > 100, "it lives on its cell");
        live(&mut vehicle, 14.0);
        assert!(vehicle.modem.is_exhausted() && !vehicle.has_power());
        let stamp = vehicle.stamp(setting.begin);
        assert!(live(&mut vehicle, 16.0).is_empty(), "it is silent");
        assert!(vehicle.cut.is_none(), "nothing waits: {:?}", vehicle.cut);
        vehicle.unusual = None;
        let said = live(&mut vehicle, 17.0);
        let first = said.iter().find_map(|output| match output {
            Output::Backlog(batch) => batch.items.first().map(|item| item.stamp().seq),
            Output::Report(report) => Some(report.stamp.seq),
            Output::Event(event) => Some(event.stamp.seq),
            Output::Reply(_) | Output::Network(_) | Output::IncidentBegan(_) | Output::IncidentEnded(_) => None,
        });
        assert_eq!(first, Some(stamp.seq + 1), "no number was used meanwhile");
        assert!(vehicle.modem.backup_left().0 > 90.0, "the pack fills its cell");
    }
}
