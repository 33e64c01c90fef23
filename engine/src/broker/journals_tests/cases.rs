//! The tests themselves: what is done to the machine of this folder, and what must hold.

use super::*;

#[test]
fn a_power_cut_at_any_moment_loses_nothing_acknowledged() {
    let more = std::env::var("HEADWATER_SEEDS").ok().and_then(|n| n.parse().ok());
    for seed in 0..more.unwrap_or(120) {
        println!("seed {seed}");
        let partitions = 1 + (seed as usize % 7);
        let mut machine = Machine::new(seed, partitions);
        for _ in 0..3 {
            for _ in 0..machine.rng.below(100) {
                machine.append();
                while machine.rng.chance(60) {
                    machine.turn();
                }
            }
            machine.cut();
        }
    }
}

#[test]
fn a_power_cut_while_old_segments_go_leaves_everything_from_the_start_on() {
    let more = std::env::var("HEADWATER_SEEDS").ok().and_then(|n| n.parse().ok());
    let mut forgotten = 0;
    for seed in 2000..2000 + more.unwrap_or(100) {
        println!("seed {seed}");
        let mut machine = Machine::new(seed, 1 + (seed as usize % 4));
        for _ in 0..4 {
            let bytes = *machine.rng.pick(&[0, 0, 300 << 10, 1 << 20]);
            machine.keep_bytes(bytes);
            for _ in 0..machine.rng.below(100) {
                machine.append();
                if machine.rng.chance(5) {
                    machine.delete_records();
                }
                while machine.rng.chance(60) {
                    machine.turn();
                }
            }
            machine.cut();
        }
        forgotten += machine.models.iter().filter(|model| model.start > Offset(0)).count();
    }
    assert!(forgotten > 100, "only {forgotten} logs that start later");
}

/// The last segment of a log that nobody writes to any more waits for a checkpoint, which is written for it.
#[test]
fn a_log_at_rest_forgets_all_of_it_and_its_files_go() {
    for seed in 0..10 {
        println!("seed {seed}");
        let mut machine = Machine::new(seed, 3);
        for _ in 0..60 {
            machine.append();
            machine.turn();
        }
        machine.keep_bytes(0);
        let is_empty = |machine: &Machine, index: usize| {
            let dir = directory::partition(Path::new(DATA), "t", index as i32);
            let names = machine.io.fs().list(&dir).unwrap();
            let logs = names.iter().filter(|entry| directory::parse_segment(&entry.name).is_some());
            let deleted = names.iter().any(|entry| entry.name.ends_with(directory::DELETED));
            logs.count() == 1 && !deleted && names.iter().any(|e| e.name == directory::START)
        };
        for _ in 0..5_000 {
            machine.turn();
        }
        for index in 0..3 {
            assert!(is_empty(&machine, index), "partition {index}");
            assert_eq!(machine.start_of(index).0, machine.models[index].sent.len() as i64);
        }
        machine.cut();
    }
}

/// What a log that leads had when something was appended to another one is there whenever that is.
#[test]
fn a_power_cut_never_leaves_what_follows_without_what_leads() {
    let more = std::env::var("HEADWATER_SEEDS").ok().and_then(|n| n.parse().ok());
    let mut unacknowledged = 0;
    for seed in 4000..4000 + more.unwrap_or(120) {
        println!("seed {seed}");
        let mut machine = Machine::new(seed, 2 + (seed as usize % 4));
        for _ in 0..3 {
            machine.shard.lead(key(0));
            // The end of each append to another log, and how far the one that leads had come.
            let mut followed = vec![Vec::new(); machine.models.len()];
            for _ in 0..machine.rng.below(100) {
                let call = machine.ask(Ask::Marks(key(0)));
                machine.take_answers();
                let led = machine.marks.remove(&call).expect("marks").appended.offset;
                let before: Vec<usize> = machine.models.iter().map(|of| of.sent.len()).collect();
                machine.append();
                for (index, ends) in followed.iter_mut().enumerate() {
                    if machine.models[index].sent.len() > before[index] {
                        ends.push((machine.models[index].sent.len(), led));
                    }
                }
                while machine.rng.chance(60) {
                    machine.turn();
                }
            }
            let acknowledged = machine.models[0].acknowledged;
            machine.cut();
            let left = machine.models[0].sent.len() as i64;
            unacknowledged += left - acknowledged.0;
            for (index, ends) in followed.iter().enumerate().skip(1) {
                let kept = machine.models[index].sent.len();
                for (end, led) in ends.iter().filter(|(end, _)| *end <= kept) {
                    assert!(led.0 <= left, "partition {index} has {end}, and only {left} led it");
                }
            }
        }
    }
    assert!(unacknowledged > 100, "only {unacknowledged} records that nobody waited for");
}

#[test]
fn torn_and_stale_recovery_points_change_nothing() {
    let mut points_used = 0;
    for seed in 1000..1080 {
        println!("seed {seed}");
        let mut machine = Machine::new(seed, 1 + (seed as usize % 3));
        machine.tamper = Tamper::Points;
        for _ in 0..4 {
            for _ in 0..machine.rng.below(60) {
                machine.append();
                while machine.rng.chance(60) {
                    machine.turn();
                }
            }
            machine.cut();
        }
        points_used += machine.points_used;
    }
    assert!(points_used > 20, "only {points_used} starts of logs from a point");
}

/// Extents are always on their way, and what was carried to the segments without a sync gets one all the same.
#[test]
fn a_round_ends_under_an_unbroken_load_of_large_batches() {
    for seed in 0..8 {
        let mut machine = Machine::new(seed, 1 + (seed as usize % 2));
        let (mut serial, mut since, mut most) = (machine.checkpoint_serial(), 0, 0);
        for _ in 0..1500 {
            while machine.calls.len() < 6 {
                let bytes = *machine.rng.pick(&[300, 250_000, 250_000]);
                machine.append_up_to(bytes);
                since += bytes / 2;
            }
            machine.turn();
            let newest = machine.checkpoint_serial();
            if newest > serial {
                (serial, since) = (newest, 0);
            }
            most = since.max(most);
        }
        println!("seed {seed}: {serial} checkpoints, at most {most} bytes between two");
        assert!(serial > 20 && most < 8 << 20, "seed {seed}: {serial}, {most}");
    }
}

#[test]
fn everything_comes_to_rest_and_is_read_from_the_segments() {
    for seed in 0..20 {
        println!("seed {seed}");
        let mut machine = Machine::new(seed, 5);
        for _ in 0..150 {
            machine.append();
            machine.turn();
        }
        machine.settle();
        assert!(machine.calls.is_empty(), "unanswered");
        machine.check_contents();
        machine.world.power_cut();
        machine.io = machine.world.driver();
        machine.shard = open(&machine.io, 5, 2).unwrap();
        for index in 0..5 {
            let kept = machine.read_all(index).len();
            assert_eq!(kept, machine.models[index].sent.len(), "partition {index}");
        }
    }
}
