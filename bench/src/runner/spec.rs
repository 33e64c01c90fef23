//! A cell in the words of the load generator.

use std::time::Duration;

use headwater_loadgen::spec::{Acks, RunSpec, StartAt};

use crate::plan::{Cell, Load};
use crate::setting;

/// Bytes of the batches that fill a topic before it is read.
const PREFILL_BATCH_BYTES: usize = 256 << 10;

/// Makes the topic, and fills it with what a reading run will read.
pub fn prepare(cell: &Cell, address: &str, topic: &str) -> RunSpec {
    let spec = base(cell, address, topic).with(|s| s.acks = Acks::All);
    match cell.client.prefill_bytes {
        // One record for each partition: every log is open and its first segment is laid out.
        0 => spec.with(|s| s.records = Some(u64::from(cell.client.partitions))),
        bytes => spec.with(|s| {
            s.records = Some((bytes / cell.client.record_bytes as u64).max(1));
            s.batch_bytes = PREFILL_BATCH_BYTES;
        }),
    }
}

/// The load that is measured.
pub fn measured(cell: &Cell, address: &str, topic: &str) -> RunSpec {
    let client = &cell.client;
    let seconds = Duration::from_secs_f64;
    if client.producers == 0 {
        return base(cell, address, topic).with(|s| {
            s.read_only = true;
            s.producers = 0;
            s.consumers = client.consumers;
            s.from = StartAt::Earliest;
            s.repeat = true;
            s.fetch_bytes = client.fetch_bytes;
            s.duration = Some(seconds(cell.run_s));
        });
    }
    base(cell, address, topic).with(|s| {
        s.consumers = client.consumers;
        s.rate_per_s = match client.load {
            Load::Saturation => None,
            Load::Rate(rate) => Some(rate),
        };
        s.records = Some(client.records_max());
        s.duration = Some(seconds(cell.run_s + cell.warmup_s));
        s.warmup = seconds(cell.warmup_s);
        s.linger = seconds(client.linger_ms / 1e3);
        s.batch_bytes = client.batch_bytes;
        s.batch_records = client.batch_records;
        s.in_flight = client.in_flight;
    })
}

fn base(cell: &Cell, address: &str, topic: &str) -> RunSpec {
    RunSpec::network(address).with(|s| {
        s.topic = topic.to_owned();
        s.partitions = Some(cell.client.partitions);
        s.topic_config = cell.broker.topic_config.clone();
        s.record_bytes = cell.client.record_bytes;
        s.producers = cell.client.producers.max(1);
        s.acks = match cell.setting.acks {
            setting::Acks::None => Acks::None,
            setting::Acks::Leader => Acks::Leader,
            setting::Acks::All => Acks::All,
        };
        s.linger = Duration::ZERO;
        s.client_id = "bench".to_owned();
        // The same payload in every run: what differs must be the setting.
        s.seed = Some(1);
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::cell;

    #[test]
    fn every_cell_makes_sense_to_the_load_generator() {
        let mut reading = cell("r");
        (reading.client.producers, reading.client.consumers) = (0, 1);
        reading.client.prefill_bytes = 1 << 20;
        let mut offered = cell("o");
        offered.client.load = Load::Rate(1000.0);
        offered.warmup_s = 0.1;
        for cell in [cell("s"), reading, offered] {
            for spec in [prepare(&cell, "h:1", "t"), measured(&cell, "h:1", "t")] {
                assert_eq!(headwater_loadgen::spec_rules::check(&spec), Ok(()), "{}", cell.id);
            }
        }
    }

    #[test]
    fn preparing_touches_every_partition_and_no_more() {
        let mut four = cell("four");
        four.client.partitions = 4;
        assert_eq!(prepare(&four, "h:1", "t").records, Some(4));
        assert_eq!(measured(&four, "h:1", "t").records, Some(1 << 20));
    }
}
