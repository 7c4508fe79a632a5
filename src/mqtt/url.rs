//! Addresses of brokers: `mqtt://user:pass@host:1883`, or `mqtts://` for TLS.

use std::fmt;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::str::FromStr;
use std::time::Duration;

/// Where a broker is, and as whom to log in.
#[derive(Clone, PartialEq, Eq)]
pub struct BrokerUrl {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Whether it is spoken to through TLS.
    pub tls: bool,
    /// User and password.
    pub login: Option<(String, String)>,
}

impl FromStr for BrokerUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("expected a broker such as mqtt://127.0.0.1:1883, found {text:?}");
        let url = url::Url::parse(text).map_err(|_| expected())?;
        let (tls, port) = match url.scheme() {
            "mqtt" => (false, 1883),
            "mqtts" => (true, 8883),
            _ => return Err(expected()),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(expected)?;
        let decode = |part: &str| urlencoded(part).ok_or_else(expected);
        let login = match (url.username(), url.password()) {
            ("", None) => None,
            (user, password) => Some((decode(user)?, decode(password.unwrap_or_default())?)),
        };
        Ok(Self { host: host.trim_matches(['[', ']']).to_owned(), port: url.port().unwrap_or(port), tls, login })
    }
}

/// How long a broker may take to answer a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a broker cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot reach the broker at {url}: {why}")]
pub struct Unreachable {
    /// The broker.
    pub url: BrokerUrl,
    /// Why.
    pub why: String,
}

impl BrokerUrl {
    /// The first address of the host at which somebody answers. Waits for it.
    ///
    /// # Errors
    /// [`Unreachable`] when nobody does.
    pub fn reach(&self) -> Result<SocketAddr, Unreachable> {
        let failed = |why: String| Unreachable { url: self.clone(), why };
        let found = (self.host.as_str(), self.port).to_socket_addrs().map_err(|error| failed(error.to_string()))?;
        let mut why = "the name has no address".to_owned();
        for address in found {
            match TcpStream::connect_timeout(&address, PATIENCE) {
                Ok(_) => return Ok(address),
                Err(error) if error.kind() == std::io::ErrorKind::TimedOut => {
                    why = format!("no answer within {} s", PATIENCE.as_secs());
                }
                Err(error) => why = error.to_string(),
            }
        }
        Err(failed(why))
    }
}

/// Undoes percent encoding.
fn urlencoded(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        if *first == b'%' {
            let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

impl fmt::Display for BrokerUrl {
    /// Without the login, so that no password lands in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "mqtts" } else { "mqtt" };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Debug for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_addresses_and_hides_logins() {
        let url: BrokerUrl = "mqtt://me:s%40fe@broker.example:2883".parse().unwrap();
        assert_eq!((url.host.as_str(), url.port), ("broker.example", 2883));
        assert_eq!(url.login, Some(("me".to_owned(), "s@fe".to_owned())));
        assert_eq!(url.to_string(), "mqtt://broker.example:2883");
        assert_eq!("mqtt://localhost".parse::<BrokerUrl>().unwrap().port, 1883);
        assert_eq!("mqtts://localhost".parse::<BrokerUrl>().unwrap().to_string(), "mqtts://localhost:8883");
        assert_eq!("mqtt://[::1]:1884".parse::<BrokerUrl>().unwrap().to_string(), "mqtt://[::1]:1884");
    }

    #[test]
    fn refuses_what_is_no_broker() {
        for text in ["localhost:1883", "http://localhost", "mqtt://", "mqttss://host", "mqtt://host:99999", ""] {
            assert!(text.parse::<BrokerUrl>().is_err(), "{text}");
        }
    }
}
