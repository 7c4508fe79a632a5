//! What a pool and its owner say to each other.

use std::io;
use std::sync::Arc;

use rustls::ClientConfig;

use super::codec::{Garbage, Message, Version, reason};

/// What the owner knows a message by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tag {
    /// When it was to be sent, nanoseconds on the pool's watch.
    pub intended_ns: u64,
    /// A number of the owner's, such as a sequence number; 0 where it has none.
    pub number: u32,
}

/// Why a connection ended or was not made.
#[derive(Debug, thiserror::Error)]
pub enum Loss {
    /// The system says so.
    #[error(transparent)]
    Io(io::Error),
    /// There is no TLS session.
    #[error("{0}")]
    Tls(String),
    /// The broker closed it without a word.
    #[error("the broker closed the connection")]
    Closed,
    /// The broker closed it before it answered.
    #[error(
        "the broker closed the connection without an answer; does it want TLS (mqtts://), or another version of MQTT?"
    )]
    Unanswered,
    /// The broker refused the login.
    #[error("the broker refused the login: {}", reason(*.0, *.1))]
    Refused(Version, u8),
    /// The broker ended it with a reason.
    #[error("the broker ended the connection: {}", reason(Version::V5, *.0))]
    Ended(u8),
    /// The broker sent what is no MQTT.
    #[error("the broker sent garbage: {0}")]
    Garbage(#[from] Garbage),
    /// No answer in time.
    #[error("no answer within {0} s")]
    Silence(u64),
    /// The owner took the network away.
    #[error("no network")]
    NoNetwork,
}

impl From<io::Error> for Loss {
    fn from(error: io::Error) -> Self {
        // With what it has not read, a broker's end comes as one of these.
        let closed = matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe);
        if closed { Self::Closed } else { Self::Io(error) }
    }
}

/// What happens to a connection.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// The broker accepted it.
    Opened {
        /// From the first packet to consent, nanoseconds.
        took_ns: u64,
    },
    /// It was open, and is no more.
    Lost(&'a Loss),
    /// It could not be made.
    Failed(&'a Loss),
    /// It ended as it was told to, or because it is not to be opened again.
    Ended {
        /// Whether it was open until now.
        was_open: bool,
    },
    /// A message is done: acknowledged, or, without acknowledgement, in the system's hands.
    Done {
        /// Which.
        tag: Tag,
        /// When it was written, nanoseconds on the pool's watch.
        written_ns: u64,
    },
    /// A message was given up, because too many waited, or because the broker refused it.
    GivenUp(Tag),
    /// A message is sent again after a lost connection.
    Resent,
    /// The broker answered a subscription; false: it refused.
    Subscribed(bool),
    /// A message came.
    Received {
        /// Where it was published.
        topic: &'a [u8],
        /// What it says.
        payload: &'a [u8],
    },
}

/// The last will of a connection.
#[derive(Debug, Default)]
pub struct Will {
    /// Topic name.
    pub topic: String,
    /// Payload.
    pub payload: Vec<u8>,
    /// MQTT content type; empty for none.
    pub content_type: &'static str,
    /// Whether the broker keeps it.
    pub retain: bool,
}

/// Who a connection is. One is used for all, so that none has to be kept.
#[derive(Debug, Default)]
pub struct Introduction {
    /// Client id.
    pub client_id: String,
    /// User and password.
    pub login: Option<(String, String)>,
    /// TLS with a certificate of its own, instead of what the settings have for all.
    pub tls: Option<Arc<ClientConfig>>,
    /// Last will.
    pub will: Option<Will>,
}

/// What a connection says first when it is open.
#[derive(Debug, Default)]
pub struct Greeting {
    /// Topic filters to subscribe to.
    pub filters: Vec<String>,
    /// Quality of service of the subscription.
    pub at_most_once: bool,
    /// A message that goes before those that wait: version, then packet as [`Message::encode`] makes it.
    pub birth: Option<(Box<[u8]>, Tag)>,
}

impl Greeting {
    /// Sets the message that goes before those that wait.
    pub fn set_birth(&mut self, version: Version, message: &Message<'_>, tag: Tag) {
        let mut packet = Vec::new();
        message.encode(version, &mut packet);
        self.birth = Some((packet.into_boxed_slice(), tag));
    }
}

/// Whoever a pool's connections belong to.
pub trait Owner {
    /// Says who a connection is; called before each attempt to connect. Everything in `who` is from the one before.
    fn introduce(&mut self, connection: u32, who: &mut Introduction);

    /// Says what an open connection says first; `greeting` is empty.
    fn greet(&mut self, connection: u32, greeting: &mut Greeting);

    /// Is told what happened, at `now_ns` on the pool's watch.
    fn on_event(&mut self, connection: u32, now_ns: u64, event: Event<'_>);
}
