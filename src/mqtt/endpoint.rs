//! A broker and how to get to it, as its URL and the files for TLS say.

use std::fmt;

use rumqttc::v5::MqttOptions;
use rumqttc::{TlsConfiguration, Transport};

use super::tls::{Tls, TlsFault, TlsFiles};
use super::url::BrokerUrl;

/// A broker and how to get to it.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Where it is.
    pub url: BrokerUrl,
    /// What TLS is made of, where the URL asks for it.
    pub tls: Option<Tls>,
}

impl Endpoint {
    /// Reads the files for TLS, where the URL asks for it.
    ///
    /// # Errors
    /// The first that cannot be read or does not fit.
    pub fn new(url: BrokerUrl, files: &TlsFiles) -> Result<Self, TlsFault> {
        let tls = if url.tls { Some(Tls::new(&url.host, files)?) } else { None };
        Ok(Self { url, tls })
    }

    /// What the client library needs to know of it.
    pub(super) fn options(&self, client_id: String) -> MqttOptions {
        let mut options = MqttOptions::new(client_id, self.url.host.clone(), self.url.port);
        if let Some((user, password)) = &self.url.login {
            options.set_credentials(user, password);
        }
        if let Some(tls) = &self.tls {
            options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(tls.config())));
        }
        options
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}
