//! A whole shard on a simulated machine: sockets, disk and clock from one seed. What a real process can
//! only be tried for happens here at will: the same run twice, power cuts at any moment, disks that fail.

mod compaction;
mod machine;
mod scrub;
mod stop;

use std::time::Duration;

use headwater_io::sim::World;
use headwater_io::sim::disk::Faults;
use headwater_io::sim::rng::Rng;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;

use super::mail::Letter;
use crate::config::broker::BrokerConfig;
use machine::*;

#[test]
fn records_go_in_and_come_out() {
    for seed in 0..20 {
        let mut machine = with_topic(seed);
        for n in 0..10 {
            let batch = batch(n, 100 + 3000 * n as usize);
            assert_eq!(machine.produce(0, &batch), (ErrorCode::None, n as i64));
        }
        let all = (0..10).collect::<Vec<i64>>();
        assert_eq!(machine.fetch(0, 0), (ErrorCode::None, 10, all), "seed {seed}");
        // One waits for the next, another one brings it.
        let consumer = machine.connect();
        machine.send(consumer, fetch(10, 60_000));
        assert_eq!(machine.produce(0, &batch(10, 10)), (ErrorCode::None, 10));
        assert_eq!(fetched(&machine.answer(consumer)), (ErrorCode::None, 11, vec![10]));
    }
}

/// Everything that clients see, and when.
fn transcript(seed: u64) -> (Vec<u8>, u64) {
    let mut machine = with_topic(seed);
    let mut rng = Rng::new(seed);
    let mut seen = Vec::new();
    let clients: Vec<usize> = (0..4).map(|_| machine.connect()).collect();
    for n in 0..60 {
        let client = clients[rng.below(4) as usize];
        let request = match rng.below(3) {
            0 => fetch(rng.below(20) as i64, rng.below(50) as i32),
            1 => produce(&batch(n, rng.below(5000) as usize), 1),
            _ => produce(&batch(n, rng.below(200_000) as usize), -1),
        };
        machine.send(client, request);
        if rng.chance(60) {
            seen.extend_from_slice(&machine.answer(client));
            seen.extend_from_slice(&machine.world.clock().now().0.to_be_bytes());
        }
    }
    for _ in 0..20_000 {
        machine.tick();
    }
    machine.clients.iter().for_each(|client| seen.extend_from_slice(&client.received));
    (seen, machine.world.disk().ops())
}

/// A failure can only be repeated if everything is decided by the seed.
#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in 0..5 {
        assert!(transcript(seed) == transcript(seed), "seed {seed}");
    }
    assert!(transcript(1) != transcript(2));
}

/// Whatever the disk keeps of a power cut, what was acknowledged is in it, and in its place.
#[test]
fn a_power_cut_loses_nothing_that_was_acknowledged() {
    for seed in 0..40 {
        let mut machine = with_topic(seed);
        let mut rng = Rng::new(seed + 1000);
        let producer = machine.connect();
        let (mut acknowledged, mut sent) = (0, 0);
        for n in 0..20 + rng.below(3000) {
            if n % 40 == 0 {
                machine.send(producer, produce(&batch(sent, rng.below(20_000) as usize), -1));
                sent += 1;
            }
            machine.tick();
            while let Some(answer) = whole_frame(&mut machine.clients[producer].received) {
                assert_eq!(produced(&answer), (ErrorCode::None, acknowledged), "seed {seed}");
                acknowledged += 1;
            }
        }
        let world = machine.world.clone();
        drop(machine);
        world.power_cut();
        let mut machine = Machine::start(world);
        let client = machine.connect();
        let (error, end, _) = machine.fetch(client, 0);
        assert_eq!(error, ErrorCode::None, "seed {seed}");
        let there = acknowledged..=sent as i64;
        assert!(there.contains(&end), "seed {seed}: {acknowledged} acknowledged, {end} there");
        let mut offset = 0;
        while offset < end {
            for found in machine.fetch(client, offset).2 {
                assert_eq!(found, offset, "seed {seed}");
                offset += 1;
            }
        }
        assert_eq!(machine.produce(client, &batch(0, 10)), (ErrorCode::None, end), "seed {seed}");
    }
}

/// A client that asks for more and more and takes nothing: its answers stay bounded, and with them what
/// is received from it; another one is served as before.
#[test]
fn who_does_not_read_is_not_served_for_ever() {
    let mut machine = with_topic(3);
    for n in 0..20 {
        machine.produce(0, &batch(n, 400_000));
    }
    let deaf = machine.connect();
    machine.clients[deaf].reads = false;
    for _ in 0..200 {
        machine.send(deaf, fetch(0, 0));
    }
    for _ in 0..20_000 {
        machine.tick();
    }
    let limits = machine.worker.limits;
    let unsent = machine.worker.unsent_bytes as usize;
    // As much as one connection may have waiting, and the answer that went beyond it.
    assert!(unsent <= limits.outgoing_bytes + (4 << 20), "{unsent} bytes wait");
    let held = machine.worker.held_bytes;
    assert!(held < 64 * 200, "{held} bytes of requests");
    let started = machine.world.clock().now();
    assert_eq!(machine.produce(0, &batch(20, 100)), (ErrorCode::None, 20));
    assert_eq!(machine.fetch(0, 20), (ErrorCode::None, 21, vec![20]));
    let took = machine.world.clock().now().since(started);
    assert!(took < Duration::from_millis(20), "{took:?}");
    // When it has gone nothing of it is left.
    machine.clients[deaf].socket.shutdown();
    for _ in 0..1000 {
        machine.tick();
    }
    let left = (machine.worker.unsent_bytes, machine.worker.promised_bytes);
    assert_eq!((left, machine.worker.held_bytes), ((0, 0), 0));
    assert_eq!(machine.worker.connections.len(), 1);
}

/// After a write or sync that failed nobody can tell what the disk holds: nothing more is acknowledged or
/// served until it was read again.
#[test]
fn a_failing_disk_ends_service_until_a_restart() {
    for (seed, faults) in [
        Faults { fail_write_in: Some(1), ..Faults::default() },
        Faults { fail_sync_in: Some(1), ..Faults::default() },
    ]
    .into_iter()
    .enumerate()
    {
        let mut machine = with_topic(seed as u64);
        assert_eq!(machine.produce(0, &batch(0, 100)), (ErrorCode::None, 0));
        machine.world.disk().set_faults(faults);
        for n in 1..3 {
            assert_eq!(machine.produce(0, &batch(n, 100)).0, ErrorCode::KafkaStorageError);
        }
        assert_eq!(machine.fetch(0, 0).0, ErrorCode::KafkaStorageError);
        let world = machine.world.clone();
        drop(machine);
        world.power_cut();
        let mut machine = Machine::start(world);
        let client = machine.connect();
        let (error, end, batches) = machine.fetch(client, 0);
        assert_eq!((error, batches[0]), (ErrorCode::None, 0));
        assert_eq!(machine.produce(client, &batch(9, 100)), (ErrorCode::None, end));
    }
}

#[test]
fn a_full_disk_refuses_and_recovers() {
    for seed in 0..10 {
        let mut machine = with_topic(seed);
        // The journal has its room from the start.
        let full = Faults { capacity_bytes: Some((4 + 3) << 20), ..Faults::default() };
        machine.world.disk().set_faults(full);
        let mut end = 0;
        while machine.produce(0, &batch(end as u64, 50_000)) == (ErrorCode::None, end) {
            end += 1;
            assert!(end < 100, "seed {seed}");
        }
        assert!(end > 40, "seed {seed}: full after {end} batches of 50,000 bytes on 3 MiB");
        assert_eq!(machine.produce(0, &batch(0, 50_000)).0, ErrorCode::KafkaStorageError);
        assert_eq!(machine.fetch(0, 0).1, end);
        machine.world.disk().set_faults(Faults::default());
        let later = machine.world.clock().now().after(Duration::from_secs(1));
        while machine.world.clock().now() < later {
            machine.tick();
        }
        assert_eq!(machine.produce(0, &batch(end as u64, 50_000)), (ErrorCode::None, end));
    }
}
