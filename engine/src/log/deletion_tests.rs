//! A topic is deleted while its log works: the folder is taken away under it, and a new topic's folder is
//! there at once. On a simulated disk, at every moment of some work.

use std::path::Path;

use headwater_io::driver::Driver;

use super::folder::Folders;
use super::tests::Bench;
use super::{Health, Log};

/// Rolls every few appends, so that there is always a segment to prepare, to name or to seal.
const APPENDS: usize = 60;

fn take_away(log: &Log, io: &Driver) {
    let folders = Folders::default();
    folders.add(log.folder().clone());
    let fs = io.fs();
    folders.take_away(log.dir(), |dir| fs.rename(dir, Path::new("/data/t-0.0.deleted"))).unwrap();
    fs.create_dir_all(log.dir()).unwrap();
}

#[test]
fn a_log_whose_topic_is_deleted_fails_nothing_and_touches_nothing_new() {
    for moment in 0..APPENDS {
        let mut bench = Bench::new(moment as u64);
        for _ in 0..moment {
            bench.append().unwrap();
            bench.log.want_durable(bench.log.marks().appended().offset);
            bench.turn();
        }
        take_away(&bench.log, &bench.io);
        for _ in 0..200 {
            bench.turn();
        }
        assert_eq!(*bench.log.health(), Health::Serving, "at moment {moment}");
        let found = bench.io.fs().list(bench.log.dir()).unwrap();
        assert!(found.is_empty(), "at moment {moment}: {found:?} is in the new topic's folder");
    }
}
