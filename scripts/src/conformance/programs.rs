//! The columns of the matrix: clients that people use, each with a program of ours on it. All programs are called alike;
//! `scripts/conformance/clients/kit.py` says how.

use super::lab::Lab;
use super::tools::Tool;
use crate::repo;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A client.
pub struct Client {
    /// As `--only` and the matrix know it.
    pub name: &'static str,
    /// What it is made with.
    pub needs: &'static [Tool],
    program: Program,
}

/// What starts a client's program.
#[derive(Clone, Copy)]
enum Program {
    /// A script for the interpreter that has the clients.
    Python(&'static str),
    /// A class of ours beside Kafka's jars.
    Java,
    /// A script for node.
    Node,
    /// Built from Go.
    Go,
}

/// All columns.
pub static CLIENTS: &[Client] = &[
    client("kafka-tools", &[Tool::Python, Tool::Kafka], Program::Python("tools.py")),
    client("java", &[Tool::Java], Program::Java),
    client("confluent-kafka", &[Tool::Python], Program::Python("confluent.py")),
    client("kcat", &[Tool::Python, Tool::Kcat], Program::Python("kcat.py")),
    client("aiokafka", &[Tool::Python], Program::Python("aio.py")),
    client("kafka-python", &[Tool::Python], Program::Python("pure.py")),
    client("kafkajs", &[Tool::KafkaJs], Program::Node),
    client("franz-go", &[Tool::FranzGo], Program::Go),
];

const fn client(name: &'static str, needs: &'static [Tool], program: Program) -> Client {
    Client { name, needs, program }
}

/// A column by its name.
pub fn by_name(name: &str) -> Option<&'static Client> {
    CLIENTS.iter().find(|client| client.name == name)
}

/// Folder of the programs.
pub fn folder() -> PathBuf {
    repo::root().join("scripts/conformance/clients")
}

impl Client {
    /// Its program on the broker at `address`; what to do is still to be said.
    pub fn command(&self, lab: &Lab, address: &str) -> Command {
        let path = |path: &Option<PathBuf>| path.clone().unwrap_or_default();
        let tools = &lab.tools;
        let mut command = match self.program {
            Program::Python(script) => {
                let mut command = Command::new(path(&tools.python));
                command.arg("-B").arg(folder().join(script));
                command.arg("--jars").arg(path(&tools.kafka));
                command
            }
            Program::Java => java(&path(&tools.java), &path(&tools.kafka)),
            Program::Node => {
                let mut command = Command::new("node");
                command.arg(folder().join("kafkajs/client.js"));
                command.env("NODE_PATH", path(&tools.kafkajs));
                command
            }
            Program::Go => Command::new(path(&tools.franz_go)),
        };
        command.args(["--bootstrap", address]);
        command
    }
}

fn java(classes: &Path, jars: &Path) -> Command {
    let mut command = Command::new("java");
    // Short programs: the first compiler is enough, and the quickest to start.
    command.args(["-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"]);
    command.arg(format!("{}:{}/*", classes.display(), jars.display())).arg("Client");
    command
}
