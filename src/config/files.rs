//! The files of `config/`: those embedded in the program by name, others by path.

use rust_embed::RustEmbed;

use super::fault::Fault;

#[derive(RustEmbed)]
#[folder = "config"]
#[include = "default.toml"]
#[include = "catalogue.toml"]
#[include = "place/*.toml"]
#[include = "scenario/*.toml"]
struct Embedded;

/// What a file is for: the folder it is looked up in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folder {
    /// `config/scenario`.
    Scenario,
    /// `config/place`.
    Place,
}

impl Folder {
    fn name(self) -> &'static str {
        match self {
            Self::Scenario => "scenario",
            Self::Place => "place",
        }
    }
}

/// Where a text comes from, for messages, and the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Path or embedded name.
    pub origin: String,
    /// What it says.
    pub text: String,
}

/// Reads `name`: a path when it looks like one, else an embedded file of the folder.
///
/// # Errors
/// When there is no such file; the fault lists the embedded names.
pub fn find(folder: Folder, name: &str) -> Result<Source, Fault> {
    let is_path = name.contains(['/', '\\']) || std::path::Path::new(name).extension().is_some_and(|e| e == "toml");
    if is_path {
        return read(name);
    }
    let path = format!("{}/{name}.toml", folder.name());
    embedded(&path).ok_or_else(|| {
        let known = names(folder).join(", ");
        let what = format!("no such {}: expected one of {known}, or a path to a .toml file", folder.name());
        Fault::of(name, what)
    })
}

/// Reads a file of the user's.
///
/// # Errors
/// When it cannot be read.
pub fn read(path: &str) -> Result<Source, Fault> {
    let text = std::fs::read_to_string(path).map_err(|error| Fault::of(path, error))?;
    Ok(Source { origin: path.to_owned(), text })
}

/// The names of a folder's embedded files.
#[must_use]
pub fn names(folder: Folder) -> Vec<String> {
    let prefix = format!("{}/", folder.name());
    let mut names: Vec<String> = Embedded::iter()
        .filter_map(|path| path.strip_prefix(&prefix)?.strip_suffix(".toml").map(ToOwned::to_owned))
        .collect();
    names.sort();
    names
}

/// An embedded file.
#[must_use]
pub fn embedded(path: &str) -> Option<Source> {
    let file = Embedded::get(path)?;
    let text = String::from_utf8(file.data.into_owned()).ok()?;
    Some(Source { origin: format!("config/{path}"), text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_name_or_path() {
        assert!(find(Folder::Place, "chongqing").is_ok());
        let unknown = find(Folder::Scenario, "atlantis").unwrap_err().to_string();
        assert!(unknown.contains("demo"), "{unknown}");
        assert!(find(Folder::Scenario, "./nowhere.toml").is_err());
    }
}
