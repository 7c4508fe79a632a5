//! TLS against a real broker, with certificates made for the test: what works, and what is said when it does not.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use bytes::BytesMut;
use rumqttc::v5::mqttbytes::v5::{ConnAck, ConnectReturnCode, Packet};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{HandshakeKind, ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;

use crate::certificates::Authority;
use crate::tools::{Running, ZHILIAN, collector, free_port, get_json, mosquitto_with};

fn zhilian(arguments: &[&str]) -> Output {
    Command::new(ZHILIAN).args(arguments).output().expect("it starts")
}

/// The last JSON line of a program that succeeded.
fn summary(arguments: &[&str]) -> Value {
    let output = zhilian(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    // On a machine with other work a generator may have been late, which is nothing against TLS.
    let late = arguments[0] == "bench" && output.status.code() == Some(5);
    assert!(output.status.success() || late, "{arguments:?}: {stderr}");
    let said = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(said.lines().last().unwrap_or_default()).unwrap_or_else(|_| panic!("{arguments:?}: {stderr}"))
}

/// Runs a program that must fail, with one line that holds all the words.
fn fails(arguments: &[&str], code: i32, words: &[&str]) {
    let output = zhilian(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
    let lines: Vec<&str> = stderr.lines().filter(|line| line.starts_with("zhilian: ")).collect();
    assert_eq!(lines.len(), 1, "{arguments:?}: {stderr}");
    assert!(arguments[0] == "bench" || stderr.trim_end().lines().count() == 1, "{arguments:?}: {stderr}");
    for word in words {
        assert!(lines[0].contains(word), "{arguments:?} should speak of {word:?}: {stderr}");
    }
}

/// The commands that connect, each with the flags for a short run.
fn everybody<'a>(url: &'a str, store: &'a str, more: &[&'a str]) -> [Vec<&'a str>; 3] {
    let commands: [&[&str]; 3] = [
        &["bench", "pub", "-c", "2", "-L", "10", "--json", "--broker", url],
        &["simulate", "--vehicles", "6", "--duration", "2s", "--broker", url],
        &["collect", "--duration", "1s", "--http", "127.0.0.1:0", "--store", store, "--broker", url],
    ];
    commands.map(|command| [command, more].concat())
}

#[test]
fn every_connection_can_go_through_tls() {
    let authority = Authority::new("authority");
    authority.sign_broker("broker", &["localhost", "127.0.0.1"]);
    let port = free_port();
    let Some(_broker) = mosquitto_with(port, authority.folder(), &authority.mosquitto("broker")) else { return };
    let (ca, url) = (authority.ca(), format!("mqtts://127.0.0.1:{port}"));
    let tls = ["--broker", &url, "--ca", &ca];

    for (version, qos) in [("4", "1"), ("5", "0"), ("5", "1")] {
        let load = ["bench", "pub", "-V", version, "-q", qos, "-c", "20", "--rate", "400", "-L", "400", "-s", "20kb"];
        let report = summary(&[&load[..], &["--listen", "1", "--threads", "2", "--json"], &tls].concat());
        for (group, key, expected) in [
            ("messages", "done", 400),
            ("messages", "lost", 0),
            ("received", "distinct", 400),
            ("connections", "lost", 0),
        ] {
            assert_eq!(report[group][key], expected, "{group}/{key} of {version}/{qos}: {report}");
        }
    }

    let (_collector, http) = collector(&url, &authority.folder().join("c.db"), &["--ca", &ca]);
    let (again, first) = (authority.path("again.tape"), authority.path("first.tape"));
    let recording = [&["record", "--json", "-o", &again, "--limit", "30"], &tls[..]].concat();
    let mut recording = Running::start(ZHILIAN, &recording);
    recording.object("started", 20);
    let said = summary(&[&["simulate", "--json", "--vehicles", "6", "--duration", "6s"], &tls[..]].concat());
    assert!(said["acknowledged"].as_u64() > said["reports_sent"].as_u64() && said["dropped"] == 0, "{said}");
    assert_eq!(get_json(http, "/api/v1/vehicles")["vehicles"].as_array().map(Vec::len), Some(6));
    // And a tape is published.
    summary(&["record", "--json", "--vehicles", "6", "--duration", "10m", "-o", &first]);
    let played = summary(&["replay", "--json", "--speed", "1000", "--mqtt", &url, "--ca", &ca, &first]);
    assert!(played["sent"].as_u64() > Some(10) && played["sent"] == played["acknowledged"], "{played}");
    assert!(recording.wait(20).success());
}

/// The VINs of a fleet, as it will be at every start.
fn vins(authority: &Authority, fleet: &[&str]) -> Vec<String> {
    let path = authority.path("fleet.ndjson");
    summary(&[&["record", "--json", "--force", "--duration", "10m", "-o", &path], fleet].concat());
    let text = std::fs::read_to_string(&path).expect("it was written");
    let reports = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    reports
        .map(|report| report["vin"].as_str().expect("a VIN").to_owned())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

/// A file that gives each vehicle the certificate of the one `shift` further on.
fn write_credentials(authority: &Authority, vins: &[String], shift: usize) -> String {
    let mut table = "vin,cert,key\n".to_owned();
    for (vin, other) in vins.iter().zip(vins.iter().cycle().skip(shift)) {
        writeln!(table, "{vin},{other}.pem,{other}.key").expect("memory");
    }
    let path = authority.path("fleet.csv");
    std::fs::write(&path, table).expect("it can be written");
    path
}

#[test]
fn each_vehicle_is_known_by_its_own_certificate() {
    let authority = Authority::new("authority");
    authority.sign_broker("broker", &["127.0.0.1"]);
    // What a certificate is called may only speak for the vehicle that is called so.
    std::fs::write(authority.folder().join("acl"), "pattern readwrite zl/v1/%u/#\n").expect("it can be written");
    let mut settings = authority.mosquitto("broker");
    writeln!(settings, "require_certificate true\nuse_identity_as_username true\nacl_file {}", authority.path("acl"))
        .expect("memory");
    let port = free_port();
    let Some(_broker) = mosquitto_with(port, authority.folder(), &settings) else { return };
    let fleet = ["--vehicles", "6", "--seed", "7"];
    let vins = vins(&authority, &fleet);
    assert_eq!(vins.len(), 6);
    for vin in &vins {
        authority.sign_client(vin);
    }

    let (ca, url) = (authority.ca(), format!("mqtts://127.0.0.1:{port}"));
    let path = write_credentials(&authority, &vins, 0);
    let flags = ["--json", "--broker", &url, "--ca", &ca, "--credentials", &path];
    let run = || summary(&[&["simulate", "--duration", "5s"], &fleet[..], &flags].concat());
    let said = run();
    assert!(said["acknowledged"].as_u64() >= Some(12) && said["dropped"] == 0, "{said}");
    let report = summary(&[&["bench", "fleet", "-c", "6", "--seed", "7", "--duration", "2s"], &flags[..]].concat());
    assert!(report["connections"]["succeeded"] == 6 && report["messages"]["lost"] == 0, "{report}");
    // As somebody else none is let.
    write_credentials(&authority, &vins, 1);
    let said = run();
    assert!(said["acknowledged"] == 0 && said["dropped"].as_u64() >= Some(6), "{said}");
    // A vehicle without a line is nobody.
    write_credentials(&authority, &vins[1..], 0);
    let missing = [&["simulate"], &fleet[..], &flags].concat();
    fails(&missing, 2, &["fleet.csv", "1 of 6 vehicles have no line", &vins[0]]);
    std::fs::write(&path, format!("vin,cert,key\n{},{},{}\n", vins[0], "none.pem", "none.key")).expect("written");
    fails(&missing, 2, &["fleet.csv:2", "none.pem", "No such file"]);
}

#[test]
fn what_is_wrong_with_tls_is_told_in_one_line() {
    let authority = Authority::new("authority");
    authority.sign_broker("broker", &["127.0.0.1"]);
    authority.sign_broker("elsewhere", &["broker.example"]);
    authority.sign_expired("expired", &["127.0.0.1"]);
    let (stranger, namesake) = (Authority::new("stranger"), Authority::new("authority"));
    stranger.sign_client("client");
    let ports: [u16; 5] = std::array::from_fn(|_| free_port());
    let [secure, elsewhere, expired, wanting, plain] = ports;
    let mut settings = authority.mosquitto("broker");
    for (port, name, more) in
        [(elsewhere, "elsewhere", ""), (expired, "expired", ""), (wanting, "broker", "require_certificate true")]
    {
        let listener = authority.mosquitto(name).replace("user root\n", "");
        write!(settings, "listener {port} 127.0.0.1\n{listener}{more}\n").expect("memory");
    }
    writeln!(settings, "listener {plain} 127.0.0.1").expect("memory");
    let settings = format!("per_listener_settings true\n{settings}allow_anonymous true");
    let Some(_broker) = mosquitto_with(secure, authority.folder(), &settings) else { return };

    let (ca, other_ca, store) = (authority.ca(), stranger.ca(), authority.path("c.db"));
    let (cert, key) = (stranger.path("client.pem"), stranger.path("client.key"));
    let cases: [(&str, u16, &[&str], &[&str]); 8] = [
        ("mqtts", secure, &["--ca", &other_ca], &["nobody who is trusted here", "--ca"]),
        ("mqtts", secure, &["--ca", &namesake.ca()], &["nobody who is trusted here", "--ca"]),
        ("mqtts", elsewhere, &["--ca", &ca], &["not for 127.0.0.1, but for", "broker.example"]),
        ("mqtts", expired, &["--ca", &ca], &["has expired", "days ago"]),
        ("mqtts", plain, &["--ca", &ca], &["TLS", "is it mqtt://?"]),
        ("mqtt", secure, &[], &["TLS (mqtts://)"]),
        ("mqtts", wanting, &["--ca", &ca], &["wants a certificate of its clients", "--cert and --key"]),
        ("mqtts", wanting, &["--ca", &ca, "--cert", &cert, "--key", &key], &["does not accept our certificate"]),
    ];
    for (scheme, port, flags, words) in cases {
        let url = format!("{scheme}://127.0.0.1:{port}");
        for arguments in everybody(&url, &store, flags) {
            fails(&arguments, 4, &[words, &[&url]].concat());
        }
    }
}

#[test]
fn bad_flags_and_files_for_tls_are_refused() {
    let authority = Authority::new("authority");
    authority.sign_client("one");
    authority.sign_client("two");
    let (ca, store) = (authority.ca(), authority.path("c.db"));
    let (cert, key, other) = (authority.path("one.pem"), authority.path("one.key"), authority.path("two.key"));
    let cases: [(&str, &[&str], &[&str]); 6] = [
        ("mqtt://127.0.0.1:1", &["--ca", &ca], &["--ca", "mqtts://"]),
        ("mqtts://127.0.0.1:1", &["--ca", "/nowhere.pem"], &["/nowhere.pem", "No such file"]),
        ("mqtts://127.0.0.1:1", &["--ca", &key], &[&key, "expected a certificate in PEM"]),
        ("mqtts://127.0.0.1:1", &["--ca", &ca, "--cert", &cert, "--key", &other], &[&other, "not the key of", &cert]),
        ("mqtts://127.0.0.1:1", &["--ca", &ca, "--cert", &cert, "--key", &cert], &[&cert, "expected a private key"]),
        ("mqtts://no_host!:1", &["--ca", &ca], &["no_host!"]),
    ];
    for (url, flags, words) in cases {
        for arguments in everybody(url, &store, flags) {
            fails(&arguments, 2, words);
        }
    }
    let config = authority.path("config.toml");
    let settings = format!("[broker]\nurl = \"mqtts://127.0.0.1:1\"\nca = \"{ca}\"\ncert = \"{cert}\"\n");
    std::fs::write(&config, settings).expect("it can be written");
    fails(&["simulate", "--config", &config], 2, &["broker.cert", "broker.key"]);
    fails(&["config", "--config", &config, "check"], 2, &["broker.cert", "broker.key"]);
    fails(&["replay", "--detect", "--ca", &ca, &ca], 2, &["expected"]);
}

/// A broker that takes everybody and tells of each whether it came back with a ticket.
fn counting_broker(authority: &Authority) -> (SocketAddr, std::sync::mpsc::Receiver<HandshakeKind>) {
    let certificate = CertificateDer::from_pem_file(authority.path("broker.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(authority.path("broker.key")).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = builder.expect("versions").with_no_client_auth().with_single_cert(vec![certificate], key);
    let config = Arc::new(config.expect("they fit"));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let (sender, kinds) = channel();
    std::thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            let session = ServerConnection::new(Arc::clone(&config)).expect("a session");
            let (stream, sender) = (StreamOwned::new(session, socket), sender.clone());
            std::thread::spawn(move || greet_and_tell(stream, &sender));
        }
    });
    (address, kinds)
}

fn greet_and_tell(mut stream: StreamOwned<ServerConnection, std::net::TcpStream>, sender: &Sender<HandshakeKind>) {
    use std::io::{Read, Write};
    let mut buffer = [0; 4096];
    while let Ok(1..) = stream.read(&mut buffer) {
        if buffer[0] == 0x10 {
            let code = ConnectReturnCode::Success;
            let mut out = BytesMut::new();
            let answer = Packet::ConnAck(ConnAck { session_present: false, code, properties: None });
            answer.write(&mut out, None).expect("it can be written");
            stream.write_all(&out).and_then(|()| stream.flush()).expect("it is taken");
            sender.send(stream.conn.handshake_kind().expect("it is done")).expect("somebody listens");
            buffer[0] = 0;
        }
    }
}

#[test]
fn after_a_storm_all_come_back_with_tickets() {
    let authority = Authority::new("authority");
    authority.sign_broker("broker", &["127.0.0.1"]);
    let (address, kinds) = counting_broker(&authority);
    let (url, ca) = (format!("mqtts://{address}"), authority.ca());
    let load = ["bench", "conn", "-c", "30", "--storm-at", "1s", "--duration", "4s", "--json"];
    let report = summary(&[&load[..], &["--broker", &url, "--ca", &ca]].concat());
    assert_eq!(report["connections"]["succeeded"], 60, "{report}");
    let kinds: Vec<HandshakeKind> =
        std::iter::from_fn(|| kinds.recv_timeout(Duration::from_millis(200)).ok()).collect();
    let full = |kinds: &[HandshakeKind]| kinds.iter().filter(|kind| **kind != HandshakeKind::Resumed).count();
    assert_eq!((full(&kinds[..30]), full(&kinds[30..]), kinds.len()), (30, 0, 60), "{kinds:?}");
}

#[test]
fn the_embedded_broker_listens_for_tls() {
    let authority = Authority::new("authority");
    authority.sign_broker("broker", &["127.0.0.1"]);
    authority.sign_client("client");
    let (ca, cert, key) = (authority.ca(), authority.path("broker.pem"), authority.path("broker.key"));
    let address = ["broker", "--json", "--mqtt", "127.0.0.1:0", "--mqtts", "127.0.0.1:0"];
    let files = ["--cert", &cert, "--key", &key, "--client-ca", &ca];
    let broker = Running::start(ZHILIAN, &[&address[..], &files].concat());
    let url = broker.object("listening", 20)["mqtts"].as_str().expect("an address").to_owned();
    let load = ["bench", "pub", "-c", "5", "-L", "100", "--json", "--broker", &url, "--ca", &ca];
    fails(&load, 4, &["wants a certificate of its clients"]);
    let (cert, key) = (authority.path("client.pem"), authority.path("client.key"));
    let report = summary(&[&load[..], &["--cert", &cert, "--key", &key]].concat());
    assert!(report["messages"]["done"] == 100 && report["messages"]["lost"] == 0, "{report}");
    let bad = [&address[..], &["--cert", &cert, "--key", &ca]].concat();
    fails(&bad, 2, &["ca.pem", "expected a private key"]);
}
