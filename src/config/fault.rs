//! What is wrong with a file, in one line: which file, which line, what was expected.

use std::fmt;

/// A fault in a file of settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    origin: String,
    line: Option<usize>,
    what: String,
}

impl Fault {
    /// A fault at a byte offset of a text.
    #[must_use]
    pub fn at(origin: &str, text: &str, offset: Option<usize>, what: &str) -> Self {
        let line = offset.map(|offset| text[..offset.min(text.len())].matches('\n').count() + 1);
        Self { origin: origin.to_owned(), line, what: explain(what) }
    }

    /// A fault of a file as a whole.
    #[must_use]
    pub fn of(origin: &str, what: impl fmt::Display) -> Self {
        Self { origin: origin.to_owned(), line: None, what: explain(&what.to_string()) }
    }

    /// A fault that the TOML reader found.
    #[must_use]
    pub fn toml(origin: &str, text: &str, error: &toml::de::Error) -> Self {
        Self::at(origin, text, error.span().map(|span| span.start), error.message())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.origin, self.what),
            None => write!(f, "{}: {}", self.origin, self.what),
        }
    }
}

impl std::error::Error for Fault {}

/// One line; where a name is unknown, with the nearest that is known.
fn explain(what: &str) -> String {
    let line = what.split_whitespace().collect::<Vec<_>>().join(" ");
    let quoted: Vec<&str> = line.split('`').skip(1).step_by(2).collect();
    let Some((unknown, known)) = quoted.split_first().filter(|_| line.starts_with("unknown ")) else { return line };
    let nearest =
        known.iter().map(|name| (strsim::jaro_winkler(unknown, name), name)).max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((likeness, name)) if likeness > 0.75 => format!("{line}; did you mean `{name}`?"),
        Some(_) | None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_name_the_line_and_the_nearest_name() {
        let text = "a = 1\nvehicels = 3\n";
        let fault =
            Fault::at("x.toml", text, Some(6), "unknown field `vehicels`, expected one of `place`,\n`vehicles`");
        assert_eq!(
            fault.to_string(),
            "x.toml:2: unknown field `vehicels`, expected one of `place`, `vehicles`; did you mean `vehicles`?"
        );
    }
}
