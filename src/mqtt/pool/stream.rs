//! The bytes of one connection: as they are, or through TLS. Never blocks.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;

use mio::net::TcpStream;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};

use crate::mqtt::tls::{HANG_UP, explain};

/// The bytes of one connection.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<Secured>),
}

/// A socket and its TLS session.
#[derive(Debug)]
pub(super) struct Secured {
    socket: TcpStream,
    session: ClientConnection,
}

impl Stream {
    /// Puts TLS on a connected socket. The handshake goes on whenever bytes are read or written.
    ///
    /// # Errors
    /// When the settings allow no session.
    pub(super) fn secure(self, host: ServerName<'static>, config: Arc<ClientConfig>) -> Result<Self, rustls::Error> {
        match self {
            Self::Plain(socket) => {
                let session = ClientConnection::new(config, host)?;
                Ok(Self::Tls(Box::new(Secured { socket, session })))
            }
            Self::Tls(secured) => Ok(Self::Tls(secured)),
        }
    }

    pub(super) fn socket(&mut self) -> &mut TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(secured) => &mut secured.socket,
        }
    }

    /// Whether bytes wait in it for room in the socket.
    pub(super) fn wants_write(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(secured) => secured.session.wants_write(),
        }
    }

    /// Reads what there is; less than `buffer` holds only when there is no more. 0: the broker closed it.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Tls(secured) => secured.read(buffer),
        }
    }

    /// Takes as many of the bytes as there is room for, and writes those that it took before.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Tls(secured) => secured.write(bytes),
        }
    }

    /// Writes the last bytes, and says that they are. What is not taken the broker learns from the end of the connection.
    pub(super) fn finish(&mut self, bytes: &[u8]) {
        let taken = self.write(bytes);
        if let Self::Tls(secured) = self {
            secured.session.send_close_notify();
            drop(secured.flush());
        }
        drop(taken);
    }
}

impl Secured {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.session.reader().read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => {
                    filled += count;
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                // Closed without the farewell that TLS has.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof && !self.session.is_handshaking() => break,
                Err(error) if filled == 0 => return Err(self.in_words(error)),
                Err(_) => break,
            }
            match self.session.read_tls(&mut self.socket) {
                Ok(_) => {
                    if let Err(error) = self.process() {
                        // What came before the fault counts.
                        filled += self.session.reader().read(&mut buffer[filled..]).unwrap_or(0);
                        return if filled > 0 { Ok(filled) } else { Err(error) };
                    }
                }
                // Told once what was read before is taken.
                Err(_) if filled > 0 => break,
                Err(error) => return Err(self.in_words(error)),
            }
        }
        Ok(filled)
    }

    /// Takes what was read to pieces, and answers it where TLS has to.
    fn process(&mut self) -> io::Result<()> {
        let processed = self.session.process_new_packets();
        // What cannot be written now is written with what follows; an error of the socket shows when it is read.
        drop(self.flush());
        match processed {
            Ok(_) => Ok(()),
            Err(error) => Err(io::Error::new(ErrorKind::InvalidData, explain(&error))),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.flush()?;
        let taken = self.session.writer().write(bytes)?;
        if taken == 0 && !bytes.is_empty() {
            // Full until the handshake is done.
            return Err(ErrorKind::WouldBlock.into());
        }
        match self.flush() {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            Ok(()) | Err(_) => Ok(taken),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            match self.session.write_tls(&mut self.socket) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// A connection that breaks during the handshake breaks because of it.
    fn in_words(&self, error: io::Error) -> io::Error {
        let broken = matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset);
        if broken && self.session.is_handshaking() { io::Error::other(HANG_UP) } else { error }
    }
}
