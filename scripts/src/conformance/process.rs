//! Starts a program, waits a bounded time, and keeps what it printed in files: a client that hangs is a failed case,
//! not a hung one.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(10);

/// Runs a command to its end, output to `log` and errors beside it; an error tells the last lines of both.
pub fn run(command: &mut Command, log: &Path, limit: Duration) -> Result<(), String> {
    Running::start(command, log)?.finish(limit)
}

/// Runs a command to its end and returns its exit status; 128 and more for a signal is not told apart.
pub fn status(command: &mut Command, log: &Path, limit: Duration) -> Result<i32, String> {
    let mut running = Running::start(command, log)?;
    let mut status = None;
    wait_until(limit, || {
        status = running.child.try_wait().ok().flatten();
        status.is_some()
    });
    let status =
        status.ok_or_else(|| running.told(&format!("no end after {} s", limit.as_secs())))?;
    Ok(status.code().unwrap_or(128))
}

/// A program that runs in the background, and is killed if nobody waits for it.
pub struct Running {
    child: Child,
    name: String,
    log: std::path::PathBuf,
}

impl Running {
    /// Starts a command, output to `log` and errors beside it.
    pub fn start(command: &mut Command, log: &Path) -> Result<Self, String> {
        Self::start_reading(command, log, Stdio::null())
    }

    fn start_reading(command: &mut Command, log: &Path, input: Stdio) -> Result<Self, String> {
        let name = Path::new(command.get_program()).display().to_string();
        let file = |path: &Path| {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
            }
            File::create(path).map_err(|e| format!("{}: {e}", path.display()))
        };
        command.stdin(input).stdout(file(log)?).stderr(file(&errors(log))?);
        let child = command.spawn().map_err(|e| format!("cannot start {name}: {e}"))?;
        Ok(Self { child, name, log: log.to_owned() })
    }

    /// The same, and what it reads can be written.
    pub fn start_with_input(
        command: &mut Command,
        log: &Path,
    ) -> Result<(Self, ChildStdin), String> {
        let mut running = Self::start_reading(command, log, Stdio::piped())?;
        let input = running.child.stdin.take().ok_or("it has no input")?;
        Ok((running, input))
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill(&mut self) {
        // It may be gone already; then there is nothing to do.
        drop(self.child.kill());
        drop(self.child.wait());
    }

    /// Waits for success.
    pub fn finish(mut self, limit: Duration) -> Result<(), String> {
        let start = Instant::now();
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => return Err(self.told(&format!("{status}"))),
                Ok(None) if start.elapsed() > limit => {
                    return Err(self.told(&format!("no end after {} s", limit.as_secs())));
                }
                Ok(None) => sleep(POLL),
                Err(e) => return Err(self.told(&e.to_string())),
            }
        }
    }

    /// What happened to it, and the last lines that it printed.
    pub fn told(&self, what: &str) -> String {
        let name = self.name.rsplit('/').next().unwrap_or(&self.name);
        format!(
            "{name}: {what}: {}",
            last_lines(&errors(&self.log)).or(last_lines(&self.log)).unwrap_or_default()
        )
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.is_running() {
            self.kill();
        }
    }
}

/// Waits until something is so.
pub fn wait_until(limit: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < limit {
        if is_so() {
            return true;
        }
        sleep(POLL);
    }
    false
}

/// Where errors go when output goes to `log`.
pub fn errors(log: &Path) -> std::path::PathBuf {
    log.with_extension("err")
}

fn last_lines(path: &Path) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    let text = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(4096)..]).into_owned();
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines[lines.len().saturating_sub(3)..].join(" | ");
    (!last.is_empty()).then_some(last)
}
