//! The compact format says the same as JSON, field by field: against its published schema, for messages of all shapes, and
//! in what is turned away.

use prost_reflect::prost::Message as _;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind as FieldKind, MessageDescriptor, Value as Field,
};
use serde_json::{Map, Value, json};
use zhilian::base::rng::{Purpose, Stream};
use zhilian::base::units::{Amps, Celsius, Dbm, Degrees, Gravities, Kiloohms, Metres, MetresPerSecond, Percent, Volts};
use zhilian::base::{LatLon, PackId, Timestamp, Vin};
use zhilian::model::report::{MAX_CELLS, MAX_PROBES, Near};
use zhilian::model::{
    Batch, Battery, Chemistry, Event, EventKind, Fix, Item, Link, Mode, Motion, Outcome, Position, Presence, Reply,
    Report, Stamp,
};
use zhilian::tape::Reader;
use zhilian::wire::{Format, Message, Rejection, decode, encode};

use crate::schema::{EDGES, WHOLE, full_report};
use crate::tools::{Running, ZHILIAN, collector, free_port, mosquitto};

const VIN: &str = "LZLEMTA20T0000001";
const PROTOBUF: Option<&str> = Some("application/protobuf");

fn pool() -> DescriptorPool {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/config/schema");
    let files = protox::compile(["zhilian.proto"], [folder]).unwrap_or_else(|error| panic!("{error}"));
    DescriptorPool::from_file_descriptor_set(files).expect("a sound schema")
}

fn written(message: &Message, format: Format) -> Vec<u8> {
    let mut payload = Vec::new();
    encode(message, format, &mut payload);
    payload
}

/// By the published schema alone: the message of a JSON payload. A batch says its members under the name of their kind.
fn by_schema(kind: &MessageDescriptor, json: &Map<String, Value>) -> DynamicMessage {
    let mut message = DynamicMessage::new(kind.clone());
    for (name, value) in json {
        let field = kind.fields().find(|field| json_name(field) == *name);
        let field = field.unwrap_or_else(|| panic!("{} has no {name}", kind.name()));
        if value.is_null() {
            continue;
        }
        let one = |value: &Value| by_field(&field, value);
        let value = match value.as_array() {
            Some(list) => Field::List(list.iter().map(one).collect()),
            None => one(value),
        };
        message.set_field(&field, value);
    }
    message
}

/// The name of a field in JSON: without what it is multiplied by.
fn json_name(field: &FieldDescriptor) -> String {
    field.name().trim_end_matches("_e3").trim_end_matches("_e7").to_owned()
}

fn by_field(field: &FieldDescriptor, value: &Value) -> Field {
    let scale = if field.name().ends_with("_e7") {
        1e7
    } else if field.name().ends_with("_e3") {
        1e3
    } else {
        1.0
    };
    let units = || (value.as_f64().expect("a number") * scale).round();
    match field.kind() {
        FieldKind::Sint64 | FieldKind::Int64 => Field::I64(units() as i64),
        FieldKind::Sfixed32 => Field::I32(units() as i32),
        FieldKind::Uint32 => Field::U32(value.as_u64().and_then(|number| number.try_into().ok()).expect("a number")),
        FieldKind::Bool => Field::Bool(value.as_bool().expect("a truth")),
        FieldKind::String => Field::String(value.as_str().expect("a text").to_owned()),
        FieldKind::Message(kind) => Field::Message(by_schema(&kind, value.as_object().expect("an object"))),
        FieldKind::Enum(kind) => {
            let prefix = kind.name().chars().fold(String::new(), |mut name, letter| {
                if letter.is_uppercase() && !name.is_empty() {
                    name.push('_');
                }
                name.push(letter.to_ascii_uppercase());
                name
            });
            let word = format!("{prefix}_{}", value.as_str().expect("a word").to_uppercase());
            let found = kind.values().find(|known| known.name() == word);
            Field::EnumNumber(found.unwrap_or_else(|| panic!("no {word}")).number())
        }
        FieldKind::Double
        | FieldKind::Float
        | FieldKind::Int32
        | FieldKind::Uint64
        | FieldKind::Sint32
        | FieldKind::Fixed32
        | FieldKind::Fixed64
        | FieldKind::Sfixed64
        | FieldKind::Bytes => panic!("{} is of a type that the schema has not had so far", field.name()),
    }
}

/// Random messages with numbers as sensors give them.
struct Maker(Stream);

impl Maker {
    fn number(&mut self, low: f64, high: f64, per_one: f64) -> f64 {
        match self.0.index(12) {
            0 => low,
            1 => high,
            2 if low < 0.0 => 0.0,
            _ => (self.0.between(low, high) * per_one).round() / per_one,
        }
    }

    fn e3(&mut self, low: f64, high: f64) -> f64 {
        self.number(low, high, 1e3)
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.0.index(of.len())]
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.0.chance(0.7).then(|| make(self))
    }

    fn place(&mut self) -> LatLon {
        LatLon { lat: self.number(-90.0, 90.0, 1e7), lon: self.number(-180.0, 180.0, 1e7) }
    }

    fn text(&mut self, most: usize) -> String {
        let letters = ['a', 'Z', '0', ' ', '"', '\\', '\n', 'é', '池', '\u{1f6b2}', '\u{0}'];
        let mut text = String::new();
        for _ in 0..self.0.index(most + 1) {
            let letter = self.one(&letters);
            if text.len() + letter.len_utf8() <= most {
                text.push(letter);
            }
        }
        text
    }

    fn stamp(&mut self) -> Stamp {
        let whole = |maker: &mut Self| maker.number(0.0, f64::from(u32::MAX), 1.0) as u32;
        let time = Timestamp(self.number(1_262_304_000_000.0, 4_102_444_800_000.0, 1.0) as i64);
        Stamp { vin: vin(), boot: whole(self), seq: whole(self), time }
    }

    fn battery(&mut self) -> Battery {
        let (cells, probes) = (self.one(&[0, 1, 4, 20, 24, 25, MAX_CELLS]), self.one(&[0, 1, 4, 8, 9, MAX_PROBES]));
        Battery {
            pack: PackId::from(&self.text(24)).expect("it fits"),
            chemistry: self.one(&[Chemistry::Vrla, Chemistry::Lfp, Chemistry::Nmc, Chemistry::Na]),
            soc: Percent(self.e3(0.0, 100.0)),
            soh: Percent(self.e3(0.0, 150.0)),
            voltage: Volts(self.e3(0.0, 1000.0)),
            current: Amps(self.e3(-1000.0, 1000.0)),
            cells_mv: (0..cells).map(|_| self.number(0.0, 65_535.0, 1.0) as u16).collect(),
            probes: (0..probes).map(|_| Celsius(self.e3(-60.0, 300.0))).collect(),
            insulation: Kiloohms(self.e3(0.0, 100_000.0)),
            alarm_level: self.one(&[0, 1, 2, 3]),
        }
    }

    fn report(&mut self) -> Report {
        Report {
            stamp: self.stamp(),
            mode: self.one(&[Mode::Parked, Mode::Riding, Mode::Charging]),
            locked: self.0.chance(0.5),
            key_near: self.0.chance(0.5),
            position: self.maybe(|maker| Position {
                fix: maker.one(&[Fix::TwoD, Fix::ThreeD]),
                at: maker.place(),
                altitude: Metres(maker.e3(-1000.0, 20_000.0)),
                speed: MetresPerSecond(maker.e3(0.0, 200.0)),
                heading: Degrees(maker.e3(0.0, 360.0)),
                satellites: maker.one(&[0, 1, 12, 64]),
                hdop: maker.e3(0.0, 99.9),
            }),
            motion: Motion {
                wheel: MetresPerSecond(self.e3(0.0, 200.0)),
                vibration: Gravities(self.e3(0.0, 64.0)),
                tilt: Degrees(self.e3(-180.0, 180.0)),
                odometer: Metres(self.e3(0.0, 4_294_967_295.0)),
            },
            battery: self.maybe(Self::battery),
            link: Link {
                rsrp: Dbm(self.e3(-160.0, 0.0)),
                cell: self.number(0.0, f64::from(u32::MAX), 1.0) as u32,
                backup_power: self.0.chance(0.5),
                backup: self.maybe(|maker| Percent(maker.e3(0.0, 100.0))),
                near: self.maybe(|maker| Near { at: maker.place(), radius: Metres(maker.e3(0.0, 100_000.0)) }),
            },
            air: self.maybe(|maker| Celsius(maker.e3(-60.0, 100.0))),
        }
    }

    fn event(&mut self) -> Event {
        let kinds = [
            EventKind::Lock,
            EventKind::Unlock,
            EventKind::Vibration,
            EventKind::Lift,
            EventKind::Fall,
            EventKind::PowerCut,
            EventKind::PowerRestored,
            EventKind::EndOfLife,
        ];
        Event { stamp: self.stamp(), kind: self.one(&kinds) }
    }

    fn reply(&mut self) -> Reply {
        let outcome = self.one(&[Outcome::Done, Outcome::RefusedMoving, Outcome::Expired]);
        Reply { stamp: self.stamp(), id: self.text(64), outcome }
    }

    fn item(&mut self) -> Item {
        match self.0.index(3) {
            0 => Item::Report(self.report()),
            1 => Item::Event(self.event()),
            _ => Item::Reply(self.reply()),
        }
    }

    fn message(&mut self) -> Message {
        match self.0.index(5) {
            0 => Message::Event(self.event()),
            1 => Message::Reply(self.reply()),
            2 => {
                let Stamp { boot, seq, time, .. } = self.stamp();
                let online = self.0.chance(0.5);
                let (boot, seq) = (self.maybe(|_| boot), self.maybe(|_| seq));
                Message::Presence(Presence { vin: vin(), online, boot, seq, time: self.maybe(|_| time) })
            }
            3 => {
                let items = 1 + self.0.index(8);
                Message::Batch(Batch { vin: vin(), items: (0..items).map(|_| self.item()).collect() }, Vec::new())
            }
            _ => Message::Report(self.report()),
        }
    }
}

fn vin() -> Vin {
    VIN.parse().expect("a VIN")
}

#[test]
fn every_message_is_the_same_in_both_formats_and_by_the_schema() {
    let pool = pool();
    let mut seen = [0; 5];
    for seed in 0..3000 {
        let message = Maker(Stream::new(seed, 0, Purpose::Trips)).message();
        let (name, kind) = match &message {
            Message::Report(_) => ("Report", 0),
            Message::Event(_) => ("Event", 1),
            Message::Reply(_) => ("Reply", 2),
            Message::Presence(_) => ("State", 3),
            Message::Batch(..) => ("Batch", 4),
        };
        seen[kind] += 1;
        let topic = message.topic().to_string();
        let (json, compact) = (written(&message, Format::Json), written(&message, Format::Protobuf));
        assert_eq!(decode(topic.as_bytes(), None, &json).as_ref(), Ok(&message), "seed {seed}, JSON");
        assert_eq!(decode(topic.as_bytes(), PROTOBUF, &compact).as_ref(), Ok(&message), "seed {seed}, compact");
        let kind = pool.get_message_by_name(&format!("zhilian.v1.{name}")).expect("a message of the schema");
        let object: Map<String, Value> = serde_json::from_slice(&json).expect("JSON");
        let expected = by_schema(&kind, &object).encode_to_vec();
        let read = |payload: &[u8]| DynamicMessage::decode(kind.clone(), payload).expect("it keeps the schema");
        assert!(read(&compact) == read(&expected), "seed {seed}: {object:?}");
        assert_eq!(read(&compact).unknown_fields().count(), 0, "seed {seed}");
        assert_eq!(decode(topic.as_bytes(), PROTOBUF, &expected), Ok(message), "seed {seed}, by the schema");
    }
    assert!(seen.iter().all(|count| *count > 300), "{seen:?}");
}

#[test]
fn the_schema_names_just_what_there_is() {
    let kinds = pool().all_messages().count();
    assert_eq!(kinds, 11, "each is reached by the messages above, so that none stands there for nothing");
    let full = full_report();
    let kind = pool().get_message_by_name("zhilian.v1.Report").expect("a message of the schema");
    let check = |kind: &MessageDescriptor, object: &Value| {
        let mut fields: Vec<String> = kind.fields().map(|field| json_name(&field)).collect();
        let mut members: Vec<String> = object.as_object().expect("an object").keys().cloned().collect();
        fields.sort();
        members.sort();
        assert_eq!(fields, members, "{}", kind.name());
    };
    check(&kind, &full);
    for part in ["position", "motion", "battery", "link"] {
        let field = kind.get_field_by_name(part).expect("a part");
        let FieldKind::Message(kind) = field.kind() else { panic!("{part} is no message") };
        check(&kind, &full[part]);
    }
}

/// What the collector makes of a report in both formats, when one of its members is changed.
fn both(pointer: &str, value: &Value) -> [Result<(), Rejection>; 2] {
    let mut report = full_report();
    *report.pointer_mut(pointer).expect("a member") = value.clone();
    let kind = pool().get_message_by_name("zhilian.v1.Report").expect("a message of the schema");
    let compact = by_schema(&kind, report.as_object().expect("an object")).encode_to_vec();
    let topic = format!("zl/v1/{VIN}/up/report");
    [(None, report.to_string().into_bytes()), (PROTOBUF, compact)]
        .map(|(content_type, payload)| decode(topic.as_bytes(), content_type, &payload).map(drop))
}

#[test]
fn what_is_turned_away_in_json_is_turned_away_in_the_compact_format() {
    for (pointer, [low, high]) in EDGES {
        for (value, expected) in [(*low, Ok(())), (*high, Ok(())), (low - 0.5, Err(Rejection::OutOfRange))] {
            assert_eq!(both(pointer, &json!(value)), [expected; 2], "{pointer} = {value}");
        }
        assert_eq!(both(pointer, &json!(high + 0.5)), [Err(Rejection::OutOfRange); 2], "{pointer} = {}", high + 0.5);
    }
    for (pointer, [low, high]) in WHOLE {
        for value in [*low, *high] {
            assert_eq!(both(pointer, &json!(value)), [Ok(()); 2], "{pointer} = {value}");
        }
    }
    for (pointer, value, why) in [
        ("/v", json!(2), Rejection::Version),
        ("/vin", json!("short"), Rejection::Schema),
        ("/vin", json!("LZLEMTA20T0000002"), Rejection::VinMismatch),
        ("/ts_ms", json!(0), Rejection::OutOfRange),
        ("/position/sats", json!(65), Rejection::OutOfRange),
        ("/position/sats", json!(256), Rejection::Schema),
        ("/battery/alarm_level", json!(4), Rejection::OutOfRange),
        ("/battery/pack", json!("x".repeat(25)), Rejection::Schema),
        ("/battery/cells_mv", json!(vec![3300; 129]), Rejection::Schema),
        ("/battery/cells_mv/0", json!(65_536), Rejection::Schema),
        ("/battery/temps_c", json!(vec![20.0; 33]), Rejection::Schema),
    ] {
        assert_eq!(both(pointer, &value), [Err(why); 2], "{pointer} = {value}");
    }
}

#[test]
fn what_is_no_message_is_turned_away_and_what_is_new_is_passed_over() {
    let message = Message::Report(Maker(Stream::new(7, 0, Purpose::Trips)).report());
    let topic = message.topic().to_string();
    let taken = |payload: &[u8]| decode(topic.as_bytes(), PROTOBUF, payload);
    let good = written(&message, Format::Protobuf);
    // Field 500, a text: of a device that is newer than the collector.
    let newer = [&good[..], &[0xa2, 0x1f, 3, b'n', b'e', b'w']].concat();
    assert_eq!(taken(&newer), Ok(message.clone()));
    assert_eq!(taken(&good[..good.len() - 1]), Err(Rejection::Malformed), "cut off");
    assert_eq!(taken(b"\xff\xff\xff"), Err(Rejection::Malformed));
    assert_eq!(taken(b""), Err(Rejection::Version), "nothing is a message of version 0");
    assert_eq!(taken(&vec![0; 65 * 1024]), Err(Rejection::Oversized));
    assert_eq!(taken(&written(&message, Format::Json)), Err(Rejection::Malformed));
    assert!(decode(topic.as_bytes(), None, &good).is_err(), "without a content type it is taken for JSON");

    let kind = pool().get_message_by_name("zhilian.v1.Report").expect("a message of the schema");
    for part in ["motion", "link"] {
        let mut report = DynamicMessage::decode(kind.clone(), &good[..]).expect("it keeps the schema");
        report.clear_field_by_name(part);
        assert_eq!(taken(&report.encode_to_vec()), Err(Rejection::Schema), "without {part}");
    }
    for number in [0, 4, -1] {
        let mut report = DynamicMessage::decode(kind.clone(), &good[..]).expect("it keeps the schema");
        report.set_field_by_name("mode", Field::EnumNumber(number));
        assert_eq!(taken(&report.encode_to_vec()), Err(Rejection::Schema), "mode {number}");
    }
}

#[test]
fn a_compact_batch_is_taken_member_by_member() {
    let pool = pool();
    let kind = pool.get_message_by_name("zhilian.v1.Batch").expect("a message of the schema");
    let topic = format!("zl/v1/{VIN}/up/batch");
    let event = |vin: &str, time: i64| json!({ "event": { "v": 1, "vin": vin, "boot": 1, "seq": 3, "ts_ms": time, "kind": "lift" } });
    let (sound, foreign) = (event(VIN, 1_780_000_000_000), event("LZLEMTA20T0000002", 1_780_000_000_000));
    let batch = |items: Vec<Value>| {
        let object = json!({ "v": 1, "vin": VIN, "items": items });
        let payload = by_schema(&kind, object.as_object().expect("an object")).encode_to_vec();
        decode(topic.as_bytes(), PROTOBUF, &payload)
    };
    match batch(vec![sound.clone(), foreign, event(VIN, 1), json!({}), sound.clone()]) {
        Ok(Message::Batch(batch, refused)) => {
            assert_eq!(batch.items.len(), 2);
            assert_eq!(refused, [Rejection::VinMismatch, Rejection::OutOfRange, Rejection::Schema]);
        }
        other => panic!("{other:?}"),
    }
    assert!(batch(vec![sound.clone(); 32]).is_ok());
    assert_eq!(batch(vec![sound; 33]), Err(Rejection::Schema));
    assert_eq!(batch(Vec::new()), Err(Rejection::Schema));
}

#[test]
fn a_fleet_that_speaks_compactly_is_understood_and_recorded() {
    let port = free_port();
    let Some(_broker) = mosquitto(port) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a plain path").to_owned();
    let (scenario, tape) = (path("s.toml"), path("live.tape"));
    let text = "vehicles = 20\nduration = \"6s\"\nstart = \"2026-06-01T17:50:00+08:00\"\n\
        [report]\nriding = \"500ms\"\nparked = \"1s\"\n";
    std::fs::write(&scenario, text).expect("it can be written");
    let url = format!("mqtt://127.0.0.1:{port}");
    let (collecting, _) = collector(&url, &folder.path().join("store.db"), &[]);
    let recording = Running::start(ZHILIAN, &["record", "--json", "--broker", &url, "-o", &tape]);
    recording.object("started", 20);
    let arguments = ["simulate", "--json", "--broker", &url, "--scenario", &scenario, "--format", "protobuf"];
    let fleet = Running::start(ZHILIAN, &arguments);
    let sent = fleet.object("summary", 60);
    std::thread::sleep(std::time::Duration::from_millis(500));
    collecting.terminate();
    recording.terminate();
    let received = collecting.object("summary", 20);
    assert_eq!(
        (&received["reports_received"], &received["rejected"]),
        (&sent["reports_sent"], &json!(0)),
        "{received}"
    );
    assert!(sent["reports_sent"].as_u64().is_some_and(|reports| reports > 100), "{sent}");
    recording.object("summary", 20);
    let reader = Reader::new(std::fs::File::open(&tape).expect("it is there")).expect("it is a tape");
    let mut reports = 0_u64;
    for entry in reader.map(|entry| entry.expect("it is sound")) {
        if entry.topic.ends_with("/up/report") {
            assert_eq!(entry.content_type.as_deref(), PROTOBUF);
            assert!(decode(entry.topic.as_bytes(), PROTOBUF, &entry.payload).is_ok());
            reports += 1;
        }
    }
    assert_eq!(json!(reports), sent["reports_sent"]);
    let nonsense =
        std::process::Command::new(ZHILIAN).args(["simulate", "--format", "xml"]).output().expect("it starts");
    assert!(String::from_utf8_lossy(&nonsense.stderr).contains("expected json or protobuf"));
}
