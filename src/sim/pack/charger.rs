//! Chargers, and what the management lets in and out.

use super::fault::Trouble;
use super::state::{Flow, Interval, Pack, Spec};
use super::thermal;
use crate::base::units::Amps;
use crate::model::Chemistry;

/// What a charger at home gives at most, of the capacity in an hour; fast packs have their fast charger elsewhere.
const HOME_CHARGER_C: f64 = 0.35;
/// Current, of the capacity in an hour, at which a charger that holds its voltage ends.
const END_C: f64 = 0.03;
/// Charge moved in one part of charging, of the capacity, and how long a part may be, s.
const PART: f64 = 0.01;
const PART_S: (f64, f64) = (5.0, 60.0);
/// From so far below its limit temperature the current is lowered, K.
const DERATING_K: f64 = 5.0;
/// What the fullest cell may exceed the charger's voltage by, V.
const CELL_MARGIN_V: f64 = 0.03;
/// SOC above which there is no regeneration, and above which cells are balanced.
const REGEN_SOC: f64 = 0.95;
const BALANCE_SOC: f64 = 0.9;
/// Usable charge from which a controller limps home, what it leaves of the power when nothing is left, and the charge at
/// which it stops (all assumed).
const LIMP_SOC: f64 = 0.15;
const LIMP_SHARE: f64 = 0.3;
const EMPTY_SOC: f64 = 0.02;

const NOTHING: Flow = Flow { current: 0.0, stored: 0.0, gassing: 0.0, balances: false };

/// A kind of charger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charger {
    /// The one that comes with the vehicle: slow.
    Home,
    /// The one that gives what the chemistry's stages and the pack's `charge_a` allow.
    Fast,
}

/// What the faults make of charging and protection.
#[derive(Debug, Clone, Copy)]
struct Abuse {
    /// By which share the charger exceeds its voltage, and its current.
    over: f64,
    stronger: f64,
    load: f64,
    protected: bool,
    /// Of a lead-acid pack that runs away: current that only heats, A.
    gassing: f64,
}

impl Pack {
    /// Passes an interval on a charger, with constant current first and constant voltage then; returns the current at
    /// its end. Nothing flows into a full pack, a hot one, or a cold one that must not be charged below 0 °C.
    pub fn charge(&mut self, spec: Spec, charger: Charger, interval: Interval) -> Amps {
        let mut left = interval.seconds;
        while left > 0.0 {
            let limit = self.charge_limit(spec, charger);
            let seconds = if self.full {
                left
            } else {
                let part = PART * 3600.0 * spec.layout.capacity_ah / limit.max(1e-3);
                part.clamp(PART_S.0, PART_S.1).min(left)
            };
            let flow = if self.full { NOTHING } else { self.inflow(spec, limit, seconds) };
            left -= seconds;
            let until = interval.until.plus_seconds(-left);
            self.pass(spec, flow, Interval { until, seconds, ..interval });
        }
        Amps(self.current)
    }

    /// Takes it off its charger.
    pub fn unplug(&mut self) {
        self.current = 0.0;
    }

    /// Most that the charger and the management allow before the voltage limits it, A.
    fn charge_limit(&self, spec: Spec, charger: Charger) -> f64 {
        let (layout, cell, abuse) = (spec.layout, spec.cell, self.abuse());
        let rate = match charger {
            Charger::Home => HOME_CHARGER_C,
            Charger::Fast => {
                let stage = cell.fast_stages.iter().find(|(up_to, _)| self.soc() < *up_to);
                stage.or(cell.fast_stages.last()).map_or(HOME_CHARGER_C, |(_, rate)| *rate)
            }
        };
        let given = layout.charge_a.0.min(rate * layout.capacity_ah) * (1.0 + abuse.stronger);
        let cold = self.temperature < 0.0 && !cell.charges_below_zero;
        let cool = ((cell.charge_limit.0 - self.temperature) / DERATING_K).clamp(0.0, 1.0);
        match (abuse.protected, cold) {
            (false, _) => given,
            (true, true) => 0.0,
            (true, false) => given * cool,
        }
    }

    /// What flows in during the next `seconds`, at most `limit` amperes; notes when the charger ends.
    fn inflow(&mut self, spec: Spec, limit: f64, seconds: f64) -> Flow {
        let abuse = self.abuse();
        let accepted = self.acceptance(spec, seconds, abuse).max(0.0);
        let useful = accepted.min(limit);
        let end = if abuse.protected { END_C } else { END_C / 3.0 } * spec.layout.capacity_ah;
        let gassing = if accepted < limit { abuse.gassing.min(limit - useful) } else { 0.0 };
        let filled = abuse.protected && self.true_soc() >= 1.0;
        // A lead-acid pack that runs away never lets the current fall so far that its charger ends.
        if abuse.gassing <= 0.0 && (accepted < end || filled) {
            self.full = true;
            return NOTHING;
        }
        let balances = self.true_soc() > BALANCE_SOC && spec.cell.balance_a.0 > 0.0;
        Flow { current: useful, stored: useful * spec.cell.charge_efficiency, gassing, balances }
    }

    /// The current after which, `seconds` later, the pack has just the voltage of its charger, and no cell more than
    /// the management allows: the RC pair and the rising charge are solved for the end of the interval, so that the
    /// current cannot swing.
    fn acceptance(&self, spec: Spec, seconds: f64, abuse: Abuse) -> f64 {
        let series = self.cells.len() as f64;
        let hold = spec.layout.charge_v * (1.0 + abuse.over) / series;
        let mean = self.reaches(spec, self.true_soc(), hold, seconds);
        if abuse.protected && spec.layout.chemistry != Chemistry::Vrla {
            mean.min(self.reaches(spec, self.extremes().1, hold + CELL_MARGIN_V, seconds))
        } else {
            mean
        }
    }

    /// The current that brings a cell at `soc` to `volts` in `seconds`.
    fn reaches(&self, spec: Spec, soc: f64, volts: f64, seconds: f64) -> f64 {
        let (point, resistance) = (spec.cell.at(soc), self.resistance(spec));
        let stored = spec.cell.charge_efficiency * seconds / 3600.0 / self.capacity_ah(spec);
        // Near the end the resistance climbs faster than the voltage: take it where the present current leads.
        let end = spec.cell.at(soc + self.remembered.max(0.0) * stored);
        let (ohmic, pair) = (resistance.ohmic * end.r0, resistance.pair * end.r1 * end.charge);
        let keep = (-seconds / spec.layout.tau_s).exp();
        let rise = point.slope * stored;
        (volts - point.ocv - self.remembered * keep * pair) / (ohmic + (1.0 - keep) * pair + rise)
    }

    /// Most that braking may charge now: nothing into a pack that is nearly full or below 0 °C, nor into lead-acid.
    #[must_use]
    pub fn regen_limit(&self, spec: Spec) -> Amps {
        if self.soc() > REGEN_SOC || self.temperature < 0.0 { Amps(0.0) } else { spec.cell.regen_a }
    }

    /// The current at which the pack delivers `watts` once its RC pairs have settled, within what the management allows:
    /// its limit, and less when it is nearly empty, cold included.
    #[must_use]
    pub fn discharge_current(&self, spec: Spec, watts: f64) -> Amps {
        let abuse = self.abuse();
        let (volts, ohms) = self.source(spec);
        let strongest = volts * volts - 4.0 * ohms * watts;
        let asked = abuse.load * (volts - strongest.max(0.0).sqrt()) / (2.0 * ohms);
        Amps(if abuse.protected { -asked.min(self.discharge_limit(spec)) } else { -asked })
    }

    /// The current that braking with `watts` gives back, within [`Pack::regen_limit`].
    #[must_use]
    pub fn regen_current(&self, spec: Spec, watts: f64) -> Amps {
        let limit = self.regen_limit(spec).0;
        Amps(if limit > 0.0 { (watts / self.open_circuit(spec)).min(limit) } else { 0.0 })
    }

    /// Most that braking may put in now, W.
    #[must_use]
    pub fn regen_power(&self, spec: Spec) -> f64 {
        let limit = self.regen_limit(spec).0;
        if limit > 0.0 { limit * self.open_circuit(spec) } else { 0.0 }
    }

    /// The power that a rider can count on, W: what the management lets out, less from the charge down at which the
    /// vehicle limps home, nothing from an empty pack. Cold counts twice: it raises the resistance and freezes charge.
    #[must_use]
    pub fn drive_power(&self, spec: Spec) -> f64 {
        let usable = self.usable_soc(spec);
        if usable <= EMPTY_SOC {
            return 0.0;
        }
        let (volts, ohms) = self.source(spec);
        let amps = self.discharge_limit(spec).min(volts / (2.0 * ohms));
        let limp = LIMP_SHARE + (1.0 - LIMP_SHARE) * (usable / LIMP_SOC);
        amps * (volts - amps * ohms) * limp.min(1.0)
    }

    /// Most that the management lets out, A: its limit, and less when the emptiest cell comes near the cut-off.
    fn discharge_limit(&self, spec: Spec) -> f64 {
        if self.true_soc() <= thermal::frozen_share(spec.cell, self.temperature) {
            return 0.0;
        }
        let (layout, resistance) = (spec.layout, self.resistance(spec));
        let lowest = spec.cell.at(self.extremes().0);
        let ohms = resistance.ohmic * lowest.r0 + resistance.pair * lowest.r1;
        let until_cut_off = (lowest.ocv - layout.cutoff_v / self.cells.len() as f64) / ohms;
        layout.discharge_a.0.min(until_cut_off.max(0.0))
    }

    /// Open-circuit voltage of the pack, V, and its resistance once the RC pairs have settled, Ω.
    fn source(&self, spec: Spec) -> (f64, f64) {
        let series = self.cells.len() as f64;
        let (point, resistance) = (spec.cell.at(self.true_soc()), self.resistance(spec));
        let ohms = series * (resistance.ohmic * point.r0 + resistance.pair * point.r1);
        ((series * point.ocv).max(0.1), ohms)
    }

    /// Open-circuit voltage of the pack, V.
    fn open_circuit(&self, spec: Spec) -> f64 {
        (self.cells.len() as f64 * spec.cell.open_circuit(self.true_soc()).0).max(0.1)
    }

    fn abuse(&self) -> Abuse {
        let mut abuse = Abuse { over: 0.0, stronger: 0.0, load: 1.0, protected: true, gassing: 0.0 };
        for struck in &self.troubles {
            if let Trouble::WrongCharger { over } = struck.fault.what {
                (abuse.over, abuse.stronger) = (over.into(), over.into());
                abuse.protected = false;
            } else if let Trouble::Overcharge { over } = struck.fault.what {
                abuse.over = over.into();
                abuse.protected = false;
            } else if let Trouble::Unprotected { load } = struck.fault.what {
                abuse.load = load.into();
                abuse.protected = false;
            } else if let Trouble::LeadRunaway { amps } = struck.fault.what {
                abuse.gassing = f64::from(amps) * ((self.temperature - 25.0) / 10.0).exp2();
                // Chargers for lead-acid do not ask how warm the pack is.
                abuse.protected = false;
            }
        }
        abuse
    }
}
