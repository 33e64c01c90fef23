//! How many descriptors partitions take: one for each that is left alone, and the writes of a broker that
//! has no more of them wait.

use std::time::Duration;

use crate::harness::batches::plain;
use crate::harness::broker::{Broker, Options};
use crate::harness::facts::descriptors;
use crate::harness::{eventually, on_both};

const PARTITIONS: i32 = 50;
const PATHS: [&str; 3] =
    ["durability.path=direct", "durability.path=buffered", "durability.path=journal"];

/// Descriptors beyond those at the start.
fn taken(broker: &Broker, at_start: usize) -> usize {
    descriptors(broker.pid()) - at_start
}

#[test]
fn an_idle_partition_holds_one() {
    on_both(|backend| {
        for path in PATHS {
            let broker = Options::new(backend).set(path).start();
            let mut client = broker.connect();
            client.topics();
            let before = descriptors(broker.pid());
            client.create("t", PARTITIONS, &[]);
            assert_eq!(taken(&broker, before), PARTITIONS as usize, "{path}: made");
            // One record in each: none of them is written often.
            for partition in 0..PARTITIONS {
                client.append("t", partition, &plain(&["x"]));
            }
            eventually("one for each", Duration::from_secs(2), || {
                (taken(&broker, before) == PARTITIONS as usize).then_some(())
            });
            // More, until they are, and are left alone again.
            for _ in 0..4 {
                for partition in 0..PARTITIONS {
                    client.append("t", partition, &plain(&["x"]));
                }
            }
            if path == PATHS[0] {
                assert!(taken(&broker, before) > PARTITIONS as usize, "{path}: busy");
            }
            eventually("one for each again", Duration::from_secs(20), || {
                (taken(&broker, before) == PARTITIONS as usize).then_some(())
            });
            let broker = broker.restart();
            let mut client = broker.connect();
            for partition in 0..PARTITIONS {
                assert_eq!(client.ends("t", partition), (0, 5), "{path}");
            }
        }
    });
}
