//! How a command gets to its broker: the flags for TLS, on top of the settings.

use std::path::PathBuf;

use clap::Args;

use super::{ExitCode, Failure};
use crate::config::settings::BrokerSettings;
use crate::mqtt::tls::{Identity, TlsFiles};
use crate::mqtt::{BrokerUrl, Endpoint};

/// TLS with the broker.
#[derive(Debug, Clone, Default, Args)]
pub struct TlsArgs {
    /// With `mqtts://`: the authority that signed the broker's certificate, PEM [default: those that the system trusts]
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// With `mqtts://`: our certificate, for a broker that wants one, PEM
    #[arg(long, value_name = "FILE", requires = "key")]
    pub cert: Option<PathBuf>,
    /// The private key of --cert, PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
}

impl TlsArgs {
    /// The broker that a flag or the settings name.
    ///
    /// # Errors
    /// A bad URL, files that cannot be read or do not fit, flags for TLS with a URL without it.
    pub fn endpoint(&self, broker: Option<&str>, settings: &BrokerSettings) -> Result<Endpoint, Failure> {
        let url = parse_url(broker.unwrap_or(&settings.url))?;
        if !url.tls {
            self.refuse_without("a broker's URL in mqtts://")?;
        }
        Endpoint::new(url, &self.files(settings)?).map_err(|fault| Failure::new(ExitCode::Usage, fault.to_string()))
    }

    /// Refuses flags that would mean nothing without something else.
    ///
    /// # Errors
    /// When one is given.
    pub fn refuse_without(&self, what: &str) -> Result<(), Failure> {
        let flag = if self.ca.is_some() { "--ca" } else { "--cert" };
        if self.ca.is_none() && self.cert.is_none() {
            return Ok(());
        }
        Err(Failure::new(ExitCode::Usage, format!("{flag}: means nothing without {what}")))
    }

    fn files(&self, settings: &BrokerSettings) -> Result<TlsFiles, Failure> {
        let set = |path: &PathBuf| Some(path.clone()).filter(|path| !path.as_os_str().is_empty());
        let ca = self.ca.clone().or_else(|| set(&settings.ca));
        let pair = self.cert.clone().zip(self.key.clone());
        let identity = match (pair, set(&settings.cert), set(&settings.key)) {
            (Some(pair), _, _) => Some(pair),
            (None, None, None) => None,
            (None, Some(cert), Some(key)) => Some((cert, key)),
            (None, Some(_), None) => return Err(incomplete("cert", "key")),
            (None, None, Some(_)) => return Err(incomplete("key", "cert")),
        };
        Ok(TlsFiles { ca, identity: identity.map(|(cert, key)| Identity { cert, key }) })
    }
}

fn incomplete(one: &str, other: &str) -> Failure {
    Failure::new(ExitCode::Usage, format!("setting broker.{one}: needs broker.{other} as well"))
}

/// Reads a broker's address.
///
/// # Errors
/// What was expected.
pub fn parse_url(text: &str) -> Result<BrokerUrl, Failure> {
    text.parse().map_err(|what: String| Failure::new(ExitCode::Usage, format!("broker: {what}")))
}
