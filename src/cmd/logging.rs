//! Logs on stderr. `RUST_LOG` chooses what is logged; by default warnings and what zhilian itself has to say.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// What is logged by default. The embedded broker tells each failed handshake twice.
const QUIET: &str = "warn,mqtt5=error,mqtt5::broker::tls_acceptor=off";

/// Starts logging; as JSON lines when asked.
pub fn start(json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(QUIET));
    let logging = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(std::io::stderr().is_terminal());
    let logging = logging.with_writer(std::io::stderr);
    // Only the first call counts; tests may start several commands in one process.
    let started = if json { logging.json().try_init() } else { logging.with_target(false).try_init() };
    drop(started);
}
