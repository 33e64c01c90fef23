//! The programs that checks are made with: found on this machine, or installed below `target/conformance` by the
//! ordinary clients of their registries (pip, Maven). What needs a package manager's root rights is only advised.

use super::process;
use crate::repo;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Version of the Python client; the Java one's is in `scripts/conformance/pom.xml`.
const CONFLUENT_KAFKA: &str = "confluent-kafka==2.16.1";

/// A program, with what it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// The command-line client on librdkafka.
    Kcat,
    /// Python with confluent-kafka.
    Python,
    /// Java with Kafka's own tools.
    Kafka,
}

/// Where the tools are.
pub struct Tools {
    /// kcat.
    pub kcat: Option<PathBuf>,
    /// The virtual environment's interpreter.
    pub python: Option<PathBuf>,
    /// Folder with Kafka's jars.
    pub kafka: Option<PathBuf>,
}

impl Tool {
    /// As people know it.
    pub fn name(self) -> &'static str {
        match self {
            Tool::Kcat => "kcat",
            Tool::Python => "confluent-kafka for Python",
            Tool::Kafka => "Kafka's own tools",
        }
    }

    /// How to get it.
    pub fn advice(self) -> &'static str {
        match self {
            Tool::Kcat => "apt-get install kcat",
            Tool::Python => "apt-get install python3-venv, and let pip reach its index",
            Tool::Kafka => {
                "apt-get install default-jdk-headless maven, and let Maven reach its repository"
            }
        }
    }
}

impl Tools {
    /// Looks for each tool, and installs those that need no root rights.
    pub fn find_or_install() -> Self {
        let folder = repo::target().join("conformance");
        Self { kcat: on_path("kcat"), python: python(&folder), kafka: kafka(&folder) }
    }

    /// Whether a tool is there.
    pub fn has(&self, tool: Tool) -> bool {
        match tool {
            Tool::Kcat => self.kcat.is_some(),
            Tool::Python => self.python.is_some(),
            Tool::Kafka => self.kafka.is_some(),
        }
    }

    /// Prints what is there and what is missing; false if anything is.
    pub fn report(&self) -> bool {
        let mut complete = true;
        for tool in [Tool::Kcat, Tool::Python, Tool::Kafka] {
            let state = if self.has(tool) { "found" } else { "MISSING" };
            println!("{state}: {} ({})", tool.name(), tool.advice());
            complete &= self.has(tool);
        }
        complete
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|program| program.is_file())
}

fn python(folder: &Path) -> Option<PathBuf> {
    let venv = folder.join("venv");
    let python = venv.join("bin/python");
    if works(Command::new(&python).args(["-c", "import confluent_kafka"])) {
        return Some(python);
    }
    println!("installing {CONFLUENT_KAFKA} into {}", venv.display());
    let made = works(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))
        && works(Command::new(&python).args(["-m", "pip", "install", "--quiet", CONFLUENT_KAFKA]));
    made.then_some(python)
}

fn kafka(folder: &Path) -> Option<PathBuf> {
    let jars = folder.join("kafka");
    let java_works = || works(Command::new("java").arg("-version"));
    if dump_log_is_there(&jars) {
        return java_works().then_some(jars);
    }
    println!("copying Kafka's tools to {}", jars.display());
    let pom = repo::root().join("scripts/conformance/pom.xml");
    let copied = works(
        Command::new("mvn")
            .args(["--quiet", "--batch-mode", "dependency:copy-dependencies", "--file"])
            .arg(pom)
            .arg(format!("-DoutputDirectory={}", jars.display())),
    );
    (copied && dump_log_is_there(&jars) && java_works()).then_some(jars)
}

fn dump_log_is_there(jars: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(jars) else { return false };
    entries.flatten().any(|entry| {
        entry.file_name().to_str().is_some_and(|name| name.starts_with("kafka-tools-4"))
    })
}

/// Whether a command can be started and succeeds. What it prints goes to a file, to be shown when it fails.
fn works(command: &mut Command) -> bool {
    let log = repo::target().join("conformance/install.log");
    process::run(command, &log, Duration::from_secs(600)).is_ok()
}
