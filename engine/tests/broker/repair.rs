//! `verify` and `repair` beside a real broker: what goes offline is found, and comes back when its loss is
//! accepted.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use headwater_protocol::error_code::ErrorCode;

use crate::harness::batches::{plain, sized};
use crate::harness::broker::{Broker, Folder, Options};
use crate::harness::on_both;

pub fn headwater(words: &[&str], dir: &Path) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_headwater"));
    let Output { status, stdout, stderr } =
        command.arg(words[0]).arg(dir).args(&words[1..]).output().expect("it runs");
    let text = [stdout, stderr].concat();
    (status.code().expect("an exit status"), String::from_utf8(text).expect("text"))
}

pub fn says((status, text): &(i32, String), expected: i32, words: &[&str]) {
    assert_eq!(*status, expected, "{text}");
    for word in words {
        assert!(text.contains(word), "no {word:?} in:\n{text}");
    }
}

/// Two partitions of 30 records; the second record of the first is damaged, far from the end.
fn damaged(backend: headwater_io::driver::Backend) -> (Folder, Options) {
    // Everything is in the segments at once.
    let broker = Options::new(backend).set("durability.path=direct").start();
    let mut client = broker.connect();
    client.create("t", 2, &[]);
    for n in 0..30 {
        client.append("t", 0, &sized(1, 900_000, n));
        client.append("t", 1, &plain(&["x"]));
    }
    drop(client);
    let (dir, options) = broker.kill();
    let segment = dir.data().join("t-0/00000000000000000000.log");
    let mut bytes = fs::read(&segment).unwrap();
    bytes[1_000_000] ^= 1;
    fs::write(&segment, &bytes).unwrap();
    (dir, options)
}

#[test]
fn a_log_with_damage_in_the_middle_is_served_again_when_its_loss_is_accepted() {
    on_both(|backend| {
        let (dir, options) = damaged(backend);
        let data = dir.data();
        let segment = data.join("t-0/00000000000000000000.log");
        let before = fs::read(&segment).unwrap();
        says(&headwater(&["verify"], &data), 1, &["takes it offline", "headwater repair"]);
        let would = headwater(&["repair"], &data);
        let words = ["t-0: would give up offsets [1, 30)", "28 sound batches", "--accept-loss"];
        says(&would, 1, &words);
        assert!(!would.1.contains("t-1:"), "{}", would.1);
        assert!(fs::read(&segment).unwrap() == before, "nothing was to be changed");

        let broker = options.clone().start_in(dir.clone());
        says(&headwater(&["repair", "--accept-loss"], &data), 1, &["in use by a broker"]);
        let mut client = broker.connect();
        assert_eq!(client.fetch_from("t", 0, 0).error, ErrorCode::KafkaStorageError);
        drop(client);
        drop(broker.stop());

        says(&headwater(&["repair", "--accept-loss", "t-9"], &data), 1, &["no partition t-9"]);
        says(&headwater(&["repair", "--accept-loss", "t-1"], &data), 0, &["nothing to repair"]);
        let done = headwater(&["repair", "--accept-loss", "t-0"], &data);
        says(&done, 0, &["t-0: gave up offsets [1, 30)", "kept in"]);
        says(&headwater(&["repair"], &data), 0, &["nothing to repair"]);
        says(&headwater(&["verify"], &data), 0, &["cut off by a repair", "0 wrong"]);
        let kept = done.1.lines().find_map(|line| line.trim().strip_prefix("kept in ")).unwrap();
        let kept = fs::read(kept).unwrap();
        let sound = before.len() - kept.len();
        assert!(kept == before[sound..], "every byte is somewhere");

        let broker = options.start_in(dir.clone());
        let mut client = broker.connect();
        assert_eq!(client.read_all("t", 0, 0).len(), 1);
        assert_eq!(client.append("t", 0, &plain(&["y"])), 1);
        assert_eq!(client.read_all("t", 1, 0).len(), 30);
    });
}

#[test]
fn a_log_shorter_than_its_clean_end_stays_offline_until_it_is_repaired() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        for _ in 0..5 {
            client.append("t", 0, &plain(&["x"]));
        }
        drop(client);
        let (dir, options) = broker.stop();
        let data = dir.data();
        let segment = data.join("t-0/00000000000000000000.log");
        let bytes = fs::read(&segment).unwrap();
        fs::write(&segment, &bytes[..bytes.len() / 5 * 3]).unwrap();
        says(&headwater(&["verify"], &data), 1, &["offsets [3, 5) were acknowledged"]);
        for _ in 0..2 {
            let broker = options.clone().start_in(dir.clone());
            let error = broker.connect().fetch_from("t", 0, 0).error;
            assert_eq!(error, ErrorCode::KafkaStorageError);
            drop(broker.kill());
        }
        let done = headwater(&["repair", "--accept-loss"], &data);
        says(&done, 0, &["t-0: gave up offsets [3, 5): 0 bytes"]);
        let broker = options.start_in(dir.clone());
        assert_eq!(broker.connect().append("t", 0, &plain(&["y"])), 3);
    });
}

#[test]
fn folders_that_were_kept_aside_are_found() {
    let backend = headwater_io::driver::Backend::Posix;
    let broker = Broker::start(backend);
    broker.connect().create("t", 1, &[]);
    let (dir, _) = broker.stop();
    says(&headwater(&["verify"], &dir.data()), 0, &["0 wrong"]);
    fs::create_dir(dir.data().join("gone-0.0.stray")).unwrap();
    says(&headwater(&["verify"], &dir.data()), 1, &["gone-0.0.stray", "does not know"]);
}
