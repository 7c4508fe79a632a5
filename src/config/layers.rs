//! Putting the layers of settings together.

use toml::{Table, Value};

use super::fault::Fault;
use super::files::{self, Source};
use super::settings::Config;

/// Prefix of the variables that set something: `ZHILIAN__BROKER__URL`.
const PREFIX: &str = "ZHILIAN__";

/// Reads the settings: defaults, then the user's file, then the environment.
///
/// # Errors
/// The first fault, with file and line or the variable's name.
pub fn load(path: Option<&str>, environment: impl Iterator<Item = (String, String)>) -> Result<Config, Fault> {
    let mut config = match path {
        None => Config::default(),
        Some(path) => parse(&files::read(path)?)?,
    };
    let mut variables: Vec<_> = environment.filter(|(name, _)| name.starts_with(PREFIX)).collect();
    variables.sort();
    for (name, value) in variables {
        config = set(&config, &name, &value)?;
    }
    Ok(config)
}

fn parse(source: &Source) -> Result<Config, Fault> {
    toml::from_str(&source.text).map_err(|error| Fault::toml(&source.origin, &source.text, &error))
}

/// The settings with one variable set.
fn set(config: &Config, name: &str, value: &str) -> Result<Config, Fault> {
    let fault = |what: &str| Fault::of(name, what);
    let mut all = Table::try_from(config).map_err(|error| fault(&error.to_string()))?;
    let path = name.trim_start_matches(PREFIX).to_lowercase();
    let keys: Vec<&str> = path.split("__").collect();
    let mut place = &mut all;
    for (depth, key) in keys.iter().enumerate() {
        let known = place.keys().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
        let unknown = || fault(&format!("unknown setting `{key}`, expected one of {known}"));
        let value_here = place.get_mut(*key).ok_or_else(unknown)?;
        if depth + 1 == keys.len() {
            *value_here = convert(value, value_here).map_err(|what| fault(&what))?;
            return all.try_into().map_err(|error: toml::de::Error| fault(error.message()));
        }
        place = value_here.as_table_mut().ok_or_else(|| fault(&format!("`{key}` has no settings below it")))?;
    }
    Err(fault("expected a setting such as ZHILIAN__BROKER__URL"))
}

/// A variable's text in the type of what it replaces.
fn convert(text: &str, like: &Value) -> Result<Value, String> {
    let number = || format!("expected a number, found {text:?}");
    match like {
        Value::String(_) => Ok(Value::String(text.to_owned())),
        Value::Integer(_) => text.parse().map(Value::Integer).map_err(|_| number()),
        Value::Float(_) => text.parse().map(Value::Float).map_err(|_| number()),
        Value::Boolean(_) => text.parse().map(Value::Boolean).map_err(|_| "expected true or false".to_owned()),
        Value::Datetime(_) | Value::Array(_) | Value::Table(_) => {
            Err("expected the name of a single setting".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<Config, Fault> {
        load(None, variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn the_embedded_file_says_the_defaults() {
        let source = files::embedded("default.toml").unwrap();
        assert_eq!(parse(&source).unwrap(), Config::default());
        let written = Table::try_from(Config::default()).unwrap();
        let said: Table = source.text.parse().unwrap();
        assert_eq!(said, written, "config/default.toml must name every setting");
    }

    #[test]
    fn the_environment_comes_last() {
        let config = with(&[
            ("ZHILIAN__BROKER__URL", "mqtt://b:1"),
            ("ZHILIAN__COLLECT__DETECT__DEPARTURE__FIXES", "5"),
            ("PATH", "/bin"),
        ]);
        let config = config.unwrap();
        assert_eq!((config.broker.url.as_str(), config.collect.detect.departure.fixes), ("mqtt://b:1", 5));
    }

    #[test]
    fn faults_name_file_line_or_variable() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("my.toml");
        std::fs::write(&path, "[http]\n\nlistn = \"127.0.0.1:1\"\n").unwrap();
        let fault = load(path.to_str(), std::iter::empty()).unwrap_err().to_string();
        assert!(
            fault.contains("my.toml:3: unknown field `listn`") && fault.contains("did you mean `listen`"),
            "{fault}"
        );
        let fault = with(&[("ZHILIAN__HTTP__LISTN", "x")]).unwrap_err().to_string();
        assert!(fault.starts_with("ZHILIAN__HTTP__LISTN: unknown setting `listn`"), "{fault}");
        assert!(with(&[("ZHILIAN__SIMULATE__SHARDS", "many")]).unwrap_err().to_string().contains("a number"));
        assert!(with(&[("ZHILIAN__HTTP__LISTEN", "many")]).is_err());
    }
}
