//! The contract of `zhilian demo --json`.

use serde_json::json;

use crate::tools::{Running, ZHILIAN};

#[test]
fn the_demonstration_keeps_its_contract() {
    let arguments = ["demo", "--duration", "50s", "--json", "--http", "127.0.0.1:0", "--mqtt", "127.0.0.1:0"];
    let mut demo = Running::start(ZHILIAN, &arguments);
    let said = demo.objects_until("summary", 90);
    assert!(demo.wait(10).success());
    assert_eq!(said[0]["type"], "listening");
    assert!(said[0]["mqtt"].as_str().is_some_and(|url| url.starts_with("mqtt://127.0.0.1:")), "{}", said[0]);
    let of = |kind: &str| said.iter().filter(|object| object["type"] == kind).collect::<Vec<_>>();
    assert_eq!(of("incident").len(), 2);
    for alert in of("alert") {
        for member in ["id", "vin", "rule", "severity", "state", "at", "why"] {
            assert!(alert[member].as_str().is_some_and(|text| !text.is_empty()), "{member} of {alert}");
        }
    }
    let summary = &said[said.len() - 1];
    assert_eq!(summary["vehicles"], 300);
    assert_eq!((&summary["lost"], &summary["duplicates"], &summary["false_alerts"]), (&json!(0), &json!(0), &json!(0)));
    assert_eq!(summary["reports_sent"], summary["reports_received"]);
    assert_eq!(summary["incidents"], json!({ "tow": 1, "thermal_runaway": 1 }));
    assert_eq!(summary["alerts"], json!({ "theft.tow": 1, "battery.thermal_runaway": 1 }));
}
