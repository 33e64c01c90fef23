//! Tests of the gathering tail: whatever is taken in whatever pieces, the file ends up with the bytes.

use headwater_io::sim::rng::Rng;

use super::*;

fn pool() -> BufferPool {
    BufferPool::new(64 << 20, 64 << 20)
}

/// Writes parts over each other as a disk would and checks what they claim about themselves.
struct Disk {
    bytes: Vec<u8>,
    end: Position,
}

impl Disk {
    fn write(&mut self, part: Part) {
        assert_eq!(part.at.0 % BLOCK as u64, 0);
        assert_eq!(part.from, self.end);
        assert_eq!(part.partial, !part.end.0.is_multiple_of(BLOCK as u64));
        let mut at = part.at.0 as usize;
        for block in &part.blocks {
            assert_eq!(block.len() % BLOCK, 0);
            assert_eq!(block.as_ptr() as usize % BLOCK, 0);
            self.bytes.resize(self.bytes.len().max(at + block.len()), 0xee);
            let acknowledged = (self.end.0 as usize).clamp(at, at + block.len());
            assert_eq!(
                &self.bytes[at..acknowledged],
                &block[..acknowledged - at],
                "changed old bytes"
            );
            self.bytes[at..at + block.len()].copy_from_slice(block);
            at += block.len();
        }
        let fresh = part.fresh.concat();
        assert_eq!(fresh, self.bytes[part.from.0 as usize..part.end.0 as usize]);
        assert!(self.bytes[part.end.0 as usize..at].iter().all(|&b| b == 0), "padding is zeros");
        self.end = part.end;
    }
}

#[test]
fn any_sequence_of_appends_and_takes_yields_the_bytes() {
    for seed in 0..200 {
        let mut rng = Rng::new(seed);
        let pool = pool();
        let mut tail = Tail::new(Position(0), &[], &pool).unwrap();
        let mut disk = Disk { bytes: Vec::new(), end: Position(0) };
        let mut model = Vec::new();
        for _ in 0..40 {
            if rng.chance(60) {
                let most = if rng.chance(10) { 3 << 20 } else { 9000 };
                let len = 1 + rng.below(most) as usize;
                let batch: Vec<u8> = (0..len).map(|n| (n as u64 ^ rng.next_u64()) as u8).collect();
                tail.reserve(len, &pool).unwrap();
                tail.append(&batch);
                model.extend(batch);
            } else if rng.chance(50) && tail.pending_bytes() > 0 {
                disk.write(tail.take_all(&pool).unwrap());
            } else if tail.whole_bytes() > 0 {
                disk.write(tail.take_whole(1 + rng.below(2 << 20) as usize, &pool).unwrap());
            }
            assert_eq!(tail.end().0, model.len() as u64);
            assert_eq!(tail.taken(), disk.end);
        }
        if tail.pending_bytes() > 0 {
            disk.write(tail.take_all(&pool).unwrap());
        }
        assert!(disk.bytes[..model.len()] == model, "seed {seed}");
    }
}

#[test]
fn goes_on_inside_a_block_that_the_file_has() {
    let pool = pool();
    let mut tail = Tail::new(Position(4096 + 3), b"abc", &pool).unwrap();
    assert_eq!((tail.pending_bytes(), tail.whole_bytes()), (0, 0));
    tail.reserve(2, &pool).unwrap();
    tail.append(b"de");
    let part = tail.take_all(&pool).unwrap();
    assert_eq!((part.at, part.from, part.end), (Position(4096), Position(4099), Position(4101)));
    assert_eq!(&part.blocks[0][..6], b"abcde\0");
    assert_eq!(part.fresh.concat(), b"de");
}

#[test]
fn without_memory_nothing_changes() {
    let pool = BufferPool::new(2 * BLOCK, 0);
    let mut tail = Tail::new(Position(0), &[], &pool).unwrap();
    tail.reserve(BLOCK, &pool).unwrap();
    tail.append(&[7; 100]);
    assert_eq!(tail.reserve(3 * BLOCK, &pool), Err(OutOfMemory));
    // The copy of a partial block is found elsewhere: writing is what gives memory back.
    let _hog = pool.take(BLOCK).unwrap();
    assert_eq!(tail.take_all(&pool).unwrap().fresh.concat(), [7; 100]);
}
