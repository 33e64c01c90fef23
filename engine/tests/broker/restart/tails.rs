//! What a crash, or a person, may leave at the end of a log.

use std::fs::{self, OpenOptions};
use std::io::Write;

use headwater_protocol::batch::header;
use headwater_protocol::error_code::ErrorCode;

use super::{segments, with_suffix};
use crate::harness::batches::{plain, sized};
use crate::harness::broker::{Broker, Options};
use crate::harness::on_both;

/// Appended to the last segment, and then there must be the same records as before.
#[test]
fn torn_ends_are_cut_off() {
    on_both(|backend| {
        let mut broker = Broker::start(backend);
        broker.connect().create("t", 1, &[]);
        let mut half = sized(5, 2000, 1);
        header::set_base_offset(&mut half, 3);
        let tails: [&[u8]; 7] = [
            b"x",
            &[0; 100_000],
            &[0xff; 5000],
            &half[..40],
            &half[..half.len() - 1],
            &[&[0; 4096], &b"rubbish behind zeros"[..]].concat(),
            &[&half[..3000], &[0; 60_000][..]].concat(),
        ];
        let mut end = 0;
        for (n, tail) in tails.iter().enumerate() {
            for clean in [true, false] {
                assert_eq!(broker.connect().append("t", 0, &plain(&[format!("{n}")])), end);
                end += 1;
                let (dir, options) = if clean { broker.stop() } else { broker.kill() };
                let last = segments(&dir.data(), "t-0").pop().unwrap();
                if !clean {
                    cut_zeros(&last);
                }
                OpenOptions::new().append(true).open(&last).unwrap().write_all(tail).unwrap();
                broker = options.start_in(dir);
                let records = broker.connect().read_all("t", 0, 0);
                assert_eq!(records.len() as i64, end, "tail {n}, clean {clean}");
                assert_eq!(records.last().unwrap().value, format!("{n}").as_bytes());
            }
        }
    });
}

/// A killed broker leaves what it allocated ahead.
fn cut_zeros(path: &std::path::Path) {
    let bytes = fs::read(path).unwrap();
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let whole: usize =
        header::batches(&bytes).map_while(Result::ok).map(|batch| batch.bytes.len()).sum();
    assert!(whole >= used || used - whole < 4096);
    OpenOptions::new().write(true).open(path).unwrap().set_len(whole as u64).unwrap();
}

/// Damage before what was acknowledged is not cut off: the partition is offline, its bytes are kept, and
/// others are served.
#[test]
fn damage_in_the_middle_takes_one_partition_offline_and_no_byte_from_it() {
    on_both(|backend| {
        let broker = Options::new(backend).set("durability.path=direct").start();
        let mut client = broker.connect();
        client.create("t", 2, &[]);
        for n in 0..30 {
            client.append("t", 0, &sized(1, 900_000, n));
            client.append("t", 1, &plain(&["x"]));
        }
        drop(client);
        let (dir, options) = broker.kill();
        let first = segments(&dir.data(), "t-0").remove(0);
        let mut bytes = fs::read(&first).unwrap();
        bytes[1_000_000] ^= 1;
        fs::write(&first, &bytes).unwrap();
        for _ in 0..2 {
            let broker = options.clone().start_in(dir.clone());
            let mut client = broker.connect();
            assert_eq!(client.fetch_from("t", 0, 0).error, ErrorCode::KafkaStorageError);
            assert_eq!(client.produce("t", 0, &plain(&["x"])).error, ErrorCode::KafkaStorageError);
            let end = client.read_all("t", 1, 0).len() as i64;
            assert_eq!(client.append("t", 1, &plain(&["y"])), end);
            drop(client);
            drop(broker.stop());
            assert!(fs::read(&first).unwrap() == bytes, "not a byte was changed");
        }
    });
}

/// Indexes are never trusted: without one, and with a wrong one, the same records are found.
#[test]
fn lost_and_damaged_indexes_are_built_again() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[("segment.bytes", "100000")]);
        for n in 0..60 {
            client.append("t", 0, &sized(2, 5000, n));
        }
        drop(client);
        let (dir, options) = broker.stop();
        let indexes = with_suffix(&dir.data(), "t-0", ".hwindex");
        assert!(indexes.len() >= 5, "{indexes:?}");
        fs::remove_file(&indexes[0]).unwrap();
        let mut bytes = fs::read(&indexes[2]).unwrap();
        bytes[50] ^= 0x40;
        fs::write(&indexes[2], &bytes).unwrap();
        fs::write(&indexes[3], b"").unwrap();
        for snapshot in with_suffix(&dir.data(), "t-0", ".hwsnapshot") {
            fs::write(snapshot, b"no snapshot").unwrap();
        }
        let broker = options.start_in(dir.clone());
        let mut client = broker.connect();
        assert_eq!(client.read_all("t", 0, 0).len(), 120);
        for offset in [0, 17, 55, 119] {
            let records = client.fetch_from("t", 0, offset).records();
            assert_eq!(records[0].offset, offset / 2 * 2);
        }
        assert_eq!(client.append("t", 0, &plain(&["x"])), 120);
        assert!(with_suffix(&dir.data(), "t-0", ".hwindex").len() >= indexes.len());
    });
}
