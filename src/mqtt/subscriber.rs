//! The collector's connection: one `rumqttc` client that subscribes to everything vehicles say, publishes commands to them,
//! and comes back after every loss, with the library's known traps closed (in-flight bound, packet size, waits between attempts).

use std::borrow::Cow;
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures::poll;
use rumqttc::v5::mqttbytes::v5::{Packet, SubscribeReasonCode};
use rumqttc::v5::mqttbytes::{self, QoS};
use rumqttc::v5::{AsyncClient, ConnectionError, Event, EventLoop, StateError};
use rumqttc::{Outgoing, TlsError};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::backoff::Backoff;
use super::endpoint::Endpoint;
use super::pool::Loss;
use super::tls::{self, HANG_UP};
use crate::wire::Format;

/// The longest packet taken, bytes. Far above the wire's limit, so that an oversized payload is counted and not just
/// withheld by the broker.
const MAX_PACKET: u32 = 4 * 1024 * 1024;
/// Messages that are handed on together at most. Fewer are, as soon as nothing more is there to be read.
const BATCH: usize = 256;
/// Batches between the connection and the collector. When it is full, the connection stops reading, so nothing more is
/// acknowledged, and the broker holds back what exceeds [`RECEIVE_MAX`].
const QUEUE: usize = 16;
/// Messages that the broker may send before they are acknowledged.
const RECEIVE_MAX: u16 = 1024;

/// What comes from the connection.
#[derive(Debug)]
pub enum Notice {
    /// Connected and subscribed.
    Subscribed,
    /// Messages, in the order in which they came; at least one.
    Messages(Vec<Letter>),
    /// The connection is gone; the next attempt follows after a wait.
    Lost {
        /// Why.
        why: String,
        /// Time to the next attempt.
        retry_in: Duration,
    },
}

/// A message as it came.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Topic name.
    pub topic: Bytes,
    /// MQTT content type; those that nearly everybody sends cost no allocation.
    pub content_type: Option<Cow<'static, str>>,
    /// Payload.
    pub payload: Bytes,
    /// Whether the broker had kept it from before the subscription.
    pub retained: bool,
}

/// Publishes over the connection of a [`Subscriber`]; for as many as want it.
#[derive(Debug, Clone)]
pub struct Sender(AsyncClient);

impl Sender {
    /// Publishes a message at `QoS` 1, without waiting; false when the connection is too busy to take it.
    #[must_use]
    pub fn publish(&self, topic: String, payload: Vec<u8>) -> bool {
        self.0.try_publish(topic, QoS::AtLeastOnce, false, payload).is_ok()
    }
}

/// The running connection.
#[derive(Debug)]
pub struct Subscriber {
    notices: mpsc::Receiver<Notice>,
    /// Came while the subscription was awaited.
    early: Option<Notice>,
    client: AsyncClient,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// Who subscribes, where, to what.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// The broker.
    pub endpoint: Endpoint,
    /// Unique name of the client.
    pub client_id: String,
    /// Topic filter.
    pub filter: String,
    /// How long the broker keeps the subscription and its messages while the client is away.
    pub kept: Duration,
}

impl Subscriber {
    /// Starts to connect.
    #[must_use]
    pub fn start(subscription: Subscription) -> Self {
        let mut options = subscription.endpoint.options(subscription.client_id);
        options
            .set_keep_alive(Duration::from_secs(30))
            .set_connection_timeout(5)
            .set_clean_start(false)
            .set_session_expiry_interval(Some(subscription.kept.as_secs().try_into().unwrap_or(u32::MAX)))
            .set_receive_maximum(Some(RECEIVE_MAX))
            .set_max_packet_size(Some(MAX_PACKET))
            .set_request_channel_capacity(64);
        options.set_outgoing_inflight_upper_limit(64);
        let (client, events) = AsyncClient::new(options, 64);
        let (sender, notices) = mpsc::channel(QUEUE);
        let (stop, stopped) = watch::channel(false);
        let (batch, filter) = (Vec::new(), subscription.filter);
        let driver = Driver { client: client.clone(), filter, batch, sender, stopped, greeted: false };
        Self { notices, early: None, client, stop, task: tokio::spawn(driver.run(events)) }
    }

    /// Waits until the broker answers.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn ready(&mut self, patience: Duration) -> Result<(), String> {
        match tokio::time::timeout(patience, self.next()).await {
            // A broker may hand over what it kept before it confirms the subscription.
            Ok(Some(notice @ (Notice::Subscribed | Notice::Messages(_)))) => {
                self.early = Some(notice);
                Ok(())
            }
            Ok(Some(Notice::Lost { why, .. })) => Err(why),
            Ok(None) => Err("the client stopped".to_owned()),
            Err(_) => Err(format!("no answer within {} s", patience.as_secs())),
        }
    }

    /// The next notice; `None` after [`Subscriber::stop`].
    pub async fn next(&mut self) -> Option<Notice> {
        match self.early.take() {
            Some(notice) => Some(notice),
            None => self.notices.recv().await,
        }
    }

    /// Who can publish over this connection.
    #[must_use]
    pub fn sender(&self) -> Sender {
        Sender(self.client.clone())
    }

    /// Sends DISCONNECT and waits for the end.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let asked = self.client.try_disconnect().is_ok();
        self.notices.close();
        let patience = Duration::from_secs(if asked { 2 } else { 0 });
        if tokio::time::timeout(patience, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

/// What the connection's own task holds.
struct Driver {
    client: AsyncClient,
    filter: String,
    /// Came and is not handed on yet.
    batch: Vec<Letter>,
    sender: mpsc::Sender<Notice>,
    stopped: watch::Receiver<bool>,
    /// Whether the broker has accepted the connection that there is.
    greeted: bool,
}

impl Driver {
    async fn run(mut self, mut events: EventLoop) {
        let mut backoff = Backoff::of_collector(u64::from(std::process::id()));
        loop {
            let event = {
                let mut next = pin!(events.poll());
                match poll!(next.as_mut()) {
                    Poll::Ready(event) => event,
                    // A pause: what came before it must not wait for what comes after.
                    Poll::Pending if self.hand_on().await => next.await,
                    Poll::Pending => return,
                }
            };
            let notice = match event {
                Ok(Event::Incoming(packet)) => self.on_packet(packet, &mut backoff),
                Ok(Event::Outgoing(Outgoing::Disconnect)) | Err(ConnectionError::RequestsDone) => return,
                Ok(Event::Outgoing(
                    Outgoing::Publish(_)
                    | Outgoing::Subscribe(_)
                    | Outgoing::Unsubscribe(_)
                    | Outgoing::PubAck(_)
                    | Outgoing::PubRec(_)
                    | Outgoing::PubRel(_)
                    | Outgoing::PubComp(_)
                    | Outgoing::PingReq
                    | Outgoing::PingResp
                    | Outgoing::AwaitAck(_),
                )) => None,
                Err(_) if *self.stopped.borrow() => return,
                Err(error) => {
                    let why = explain(&error, std::mem::take(&mut self.greeted));
                    Some(Notice::Lost { why, retry_in: backoff.next_wait() })
                }
            };
            if (notice.is_some() || self.batch.len() >= BATCH) && !self.hand_on().await {
                return;
            }
            let Some(notice) = notice else { continue };
            let wait = match &notice {
                Notice::Lost { retry_in, .. } => Some(*retry_in),
                Notice::Subscribed | Notice::Messages(_) => None,
            };
            if !self.say(notice).await {
                return;
            }
            if let Some(wait) = wait {
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    _ = self.stopped.changed() => return,
                }
            }
        }
    }

    /// Says something to whoever listens; false when it is no use to go on. Who stops listens no more, but the connection
    /// has yet to say farewell.
    async fn say(&self, notice: Notice) -> bool {
        self.sender.send(notice).await.is_ok() || *self.stopped.borrow()
    }

    /// Hands on what came; false when it is no use to go on.
    async fn hand_on(&mut self) -> bool {
        let batch = std::mem::take(&mut self.batch);
        batch.is_empty() || self.say(Notice::Messages(batch)).await
    }

    fn on_packet(&mut self, packet: Packet, backoff: &mut Backoff) -> Option<Notice> {
        match packet {
            Packet::ConnAck(_) => {
                self.greeted = true;
                // Always, because a broker that restarted has forgotten the subscription.
                let asked = self.client.try_subscribe(self.filter.clone(), QoS::AtLeastOnce);
                asked.err().map(|error| Notice::Lost { why: error.to_string(), retry_in: backoff.next_wait() })
            }
            Packet::SubAck(ack) => match ack.return_codes.first() {
                Some(SubscribeReasonCode::Success(_)) => {
                    backoff.reset();
                    Some(Notice::Subscribed)
                }
                refused => {
                    let why = format!("the broker refused the subscription to {}: {refused:?}", self.filter);
                    Some(Notice::Lost { why, retry_in: backoff.next_wait() })
                }
            },
            Packet::Publish(publish) => {
                self.batch.push(Letter {
                    topic: publish.topic,
                    content_type: publish.properties.and_then(|properties| properties.content_type).map(known),
                    payload: publish.payload,
                    retained: publish.retain,
                });
                None
            }
            Packet::Disconnect(disconnect) => Some(Notice::Lost {
                why: format!("the broker ended the connection: {:?}", disconnect.reason_code),
                retry_in: backoff.next_wait(),
            }),
            Packet::Auth(_)
            | Packet::Connect(..)
            | Packet::PubAck(_)
            | Packet::PingReq(_)
            | Packet::PingResp(_)
            | Packet::Subscribe(_)
            | Packet::PubRec(_)
            | Packet::PubRel(_)
            | Packet::PubComp(_)
            | Packet::Unsubscribe(_)
            | Packet::UnsubAck(_) => None,
        }
    }
}

/// A content type without a text of its own where it is one of ours: that would be made here and freed by another thread.
fn known(content_type: String) -> Cow<'static, str> {
    let ours = [Format::Json, Format::Protobuf].map(Format::content_type);
    ours.into_iter().find(|one| *one == content_type).map_or(Cow::Owned(content_type), Cow::Borrowed)
}

/// An error of the library in words that say what to look at; `greeted`: the broker had accepted the connection.
pub(super) fn explain(error: &ConnectionError, greeted: bool) -> String {
    match error {
        ConnectionError::Tls(TlsError::TLS(error)) => tls::explain(error),
        ConnectionError::Tls(TlsError::Io(io)) if is_end(io) => HANG_UP.to_owned(),
        ConnectionError::MqttState(StateError::ConnectionAborted) => closed(greeted),
        ConnectionError::Io(io)
        | ConnectionError::Tls(TlsError::Io(io))
        | ConnectionError::MqttState(StateError::Io(io) | StateError::Deserialization(mqttbytes::Error::Io(io))) => {
            explain_io(io, greeted)
        }
        ConnectionError::MqttState(StateError::Deserialization(what)) => {
            format!("the broker sent garbage ({what}); is it an MQTT broker?")
        }
        ConnectionError::NotConnAck(_) => {
            "the broker sent garbage (a packet at the wrong time); is it an MQTT broker?".to_owned()
        }
        ConnectionError::ConnectionRefused(code) => format!("the broker refused the login: {code:?}"),
        ConnectionError::Timeout(_) => "no answer within 5 s".to_owned(),
        ConnectionError::MqttState(_) | ConnectionError::Tls(_) | ConnectionError::RequestsDone => error.to_string(),
    }
}

fn explain_io(error: &io::Error, greeted: bool) -> String {
    if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return tls::explain(error);
    }
    if is_end(error) { closed(greeted) } else { error.to_string() }
}

/// Whether it says that the other side is gone.
fn is_end(error: &io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | BrokenPipe | UnexpectedEof)
}

fn closed(greeted: bool) -> String {
    if greeted { Loss::Closed.to_string() } else { Loss::Unanswered.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_of_ours_have_no_text_of_their_own() {
        for format in [Format::Json, Format::Protobuf] {
            let lent = known(format.content_type().to_owned());
            assert!(matches!(lent, Cow::Borrowed(text) if text == format.content_type()), "{lent:?}");
        }
        assert_eq!(known("application/json; charset=utf-8".to_owned()), "application/json; charset=utf-8");
    }
}
