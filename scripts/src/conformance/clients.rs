//! How each client is told to write, read and look: its command line, in one place.

use super::lab::Lab;
use super::process::{self, Running};
use crate::repo;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{ChildStdin, Command};
use std::time::Duration;

/// Longest time for one client to write or read everything.
pub const LIMIT: Duration = Duration::from_secs(240);

/// Partitions of every topic here.
const PARTITIONS: u32 = 12;

/// What librdkafka and Java's client can compress with.
pub const CODECS: &[&str] = &["none", "gzip", "snappy", "lz4", "zstd"];

/// Creates a topic with these settings.
pub fn create_topic(lab: &Lab, topic: &str, settings: &[&str]) -> Result<(), String> {
    create_topic_of(lab, topic, PARTITIONS, settings)
}

/// Creates a topic with so many partitions and these settings.
pub fn create_topic_of(
    lab: &Lab,
    topic: &str,
    partitions: u32,
    settings: &[&str],
) -> Result<(), String> {
    let mut command = lab.python("create_topic.py");
    command.args(["--topic", topic, "--partitions", &partitions.to_string()]).args(settings);
    process::run(&mut command, &lab.file(&format!("{topic}.create")), Duration::from_secs(60))
}

/// kcat while it writes: keyed and idempotent.
pub struct KcatProducer {
    running: Running,
    input: ChildStdin,
}

/// Starts kcat to write.
pub fn start_kcat(lab: &Lab, topic: &str, codec: &str) -> Result<KcatProducer, String> {
    let mut command = lab.kcat();
    // -E: a broker that is gone for a moment is no reason to give up.
    command.args(["-P", "-E", "-t", topic, "-K", "\\t"]);
    command.args(["-X", "enable.idempotence=true", "-X", "message.timeout.ms=120000"]);
    if codec != "none" {
        command.args(["-z", codec]);
    }
    let log = lab.file(&format!("{topic}.log"));
    let (running, input) = Running::start_with_input(&mut command, &log)?;
    Ok(KcatProducer { running, input })
}

impl KcatProducer {
    /// Gives it lines; waits while its queue is full.
    pub fn write(&mut self, lines: &str) -> Result<(), String> {
        self.input.write_all(lines.as_bytes()).map_err(|e| format!("kcat reads no more: {e}"))
    }

    /// No more lines: success means that every record was acknowledged.
    pub fn finish(self) -> Result<(), String> {
        drop(self.input);
        self.running.finish(LIMIT)
    }
}

/// kcat reads a topic from the beginning to the end.
pub fn kcat_consume(lab: &Lab, topic: &str, out: &Path) -> Result<(), String> {
    let mut command = lab.kcat();
    command.args(["-C", "-q", "-e", "-t", topic, "-o", "beginning", "-X", "check.crcs=true"]);
    command.args(["-f", "%p\\t%o\\t%k\\t%s\\n"]);
    process::run(&mut command, out, LIMIT)
}

/// Python writes the input; it notes in `acked` the number of each line that was acknowledged.
pub fn python_produce(lab: &Lab, topic: &str, codec: &str, acked: &Path) -> Command {
    let mut command = lab.python("produce.py");
    command.args(["--topic", topic, "--compression", codec, "--file"]).arg(&lab.input.path);
    command.arg("--acked").arg(acked);
    command
}

/// Python reads a topic from the beginning to the end.
pub fn python_consume(lab: &Lab, topic: &str, out: &Path) -> Result<(), String> {
    let mut command = lab.python("consume.py");
    command.args(["--topic", topic]);
    process::run(&mut command, out, LIMIT)
}

/// Python writes to all partitions of a topic until its input ends.
pub fn python_feed(lab: &Lab, topic: &str) -> Command {
    let mut command = lab.python("feed.py");
    command.args(["--topic", topic]);
    command
}

/// Python counts flights of `source` into `table`, exactly once.
pub fn python_pipeline(lab: &Lab, source: &str, table: &str, name: &str) -> Command {
    let mut command = lab.python("pipeline.py");
    command.args(["--source", source, "--table", table, "--name", name]);
    command
}

/// Python writes to each partition of a topic, and takes it back, once its segments are so old.
pub fn python_roll(lab: &Lab, topic: &str, after: Duration) -> Result<(), String> {
    let mut command = lab.python("roll.py");
    command.args(["--topic", topic, "--after-s", &after.as_secs_f64().to_string()]);
    process::run(&mut command, &lab.file(&format!("{topic}.roll")), LIMIT)
}

/// Python checks one thing about the broker's administration.
pub fn python_check(lab: &Lab, name: &str) -> Result<(), String> {
    let mut command = lab.python("checks.py");
    command.arg(name);
    process::run(&mut command, &lab.file(&format!("{name}.log")), Duration::from_secs(60))
}

/// Python fills the disk of the broker at `address`, looks at it, removes `filler` and goes on.
pub fn python_full_disk(lab: &Lab, address: &str, filler: &str, log: &Path) -> Result<(), String> {
    let mut command = lab.python_at("full_disk.py", address);
    command.args(["--filler", filler]);
    process::run(&mut command, log, LIMIT)
}

/// Java's producer writes the input, with its own defaults: idempotent, acks=all.
pub fn java_produce(lab: &Lab, topic: &str, codec: &str) -> Command {
    let mut command = lab.kafka("org.apache.kafka.tools.ConsoleProducer");
    command.args(["--bootstrap-server", &lab.broker.address, "--topic", topic]);
    command.args(["--compression-codec", codec, "--reader-property", "parse.key=true"]);
    // The tool reads lines from its input only.
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$@\" < \"$INPUT\"", "sh"]).arg(command.get_program());
    shell.args(command.get_args()).env("INPUT", &lab.input.path);
    shell
}

/// Java's admin client tells where each partition ends: lines of `topic:partition:offset`.
pub fn java_ends(lab: &Lab, topic: &str, out: &Path) -> Result<(), String> {
    let mut command = lab.kafka("org.apache.kafka.tools.GetOffsetShell");
    command.args(["--bootstrap-server", &lab.broker.address, "--topic", topic]);
    process::run(&mut command, out, LIMIT)
}

/// Java's consumer reads the first `count` records of one partition.
pub fn java_consume(
    lab: &Lab,
    topic: &str,
    partition: &str,
    count: &str,
    out: &Path,
) -> Result<(), String> {
    let mut command = lab.kafka("org.apache.kafka.tools.consumer.ConsoleConsumer");
    command.args(["--bootstrap-server", &lab.broker.address, "--topic", topic]);
    command.args(["--partition", partition, "--offset", "earliest"]);
    command.args(["--max-messages", count, "--timeout-ms", "20000"]);
    for property in ["partition", "offset", "key"] {
        command.args(["--formatter-property", &format!("print.{property}=true")]);
    }
    process::run(&mut command, out, LIMIT)
}

/// A program of ours in Java, with Kafka's clients; what it prints.
pub fn java_program(lab: &Lab, source: &str, args: &[&str], out: &Path) -> Result<String, String> {
    let source = repo::root().join("scripts/conformance").join(source);
    let mut command = lab.kafka(&source.display().to_string());
    process::run(command.args(args), out, LIMIT)?;
    let printed = fs::read_to_string(out).map_err(|e| format!("{}: {e}", out.display()))?;
    Ok(printed.trim().to_owned())
}

/// kafka-dump-log looks into every record of these files.
pub fn dump_log(lab: &Lab, files: &[String], out: &Path) -> Result<(), String> {
    let mut command = lab.kafka("org.apache.kafka.tools.DumpLogSegments");
    command.args(["--deep-iteration", "--files", &files.join(",")]);
    process::run(&mut command, out, LIMIT)
}

/// Runs a client that writes to its end.
pub fn run(mut command: Command, log: &Path) -> Result<(), String> {
    process::run(&mut command, log, LIMIT)
}

impl Lab {
    fn kcat(&self) -> Command {
        let mut command = Command::new(self.tools.kcat.as_deref().unwrap_or(Path::new("kcat")));
        command.args(["-b", &self.broker.address]);
        command
    }

    fn python(&self, script: &str) -> Command {
        self.python_at(script, &self.broker.address)
    }

    fn python_at(&self, script: &str, address: &str) -> Command {
        let python = self.tools.python.as_deref().unwrap_or(Path::new("python3"));
        let mut command = Command::new(python);
        command.arg("-B").arg(repo::root().join("scripts/conformance").join(script));
        command.args(["--bootstrap", address]);
        command
    }

    /// A program of Kafka's, by its class.
    pub fn kafka(&self, class: &str) -> Command {
        let mut command = Command::new("java");
        let jars = self.tools.kafka.as_deref().unwrap_or(Path::new("."));
        command.arg("-Xmx512m").arg("-cp").arg(jars.join("*")).arg(class);
        command
    }
}
