//! `headwater serve` as a process: started on a free port, killed without warning, started again on the same port.

use super::process::{self, Running, wait_until};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Long enough for recovery on a slow disk.
const READY: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(60);

/// How to start a broker.
pub struct Broker {
    program: PathBuf,
    settings: Vec<String>,
    folder: PathBuf,
    running: Option<Running>,
    starts: u32,
    /// `host:port`, once it was ready for the first time.
    pub address: String,
}

impl Broker {
    /// A broker that keeps everything below `folder`; not started yet.
    pub fn new(program: PathBuf, settings: Vec<String>, folder: PathBuf) -> Self {
        let address = "127.0.0.1:0".to_owned();
        Self { program, settings, folder, running: None, starts: 0, address }
    }

    /// Its data directory.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Starts it and waits for the line that says it is ready.
    pub fn start(&mut self) -> Result<(), String> {
        self.starts += 1;
        let log = self.folder.join(format!("broker-{}.log", self.starts));
        let mut command = Command::new(&self.program);
        command.arg("serve").arg("--data-dir").arg(self.data_dir());
        command.args(["--listen", &self.address]);
        for setting in &self.settings {
            command.args(["--set", setting]);
        }
        let mut running = Running::start(&mut command, &log)?;
        let mut address = None;
        wait_until(READY, || {
            address = ready_address(&log);
            address.is_some() || !running.is_running()
        });
        match address {
            Some(address) => self.address = address,
            None => {
                running.kill();
                let errors = fs::read_to_string(process::errors(&log)).unwrap_or_default();
                return Err(format!("the broker is not ready: {}", errors.trim()));
            }
        }
        self.running = Some(running);
        Ok(())
    }

    /// Starts it unless it runs.
    pub fn ensure_started(&mut self) -> Result<(), String> {
        match self.is_running() {
            true => Ok(()),
            false => self.start(),
        }
    }

    /// Whether it runs.
    pub fn is_running(&mut self) -> bool {
        self.running.as_mut().is_some_and(Running::is_running)
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.kill();
        }
    }

    /// SIGTERM; it must finish, flush and exit with success.
    pub fn stop(&mut self) -> Result<(), String> {
        let Some(running) = self.running.take() else { return Ok(()) };
        let sent = Command::new("kill").args(["-TERM", &running.id().to_string()]).status();
        match sent {
            Ok(status) if status.success() => running.finish(STOP),
            _ => Err("cannot send SIGTERM".to_owned()),
        }
    }
}

/// The address from `ready listen=127.0.0.1:9092 shards=2 …`.
fn ready_address(log: &Path) -> Option<String> {
    let text = fs::read_to_string(log).ok()?;
    let line = text.lines().find(|line| line.starts_with("ready "))?;
    line.split(' ').find_map(|word| word.strip_prefix("listen=")).map(str::to_owned)
}
