//! The published schemas against what is really sent and really taken.

use std::sync::Arc;

use serde_json::{Value, json};
use zhilian::base::Timestamp;
use zhilian::model::{Outcome, Presence, Reply, Stamp};
use zhilian::sim::{Fleet, Output};
use zhilian::wire::{Format, Message, Rejection, decode, decode_command, encode};

use crate::tools::hand_written_report;
use crate::world::setting;

const VIN: &str = "LZLEMTA20T0000001";

fn read_schema(name: &str) -> Value {
    let path = format!("{}/config/schema/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("the schema is there");
    serde_json::from_str(&text).expect("it is JSON")
}

fn schema(name: &str) -> jsonschema::Validator {
    // A batch refers to the schemas of its members.
    let mut registry = jsonschema::Registry::new();
    for member in ["report", "event", "reply"] {
        registry = registry.add(format!("urn:zhilian:schema:v1:{member}"), read_schema(member)).expect("a name");
    }
    let registry = registry.prepare().expect("sound schemas");
    let options = jsonschema::options().with_registry(&registry);
    options.build(&read_schema(name)).expect("it is a schema")
}

#[test]
fn everything_sent_keeps_the_schemas() {
    let (reports, events, batches, states) = (schema("report"), schema("event"), schema("batch"), schema("state"));
    let text = "vehicles = 40\nduration = \"30m\"\nstart = \"2026-06-01T17:50:00+08:00\"\n\
        [[incident]]\nkind = \"cell_outage\"\nwindow = \"5m..5m\"\nlasts = \"10m\"\nradius_m = 100_000\n\
        [[incident]]\nkind = \"tow\"\nwindow = \"1m..2m\"\n[[incident]]\nkind = \"thermal_runaway\"\nwindow = \"1m..2m\"\n";
    let mut fleet = Fleet::new(&Arc::new(setting(text)), 1);
    let mut payload = Vec::new();
    let mut seen = [0, 0, 0];
    while let Some(emission) = fleet.poll(Timestamp::NEVER) {
        let (message, schema, which) = match emission.output {
            Output::Report(report) => (Message::Report(report), &reports, 0),
            Output::Event(event) => (Message::Event(event), &events, 1),
            Output::Backlog(batch) => (Message::Batch(batch, Vec::new()), &batches, 2),
            Output::Reply(_) | Output::Network(_) | Output::IncidentBegan(_) | Output::IncidentEnded(_) => continue,
        };
        seen[which] += 1;
        encode(&message, Format::Json, &mut payload);
        let value: Value = serde_json::from_slice(&payload).expect("JSON");
        assert!(schema.is_valid(&value), "{:?} of {value:#}", schema.iter_errors(&value).next());
        let topic = message.topic().to_string();
        assert_eq!(decode(topic.as_bytes(), None, &payload).as_ref(), Ok(&message), "it reads back as it was");
        encode(&message, Format::Protobuf, &mut payload);
        let content_type = Some(Format::Protobuf.content_type());
        assert_eq!(decode(topic.as_bytes(), content_type, &payload), Ok(message), "in the compact format as well");
    }
    assert!(seen[0] > 1000 && seen[1] > 10 && seen[2] > 40, "{seen:?}");

    let vin = VIN.parse().expect("a VIN");
    for (online, seq) in [(true, Some(0)), (false, None)] {
        let presence = Presence { vin, online, boot: seq, seq, time: None };
        encode(&Message::Presence(presence), Format::Json, &mut payload);
        let value: Value = serde_json::from_slice(&payload).expect("JSON");
        assert!(states.is_valid(&value), "{value:#}");
    }
}

#[test]
fn commands_and_answers_keep_their_schemas() {
    let (commands, replies) = (schema("command"), schema("reply"));
    let vin = VIN.parse().expect("a VIN");
    let command = |order: Value| {
        let mut command = json!({ "v": 1, "vin": VIN, "id": "a1" });
        command.as_object_mut().expect("an object").extend(order.as_object().expect("an object").clone());
        command
    };
    for (order, allowed) in [
        (json!({ "order": "locate" }), true),
        (json!({ "order": "immobilise", "expires_ms": 1_780_000_000_000_i64 }), true),
        (json!({ "order": "report_rate", "every_s": 0.2, "for_s": 86_400 }), true),
        (json!({ "order": "report_rate", "every_s": 0.1, "for_s": 60 }), false),
        (json!({ "order": "report_rate" }), false),
        (json!({ "order": "explode" }), false),
        (json!({ "order": "siren", "id": "x".repeat(65) }), false),
    ] {
        let command = command(order);
        assert_eq!(commands.is_valid(&command), allowed, "the schema on {command}");
        let taken = decode_command(vin, command.to_string().as_bytes());
        assert_eq!(taken.is_ok(), allowed, "the vehicle on {command}: {taken:?}");
    }
    let time = Timestamp(1_780_000_000_000);
    let reply =
        Reply { stamp: Stamp { vin, boot: 1, seq: 2, time }, id: "a1".to_owned(), outcome: Outcome::RefusedMoving };
    let mut payload = Vec::new();
    encode(&Message::Reply(reply), Format::Json, &mut payload);
    let value: Value = serde_json::from_slice(&payload).expect("JSON");
    assert!(replies.is_valid(&value), "{value:#}");
}

/// A report with every member that one may have.
pub fn full_report() -> Value {
    let mut report = hand_written_report(VIN);
    report["air_c"] = json!(21.5);
    report["link"]["backup_pct"] = json!(50);
    report["link"]["near"] = json!({ "lat_deg": 29.5, "lon_deg": 106.5, "radius_m": 800 });
    report
}

/// A report with one member changed.
fn with(pointer: &str, value: &Value) -> Value {
    let mut report = full_report();
    *report.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value.clone();
    report
}

/// The ends of what quantities can be.
pub const EDGES: &[(&str, [f64; 2])] = &[
    ("/position/lat_deg", [-90.0, 90.0]),
    ("/position/lon_deg", [-180.0, 180.0]),
    ("/position/alt_m", [-1000.0, 20_000.0]),
    ("/position/speed_mps", [0.0, 200.0]),
    ("/position/heading_deg", [0.0, 360.0]),
    ("/position/hdop", [0.0, 99.9]),
    ("/motion/wheel_mps", [0.0, 200.0]),
    ("/motion/vibration_g", [0.0, 64.0]),
    ("/motion/tilt_deg", [-180.0, 180.0]),
    ("/motion/odo_m", [0.0, 4_294_967_295.0]),
    ("/battery/soc_pct", [0.0, 100.0]),
    ("/battery/soh_pct", [0.0, 150.0]),
    ("/battery/pack_v", [0.0, 1000.0]),
    ("/battery/pack_a", [-1000.0, 1000.0]),
    ("/battery/temps_c/0", [-60.0, 300.0]),
    ("/battery/insulation_kohm", [0.0, 100_000.0]),
    ("/link/rsrp_dbm", [-160.0, 0.0]),
    ("/link/backup_pct", [0.0, 100.0]),
    ("/link/near/lat_deg", [-90.0, 90.0]),
    ("/link/near/lon_deg", [-180.0, 180.0]),
    ("/link/near/radius_m", [0.0, 100_000.0]),
    ("/air_c", [-60.0, 100.0]),
];

/// The ends of what whole numbers can be.
pub const WHOLE: &[(&str, [i64; 2])] = &[
    ("/ts_ms", [1_262_304_000_000, 4_102_444_800_000]),
    ("/seq", [0, 4_294_967_295]),
    ("/boot", [0, 4_294_967_295]),
    ("/position/sats", [0, 64]),
    ("/battery/alarm_level", [0, 3]),
    ("/battery/cells_mv/0", [0, 65_535]),
];

#[test]
fn the_collector_takes_what_the_schema_allows_and_nothing_else() {
    let schema = schema("report");
    let topic = format!("zl/v1/{VIN}/up/report");
    let check = |pointer: &str, value: Value, allowed: bool| {
        let report = with(pointer, &value);
        assert_eq!(schema.is_valid(&report), allowed, "the schema on {pointer} = {value}");
        let taken = decode(topic.as_bytes(), None, report.to_string().as_bytes());
        assert_eq!(taken.is_ok(), allowed, "the collector on {pointer} = {value}: {taken:?}");
    };
    for (pointer, [low, high]) in EDGES {
        for (value, allowed) in [(*low, true), (*high, true), (low - 0.5, false), (high + 0.5, false)] {
            check(pointer, json!(value), allowed);
        }
        check(pointer, json!("7"), false);
    }
    for (pointer, [low, high]) in WHOLE {
        for (value, allowed) in [(*low, true), (*high, true), (low - 1, false), (high + 1, false)] {
            check(pointer, json!(value), allowed);
        }
    }
    check("/position", Value::Null, true);
    check("/battery", Value::Null, true);
    check("/air_c", Value::Null, true);
    check("/link/near", Value::Null, true);
    check("/link/near", json!({ "lat_deg": 29.5 }), false);
    check("/link/backup_pct", Value::Null, true);
    check("/mode", json!("flying"), false);
    check("/battery/chemistry", json!("gold"), false);
    check("/position/fix", json!("none"), false);
    check("/battery/cells_mv", json!(vec![3300; 128]), true);
    check("/battery/cells_mv", json!(vec![3300; 129]), false);
    check("/battery/temps_c", json!(vec![20.0; 32]), true);
    check("/battery/temps_c", json!(vec![20.0; 33]), false);
    check("/v", json!(2), false);
    check("/vin", json!("too short"), false);
}

#[test]
fn a_batch_is_taken_member_by_member() {
    let schema = schema("batch");
    let topic = format!("zl/v1/{VIN}/up/batch");
    let report = |change: &dyn Fn(&mut Value)| {
        let mut report = full_report();
        change(&mut report);
        json!({ "report": report })
    };
    let event =
        json!({ "event": { "v": 1, "vin": VIN, "boot": 1, "seq": 3, "ts_ms": 1_780_000_000_000_i64, "kind": "lift" } });
    let reply = json!({ "reply": { "v": 1, "vin": VIN, "boot": 1, "seq": 4, "ts_ms": 1_780_000_000_000_i64, "id": "a",
        "outcome": "done" } });
    let sound = report(&|_| ());
    let members = [
        (sound.clone(), Ok(())),
        (event.clone(), Ok(())),
        (reply, Ok(())),
        (report(&|report| report["v"] = json!(2)), Err(Rejection::Version)),
        (report(&|report| report["position"]["lat_deg"] = json!(91)), Err(Rejection::OutOfRange)),
        (report(&|report| report["seq"] = json!("one")), Err(Rejection::Schema)),
        (json!({ "song": {} }), Err(Rejection::Schema)),
        (json!(7), Err(Rejection::Schema)),
    ];
    for (member, expected) in &members {
        let batch = json!({ "v": 1, "vin": VIN, "items": [sound, member, event] });
        assert_eq!(schema.is_valid(&batch), expected.is_ok(), "the schema on {member}");
        match decode(topic.as_bytes(), None, batch.to_string().as_bytes()) {
            Ok(Message::Batch(taken, refused)) => {
                assert_eq!(taken.items.len(), 2 + usize::from(expected.is_ok()), "the sound ones are taken");
                assert_eq!(refused, expected.err().into_iter().collect::<Vec<_>>(), "{member}");
            }
            other => panic!("{other:?}"),
        }
    }
    // Another vehicle's report does not pass under this name; no schema can say so.
    let foreign = report(&|report| report["vin"] = json!("LZLEMTA20T0000002"));
    let batch = json!({ "v": 1, "vin": VIN, "items": [foreign] });
    let taken = decode(topic.as_bytes(), None, batch.to_string().as_bytes());
    assert!(matches!(&taken, Ok(Message::Batch(_, refused)) if refused == &[Rejection::VinMismatch]), "{taken:?}");

    let whole = |items: Value, vin: &str, expected: Result<(), Rejection>| {
        let batch = json!({ "v": 1, "vin": vin, "items": items });
        let taken = decode(topic.as_bytes(), None, batch.to_string().as_bytes());
        assert_eq!(taken.map(drop), expected, "{} members", items.as_array().map_or(0, Vec::len));
        batch
    };
    let full = whole(json!(vec![event.clone(); 32]), VIN, Ok(()));
    assert!(schema.is_valid(&full));
    for count in [0, 33] {
        let wrong = whole(json!(vec![event.clone(); count]), VIN, Err(Rejection::Schema));
        assert!(!schema.is_valid(&wrong), "{count} members");
    }
    whole(json!([event]), "LZLEMTA20T0000002", Err(Rejection::VinMismatch));
    whole(json!("none"), VIN, Err(Rejection::Schema));
    whole(json!(vec![sound; 32]), VIN, Ok(()));
}
