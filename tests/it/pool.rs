//! The pool of connections against a broker that is played by the test, packet by packet.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use bytes::BytesMut;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{ConnAck, ConnAckProperties, ConnectReturnCode, Packet, PubAck, Publish};
use zhilian::base::Stopwatch;
use zhilian::mqtt::pool::{Event, Greeting, Introduction, Message, Owner, Pool, Qos, Settings, Tag};

use crate::tools::wait_for;

/// What happened to the connections, in words.
#[derive(Default)]
struct Diary(Vec<String>);

impl Owner for Diary {
    fn introduce(&mut self, connection: u32, who: &mut Introduction) {
        who.client_id = format!("c{connection}");
    }

    fn greet(&mut self, _: u32, greeting: &mut Greeting) {
        greeting.filters.push("down/#".to_owned());
    }

    fn on_event(&mut self, _: u32, _: u64, event: Event<'_>) {
        self.0.push(match event {
            Event::Opened { .. } => "opened".to_owned(),
            Event::Lost(why) => format!("lost: {why}"),
            Event::Failed(why) => format!("failed: {why}"),
            Event::Ended { was_open } => format!("ended {was_open}"),
            Event::Done { tag, .. } => format!("done {}", tag.number),
            Event::GivenUp(tag) => format!("given up {}", tag.number),
            Event::Resent => "resent".to_owned(),
            Event::Subscribed(granted) => format!("subscribed {granted}"),
            Event::Received { payload, .. } => format!("received {}", String::from_utf8_lossy(payload)),
        });
    }
}

/// The broker's end of a connection.
struct Seat {
    stream: TcpStream,
    input: BytesMut,
}

impl Seat {
    fn say(&mut self, packet: &Packet) {
        let mut out = BytesMut::new();
        packet.write(&mut out, None).expect("it can be written");
        self.stream.write_all(&out).expect("it is taken");
    }

    /// All packets that have come.
    fn hear(&mut self) -> Vec<Packet> {
        let mut buffer = [0; 4096];
        if let Ok(count @ 1..) = self.stream.read(&mut buffer) {
            self.input.extend_from_slice(&buffer[..count]);
        }
        let mut heard = Vec::new();
        while let Ok(packet) = Packet::read(&mut self.input, None) {
            heard.push(packet);
        }
        heard
    }
}

struct Table {
    listener: TcpListener,
    pool: Pool,
    diary: Diary,
}

impl Table {
    fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address: SocketAddr = listener.local_addr().expect("it is bound");
        let mut settings = Settings::of_vehicles(address, 1);
        change(&mut settings);
        let mut pool = Pool::new(settings, 1, Stopwatch::start()).expect("it has handles");
        pool.open(0);
        Self { listener, pool, diary: Diary::default() }
    }

    fn turn(&mut self) {
        self.pool.turn(Some(Duration::from_millis(5)), &mut self.diary).expect("it can wait");
    }

    /// Accepts the connection, which may have so many messages in flight.
    fn seat(&mut self, receive_max: u16) -> Seat {
        self.listener.set_nonblocking(true).expect("it can be asked");
        let mut came = None;
        self.until("a connection", |table| {
            came = table.listener.accept().ok();
            came.is_some()
        });
        let (stream, _) = came.expect("it came");
        stream.set_nonblocking(false).expect("it can be set");
        stream.set_read_timeout(Some(Duration::from_millis(20))).expect("a timeout can be set");
        let mut seat = Seat { stream, input: BytesMut::new() };
        self.until(
            "CONNECT",
            |_| matches!(seat.hear().first(), Some(Packet::Connect(connect, ..)) if connect.client_id == "c0"),
        );
        seat.say(&accepted(receive_max));
        self.until("consent", |table| table.said("opened"));
        seat
    }

    fn until(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        wait_for(what, 15, || {
            self.turn();
            done(self).then_some(())
        });
    }

    fn said(&self, what: &str) -> bool {
        self.diary.0.iter().any(|line| line.starts_with(what))
    }

    fn publish(&mut self, number: u32) {
        let payload = number.to_string();
        let message = Message {
            topic: "up",
            payload: payload.as_bytes(),
            content_type: "",
            retain: false,
            qos: Qos::AtLeastOnce,
        };
        self.pool.publish(0, &message, Tag { intended_ns: 0, number }, &mut self.diary);
    }
}

fn accepted(receive_max: u16) -> Packet {
    let properties = ConnAckProperties {
        session_expiry_interval: None,
        receive_max: Some(receive_max),
        max_qos: None,
        retain_available: None,
        max_packet_size: None,
        assigned_client_identifier: None,
        topic_alias_max: None,
        reason_string: None,
        user_properties: Vec::new(),
        wildcard_subscription_available: None,
        subscription_identifiers_available: None,
        shared_subscription_available: None,
        server_keep_alive: None,
        response_information: None,
        server_reference: None,
        authentication_method: None,
        authentication_data: None,
    };
    Packet::ConnAck(ConnAck { session_present: false, code: ConnectReturnCode::Success, properties: Some(properties) })
}

/// Payloads and numbers of the messages among packets.
fn messages(packets: &[Packet]) -> Vec<(String, u16)> {
    let message = |packet: &Packet| {
        let Packet::Publish(publish) = packet else { return None };
        Some((String::from_utf8_lossy(&publish.payload).into_owned(), publish.pkid))
    };
    packets.iter().filter_map(message).collect()
}

#[test]
fn never_more_is_in_flight_than_the_broker_wants_and_what_was_is_sent_again() {
    let mut table = Table::new(|_| {});
    let mut seat = table.seat(3);
    (1..=6).for_each(|number| table.publish(number));
    let mut heard = Vec::new();
    table.until("three messages", |_| {
        heard.extend(messages(&seat.hear()));
        heard.len() >= 3
    });
    for _ in 0..10 {
        table.turn();
        heard.extend(messages(&seat.hear()));
    }
    assert_eq!(heard.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>(), ["1", "2", "3"]);
    seat.say(&Packet::PubAck(PubAck::new(heard[0].1, None)));
    table.until("the first to be done", |table| table.said("done 1"));
    drop(seat);
    table.until("the loss", |table| table.said("lost: "));
    table.diary.0.clear();
    let mut seat = table.seat(10);
    let mut heard = Vec::new();
    table.until("the others", |_| {
        heard.extend(messages(&seat.hear()));
        heard.len() >= 5
    });
    assert_eq!(heard.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>(), ["2", "3", "4", "5", "6"]);
    // The fourth was in flight, too, in the place of the first.
    assert_eq!(table.diary.0.iter().filter(|line| *line == "resent").count(), 3, "{:?}", table.diary.0);
    for (_, id) in &heard {
        seat.say(&Packet::PubAck(PubAck::new(*id, None)));
    }
    table.until("all to be done", |table| table.said("done 6"));
    table.pool.leave(0, &mut table.diary);
    table.until("the end", |table| table.pool.is_over());
    assert!(table.said("ended true") && !table.said("given up"), "{:?}", table.diary.0);
}

#[test]
fn what_comes_is_handed_over_and_acknowledged_however_it_is_cut() {
    let mut table = Table::new(|_| {});
    let mut seat = table.seat(10);
    table.until(
        "the subscription",
        |_| matches!(seat.hear().first(), Some(Packet::Subscribe(asked)) if asked.filters[0].path == "down/#"),
    );
    let mut out = BytesMut::new();
    for id in [9, 10] {
        let publish = Publish { pkid: id, ..Publish::new("down/x", QoS::AtLeastOnce, format!("go {id}"), None) };
        Packet::Publish(publish).write(&mut out, None).expect("it can be written");
    }
    for byte in out {
        seat.stream.write_all(&[byte]).expect("it is taken");
        table.turn();
    }
    table.until("both", |table| table.said("received go 9") && table.said("received go 10"));
    let mut acknowledged = Vec::new();
    table.until("acknowledgements", |_| {
        for packet in seat.hear() {
            if let Packet::PubAck(ack) = packet {
                acknowledged.push(ack.pkid);
            }
        }
        acknowledged.len() >= 2
    });
    assert_eq!(acknowledged, [9, 10]);
    // What no broker says ends it, and it comes back.
    seat.say(&accepted(3));
    table.until("the loss", |table| table.said("lost: the broker sent garbage: a packet at the wrong time"));
    table.diary.0.clear();
    table.seat(3);
}

#[test]
fn a_silent_broker_is_asked_and_then_left() {
    let mut table = Table::new(|settings| settings.keep_alive_s = 1);
    let mut seat = table.seat(10);
    let mut asked = false;
    table.until("the ping", |_| {
        asked |= seat.hear().iter().any(|packet| matches!(packet, Packet::PingReq(_)));
        asked
    });
    table.until("the loss", |table| table.said("lost: no answer within 2 s"));
}

#[test]
fn without_a_network_messages_are_kept() {
    let mut table = Table::new(|settings| settings.outbox = 2);
    let seat = table.seat(10);
    table.pool.set_reachable(0, false, &mut table.diary);
    assert!(table.said("lost: no network"));
    (1..=3).for_each(|number| table.publish(number));
    assert!(table.said("given up 1") && !table.said("given up 2"), "{:?}", table.diary.0);
    drop(seat);
    table.diary.0.clear();
    table.pool.set_reachable(0, true, &mut table.diary);
    let mut seat = table.seat(10);
    let mut heard = Vec::new();
    table.until("what was kept", |_| {
        heard.extend(messages(&seat.hear()));
        heard.len() >= 2
    });
    assert_eq!(heard.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>(), ["2", "3"]);
}
