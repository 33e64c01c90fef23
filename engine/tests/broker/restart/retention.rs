//! Old segments go by themselves, soon after the start and from then on; what stays is there after a kill.

use std::time::Duration;

use headwater_protocol::batch::compression::Compression;

use super::{segments, with_suffix};
use crate::harness::batches::{filled, keyed, sized};
use crate::harness::broker::{Broker, Options};
use crate::harness::client::Client;
use crate::harness::{eventually, on_both};

const WITHIN: Duration = Duration::from_secs(30);

fn start(options: Options) -> Broker {
    options.set("log.retention.check.interval.ms=100").start()
}

/// Seven segments: six of about 92 KB, and one of two thirds of that.
fn fill(client: &mut Client, topic: &str, settings: &[(&str, &str)]) {
    let ours = [("segment.bytes", "100000"), ("file.delete.delay.ms", "0")];
    client.create(topic, 1, &[&ours, settings].concat());
    for n in 0..60_u64 {
        // With keys, which a compacted topic insists on.
        let records: Vec<_> = (n * 10..n * 10 + 10)
            .map(|number| (number.to_be_bytes(), Some(filled(1000, number))))
            .collect();
        client.append(topic, 0, &keyed(Compression::None, &records));
    }
}

/// Waits until the log of a topic has so many segments and no more files than these need.
fn await_segments(broker: &Broker, topic: &str, count: usize) {
    let partition = format!("{topic}-0");
    eventually("old segments go", WITHIN, || {
        let data = broker.data();
        let left = with_suffix(&data, &partition, ".deleted").len();
        let indexes = with_suffix(&data, &partition, ".hwindex").len();
        let fits = left == 0 && indexes < count && segments(&data, &partition).len() == count;
        fits.then_some(())
    });
}

#[test]
fn the_oldest_segments_go_by_size_and_all_of_them_by_age() {
    on_both(|backend| {
        for path in ["journal", "direct", "buffered"] {
            let broker = start(Options::new(backend).set(&format!("durability.path={path}")));
            let mut client = broker.connect();
            fill(&mut client, "large", &[("retention.bytes", "250000")]);
            // Its records are years old.
            fill(&mut client, "old", &[("retention.ms", "86400000")]);
            fill(
                &mut client,
                "compacted",
                &[("retention.ms", "1"), ("retention.bytes", "1"), ("cleanup.policy", "compact")],
            );
            // Without one more it would be too small.
            await_segments(&broker, "large", 4);
            await_segments(&broker, "old", 1);
            let ends = ["large", "old", "compacted"].map(|topic| client.ends(topic, 0));
            let large = ends[0].0;
            assert_eq!(ends, [(270, 600), (600, 600), (0, 600)]);
            let broker = broker.kill_and_restart();
            let mut client = broker.connect();
            assert_eq!(["large", "old", "compacted"].map(|topic| client.ends(topic, 0)), ends);
            assert_eq!(client.read_all("large", 0, large).len() as i64, 600 - large);
            assert_eq!(client.append("old", 0, &sized(1, 10, 1)), 600);
        }
    });
}
