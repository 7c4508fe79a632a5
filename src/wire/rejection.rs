//! The reasons for which a payload is turned away.

/// Why a payload is turned away. The names are the `reason` of `zhilian_rejected_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Rejection {
    /// The topic is none of ours.
    #[error("topic")]
    Topic,
    /// The topic's VIN is not one.
    #[error("vin")]
    Vin,
    /// The content type is none of ours.
    #[error("content_type")]
    ContentType,
    /// The payload is longer than [`super::limits::MAX_PAYLOAD`].
    #[error("oversized")]
    Oversized,
    /// The payload is not UTF-8.
    #[error("not_utf8")]
    NotUtf8,
    /// The payload is cut short or not the format it claims to be.
    #[error("malformed")]
    Malformed,
    /// The version is missing or not 1.
    #[error("version")]
    Version,
    /// A member is missing or has the wrong type.
    #[error("schema")]
    Schema,
    /// A number is outside what the quantity can be.
    #[error("out_of_range")]
    OutOfRange,
    /// The payload names another vehicle than the topic.
    #[error("vin_mismatch")]
    VinMismatch,
    /// The collector already follows as many vehicles as it is set to.
    #[error("capacity")]
    Capacity,
}

impl Rejection {
    /// Every reason.
    pub const ALL: [Self; 11] = [
        Self::Topic,
        Self::Vin,
        Self::ContentType,
        Self::Oversized,
        Self::NotUtf8,
        Self::Malformed,
        Self::Version,
        Self::Schema,
        Self::OutOfRange,
        Self::VinMismatch,
        Self::Capacity,
    ];
}
