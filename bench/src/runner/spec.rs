//! A cell in the words of the load generator.

use std::time::Duration;

use headwater_loadgen::spec::{Acks, RunSpec, StartAt, Target};

use crate::plan::{Cell, Load};
use crate::setting;

/// Bytes of the batches that fill a topic before it is read.
const PREFILL_BATCH_BYTES: usize = 256 << 10;

/// Makes the topic, and fills it with what a reading run will read.
pub fn prepare(cell: &Cell, target: &Target, topic: &str) -> RunSpec {
    let spec = base(cell, target, topic).with(|s| s.acks = Acks::All);
    match cell.client.prefill_bytes {
        // One record for each partition: every log is open and its first segment is laid out.
        0 => spec.with(|s| {
            s.records = Some(u64::from(cell.client.partitions));
            s.round = true;
        }),
        bytes => spec.with(|s| {
            s.records = Some((bytes / cell.client.record_bytes as u64).max(1));
            s.batch_bytes = PREFILL_BATCH_BYTES;
        }),
    }
}

/// The load that is measured.
pub fn measured(cell: &Cell, target: &Target, topic: &str) -> RunSpec {
    let client = &cell.client;
    let seconds = Duration::from_secs_f64;
    if client.producers == 0 {
        return base(cell, target, topic).with(|s| {
            s.read_only = true;
            s.producers = 0;
            s.consumers = client.consumers;
            s.from = StartAt::Earliest;
            s.repeat = true;
            s.fetch_bytes = client.fetch_bytes;
            s.duration = Some(seconds(cell.run_s));
        });
    }
    base(cell, target, topic).with(|s| {
        s.consumers = client.consumers;
        s.rate_per_s = match client.load {
            Load::Rate(rate) => Some(rate),
            Load::Saturation => None,
            Load::Half => unreachable!("the runner makes it a rate"),
        };
        s.records = Some(client.records_max());
        s.duration = Some(seconds(cell.run_s + cell.warmup_s));
        s.warmup = seconds(cell.warmup_s);
        s.linger = seconds(client.linger_ms / 1e3);
        s.batch_bytes = client.batch_bytes;
        s.batch_records = client.batch_records;
        s.round = client.round;
        s.idempotent = client.idempotent;
        s.commit_interval = client.commit_ms.map(|ms| seconds(ms / 1e3));
        s.transactional_id = topic.to_owned();
        s.in_flight = client.in_flight;
    })
}

/// Everything that a broker is to hold before it is killed, however long that takes.
pub fn fill(cell: &Cell, target: &Target, topic: &str) -> RunSpec {
    measured(cell, target, topic).with(|s| (s.duration, s.warmup) = (None, Duration::ZERO))
}

/// Small requests without end, to be under way when the broker is killed. The generator does not wait
/// for it to come back.
pub fn until_killed(cell: &Cell, target: &Target, topic: &str) -> RunSpec {
    let patience = Duration::from_secs(1);
    base(cell, target, topic).with(|s| {
        s.batch_records = Some(15);
        s.duration = Some(Duration::from_secs(60));
        (s.request_timeout, s.delivery_timeout) = (patience, patience);
    })
}

/// One durable record: the proof that a broker serves.
pub fn one_record(cell: &Cell, target: &Target, topic: &str) -> RunSpec {
    base(cell, target, topic).with(|s| (s.acks, s.records) = (Acks::All, Some(1)))
}

fn base(cell: &Cell, target: &Target, topic: &str) -> RunSpec {
    RunSpec::default().with(|s| {
        s.target = target.clone();
        if matches!(target, Target::Embedded(_)) {
            s.engine_settings = engine_settings(cell);
        }
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

/// What a broker is told on its command line, told to the library.
fn engine_settings(cell: &Cell) -> Vec<(String, String)> {
    let durability = cell.setting.broker_settings();
    let all = durability.iter().chain(&cell.broker.set).filter_map(|text| text.split_once('='));
    let mut settings: Vec<(String, String)> =
        all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    settings.extend(cell.broker.shards.map(|shards| ("shards".to_owned(), shards.to_string())));
    settings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::cell;

    fn there() -> Target {
        Target::Network("h:1".into())
    }

    #[test]
    fn every_cell_makes_sense_to_the_load_generator() {
        let mut reading = cell("r");
        (reading.client.producers, reading.client.consumers) = (0, 1);
        reading.client.prefill_bytes = 1 << 20;
        let mut offered = cell("o");
        offered.client.load = Load::Rate(1000.0);
        offered.warmup_s = 0.1;
        let mut round = cell("round");
        round.client.round = true;
        let good = |spec: RunSpec, id: &str| {
            assert_eq!(headwater_loadgen::spec_rules::check(&spec), Ok(()), "{id}");
        };
        for cell in [cell("s"), reading, offered, round] {
            good(prepare(&cell, &there(), "t"), &cell.id);
            good(measured(&cell, &there(), "t"), &cell.id);
        }
        let killed = cell("killed");
        for spec in [fill, until_killed, one_record] {
            good(spec(&killed, &there(), "t"), "killed");
        }
    }

    #[test]
    fn preparing_touches_every_partition_and_no_more() {
        let mut four = cell("four");
        four.client.partitions = 4;
        assert_eq!(prepare(&four, &there(), "t").records, Some(4));
        assert_eq!(measured(&four, &there(), "t").records, Some(1 << 20));
    }

    #[test]
    fn the_library_is_set_as_a_broker_would_be() {
        let mut cell = cell("a");
        cell.broker.shards = Some(1);
        cell.broker.set = vec!["spin.us=0".into()];
        let spec = measured(&cell, &Target::Embedded("d".into()), "t");
        let settings: Vec<String> =
            spec.engine_settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let expected = ["durability.path=direct", "durability=durable", "spin.us=0", "shards=1"];
        assert_eq!(settings, expected);
    }
}
