//! The embedded broker: crate `mqtt5` behind a small seam, on loopback, without stored sessions. For anything else there
//! is a broker of one's own.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use mqtt5::broker::config::{StorageConfig, TlsConfig};
use mqtt5::broker::{BrokerConfig, BrokerShutdownHandle, MqttBroker};
use tokio::task::JoinHandle;

use super::tls::{Identity, TlsFault, check};

/// The longest packet it takes, bytes.
const MAX_PACKET: usize = 4 * 1024 * 1024;

/// A second listener, for TLS.
#[derive(Debug, Clone)]
pub struct SecureListener {
    /// Where.
    pub address: SocketAddr,
    /// The broker's certificate and key.
    pub identity: Identity,
    /// The authority that signs the certificates of clients, which all must have then.
    pub client_ca: Option<PathBuf>,
}

/// A running broker.
#[derive(Debug)]
pub struct Broker {
    address: SocketAddr,
    secure: Option<SocketAddr>,
    shutdown: Handle,
    task: JoinHandle<()>,
}

struct Handle(BrokerShutdownHandle);

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handle")
    }
}

/// Why the broker did not start.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// It cannot listen.
    #[error("cannot listen for MQTT on {address}: {why}; choose another port with {flag}")]
    Address {
        /// Where.
        address: SocketAddr,
        /// Why not.
        why: String,
        /// The flag that says where.
        flag: &'static str,
    },
    /// A file for TLS is not what it should be.
    #[error(transparent)]
    Tls(#[from] TlsFault),
}

impl Broker {
    /// Binds `address` (port 0: any free one), and the one for TLS if there is one, and serves them until
    /// [`Broker::stop`].
    ///
    /// # Errors
    /// [`BrokerError`] when an address is taken or a file does not fit; nothing runs then.
    pub async fn start(address: SocketAddr, secure: Option<SecureListener>) -> Result<Self, BrokerError> {
        // Checked and bound here first, because the library's own errors do not say why it failed.
        free(address, "--mqtt")?;
        let mut config = BrokerConfig::new()
            .with_bind_address(address)
            .with_max_packet_size(MAX_PACKET)
            .with_max_clients(100_000)
            .with_storage(StorageConfig::new().with_persistence(false));
        let mut secured = None;
        if let Some(SecureListener { address, identity, client_ca }) = secure {
            check(&identity, client_ca.as_deref())?;
            let bound = free(address, "--mqtts")?;
            secured = Some(bound);
            let mut tls = TlsConfig::new(identity.cert, identity.key).with_bind_address(bound);
            if let Some(ca) = client_ca {
                tls = tls.with_ca_file(ca).with_require_client_cert(true);
            }
            config = config.with_tls(tls);
        }
        let failed = |why: String| BrokerError::Address { address, why, flag: "--mqtt" };
        let mut broker = MqttBroker::with_config(config).await.map_err(|error| failed(error.to_string()))?;
        let bound = broker.local_addr().unwrap_or(address);
        let shutdown = Handle(broker.shutdown_handle());
        let mut ready = broker.ready_receiver();
        let task = tokio::spawn(async move {
            if let Err(error) = broker.run().await {
                tracing::error!(%error, "the embedded broker stopped");
            }
        });
        ready.wait_for(|ready| *ready).await.map_err(|_| failed("it stopped at once".to_owned()))?;
        Ok(Self { address: bound, secure: secured, shutdown, task })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens for TLS.
    #[must_use]
    pub fn secure_address(&self) -> Option<SocketAddr> {
        self.secure
    }

    /// Closes all connections and waits for the end.
    pub async fn stop(self) {
        self.shutdown.0.shutdown();
        if self.task.await.is_err() {
            tracing::error!("the embedded broker did not end cleanly");
        }
    }
}

/// An address that can be listened at, its port a free one where any will do.
fn free(address: SocketAddr, flag: &'static str) -> Result<SocketAddr, BrokerError> {
    let probe = TcpListener::bind(address).and_then(|listener| listener.local_addr());
    probe.map_err(|error| BrokerError::Address { address, why: error.to_string(), flag })
}
