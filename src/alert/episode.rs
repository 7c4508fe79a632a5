//! One episode: an alert, the rules that have seen its case, and when it was cleared.

use super::life::{self, Cause, Signature};
use super::settings::Settings;
use super::window::Window;
use crate::base::{AlertId, Timestamp};
use crate::detect::{Detector, Sight, Signal};
use crate::model::{Alert, AlertState, Family, Kind, Level};

/// A rule that has seen its case in an episode.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Witness {
    kind: Kind,
    /// Device time since which its case has been absent without a break.
    absent_since: Option<Timestamp>,
}

/// The strongest claim of a family: the highest level, then the rule that stands first among the detectors.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim<'a> {
    level: Level,
    rank: usize,
    detector: &'a dyn Detector,
}

impl<'a> Claim<'a> {
    /// The strongest of what the detectors say, each at its place in `signals`.
    pub fn strongest(family: Family, detectors: &'a [Box<dyn Detector>], signals: &[Signal]) -> Option<Self> {
        let claims = detectors.iter().zip(signals).enumerate();
        claims
            .filter_map(|(rank, (detector, signal))| match signal {
                Signal::Present(level) => Some(Self { level: *level, rank, detector: detector.as_ref() }),
                Signal::Absent | Signal::Unknown => None,
            })
            .filter(|claim| claim.detector.kind().family() == family)
            .max_by_key(|claim| (claim.level, std::cmp::Reverse(claim.rank)))
    }

    fn raise(self, sight: Sight<'_>, settings: &Settings) -> Alert {
        let (vin, kind, episode) = (sight.report.stamp.vin, self.detector.kind(), sight.time());
        let finding = self.detector.explain(sight);
        Alert {
            id: AlertId::new(vin, kind.rule(), episode),
            vin,
            kind,
            level: self.level,
            severity: self.level.severity(),
            state: AlertState::Raised,
            episode,
            at: sight.now,
            cleared_at: None,
            snoozed_until: None,
            window: None,
            late: sight.now >= episode + settings.late_after,
            place: sight.report.position.map(|position| position.at),
            why: finding.why,
            evidence: finding.evidence,
            history: Vec::new(),
        }
    }
}

/// One episode of a vehicle and family.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Episode {
    pub alert: Alert,
    witnesses: Vec<Witness>,
    /// Device time at which it was cleared; `None` while it stands.
    gone: Option<Timestamp>,
}

impl Episode {
    /// Begins with a claim.
    pub fn begin(sight: Sight<'_>, claim: Claim<'_>, window: Option<&Window>, settings: &Settings) -> Self {
        let mut alert = claim.raise(sight, settings);
        if let Some(window) = window {
            (alert.state, alert.snoozed_until, alert.window) =
                (AlertState::Suppressed, Some(window.until), Some(window.id));
        }
        life::note(&mut alert, Signature::default());
        Self { alert, witnesses: Vec::new(), gone: None }
    }

    /// Takes an alert over that was told before, with the rule that it names as its only witness.
    pub fn resume(alert: Alert) -> Self {
        let witnesses = vec![Witness { kind: alert.kind, absent_since: None }];
        Self { alert, witnesses, gone: None }
    }

    /// Whether its cause is still there.
    pub fn is_live(&self) -> bool {
        self.alert.state.is_live()
    }

    /// Whether it was cleared so long ago that nothing brings it back.
    pub fn is_over(&self, time: Timestamp, settings: &Settings) -> bool {
        self.gone.is_some_and(|gone| time > gone + settings.reopen_within)
    }

    /// Takes a claim; the answer is whether its alert changed by it. An episode that was cleared comes back only by a rule
    /// that has seen its case before: another rule has another cause.
    pub fn hear(
        &mut self,
        sight: Sight<'_>,
        claim: Claim<'_>,
        order: &[Box<dyn Detector>],
        window: Option<&Window>,
        settings: &Settings,
    ) -> Heard {
        if self.is_live() {
            return if self.grow(sight, claim, order, settings) { Heard::Changed } else { Heard::Nothing };
        }
        let known = self.witnesses.iter().any(|witness| witness.kind == claim.detector.kind());
        if !known || self.is_over(sight.time(), settings) {
            return Heard::Another;
        }
        self.gone = None;
        self.replace(claim.raise(sight, settings));
        let cause = window.map_or(Cause::Back, |window| Cause::Suppress(window.until));
        self.alert.window = window.map(|window| window.id).or(self.alert.window);
        life::step(&mut self.alert, sight.now, cause, Signature::default());
        Heard::Changed
    }

    /// Takes a stronger claim over.
    fn grow(&mut self, sight: Sight<'_>, claim: Claim<'_>, order: &[Box<dyn Detector>], settings: &Settings) -> bool {
        let rank = order.iter().position(|detector| detector.kind() == self.alert.kind).unwrap_or(usize::MAX);
        let grows = claim.level > self.alert.level;
        if !grows && (claim.level < self.alert.level || claim.rank >= rank) {
            return false;
        }
        self.replace(claim.raise(sight, settings));
        if grows {
            life::step(&mut self.alert, sight.now, Cause::Grown, Signature::default());
        }
        true
    }

    /// Says the same of its cause as a newer claim, under its old name and where it is in its life.
    fn replace(&mut self, newer: Alert) {
        let before = &mut self.alert;
        let history = std::mem::take(&mut before.history);
        let (id, episode, state) = (before.id, before.episode, before.state);
        let (cleared_at, snoozed_until, window) = (before.cleared_at, before.snoozed_until, before.window);
        *before = Alert { id, state, episode, cleared_at, snoozed_until, window, history, ..newer };
    }

    /// Hears every rule that has seen something; true when all have been content for long enough, and the alert was cleared
    /// by it.
    pub fn listen(&mut self, sight: Sight<'_>, detectors: &[Box<dyn Detector>], signals: &[Signal]) -> bool {
        let (time, family) = (sight.time(), self.alert.kind.family());
        let mut content = true;
        for (detector, signal) in detectors.iter().zip(signals) {
            let kind = detector.kind();
            // Who has seen its case is of the family.
            let known = self.witnesses.iter_mut().find(|witness| witness.kind == kind);
            match (signal, known) {
                (Signal::Present(_), None) if kind.family() == family => {
                    self.witnesses.push(Witness { kind, absent_since: None });
                    content = false;
                }
                (Signal::Present(_), Some(witness)) => {
                    witness.absent_since = None;
                    content = false;
                }
                (Signal::Absent, Some(witness)) => {
                    let since = *witness.absent_since.get_or_insert(time);
                    content &= time >= since + detector.clear_after();
                }
                (Signal::Unknown, Some(witness)) => {
                    content &= witness.absent_since.is_some_and(|since| time >= since + detector.clear_after());
                }
                (Signal::Present(_) | Signal::Absent | Signal::Unknown, None) => {}
            }
        }
        if content && life::step(&mut self.alert, sight.now, Cause::Gone, Signature::default()) {
            self.gone = Some(time);
            return true;
        }
        false
    }

    /// It is suppressed for so long, in that window.
    pub fn hold(&mut self, window: &Window) {
        (self.alert.snoozed_until, self.alert.window) = (Some(window.until), Some(window.id));
    }

    /// Takes a step that no rule causes; false when there is no such step.
    pub fn step(&mut self, at: Timestamp, cause: Cause, signature: Signature) -> bool {
        if !life::step(&mut self.alert, at, cause, signature) {
            return false;
        }
        if cause == Cause::Reopen {
            // Whoever says that it is not settled wants it to be seen settled anew.
            self.gone = None;
            self.witnesses.iter_mut().for_each(|witness| witness.absent_since = None);
        }
        true
    }
}

/// What a claim meant to an episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// Nothing new.
    Nothing,
    /// Its alert changed.
    Changed,
    /// It belongs to another episode.
    Another,
}

/// An alert for tests of its life.
#[cfg(test)]
pub(super) fn example() -> Alert {
    let vin = "LZLEMTA20T0000001".parse().expect("a VIN");
    Alert {
        id: AlertId::new(vin, Kind::Tow.rule(), Timestamp(0)),
        vin,
        kind: Kind::Tow,
        level: Level::Three,
        severity: Level::Three.severity(),
        state: AlertState::Raised,
        episode: Timestamp(0),
        at: Timestamp(0),
        cleared_at: None,
        snoozed_until: None,
        window: None,
        late: false,
        place: None,
        why: crate::model::Words::default(),
        evidence: Vec::new(),
        history: Vec::new(),
    }
}
