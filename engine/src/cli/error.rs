//! Every way in which a command can fail, as facts; the one line that says what to do is made here.

use crate::config::error::ConfigError;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::wire::error::DecodeError;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a command failed.
#[derive(Debug)]
pub enum CliError {
    /// A setting is wrong.
    Config(ConfigError),
    /// No broker answers there.
    Connect {
        /// Where.
        address: String,
        /// What the system said.
        error: io::Error,
    },
    /// The broker's answer did not come.
    Connection {
        /// Where.
        address: String,
        /// What was asked.
        api: ApiKey,
        /// What the system said.
        error: io::Error,
    },
    /// The broker does not serve what is needed.
    NotServed {
        /// Where.
        address: String,
        /// What is needed.
        api: ApiKey,
    },
    /// The broker's answer makes no sense.
    BadAnswer {
        /// Where.
        address: String,
        /// What was asked.
        api: ApiKey,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// The broker said no.
    Refused {
        /// What was to be done.
        what: String,
        /// Kafka's error.
        code: ErrorCode,
        /// The broker's words.
        message: Option<String>,
    },
    /// What was named does not exist.
    NotFound(String),
    /// What was typed cannot be understood.
    BadArgument {
        /// As it was typed.
        text: String,
        /// What it should be.
        expected: &'static str,
    },
    /// It cannot be done as things are, in one line.
    NotNow(String),
    /// A value that must be a number is none.
    NotANumber(String),
    /// Nothing was said to be done.
    NothingToDo(&'static str),
    /// A file or folder cannot be read.
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The name of a file does not say what it is.
    UnknownFile(PathBuf),
    /// A file is not what its name says.
    BadFile {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A broker uses the directory.
    InUse(PathBuf),
    /// A check found something.
    Wrong {
        /// Where.
        dir: PathBuf,
        /// How many things.
        findings: usize,
    },
    /// Logs could be served again if somebody accepts what they have lost.
    Loss {
        /// Where.
        dir: PathBuf,
        /// How many logs.
        logs: usize,
    },
    /// The broker did not start, or could not go on; in one line that says what to do.
    Serve(String),
    /// The output cannot be written.
    Output(io::Error),
}

impl std::error::Error for CliError {}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Connect { address, error } => write!(
                f,
                "no broker at {address} ({error}): start one with `headwater serve`, or name another with --bootstrap"
            ),
            Self::Connection { address, api, error } => {
                write!(
                    f,
                    "{address} did not answer {api} ({error}): look at the broker's log, then try again"
                )
            }
            Self::NotServed { address, api } => {
                write!(
                    f,
                    "{address} does not serve {api} in a version known here: use a newer release of either"
                )
            }
            Self::BadAnswer { address, api, error } => {
                write!(
                    f,
                    "{address} answered {api} with something else ({error}): is it a Kafka broker?"
                )
            }
            Self::Refused { what, code, message: Some(message) } => {
                write!(f, "cannot {what}: {message} ({})", code.name())
            }
            Self::Refused { what, code, message: None } => {
                write!(f, "cannot {what}: {}", code.name())
            }
            Self::NotFound(what) => write!(f, "there is no {what}"),
            Self::BadArgument { text, expected } => {
                write!(f, "`{text}` cannot be understood: give {expected}")
            }
            Self::NotANumber(text) => write!(f, "`{text}`: the value is not a number"),
            Self::NothingToDo(flags) => write!(f, "there is nothing to do: give {flags}"),
            Self::File { path, error } => write!(f, "cannot read {}: {error}", path.display()),
            Self::UnknownFile(path) => write!(
                f,
                "{} is none of ours by its name: give a .log, .hwindex, .hwsnapshot or .point file, a \
                 journal-<n> or checkpoint of shards/<n>, metadata.log, headwater.json, or a folder of a data directory",
                path.display()
            ),
            Self::BadFile { path, reason } => write!(f, "{}: {reason}", path.display()),
            Self::InUse(dir) => {
                write!(
                    f,
                    "{} is in use by a broker: stop it first, its files change meanwhile",
                    dir.display()
                )
            }
            Self::Wrong { dir, findings } => f.write_str(&wrong(dir, *findings)),
            Self::Loss { dir, logs } => f.write_str(&loss(dir, *logs)),
            Self::NotNow(line) | Self::Serve(line) => f.write_str(line),
            Self::Output(error) => write!(f, "cannot write the output: {error}"),
        }
    }
}

fn wrong(dir: &Path, findings: usize) -> String {
    let things = if findings == 1 { "thing is" } else { "things are" };
    let dir = dir.display();
    format!("{findings} {things} wrong in {dir}: keep a copy before anything else touches it")
}

fn loss(dir: &Path, logs: usize) -> String {
    let lack = if logs == 1 { "log lacks" } else { "logs lack" };
    let dir = dir.display();
    format!(
        "{logs} {lack} records in {dir}: restore the files from a copy, or give up what is listed with --accept-loss; \
         nothing was changed"
    )
}
