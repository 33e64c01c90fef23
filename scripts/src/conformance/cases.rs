//! The list of checks with real clients.

use super::administration;
use super::clients::{self, CODECS};
use super::compaction;
use super::consumers;
use super::faults;
use super::lab::Lab;
use super::members::{self, Plan};
use super::pipeline;
use super::process::{self, Running, wait_until};
use super::programs;
use super::records;
use super::tools::Tool::{self, Kafka, Kcat, Python};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// One check.
pub struct Case {
    /// Its name, for `--only`.
    pub name: String,
    /// Tools without which it is skipped.
    pub needs: &'static [Tool],
    /// Whether it leaves the broker stopped.
    pub stops_broker: bool,
    /// The check: what was seen, or what is wrong.
    pub run: Run,
}

/// What a case does.
pub type Run = Box<dyn Fn(&mut Lab) -> Result<String, String>>;

/// What `checks.py` knows, each a case of its own.
const PYTHON_CHECKS: &[&str] = &[
    "topics",
    "topic-errors",
    "partitions",
    "configs",
    "cluster",
    "list-offsets",
    "append-time",
    "record-shapes",
    "produce-errors",
    "fetch-errors",
    "auto-create",
    "acks",
    "long-poll",
    "unsupported",
];

/// All checks, in the order in which they are run.
pub fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for name in PYTHON_CHECKS {
        let run: Run = Box::new(|lab| clients::python_check(lab, name).map(|()| String::new()));
        cases.push(case(format!("check-{name}"), &[Python], run));
    }
    for codec in CODECS {
        let run: Run = Box::new(|lab| kcat_to_python(lab, codec));
        cases.push(case(format!("kcat-to-python-{codec}"), &[Kcat, Python], run));
        let run: Run = Box::new(|lab| python_to_kcat(lab, codec));
        cases.push(case(format!("python-to-kcat-{codec}"), &[Python, Kcat], run));
    }
    cases.push(case("java-to-python-zstd", &[Kafka, Python], Box::new(java_to_python)));
    cases.push(case("python-to-java-none", &[Kafka, Python], Box::new(python_to_java)));
    cases.push(case("kill-python", &[Python, Kcat], Box::new(kill_python)));
    cases.push(case("kill-kcat", &[Kcat, Python], Box::new(kill_kcat)));
    cases.push(case("restart", &[Kcat, Python], Box::new(restart)));
    for protocol in ["classic", "consumer"] {
        let run: Run = Box::new(|lab| twelve(lab, protocol));
        cases.push(case(format!("group-of-twelve-{protocol}"), &[Python], run));
    }
    cases.extend(pipeline::all());
    cases.extend(administration::all());
    cases.extend(compaction::all());
    cases.extend(consumers::all());
    cases.extend(faults::all());
    cases.push(Case {
        stops_broker: true,
        ..case("dump-log", &[Kafka, Kcat, Python], Box::new(dump_log))
    });
    cases
}

/// A case that leaves the broker running.
pub fn case(name: impl Into<String>, needs: &'static [Tool], run: Run) -> Case {
    Case { name: name.into(), needs, stops_broker: false, run }
}

fn kcat_to_python(lab: &mut Lab, codec: &str) -> Result<String, String> {
    let topic = format!("kcat-{codec}");
    lab.create_topic(&topic, &[])?;
    let mut client = clients::start_kcat(lab, &topic, codec)?;
    client.write(&lab.input.text)?;
    client.finish()?;
    check_codec(lab, &topic, codec)?;
    read_back_with_python(lab, &topic)
}

fn python_to_kcat(lab: &mut Lab, codec: &str) -> Result<String, String> {
    let topic = format!("python-{codec}");
    lab.create_topic(&topic, &[])?;
    python_produces(lab, &topic, codec)?;
    check_codec(lab, &topic, codec)?;
    read_back_with_kcat(lab, &topic)
}

fn java_to_python(lab: &mut Lab) -> Result<String, String> {
    lab.create_topic("java-zstd", &[])?;
    clients::run(clients::java_produce(lab, "java-zstd", "zstd"), &lab.file("java-zstd.log"))?;
    check_codec(lab, "java-zstd", "zstd")?;
    read_back_with_python(lab, "java-zstd")
}

fn python_to_java(lab: &mut Lab) -> Result<String, String> {
    lab.create_topic("for-java", &[])?;
    python_produces(lab, "for-java", "none")?;
    let ends = lab.file("for-java.ends");
    clients::java_ends(lab, "for-java", &ends)?;
    let mut text = String::new();
    for end in read(&ends)?.lines() {
        let Some((partition, count)) = end.trim_start_matches("for-java:").split_once(':') else {
            return Err(format!("GetOffsetShell printed `{end}`"));
        };
        let out = lab.file(&format!("for-java-{partition}.out"));
        if count != "0" {
            clients::java_consume(lab, "for-java", partition, count, &out)?;
            text.push_str(&read(&out)?.replace("Partition:", "").replace("Offset:", ""));
        }
    }
    let all = lab.file("for-java.out");
    fs::write(&all, text).map_err(|e| e.to_string())?;
    records::compare_all(&lab.input.text, &all)
}

/// `kill -9` while Python writes, then a start on the same port; the client goes on by itself.
fn kill_python(lab: &mut Lab) -> Result<String, String> {
    lab.create_topic("kill-python", SMALL_SEGMENTS)?;
    let acked = lab.file("kill-python.acked");
    let mut command = clients::python_produce(lab, "kill-python", "lz4", &acked);
    let client = Running::start(&mut command, &lab.file("kill-python.log"))?;
    let lines = lab.input.text.lines().count();
    let kills = kill_at(lab, client, &acked, &[lines / 5, lines / 2])?;
    Ok(format!("{}, {kills}", read_back_with_kcat(lab, "kill-python")?))
}

/// The same for kcat, which says only at the end whether every record was acknowledged. It queues at most 100,000, so
/// that after a third of the lines some were acknowledged and many are under way.
fn kill_kcat(lab: &mut Lab) -> Result<String, String> {
    lab.create_topic("kill-kcat", SMALL_SEGMENTS)?;
    let text = &lab.input.text;
    let third = text[..text.len() / 3].rfind('\n').map_or(0, |at| at + 1);
    let (first, rest) = text.split_at(third);
    let mut client = clients::start_kcat(lab, "kill-kcat", "none")?;
    client.write(first)?;
    lab.broker.kill();
    lab.broker.start_again()?;
    client.write(rest)?;
    client.finish()?;
    Ok(format!("{}, killed once", read_back_with_python(lab, "kill-kcat")?))
}

/// A stop and a start in good order lose nothing and leave no open end.
fn restart(lab: &mut Lab) -> Result<String, String> {
    lab.create_topic("restart", &[])?;
    python_produces(lab, "restart", "snappy")?;
    lab.broker.stop()?;
    lab.broker.start()?;
    read_back_with_python(lab, "restart")?;
    // Writing goes on behind what was there.
    let twice = lab.input.text.repeat(2);
    python_produces(lab, "restart", "gzip")?;
    let out = lab.file("restart.out");
    clients::kcat_consume(lab, "restart", &out)?;
    records::compare_all(&twice, &out)
}

/// A group of 12 on 8 partitions: 8 work and 4 wait; 3 of the 8 are killed, others take over.
fn twelve(lab: &mut Lab, protocol: &str) -> Result<String, String> {
    let client = programs::by_name("confluent-kafka").ok_or("no such client")?;
    members::run(lab, client, protocol, Plan { partitions: 8, members: 12, more: 0, killed: 3 })
}

/// Kafka's own tool reads our files: every batch of every codec is valid, and all records are there.
fn dump_log(lab: &mut Lab) -> Result<String, String> {
    let topics: Vec<String> = CODECS.iter().map(|codec| format!("dump-{codec}")).collect();
    for (topic, codec) in topics.iter().zip(CODECS) {
        lab.create_topic(topic, SMALL_SEGMENTS)?;
        python_produces(lab, topic, codec)?;
    }
    lab.broker.stop()?;
    let (mut batches, mut records, mut files) = (0, 0, 0);
    for topic in &topics {
        let segments = segments(lab.broker.data_dir(), topic);
        files += segments.len();
        let out = lab.file(&format!("{topic}.dump"));
        clients::dump_log(lab, &segments, &out)?;
        let seen = read_dump(&read(&out)?)?;
        (batches, records) = (batches + seen.0, records + seen.1);
    }
    let expected = lab.input.text.lines().count() * topics.len();
    match records == expected {
        true => Ok(format!("{batches} batches, {records} records, {files} files")),
        false => Err(format!("{records} records in {files} files; {expected} were written")),
    }
}

/// So that segments are sealed while a case runs.
const SMALL_SEGMENTS: &[&str] = &["segment.bytes=1048576"];

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn python_produces(lab: &Lab, topic: &str, codec: &str) -> Result<(), String> {
    let acked = lab.file(&format!("{topic}.acked"));
    let command = clients::python_produce(lab, topic, codec, &acked);
    clients::run(command, &lab.file(&format!("{topic}.log")))
}

fn read_back_with_python(lab: &Lab, topic: &str) -> Result<String, String> {
    let out = lab.file(&format!("{topic}.out"));
    clients::python_consume(lab, topic, &out)?;
    records::compare_all(&lab.input.text, &out)
}

fn read_back_with_kcat(lab: &Lab, topic: &str) -> Result<String, String> {
    let out = lab.file(&format!("{topic}.out"));
    clients::kcat_consume(lab, topic, &out)?;
    records::compare_all(&lab.input.text, &out)
}

/// Kills the broker each time so many lines were acknowledged, and waits for the client's end.
fn kill_at(
    lab: &mut Lab,
    mut client: Running,
    acked: &Path,
    lines: &[usize],
) -> Result<String, String> {
    let mut kills = Vec::new();
    for wanted in lines {
        // Six digits and a line end, about.
        let size = *wanted as u64 * 7;
        wait_until(Duration::from_secs(120), || {
            !client.is_running() || fs::metadata(acked).is_ok_and(|file| file.len() >= size)
        });
        if !client.is_running() {
            client.finish(clients::LIMIT)?;
            return Err("the client was done before the kill".to_owned());
        }
        lab.broker.kill();
        let count = fs::read_to_string(acked).map_or(0, |text| text.lines().count());
        kills.push(format!("killed at {count} acknowledged"));
        lab.broker.start_again()?;
    }
    client.finish(clients::LIMIT)?;
    Ok(kills.join(", "))
}

/// A client that thinks a broker too old for a codec writes uncompressed, and says so in its log only. Then nothing
/// would have been shown about that codec. A batch that compressing does not shrink stays as it is.
fn check_codec(lab: &mut Lab, topic: &str, codec: &str) -> Result<(), String> {
    // Behind a journal the segments are written later; a clean stop leaves nothing in the journal alone.
    lab.broker.stop()?;
    lab.broker.start_again()?;
    let mut seen = BTreeSet::new();
    for segment in segments(lab.broker.data_dir(), topic) {
        let out = lab.file(&format!("{topic}.batches"));
        let mut dump = Command::new(lab.broker.program());
        process::run(dump.args(["dump", &segment]), &out, Duration::from_secs(60))?;
        let text = read(&out)?;
        let batches = text.lines().filter(|line| line.starts_with("batch "));
        seen.extend(batches.filter_map(|line| {
            let (_, rest) = line.split_once(" compression ")?;
            rest.split(' ').next().map(str::to_owned)
        }));
    }
    match seen.contains(codec) && seen.iter().all(|name| name == codec || name == "none") {
        true => Ok(()),
        false => {
            Err(format!("batches on disk have compression {seen:?}, the client was told {codec}"))
        }
    }
}

/// Segment files of a topic, wherever in the data directory its partitions are.
fn segments(data_dir: &Path, topic: &str) -> Vec<String> {
    let is_partition = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.strip_prefix(topic)
            .and_then(|rest| rest.strip_prefix('-'))
            .is_some_and(|number| number.parse::<u32>().is_ok())
    };
    let (mut folders, mut files) = (vec![data_dir.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for path in paths_in(&folder) {
            if path.is_dir() {
                folders.push(path);
            } else if is_partition(&folder) && path.extension().is_some_and(|e| e == "log") {
                files.push(path.display().to_string());
            }
        }
    }
    files.sort();
    files
}

fn paths_in(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// Batches and records that kafka-dump-log found; an error if one is not valid or the tool complains.
fn read_dump(text: &str) -> Result<(usize, usize), String> {
    let (mut batches, mut records) = (0, 0);
    for line in text.lines() {
        if line.starts_with("baseOffset:") {
            batches += 1;
            if !line.contains("isvalid: true") {
                return Err(format!("a batch is not valid: {line}"));
            }
            let mut words = line.split(' ').skip_while(|word| *word != "count:");
            records += words.nth(1).and_then(|count| count.parse::<usize>().ok()).unwrap_or(0);
        } else if line.starts_with("Found") || line.contains("rror") || line.contains("ismatch") {
            return Err(line.to_owned());
        }
    }
    Ok((batches, records))
}
