//! The cleaner in a whole shard, behind a journal: what is left after power cuts at any moment, how fast it goes, and
//! what it does not hold up.

use std::collections::BTreeMap;

use headwater_protocol::batch::builder::{BatchBuilder, Producer};
use headwater_protocol::batch::compression::Compression;
use headwater_protocol::batch::header;
use headwater_protocol::batch::record::records;
use headwater_protocol::frame::ResponseHeader;
use headwater_protocol::messages::delete_topics::{DeleteTopicState, DeleteTopicsRequest};
use headwater_protocol::messages::fetch::response::FetchResponse;
use headwater_protocol::wire::uuid::Uuid;

use super::*;

const KEYS: u64 = 12;

/// Small segments that are cleaned as soon as may be.
fn config(bytes_per_second: f64) -> BrokerConfig {
    let mut config = BrokerConfig::default();
    config.journal_file_bytes = 1 << 20;
    config.scrub_bytes_per_second = 1 << 30;
    config.scrub_interval_hours = 0;
    config.cleaner_backoff_ms = 20;
    config.cleaner_bytes_per_second = bytes_per_second;
    config.topic_defaults.segment_bytes = 40_000;
    config.topic_defaults.cleanup_delete = false;
    config.topic_defaults.cleanup_compact = true;
    config.topic_defaults.min_cleanable_dirty_ratio = 0.01;
    config.topic_defaults.max_compaction_lag_ms = 200;
    config
}

fn start(world: World, bytes_per_second: f64) -> Machine {
    let mut machine = Machine::start_with(world, config(bytes_per_second));
    let client = machine.connect();
    machine.call(client, metadata("t"));
    machine
}

fn keyed(key: u64, number: u64, bytes: usize) -> Vec<u8> {
    let mut value = number.to_be_bytes().to_vec();
    value.resize(bytes.max(8), number as u8);
    let mut builder = BatchBuilder::new(Compression::ALL[(number % 5) as usize]);
    builder.push(1_700_000_000_000, Some(&key.to_be_bytes()), Some(&value));
    builder.finish(Producer::NONE).to_vec()
}

fn pass(machine: &mut Machine, time: Duration) {
    let until = machine.world.clock().now().after(time);
    while machine.world.clock().now() < until {
        machine.tick();
    }
}

/// The last number of each key, and how many records there are.
fn read(machine: &mut Machine) -> (BTreeMap<u64, u64>, usize) {
    let number = |bytes: &[u8]| u64::from_be_bytes(bytes[..8].try_into().unwrap());
    let (mut table, mut count, mut offset) = (BTreeMap::new(), 0, 0);
    loop {
        let answer = machine.call(0, fetch(offset, 0));
        let (_, mut body) = ResponseHeader::decode(&answer, ApiKey::Fetch, 11).unwrap();
        let response = FetchResponse::decode(&mut body, 11).unwrap();
        let partition = &response.topics[0].partitions[0];
        assert_eq!(partition.error_code, ErrorCode::None, "at offset {offset}");
        let mut scratch = Vec::new();
        for batch in header::batches(partition.records.inline().unwrap()) {
            let Ok(batch) = batch else { break };
            let found = header::check(batch.bytes).unwrap();
            use headwater_protocol::batch::compression::records_of;
            let payload = records_of(&batch, 1 << 24, &mut scratch).unwrap();
            for record in records(payload, found.record_count) {
                let record = record.unwrap();
                table.insert(number(record.key.unwrap()), number(record.value.unwrap()));
                count += 1;
            }
            offset = found.next_offset();
        }
        if offset >= partition.high_watermark {
            return (table, count);
        }
    }
}

#[test]
fn a_power_cut_at_any_moment_leaves_the_last_of_each_key() {
    for seed in 0..4 {
        let (mut rng, mut expected) = (Rng::new(seed), BTreeMap::new());
        let mut machine = start(World::new(seed), f64::MAX);
        let mut cleaned = 0;
        for life in 0..4 {
            for n in 0..20 + rng.below(100) {
                let (key, number) = (rng.below(KEYS), life * 1_000 + n);
                let bytes = 1 + rng.below(6_000) as usize;
                assert_eq!(machine.produce(0, &keyed(key, number, bytes)).0, ErrorCode::None);
                expected.insert(key, number);
                if rng.chance(3) {
                    pass(&mut machine, Duration::from_millis(30));
                }
            }
            assert_eq!(read(&mut machine).0, expected, "seed {seed}, life {life}");
            pass(&mut machine, Duration::from_micros(rng.below(400_000)));
            let done = machine.worker.shard.cleaned_so_far();
            assert_eq!((done.failures, done.uncleanable), (0, 0));
            cleaned += done.tally.cleaned_bytes;
            let world = machine.world.clone();
            drop(machine);
            world.power_cut();
            machine = start(world, f64::MAX);
            assert_eq!(read(&mut machine).0, expected, "seed {seed}, after life {life}");
        }
        assert!(cleaned > 0);
        // One more, so that the last segment is rolled.
        machine.produce(0, &keyed(0, 77_000, 10));
        expected.insert(0, 77_000);
        pass(&mut machine, Duration::from_secs(5));
        assert_eq!(read(&mut machine), (expected.clone(), expected.len()), "seed {seed}");
        assert_eq!(machine.worker.shard.scrubbed_so_far().damages, 0);
    }
}

#[test]
fn it_reads_and_writes_no_faster_than_it_may() {
    for bytes_per_second in [100_000.0, 400_000.0] {
        let mut machine = start(World::new(1), bytes_per_second);
        for n in 0..150 {
            machine.produce(0, &keyed(n, n, 6_000));
        }
        let before = machine.worker.shard.cleaned_so_far().tally.moved_bytes;
        pass(&mut machine, Duration::from_secs(10));
        let moved = machine.worker.shard.cleaned_so_far().tally.moved_bytes - before;
        let allowed = 10.0 * bytes_per_second;
        // One step more than that may have been begun: what it reads and what it writes.
        assert!(moved as f64 <= allowed + f64::from(2 << 20), "{moved} at {bytes_per_second}");
        assert!(moved > 0);
    }
}

#[test]
fn a_topic_may_be_deleted_while_it_is_cleaned() {
    for seed in 0..3 {
        let mut machine = start(World::new(seed), f64::MAX);
        for n in 0..60 {
            machine.produce(0, &keyed(n % KEYS, n, 6_000));
        }
        pass(&mut machine, Duration::from_micros(900_000 + 20_011 * seed));
        let topic = DeleteTopicState { name: Some("t"), topic_id: Uuid::ZERO };
        let request = DeleteTopicsRequest { topics: vec![topic], timeout_ms: 1000 };
        machine.call(0, encode(ApiKey::DeleteTopics, 6, |w| request.encode(w, 6)));
        machine.call(0, metadata("t"));
        assert_eq!(machine.produce(0, &keyed(1, 1, 100)), (ErrorCode::None, 0), "seed {seed}");
        pass(&mut machine, Duration::from_secs(3));
        assert_eq!(read(&mut machine), (BTreeMap::from([(1, 1)]), 1), "seed {seed}");
        // And the cleaner goes on with what came after.
        machine.produce(0, &keyed(1, 2, 100));
        pass(&mut machine, Duration::from_secs(3));
        assert_eq!(read(&mut machine), (BTreeMap::from([(1, 2)]), 1), "seed {seed}");
    }
}

#[test]
fn a_stop_waits_for_the_step_at_hand_only() {
    for seed in 0..3 {
        let mut machine = start(World::new(seed), 50_000.0);
        for n in 0..60 {
            machine.produce(0, &keyed(n % KEYS, n, 6_000));
        }
        pass(&mut machine, Duration::from_micros(1_200_000 + 10_007 * seed));
        let begun = machine.world.clock().now();
        machine.mailbox.send(Letter::Stop).ok();
        while !machine.worker.has_stopped() {
            machine.tick();
        }
        let took = machine.world.clock().now().since(begun);
        assert!(took < Duration::from_secs(1), "{took:?}");
    }
}
