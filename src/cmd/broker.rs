//! `zhilian broker`: the embedded broker alone.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::output::{self, Style};
use super::{Failure, stop};
use crate::base::span;
use crate::mqtt::Broker;
use crate::mqtt::broker::SecureListener;
use crate::mqtt::tls::Identity;

/// The embedded MQTT 5 broker; anonymous, so keep it on loopback.
#[derive(Debug, Args)]
pub struct BrokerArgs {
    /// Where to listen; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:1883")]
    pub mqtt: SocketAddr,
    /// Where to listen for TLS as well
    #[arg(long, value_name = "ADDRESS", requires = "cert")]
    pub mqtts: Option<SocketAddr>,
    /// The broker's certificate, PEM
    #[arg(long, value_name = "FILE", requires_all = ["key", "mqtts"])]
    pub cert: Option<PathBuf>,
    /// The private key of --cert, PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
    /// Turn away TLS clients without a certificate that this authority has signed, PEM
    #[arg(long, value_name = "FILE", requires = "mqtts")]
    pub client_ca: Option<PathBuf>,
    /// Stop by itself after this time, such as 90s or 5m
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    pub duration: Option<Duration>,
    /// One JSON object a line on stdout
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
///
/// # Errors
/// When an address is taken or a file for TLS does not fit.
pub async fn run(args: BrokerArgs) -> Result<(), Failure> {
    let style = if args.json { Style::Json } else { Style::Plain };
    let identity = args.cert.zip(args.key).map(|(cert, key)| Identity { cert, key });
    let client_ca = args.client_ca;
    let secure = args.mqtts.zip(identity).map(|(address, identity)| SecureListener { address, identity, client_ca });
    let broker = Broker::start(args.mqtt, secure).await?;
    let url = format!("mqtt://{}", broker.address());
    let secure_url = broker.secure_address().map(|address| format!("mqtts://{address}"));
    output::object(style, "listening", &json!({ "mqtt": url, "mqtts": secure_url }));
    if style == Style::Plain {
        if let Some(url) = secure_url {
            output::line(&format!("MQTT broker with TLS on {url}"));
        }
        output::line(&format!("MQTT broker on {url}; Ctrl-C stops it"));
        output::line(&format!("try: zhilian simulate --broker {url}"));
    }
    stop::requested(args.duration).await;
    broker.stop().await;
    Ok(())
}
