//! Every way in which settings can be wrong, as facts; the one line that says what to do is made here too.
//!
//! The program prints it, and CreateTopics and AlterConfigs send it as the message of `INVALID_CONFIG`.

use super::setting::Kind;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why settings were not accepted.
#[derive(Debug)]
pub enum ConfigError {
    /// No setting has this name.
    Unknown {
        /// The name.
        name: String,
        /// A name that looks like it.
        nearest: Option<&'static str>,
    },
    /// A setting that is read at the start only.
    NotDynamic {
        /// The name, as it was written.
        name: String,
    },
    /// Words can be added to lists, and taken from lists, only.
    NotAList {
        /// The name, as it was written.
        name: String,
    },
    /// A topic cannot override this: it is the broker's.
    NotForTopics {
        /// The name.
        name: String,
        /// What topics call it, if they have it.
        topic_name: Option<&'static str>,
    },
    /// A value of the wrong type or out of bounds.
    BadValue {
        /// The name, as it was written.
        name: String,
        /// The value, as it was written.
        value: String,
        /// What is wanted.
        wanted: Kind,
    },
    /// A value that could only be pretended.
    Refused {
        /// The name, as it was written.
        name: String,
        /// The value, as it was written.
        value: String,
        /// Why.
        reason: &'static str,
    },
    /// An address that cannot be used.
    BadAddress {
        /// The setting.
        name: &'static str,
        /// The value, as it was written.
        value: String,
        /// What is wrong with it.
        reason: AddressFault,
    },
    /// Two settings that exclude each other.
    Conflict {
        /// One, with its value.
        one: String,
        /// The other, with its value.
        other: String,
        /// What to do.
        advice: &'static str,
    },
    /// The settings file cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The settings file is not TOML, though its name ends in `.toml`.
    NotToml {
        /// The file.
        path: PathBuf,
        /// What the parser said, in one line.
        error: String,
    },
    /// A line of a settings file, or a `--set`, without `=`.
    NoEqualsSign {
        /// What was written.
        text: String,
    },
    /// An error at a place in a settings file.
    InFile {
        /// The file.
        path: PathBuf,
        /// The line, from 1; `None` in TOML.
        line: Option<u32>,
        /// The error.
        error: Box<ConfigError>,
    },
}

/// What is wrong with an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressFault {
    /// Not `host:port` or `NAME://host:port`.
    Malformed,
    /// None is left once controller listeners are set aside.
    None,
    /// More than one.
    Several(usize),
    /// Nobody can connect to it: no host, or port 0.
    Unreachable,
    /// A protocol other than plain text.
    Protocol(String),
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name, nearest: Some(nearest) } => {
                write!(f, "unknown setting `{name}`: did you mean `{nearest}`?")
            }
            Self::Unknown { name, nearest: None } => {
                write!(f, "unknown setting `{name}`: `headwater config list` shows all there are")
            }
            Self::NotDynamic { name } => write!(
                f,
                "`{name}` cannot be changed while the broker runs: set it where the broker is started"
            ),
            Self::NotAList { name } => {
                write!(f, "`{name}` is not a list: set its value as a whole")
            }
            Self::NotForTopics { name, topic_name: Some(topic_name) } => {
                write!(f, "`{name}` is the broker's name: for a topic, set `{topic_name}`")
            }
            Self::NotForTopics { name, topic_name: None } => {
                write!(f, "`{name}` is a setting of the broker: no topic can override it")
            }
            Self::BadValue { name, value, wanted } => {
                write!(f, "`{name}={value}` is not accepted: give {wanted}")
            }
            Self::Refused { name, value, reason } => {
                write!(f, "`{name}={value}` cannot be honoured: {reason}; remove the setting")
            }
            Self::BadAddress { name, value, reason } => write!(f, "`{name}={value}`: {reason}"),
            Self::Conflict { one, other, advice } => {
                write!(f, "`{one}` and `{other}` exclude each other: {advice}")
            }
            Self::Unreadable { path, error } => {
                write!(f, "cannot read the settings file {}: {error}", path.display())
            }
            Self::NotToml { path, error } => write!(
                f,
                "{} is not TOML: {error}; for Kafka's syntax, let its name end in .properties",
                path.display()
            ),
            Self::NoEqualsSign { text } => {
                write!(f, "`{text}` sets nothing: write name=value")
            }
            Self::InFile { path, line: Some(line), error } => {
                write!(f, "{}, line {line}: {error}", path.display())
            }
            Self::InFile { path, line: None, error } => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl fmt::Display for AddressFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("give host:port, or PLAINTEXT://host:port"),
            Self::None => f.write_str("no listener for clients: add PLAINTEXT://host:port"),
            Self::Several(count) => {
                write!(f, "{count} listeners for clients, and one is supported: keep one")
            }
            Self::Unreachable => f.write_str("clients need a host and a port to connect to"),
            Self::Protocol(protocol) => {
                write!(f, "{protocol} needs TLS or SASL, not built yet: use PLAINTEXT")
            }
        }
    }
}
