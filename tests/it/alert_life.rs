//! The life of an alert in the collector's core: operators, time, and causes that come back.

use std::time::Duration;

use serde_json::json;
use zhilian::alert::{Action, Order, Refusal, Signature};
use zhilian::base::Timestamp;
use zhilian::collect::{Core, Settings};
use zhilian::model::{Alert, AlertState};

use crate::collector::{START_MS, away, feed_at, report, told};

const MINUTE: i64 = 60;

fn at(second: i64) -> Timestamp {
    Timestamp(START_MS + second * 1000)
}

fn order(action: Action) -> Order {
    Order { action, signature: Signature { by: Some("Li Wei".to_owned()), note: Some("on my way".to_owned()) } }
}

/// Half a minute in which it stands so far north for 5 s, is lifted onto a van and driven away; what is told meanwhile.
fn drive(core: &mut Core, from: i64, north_m: f64) -> Vec<Alert> {
    let mut all = Vec::new();
    for second in 0..30 {
        let metres = 10.0 * (second - 4).max(0) as f64;
        let message = report(from + second, |report| {
            away(north_m + metres, if metres > 0.0 { 10.0 } else { 0.0 })(report);
            if metres > 0.0 {
                report["motion"]["vibration_g"] = json!(0.07);
                report["motion"]["tilt_deg"] = json!(17.0);
            }
        });
        all.extend(feed_at(core, from + second, &message));
    }
    all
}

/// A core in which a theft has been confirmed at second 30, and its alert.
fn stolen() -> (Core, Alert) {
    let mut core = Core::new(&Settings::default());
    let alert = drive(&mut core, 0, 0.0).pop().expect("it is told");
    assert_eq!((alert.state, u8::from(alert.level)), (AlertState::Raised, 3), "{alert:?}");
    (core, alert)
}

/// One report, and what is told after it.
fn later(core: &mut Core, second: i64, owner: bool) -> Vec<Alert> {
    let moved = report(second, |report| {
        away(250.0, 0.0)(report);
        report["key_near"] = json!(owner);
    });
    feed_at(core, second, &moved)
}

fn tick(core: &mut Core, second: i64) -> Vec<Alert> {
    core.tick(at(second));
    told(core)
}

#[test]
fn nobody_takes_it_on_and_it_escalates_once() {
    let (mut core, raised) = stolen();
    let due = core.next_deadline().expect("it waits for somebody");
    assert_eq!(due, raised.history.last().expect("a step").at + Duration::from_mins(10));
    assert!(tick(&mut core, 10 * MINUTE).is_empty());
    // However late somebody looks at the clock.
    let escalated = tick(&mut core, 30 * MINUTE);
    assert_eq!((escalated.len(), escalated[0].state, escalated[0].id), (1, AlertState::Escalated, raised.id));
    assert_eq!((escalated[0].at, core.next_deadline(), core.counters().escalated), (due, None, 1));
    let taken = core.operate(at(31 * MINUTE), &raised, order(Action::Acknowledge)).expect("it can be taken on");
    let step = taken.history.last().expect("a step");
    assert_eq!(
        (taken.state, step.by.as_deref(), step.note.as_deref()),
        (AlertState::Acknowledged, Some("Li Wei"), Some("on my way"))
    );
    assert_eq!(told(&mut core), [taken], "everybody hears of it");
    let again = core.operate(at(32 * MINUTE), &raised, order(Action::Acknowledge));
    assert_eq!(again, Err(Refusal::State { id: raised.id, state: AlertState::Acknowledged }));
    assert!(tick(&mut core, 1000 * MINUTE).is_empty());
}

#[test]
fn a_message_does_what_is_due_before_it() {
    let (mut core, raised) = stolen();
    let told = later(&mut core, 20 * MINUTE, false);
    assert_eq!((told.len(), told[0].state, told[0].id), (1, AlertState::Escalated, raised.id));
}

#[test]
fn snoozed_is_silent_until_its_end() {
    let (mut core, raised) = stolen();
    let snoozed = core.operate(at(MINUTE), &raised, order(Action::Snooze(Duration::from_hours(1)))).expect("it can");
    assert_eq!((snoozed.state, snoozed.snoozed_until), (AlertState::Snoozed, Some(at(61 * MINUTE))));
    assert_eq!((told(&mut core).len(), core.open_alerts()), (1, 1));
    assert!(later(&mut core, 30 * MINUTE, false).is_empty());
    let woken = tick(&mut core, 61 * MINUTE);
    assert_eq!((woken.len(), woken[0].state, woken[0].snoozed_until), (1, AlertState::Raised, None));
    // And from then on somebody is waited for again.
    assert_eq!(core.next_deadline(), Some(at(71 * MINUTE)));
}

#[test]
fn a_suspicion_that_was_put_off_or_taken_on_speaks_again_when_it_grows() {
    for action in [Action::Snooze(Duration::from_hours(1)), Action::Acknowledge] {
        let mut core = Core::new(&Settings::default());
        for second in 0..5 {
            assert!(feed_at(&mut core, second, &report(second, |_| {})).is_empty());
        }
        // Lifted: suspected. Then driven away.
        let lift =
            json!({ "v": 1, "vin": crate::collector::VIN, "boot": 12, "seq": 6, "ts_ms": at(5).0, "kind": "lift" });
        let lift = (format!("zl/v1/{}/up/event", crate::collector::VIN), lift.to_string().into_bytes());
        let suspected = feed_at(&mut core, 5, &lift).pop().expect("a suspicion");
        assert!(u8::from(suspected.level) < 3, "{suspected:?}");
        core.operate(at(6), &suspected, order(action)).expect("it can be done");
        drop(told(&mut core));
        let mut grown = Vec::new();
        for second in 7..30 {
            grown.extend(feed_at(&mut core, second, &report(second, away(10.0 * second as f64, 10.0))));
        }
        let grown = grown.pop().expect("it grows");
        assert_eq!(
            (grown.state, grown.id, grown.snoozed_until),
            (AlertState::Raised, suspected.id, None),
            "{action:?}"
        );
        let by: Vec<Option<&str>> = grown.history.iter().map(|step| step.by.as_deref()).collect();
        assert_eq!(by, [None, Some("Li Wei"), None], "{grown:?}");
    }
}

#[test]
fn what_comes_back_soon_is_the_same_alert() {
    let (mut core, raised) = stolen();
    assert!(later(&mut core, 100, true).is_empty());
    let cleared = later(&mut core, 220, true).pop().expect("it is cleared");
    assert_eq!((cleared.state, cleared.cleared_at, core.open_alerts()), (AlertState::Cleared, Some(at(220)), 0));
    // The owner has gone again, and it is driven away from where it stands now.
    let back = drive(&mut core, 230, 250.0);
    assert_eq!((back[0].state, back[0].id, back[0].cleared_at), (AlertState::Reopened, raised.id, None));
    assert_eq!((back[0].episode, core.counters().raised, core.counters().reopened), (raised.episode, 1, 1));
    let states: Vec<&str> = back[0].history.iter().map(|step| step.state.name()).collect();
    assert_eq!(states[states.len() - 2..], ["cleared", "reopened"]);
    // After the time set it is another one.
    let (mut core, raised) = stolen();
    assert!(later(&mut core, 100, true).is_empty());
    assert_eq!(later(&mut core, 220, true).len(), 1);
    let another = drive(&mut core, 220 + 11 * MINUTE, 250.0);
    assert_eq!((another[0].state, core.counters().raised), (AlertState::Raised, 2));
    assert_ne!(another[0].id, raised.id);
}

#[test]
fn an_operator_says_that_it_is_not_settled() {
    let (mut core, raised) = stolen();
    assert!(later(&mut core, 100, true).is_empty());
    let cleared = later(&mut core, 220, true).pop().expect("it is cleared");
    // Even long after the core has forgotten it.
    assert!(later(&mut core, 10_000, true).is_empty());
    let reopened = core.operate(at(10_001), &cleared, order(Action::Reopen)).expect("it can be reopened");
    assert_eq!((reopened.state, reopened.id, core.open_alerts()), (AlertState::Reopened, raised.id, 1));
    drop(told(&mut core));
    // The rules must be content for their time again before it is cleared.
    assert!(later(&mut core, 10_010, true).is_empty());
    assert!(later(&mut core, 10_100, true).is_empty());
    assert_eq!(later(&mut core, 10_130, true)[0].state, AlertState::Cleared);
}

#[test]
fn only_one_alert_of_a_family_is_open() {
    let (mut core, first) = stolen();
    assert!(later(&mut core, 100, true).is_empty());
    let cleared = later(&mut core, 220, true).pop().expect("it is cleared");
    let open = drive(&mut core, 5000, 250.0).pop().expect("another theft");
    assert_ne!(open.id, first.id);
    assert_eq!(core.operate(at(6000), &cleared, order(Action::Reopen)), Err(Refusal::Another { open: open.id }));
    let stranger = Alert { vin: "LZLEMTA20T0000009".parse().expect("a VIN"), ..open };
    let unknown = core.operate(at(6000), &stranger, order(Action::Acknowledge));
    assert_eq!(unknown, Err(Refusal::Unknown(stranger.id)));
}

#[test]
fn what_was_taken_on_is_so_after_a_restart() {
    let (mut core, raised) = stolen();
    let taken = core.operate(at(MINUTE), &raised, order(Action::Acknowledge)).expect("it can");
    let vehicle = core.find(raised.vin).expect("it is known");
    let mut after = Core::new(&Settings::default());
    after.restore(vec![core.save(vehicle)], vec![taken]);
    assert!(tick(&mut after, 100 * MINUTE).is_empty());
    assert!(later(&mut after, 100 * MINUTE, false).is_empty(), "it says nothing new");
    // One that nobody had taken on still waits for somebody.
    let mut after = Core::new(&Settings::default());
    after.restore(vec![core.save(vehicle)], vec![raised]);
    assert_eq!(tick(&mut after, 100 * MINUTE)[0].state, AlertState::Escalated);
}

#[test]
fn what_is_told_long_after_it_happened_is_marked_late() {
    let told_after = |seconds: i64| {
        let mut core = Core::new(&Settings::default());
        let mut all = Vec::new();
        for second in 0..30 {
            let metres = 10.0 * (second - 4).max(0) as f64;
            let message = report(second, away(metres, if metres > 0.0 { 10.0 } else { 0.0 }));
            all.extend(feed_at(&mut core, seconds + second, &message));
        }
        all.pop().expect("it is told").late
    };
    assert!(!told_after(0));
    assert!(!told_after(4 * MINUTE));
    assert!(told_after(360 * MINUTE));
}
