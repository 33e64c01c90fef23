//! Folders that no topic speaks for: removed only if nobody can miss them.

use std::fs;
use std::path::Path;

use headwater_protocol::error_code::ErrorCode;

use crate::harness::batches::{plain, sized};
use crate::harness::broker::Broker;
use crate::harness::on_both;

fn folders(data: &Path) -> Vec<String> {
    let entries = fs::read_dir(data).unwrap().map(|entry| entry.unwrap());
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut names: Vec<_> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    // The journals' is always there.
    names.retain(|name| name != "shards");
    names.sort();
    names
}

#[test]
fn what_deletions_and_creations_left_is_removed_and_nothing_else() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        broker.connect().create("t", 1, &[]);
        broker.connect().append("t", 0, &plain(&["x"]));
        let (dir, options) = broker.stop();
        let data = dir.data();
        for name in ["gone-0.0.deleted", "half-made-0", "lost+found", "backup-2024", "t-1"] {
            fs::create_dir(data.join(name)).unwrap();
        }
        fs::write(data.join("gone-0.0.deleted/00000000000000000000.log"), b"old records").unwrap();
        fs::write(data.join("backup-2024/thesis.txt"), b"years of work").unwrap();
        fs::write(data.join("notes.txt"), b"mine").unwrap();
        let broker = options.start_in(dir);
        assert_eq!(folders(&data), ["backup-2024", "lost+found", "t-0"]);
        assert!(data.join("backup-2024/thesis.txt").exists() && data.join("notes.txt").exists());
        let mut client = broker.connect();
        assert_eq!(client.read_all("t", 0, 0).len(), 1);
        // A folder that is none of ours is not taken for a topic of its name either.
        let made = client.metadata("backup", 12, true);
        drop(made);
        assert!(data.join("backup-2024/thesis.txt").exists());
    });
}

/// The metadata log of an older day does not know newer topics. Their records are kept aside, not
/// deleted.
#[test]
fn records_of_unknown_topics_are_kept_aside() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        broker.connect().create("old", 1, &[]);
        let (dir, options) = broker.stop();
        let metadata = dir.data().join("metadata.log");
        let copy = fs::read(&metadata).unwrap();
        let broker = options.start_in(dir);
        let mut client = broker.connect();
        client.create("new", 2, &[]);
        let batch = sized(3, 1000, 1);
        client.append("new", 1, &batch);
        drop(client);
        let (dir, options) = broker.kill();
        fs::write(&metadata, copy).unwrap();
        let broker = options.start_in(dir.clone());
        assert_eq!(broker.connect().topics(), ["old"]);
        let kept = dir.data().join("new-1.0.stray/00000000000000000000.log");
        assert!(fs::read(kept).unwrap().starts_with(&batch[..4]));
        assert!(broker.log().contains("kept aside"), "{}", broker.log());
        // The name is free, and the next start changes nothing.
        broker.connect().create("new", 2, &[]);
        let broker = broker.restart();
        assert_eq!(folders(&dir.data()), ["new-0", "new-1", "new-1.0.stray", "old-0"]);
        assert_eq!(broker.connect().ends("new", 1), (0, 0));
    });
}

#[test]
fn deleted_topics_stay_deleted_and_leave_nothing() {
    on_both(|backend| {
        let mut broker = Broker::start(backend);
        for kill in [true, false] {
            let mut client = broker.connect();
            client.create("t", 4, &[]);
            for partition in 0..4 {
                client.append("t", partition, &sized(1, 100_000, 1));
            }
            assert_eq!(client.delete("t"), ErrorCode::None);
            drop(client);
            broker = if kill { broker.kill_and_restart() } else { broker.restart() };
            assert_eq!(broker.connect().topics(), Vec::<String>::new());
            assert_eq!(folders(&broker.data()), Vec::<String>::new());
        }
    });
}
