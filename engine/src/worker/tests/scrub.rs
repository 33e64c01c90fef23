//! The scrubber in a whole shard: what it finds, how fast it goes, and what it does not hold up.

use headwater_protocol::messages::delete_topics::{DeleteTopicState, DeleteTopicsRequest};

use headwater_protocol::wire::uuid::Uuid;

use super::*;

const SEGMENT: &str = "/data/t-0/00000000000000000000.log";
const BATCHES: u64 = 40;

/// Small segments, read again at this pace without a pause.
fn config(bytes_per_second: u64) -> BrokerConfig {
    let mut config = BrokerConfig::default();
    config.journal_file_bytes = 1 << 20;
    config.scrub_bytes_per_second = bytes_per_second;
    config.scrub_interval_hours = 0;
    config.topic_defaults.segment_bytes = 300_000;
    config
}

/// A machine whose topic has 40 batches of about 20,000 bytes, most of them in sealed segments, and that
/// was started again: nothing is in memory.
fn filled(seed: u64, bytes_per_second: u64) -> Machine {
    let mut machine = Machine::start_with(World::new(seed), config(bytes_per_second));
    let client = machine.connect();
    machine.call(client, metadata("t"));
    for n in 0..BATCHES {
        assert_eq!(machine.produce(client, &batch(n, 20_000)), (ErrorCode::None, n as i64));
    }
    pass(&mut machine, Duration::from_secs(3));
    let world = machine.world.clone();
    drop(machine);
    world.kill();
    let mut machine = Machine::start_with(world, config(bytes_per_second));
    machine.connect();
    machine
}

fn pass(machine: &mut Machine, time: Duration) {
    let until = machine.world.clock().now().after(time);
    while machine.world.clock().now() < until {
        machine.tick();
    }
}

#[test]
fn sound_segments_are_read_again_and_again() {
    for seed in 0..3 {
        let mut machine = filled(seed, 8 << 20);
        pass(&mut machine, Duration::from_secs(2));
        let done = machine.worker.shard.scrubbed_so_far();
        assert!(done.segments > 4 && done.damages == 0, "seed {seed}: {done:?}");
        assert_eq!(machine.fetch(0, 0).0, ErrorCode::None);
    }
}

/// Fetches of the damaged batch are refused, fetches before it end at it, everything behind it is served.
#[test]
fn rot_is_found_and_costs_what_it_has_hit() {
    for seed in 0..5 {
        let mut machine = filled(seed, 8 << 20);
        let byte = 100_000 + 7919 * seed;
        let hit = (byte / 20_070) as i64;
        machine.world.disk().rot(std::path::Path::new(SEGMENT), byte, (seed % 8) as u8);
        pass(&mut machine, Duration::from_secs(2));
        assert_eq!(machine.worker.shard.scrubbed_so_far().damages, 1, "seed {seed}");
        let (error, _, before) = machine.fetch(0, 0);
        assert_eq!((error, before), (ErrorCode::None, (0..hit).collect::<Vec<i64>>()));
        assert_eq!(machine.fetch(0, hit).0, ErrorCode::CorruptMessage, "seed {seed}");
        let mut offset = hit + 1;
        while offset < BATCHES as i64 {
            let (error, _, found) = machine.fetch(0, offset);
            assert_eq!((error, found.first()), (ErrorCode::None, Some(&offset)), "seed {seed}");
            offset += found.len() as i64;
        }
        let end = BATCHES as i64;
        assert_eq!(machine.produce(0, &batch(BATCHES, 100)), (ErrorCode::None, end));
        // The next start knows it without looking.
        let world = machine.world.clone();
        drop(machine);
        world.kill();
        let mut machine = Machine::start_with(world, config(0));
        machine.connect();
        assert_eq!(machine.fetch(0, hit).0, ErrorCode::CorruptMessage, "seed {seed}");
        assert_eq!(machine.fetch(0, hit + 1).0, ErrorCode::None, "seed {seed}");
    }
}

#[test]
fn it_reads_no_faster_than_it_may() {
    for bytes_per_second in [100_000, 1 << 20] {
        let mut machine = filled(1, bytes_per_second);
        pass(&mut machine, Duration::from_secs(10));
        let read = machine.worker.shard.scrubbed_so_far().bytes;
        let allowed = 10 * bytes_per_second;
        // One piece more than that may have been begun.
        assert!(read <= allowed + (1 << 20), "{read} bytes at {bytes_per_second} a second");
        assert!(read >= allowed / 10 * 8, "{read} bytes at {bytes_per_second} a second");
    }
    let mut machine = filled(1, 0);
    pass(&mut machine, Duration::from_secs(10));
    assert_eq!(machine.worker.shard.scrubbed_so_far().bytes, 0);
}

#[test]
fn a_topic_may_be_deleted_while_it_is_read() {
    for seed in 0..6 {
        let mut machine = filled(seed, 8 << 20);
        pass(&mut machine, Duration::from_micros(2_000 + 30_037 * seed));
        let topic = DeleteTopicState { name: Some("t"), topic_id: Uuid::ZERO };
        let request = DeleteTopicsRequest { topics: vec![topic], timeout_ms: 1000 };
        machine.call(0, encode(ApiKey::DeleteTopics, 6, |w| request.encode(w, 6)));
        // Another one of the same name, in the same slot and folder.
        machine.call(0, metadata("t"));
        assert_eq!(machine.produce(0, &batch(0, 100)), (ErrorCode::None, 0), "seed {seed}");
        pass(&mut machine, Duration::from_secs(6));
        assert_eq!(machine.worker.shard.scrubbed_so_far().damages, 0, "seed {seed}");
        assert_eq!(machine.fetch(0, 0), (ErrorCode::None, 1, vec![0]), "seed {seed}");
    }
}

#[test]
fn a_stop_does_not_wait_for_it() {
    for seed in 0..4 {
        let mut machine = filled(seed, 100_000);
        pass(&mut machine, Duration::from_millis(1 + 97 * seed));
        assert!(machine.mailbox.send(Letter::Stop).is_ok());
        let started = machine.world.clock().now();
        while !machine.worker.is_stopped() {
            machine.tick();
        }
        assert!(machine.world.clock().now().since(started) < Duration::from_millis(100));
    }
}
