//! A broker as a process: started, waited for, stopped in every way there is.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use headwater_io::driver::Backend;
use tempfile::TempDir;

use super::client::Client;

/// A broker on a loaded machine starts within this.
const START: Duration = Duration::from_secs(20);

/// How a broker is started.
#[derive(Clone)]
pub struct Options {
    backend: Backend,
    shards: u32,
    data_dir: Option<PathBuf>,
    settings: Vec<String>,
    wrapper: Vec<String>,
}

/// A running broker; killed when it is dropped.
pub struct Broker {
    child: Child,
    /// Where it listens.
    pub addr: SocketAddr,
    /// Where it hands out metrics, if it does.
    pub metrics: Option<SocketAddr>,
    options: Options,
    dir: Folder,
    log: Arc<Mutex<String>>,
    pid: u32,
}

/// A folder for one broker's files; removed when nobody uses it any more.
#[derive(Clone)]
pub struct Folder(Arc<TempDir>);

/// How a program that was not to start ended.
pub struct Refused {
    /// Its exit status.
    pub status: ExitStatus,
    /// Its standard error.
    pub stderr: String,
}

impl Folder {
    /// A new one beside the build's files: on a disk, which `/tmp` often is not.
    pub fn new() -> Self {
        let folder =
            tempfile::Builder::new().prefix("broker-").tempdir_in(env!("CARGO_TARGET_TMPDIR"));
        Folder(Arc::new(folder.expect("a folder for a broker")))
    }

    /// The data directory of the broker in it.
    pub fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Options {
    /// One shard, little memory, and records of long ago are kept; nothing else out of the ordinary.
    pub fn new(backend: Backend) -> Self {
        let settings = ["memory.bytes=67108864", "log.retention.ms=-1"].map(str::to_owned).to_vec();
        Options { backend, shards: 1, data_dir: None, settings, wrapper: Vec::new() }
    }

    /// With this many shards.
    pub fn shards(mut self, shards: u32) -> Self {
        self.shards = shards;
        self
    }

    /// With a setting, as `name=value`.
    pub fn set(mut self, setting: &str) -> Self {
        self.settings.push(setting.to_owned());
        self
    }

    /// On a data directory elsewhere than in the broker's folder.
    pub fn data_dir(mut self, dir: &Path) -> Self {
        self.data_dir = Some(dir.to_owned());
        self
    }

    /// Started by another program, which gets the broker's command line.
    pub fn under(mut self, wrapper: &[&str]) -> Self {
        self.wrapper = wrapper.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// Starts it in a new folder.
    pub fn start(self) -> Broker {
        self.start_in(Folder::new())
    }

    /// Starts it in a folder that may hold an earlier broker's files.
    pub fn start_in(self, dir: Folder) -> Broker {
        self.try_start_in(&dir).unwrap_or_else(|refused| {
            panic!("it did not start, {}:\n{}", refused.status, refused.stderr);
        })
    }

    /// Starts a broker that must refuse to start, and waits for its end.
    pub fn refused_in(self, dir: &Folder) -> Refused {
        match self.try_start_in(dir) {
            Ok(broker) => panic!("it did not refuse to start: {}", broker.log()),
            Err(refused) => refused,
        }
    }

    /// Starts it, or returns how it ended instead.
    pub fn try_start_in(self, dir: &Folder) -> Result<Broker, Refused> {
        let mut child = self.command(dir).spawn().expect("the broker's program");
        let log = Arc::new(Mutex::new(String::new()));
        let reader = collect(child.stderr.take().expect("piped"), Arc::clone(&log));
        let ready = first_line(child.stdout.take().expect("piped"), START);
        let address = |word| ready.as_deref().and_then(|ready| address(ready, word));
        if let Some(addr) = address("listen=") {
            let (pid, metrics) = (broker_process(child.id()), address("metrics="));
            return Ok(Broker { child, addr, metrics, options: self, dir: dir.clone(), log, pid });
        }
        let status = wait_for_end(&mut child, Duration::from_secs(5)).unwrap_or_else(|| {
            drop(child.kill());
            panic!("neither ready nor ended within {START:?}: {}", log.lock().expect("log lock"));
        });
        reader.join().expect("reader");
        assert_eq!(ready, None, "a broker that refuses to start says nothing on standard output");
        let stderr = log.lock().expect("log lock").clone();
        Err(Refused { status, stderr })
    }

    fn command(&self, dir: &Folder) -> Command {
        let mut words = self.wrapper.clone();
        words.push(env!("CARGO_BIN_EXE_headwater").to_owned());
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        let data = self.data_dir.clone().unwrap_or_else(|| dir.data());
        command.arg("serve").arg("--data-dir").arg(data);
        let listen = self.settings.iter().any(|setting| setting.starts_with("listeners="));
        if !listen {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        command.args(["--backend", &self.backend.to_string()]);
        command.args(["--shards", &self.shards.to_string()]);
        for setting in &self.settings {
            command.args(["--set", setting]);
        }
        command.env("HEADWATER_LOG", "info").env("RUST_BACKTRACE", "1").env("NO_COLOR", "1");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

impl Broker {
    /// A broker with one shard and nothing out of the ordinary.
    pub fn start(backend: Backend) -> Self {
        Options::new(backend).start()
    }

    /// A new connection.
    pub fn connect(&self) -> Client {
        Client::connect(self.addr)
    }

    /// The folder it works in.
    pub fn folder(&self) -> Folder {
        self.dir.clone()
    }

    /// Its data directory.
    pub fn data(&self) -> PathBuf {
        self.dir.data()
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("log lock").clone()
    }

    /// Sends it a signal by name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.pid.to_string()]).status();
        assert!(sent.expect("kill").success(), "signal {name}");
    }

    /// Waits for its end.
    pub fn wait(&mut self, within: Duration) -> ExitStatus {
        let status = wait_for_end(&mut self.child, within);
        status.unwrap_or_else(|| panic!("it has not ended within {within:?}:\n{}", self.log()))
    }

    /// Stops it as an init system does; its folder and how it was started.
    pub fn stop(mut self) -> (Folder, Options) {
        self.signal("TERM");
        let status = self.wait(Duration::from_secs(20));
        assert!(status.success(), "{status} after SIGTERM:\n{}", self.log());
        (self.dir.clone(), self.options.clone())
    }

    /// Kills it (SIGKILL); its folder and how it was started.
    pub fn kill(mut self) -> (Folder, Options) {
        self.signal("KILL");
        self.wait(Duration::from_secs(20));
        (self.dir.clone(), self.options.clone())
    }

    /// Stops it and starts it again.
    pub fn restart(self) -> Broker {
        let (dir, options) = self.stop();
        options.start_in(dir)
    }

    /// Starts it again after it has ended in any way.
    pub fn start_again(mut self) -> Broker {
        self.wait(Duration::ZERO);
        self.options.clone().start_in(self.dir.clone())
    }

    /// Kills it and starts it again.
    pub fn kill_and_restart(self) -> Broker {
        let (dir, options) = self.kill();
        options.start_in(dir)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("broker {} on {} logged:\n{}", self.pid, self.options.backend, self.log());
        }
        if self.pid != self.child.id() {
            drop(Command::new("kill").args(["-KILL", &self.pid.to_string()]).status());
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn wait_for_end(child: &mut Child, within: Duration) -> Option<ExitStatus> {
    let end = Instant::now() + within;
    loop {
        if let Some(status) = child.try_wait().expect("a child of ours") {
            return Some(status);
        }
        if Instant::now() >= end {
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn collect(
    from: impl Read + Send + 'static,
    into: Arc<Mutex<String>>,
) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let mut log = into.lock().expect("log lock");
            log.push_str(&line);
            log.push('\n');
        }
    })
}

fn first_line(from: impl Read + Send + 'static, within: Duration) -> Option<String> {
    let (to, line) = mpsc::channel();
    std::thread::spawn(move || {
        let mut lines = BufReader::new(from).lines().map_while(Result::ok);
        drop(lines.next().map(|line| to.send(line)));
        // The pipe stays open: a program whose output nobody reads would notice.
        lines.for_each(drop);
    });
    line.recv_timeout(within).ok()
}

fn address(ready: &str, name: &str) -> Option<SocketAddr> {
    let words = ready.strip_prefix("ready ")?;
    words.split(' ').find_map(|word| word.strip_prefix(name))?.parse().ok()
}

/// The process itself, or the child of the program that started it.
fn broker_process(pid: u32) -> u32 {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).expect("a running process");
    if name.trim_end() == "headwater" {
        return pid;
    }
    let path = format!("/proc/{pid}/task/{pid}/children");
    let children = std::fs::read_to_string(path).expect("children of a process");
    children.split_whitespace().next().expect("a child").parse().expect("a number")
}
