//! Tests of the ring of files.

use headwater_io::sim::rng::Rng;

use super::*;

const B: u64 = HEADER_BYTES;

fn prepare(ring: &mut Ring) -> Option<(usize, u32)> {
    let wanted = ring.wants_prepared()?;
    ring.preparing(wanted.0);
    ring.prepared(wanted.0);
    Some(wanted)
}

#[test]
fn goes_round_with_a_new_epoch_for_each_use() {
    let mut ring = Ring::new(2, 3 * B, 10);
    assert_eq!((ring.capacity_bytes(), ring.oldest_live_epoch()), (4 * B, 10));
    assert_eq!(ring.place(B, 1), None, "no file has its header");
    assert_eq!(prepare(&mut ring), Some((0, 10)));
    assert_eq!(prepare(&mut ring), None, "one ahead is enough");
    assert_eq!(ring.place(B, 1), Some(Place { file: 0, at: B, epoch: 10 }));
    assert_eq!(prepare(&mut ring), Some((1, 11)));
    assert_eq!(ring.place(2 * B, 2), Some(Place { file: 1, at: B, epoch: 11 }), "does not fit");
    assert_eq!((ring.live_bytes(), ring.oldest_live_epoch()), (4 * B, 10));
    assert_eq!(prepare(&mut ring), None, "no file is free");
    assert_eq!(ring.place(B, 3), None);
    ring.retire(2);
    assert_eq!((ring.live_bytes(), ring.oldest_live_epoch()), (2 * B, 11));
    assert_eq!(ring.place(B, 3), None, "free, and without its header");
    assert_eq!(prepare(&mut ring), Some((0, 12)));
    assert_eq!(ring.place(B, 3), Some(Place { file: 0, at: B, epoch: 12 }));
}

#[test]
fn a_header_on_its_way_is_no_room() {
    let mut ring = Ring::new(2, 2 * B, 1);
    ring.preparing(0);
    assert_eq!((ring.wants_prepared(), ring.place(B, 1)), (None, None));
    ring.prepared(0);
    assert!(ring.place(B, 1).is_some());
}

#[test]
fn the_current_file_is_never_freed_and_counts_no_longer_when_all_in_it_is_retired() {
    let mut ring = Ring::new(2, 4 * B, 1);
    prepare(&mut ring);
    ring.place(B, 1).unwrap();
    ring.place(B, 2).unwrap();
    ring.retire(2);
    assert_eq!(ring.live_bytes(), 2 * B, "commit 2 is needed");
    ring.retire(3);
    assert_eq!(ring.live_bytes(), 0);
    assert_eq!(ring.place(B, 3), Some(Place { file: 0, at: 3 * B, epoch: 1 }));
    assert_eq!(ring.live_bytes(), B);
}

#[test]
#[should_panic(expected = "commit 1 after 1")]
fn commits_out_of_order_are_our_mistake() {
    let mut ring = Ring::new(2, 4 * B, 1);
    prepare(&mut ring);
    ring.place(B, 1).unwrap();
    ring.place(B, 1);
}

/// A frame as the test remembers it.
struct Placed {
    place: Place,
    bytes: u64,
    seq: u64,
}

/// Random use, checked against a list of all frames: no needed frame is ever overwritten, and frames of
/// one epoch fill their file from its start without gaps.
#[test]
fn random_use_never_overwrites_a_needed_frame() {
    for seed in 0..200 {
        let mut rng = Rng::new(seed);
        let files = 2 + rng.below(4) as usize;
        let blocks = 2 + rng.below(12);
        let mut ring = Ring::new(files, blocks * B, 1);
        let mut frames: Vec<Placed> = Vec::new();
        let (mut seq, mut needed, mut preparing) = (0, 1, None);
        for _ in 0..400 {
            match rng.below(10) {
                0..5 => {
                    let bytes = B * (1 + rng.below(blocks - 1));
                    let before = format!("{ring:?}");
                    let Some(place) = ring.place(bytes, seq + 1) else {
                        assert_eq!(format!("{ring:?}"), before, "seed {seed}");
                        continue;
                    };
                    seq += 1;
                    check(&frames, needed, &place, bytes, blocks * B, seed);
                    frames.push(Placed { place, bytes, seq });
                }
                5..8 => match preparing.take() {
                    Some(file) => ring.prepared(file),
                    None => {
                        if let Some((file, epoch)) = ring.wants_prepared() {
                            // The header overwrites a block; stale frames behind it stop counting.
                            assert!(frames.iter().all(|f| f.place.epoch < epoch));
                            assert!(frames.iter().all(|f| f.seq < needed || f.place.file != file));
                            ring.preparing(file);
                            preparing = Some(file);
                        }
                    }
                },
                _ => {
                    needed += rng.below(seq + 2 - needed);
                    ring.retire(needed);
                }
            }
            let live = frames.iter().filter(|f| f.seq >= needed);
            let live_bytes: u64 = live.clone().map(|f| f.bytes).sum();
            assert!(live_bytes <= ring.live_bytes(), "seed {seed}");
            assert!(ring.live_bytes() <= ring.capacity_bytes(), "seed {seed}");
            let oldest = live.map(|f| f.place.epoch).min().unwrap_or(u32::MAX);
            assert!(ring.oldest_live_epoch() <= oldest, "seed {seed}");
        }
    }
}

fn check(frames: &[Placed], needed: u64, new: &Place, bytes: u64, file_bytes: u64, seed: u64) {
    assert!(new.at >= B && new.at + bytes <= file_bytes, "seed {seed}");
    let same_file = frames.iter().filter(|f| f.place.file == new.file);
    for frame in same_file.filter(|f| f.seq >= needed) {
        assert_eq!(frame.place.epoch, new.epoch, "seed {seed}: commit {} is needed", frame.seq);
        assert!(frame.place.at + frame.bytes <= new.at, "seed {seed}: overlap");
    }
    let same_epoch = frames.iter().filter(|f| f.place.epoch == new.epoch);
    let filled: u64 = same_epoch.map(|f| f.bytes).sum();
    assert_eq!(new.at, B + filled, "seed {seed}");
}
