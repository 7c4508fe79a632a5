//! Devices that are not ours: a hand-written report through mosquitto's own client, and payloads that are none.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::tools::{
    Running, collector, free_port, get, get_json, hand_written_report, metric, mosquitto, program, publish, wait_for,
};

const VIN: &str = "LFRNNDEVX00000001";

struct Bench {
    _broker: Running,
    client: PathBuf,
    port: u16,
    collecting: Running,
    http: std::net::SocketAddr,
    _folder: tempfile::TempDir,
}

fn bench() -> Option<Bench> {
    let port = free_port();
    let client = program("mosquitto_pub")?;
    let broker = mosquitto(port)?;
    let folder = tempfile::tempdir().expect("a folder");
    let (collecting, http) = collector(&format!("mqtt://127.0.0.1:{port}"), &folder.path().join("store.db"), &[]);
    Some(Bench { _broker: broker, client, port, collecting, http, _folder: folder })
}

#[test]
fn a_hand_written_report_appears_in_the_interface() {
    let Some(bench) = bench() else { return };
    let vin = VIN;
    let report = hand_written_report(vin);
    publish(&bench.client, bench.port, &format!("zl/v1/{vin}/up/report"), report.to_string().as_bytes(), &[]);
    let shown = wait_for("the vehicle", 10, || {
        let (status, body) = get(bench.http, &format!("/api/v1/vehicles/{vin}"));
        (status == 200).then(|| serde_json::from_str::<Value>(&body).expect("JSON"))
    });
    assert_eq!(shown["vehicle"]["lat_deg"], json!(29.560_000_1));
    assert_eq!(shown["vehicle"]["soc_pct"], json!(64.0));
    assert_eq!(shown["report"]["battery"]["pack"], "FOREIGN-1");
    // What waited in it for a network comes in one packet; it stands where it stood, in a radio cell.
    let mut later = report;
    later["seq"] = json!(3);
    later["position"] = Value::Null;
    later["link"]["near"] = json!({ "lat_deg": 29.57, "lon_deg": 106.58, "radius_m": 1500 });
    let event = json!({ "v": 1, "vin": vin, "boot": 12, "seq": 2, "ts_ms": later["ts_ms"], "kind": "lift" });
    let batch = json!({ "v": 1, "vin": vin, "items": [{ "event": event }, { "report": later }] });
    publish(&bench.client, bench.port, &format!("zl/v1/{vin}/up/batch"), batch.to_string().as_bytes(), &[]);
    let shown = wait_for("the batch", 10, || {
        let shown = get_json(bench.http, &format!("/api/v1/vehicles/{vin}"));
        (shown["report"]["seq"] == 3).then_some(shown)
    });
    assert_eq!(shown["vehicle"]["lat_deg"], json!(29.560_000_1));
    assert_eq!(shown["vehicle"]["near"]["radius_m"], json!(1500.0));
    let listed = get_json(bench.http, "/api/v1/vehicles");
    assert_eq!(listed["vehicles"][0]["vin"], json!(vin));
    assert_eq!(get(bench.http, "/api/v1/vehicles/LZLEMTA20T0009999").0, 404);
    assert_eq!(get(bench.http, "/api/v1/vehicles/nonsense").0, 400);
    assert_eq!((get(bench.http, "/livez").0, get(bench.http, "/readyz").0), (200, 200));
}

/// Payloads that are none, with the reason for which each is turned away: topic suffix, content type, payload.
fn malformed(vin: &str) -> Vec<(&'static str, &'static str, &'static str, Vec<u8>)> {
    let good = hand_written_report(vin);
    let text = good.to_string();
    let with = |pointer: &str, value: Value| {
        let mut report = good.clone();
        *report.pointer_mut(pointer).expect("a member") = value;
        report.to_string().into_bytes()
    };
    let batch = |report: Vec<u8>| {
        let report: Value = serde_json::from_slice(&report).expect("JSON");
        json!({ "v": 1, "vin": vin, "items": [{ "report": report }] }).to_string().into_bytes()
    };
    let mut without_version = good.clone();
    without_version.as_object_mut().expect("an object").remove("v");
    let json = "application/json";
    vec![
        ("not_utf8", "up/report", json, vec![0xff, 0xfe, 0x80, 0x00, 0x31]),
        ("malformed", "up/report", json, Vec::new()),
        ("malformed", "up/report", json, text.as_bytes()[..text.len() / 2].to_vec()),
        ("malformed", "up/report", json, text.replace("29.5600001", "NaN").into_bytes()),
        ("malformed", "up/report", json, text.replace("29.5600001", "1e999").into_bytes()),
        ("malformed", "up/report", json, text.replace("29.5600001", &"[".repeat(10_000)).into_bytes()),
        ("schema", "up/report", json, b"null".to_vec()),
        ("schema", "up/report", json, with("/motion/wheel_mps", json!("fast"))),
        ("schema", "up/report", json, with("/seq", json!(-1))),
        ("schema", "up/report", json, with("/battery/cells_mv", json!(vec![3300; 129]))),
        ("schema", "up/event", json, text.clone().into_bytes()),
        ("out_of_range", "up/report", json, with("/position/lat_deg", json!(91))),
        ("out_of_range", "up/report", json, with("/battery/soc_pct", json!(1e300))),
        ("out_of_range", "up/report", json, with("/ts_ms", json!(0))),
        ("oversized", "up/report", json, vec![b' '; 2 * 1024 * 1024]),
        ("version", "up/report", json, with("/v", json!(2))),
        ("version", "up/report", json, without_version.to_string().into_bytes()),
        ("vin_mismatch", "up/report", json, with("/vin", json!("LZLEMTA20T0000001"))),
        ("schema", "up/batch", json, text.clone().into_bytes()),
        ("out_of_range", "up/batch", json, batch(with("/link/rsrp_dbm", json!(7)))),
        ("vin_mismatch", "up/batch", json, batch(with("/vin", json!("LZLEMTA20T0000001")))),
        ("topic", "up/song", json, text.clone().into_bytes()),
        ("content_type", "up/report", "image/png", text.into_bytes()),
    ]
}

#[test]
fn malformed_payloads_are_counted_by_reason_and_change_nothing_else() {
    let Some(mut bench) = bench() else { return };
    let vin = VIN;
    let report = hand_written_report(vin).to_string();
    let topic = format!("zl/v1/{vin}/up/report");
    publish(&bench.client, bench.port, &topic, report.as_bytes(), &[]);
    wait_for("the first vehicle", 10, || (get(bench.http, &format!("/api/v1/vehicles/{vin}")).0 == 200).then_some(()));
    let before = get_json(bench.http, &format!("/api/v1/vehicles/{vin}"));

    let payloads = malformed(vin);
    assert_eq!(payloads.len(), 23);
    let mut expected = std::collections::BTreeMap::new();
    for (reason, suffix, content_type, payload) in &payloads {
        *expected.entry(*reason).or_insert(0.0) += 1.0;
        let topic = format!("zl/v1/{vin}/{suffix}");
        publish(&bench.client, bench.port, &topic, payload, &["-D", "publish", "content-type", content_type]);
    }
    publish(&bench.client, bench.port, "zl/v1/bicycle/up/report", report.as_bytes(), &[]);
    expected.insert("vin", 1.0);
    wait_for("all to be counted", 10, || (get_json(bench.http, "/api/v1/stats")["rejected"] == 24).then_some(()));
    for (reason, count) in &expected {
        let series = format!("zhilian_rejected_total{{reason=\"{reason}\"}}");
        assert!((metric(bench.http, &series) - count).abs() < 0.5, "{series}: {}", metric(bench.http, &series));
    }
    assert_eq!(get_json(bench.http, &format!("/api/v1/vehicles/{vin}")), before, "nothing else changed");
    assert_eq!(get_json(bench.http, "/api/v1/vehicles")["vehicles"].as_array().map(Vec::len), Some(1));
    assert_eq!(get_json(bench.http, "/api/v1/alerts")["alerts"].as_array().map(Vec::len), Some(0));
    bench.collecting.terminate();
    let summary = bench.collecting.object("summary", 20);
    assert_eq!((&summary["reports_received"], &summary["rejected"]), (&json!(1), &json!(24)));
    assert!(bench.collecting.wait(10).success());
}
