//! What the tests share: programs to start, ports, HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;
use zhilian::base::{Clock, Timestamp};

/// The program under test.
pub const ZHILIAN: &str = env!("CARGO_BIN_EXE_zhilian");

/// Runs `zhilian bench` to its end.
pub fn bench(arguments: &[&str]) -> Output {
    Command::new(ZHILIAN).arg("bench").args(arguments).output().expect("it starts")
}

/// Runs `zhilian bench --json` to its end; its report, null if it made none.
pub fn bench_report(arguments: &[&str]) -> (Value, Output) {
    let output = bench(&[arguments, &["--json"]].concat());
    (serde_json::from_slice(&output.stdout).unwrap_or(Value::Null), output)
}

/// A number in a report, by its path such as `messages/lost`.
pub fn number(report: &Value, path: &str) -> f64 {
    let found = path.split('/').fold(report, |value, key| &value[key]);
    found.as_f64().unwrap_or_else(|| panic!("no {path} in {report}"))
}

/// The path of a program that a test needs, or `None` (said aloud) when it is not installed.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    let found = folders.map(|folder| folder.join(name)).find(|path| path.is_file());
    if found.is_none() {
        assert!(std::env::var("CI").is_err(), "{name} is not installed, and in CI it must be");
        skip(&format!("{name} is not installed"));
    }
    found
}

/// Says aloud, past the test runner's capture, that a test is skipped.
pub fn skip(why: &str) {
    let said = writeln!(std::io::stderr(), "skipped: {why}");
    said.expect("stderr is open");
}

/// A recording beside the project or in `ZHILIAN_DATA`, or `None` (said aloud) where it is not at hand: recordings are no
/// part of the repository.
pub fn recording(path: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let file = std::env::var_os("ZHILIAN_DATA").map_or_else(beside, PathBuf::from).join(path);
    if !file.exists() {
        skip(&format!("the recording {} is not there", file.display()));
        return None;
    }
    Some(file)
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

/// Waits until `done` answers something, or fails after `seconds`.
pub fn wait_for<T>(what: &str, seconds: u64, mut done: impl FnMut() -> Option<T>) -> T {
    let clock = Clock::wall();
    let deadline = clock.now() + Duration::from_secs(seconds);
    loop {
        if let Some(value) = done() {
            return value;
        }
        assert!(clock.now() < deadline, "waited {seconds} s in vain for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A process that ends with the test.
#[derive(Debug)]
pub struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    /// Starts a program and follows its output.
    pub fn start(program: impl AsRef<Path>, arguments: &[&str]) -> Self {
        Self::start_with(program, arguments, Stdio::inherit())
    }

    fn start_with(program: impl AsRef<Path>, arguments: &[&str], stderr: Stdio) -> Self {
        let mut command = Command::new(program.as_ref());
        let command = command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
        let mut child = command.spawn().expect("the program starts");
        let stdout = BufReader::new(child.stdout.take().expect("its output is piped"));
        let (sender, lines) = channel();
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines }
    }

    /// The next JSON line of a type; others are passed over.
    pub fn object(&self, kind: &str, seconds: u64) -> Value {
        self.objects_until(kind, seconds).pop().expect("the last is the one waited for")
    }

    /// The next line.
    pub fn line(&self, seconds: u64) -> String {
        let line = self.lines.recv_timeout(Duration::from_secs(seconds));
        line.unwrap_or_else(|_| panic!("no line within {seconds} s"))
    }

    /// The next line, if it has come already.
    pub fn line_at_hand(&self) -> Option<String> {
        self.lines.try_recv().ok()
    }

    /// All JSON lines up to the first of a type.
    pub fn objects_until(&self, kind: &str, seconds: u64) -> Vec<Value> {
        let mut objects = Vec::new();
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(seconds));
            let line = line.unwrap_or_else(|_| panic!("no {kind:?} within {seconds} s, but {objects:#?}"));
            let object: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}"));
            let found = object["type"] == kind;
            objects.push(object);
            if found {
                return objects;
            }
        }
    }

    /// Asks it to end, as Ctrl-C or a service manager would.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends it a signal by name.
    pub fn signal(&self, name: &str) {
        let killed = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(killed.is_ok_and(|status| status.success()));
    }

    /// Ends it at once, as a power cut would.
    pub fn kill(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).expect("it can be killed");
    }

    /// Waits for its end.
    pub fn wait(&mut self, seconds: u64) -> ExitStatus {
        wait_for("the process to end", seconds, || self.child.try_wait().expect("it can be waited for"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has usually ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// mosquitto on a port of its own.
pub fn mosquitto(port: u16) -> Option<Running> {
    // It tells every connection; what goes wrong is seen by the tests.
    let broker = Running::start_with(program("mosquitto")?, &["-p", &port.to_string()], Stdio::null());
    wait_for("mosquitto", 10, || TcpStream::connect(("127.0.0.1", port)).ok());
    Some(broker)
}

/// mosquitto with a configuration of its own; its listener is written by this.
pub fn mosquitto_with(port: u16, folder: &Path, configuration: &str) -> Option<Running> {
    let path = folder.join("mosquitto.conf");
    std::fs::write(&path, format!("listener {port} 127.0.0.1\n{configuration}\n")).expect("it can be written");
    let arguments = ["-c", path.to_str().expect("a plain path")];
    let broker = Running::start_with(program("mosquitto")?, &arguments, Stdio::null());
    wait_for("mosquitto", 10, || TcpStream::connect(("127.0.0.1", port)).ok());
    Some(broker)
}

/// A collector at a broker, with the address of its interface.
pub fn collector(broker: &str, store: &Path, more: &[&str]) -> (Running, SocketAddr) {
    let store = store.to_str().expect("a plain path");
    let fixed = ["collect", "--json", "--broker", broker, "--http", "127.0.0.1:0", "--store", store];
    let running = Running::start(ZHILIAN, &[&fixed, more].concat());
    let http = address(&running.object("listening", 20)["http"]);
    (running, http)
}

/// The address in a URL that a program printed.
pub fn address(url: &Value) -> SocketAddr {
    let text = url.as_str().and_then(|url| url.strip_prefix("http://")).expect("an http URL");
    text.parse().expect("an address")
}

/// GET over HTTP: status and body.
pub fn get(server: SocketAddr, path: &str) -> (u16, String) {
    ask(server, "GET", path, "", "")
}

/// POST of JSON over HTTP: status and body.
pub fn post(server: SocketAddr, path: &str, body: &Value) -> (u16, Value) {
    let (status, answer) = ask(server, "POST", path, "Content-Type: application/json\r\n", &body.to_string());
    (status, serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{path} does not answer JSON: {answer}")))
}

/// Any request over HTTP: status and body.
pub fn ask(server: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(server).expect("the server is there");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout can be set");
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\nContent-Length: {length}");
    write!(stream, "{head}\r\n{headers}\r\n{body}").expect("it takes the request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("head and body");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    (status, body.to_owned())
}

/// GET of JSON that must be there.
pub fn get_json(server: SocketAddr, path: &str) -> Value {
    let (status, body) = get(server, path);
    assert_eq!(status, 200, "{path}: {body}");
    serde_json::from_str(&body).unwrap_or_else(|_| panic!("{path} is not JSON: {body}"))
}

/// One series of `/metrics`; 0 when it is not there.
pub fn metric(server: SocketAddr, series: &str) -> f64 {
    let (_, text) = get(server, "/metrics");
    let line = text.lines().find(|line| line.rsplit_once(' ').is_some_and(|(name, _)| name == series));
    line.and_then(|line| line.rsplit_once(' ')?.1.parse().ok()).unwrap_or(0.0)
}

/// Publishes one message with mosquitto's own client.
pub fn publish(client: &Path, port: u16, topic: &str, payload: &[u8], more: &[&str]) {
    let port = port.to_string();
    let fixed = ["-V", "5", "-h", "127.0.0.1", "-p", &port, "-q", "1", "-t", topic];
    let mut command = Command::new(client);
    command.args(fixed).args(more).arg(if payload.is_empty() { "-n" } else { "-s" });
    let mut child = command.stdin(Stdio::piped()).spawn().expect("mosquitto_pub starts");
    child.stdin.take().expect("its input is piped").write_all(payload).expect("it takes the payload");
    assert!(child.wait().expect("it ends").success(), "mosquitto_pub failed on {topic}");
}

/// Now, rounded to seconds, for an epoch that two processes share.
pub fn epoch() -> Timestamp {
    Timestamp(Clock::wall().now().0 / 1000 * 1000)
}

/// A report that is valid, of a vehicle, as a foreign device would write it.
pub fn hand_written_report(vin: &str) -> Value {
    serde_json::json!({
        "v": 1, "vin": vin, "boot": 12, "seq": 1, "ts_ms": Clock::wall().now().0,
        "mode": "parked", "locked": true, "key_near": false,
        "position": { "fix": "3d", "lat_deg": 29.560_000_1, "lon_deg": 106.57, "alt_m": 251, "speed_mps": 0,
                      "heading_deg": 0, "sats": 12, "hdop": 0.9 },
        "motion": { "wheel_mps": 0, "vibration_g": 0.002, "tilt_deg": 6, "odo_m": 812_345 },
        "battery": { "pack": "FOREIGN-1", "chemistry": "lfp", "soc_pct": 64, "soh_pct": 97.5, "pack_v": 52.6,
                     "pack_a": 0, "cells_mv": [3291, 3290, 3292, 3290], "temps_c": [24.5, 25], "insulation_kohm": 1500,
                     "alarm_level": 0 },
        "link": { "rsrp_dbm": -91, "cell": 4711, "backup_power": false }
    })
}
