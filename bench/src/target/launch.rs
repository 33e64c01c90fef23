//! The engine in a process of its own, so that its processor time and memory can be told from ours.
//!
//! By default it is this very program, started again with a hidden command: one `cargo run` needs
//! nothing else built.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::{PATIENCE, TargetError};
use crate::host::process::Process;
use crate::plan::Cell;

/// How long a broker may take to finish after it was asked to.
const STOP_PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// How to start a broker.
#[derive(Clone, Debug)]
pub struct Launcher {
    /// The program.
    pub program: PathBuf,
    /// What comes before the arguments of `serve`.
    pub command: Vec<String>,
}

impl Launcher {
    /// This program again.
    ///
    /// # Errors
    /// When the system cannot say where this program is.
    pub fn this_program() -> io::Result<Launcher> {
        Ok(Launcher { program: std::env::current_exe()?, command: vec!["__serve".into()] })
    }

    /// Another `headwater`.
    pub fn headwater(program: PathBuf) -> Launcher {
        Launcher { program, command: vec!["serve".into()] }
    }

    /// The arguments of `serve` for one run.
    pub fn arguments(&self, cell: &Cell, dir: &Path) -> Vec<String> {
        let set = cell.setting.broker_settings().into_iter().chain(cell.broker.set.iter().cloned());
        self.plain_arguments(dir, cell.broker.shards, &set.collect::<Vec<_>>())
    }

    /// The arguments of `serve` with these settings.
    pub fn plain_arguments(&self, dir: &Path, shards: Option<u32>, set: &[String]) -> Vec<String> {
        let mut arguments = self.command.clone();
        let data_dir = dir.join("data");
        arguments.extend(["--data-dir".into(), data_dir.to_string_lossy().into_owned()]);
        arguments.extend(["--listen".into(), "127.0.0.1:0".into()]);
        if let Some(shards) = shards {
            arguments.extend(["--shards".into(), shards.to_string()]);
        }
        set.iter().for_each(|setting| arguments.extend(["--set".into(), setting.clone()]));
        arguments
    }

    /// Starts it and waits until it says that it is ready.
    ///
    /// # Errors
    /// When it is not ready in time; it is stopped then.
    pub fn start(&self, arguments: &[String], dir: &Path) -> Result<Child, TargetError> {
        let spawn =
            |error| TargetError::Spawn { program: self.program.display().to_string(), error };
        fs::create_dir_all(dir).map_err(spawn)?;
        let stderr_path = dir.join("stderr");
        let stderr = File::create(&stderr_path).map_err(spawn)?;
        let mut process = Command::new(&self.program)
            .args(arguments)
            // Ends when we end, however we end: it watches its standard input.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr)
            // Ctrl-C is for the bench, which then stops the broker in order.
            .process_group(0)
            .spawn()
            .map_err(spawn)?;
        let stdout = process.stdout.take().expect("piped");
        let mut child = Child { process, address: String::new() };
        match first_line(stdout) {
            Some(line) if line.is_empty() => {
                Err(TargetError::Ended { last_words: last_words(&stderr_path) })
            }
            Some(line) => match parse_ready(&line) {
                Some(address) => {
                    child.address = address;
                    Ok(child)
                }
                None => Err(TargetError::NotReady { said: Some(line) }),
            },
            None => Err(TargetError::NotReady { said: None }),
        }
    }
}

/// The first line on standard output, empty at its end; `None` when it takes too long. The thread
/// reads on after it, so that the broker is never blocked by a full pipe.
fn first_line(stdout: process::ChildStdout) -> Option<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut reader = BufReader::new(stdout);
        let mut line = String::new();
        drop(reader.read_line(&mut line));
        drop(sender.send(line.trim_end().to_owned()));
        drop(io::copy(&mut reader, &mut io::sink()));
    });
    receiver.recv_timeout(PATIENCE).ok()
}

/// `ready listen=127.0.0.1:9092 shards=2 …`
pub(super) fn parse_ready(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    if words.next() != Some("ready") {
        return None;
    }
    words.find_map(|word| word.strip_prefix("listen=")).map(str::to_owned)
}

fn last_words(stderr: &Path) -> String {
    let text = fs::read_to_string(stderr).unwrap_or_default();
    let last = text.lines().rev().find(|line| !line.trim().is_empty());
    last.unwrap_or_default().trim_start_matches("bench: ").to_owned()
}

/// A broker that was started; killed when dropped.
pub struct Child {
    process: process::Child,
    /// Where it listens.
    pub address: String,
}

impl Child {
    /// Its process.
    pub fn process(&self) -> Process {
        Process(self.process.id())
    }

    /// Asks it to finish, and waits for it.
    ///
    /// # Errors
    /// When it had to be killed or its exit status is not 0.
    pub fn stop(mut self) -> io::Result<()> {
        // The standard library can only kill; the shell's own `kill` is on every machine.
        let id = self.process.id();
        Command::new("sh").args(["-c", &format!("kill -TERM {id}")]).status()?;
        let end = Instant::now() + STOP_PATIENCE;
        while Instant::now() < end {
            match self.process.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => {
                    return Err(io::Error::other(format!("the broker ended with {status}")));
                }
                None => thread::sleep(LOOK_EVERY),
            }
        }
        let seconds = STOP_PATIENCE.as_secs();
        Err(io::Error::other(format!("the broker did not end within {seconds} s after SIGTERM")))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Errors mean that it has ended, which is what is wanted.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
