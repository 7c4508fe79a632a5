//! How a command fails: one line on stderr and an exit code that scripts can rely on.

use crate::config::Fault;
use crate::mqtt::broker::BrokerError;
use crate::mqtt::credentials::CredentialFault;
use crate::mqtt::url::Unreachable;
use crate::store::StoreError;

/// Exit codes of all commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Done.
    Ok = 0,
    /// Something failed: a port in use, a store that cannot be opened.
    Failure = 1,
    /// A wrong flag or a bad file.
    Usage = 2,
    /// A `--fail-if` threshold was missed.
    Threshold = 3,
    /// A broker or server cannot be reached.
    Unreachable = 4,
    /// A measurement is not valid, because the generator was the bottleneck.
    Invalid = 5,
}

/// Why a command ended.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What scripts see.
    pub code: ExitCode,
    /// What people read.
    pub message: String,
}

impl Failure {
    /// A failure with its code and line.
    #[must_use]
    pub fn new(code: ExitCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::new(ExitCode::Usage, fault.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(ExitCode::Failure, error.to_string())
    }
}

impl From<BrokerError> for Failure {
    fn from(error: BrokerError) -> Self {
        let code = match error {
            BrokerError::Address { .. } => ExitCode::Failure,
            BrokerError::Tls(_) => ExitCode::Usage,
        };
        Self::new(code, error.to_string())
    }
}

impl From<CredentialFault> for Failure {
    fn from(fault: CredentialFault) -> Self {
        Self::new(ExitCode::Usage, fault.to_string())
    }
}

impl From<Unreachable> for Failure {
    fn from(error: Unreachable) -> Self {
        Self::new(ExitCode::Unreachable, error.to_string())
    }
}
