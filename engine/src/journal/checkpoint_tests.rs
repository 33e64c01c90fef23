//! Tests of checkpoints.

use headwater_io::file::Access;
use headwater_io::sim::World;
use proptest::prelude::*;

use super::*;

fn sample(serial: u64, partitions: i32) -> Checkpoint {
    let point = |index| PartitionPoint {
        key: PartitionKey { topic: TopicId([4; 16]), index },
        segment_base: Offset(100),
        position: Position(4711),
        next_offset: Offset(123),
        log_start: Offset(7),
        epoch: LeaderEpoch(2),
    };
    Checkpoint {
        serial,
        directory: TopicId([1; 16]),
        shard: ShardId(1),
        in_use: true,
        epoch_floor: 3,
        first_needed_seq: 99,
        partitions: (0..partitions).map(point).collect(),
    }
}

#[test]
fn survives_its_file_and_refuses_every_flipped_bit() {
    let checkpoint = sample(5, 3);
    let bytes = encode(&checkpoint);
    assert_eq!(decode(&bytes), Ok(checkpoint.clone()));
    for bit in 0..bytes.len() * 8 {
        let mut bad = bytes.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(decode(&bad), Err(CheckpointFault::Damaged), "bit {bit}");
    }
    for len in 0..bytes.len() {
        assert_eq!(decode(&bytes[..len]), Err(CheckpointFault::Damaged), "cut at {len}");
    }
    let longer = [&bytes[..], &[9; 100]].concat();
    assert_eq!(decode(&longer), Ok(checkpoint), "the rest of an older one");
}

#[test]
fn ten_thousand_partitions_are_half_a_megabyte() {
    let checkpoint = sample(5, 10_000);
    let bytes = encode(&checkpoint);
    assert_eq!(bytes.len(), HEADER_BYTES + 10_000 * PARTITION_BYTES);
    assert_eq!(decode(&bytes), Ok(checkpoint));
}

#[test]
fn the_newest_that_checks_counts() {
    let world = World::new(1);
    let (fs, dir) = (Fs::sim(world.disk().clone()), Path::new("shard-0"));
    fs.create_dir_all(dir).unwrap();
    let write = |serial: u64| {
        let path = path(dir, serial);
        if fs.exists(&path) {
            fs.remove_file(&path).unwrap();
        }
        let file = fs.create_new(&path, Access::Write).unwrap();
        fs.write_all_at(&file, 0, &encode(&sample(serial, 2))).unwrap();
    };
    assert_eq!(newest(&fs, dir).unwrap(), Found::None);
    write(6);
    assert_eq!(newest(&fs, dir).unwrap(), Found::Newest(sample(6, 2)));
    write(7);
    assert_eq!(newest(&fs, dir).unwrap(), Found::Newest(sample(7, 2)));
    write(8);
    assert_eq!(newest(&fs, dir).unwrap(), Found::Newest(sample(8, 2)));
    world.disk().rot(&path(dir, 8), 20, 3);
    assert_eq!(newest(&fs, dir).unwrap(), Found::Newest(sample(7, 2)));
    world.disk().rot(&path(dir, 7), 70, 3);
    assert_eq!(newest(&fs, dir).unwrap(), Found::Damaged);
}

proptest! {
    #[test]
    fn random_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode(&bytes);
        if bytes.len() >= 4 {
            bytes[..4].copy_from_slice(b"HWJC");
            let _ = decode(&bytes);
        }
    }
}
