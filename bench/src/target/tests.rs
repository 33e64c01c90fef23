//! Starting and stopping, with a shell script in the broker's place.

use super::*;
use crate::plan::tests::cell;

fn script(text: &str) -> Launcher {
    Launcher { program: "/bin/sh".into(), command: vec!["-c".into(), text.into()] }
}

fn start(text: &str) -> (tempfile::TempDir, Result<Child, TargetError>) {
    let dir = tempfile::tempdir().unwrap();
    let launcher = script(text);
    let child = launcher.start(&launcher.command, dir.path());
    (dir, child)
}

#[test]
fn the_ready_line_says_where() {
    let line = "ready listen=127.0.0.1:9092 shards=2 backend=uring data-dir=/x";
    assert_eq!(launch::parse_ready(line), Some("127.0.0.1:9092".into()));
    assert_eq!(launch::parse_ready("listening on port 9092"), None);
}

#[test]
fn a_broker_starts_and_stops_when_asked() {
    let (_dir, child) =
        start("trap 'exit 0' TERM; echo ready listen=h:1 x=y; while :; do sleep 0.01; done");
    let child = child.unwrap();
    assert_eq!(child.address, "h:1");
    let process = child.process();
    assert!(process.alive());
    child.stop().unwrap();
    assert!(!process.alive());
}

#[test]
fn a_bad_end_is_reported() {
    let (_dir, child) =
        start("trap 'exit 3' TERM; echo ready listen=h:1; while :; do sleep 0.01; done");
    assert!(child.unwrap().stop().unwrap_err().to_string().contains("3"));
}

#[test]
fn a_broker_that_cannot_start_has_the_last_word() {
    let (_dir, child) = start("echo first >&2; echo the disk is full >&2; exit 1");
    let error = child.err().unwrap().to_string();
    assert!(error.contains("the disk is full"), "{error}");
    let (_dir, child) = start("echo something else; sleep 5");
    assert!(child.err().unwrap().to_string().contains("something else"));
}

#[test]
fn a_broker_that_is_dropped_is_gone() {
    let (_dir, child) = start("echo ready listen=h:1; exec sleep 60");
    let child = child.unwrap();
    let process = child.process();
    drop(child);
    assert!(!process.alive());
}

#[test]
fn the_setting_becomes_arguments() {
    let mut cell = cell("a");
    cell.broker.shards = Some(2);
    cell.broker.set = vec!["spin.us=0".into()];
    let launcher = Launcher::headwater("headwater".into());
    let arguments = launcher.arguments(&cell, Path::new("/scratch/1")).join(" ");
    assert_eq!(
        arguments,
        "serve --data-dir /scratch/1/data --listen 127.0.0.1:0 --shards 2 \
         --set durability.path=direct --set durability=durable --set spin.us=0"
    );
}

#[test]
fn a_path_that_a_broker_does_not_know_is_told_from_other_trouble() {
    let dir = tempfile::tempdir().unwrap();
    let refuses = |text: &str| Target::Started(script(text)).refuses_path(&cell("a"), dir.path());
    let words =
        refuses("echo 'durability.path: journal is not one of direct, buffered' >&2; exit 2");
    assert!(words.unwrap().unwrap().contains("not one of"));
    assert!(refuses("echo 'the disk is full' >&2; exit 1").is_err());
}
