//! The scrubber of a running broker: a bit that flips in a sealed segment is found before anybody asks.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use headwater_protocol::error_code::ErrorCode;

use crate::harness::batches::sized;
use crate::harness::broker::Options;
use crate::harness::client::Client;
use crate::harness::{eventually, on_both};

const RECORDS: u64 = 40;

fn flip(path: &Path, at: u64) {
    let file = OpenOptions::new().read(true).write(true).open(path).expect("a segment");
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).expect("a byte of it");
    file.write_all_at(&[byte[0] ^ 1], at).expect("written");
}

fn error_at(client: &mut Client, offset: i64) -> ErrorCode {
    client.fetch_from("t", 0, offset).error
}

#[test]
fn a_flipped_bit_is_found_and_only_its_batch_is_refused() {
    on_both(|backend| {
        for path in ["journal", "direct", "buffered"] {
            let broker = Options::new(backend)
                .set(&format!("durability.path={path}"))
                .set("scrub.bytes.per.second=67108864")
                .set("scrub.interval.hours=0")
                .start();
            let mut client = broker.connect();
            client.create("t", 1, &[("segment.bytes", "300000")]);
            for n in 0..RECORDS {
                client.append("t", 0, &sized(1, 20_000, n));
            }
            // Its index is the last thing that a sealed segment gets.
            let segment = broker.data().join("t-0/00000000000000000000.log");
            let sealed = || segment.with_extension("hwindex").exists().then_some(());
            eventually("the first segment is sealed", Duration::from_secs(10), sealed);
            assert_eq!(error_at(&mut client, 5), ErrorCode::None);

            flip(&segment, 110_000);
            let refused = || (error_at(&mut client, 5) == ErrorCode::CorruptMessage).then_some(());
            eventually("the damage is found", Duration::from_secs(20), refused);
            let line = eventually("an error line", Duration::from_secs(5), || {
                broker.log().lines().find(|line| line.contains("ERROR")).map(str::to_owned)
            });
            for word in ["t-0", "[5, 6)", "BadChecksum", "CORRUPT_MESSAGE"] {
                assert!(line.contains(word), "no {word:?} in: {line}");
            }
            let before = client.fetch_from("t", 0, 0);
            assert_eq!((before.error, before.records().len()), (ErrorCode::None, 5));
            assert_eq!(client.read_all("t", 0, 6).len() as u64, RECORDS - 6);
            assert_eq!(client.append("t", 0, &sized(1, 100, 0)) as u64, RECORDS);
            drop(client);
            broker.stop();
        }
    });
}
