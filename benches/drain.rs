//! How fast the whole collector takes reports over MQTT: its connection, decoding, detection, state, store and picture. A
//! sender that stands in for a broker with too much to say writes what a fleet says in an evening as fast as it is read.
//! `cargo bench --bench drain`; the number of vehicles may follow `--`.
//!
//! The collector is a process of its own, so its CPU time is its own: reports per second of CPU are what a core sustains.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;
use zhilian::base::{Clock, Timestamp};
use zhilian::config::run;
use zhilian::mqtt::pool::{Message as Publish, Qos, Version};
use zhilian::sim::{Scenario, Shard, World};
use zhilian::wire::{Format, Message, Utterance, encode};

/// Ticks of the system's clock for CPU time (`getconf CLK_TCK`; 100 on Linux).
const TICKS_PER_S: f64 = 100.0;
/// A run that makes no progress for so long has failed.
const PATIENCE_S: f64 = 60.0;

/// What a fleet without incidents says in an evening, as PUBLISH packets, and how many reports are among it.
fn packets(vehicles: u32, format: Format) -> (Vec<u8>, u64) {
    let text = format!("vehicles = {vehicles}\nduration = \"20m\"\nstart = \"2026-06-01T17:50:00+08:00\"\n");
    let scenario = Scenario::parse(&text).expect("a sound scenario");
    // It ends now, so that no device seems to have a clock that is ahead.
    let begin = Timestamp(Clock::wall().now().0 - 1_200_000);
    let setting = Arc::new(run::setting(scenario, begin).expect("a sound setting"));
    let mut world = World::new(setting, Shard::WHOLE);
    let (mut packets, mut payload, mut reports) = (Vec::new(), Vec::new(), 0);
    while let Some(emission) = world.poll(Timestamp::NEVER) {
        let Utterance::Message(message) = emission.output.into() else { continue };
        encode(&message, format, &mut payload);
        reports += match &message {
            Message::Report(_) => 1,
            Message::Batch(batch, _) => batch.counts()[0],
            Message::Event(_) | Message::Reply(_) | Message::Presence(_) => 0,
        };
        let publish = Publish {
            topic: &message.topic().to_string(),
            payload: &payload,
            content_type: format.content_type(),
            retain: false,
            qos: Qos::AtMostOnce,
        };
        publish.encode(Version::V5, &mut packets);
    }
    (packets, reports)
}

/// Plays the broker: consents to everything, then writes.
fn send(listener: &TcpListener, packets: &[u8]) -> std::io::Result<TcpStream> {
    let (mut stream, _) = listener.accept()?;
    let mut buffer = [0; 4096];
    // CONNECT and SUBSCRIBE are short: each comes in one piece.
    let _connect = stream.read(&mut buffer)?;
    stream.write_all(&[0x20, 3, 0, 0, 0])?;
    let _subscribe = stream.read(&mut buffer)?;
    stream.write_all(&[0x90, 4, buffer[2], buffer[3], 0, 1])?;
    stream.write_all(packets)?;
    Ok(stream)
}

/// CPU time of a process, seconds.
fn cpu_s(process: &Child) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.id())).unwrap_or_default();
    let fields: Vec<f64> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().filter_map(|field| field.parse().ok()).collect();
    // Of those after the name, without the state, which is no number: user and system time.
    (fields[10] + fields[11]) / TICKS_PER_S
}

/// Reports taken so far, as the collector says.
fn reports(http: SocketAddr) -> u64 {
    let answer = || {
        let mut stream = TcpStream::connect(http).ok()?;
        write!(stream, "GET /api/v1/stats HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        let body: Value = serde_json::from_str(text.split("\r\n\r\n").nth(1)?).ok()?;
        body["reports"].as_u64()
    };
    answer().unwrap_or(0)
}

fn drain(vehicles: u32, format: Format) -> std::io::Result<()> {
    let (packets, expected) = packets(vehicles, format);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let free = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let store = std::env::temp_dir().join(format!("zhilian-drain-{}.db", std::process::id()));
    let url = format!("mqtt://{}", listener.local_addr()?);
    let mut collector = Command::new(env!("CARGO_BIN_EXE_zhilian"))
        .args(["collect", "--json", "--broker", &url, "--http", &free.to_string(), "--duration", "10m", "--store"])
        .arg(&store)
        .stdout(Stdio::null())
        .spawn()?;
    let clock = Clock::wall();
    let stream = send(&listener, &packets)?;
    let begin = clock.now();
    let taken = loop {
        let taken = reports(free);
        if taken >= expected || clock.now().seconds_since(begin) > PATIENCE_S {
            break taken;
        }
        sleep(Duration::from_millis(50));
    };
    let used_s = cpu_s(&collector);
    drop(stream);
    collector.kill()?;
    collector.wait()?;
    for ending in ["", "-wal", "-shm"] {
        drop(std::fs::remove_file(format!("{}{ending}", store.display())));
    }
    writeln!(
        std::io::stdout(),
        "{vehicles} vehicles, {}: {taken} of {expected} reports taken; {used_s:.2} s of CPU, {:.0} reports/s a core",
        format.content_type(),
        taken as f64 / used_s
    )
}

fn main() -> std::io::Result<()> {
    // cargo adds a flag of its own.
    let vehicles = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(10_000);
    drain(vehicles, Format::Json)?;
    drain(vehicles, Format::Protobuf)
}
