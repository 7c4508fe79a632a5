//! The codec against the client library's: what is written here is read there, and the other way round.

use bytes::{Bytes, BytesMut};
use rumqttc::mqttbytes::v4;
use rumqttc::v5::mqttbytes::{QoS, v5};

use super::codec::{
    Connect, DISCONNECT, Garbage, Incoming, Message, PING, Qos, Version, puback, qos_of, read, set_id, subscribe,
};

const MESSAGE: Message<'_> = Message {
    topic: "zl/v1/LZLEMTA20T0000001/up/report",
    payload: &[7; 300],
    content_type: "application/json",
    retain: true,
    qos: Qos::AtLeastOnce,
};

fn read_v5(bytes: &[u8]) -> v5::Packet {
    v5::Packet::read(&mut BytesMut::from(bytes), None).unwrap()
}

fn read_v4(bytes: &[u8]) -> v4::Packet {
    v4::Packet::read(&mut BytesMut::from(bytes), 10_000).unwrap()
}

fn connect(version: Version) -> Vec<u8> {
    let connect = Connect {
        version,
        client_id: "vehicle",
        login: Some(("user", "word")),
        will: Some(Message { payload: b"gone", ..MESSAGE }),
        keep_alive_s: 60,
        clean: true,
        session_expiry_s: 300,
        receive_max: 16,
        max_packet: 65_536,
    };
    let mut out = Vec::new();
    connect.write(&mut out);
    out
}

#[test]
fn connect_says_what_it_should() {
    let v5::Packet::Connect(said, Some(will), Some(login)) = read_v5(&connect(Version::V5)) else {
        panic!("no CONNECT")
    };
    let properties = said.properties.unwrap();
    assert_eq!((said.client_id.as_str(), said.keep_alive, said.clean_start), ("vehicle", 60, true));
    assert_eq!((properties.session_expiry_interval, properties.receive_maximum), (Some(300), Some(16)));
    assert_eq!(properties.max_packet_size, Some(65_536));
    assert_eq!((&will.topic[..], &will.message[..]), (MESSAGE.topic.as_bytes(), &b"gone"[..]));
    assert_eq!((will.qos, will.retain), (QoS::AtLeastOnce, true));
    assert_eq!(will.properties.unwrap().content_type.as_deref(), Some("application/json"));
    assert_eq!((login.username.as_str(), login.password.as_str()), ("user", "word"));

    let v4::Packet::Connect(said) = read_v4(&connect(Version::V4)) else { panic!("no CONNECT") };
    assert_eq!((said.client_id.as_str(), said.keep_alive, said.clean_session), ("vehicle", 60, true));
    assert_eq!(said.last_will.map(|will| will.message), Some(Bytes::from_static(b"gone")));
    assert_eq!(said.login.map(|login| login.password).as_deref(), Some("word"));
}

#[test]
fn messages_arrive_as_they_were_written() {
    for (qos, length) in [(Qos::AtMostOnce, 300), (Qos::AtLeastOnce, 300), (Qos::AtLeastOnce, 20_000)] {
        let payload = vec![b'x'; length];
        let message = Message { payload: &payload, qos, ..MESSAGE };
        for version in [Version::V4, Version::V5] {
            // Behind another packet, where a writer may be wrong about its begin.
            let mut out = PING.to_vec();
            message.encode(version, &mut out);
            assert_eq!(qos_of(&out[2..]), qos);
            if qos == Qos::AtLeastOnce {
                set_id(&mut out[2..], 0x1234);
            }
            let id = if qos == Qos::AtLeastOnce { 0x1234 } else { 0 };
            match version {
                Version::V4 => {
                    let mut bytes = BytesMut::from(&out[2..]);
                    let Ok(v4::Packet::Publish(said)) = v4::Packet::read(&mut bytes, 100_000) else {
                        panic!("no PUBLISH")
                    };
                    assert_eq!((said.topic.as_str(), said.pkid, said.retain), (MESSAGE.topic, id, true));
                    assert_eq!((said.qos as u8, &said.payload[..]), (u8::from(id > 0), &payload[..]));
                }
                Version::V5 => {
                    let v5::Packet::Publish(said) = read_v5(&out[2..]) else { panic!("no PUBLISH") };
                    assert_eq!((&said.topic[..], said.pkid), (MESSAGE.topic.as_bytes(), id));
                    assert_eq!((said.qos as u8, &said.payload[..]), (u8::from(id > 0), &payload[..]));
                    assert_eq!(said.properties.unwrap().content_type.as_deref(), Some("application/json"));
                }
            }
        }
    }
}

#[test]
fn small_packets_are_read_by_others() {
    let filters = ["a/+".to_owned(), "b/#".to_owned()];
    let mut out = Vec::new();
    subscribe(Version::V5, 9, &filters, Qos::AtLeastOnce, &mut out);
    let v5::Packet::Subscribe(said) = read_v5(&out) else { panic!("no SUBSCRIBE") };
    assert_eq!((said.pkid, said.filters[1].path.as_str(), said.filters.len()), (9, "b/#", 2));
    out.clear();
    subscribe(Version::V4, 9, &filters, Qos::AtMostOnce, &mut out);
    let v4::Packet::Subscribe(said) = read_v4(&out) else { panic!("no SUBSCRIBE") };
    assert_eq!((said.pkid, said.filters[0].qos as u8), (9, 0));
    out.clear();
    puback(77, &mut out);
    assert!(matches!(read_v5(&out), v5::Packet::PubAck(ack) if ack.pkid == 77));
    assert!(matches!(read_v4(&out), v4::Packet::PubAck(ack) if ack.pkid == 77));
    assert!(matches!(read_v5(&PING), v5::Packet::PingReq(_)) && matches!(read_v4(&PING), v4::Packet::PingReq));
    // The library wants a reason in version 5, which the standard lets out when it is a normal one.
    assert!(matches!(read_v4(&DISCONNECT), v4::Packet::Disconnect));
}

fn written(packet: &v5::Packet) -> Vec<u8> {
    let mut out = BytesMut::new();
    packet.write(&mut out, None).unwrap();
    out.to_vec()
}

#[test]
fn what_brokers_write_is_read() {
    let properties = v5::ConnAckProperties {
        session_expiry_interval: Some(9),
        receive_max: Some(20),
        max_qos: Some(1),
        retain_available: Some(1),
        max_packet_size: Some(1 << 20),
        assigned_client_identifier: Some("you".to_owned()),
        topic_alias_max: Some(10),
        reason_string: Some("why not".to_owned()),
        user_properties: vec![("a".to_owned(), "b".to_owned())],
        wildcard_subscription_available: Some(1),
        subscription_identifiers_available: Some(1),
        shared_subscription_available: Some(1),
        server_keep_alive: Some(30),
        response_information: Some("r".to_owned()),
        server_reference: Some("s".to_owned()),
        authentication_method: Some("m".to_owned()),
        authentication_data: Some(Bytes::from_static(b"d")),
    };
    let code = v5::ConnectReturnCode::Success;
    let ack = v5::ConnAck { session_present: true, code, properties: Some(properties) };
    let bytes = written(&v5::Packet::ConnAck(ack));
    let expected = Incoming::ConnAck { code: 0, receive_max: Some(20) };
    assert_eq!(read(Version::V5, &bytes, 1000), Ok(Some((expected, bytes.len()))));
    for cut in 0..bytes.len() {
        assert_eq!(read(Version::V5, &bytes[..cut], 1000), Ok(None), "{cut} bytes");
    }

    let publish = v5::Publish { pkid: 5, ..v5::Publish::new("t/u", QoS::AtLeastOnce, "go", None) };
    let bytes = written(&v5::Packet::Publish(publish));
    let expected = Incoming::Publish { topic: b"t/u", payload: b"go", id: Some(5) };
    assert_eq!(read(Version::V5, &bytes, 1000), Ok(Some((expected, bytes.len()))));

    let refused = v5::PubAck { pkid: 6, reason: v5::PubAckReason::QuotaExceeded, properties: None };
    let bytes = written(&v5::Packet::PubAck(refused));
    assert_eq!(read(Version::V5, &bytes, 1000), Ok(Some((Incoming::PubAck { id: 6, code: 0x97 }, bytes.len()))));

    assert_eq!(
        read(Version::V4, &[0x20, 2, 0, 5], 1000),
        Ok(Some((Incoming::ConnAck { code: 5, receive_max: None }, 4)))
    );
    assert_eq!(read(Version::V4, &[0x90, 3, 0, 1, 0x80], 1000), Ok(Some((Incoming::SubAck { code: 0x80 }, 5))));
    assert_eq!(read(Version::V5, &[0xe0, 1, 0x8b], 1000), Ok(Some((Incoming::Disconnect { code: 0x8b }, 3))));
}

#[test]
fn garbage_is_told_at_once_and_never_read_beyond_its_end() {
    assert_eq!(read(Version::V5, b"H", 1000), Err(Garbage::Type(b'H')));
    assert_eq!(read(Version::V5, &[0x15, 3, 3, 0, 2, 2, 70], 1000), Err(Garbage::Tls));
    assert_eq!(read(Version::V5, &[0x34, 0], 1000), Err(Garbage::Type(0x34)), "nobody asked for QoS 2");
    assert_eq!(read(Version::V5, &[0x30, 0xff, 0xff, 0xff, 0xff], 1000), Err(Garbage::Broken(0x30)));
    assert_eq!(read(Version::V5, &[0x30, 0xff, 0xff, 0x7f], 1000), Err(Garbage::TooLong(2_097_155)));
    assert_eq!(read(Version::V5, &[0x20, 0], 1000), Err(Garbage::Broken(0x20)));
    assert_eq!(read(Version::V5, &[0x40, 1, 0], 1000), Err(Garbage::Broken(0x40)));
    assert_eq!(read(Version::V5, &[0x32, 4, 0, 9, b't', 0], 1000), Err(Garbage::Broken(0x32)));
    // Every short packet of every type ends in an answer, not in a panic.
    for first in 0..=255_u8 {
        for length in 0..12_u8 {
            for fill in [0, 1, 0x26, 0x80, 0xff] {
                let mut bytes = vec![first, length];
                bytes.resize(2 + usize::from(length), fill);
                for version in [Version::V4, Version::V5] {
                    assert!(!matches!(read(version, &bytes, 1000), Ok(None)), "{bytes:?}");
                }
            }
        }
    }
}
