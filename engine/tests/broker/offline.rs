//! Offline tools on directories whose last records are in a journal alone: they say what the next start will do, and
//! it does that.

use std::fs;
use std::path::{Path, PathBuf};

use headwater_io::driver::Backend;
use headwater_protocol::error_code::ErrorCode;
use serde_json::Value;

use crate::harness::batches::plain;
use crate::harness::broker::{Folder, Options};
use crate::harness::on_both;
use crate::repair::{headwater, says};

const RECORDS: i64 = 30;

/// Two partitions of 30 records each, one commit for each record; killed.
fn killed(backend: Backend) -> (Folder, Options) {
    let options = Options::new(backend).shards(1).set("durability.path=journal");
    let broker = options.set("journal.file.bytes=1048576").start();
    let mut client = broker.connect();
    client.create("t", 2, &[]);
    for n in 0..RECORDS {
        client.append("t", 0, &plain(&[format!("a{n}")]));
        client.append("t", 1, &plain(&[format!("b{n}")]));
    }
    drop(client);
    broker.kill()
}

fn journal(data: &Path, name: &str) -> PathBuf {
    data.join("shards/0").join(name)
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).expect("a file");
    bytes[at] ^= 1;
    fs::write(path, bytes).expect("written");
}

fn lines((status, text): &(i32, String)) -> Vec<Value> {
    assert_eq!(*status, 0, "{text}");
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

fn of_kind<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["kind"] == kind).collect()
}

#[test]
fn a_killed_directory_is_healthy_and_the_next_start_brings_back_what_was_said() {
    on_both(|backend| {
        let (dir, options) = killed(backend);
        let data = dir.data();
        let found = headwater(&["verify"], &data);
        says(&found, 0, &["the next start puts", "back into segments", "60 records", "0 wrong"]);
        assert!(!found.1.contains("cut off"), "{}", found.1);
        says(&headwater(&["repair"], &data), 0, &["t-0: its journal is put back"]);

        let dumped = lines(&headwater(&["dump", "--json"], &journal(&data, "journal-0")));
        assert_eq!(of_kind(&dumped, "header")[0]["shard"], 0);
        let ends: Vec<i64> = of_kind(&dumped, "entry")
            .iter()
            .filter(|entry| entry["partition"] == 1)
            .map(|entry| entry["next_offset"].as_i64().expect("an offset"))
            .collect();
        assert_eq!(ends, (1..=RECORDS).collect::<Vec<_>>());
        says(
            &headwater(&["dump"], &journal(&data, "journal-0")),
            0,
            &["frame seq 1 ", "inline", "60 frames, 0 damaged"],
        );
        let checkpoint = headwater(&["dump"], &journal(&data, "checkpoint-b"));
        says(&checkpoint, 0, &["of shard 0, in use"]);
        says(&headwater(&["dump"], &data), 0, &["checkpoint-b", "frame seq 60 "]);

        let broker = options.start_in(dir);
        let mut client = broker.connect();
        assert_eq!(client.read_all("t", 0, 0).len() as i64, RECORDS);
        drop(client);
        let (dir, _) = broker.stop();
        let stopped = headwater(&["verify"], &dir.data());
        says(&stopped, 0, &["60 records", "0 frames and 0 bytes", "0 wrong"]);
    });
}

#[test]
fn a_damaged_frame_that_was_acknowledged_takes_its_log_offline_as_verify_says() {
    on_both(|backend| {
        let (dir, options) = killed(backend);
        let data = dir.data();
        let dumped = lines(&headwater(&["dump", "--json"], &journal(&data, "journal-0")));
        let frames = of_kind(&dumped, "frame");
        let at = frames[20]["position"].as_u64().expect("a position") as usize;
        flip(&journal(&data, "journal-0"), at + 52 + 60 + 10);
        let found = headwater(&["verify"], &data);
        says(
            &found,
            1,
            &[
                "acknowledged commits",
                "are damaged",
                "t-0: the next start takes it offline",
                "[10, 30)",
            ],
        );
        assert!(!found.1.contains("t-1: the next start"), "{}", found.1);
        says(
            &headwater(&["dump"], &journal(&data, "journal-0")),
            0,
            &["DAMAGED: BodyCrc", "1 damaged"],
        );

        let broker = options.start_in(dir);
        let mut client = broker.connect();
        assert_eq!(client.fetch_from("t", 0, 0).error, ErrorCode::KafkaStorageError);
        assert_eq!(client.read_all("t", 1, 0).len() as i64, RECORDS);
        drop(client);
        let (dir, _) = broker.stop();
        says(&headwater(&["repair"], &dir.data()), 1, &["t-0: would give up offsets [10, 30)"]);
    });
}

#[test]
fn a_journal_without_checkpoints_is_given_up_when_its_loss_is_accepted() {
    on_both(|backend| {
        let (dir, options) = killed(backend);
        let data = dir.data();
        flip(&journal(&data, "checkpoint-b"), 9);
        let one = headwater(&["verify"], &data);
        says(&one, 1, &["checkpoint-b: does not check", "no start goes on without"]);
        options.clone().refused_in(&dir);

        let would = headwater(&["repair"], &data);
        says(
            &would,
            1,
            &["would give up this journal", "t-0: offsets [0, 30)", "t-1: offsets [0, 30)"],
        );
        assert!(journal(&data, "journal-0").exists(), "nothing was to be changed");
        let done = headwater(&["repair", "--accept-loss"], &data);
        says(
            &done,
            0,
            &["gave up this journal", "lost", "kept in", "journal-0.lost-", "checkpoint-b.lost-"],
        );
        assert!(!journal(&data, "journal-0").exists());

        let broker = options.start_in(dir);
        let mut client = broker.connect();
        let (_, end) = client.ends("t", 0);
        assert_eq!(client.append("t", 0, &plain(&["y"])), end);
        drop(client);
        let (dir, _) = broker.stop();
        says(&headwater(&["verify"], &dir.data()), 0, &["given up by a repair", "0 wrong"]);
    });
}

#[test]
fn files_that_are_not_the_journals_are_named() {
    let (dir, _) = killed(Backend::Posix);
    let data = dir.data();
    fs::write(journal(&data, "notes.txt"), "x").expect("written");
    fs::copy(journal(&data, "journal-0"), journal(&data, "journal-9")).expect("copied");
    let found = headwater(&["verify"], &data);
    says(&found, 0, &["notes.txt: is none of ours", "journal-9: belongs to another", "0 wrong"]);
    flip(&journal(&data, "journal-0"), 20);
    says(&headwater(&["verify"], &data), 0, &["journal-0: its header does not check", "0 wrong"]);
    says(&headwater(&["dump"], &journal(&data, "journal-0")), 0, &["no header", "60 frames"]);
}
