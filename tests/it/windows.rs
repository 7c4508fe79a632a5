//! Authorised windows: while a vehicle may be moved, claims of theft leave a trace and no alert.

use std::time::Duration;

use serde_json::json;
use zhilian::alert::{Action, Order, Permit, Purpose, Refusal, Signature, WindowRefusal};
use zhilian::base::{AlertId, Timestamp};
use zhilian::collect::{Core, Output, Settings};
use zhilian::model::{Alert, AlertState};

use crate::collector::{START_MS, VIN, away, feed_at, report, told};

fn at(second: i64) -> Timestamp {
    Timestamp(START_MS + second * 1000)
}

fn permit(from: i64, minutes: u64) -> Permit {
    let signature = Signature { by: Some("Li".to_owned()), note: Some("flat tyre".to_owned()) };
    let vin = VIN.parse().expect("a VIN");
    Permit { vin, purpose: Purpose::Tow, from: Some(at(from)), time: Duration::from_mins(minutes), signature }
}

/// Half a minute in which it is lifted onto a van and driven away; what is told meanwhile, at a delay.
fn drive(core: &mut Core, from: i64, delay: i64) -> Vec<Alert> {
    let message = |second: i64| {
        report(from + second, |report| {
            let metres = 10.0 * (second - 4).max(0) as f64;
            away(metres, if metres > 0.0 { 10.0 } else { 0.0 })(report);
            if metres > 0.0 {
                report["motion"]["vibration_g"] = json!(0.07);
                report["motion"]["tilt_deg"] = json!(17.0);
            }
        })
    };
    (0..30).flat_map(|second| feed_at(core, from + second + delay, &message(second))).collect()
}

#[test]
fn an_authorised_tow_is_only_noted_and_raised_when_the_time_is_over() {
    let mut core = Core::new(&Settings::default());
    let window = core.authorise(at(0), permit(0, 60)).expect("it can be opened");
    let noted = drive(&mut core, 0, 0);
    assert!(!noted.is_empty() && noted.iter().all(|alert| alert.state == AlertState::Suppressed), "{noted:?}");
    let last = noted.last().expect("an alert");
    assert_eq!((last.window, last.snoozed_until, u8::from(last.level)), (Some(window.id), Some(at(3600)), 3));
    assert_eq!((core.open_alerts(), core.counters().suppressed, core.counters().raised), (0, 1, 0));
    let traced = core.take_changed_windows().pop().expect("a trace");
    assert_eq!((traced.suppressed, traced.alerts), (1, vec![last.id]));
    let order = Order { action: Action::Acknowledge, signature: Signature::default() };
    let refused = core.operate(at(60), last, order);
    assert_eq!(refused, Err(Refusal::State { id: last.id, state: AlertState::Suppressed }));
    core.tick(at(3599));
    assert!(told(&mut core).is_empty());
    core.tick(at(3600));
    let outputs: Vec<Output> = std::iter::from_fn(|| core.poll()).collect();
    let raised = outputs.iter().find_map(|output| if let Output::Alert(alert) = output { Some(alert) } else { None });
    let raised = raised.expect("it is still gone");
    assert_eq!((raised.state, raised.id, raised.at), (AlertState::Raised, last.id, at(3600)));
    assert!(outputs.iter().any(|output| matches!(output, Output::Command(_))), "and now it is pursued");
    assert_eq!((core.open_alerts(), core.counters().raised), (1, 1));
}

#[test]
fn what_is_over_before_its_window_ends_is_never_raised() {
    let mut core = Core::new(&Settings::default());
    core.authorise(at(0), permit(0, 60)).expect("it can be opened");
    let noted = drive(&mut core, 0, 0).pop().expect("it is noted");
    let with_key = |second| report(second, |report| report["key_near"] = json!(true));
    assert!(feed_at(&mut core, 600, &with_key(600)).is_empty());
    let over = feed_at(&mut core, 900, &with_key(900)).pop().expect("it is over");
    assert_eq!((over.state, over.id), (AlertState::Cleared, noted.id));
    core.tick(at(100_000));
    assert!(told(&mut core).is_empty());
    assert_eq!(core.counters().raised, 0);
}

#[test]
fn a_window_counts_from_its_begin_to_its_end_by_when_it_happened() {
    let state = |from: i64, minutes: u64, drives: i64, delay: i64| {
        let mut core = Core::new(&Settings::default());
        core.authorise(at(0), permit(from, minutes)).expect("it can be opened");
        drive(&mut core, drives, delay).pop().expect("it is told").state
    };
    assert_eq!(state(600, 10, 0, 0), AlertState::Raised, "before it");
    assert_eq!(state(600, 10, 700, 0), AlertState::Suppressed);
    assert_eq!(state(600, 10, 1300, 0), AlertState::Raised, "after it");
    assert_eq!(state(600, 600, 700, 1000), AlertState::Suppressed, "told late");
}

#[test]
fn a_burning_pack_is_never_authorised() {
    let mut core = Core::new(&Settings::default());
    core.authorise(at(0), Permit { purpose: Purpose::Service, ..permit(0, 60) }).expect("it can be opened");
    assert!(feed_at(&mut core, 0, &report(0, |_| {})).is_empty());
    let burning = report(300, |report| {
        report["battery"]["temps_c"] = json!([29.0, 109.0]);
        report["battery"]["cells_mv"] = json!([3291, 1995, 3292, 3290]);
        report["battery"]["insulation_kohm"] = json!(10);
    });
    assert_eq!(feed_at(&mut core, 300, &burning)[0].state, AlertState::Raised);
}

#[test]
fn a_window_can_be_ended_early_or_extended() {
    let mut core = Core::new(&Settings::default());
    let window = core.authorise(at(0), permit(0, 60)).expect("it can be opened");
    let noted = drive(&mut core, 0, 0).pop().expect("it is noted");
    let longer = core.authorise(at(60), permit(0, 120)).expect("it can be extended");
    assert_eq!((longer.id, longer.until, longer.suppressed), (window.id, at(7200), 1), "the same one");
    core.tick(at(3700));
    assert!(told(&mut core).is_empty());
    let ended = core.revoke(at(4000), window.vin, window.id).expect("it can be ended");
    assert_eq!((ended.until, ended.revoked), (at(4000), true));
    let raised = told(&mut core).pop().expect("it is still gone");
    assert_eq!((raised.id, raised.state), (noted.id, AlertState::Raised));
    assert_eq!(core.revoke(at(4001), window.vin, window.id), Err(WindowRefusal::Over(window.id)));
    let nobody: AlertId = "0".repeat(32).parse().expect("an id");
    assert_eq!(core.revoke(at(4001), window.vin, nobody), Err(WindowRefusal::Unknown(nobody)));
    assert_eq!(core.authorise(at(4001), permit(0, 60)), Err(WindowRefusal::Past));
    for second in 1..=15 {
        core.authorise(at(4001), permit(5000 + second, 60)).expect("there is room");
    }
    core.authorise(at(4001), permit(6000, 60)).expect("the one that is over makes room");
    assert_eq!(core.authorise(at(4001), permit(7000, 60)), Err(WindowRefusal::TooMany(window.vin)));
}

#[test]
fn another_window_takes_over_at_the_end_of_one() {
    let mut core = Core::new(&Settings::default());
    core.authorise(at(0), permit(0, 60)).expect("it can be opened");
    core.authorise(at(0), Permit { purpose: Purpose::Transport, ..permit(1800, 60) }).expect("another, later");
    assert_eq!(drive(&mut core, 0, 0).pop().expect("it is noted").snoozed_until, Some(at(3600)));
    core.tick(at(3601));
    assert_eq!((told(&mut core), core.next_deadline()), (Vec::new(), Some(at(5400))));
}

#[test]
fn windows_and_what_they_suppress_survive_a_restart() {
    let mut core = Core::new(&Settings::default());
    core.authorise(at(0), permit(0, 60)).expect("it can be opened");
    let noted = drive(&mut core, 0, 0).pop().expect("it is noted");
    let windows = core.take_changed_windows();
    let vehicle = core.find(noted.vin).expect("it is known");
    let mut after = Core::new(&Settings::default());
    after.restore(vec![core.save(vehicle)], vec![noted.clone()]);
    after.restore_windows(windows);
    assert!(after.revoke(at(100), noted.vin, noted.window.expect("its window")).is_ok());
    assert_eq!(told(&mut after).pop().map(|alert| (alert.id, alert.state)), Some((noted.id, AlertState::Raised)));
}
