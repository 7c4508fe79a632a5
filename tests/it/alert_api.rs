//! What an operator does with an alert over HTTP, heard by everybody and kept across a restart.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::tools::{
    ask, collector, free_port, get, get_json, hand_written_report, mosquitto, post, program, publish, wait_for,
};

const VIN: &str = "LFRNNDEVX00000002";

/// Publishes a vehicle that stands, burns, and says so.
fn burn(client: &Path, port: u16) {
    let mut report = hand_written_report(VIN);
    let topic = format!("zl/v1/{VIN}/up/report");
    publish(client, port, &topic, report.to_string().as_bytes(), &[]);
    report["seq"] = json!(2);
    report["ts_ms"] = json!(report["ts_ms"].as_i64().expect("a time") + 1000);
    report["battery"]["temps_c"] = json!([29.0, 109.0]);
    report["battery"]["cells_mv"] = json!([3291, 1995, 3292, 3290]);
    report["battery"]["insulation_kohm"] = json!(10);
    publish(client, port, &topic, report.to_string().as_bytes(), &[]);
}

/// Follows the live stream without the vehicles; the answer gives the next alert in it.
fn follow(server: SocketAddr) -> impl FnMut() -> Value {
    let mut stream = TcpStream::connect(server).expect("the server is there");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout can be set");
    write!(stream, "GET /api/v1/stream?events=alert,window,stats HTTP/1.1\r\nHost: {server}\r\n\r\n")
        .expect("it takes the request");
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    assert!(lines.next().is_some_and(|line| line.contains("200")));
    move || {
        let mut events = lines.by_ref().filter(|line| line.starts_with("event: "));
        events
            .find(|line| line == "event: alert" || line == "event: vehicles")
            .filter(|line| line.ends_with("alert"))
            .expect("an alert");
        // The number of the frame stands between.
        let data = lines.find_map(|line| line.strip_prefix("data: ").map(ToOwned::to_owned)).expect("its data");
        serde_json::from_str(&data).expect("JSON")
    }
}

#[test]
fn an_operator_works_with_an_alert() {
    let (port, Some(client)) = (free_port(), program("mosquitto_pub")) else { return };
    let Some(_broker) = mosquitto(port) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (broker, store) = (format!("mqtt://127.0.0.1:{port}"), folder.path().join("store.db"));
    let (mut collecting, http) = collector(&broker, &store, &[]);
    burn(&client, port);
    let raised = collecting.object("alert", 20);
    let path = format!("/api/v1/alerts/{}", raised["id"].as_str().expect("an id"));
    let mut heard = follow(http);

    let (status, taken) = post(http, &format!("{path}/acknowledge"), &json!({ "by": "李伟", "note": "on my way" }));
    assert_eq!((status, &taken["state"]), (200, &json!("acknowledged")), "{taken}");
    let last = &taken["history"][taken["history"].as_array().expect("steps").len() - 1];
    assert_eq!(
        (&last["by"], &last["note"], &last["state"]),
        (&json!("李伟"), &json!("on my way"), &json!("acknowledged"))
    );
    assert_eq!(heard(), taken, "whoever follows the stream hears of it");
    assert_eq!(get_json(http, &path), taken);
    assert_eq!(get_json(http, "/api/v1/alerts?state=open")["alerts"], json!([taken]));

    let (status, refused) = post(http, &format!("{path}/acknowledge"), &json!({}));
    assert_eq!(status, 409);
    assert!(refused["error"].as_str().is_some_and(|why| why.contains("is acknowledged")), "{refused}");
    let (status, snoozed) = post(http, &format!("{path}/snooze"), &json!({ "for": "2h", "by": "Li" }));
    assert_eq!((status, &snoozed["state"]), (200, &json!("snoozed")));
    let until = snoozed["snoozed_until_ms"].as_i64().expect("a time");
    assert_eq!(until - snoozed["at_ms"].as_i64().expect("a time"), 7_200_000);
    assert_eq!(heard(), snoozed);
    let (status, reopened) = post(http, &format!("{path}/reopen"), &json!({ "by": "Li" }));
    assert_eq!((status, &reopened["state"], &reopened["snoozed_until_ms"]), (200, &json!("reopened"), &Value::Null));
    let (_, taken) = post(http, &format!("{path}/acknowledge"), &json!({ "by": "Li" }));

    // The store is written twice a second.
    let page = || get(http, "/readyz").0;
    wait_for("a healthy store", 10, || (page() == 200).then_some(()));
    collecting.terminate();
    assert!(collecting.wait(20).success());
    let (_collecting, http) = collector(&broker, &store, &[]);
    assert_eq!(get_json(http, &path), taken, "and it is still so after a restart");
    assert_eq!(post(http, &format!("{path}/acknowledge"), &json!({})).0, 409);
}

#[test]
fn a_request_that_cannot_be_done_says_why_and_changes_nothing() {
    let (port, Some(client)) = (free_port(), program("mosquitto_pub")) else { return };
    let Some(_broker) = mosquitto(port) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (collecting, http) = collector(&format!("mqtt://127.0.0.1:{port}"), &folder.path().join("store.db"), &[]);
    burn(&client, port);
    let raised = collecting.object("alert", 20);
    let path = format!("/api/v1/alerts/{}", raised["id"].as_str().expect("an id"));
    let before = get_json(http, &path);
    let cases = [
        ("acknowledge", json!({ "by": 5 }), 400, "by: invalid type"),
        ("acknowledge", json!({ "who": "Li" }), 400, "unknown field `who`"),
        ("acknowledge", json!({ "by": "x".repeat(65) }), 400, "by: expected at most 64 characters, found 65"),
        ("acknowledge", json!({ "note": "x".repeat(20_000) }), 413, "length limit"),
        ("snooze", json!({}), 400, "missing field `for`"),
        ("snooze", json!({ "for": "soon" }), 400, "expected a duration such as"),
        ("snooze", json!({ "for": "8d" }), 400, "for: expected 1s to 7d, found 8d"),
        ("reopen", json!({}), 409, "is raised"),
    ];
    for (action, body, expected, why) in cases {
        let (status, answer) = post(http, &format!("{path}/{action}"), &body);
        assert_eq!(status, expected, "{action}: {answer}");
        assert!(answer["error"].as_str().is_some_and(|error| error.contains(why)), "{action}: {answer}");
    }
    let (status, answer) = get(http, "/api/v1/stream?events=alert,nothing");
    assert!(status == 400 && answer.contains("expected some of alert"), "{answer}");
    assert_eq!(post(http, "/api/v1/alerts/42/acknowledge", &json!({})).0, 400);
    assert_eq!(post(http, &format!("/api/v1/alerts/{}/acknowledge", "0".repeat(32)), &json!({})).0, 404);
    // What a page of another origin can send without asking first.
    for form in ["", "Content-Type: text/plain\r\n", "Content-Type: application/x-www-form-urlencoded\r\n"] {
        let (status, answer) = ask(http, "POST", &format!("{path}/acknowledge"), form, "{}");
        assert_eq!(status, 415, "{form:?}: {answer}");
        assert!(answer.contains("application/json"), "{answer}");
    }
    assert_eq!(get(http, &format!("{path}/acknowledge")).0, 405);
    assert_eq!(get_json(http, &path), before);
}

#[test]
fn a_tow_is_authorised_over_http() {
    let (port, Some(_)) = (free_port(), program("mosquitto_pub")) else { return };
    let Some(_broker) = mosquitto(port) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (broker, store) = (format!("mqtt://127.0.0.1:{port}"), folder.path().join("store.db"));
    let (mut collecting, http) = collector(&broker, &store, &[]);
    let asked = json!({ "vin": VIN, "purpose": "tow", "for": "2h", "by": "Li", "note": "flat tyre" });
    let (status, window) = post(http, "/api/v1/windows", &asked);
    assert_eq!(
        (status, &window["purpose"], &window["by"], &window["suppressed"]),
        (200, &json!("tow"), &json!("Li"), &json!(0))
    );
    let length = window["until_ms"].as_i64().zip(window["from_ms"].as_i64()).map(|(until, from)| until - from);
    assert_eq!(length, Some(7_200_000));
    for (change, why) in [
        (json!({ "vin": "short" }), "vin"),
        (json!({ "purpose": "joyride" }), "unknown variant `joyride`"),
        (json!({ "for": "32d" }), "for: expected 1m to 31d, found 32d"),
        (json!({ "from_ms": 5 }), "over already"),
        (json!({ "to": "Li" }), "unknown field `to`"),
    ] {
        let mut body = asked.clone();
        body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        let (status, answer) = post(http, "/api/v1/windows", &body);
        assert_eq!(status, 400, "{answer}");
        assert!(answer["error"].as_str().is_some_and(|error| error.contains(why)), "{answer}");
    }
    assert_eq!(ask(http, "POST", "/api/v1/windows", "Content-Type: text/plain\r\n", &asked.to_string()).0, 415);
    assert_eq!(get_json(http, "/api/v1/windows")["windows"], json!([window]));
    assert_eq!(get_json(http, "/api/v1/windows?vin=LFRNNDEVX00000009")["windows"], json!([]));
    collecting.terminate();
    assert!(collecting.wait(20).success());
    let (_collecting, http) = collector(&broker, &store, &[]);
    assert_eq!(get_json(http, "/api/v1/windows")["windows"], json!([window]), "it is still there");
    let path = format!("/api/v1/windows/{}", window["id"].as_str().expect("an id"));
    let (status, ended) = ask(http, "DELETE", &path, "", "");
    assert!(status == 200 && ended.contains("\"revoked\":true"), "{status} {ended}");
    assert_eq!(ask(http, "DELETE", &path, "", "").0, 409);
    assert_eq!(ask(http, "DELETE", "/api/v1/windows/5", "", "").0, 400);
    assert_eq!(ask(http, "DELETE", &format!("/api/v1/windows/{}", "0".repeat(32)), "", "").0, 404);
    assert_eq!(get_json(http, "/api/v1/windows")["windows"][0]["revoked"], json!(true), "its trace stays");
}
