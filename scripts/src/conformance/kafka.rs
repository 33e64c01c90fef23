//! Kafka itself: one node that is broker and controller, from the jars that its tools come with. What ours is compared
//! with where only Kafka can tell what Kafka does.

use super::lab::Lab;
use super::process::{self, Running, wait_until};
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Long enough for Java on a busy machine.
const READY: Duration = Duration::from_secs(60);

/// Any sixteen bytes, as Kafka writes them.
const CLUSTER_ID: &str = "aGVhZHdhdGVyLWthZmthMQ";

/// Kafka, while it runs.
pub struct Kafka {
    running: Running,
    /// `host:port`.
    pub address: String,
    /// Where it keeps everything.
    pub data_dir: PathBuf,
}

impl Kafka {
    /// Starts one below `folder`, with settings beside those that a node of its own needs; returns when it listens.
    pub fn start(lab: &Lab, folder: &Path, settings: &[&str]) -> Result<Self, String> {
        let (address, data_dir) = (free_address()?, folder.join("data"));
        let controller = free_address()?;
        let file = folder.join("server.properties");
        let text = format!(
            "process.roles=broker,controller\n\
             node.id=1\n\
             controller.quorum.voters=1@{controller}\n\
             listeners=PLAINTEXT://{address},CONTROLLER://{controller}\n\
             controller.listener.names=CONTROLLER\n\
             log.dirs={}\n\
             offsets.topic.replication.factor=1\n\
             transaction.state.log.replication.factor=1\n\
             transaction.state.log.min.isr=1\n\
             {}\n",
            data_dir.display(),
            settings.join("\n"),
        );
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&file, text))
            .map_err(|e| format!("{}: {e}", file.display()))?;
        let mut format = lab.kafka("kafka.tools.StorageTool");
        format.args(["format", "--cluster-id", CLUSTER_ID, "--config"]).arg(&file);
        process::run(&mut format, &folder.join("format.log"), READY)?;
        let mut serve = lab.kafka("kafka.Kafka");
        let running = Running::start(serve.arg(&file), &folder.join("kafka.log"))?;
        Self { running, address, data_dir }.ready()
    }

    fn ready(mut self) -> Result<Self, String> {
        let address = self.address.clone();
        let listens = || TcpStream::connect(&address).is_ok();
        wait_until(READY, || listens() || !self.running.is_running());
        match listens() {
            true => Ok(self),
            false => Err(self.running.told("it does not listen")),
        }
    }
}

/// A port that nobody listens on, and hardly anybody will in the next moment.
fn free_address() -> Result<String, String> {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    free.map(|address| address.to_string()).map_err(|e| format!("no free port: {e}"))
}
