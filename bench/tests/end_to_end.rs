//! The program as its users run it, tiny: a command, a table, a folder, an exit status; and nothing
//! left behind.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// Beside the sources, not in /tmp: that may be a tmpfs without direct I/O.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

fn bench(dir: &Path, line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
    command.current_dir(dir).args(line.split_whitespace()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn compare_prints_a_table_and_leaves_a_folder_that_can_be_rendered_again() {
    let dir = scratch();
    let line = "compare --quick --seconds 0.3 --only direct --rates 2000 --out kept";
    let output = bench(dir.path(), line);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    assert!(out.contains("acks=all durable, direct") && out.contains("report: kept/report.html"));
    let files = ["README.md", "host.json", "plan.json", "runs.jsonl", "summary.md", "report.html"];
    for file in files {
        assert!(dir.path().join("kept").join(file).exists(), "{file}");
    }
    // Nothing but the results is left, and they do not name this machine's folders.
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    for file in files {
        let content = fs::read_to_string(dir.path().join("kept").join(file)).unwrap();
        assert!(!content.contains(dir.path().to_str().unwrap()), "{file}");
    }
    let again = bench(dir.path(), "report kept --json");
    assert!(again.status.success(), "{}", text(&again.stderr));
    let json: serde_json::Value = serde_json::from_slice(&again.stdout).unwrap();
    let cells = json["analysis"]["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 9);
    assert!(cells.iter().all(|cell| cell["records_per_s"]["median"].as_f64().unwrap() > 0.0));
}

#[test]
fn the_library_is_measured_in_this_process() {
    let dir = scratch();
    let line = "compare --quick --in-process --only durable --rates none --json --out kept";
    let output = bench(dir.path(), line);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(json["analysis"]["cells"][0]["mb_per_s"]["median"].as_f64().unwrap() > 0.0);
}

/// A broker that was running before; killed when dropped.
struct Running(Child, String);

impl Running {
    fn start(dir: &Path) -> Running {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bench"))
            .args(["__serve", "--data-dir", "data", "--listen", "127.0.0.1:0", "--shards", "1"])
            .current_dir(dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split("listen=").nth(1).unwrap().split(' ').next().unwrap().to_owned();
        Running(child, address)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn a_running_broker_is_measured_and_left_as_it_was() {
    let dir = scratch();
    let running = Running::start(dir.path());
    let topics = || {
        let names = fs::read_dir(dir.path().join("data")).unwrap();
        let names = names.map(|name| name.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with("bench-")).count()
    };
    let (address, pid) = (&running.1, running.0.id());
    let line = format!(
        "compare --quick --only acks=1 --rates none --broker {address} --broker-pid {pid} --out kept"
    );
    let output = bench(dir.path(), &line);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("whatever the broker is set to promise"));
    // A folder may go a moment after its topic has.
    let gone = (0..50).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        topics() == 0
    });
    assert!(gone, "{} topics are left", topics());
}

#[test]
fn wrong_usage_and_missing_brokers_say_what_to_do() {
    let dir = scratch();
    for (line, status, words) in [
        ("compare --rates fast", 2, "records per second"),
        ("compare --only nothing", 2, "there are: acks=0, journal"),
        ("tune --acks 0", 2, "no latency to tune for"),
        ("compare --broker 127.0.0.1:1", 1, "no Kafka broker answers at 127.0.0.1:1"),
        ("compare --set no.such.setting=1", 1, "unknown setting"),
        ("report nowhere", 1, "runs.jsonl"),
        ("scale --topics 10 --partitions 5", 2, "a partition for each"),
        ("scale --broker 127.0.0.1:1", 2, "leave out --broker"),
        ("limits --data-dir /proc/nowhere", 1, "--data-dir"),
    ] {
        let output = bench(dir.path(), line);
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{line}: {err}");
        assert!(err.contains(words) && err.trim_end().lines().count() == 1, "{line}: {err}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "no folder for what was not measured");
}

#[test]
fn a_broker_is_killed_under_load_and_started_again() {
    let dir = scratch();
    let line = "journal --quick --path direct --gb 0.01 --only killed --json --out kept";
    let output = bench(dir.path(), line);
    let err = text(&output.stderr);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect(&err);
    let cell = &json["analysis"]["cells"][0];
    assert_eq!(cell["errors"].as_array().unwrap().len(), 0, "{cell:#}");
    let median = |field: &str| cell[field]["median"].as_f64().unwrap();
    assert!(median("restart_ms") > 0.0 && median("serve_ms") >= median("restart_ms"));
    assert!(median("segment_bytes") >= 1e7);
    // Slow machines may miss it; it is judged all the same.
    assert_eq!(json["verdicts"].as_array().unwrap().len(), 2);
}

#[test]
fn rounds_are_measured_on_the_path_that_there_is() {
    let dir = scratch();
    let line = "journal --quick --path direct --only 64 --json --out kept";
    let output = bench(dir.path(), line);
    let err = text(&output.stderr);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect(&err);
    let cell = &json["analysis"]["cells"][0];
    let median = |field: &str| cell[field]["median"].as_f64().unwrap();
    assert!((median("records_per_s") / median("requests_per_s") - 64.0).abs() < 1.0, "{cell:#}");
}

#[test]
fn many_topics_and_groups_are_made_started_and_asked() {
    let dir = scratch();
    let output = bench(dir.path(), "scale --quick --json --out kept");
    let err = text(&output.stderr);
    assert!(output.status.success(), "{err}");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect(&err);
    let figures = json["scale"].as_array().unwrap();
    assert_eq!(figures.len(), 12);
    assert!(figures.iter().all(|figure| figure["stat"]["median"].as_f64().unwrap() > 0.0));
    let again = text(&bench(dir.path(), "report kept").stdout);
    for words in ["20 topics, 60 partitions, 10 groups", "metadata of all topics"] {
        assert!(again.contains(words), "{again}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing but the results is left");
}
