//! One life of a broker's process.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::Plan;

/// A start on a loaded machine, recovery included.
const START: Duration = Duration::from_secs(60);

/// Killed when it is dropped.
pub struct Broker {
    child: Child,
    address: String,
}

impl Broker {
    /// Starts it, and waits until it is ready.
    pub fn start(plan: &Plan, data: &Path, listen: &str) -> Result<Self, String> {
        let log = plan.dir.join("broker.log");
        let stderr = File::options().create(true).append(true).open(&log);
        let stderr = stderr.map_err(|e| format!("{}: {e}", log.display()))?;
        let mut command = Command::new(&plan.program);
        command
            .arg("serve")
            .arg("--data-dir")
            .arg(data)
            .args(["--listen", listen, "--shards", "2"]);
        command.args(["--backend", &plan.backend.to_string(), "--set", "memory.bytes=134217728"]);
        for setting in &plan.settings {
            command.args(["--set", setting]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
        let mut child = command.spawn().map_err(|e| format!("{}: {e}", plan.program.display()))?;
        let line = first_line(child.stdout.take().expect("piped"));
        let ready = line.recv_timeout(START).unwrap_or_default();
        let words = ready.strip_prefix("ready ").unwrap_or_default().split(' ');
        let address =
            words.filter_map(|word| word.strip_prefix("listen=")).map(str::to_owned).next();
        // Also ends the one that is not ready.
        let broker = Broker { child, address: address.clone().unwrap_or_default() };
        match address {
            Some(_) => Ok(broker),
            None => Err(format!(
                "the broker did not start; it says in {}:\n{}",
                log.display(),
                last_words(&log)
            )),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// SIGKILL, and its end.
    pub fn kill(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The first line; the rest is read, too, for a program notices when nobody does.
fn first_line(from: ChildStdout) -> mpsc::Receiver<String> {
    let (to, line) = mpsc::channel();
    thread::spawn(move || {
        let mut lines = BufReader::new(from).lines().map_while(Result::ok);
        drop(lines.next().map(|line| to.send(line)));
        lines.for_each(drop);
    });
    line
}

fn last_words(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}
