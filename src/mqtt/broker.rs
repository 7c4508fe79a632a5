//! The embedded broker: crate `mqtt5` behind a small seam, on loopback, without stored sessions. For anything else there
//! is a broker of one's own.

use std::net::SocketAddr;

use mqtt5::broker::{BrokerConfig, BrokerShutdownHandle, MqttBroker};
use tokio::task::JoinHandle;

/// The longest packet it takes, bytes.
const MAX_PACKET: usize = 4 * 1024 * 1024;

/// A running broker.
#[derive(Debug)]
pub struct Broker {
    address: SocketAddr,
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
#[error("cannot listen for MQTT on {address}: {why}; choose another port with --mqtt")]
pub struct BrokerError {
    address: SocketAddr,
    why: String,
}

impl Broker {
    /// Binds `address` (port 0: any free one) and serves it until [`Broker::stop`].
    ///
    /// # Errors
    /// [`BrokerError`] when the address is taken; nothing runs then.
    pub async fn start(address: SocketAddr) -> Result<Self, BrokerError> {
        // Bound here first, because the library's own error does not say why it failed.
        let probe = std::net::TcpListener::bind(address);
        drop(probe.map_err(|error| BrokerError { address, why: error.to_string() })?);
        let config = BrokerConfig::new()
            .with_bind_address(address)
            .with_max_packet_size(MAX_PACKET)
            .with_max_clients(100_000)
            .with_storage(mqtt5::broker::config::StorageConfig::new().with_persistence(false));
        let failed = |error: mqtt5::MqttError| BrokerError { address, why: error.to_string() };
        let mut broker = MqttBroker::with_config(config).await.map_err(failed)?;
        let bound = broker.local_addr().unwrap_or(address);
        let shutdown = Handle(broker.shutdown_handle());
        let mut ready = broker.ready_receiver();
        let task = tokio::spawn(async move {
            if let Err(error) = broker.run().await {
                tracing::error!(%error, "the embedded broker stopped");
            }
        });
        ready
            .wait_for(|ready| *ready)
            .await
            .map_err(|_| BrokerError { address, why: "it stopped at once".to_owned() })?;
        Ok(Self { address: bound, shutdown, task })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes all connections and waits for the end.
    pub async fn stop(self) {
        self.shutdown.0.shutdown();
        if self.task.await.is_err() {
            tracing::error!("the embedded broker did not end cleanly");
        }
    }
}
