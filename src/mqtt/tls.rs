//! TLS with brokers: whom to trust, who we are, and what went wrong, in words. One stack for all connections: rustls on
//! ring. There is no way to trust everybody: a broker of one's own has its authority's certificate, which `--ca` takes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{AlertDescription, CertificateError, ClientConfig, Error, RootCertStore};

use super::tickets::{Newcomer, Tickets};

/// Tickets kept where many connections are one client to the broker: far more than are opened at a time.
const SHARED_TICKETS: usize = 1024;
/// Tickets kept of a vehicle with a certificate of its own.
const OWN_TICKETS: usize = 1;

/// What is said of a connection that ends before TLS stands.
pub(super) const HANG_UP: &str =
    "the broker closed the connection during the TLS handshake; does it speak TLS on this port, or is it mqtt://?";

/// The files that TLS is made of, PEM each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// Certificates of the authorities that are trusted; none: those of the system.
    pub ca: Option<PathBuf>,
    /// Our certificate with those between it and its authority, and its private key.
    pub identity: Option<Identity>,
}

/// The files of a certificate and of its private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The certificate, with those between it and its authority.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsFault {
    /// A file is not what it should be.
    #[error("{}: {what}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Nobody to trust.
    #[error("this system trusts no authority for certificates: give the broker's own with --ca")]
    NoAuthority,
    /// A host that no certificate can name.
    #[error("{0:?} is no name that a certificate can have")]
    Host(String),
    /// The library refuses the settings.
    #[error("TLS: {0}")]
    Library(#[from] Error),
}

/// TLS with one broker.
#[derive(Debug, Clone)]
pub struct Tls {
    host: ServerName<'static>,
    config: Arc<ClientConfig>,
    newcomer: Arc<ClientConfig>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// The first that cannot be read or does not fit.
    pub fn new(host: &str, files: &TlsFiles) -> Result<Self, TlsFault> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| TlsFault::Host(host.to_owned()))?;
        let roots = match &files.ca {
            Some(path) => authorities(path)?,
            None => system_authorities()?,
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        if let Some(identity) = &files.identity {
            config.client_auth_cert_resolver = resolver(&config, identity)?;
        }
        let tickets = Arc::new(Tickets::new(SHARED_TICKETS));
        let mut newcomer = config.clone();
        newcomer.resumption = Resumption::store(Arc::new(Newcomer(Arc::clone(&tickets))));
        config.resumption = Resumption::store(tickets);
        Ok(Self { host: name, config: Arc::new(config), newcomer: Arc::new(newcomer) })
    }

    /// The name that the broker's certificate must have.
    #[must_use]
    pub fn host(&self) -> ServerName<'static> {
        self.host.clone()
    }

    /// What all connections share, tickets included.
    #[must_use]
    pub fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.config)
    }

    /// The same for a connection that comes for the first time. Only one that was there before may come back with a
    /// ticket, or a fleet that starts would cost its broker less than it does.
    #[must_use]
    pub fn newcomer(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.newcomer)
    }

    /// The same with another identity, which shares no tickets with others: a ticket stands for who it was given to.
    ///
    /// # Errors
    /// When its files cannot be read or do not fit each other.
    pub fn config_as(&self, identity: &Identity) -> Result<Arc<ClientConfig>, TlsFault> {
        let mut config = ClientConfig::clone(&self.config);
        config.client_auth_cert_resolver = resolver(&config, identity)?;
        config.resumption = Resumption::store(Arc::new(Tickets::new(OWN_TICKETS)));
        Ok(Arc::new(config))
    }
}

fn fault(path: &Path, what: impl Into<String>) -> TlsFault {
    TlsFault::File { path: path.to_owned(), what: what.into() }
}

/// The certificates of a file.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsFault> {
    let read = std::fs::read(path).map_err(|error| fault(path, error.to_string()))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(fault(path, "expected a certificate in PEM (-----BEGIN CERTIFICATE-----), found none")),
        Err(error) => Err(fault(path, format!("expected a certificate in PEM: {error}"))),
    }
}

fn authorities(path: &Path) -> Result<RootCertStore, TlsFault> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| fault(path, format!("not an authority's certificate: {error}")))?;
    }
    Ok(roots)
}

fn system_authorities() -> Result<RootCertStore, TlsFault> {
    let mut roots = RootCertStore::empty();
    // Some that are old and odd are always among them.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { Err(TlsFault::NoAuthority) } else { Ok(roots) }
}

/// Checks the files that a broker is to have.
///
/// # Errors
/// The first that cannot be read or does not fit.
pub fn check(identity: &Identity, client_ca: Option<&Path>) -> Result<(), TlsFault> {
    certified(&rustls::crypto::ring::default_provider(), identity)?;
    client_ca.map(authorities).transpose().map(drop)
}

fn resolver(config: &ClientConfig, identity: &Identity) -> Result<Arc<SingleCertAndKey>, TlsFault> {
    Ok(Arc::new(SingleCertAndKey::from(certified(config.crypto_provider(), identity)?)))
}

fn certified(provider: &CryptoProvider, identity: &Identity) -> Result<CertifiedKey, TlsFault> {
    let Identity { cert, key: key_path } = identity;
    let chain = certificates(cert)?;
    let read = std::fs::read(key_path).map_err(|error| fault(key_path, error.to_string()))?;
    let key = PrivateKeyDer::from_pem_slice(&read)
        .map_err(|_| fault(key_path, "expected a private key in PEM without a password, found none"))?;
    CertifiedKey::from_der(chain, key, provider).map_err(|error| {
        let cert = cert.display();
        if let Error::InconsistentKeys(_) = error {
            return fault(key_path, format!("it is not the key of {cert}"));
        }
        fault(key_path, format!("it cannot be used with {cert}: {error}"))
    })
}

/// An error of the library in words that say what to look at.
#[must_use]
pub fn explain(error: &Error) -> String {
    if let Error::InvalidCertificate(error) = error {
        return explain_certificate(error);
    }
    if let Error::AlertReceived(alert) = error {
        return explain_alert(*alert);
    }
    if let Error::InvalidMessage(_) = error {
        return "the broker answers no TLS: does it speak TLS on this port, or is it mqtt://?".to_owned();
    }
    format!("TLS with the broker failed: {error}")
}

fn explain_certificate(error: &CertificateError) -> String {
    if let CertificateError::ExpiredContext { time, not_after } = error {
        let days = days_between(*not_after, *time);
        return format!("the broker's certificate has expired {days} ago: it needs a new one");
    }
    if let CertificateError::NotValidYetContext { time, not_before } = error {
        let days = days_between(*time, *not_before);
        return format!("the broker's certificate is valid only in {days}: is a clock wrong?");
    }
    // The latter: an authority of the same name.
    if matches!(error, CertificateError::UnknownIssuer | CertificateError::BadSignature) {
        return "nobody who is trusted here has signed the broker's certificate: give its authority's certificate \
                with --ca"
            .to_owned();
    }
    if let CertificateError::NotValidForNameContext { expected, presented } = error {
        let (host, names) = (expected.to_str(), presented.join(", "));
        return format!("the broker's certificate is not for {host}, but for {names}: use a name that it has");
    }
    format!("the broker's certificate is not valid: {error}")
}

/// A span of time, in days where it is one.
fn days_between(from: UnixTime, to: UnixTime) -> String {
    match to.as_secs().saturating_sub(from.as_secs()) / 86_400 {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

fn explain_alert(alert: AlertDescription) -> String {
    use AlertDescription as A;
    if matches!(alert, A::CertificateRequired | A::NoCertificate) {
        return "the broker wants a certificate of its clients: give one with --cert and --key, or --credentials"
            .to_owned();
    }
    if alert == A::HandshakeFailure {
        return "the broker refused the TLS handshake; does it want a certificate of its clients (--cert and --key)?"
            .to_owned();
    }
    let ours = [
        A::BadCertificate,
        A::UnsupportedCertificate,
        A::CertificateRevoked,
        A::CertificateExpired,
        A::CertificateUnknown,
        A::UnknownCA,
        A::DecryptError,
        A::AccessDenied,
    ];
    if ours.contains(&alert) {
        return format!("the broker does not accept our certificate ({alert:?})");
    }
    format!("the broker ended the TLS session ({alert:?})")
}
