//! The life of one alert: which steps lead from which state to which, and when time alone takes the next one.

use super::settings::Settings;
use crate::base::Timestamp;
use crate::model::{Alert, AlertState, Level, Step};

/// Steps kept of a long life: the first, and the latest.
const STEPS_KEPT: usize = 32;

/// What moves an alert on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A rule claims more than before.
    Grown,
    /// The rules have been content for long enough.
    Gone,
    /// A rule that saw its case claims it again soon after it was cleared.
    Back,
    /// The same, while the vehicle is authorised to be moved until then.
    Suppress(Timestamp),
    /// An operator takes it on.
    Acknowledge,
    /// An operator wants to hear nothing of it until then.
    Snooze(Timestamp),
    /// An operator says that it is not settled.
    Reopen,
    /// The time of [`due`] has come.
    Due,
    /// It never was, as came out late.
    Wrong,
}

/// The state after a step; `None` when there is no such step.
#[must_use]
pub fn next(state: AlertState, cause: Cause) -> Option<AlertState> {
    use AlertState::{Acknowledged, Cleared, Escalated, Raised, Reopened, Snoozed, Suppressed, Withdrawn};
    match (state, cause) {
        // Whoever took it on, or put it off, did so when it was less.
        (Raised | Acknowledged | Snoozed, Cause::Grown) | (Snoozed | Suppressed, Cause::Due) => Some(Raised),
        (Suppressed, Cause::Grown) | (Cleared, Cause::Suppress(_)) => Some(Suppressed),
        (Reopened, Cause::Grown) | (Cleared, Cause::Back) | (Acknowledged | Snoozed | Cleared, Cause::Reopen) => {
            Some(Reopened)
        }
        (Escalated, Cause::Grown) | (Raised | Reopened, Cause::Due) => Some(Escalated),
        (Raised | Acknowledged | Snoozed | Escalated | Reopened | Suppressed, Cause::Gone) => Some(Cleared),
        (Raised | Snoozed | Escalated | Reopened, Cause::Acknowledge) => Some(Acknowledged),
        (Raised | Acknowledged | Snoozed | Escalated | Reopened, Cause::Snooze(_)) => Some(Snoozed),
        (Raised | Acknowledged | Snoozed | Escalated | Reopened | Suppressed | Cleared, Cause::Wrong) => {
            Some(Withdrawn)
        }
        (Cleared, Cause::Grown | Cause::Gone | Cause::Acknowledge | Cause::Snooze(_) | Cause::Due)
        | (Raised | Acknowledged | Snoozed | Escalated | Reopened | Suppressed, Cause::Back | Cause::Suppress(_))
        | (Suppressed, Cause::Acknowledge | Cause::Snooze(_) | Cause::Reopen)
        | (Raised | Escalated | Reopened, Cause::Reopen)
        | (Acknowledged, Cause::Acknowledge | Cause::Due)
        | (Escalated, Cause::Due)
        | (Withdrawn, _) => None,
    }
}

/// An operator's name and what they wrote to their step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signature {
    /// Who.
    pub by: Option<String>,
    /// What they wrote.
    pub note: Option<String>,
}

/// Takes a step; false when there is no such step from where the alert is.
pub fn step(alert: &mut Alert, at: Timestamp, cause: Cause, signature: Signature) -> bool {
    let Some(state) = next(alert.state, cause) else { return false };
    alert.state = state;
    alert.at = at;
    alert.cleared_at = (!state.is_live()).then_some(at);
    alert.snoozed_until = match cause {
        Cause::Snooze(until) | Cause::Suppress(until) => Some(until),
        Cause::Grown if state == AlertState::Suppressed => alert.snoozed_until,
        Cause::Grown | Cause::Gone | Cause::Back | Cause::Acknowledge | Cause::Reopen | Cause::Due | Cause::Wrong => {
            None
        }
    };
    note(alert, signature);
    true
}

/// Writes down where the alert is now.
pub fn note(alert: &mut Alert, Signature { by, note }: Signature) {
    if alert.history.len() >= STEPS_KEPT {
        alert.history.remove(1);
    }
    alert.history.push(Step { state: alert.state, level: alert.level, at: alert.at, by, note });
}

/// When time alone takes the next step, by the collector's clock; [`Timestamp::NEVER`] when it does not.
#[must_use]
pub fn due(alert: &Alert, settings: &Settings) -> Timestamp {
    match alert.state {
        AlertState::Snoozed | AlertState::Suppressed => alert.snoozed_until.unwrap_or(alert.at),
        AlertState::Raised | AlertState::Reopened if alert.level == Level::Three => {
            let since = alert.history.last().map_or(alert.at, |step| step.at);
            if settings.escalate_after.is_zero() { Timestamp::NEVER } else { since + settings.escalate_after }
        }
        AlertState::Raised
        | AlertState::Reopened
        | AlertState::Acknowledged
        | AlertState::Escalated
        | AlertState::Cleared
        | AlertState::Withdrawn => Timestamp::NEVER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Timestamp = Timestamp(60_000);

    #[test]
    fn the_table_of_steps() {
        // Where each leads from raised, acknowledged, snoozed, escalated, reopened, suppressed, cleared and
        // withdrawn.
        let word = |state: Option<AlertState>| state.map_or("-", AlertState::name);
        let table = [
            (Cause::Grown, "raised raised raised escalated reopened suppressed - -"),
            (Cause::Gone, "cleared cleared cleared cleared cleared cleared - -"),
            (Cause::Back, "- - - - - - reopened -"),
            (Cause::Suppress(MINUTE), "- - - - - - suppressed -"),
            (Cause::Acknowledge, "acknowledged - acknowledged acknowledged acknowledged - - -"),
            (Cause::Snooze(MINUTE), "snoozed snoozed snoozed snoozed snoozed - - -"),
            (Cause::Reopen, "- reopened reopened - - - reopened -"),
            (Cause::Wrong, "withdrawn withdrawn withdrawn withdrawn withdrawn withdrawn withdrawn -"),
            (Cause::Due, "escalated - raised - escalated raised - -"),
        ];
        for (cause, expected) in table {
            let found: Vec<&str> = AlertState::ALL.iter().map(|state| word(next(*state, cause))).collect();
            assert_eq!(found.join(" "), expected, "{cause:?}");
        }
    }

    #[test]
    fn a_long_life_is_told_from_its_beginning_and_its_end() {
        let mut alert = crate::alert::episode::example();
        note(&mut alert, Signature::default());
        for minute in 1..100 {
            let at = Timestamp(minute * 60_000);
            assert!(step(&mut alert, at, Cause::Snooze(at), Signature::default()));
        }
        assert_eq!(alert.history.len(), STEPS_KEPT);
        assert_eq!((alert.history[0].at, alert.history[31].at), (Timestamp(0), Timestamp(99 * 60_000)));
    }
}
