//! What a start reads is bounded by the journal and by what was written last, not by how much there is.

use std::time::Duration;

use super::segments;
use crate::harness::batches::sized;
use crate::harness::broker::{Broker, Options};
use crate::harness::client::Client;
use crate::harness::{eventually, on_both};

const MIB: u64 = 1 << 20;
/// Four files of 1 MiB.
const JOURNAL: u64 = 4 * MIB;

/// How many bytes a start has read, as it says.
fn read_bytes(broker: &Broker) -> u64 {
    eventually("a line about it", Duration::from_secs(10), || {
        let log = broker.log();
        let line = log.lines().find(|line| line.contains("recovered logs="))?;
        let number = line.split("read_bytes=").nth(1)?.split(' ').next()?;
        Some(number.parse().expect("a number"))
    })
}

/// Appends about `mib` MiB, in batches of a size that goes into frames or one that goes past them.
fn write(client: &mut Client, mib: u64, batch_kib: usize) {
    let batch = sized(batch_kib, 1000, mib);
    let mut asked = Vec::new();
    for n in 0..mib * 1024 / batch_kib as u64 {
        asked.push(client.ask_produce("t", (n % 2) as i32, &batch, -1));
        if asked.len() == 8 {
            asked.drain(..).for_each(|asked| drop(client.produced(asked)));
        }
    }
    asked.drain(..).for_each(|asked| drop(client.produced(asked)));
}

#[test]
fn a_start_after_a_kill_reads_what_the_journal_bounds() {
    on_both(|backend| {
        for batch_kib in [8, 200] {
            let options = Options::new(backend).set("journal.file.bytes=1048576");
            let broker = options.set("journal.files=4").start();
            let mut client = broker.connect();
            client.create("t", 2, &[("segment.bytes", "12582912")]);
            write(&mut client, 44, batch_kib);
            let ends = [0, 1].map(|partition| client.ends("t", partition));
            assert_eq!(segments(&broker.data(), "t-0").len(), 2);
            let broker = broker.kill_and_restart();
            // Both active segments have 10 MiB. Once the journal, half of it again from the segments or into
            // them, two rounds and a sixteenth of the segments by headers.
            let read = read_bytes(&broker);
            assert!(read < 3 * JOURNAL, "{read} bytes read, {batch_kib} KiB batches");
            let mut client = broker.connect();
            assert_eq!([0, 1].map(|partition| client.ends("t", partition)), ends);
            // After a clean stop not even that: one file of the journal, and of each log at most 1 MiB that was
            // not worth another point.
            let broker = broker.restart();
            let read = read_bytes(&broker);
            assert!(read < 4 * MIB, "{read} bytes read after a clean stop");
            let mut client = broker.connect();
            assert_eq!([0, 1].map(|partition| client.ends("t", partition)), ends);
        }
    });
}
