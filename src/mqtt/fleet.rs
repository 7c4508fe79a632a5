//! The connections of a fleet: one task a vehicle, which moves the bytes of its [`Session`].

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::backoff::Backoff;
use super::session::{KEEP_ALIVE_S, Outgoing, Session, SessionError};
use super::url::{BrokerUrl, Unreachable};
use crate::base::Vin;
use crate::model::{Command, Presence};
use crate::wire::topic::command_topic;
use crate::wire::{Format, Message, decode_command, encode};

/// Messages between the simulation and one vehicle's connection.
const QUEUE: usize = 1024;
/// Connections being opened at a time, so that a fleet does not overrun a broker's backlog.
const OPENING: usize = 64;
/// How long a broker may take to answer a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a vehicle that is switched off waits for the last acknowledgements.
const FAREWELL: Duration = Duration::from_secs(5);

/// What a fleet's connections have done so far.
#[derive(Debug, Default)]
pub struct Tally {
    /// Connections open now.
    pub online: AtomicU64,
    /// Messages handed over by the simulation.
    pub sent: AtomicU64,
    /// Messages that the broker acknowledged (presence included).
    pub acknowledged: AtomicU64,
    /// Messages sent again after a lost connection.
    pub resent: AtomicU64,
    /// Messages given up, because a queue was full or the broker refused them.
    pub dropped: AtomicU64,
    /// Connections lost.
    pub losses: AtomicU64,
}

/// The connections of a fleet.
#[derive(Debug)]
pub struct FleetLink {
    inboxes: BTreeMap<u32, mpsc::Sender<Word>>,
    tasks: JoinSet<()>,
    tally: Arc<Tally>,
    buffer: Vec<u8>,
    boot: u32,
    format: Format,
    commands: mpsc::Receiver<(u32, Command)>,
}

impl FleetLink {
    /// Tries the broker once, then opens a connection for each vehicle. What they say is in `format`, but for their
    /// presence: that is JSON, once a connection and kept by the broker for people to read.
    ///
    /// # Errors
    /// [`Unreachable`] when nobody answers there; nothing runs then.
    pub async fn start(
        url: &BrokerUrl,
        vehicles: &[(u32, Vin)],
        boot: u32,
        format: Format,
    ) -> Result<Self, Unreachable> {
        let failed = |why: String| Unreachable { url: url.clone(), why };
        match timeout(PATIENCE, TcpStream::connect((url.host.as_str(), url.port))).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Err(failed(error.to_string())),
            Err(_) => return Err(failed(format!("no answer within {} s", PATIENCE.as_secs()))),
        }
        let tally = Arc::new(Tally::default());
        let gate = Arc::new(Semaphore::new(OPENING));
        let mut tasks = JoinSet::new();
        let mut inboxes = BTreeMap::new();
        let (command_sender, commands) = mpsc::channel(QUEUE);
        for (number, vin) in vehicles {
            let (sender, inbox) = mpsc::channel(QUEUE);
            inboxes.insert(*number, sender);
            let will = presence(Presence { vin: *vin, online: false, boot: None, seq: None, time: None });
            let connection = Connection {
                session: Session::new(vin.to_string(), url.login.clone(), will, command_topic(*vin)),
                number: *number,
                commands: command_sender.clone(),
                vin: *vin,
                boot,
                last_seq: 0,
                url: url.clone(),
                inbox,
                reachable: true,
                gate: Arc::clone(&gate),
                tally: Arc::clone(&tally),
                counted: (0, 0, 0),
                backoff: Backoff::of_vehicle(u64::from(boot), *number),
            };
            tasks.spawn(connection.run());
        }
        Ok(Self { inboxes, tasks, tally, buffer: Vec::new(), boot, format, commands })
    }

    /// What the connections have done so far.
    #[must_use]
    pub fn tally(&self) -> Arc<Tally> {
        Arc::clone(&self.tally)
    }

    /// The next command that reached a vehicle; `None` when none can come any more.
    pub async fn next_command(&mut self) -> Option<(u32, Command)> {
        self.commands.recv().await
    }

    /// Hands a message to its vehicle's connection.
    pub fn send(&mut self, vehicle: u32, message: &Message) {
        encode(message, self.format, &mut self.buffer);
        let outgoing = Outgoing {
            topic: message.topic().to_string(),
            payload: Bytes::copy_from_slice(&self.buffer),
            content_type: self.format.content_type(),
            retain: false,
            seq: message.last_seq(self.boot),
        };
        self.tally.sent.fetch_add(1, Ordering::Relaxed);
        if !self.pass(vehicle, Word::Send(outgoing)) {
            self.tally.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes the network from a vehicle, so that its connection breaks without a farewell, or gives it back.
    pub fn set_reachable(&mut self, vehicle: u32, reachable: bool) {
        if !self.pass(vehicle, Word::Network(reachable)) {
            tracing::debug!(vehicle, reachable, "its connection is too busy to be told of the network");
        }
    }

    fn pass(&self, vehicle: u32, word: Word) -> bool {
        self.inboxes.get(&vehicle).is_some_and(|inbox| inbox.try_send(word).is_ok())
    }

    /// Switches all vehicles off: each waits for its acknowledgements, says that it is gone, and disconnects.
    pub async fn stop(mut self) -> Arc<Tally> {
        self.inboxes.clear();
        while self.tasks.join_next().await.is_some() {}
        self.tally
    }
}

fn presence(presence: Presence) -> Outgoing {
    let message = Message::Presence(presence);
    let mut payload = Vec::new();
    encode(&message, Format::Json, &mut payload);
    Outgoing {
        topic: message.topic().to_string(),
        payload: Bytes::from(payload),
        content_type: Format::Json.content_type(),
        retain: true,
        seq: None,
    }
}

/// What the simulation tells a connection.
#[derive(Debug)]
enum Word {
    /// Send this.
    Send(Outgoing),
    /// There is a network from now on, or none.
    Network(bool),
}

/// One vehicle's connection.
struct Connection {
    session: Session,
    number: u32,
    commands: mpsc::Sender<(u32, Command)>,
    vin: Vin,
    boot: u32,
    last_seq: u32,
    url: BrokerUrl,
    inbox: mpsc::Receiver<Word>,
    /// Whether there is a network to connect through.
    reachable: bool,
    gate: Arc<Semaphore>,
    tally: Arc<Tally>,
    counted: (u64, u64, u64),
    backoff: Backoff,
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
enum Loss {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error("no answer")]
    Silence,
    #[error("no network")]
    NoNetwork,
}

impl Connection {
    async fn run(mut self) {
        loop {
            let ended = match self.open().await {
                Ok(stream) => {
                    self.tally.online.fetch_add(1, Ordering::Relaxed);
                    let ended = self.serve(stream).await;
                    self.tally.online.fetch_sub(1, Ordering::Relaxed);
                    self.tally.losses.fetch_add(u64::from(ended.is_err()), Ordering::Relaxed);
                    ended
                }
                Err(loss) => Err(loss),
            };
            self.count();
            let Err(loss) = ended else { return };
            tracing::debug!(vin = %self.vin, %loss, "connection lost");
            if self.wait_and_collect().await {
                self.session.abandon();
                self.count();
                return;
            }
        }
    }

    /// Waits for a network and before the next attempt, and takes what is said meanwhile; true when the vehicle is
    /// switched off.
    async fn wait_and_collect(&mut self) -> bool {
        loop {
            while !self.reachable {
                let Some(word) = self.inbox.recv().await else { return true };
                self.take(word);
            }
            let wait = sleep(self.backoff.next_wait());
            tokio::pin!(wait);
            while self.reachable {
                tokio::select! {
                    () = &mut wait => return self.inbox.is_closed() && self.inbox.is_empty(),
                    word = self.inbox.recv() => match word {
                        Some(word) => self.take(word),
                        None => return true,
                    },
                }
            }
        }
    }

    fn take(&mut self, word: Word) {
        match word {
            Word::Send(message) => {
                self.last_seq = self.last_seq.max(message.seq.unwrap_or(0));
                self.session.push(message);
            }
            Word::Network(reachable) => self.reachable = reachable,
        }
    }

    /// Opens the connection, up to the broker's consent.
    async fn open(&mut self) -> Result<TcpStream, Loss> {
        let gate = Arc::clone(&self.gate);
        let _permit = gate.acquire().await.map_err(|_| Loss::Silence)?;
        let address = (self.url.host.as_str(), self.url.port);
        let mut stream = timeout(PATIENCE, TcpStream::connect(address)).await.map_err(|_| Loss::Silence)??;
        stream.set_nodelay(true)?;
        let mut out = BytesMut::new();
        self.session.connect(&mut out)?;
        stream.write_all(&out).await?;
        let mut input = BytesMut::new();
        while !self.session.is_open() {
            let read = timeout(PATIENCE, stream.read_buf(&mut input)).await.map_err(|_| Loss::Silence)??;
            if read == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            self.session.receive(&mut input)?;
        }
        self.backoff.reset();
        let seq = Some(self.session.settled_seq());
        let birth = Presence { vin: self.vin, online: true, boot: Some(self.boot), seq, time: None };
        self.session.push_first(presence(birth));
        Ok(stream)
    }

    /// Moves bytes until the vehicle is switched off (`Ok`) or the connection is lost.
    async fn serve(&mut self, mut stream: TcpStream) -> Result<(), Loss> {
        let keep_alive = Duration::from_secs(u64::from(KEEP_ALIVE_S));
        let mut input = BytesMut::with_capacity(256);
        let mut out = BytesMut::new();
        let mut heard = Instant::now();
        let mut ping_at = heard + keep_alive;
        let mut farewell: Option<Instant> = None;
        loop {
            self.session.transmit(&mut out)?;
            if farewell.is_some() && self.session.is_idle() {
                self.session.disconnect(&mut out)?;
                stream.write_all(&out).await?;
                stream.shutdown().await?;
                return Ok(());
            }
            if !out.is_empty() {
                stream.write_all(&out).await?;
                out.clear();
                ping_at = Instant::now() + keep_alive;
            }
            tokio::select! {
                read = stream.read_buf(&mut input) => {
                    if read? == 0 {
                        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
                    }
                    heard = Instant::now();
                    self.session.receive(&mut input)?;
                    self.pass_commands();
                    self.count();
                }
                word = self.inbox.recv(), if farewell.is_none() => {
                    if let Some(word) = word {
                        self.take(word);
                        if !self.reachable {
                            return Err(Loss::NoNetwork);
                        }
                    } else {
                        farewell = Some(Instant::now() + FAREWELL);
                        let seq = Some(self.last_seq);
                        let gone = Presence { vin: self.vin, online: false, boot: Some(self.boot), seq, time: None };
                        self.session.push(presence(gone));
                    }
                }
                () = tokio::time::sleep_until(farewell.unwrap_or(ping_at)) => {
                    if farewell.is_some() || heard.elapsed() > 2 * keep_alive {
                        return if farewell.is_some() { Ok(()) } else { Err(Loss::Silence) };
                    }
                    self.session.ping(&mut out)?;
                }
            }
        }
    }

    /// Hands over the commands that arrived; what cannot be read is passed over, as a device would.
    fn pass_commands(&mut self) {
        while let Some(payload) = self.session.take_received() {
            match decode_command(self.vin, &payload) {
                // A vehicle that is commanded faster than it can obey loses the rest.
                Ok(command) => drop(self.commands.try_send((self.number, command))),
                Err(rejection) => tracing::debug!(vin = %self.vin, %rejection, "command turned away"),
            }
        }
    }

    /// Adds what the session counted since the last time to the fleet's tally.
    fn count(&mut self) {
        let (acknowledged, resent, dropped) = self.session.counts();
        self.tally.acknowledged.fetch_add(acknowledged - self.counted.0, Ordering::Relaxed);
        self.tally.resent.fetch_add(resent - self.counted.1, Ordering::Relaxed);
        self.tally.dropped.fetch_add(dropped - self.counted.2, Ordering::Relaxed);
        self.counted = (acknowledged, resent, dropped);
    }
}
