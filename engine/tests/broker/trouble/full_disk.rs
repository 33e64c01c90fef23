//! A disk that is full: writes are refused with Kafka's error, reads go on, and when there is room again
//! writes go on by themselves. On a small file system of its own; where none can be mounted, skipped.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use headwater_io::driver::Backend;
use headwater_protocol::error_code::ErrorCode;

use crate::harness::batches::{Record, plain, sized};
use crate::harness::broker::{Broker, Folder, Options};
use crate::harness::client::Client;
use crate::harness::{eventually, on_both};

const DISK_BYTES: u64 = 64 << 20;

/// A small disk, unmounted when dropped.
struct SmallDisk {
    folder: Folder,
    mount: PathBuf,
}

impl SmallDisk {
    fn new() -> Option<Self> {
        let folder = Folder::new();
        let (image, mount) = (folder.path().join("image"), folder.path().join("mount"));
        fs::File::create(&image).and_then(|file| file.set_len(DISK_BYTES)).expect("an image");
        fs::create_dir(&mount).expect("a folder");
        let made = run("mkfs.ext4", &["-q", "-F", "-m", "0", path(&image)])
            && run("mount", &["-o", "loop", path(&image), path(&mount)]);
        made.then_some(SmallDisk { folder, mount })
    }

    fn data(&self) -> PathBuf {
        self.mount.join("data")
    }

    fn hog(&self) -> PathBuf {
        self.mount.join("hog")
    }

    /// Leaves about this much.
    fn fill(&self, left: u64) {
        let mut hog =
            fs::OpenOptions::new().append(true).create(true).open(self.hog()).expect("a file");
        let size = |hog: &fs::File| hog.metadata().expect("a size").len();
        // Again and again: what the file system keeps back for metadata is free after each sync.
        loop {
            let before = size(&hog);
            while hog.write_all(&[0; 4096]).is_ok() {}
            hog.sync_all().expect("a disk that is full, and otherwise well");
            if size(&hog) == before {
                break;
            }
        }
        hog.set_len(size(&hog).saturating_sub(left)).expect("shorter");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        assert!(run("umount", &["-l", path(&self.mount)]) || std::thread::panicking());
        let _ = &self.folder;
    }
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path of text")
}

fn run(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

fn on_small_disks(test: impl Fn(Backend, &SmallDisk) + Sync) {
    on_both(|backend| match SmallDisk::new() {
        Some(disk) => test(backend, &disk),
        None => eprintln!("SKIPPED on {backend}: no loop device can be mounted here (needs root)"),
    });
}

/// Appends until the broker refuses; the values that were acknowledged.
fn append_until_full(client: &mut Client, topic: &str, bytes: usize, known: &mut Vec<u64>) {
    let started = Instant::now();
    loop {
        let number = known.len() as u64;
        let produced = client.produce(topic, 0, &sized(1, bytes, number));
        match produced.error {
            ErrorCode::None => {
                assert_eq!(produced.base_offset, known.len() as i64);
                known.push(number);
            }
            error => return assert_eq!(error, ErrorCode::KafkaStorageError, "{produced:?}"),
        }
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "{} records and not full",
            known.len()
        );
    }
}

/// Refused for as long as it is full, not only once.
fn is_full(client: &mut Client, topic: &str, bytes: usize, known: &mut Vec<u64>) {
    eventually("nothing fits any more", Duration::from_secs(20), || {
        let before = known.len();
        append_until_full(client, topic, bytes, known);
        (known.len() == before).then_some(())
    });
}

fn all_there(client: &mut Client, topic: &str, bytes: usize, known: &[u64]) {
    let read: Vec<Record> = client.read_all(topic, 0, 0);
    assert_eq!(read.len(), known.len());
    for (record, number) in read.iter().zip(known) {
        let expected = crate::harness::batches::filled(bytes, number * 1000);
        assert!(record.value == expected, "record {}", record.offset);
    }
}

/// With one large segment, with many small ones, and with settings that take space ahead.
#[test]
fn a_full_disk_refuses_writes_serves_reads_and_recovers() {
    on_small_disks(|backend, disk| {
        let broker = Options::new(backend)
            .data_dir(&disk.data())
            .set("journal.file.bytes=2097152")
            .shards(2)
            .start();
        let mut client = broker.connect();
        client.create("large", 1, &[]);
        client.create("small", 1, &[("segment.bytes", "200000")]);
        client.create("other", 1, &[]);
        client.append("other", 0, &plain(&["x"]));
        disk.fill(12 << 20);
        let bytes = 60_000;
        let (mut large, mut small) = (Vec::new(), Vec::new());
        append_until_full(&mut client, "small", bytes, &mut small);
        append_until_full(&mut client, "large", bytes, &mut large);
        is_full(&mut client, "small", bytes, &mut small);
        is_full(&mut client, "large", bytes, &mut large);
        // Reads go on, of what is in memory and of what is not; small and other questions, too.
        all_there(&mut client, "large", bytes, &large);
        all_there(&mut client, "small", bytes, &small);
        assert_eq!(client.fetch_from("other", 0, 0).records().len(), 1);
        assert!(client.producer_id() >= 0 || client.topics().len() == 3);
        // Room comes back: a topic is deleted, or somebody removes something.
        fs::remove_file(disk.hog()).unwrap();
        for (topic, known) in
            [("large", &mut large), ("small", &mut small), ("other", &mut vec![0])]
        {
            let bytes = if topic == "other" { 10 } else { bytes };
            eventually("writes go on by themselves", Duration::from_secs(10), || {
                let number = known.len() as u64;
                let produced = client.produce(topic, 0, &sized(1, bytes, number));
                (produced.error == ErrorCode::None).then(|| known.push(number))
            });
        }
        for n in 0..20 {
            large.push(large.len() as u64);
            assert_eq!(
                client.append("large", 0, &sized(1, bytes, large.len() as u64 - 1)),
                large.len() as i64 - 1,
                "{n}"
            );
        }
        drop(client);
        let broker = broker.kill_and_restart();
        let mut client = broker.connect();
        all_there(&mut client, "large", bytes, &large);
        all_there(&mut client, "small", bytes, &small);
        drop(client);
        drop(broker.stop());
    });
}

/// To delete a topic is how people make room.
#[test]
fn a_topic_can_be_deleted_on_a_full_disk() {
    on_small_disks(|backend, disk| {
        let broker =
            Options::new(backend).data_dir(&disk.data()).set("journal.file.bytes=2097152").start();
        let mut client = broker.connect();
        client.create("keep", 1, &[]);
        client.create("drop", 1, &[]);
        let bytes = 60_000;
        let (mut keep, mut dropped) = (Vec::new(), Vec::new());
        for n in 0..20 {
            client.append("keep", 0, &sized(1, bytes, n));
            keep.push(n);
        }
        disk.fill(8 << 20);
        append_until_full(&mut client, "drop", bytes, &mut dropped);
        is_full(&mut client, "drop", bytes, &mut dropped);
        is_full(&mut client, "keep", bytes, &mut keep);
        disk.fill(0);
        assert_eq!(client.delete("drop"), ErrorCode::None);
        eventually("there is room for the other one", Duration::from_secs(10), || {
            let number = keep.len() as u64;
            let produced = client.produce("keep", 0, &sized(1, bytes, number));
            (produced.error == ErrorCode::None).then(|| keep.push(number))
        });
        all_there(&mut client, "keep", bytes, &keep);
    });
}

/// A start on a full disk works, or says what to do; it never loses anything.
#[test]
fn a_start_on_a_full_disk_loses_nothing() {
    on_small_disks(|backend, disk| {
        let options =
            Options::new(backend).data_dir(&disk.data()).set("journal.file.bytes=2097152");
        let broker: Broker = options.start();
        let mut client = broker.connect();
        client.create("t", 1, &[("segment.bytes", "200000")]);
        disk.fill(4 << 20);
        let mut known = Vec::new();
        append_until_full(&mut client, "t", 60_000, &mut known);
        is_full(&mut client, "t", 60_000, &mut known);
        drop(client);
        let (dir, options) = broker.kill();
        fs::remove_file(disk.hog()).unwrap();
        disk.fill(0);
        // The few bytes of a start may fit where no record does.
        match options.clone().try_start_in(&dir) {
            Ok(broker) => {
                all_there(&mut broker.connect(), "t", 60_000, &known);
                drop(broker.kill());
            }
            Err(refused) => assert!(refused.stderr.contains("make room"), "{}", refused.stderr),
        }
        // To start with nothing takes a few blocks.
        disk.fill(0);
        let fresh = Options::new(backend).data_dir(&disk.mount.join("fresh"));
        let refused = fresh.refused_in(&dir);
        assert!(refused.stderr.contains("make room"), "{}", refused.stderr);
        fs::remove_file(disk.hog()).unwrap();
        let broker = options.start_in(dir);
        let mut client = broker.connect();
        all_there(&mut client, "t", 60_000, &known);
        let next = client.append("t", 0, &plain(&["x"]));
        assert_eq!(next, known.len() as i64);
    });
}
