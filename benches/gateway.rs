//! How many messages a second a core publishes on one gateway connection: `cargo bench --bench gateway`. Whoever takes them is
//! a thread that only reads; what counts is the CPU time of the publishing thread.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use zhilian::base::Stopwatch;
use zhilian::bench::gauge::thread_cpu_ns;
use zhilian::mqtt::pool::{Event, Greeting, Introduction, Message, Owner, Pool, Qos, Settings, Tag};

const MESSAGES: u64 = 2_000_000;
const BYTES: usize = 300;
/// Messages between two looks at the socket.
const BURST: u64 = 64;
/// Most messages that the system has not taken.
const WAITING: u64 = 256;

#[derive(Default)]
struct Count {
    done: u64,
    open: bool,
}

impl Owner for Count {
    fn introduce(&mut self, _: u32, who: &mut Introduction) {
        "gateway".clone_into(&mut who.client_id);
    }

    fn greet(&mut self, _: u32, _: &mut Greeting) {}

    fn on_event(&mut self, _: u32, _: u64, event: Event<'_>) {
        match event {
            Event::Opened { .. } => self.open = true,
            Event::Done { .. } => self.done += 1,
            Event::Lost(_)
            | Event::Failed(_)
            | Event::Ended { .. }
            | Event::GivenUp(_)
            | Event::Resent
            | Event::Subscribed(_)
            | Event::Received { .. } => panic!("the sink only reads: {event:?}"),
        }
    }
}

/// Takes a connection, consents, and reads whatever comes.
fn sink() -> std::io::Result<std::net::SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        let Ok((mut stream, _)) = listener.accept() else { return };
        let mut buffer = vec![0; 256 * 1024];
        if stream.read(&mut buffer).is_ok() && stream.write_all(&[0x20, 3, 0, 0, 0]).is_ok() {
            while stream.read(&mut buffer).is_ok_and(|count| count > 0) {}
        }
    });
    Ok(address)
}

fn main() -> std::io::Result<()> {
    let mut settings = Settings::of_vehicles(sink()?, 1);
    settings.tick = Duration::ZERO;
    let watch = Stopwatch::start();
    let mut pool = Pool::new(settings, 1, watch)?;
    let mut count = Count::default();
    pool.open(0);
    while !count.open {
        pool.turn(Some(Duration::from_millis(10)), &mut count)?;
    }
    let payload = [b'.'; BYTES];
    let (began_ns, cpu_ns) = (watch.ns(), thread_cpu_ns());
    for sent in 0..MESSAGES {
        let topic = "zl/v1/LZLEMTA20T0000001/up/report";
        let message = Message { topic, payload: &payload, content_type: "", retain: false, qos: Qos::AtMostOnce };
        pool.publish(0, &message, Tag { intended_ns: watch.ns(), number: 1 }, &mut count);
        if sent % BURST == BURST - 1 {
            pool.turn(Some(Duration::ZERO), &mut count)?;
            while sent + 1 - count.done > WAITING {
                pool.turn(Some(Duration::from_millis(1)), &mut count)?;
            }
        }
    }
    let wall_s = (watch.ns() - began_ns) as f64 / 1e9;
    let used_ns = thread_cpu_ns().zip(cpu_ns).map_or(f64::NAN, |(after, before)| (after - before) as f64);
    let (per_core, each_us) = (MESSAGES as f64 * 1e9 / used_ns, used_ns / 1e3 / MESSAGES as f64);
    let mut out = std::io::stdout().lock();
    writeln!(out, "{MESSAGES} messages of {BYTES} bytes, QoS 0, in {wall_s:.2} s of wall time")?;
    writeln!(out, "{per_core:.0} messages a second and core, {each_us:.2} us of CPU each")
}
