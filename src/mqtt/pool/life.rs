//! How a connection begins, waits for its next turn and ends.

use std::io;
use std::net::SocketAddr;

use mio::net::TcpStream;
use mio::{Interest, Token};
use socket2::{Domain, Socket, Type};

use super::connection::{Phase, Wish};
use super::event::{Event, Loss, Owner};
use super::pool::Pool;
use super::stream::Stream;
use super::timers::NEVER;
use crate::mqtt::backoff::Backoff;

/// "Operation in progress", which the standard library does not name.
const IN_PROGRESS: i32 = if cfg!(target_os = "linux") { 115 } else { 36 };

impl Pool {
    /// Lets those begin whose turn it is, as many at a time as may.
    pub(super) fn start_queued(&mut self, owner: &mut impl Owner) {
        while self.opening < self.settings.opening {
            let Some(connection) = self.queued.pop_front() else { return };
            // It may have been told otherwise meanwhile.
            if self.at(connection).phase != Phase::Queued {
                continue;
            }
            if self.at(connection).wish != Wish::Up {
                self.at(connection).phase = Phase::Off;
                continue;
            }
            self.start(connection, owner);
        }
    }

    fn start(&mut self, connection: u32, owner: &mut impl Owner) {
        let deadline = self.now_ms() + self.settings.patience.as_millis() as u64;
        let began_ns = self.watch.ns();
        self.opening += 1;
        self.at(connection).phase = Phase::Opening;
        self.at(connection).began_ns = began_ns;
        self.timers.set(connection, deadline);
        match self.connect(connection) {
            Ok(socket) => self.at(connection).stream = Some(Stream::Plain(socket)),
            Err(error) => self.lose(connection, &error.into(), owner),
        }
    }

    /// Begins to connect, without waiting for it.
    fn connect(&self, connection: u32) -> io::Result<TcpStream> {
        let address = self.settings.address;
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        if !self.settings.sources.is_empty() {
            let source = self.settings.sources[connection as usize % self.settings.sources.len()];
            socket.bind(&SocketAddr::new(source, 0).into())?;
        }
        match socket.connect(&address.into()) {
            Err(error) if error.raw_os_error() != Some(IN_PROGRESS) => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut stream = TcpStream::from_std(socket.into());
        self.poll.registry().register(
            &mut stream,
            Token(connection as usize),
            Interest::READABLE | Interest::WRITABLE,
        )?;
        Ok(stream)
    }

    /// The system says that the connection stands, or why it does not.
    pub(super) fn on_connected(&mut self, connection: u32, owner: &mut impl Owner) {
        let Some(socket) = self.at(connection).stream.as_mut().map(Stream::socket) else { return };
        match (socket.take_error(), socket.peer_addr()) {
            (Ok(Some(error)) | Err(error), _) => self.lose(connection, &error.into(), owner),
            (Ok(None), Ok(_)) => self.introduce(connection, owner),
            // An event of the socket that it had before.
            (Ok(None), Err(_)) => {}
        }
    }

    /// Closes the socket of a connection and makes it wait, or ends it.
    pub(super) fn lose(&mut self, connection: u32, why: &Loss, owner: &mut impl Owner) {
        let phase = self.close(connection, Phase::Off);
        let now_ns = self.watch.ns();
        let why = if let (Phase::Greeting, Loss::Closed) = (phase, why) { &Loss::Unanswered } else { why };
        match phase {
            Phase::Open => owner.on_event(connection, now_ns, Event::Lost(why)),
            Phase::Opening | Phase::Greeting => owner.on_event(connection, now_ns, Event::Failed(why)),
            Phase::Off | Phase::Queued | Phase::Waiting => {}
        }
        // What was half written is neither sent nor kept.
        if let Some(busy) = &mut self.at(connection).busy {
            for tag in std::mem::take(&mut busy.unwritten) {
                owner.on_event(connection, now_ns, Event::GivenUp(tag));
            }
        }
        let reconnect = self.settings.reconnect;
        match self.at(connection).wish {
            Wish::Up if reconnect => self.wait_before_next(connection),
            Wish::NoNetwork => {}
            Wish::Up | Wish::Leave => {
                self.abandon(connection, owner);
                owner.on_event(connection, now_ns, Event::Ended { was_open: false });
            }
        }
    }

    /// Ends an open connection that said farewell.
    pub(super) fn end(&mut self, connection: u32, owner: &mut impl Owner) {
        self.close(connection, Phase::Off);
        self.abandon(connection, owner);
        owner.on_event(connection, self.watch.ns(), Event::Ended { was_open: true });
    }

    /// Closes the socket; the answer is how far the connection was.
    pub(super) fn close(&mut self, connection: u32, phase: Phase) -> Phase {
        self.timers.set(connection, NEVER);
        let one = &mut self.connections[connection as usize];
        if let Some(mut stream) = one.stream.take() {
            // Closing does the same; this can only fail for a socket that is not registered.
            drop(self.poll.registry().deregister(stream.socket()));
        }
        if let Some(busy) = &mut one.busy {
            busy.clear_buffers();
        }
        let before = std::mem::replace(&mut one.phase, phase);
        match before {
            Phase::Opening | Phase::Greeting => self.opening -= 1,
            Phase::Open => self.online -= 1,
            Phase::Off | Phase::Queued | Phase::Waiting => {}
        }
        before
    }

    pub(super) fn wait_before_next(&mut self, connection: u32) {
        let (seed, now_ms) = (self.settings.seed, self.now_ms());
        let one = self.at(connection);
        one.phase = Phase::Waiting;
        let backoff = one.backoff.get_or_insert_with(|| Box::new(Backoff::of_vehicle(seed, connection)));
        let wait = backoff.next_wait();
        self.timers.set(connection, now_ms + wait.as_millis() as u64);
    }

    /// Its wait is over: it queues up for its turn.
    pub(super) fn queue(&mut self, connection: u32) {
        self.at(connection).phase = Phase::Queued;
        self.queued.push_back(connection);
    }

    pub(super) fn abandon(&mut self, connection: u32, owner: &mut impl Owner) {
        let now_ns = self.watch.ns();
        if let Some(busy) = &mut self.at(connection).busy {
            busy.outbox.abandon(|event| owner.on_event(connection, now_ns, event));
        }
        self.put_away(connection);
    }
}
