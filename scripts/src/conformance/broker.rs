//! `headwater serve` as a process: started on a free port, killed without warning, started again on the same port.

use super::process::{self, Running, wait_until};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

/// Long enough for recovery on a slow disk.
const READY: Duration = Duration::from_secs(60);
const RESTARTS_MAX: u32 = 20;
const RESTART_DELAY: Duration = Duration::from_millis(100);
const STOP: Duration = Duration::from_secs(60);

const ANY_PORT: &str = "127.0.0.1:0";

/// How to start a broker.
pub struct Broker {
    program: PathBuf,
    /// Words before the program's name: what starts it in other surroundings.
    wrapper: Vec<String>,
    settings: Vec<String>,
    folder: PathBuf,
    data_dir: PathBuf,
    running: Option<Running>,
    starts: u32,
    /// `host:port`, once it was ready for the first time.
    pub address: String,
}

impl Broker {
    /// A broker that keeps everything below `folder`; not started yet.
    pub fn new(program: PathBuf, settings: Vec<String>, folder: PathBuf) -> Self {
        let data_dir = folder.join("data");
        let (wrapper, address) = (Vec::new(), ANY_PORT.to_owned());
        Self { program, wrapper, settings, folder, data_dir, running: None, starts: 0, address }
    }

    /// A broker like `other`, started by `wrapper`, with other folders.
    pub fn wrapped(other: &Self, wrapper: Vec<String>, folder: PathBuf, data_dir: PathBuf) -> Self {
        let like = Self::new(other.program.clone(), other.settings.clone(), folder);
        Self { wrapper, data_dir, ..like }
    }

    /// One more setting, from its next start on.
    pub fn set(&mut self, setting: String) {
        self.settings.push(setting);
    }

    /// The program.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Its data directory.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Its process id, if it runs.
    pub fn id(&self) -> Option<u32> {
        self.running.as_ref().map(Running::id)
    }

    /// Starts it and waits for the line that says it is ready.
    pub fn start(&mut self) -> Result<(), String> {
        self.starts += 1;
        let log = self.folder.join(format!("broker-{}.log", self.starts));
        let mut command = self.command();
        command.arg("serve").arg("--data-dir").arg(&self.data_dir);
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

    /// Starts it after a kill, as a service manager does: again, if its port is still taken. With io_uring the kernel
    /// gives back what a killed process held, its port too, up to a fifth of a second after the process is gone.
    pub fn start_again(&mut self) -> Result<(), String> {
        let mut started = self.start();
        for _ in 0..RESTARTS_MAX {
            match &started {
                Err(why) if why.contains("in use by another process") => sleep(RESTART_DELAY),
                _ => break,
            }
            started = self.start();
        }
        started
    }

    fn command(&self) -> Command {
        let Some((first, rest)) = self.wrapper.split_first() else {
            return Command::new(&self.program);
        };
        let mut command = Command::new(first);
        command.args(rest).arg(&self.program);
        command
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
