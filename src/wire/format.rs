//! Payload formats, told apart by the MQTT content type.

use super::rejection::Rejection;

/// How a payload is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// JSON after `config/schema`, for people; what a payload without a content type is taken for.
    #[default]
    Json,
}

impl Format {
    /// The MQTT content type.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
        }
    }

    /// The format that a content type names; parameters such as `; charset=utf-8` are ignored.
    ///
    /// # Errors
    /// [`Rejection::ContentType`] when it is none of ours.
    pub fn of(content_type: Option<&str>) -> Result<Self, Rejection> {
        let Some(content_type) = content_type else { return Ok(Self::Json) };
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case(Self::Json.content_type()) {
            Ok(Self::Json)
        } else {
            Err(Rejection::ContentType)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_choose_the_format() {
        assert_eq!(Format::of(None), Ok(Format::Json));
        assert_eq!(Format::of(Some("application/JSON; charset=utf-8")), Ok(Format::Json));
        assert_eq!(Format::of(Some("image/png")), Err(Rejection::ContentType));
    }
}
