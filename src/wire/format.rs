//! Payload formats, told apart by the MQTT content type.

use serde::{Deserialize, Serialize};

use super::rejection::Rejection;

/// How a payload is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// JSON after `config/schema`, for people; what a payload without a content type is taken for.
    #[default]
    Json,
    /// Protocol Buffers after `config/schema/zhilian.proto`, a quarter as long.
    Protobuf,
}

impl Format {
    /// The MQTT content type.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Protobuf => "application/protobuf",
        }
    }

    /// The format that a content type names; parameters such as `; charset=utf-8` are ignored.
    ///
    /// # Errors
    /// [`Rejection::ContentType`] when it is none of ours.
    pub fn of(content_type: Option<&str>) -> Result<Self, Rejection> {
        let Some(content_type) = content_type else { return Ok(Self::Json) };
        // As everybody writes it.
        if let Some(format) =
            [Self::Json, Self::Protobuf].into_iter().find(|format| format.content_type() == content_type)
        {
            return Ok(format);
        }
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        let named = [
            (Self::Json.content_type(), Self::Json),
            (Self::Protobuf.content_type(), Self::Protobuf),
            // What it was called before it was registered.
            ("application/x-protobuf", Self::Protobuf),
        ];
        let found = named.into_iter().find(|(name, _)| essence.eq_ignore_ascii_case(name));
        found.map(|(_, format)| format).ok_or(Rejection::ContentType)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_choose_the_format() {
        assert_eq!(Format::of(None), Ok(Format::Json));
        assert_eq!(Format::of(Some("application/JSON; charset=utf-8")), Ok(Format::Json));
        for name in ["application/protobuf", "application/x-protobuf"] {
            assert_eq!(Format::of(Some(name)), Ok(Format::Protobuf));
        }
        assert_eq!(Format::of(Some("image/png")), Err(Rejection::ContentType));
    }
}
