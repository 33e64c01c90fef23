//! The programs that checks are made with: found on this machine, or installed below `target/conformance` (see
//! [`super::install`]). What needs a package manager's root rights is only advised.

use super::install;
use crate::repo;
use std::path::PathBuf;

/// A program, with what it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// The command-line client on librdkafka.
    Kcat,
    /// Python with confluent-kafka, aiokafka and kafka-python.
    Python,
    /// Java with Kafka's own tools.
    Kafka,
    /// Our program on Kafka's Java client.
    Java,
    /// Node with KafkaJS.
    KafkaJs,
    /// Our program on franz-go.
    FranzGo,
}

const ALL: [Tool; 6] =
    [Tool::Kcat, Tool::Python, Tool::Kafka, Tool::Java, Tool::KafkaJs, Tool::FranzGo];

/// Where the tools are.
pub struct Tools {
    /// kcat.
    pub kcat: Option<PathBuf>,
    /// The virtual environment's interpreter.
    pub python: Option<PathBuf>,
    /// Folder with Kafka's jars.
    pub kafka: Option<PathBuf>,
    /// Folder with the classes of our program.
    pub java: Option<PathBuf>,
    /// Folder with node's modules.
    pub kafkajs: Option<PathBuf>,
    /// The program.
    pub franz_go: Option<PathBuf>,
}

impl Tool {
    /// As people know it.
    pub fn name(self) -> &'static str {
        match self {
            Tool::Kcat => "kcat",
            Tool::Python => "Python's clients",
            Tool::Kafka => "Kafka's own tools",
            Tool::Java => "Kafka's Java client",
            Tool::KafkaJs => "KafkaJS",
            Tool::FranzGo => "franz-go",
        }
    }

    /// How to get it.
    pub fn advice(self) -> &'static str {
        match self {
            Tool::Kcat => "apt-get install kcat",
            Tool::Python => "apt-get install python3-venv, and let pip reach its index",
            Tool::Kafka | Tool::Java => {
                "apt-get install default-jdk-headless maven, and let Maven reach its repository"
            }
            Tool::KafkaJs => "apt-get install nodejs npm, and let npm reach its registry",
            Tool::FranzGo => "install Go 1.25 or newer, and let it reach its proxy",
        }
    }
}

impl Tools {
    /// Looks for each tool, and installs those that need no root rights.
    pub fn find_or_install() -> Self {
        let folder = repo::target().join("conformance");
        let kafka = install::kafka(&folder);
        Self {
            kcat: install::on_path("kcat"),
            python: install::python(&folder),
            java: kafka.as_deref().and_then(|jars| install::java(&folder, jars)),
            kafka,
            kafkajs: install::kafkajs(&folder),
            franz_go: install::franz_go(&folder),
        }
    }

    /// Whether a tool is there.
    pub fn has(&self, tool: Tool) -> bool {
        let place = match tool {
            Tool::Kcat => &self.kcat,
            Tool::Python => &self.python,
            Tool::Kafka => &self.kafka,
            Tool::Java => &self.java,
            Tool::KafkaJs => &self.kafkajs,
            Tool::FranzGo => &self.franz_go,
        };
        place.is_some()
    }

    /// Prints what is there and what is missing; false if anything is.
    pub fn report(&self) -> bool {
        let mut complete = true;
        for tool in ALL {
            let state = if self.has(tool) { "found" } else { "MISSING" };
            println!("{state}: {} ({})", tool.name(), tool.advice());
            complete &= self.has(tool);
        }
        complete
    }
}
