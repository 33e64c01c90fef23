//! The settings file and the command line, to assignments; assignments to checked values.
//!
//! A file whose name ends in `.toml` is TOML, and its tables are joined with dots; any other file is in the syntax of
//! Kafka's `server.properties`, so that one in use can be taken over. Typed settings are made in [`super::broker`].

use super::error::ConfigError;
use super::setting::{Effect, Kind, Setting};
use super::table;
use super::values::Stated;
use std::path::{Path, PathBuf};

/// A name and a value, and who stated it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Who.
    pub source: Source,
    /// The name, as it was written.
    pub name: String,
    /// The value, as it was written.
    pub value: String,
}

/// Who states a value, weakest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The settings file.
    File {
        /// Its path.
        path: PathBuf,
        /// The line, from 1; `None` in TOML.
        line: Option<u32>,
    },
    /// `--set`, and flags that stand for a setting.
    CommandLine,
}

impl Assignment {
    /// An assignment from the command line: `name=value`.
    ///
    /// # Errors
    /// [`ConfigError::NoEqualsSign`].
    pub fn from_command_line(text: &str) -> Result<Self, ConfigError> {
        let (name, value) = text
            .split_once('=')
            .ok_or_else(|| ConfigError::NoEqualsSign { text: text.to_owned() })?;
        Ok(Self::stated(name.trim(), value.trim()))
    }

    /// An assignment for which a flag of its own stands, such as `--shards`.
    pub fn stated(name: &str, value: &str) -> Self {
        let (name, value) = (name.to_owned(), value.to_owned());
        Self { source: Source::CommandLine, name, value }
    }
}

/// Reads a settings file.
///
/// # Errors
/// [`ConfigError::Unreadable`], [`ConfigError::NotToml`], or a line that sets nothing.
pub fn read_file(path: &Path) -> Result<Vec<Assignment>, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::Unreadable { path: path.to_owned(), error })?;
    match path.extension().is_some_and(|extension| extension == "toml") {
        true => parse_toml(&text, path),
        false => parse_properties(&text, path),
    }
}

/// Parses the syntax of `server.properties`: `name=value` lines, comments with `#` or `!`, `\` at the end continues.
pub(super) fn parse_properties(text: &str, path: &Path) -> Result<Vec<Assignment>, ConfigError> {
    let mut assignments = Vec::new();
    let mut lines = (1..).zip(text.lines());
    while let Some((number, line)) = lines.next() {
        let mut line = line.trim_start().to_owned();
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        while let Some(start) = line.strip_suffix('\\') {
            let rest = lines.next().map_or("", |(_, rest)| rest.trim_start());
            line = format!("{start}{rest}");
        }
        let source = Source::File { path: path.to_owned(), line: Some(number) };
        let Some((name, value)) = line.split_once('=') else {
            let error = ConfigError::NoEqualsSign { text: line.trim_end().to_owned() };
            return Err(source.locate(error));
        };
        let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
        assignments.push(Assignment { source, name, value });
    }
    Ok(assignments)
}

/// Parses TOML: `[commit]` with `depth = 4` is `commit.depth=4`; a quoted name may hold the dots itself.
pub(super) fn parse_toml(text: &str, path: &Path) -> Result<Vec<Assignment>, ConfigError> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let error = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        ConfigError::NotToml { path: path.to_owned(), error }
    })?;
    let source = Source::File { path: path.to_owned(), line: None };
    let mut assignments = Vec::new();
    flatten(&table, "", &mut |name, value| {
        assignments.push(Assignment { source: source.clone(), name, value });
    });
    Ok(assignments)
}

fn flatten(table: &toml::Table, prefix: &str, state: &mut impl FnMut(String, String)) {
    for (key, value) in table {
        let name = format!("{prefix}{key}");
        match value {
            toml::Value::Table(inner) => flatten(inner, &format!("{name}."), state),
            toml::Value::Array(items) => {
                state(name, items.iter().map(toml_text).collect::<Vec<_>>().join(","));
            }
            other => state(name, toml_text(other)),
        }
    }
}

fn toml_text(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Checks assignments one by one; of two for one name the stronger source wins, then the later one.
pub(super) fn check_all(assignments: &[Assignment]) -> Result<Stated, ConfigError> {
    let mut by_strength: Vec<&Assignment> = assignments.iter().collect();
    by_strength.sort_by_key(|a| matches!(a.source, Source::CommandLine));
    let mut stated = Stated::default();
    for Assignment { source, name, value } in by_strength {
        let (name, value) = check_one(name, value).map_err(|error| source.locate(error))?;
        stated.insert(name, value);
    }
    Ok(stated)
}

fn check_one(name: &str, value: &str) -> Result<(String, String), ConfigError> {
    let (setting, resolved) = table::find_for_broker(name)?;
    check_value(setting, resolved.kind, name, value)?;
    Ok((resolved.name.into_owned(), value.to_owned()))
}

/// Checks a value that was stated under `name`.
pub(super) fn check_value(
    setting: &Setting,
    kind: Kind,
    name: &str,
    value: &str,
) -> Result<(), ConfigError> {
    let owned = || (name.to_owned(), value.to_owned());
    if let Effect::Refused(reason) = setting.effect
        && value != setting.default.unwrap_or_default()
    {
        let (name, value) = owned();
        let value = if setting.sensitive { "(hidden)".to_owned() } else { value };
        return Err(ConfigError::Refused { name, value, reason });
    }
    if !kind.accepts(value) {
        let (name, value) = owned();
        return Err(ConfigError::BadValue { name, value, wanted: kind });
    }
    Ok(())
}

impl Source {
    fn locate(&self, error: ConfigError) -> ConfigError {
        match self {
            Source::File { path, line } => {
                ConfigError::InFile { path: path.clone(), line: *line, error: Box::new(error) }
            }
            Source::CommandLine => error,
        }
    }
}
