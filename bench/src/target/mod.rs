//! Brokers to measure: the engine in a process of its own that the bench starts for every run, or a
//! broker that is running already, Headwater or any other.

pub mod answer;
pub mod launch;

use std::fmt;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::host::process::Process;
use crate::plan::Cell;
use crate::setting::PATH_SETTING;
use launch::{Child, Launcher};

/// Longest time a broker may take until it answers: a slow start is a figure that is missed, not a run that
/// failed.
const PATIENCE: Duration = Duration::from_secs(120);
/// Longest time for one answer of a broker that is running.
const ANSWER_PATIENCE: Duration = Duration::from_secs(5);

/// Where brokers come from.
#[derive(Clone, Debug)]
pub enum Target {
    /// Started for each run, with a fresh data directory.
    Started(Launcher),
    /// Running already, and left alone.
    Running {
        /// `HOST:PORT`.
        address: String,
        /// Its process, if it is on this machine and known.
        process: Option<Process>,
    },
}

/// A broker that answers.
pub struct Broker {
    /// `HOST:PORT`.
    pub address: String,
    /// Its process, if known.
    pub process: Option<Process>,
    /// From starting the process to its first answer.
    pub start_ms: Option<f64>,
    child: Option<Child>,
}

/// Why there is no broker to measure.
#[derive(Debug)]
pub enum TargetError {
    /// The program cannot be started.
    Spawn {
        /// Which.
        program: String,
        /// Why.
        error: io::Error,
    },
    /// It ended before it was ready.
    Ended {
        /// The last line it printed on standard error.
        last_words: String,
    },
    /// It did not say `ready` in time, or said it in other words.
    NotReady {
        /// What it said instead.
        said: Option<String>,
    },
    /// Nobody answers at the address.
    Silent {
        /// Where.
        address: String,
        /// Why.
        error: io::Error,
    },
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TargetError::Spawn { program, error } => write!(f, "cannot start {program}: {error}"),
            TargetError::Ended { last_words } if last_words.is_empty() => {
                write!(f, "the broker ended before it was ready and said nothing")
            }
            TargetError::Ended { last_words } => {
                write!(f, "the broker ended before it was ready: {last_words}")
            }
            TargetError::NotReady { said: Some(line) } => {
                write!(f, "the broker should print `ready listen=HOST:PORT …`, but printed: {line}")
            }
            TargetError::NotReady { said: None } => {
                write!(f, "the broker was not ready within {} s", PATIENCE.as_secs())
            }
            TargetError::Silent { address, error } => {
                write!(f, "no Kafka broker answers at {address}: {error}")
            }
        }
    }
}

impl std::error::Error for TargetError {}

impl Target {
    /// A broker for one run of `cell`, with its data in `dir` if it is ours to start.
    ///
    /// # Errors
    /// When none answers; one that was started is stopped again.
    pub fn broker(&self, cell: &Cell, dir: &Path) -> Result<Broker, TargetError> {
        let began = Instant::now();
        let silent = |address: &str| {
            let address = address.to_owned();
            move |error| TargetError::Silent { address, error }
        };
        match self {
            Target::Started(launcher) => {
                let child = launcher.start(&launcher.arguments(cell, dir), dir)?;
                let (address, process) = (child.address.clone(), Some(child.process()));
                answer::wait_for(&address, PATIENCE).map_err(silent(&address))?;
                let start_ms = Some(began.elapsed().as_secs_f64() * 1e3);
                Ok(Broker { address, process, start_ms, child: Some(child) })
            }
            Target::Running { address, process } => {
                // It should be there already: waiting would only hide that it is not.
                answer::check(address, ANSWER_PATIENCE).map_err(silent(address))?;
                let (address, process) = (address.clone(), *process);
                Ok(Broker { address, process, start_ms: None, child: None })
            }
        }
    }
}

impl Target {
    /// What a broker that is started for `cell` says against the way it is told to write; `None` when it
    /// starts, or is not ours to tell.
    ///
    /// # Errors
    /// When it does not start for another reason.
    pub fn refuses_path(&self, cell: &Cell, dir: &Path) -> Result<Option<String>, TargetError> {
        if matches!(self, Target::Running { .. }) {
            return Ok(None);
        }
        match self.broker(cell, dir) {
            Ok(broker) => {
                // The rehearsal says it if it cannot be stopped.
                drop(broker.stop());
                Ok(None)
            }
            Err(TargetError::Ended { last_words }) if last_words.contains(PATH_SETTING) => {
                Ok(Some(last_words))
            }
            Err(error) => Err(error),
        }
    }
}

impl Broker {
    /// Removes a topic that was made for a run, if the broker outlives it.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn forget(&self, topic: &str) -> io::Result<()> {
        match self.child {
            Some(_) => Ok(()),
            None => answer::delete_topic(&self.address, topic, ANSWER_PATIENCE),
        }
    }

    /// Stops it if it was started for this run; says so when it did not end well.
    ///
    /// # Errors
    /// When it had to be killed or its exit status is not 0.
    pub fn stop(mut self) -> io::Result<()> {
        self.child.take().map_or(Ok(()), Child::stop)
    }
}

#[cfg(test)]
mod tests;
