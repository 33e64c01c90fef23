//! What every case works with: the tools, the input, the broker, and a folder.

use super::broker::Broker;
use super::cases::Case;
use super::clients;
use super::input::Input;
use super::tools::Tools;
use std::fs;
use std::path::PathBuf;

/// See the file's head.
pub struct Lab {
    /// Clients.
    pub tools: Tools,
    /// What is written.
    pub input: Input,
    /// The broker; a case may find it running or not.
    pub broker: Broker,
    folder: PathBuf,
}

impl Lab {
    /// Empties `folder` and gets ready; the broker is started by the first case.
    pub fn open(
        tools: Tools,
        program: PathBuf,
        settings: Vec<String>,
        input: Input,
        folder: PathBuf,
    ) -> Result<Self, String> {
        let emptied = match fs::remove_dir_all(&folder) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e),
            _ => fs::create_dir_all(&folder),
        };
        emptied.map_err(|e| format!("{}: {e}", folder.display()))?;
        let broker = Broker::new(program, settings, folder.join("broker"));
        Ok(Self { tools, input, broker, folder })
    }

    /// Runs a case on a broker that runs.
    pub fn run(&mut self, case: &Case) -> Result<String, String> {
        self.broker.ensure_started()?;
        let outcome = (case.run)(self);
        match self.broker.is_running() || case.stops_broker {
            true => outcome,
            false => Err(format!("the broker is gone; {}", outcome.unwrap_or_else(|e| e))),
        }
    }

    /// A file of this run.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Creates a topic with 12 partitions.
    pub fn create_topic(&self, topic: &str, settings: &[&str]) -> Result<(), String> {
        clients::create_topic(self, topic, settings)
    }

    /// Stops the broker; keeps the files if something failed.
    pub fn close(&mut self, passed: bool) {
        self.broker.kill();
        match passed {
            true => drop(fs::remove_dir_all(&self.folder)),
            false => println!("everything of this run is in {}", self.folder.display()),
        }
    }
}
