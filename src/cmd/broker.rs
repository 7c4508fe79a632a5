//! `zhilian broker`: the embedded broker alone.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::output::{self, Style};
use super::{Failure, stop};
use crate::base::span;
use crate::mqtt::Broker;

/// The embedded MQTT 5 broker on one address; anonymous, so keep it on loopback.
#[derive(Debug, Args)]
pub struct BrokerArgs {
    /// Where to listen; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:1883")]
    pub mqtt: SocketAddr,
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
/// When the address is taken.
pub async fn run(args: BrokerArgs) -> Result<(), Failure> {
    let style = if args.json { Style::Json } else { Style::Plain };
    let broker = Broker::start(args.mqtt).await?;
    let url = format!("mqtt://{}", broker.address());
    output::object(style, "listening", &json!({ "mqtt": url }));
    if style == Style::Plain {
        output::line(&format!("MQTT broker on {url}; Ctrl-C stops it"));
        output::line(&format!("try: zhilian simulate --broker {url}"));
    }
    stop::requested(args.duration).await;
    broker.stop().await;
    Ok(())
}
