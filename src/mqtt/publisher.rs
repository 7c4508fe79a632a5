//! A connection that publishes what others have said, as they said it: one `rumqttc` client.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use rumqttc::Outgoing;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{ConnectReturnCode, Packet, PublishProperties};
use rumqttc::v5::{AsyncClient, ConnectionError, Event, EventLoop};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::backoff::Backoff;
use super::endpoint::Endpoint;
use super::subscriber::explain;

/// How long a broker may take to answer, and at the end to acknowledge what is still on its way.
const PATIENCE: Duration = Duration::from_secs(5);
/// Messages on their way at a time.
const INFLIGHT: u16 = 1000;

/// A message to publish.
#[derive(Debug, Clone)]
pub struct Publication {
    /// Topic name.
    pub topic: String,
    /// MQTT content type.
    pub content_type: Option<String>,
    /// Payload.
    pub payload: Vec<u8>,
    /// Whether the broker is to keep it.
    pub retain: bool,
}

/// The connection.
#[derive(Debug)]
pub struct Publisher {
    client: AsyncClient,
    acknowledged: Arc<AtomicU64>,
    sent: u64,
    task: JoinHandle<()>,
}

impl Publisher {
    /// Connects.
    ///
    /// # Errors
    /// Why the broker cannot be reached.
    pub async fn connect(endpoint: &Endpoint, client_id: String) -> Result<Self, String> {
        let mut options = endpoint.options(client_id);
        options
            .set_keep_alive(Duration::from_secs(30))
            .set_connection_timeout(PATIENCE.as_secs())
            .set_clean_start(true);
        options.set_outgoing_inflight_upper_limit(INFLIGHT);
        let (client, mut events) = AsyncClient::new(options, usize::from(INFLIGHT));
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(ack))) if ack.code == ConnectReturnCode::Success => {}
            Ok(other) => return Err(format!("expected a CONNACK, found {other:?}")),
            Err(error) => return Err(explain(&error, false)),
        }
        let acknowledged = Arc::new(AtomicU64::new(0));
        let task = tokio::spawn(drive(events, Arc::clone(&acknowledged)));
        Ok(Self { client, acknowledged, sent: 0, task })
    }

    /// Publishes at `QoS` 1; waits while too much is on its way.
    ///
    /// # Errors
    /// When the connection has ended for good.
    pub async fn publish(&mut self, publication: Publication) -> Result<(), String> {
        let Publication { topic, content_type, payload, retain } = publication;
        let properties = PublishProperties { content_type, ..PublishProperties::default() };
        let sent = self.client.publish_bytes_with_properties(
            topic,
            QoS::AtLeastOnce,
            retain,
            Bytes::from(payload),
            properties,
        );
        sent.await.map_err(|error| error.to_string())?;
        self.sent += 1;
        Ok(())
    }

    /// Waits for what is on its way, and disconnects: how many messages were sent, and how many acknowledged.
    pub async fn stop(mut self) -> (u64, u64) {
        let settled = async {
            while self.acknowledged.load(Ordering::Relaxed) < self.sent {
                sleep(Duration::from_millis(10)).await;
            }
        };
        // Whoever asks sees by the numbers whether it was enough.
        let _ = timeout(PATIENCE, settled).await;
        if self.client.disconnect().await.is_err() || timeout(PATIENCE, &mut self.task).await.is_err() {
            self.task.abort();
        }
        (self.sent, self.acknowledged.load(Ordering::Relaxed))
    }
}

/// Keeps the connection; what was not acknowledged when it broke is sent again by the library.
async fn drive(mut events: EventLoop, acknowledged: Arc<AtomicU64>) {
    let mut backoff = Backoff::of_collector(u64::from(std::process::id()));
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::PubAck(_))) => drop(acknowledged.fetch_add(1, Ordering::Relaxed)),
            Ok(Event::Incoming(Packet::ConnAck(_))) => backoff.reset(),
            Ok(Event::Outgoing(Outgoing::Disconnect)) | Err(ConnectionError::RequestsDone) => return,
            Ok(Event::Incoming(_) | Event::Outgoing(_)) => {}
            Err(error) => {
                let wait = backoff.next_wait();
                tracing::warn!(
                    "lost the broker ({}); next attempt in {:.1} s",
                    explain(&error, true),
                    wait.as_secs_f64()
                );
                sleep(wait).await;
            }
        }
    }
}
