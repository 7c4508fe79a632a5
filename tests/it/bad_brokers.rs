//! Brokers that do what none should, each played by the test: one clear line, the right exit code, and what was measured
//! until then.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use rumqttc::v5::mqttbytes::v5::{ConnAck, ConnectReturnCode, Packet, PubAck};
use serde_json::Value;

use crate::tools::ZHILIAN;

/// Plays a broker to each connection on a thread of its own; the answer is its URL.
fn broker(play: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("mqtt://{}", listener.local_addr().expect("it is bound"));
    let play = Arc::new(play);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let play = Arc::clone(&play);
            std::thread::spawn(move || play(stream));
        }
    });
    url
}

fn say(stream: &mut TcpStream, packet: &Packet) -> std::io::Result<()> {
    let mut out = BytesMut::new();
    packet.write(&mut out, None).expect("it can be written");
    stream.write_all(&out)
}

fn consent(code: ConnectReturnCode) -> Packet {
    Packet::ConnAck(ConnAck { session_present: false, code, properties: None })
}

/// Reads until the client is gone, and does nothing.
fn ignore(mut stream: TcpStream) {
    let mut buffer = [0; 4096];
    while let Ok(1..) = stream.read(&mut buffer) {}
}

fn zhilian(arguments: &[&str]) -> Output {
    Command::new(ZHILIAN).args(arguments).output().expect("it starts")
}

/// Runs a program that must fail with 4 and one line that holds all the words; what it printed is given back.
fn gone(arguments: &[&str], words: &[&str]) -> String {
    let output = zhilian(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{arguments:?}: {stderr}");
    let lines: Vec<&str> = stderr.lines().filter(|line| line.starts_with("zhilian: ")).collect();
    assert_eq!(lines.len(), 1, "{arguments:?}: {stderr}");
    assert!(arguments[0] == "bench" || stderr.trim_end().lines().count() == 1, "{arguments:?}: {stderr}");
    for word in words {
        assert!(lines[0].contains(word), "{arguments:?} should speak of {word:?}: {stderr}");
    }
    String::from_utf8(output.stdout).expect("text")
}

/// Lets each command that connects meet the broker; the load's report says that it is a part, and why.
fn meet(url: &str, words: &[&str]) {
    let said = gone(&["bench", "pub", "-c", "3", "--rate", "50", "--duration", "1m", "--json", "--broker", url], words);
    let report: Value = serde_json::from_str(&said).expect("a report");
    let why = report["partial"].as_str().unwrap_or_default();
    assert!(words.iter().all(|word| url.contains(word) || why.contains(word)), "{report}");
    let fleet = ["simulate", "--vehicles", "6", "--duration", "1m", "--broker", url];
    assert_eq!(gone(&fleet, words), "", "nothing was begun");
    let folder = tempfile::tempdir().expect("a folder");
    let store = folder.path().join("c.db");
    let store = store.to_str().expect("a plain path");
    gone(&["collect", "--duration", "1m", "--http", "127.0.0.1:0", "--store", store, "--broker", url], words);
}

#[test]
fn one_that_never_answers() {
    let url = broker(ignore);
    meet(&url, &[&url, "no answer within 5 s"]);
    let secure = url.replace("mqtt", "mqtts");
    let ca = crate::certificates::Authority::new("authority");
    let flags = ["bench", "conn", "-c", "1", "--duration", "1m", "--broker", &secure, "--ca", &ca.ca()];
    gone(&flags, &[&secure, "no answer within 5 s"]);
}

#[test]
fn one_that_sends_garbage() {
    let url = broker(|mut stream| {
        // It may be gone before it is answered.
        let _ = stream.write_all(
            b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Type: text/html\r\nContent-Length: 50\r\n\r\n\
              <html><body><h1>400 Bad Request</h1></body></html>",
        );
        ignore(stream);
    });
    meet(&url, &[&url, "garbage", "is it an MQTT broker?"]);
}

#[test]
fn one_that_refuses_the_login() {
    let url = broker(|mut stream| {
        let _ = say(&mut stream, &consent(ConnectReturnCode::BadUserNamePassword));
        ignore(stream);
    });
    meet(&url, &[&url, "refused the login"]);
}

#[test]
fn one_that_closes_without_an_answer() {
    let url = broker(|mut stream| {
        let mut buffer = [0; 4096];
        let _ = stream.read(&mut buffer);
    });
    meet(&url, &[&url, "closed the connection without an answer"]);
}

#[test]
fn one_that_accepts_and_drops() {
    let url = broker(|mut stream| {
        let mut buffer = [0; 4096];
        let _ = stream.read(&mut buffer);
        let _ = say(&mut stream, &consent(ConnectReturnCode::Success));
    });
    meet(&url, &[&url, "the broker closed the connection"]);
}

/// Acknowledges messages, one in `pause`, until `most` are.
fn acknowledge(stream: &mut TcpStream, pause: Duration, taken: &AtomicU64, most: u64) -> std::io::Result<()> {
    let (mut input, mut buffer) = (BytesMut::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        input.extend_from_slice(&buffer[..count]);
        while let Ok(packet) = Packet::read(&mut input, None) {
            if let Packet::Connect(..) = packet {
                say(stream, &consent(ConnectReturnCode::Success))?;
            } else if let Packet::Publish(publish) = packet {
                std::thread::sleep(pause);
                if taken.fetch_add(1, Ordering::Relaxed) >= most {
                    return Err(ErrorKind::Other.into());
                }
                say(stream, &Packet::PubAck(PubAck::new(publish.pkid, None)))?;
            }
        }
    }
}

#[test]
fn one_that_closes_in_the_middle() {
    let taken = AtomicU64::new(0);
    let url = broker(move |mut stream| {
        // From then on it drops everybody before an answer.
        if taken.load(Ordering::Relaxed) <= 60 {
            let _ = acknowledge(&mut stream, Duration::ZERO, &taken, 60);
        }
    });
    let load = ["bench", "pub", "-c", "3", "--rate", "50", "--duration", "1m", "--json", "--broker", &url];
    let report: Value = serde_json::from_str(&gone(&load, &["no connection for 10 s", "closed"])).expect("a report");
    assert!(report["partial"].as_str().is_some_and(|why| why.contains("no connection for 10 s")), "{report}");
    assert_eq!(report["messages"]["done"], 60, "what was done before is kept: {report}");
    assert!(report["messages"]["lost"].as_u64() > Some(100), "{report}");
    // The same in words, for people.
    let words: Vec<&str> = load.into_iter().filter(|flag| *flag != "--json").collect();
    let table = gone(&words, &["closed the connection without an answer"]);
    assert!(table.to_lowercase().contains("partial"), "{table}");
}

#[test]
fn one_that_reads_slowly() {
    let url = broker(|mut stream| {
        let _ = say(&mut stream, &consent(ConnectReturnCode::Success));
        let mut buffer = [0; 16 * 1024];
        while let Ok(1..) = stream.read(&mut buffer) {
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    // 160 KB a second are read, 16 MB a second are offered, and the system keeps some megabytes.
    let load = ["bench", "pub", "-c", "1", "-q", "0", "-s", "16kb", "--rate", "1000", "--duration", "3s", "--json"];
    let output = zhilian(&[&load[..], &["--broker", &url, "--fail-if", "shortfall>30"]].concat());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.lines().last().is_some_and(|line| line.contains("shortfall>30 holds")), "{stderr}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    let number = |key: &str| report["messages"][key].as_u64().unwrap_or_default();
    assert!(number("offered") > 2900 && number("lost") > 500 && number("done") < 2500, "{report}");
    assert!(report["partial"].is_null(), "it took its whole time: {report}");
}
