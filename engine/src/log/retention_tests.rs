//! Forgetting on a simulated disk: what goes and what stays, and power cuts at any moment of it.

use headwater_io::file::Access;
use headwater_protocol::batch::header;

use super::*;
use crate::log::read::ReadError;
use crate::log::tests::{Bench, open};
use crate::model::Position;

const DIR: &str = "/data/t-0";
/// Long after every record of these tests.
const LATER_MS: i64 = 1_000_000;

fn by_size(bytes_max: u64) -> Retention {
    Retention { deletes: true, bytes_max: Some(bytes_max), ..Retention::default() }
}

fn by_age(age_ms_max: u64) -> Retention {
    Retention { deletes: true, age_ms_max: Some(age_ms_max), ..Retention::default() }
}

impl Bench {
    /// Appends until there are so many segments, and all of it is durable.
    fn fill(&mut self, segments: usize) {
        while self.log.segment_count() < segments {
            self.append().unwrap();
        }
        self.append().unwrap();
        self.settle();
    }

    /// Forgets what it must, to the end.
    fn retain(&mut self, retention: &Retention) {
        for _ in 0..2_000 {
            let visible = self.log.marks().durable().offset;
            let again = self.log.retain(retention, visible, LATER_MS);
            self.turn();
            if !again && !self.log.is_moving_start() && self.log.removes_at().is_none() {
                return;
            }
        }
        panic!("it never forgot: {:?}", self.log.retained);
    }

    fn sizes(&self) -> Vec<(Offset, u64)> {
        self.log.segments.iter().map(|segment| (segment.base, segment.end().0)).collect()
    }

    fn names(&self) -> Vec<String> {
        let entries = self.io.fs().list(Path::new(DIR)).unwrap();
        entries.into_iter().map(|entry| entry.name).collect()
    }

    fn cut(&mut self, epoch: i32) {
        self.world.power_cut();
        self.io = self.world.driver();
        self.log = open(&self.io, epoch, None);
    }

    /// Everything from the start on is what was sent, and nothing before it is there.
    fn check(&mut self) {
        let (start, visible) = (self.log.log_start(), self.log.marks().durable());
        let mut got = self.read_from(start, visible);
        let mut at = 0;
        while at < got.len() {
            header::set_leader_epoch(&mut got[at..], -1);
            at += header::BatchHeader::parse(&got[at..]).unwrap().total_bytes();
        }
        let (mut expected, mut base) = (Vec::new(), 0);
        for (next, bytes) in &self.sent {
            if *next > start && *next <= visible.offset {
                let mut batch = bytes.to_vec();
                header::set_base_offset(&mut batch, base);
                expected.extend(batch);
            }
            base = next.0;
        }
        assert!(got == expected, "from {start} on not what was sent");
        if start.0 > 0 {
            let before = self.log.read(Offset(start.0 - 1), 1, visible);
            assert!(matches!(before, Err(ReadError::OutOfRange)));
        }
    }

    /// No file speaks of what is before the first segment.
    fn check_files(&self) {
        let first = self.log.segments[0].base;
        for name in self.names() {
            let is_stale = directory::belongs_before(&name, first);
            assert!(!is_stale && !name.ends_with(directory::DELETED), "{name} before {first}");
        }
    }
}

#[test]
fn by_size_the_oldest_go_while_the_others_have_enough() {
    for seed in 0..5 {
        println!("seed {seed}");
        let mut bench = Bench::new(seed);
        bench.fill(6);
        let before = bench.sizes();
        let total: u64 = before.iter().map(|(_, bytes)| bytes).sum();
        bench.retain(&by_size(total));
        assert_eq!(bench.sizes(), before, "as large as it may be");
        // Without the second one it would be too small.
        bench.retain(&by_size(total - before[0].1 - before[1].1 + 1));
        assert_eq!(bench.sizes(), before[1..]);
        assert_eq!(bench.log.log_start(), before[1].0);
        bench.check();
        bench.check_files();
        bench.retain(&Retention { deletes: false, ..by_size(0) });
        assert_eq!(bench.sizes(), before[1..], "compacted only");
    }
}

#[test]
fn when_all_of_it_is_old_an_empty_segment_goes_on_and_keeps_the_offset() {
    let mut bench = Bench::new(3);
    bench.fill(3);
    let end = bench.log.marks().appended().offset;
    bench.retain(&by_age(u64::MAX));
    assert_eq!(bench.log.log_start(), Offset(0), "no age is that high");
    bench.retain(&by_age(1000));
    assert_eq!((bench.log.log_start(), bench.sizes()), (end, vec![(end, 0)]));
    bench.retain(&by_age(1000));
    assert_eq!(bench.sizes(), [(end, 0)], "an empty one stays");
    bench.check_files();
    for epoch in 2..4 {
        bench.cut(epoch);
        assert_eq!((bench.log.log_start(), bench.sizes()), (end, vec![(end, 0)]));
    }
    bench.append().unwrap();
    bench.settle();
    assert!(bench.log.marks().durable().offset > end);
    bench.check();
}

#[test]
fn what_consumers_cannot_see_stays() {
    let mut bench = Bench::new(4);
    bench.fill(4);
    let second = bench.sizes()[1].0;
    for _ in 0..50 {
        bench.log.retain(&by_age(0), Offset(second.0 + 1), LATER_MS);
        bench.turn();
    }
    assert_eq!((bench.log.log_start(), bench.log.segment_count()), (second, 3));
}

#[test]
fn files_stay_for_a_while_and_readers_that_have_them_go_on() {
    let mut bench = Bench::new(5);
    bench.fill(3);
    let reader = bench.log.segments[0].reader.clone();
    let file_delay = Duration::from_secs(60);
    let retention = Retention { file_delay, ..by_size(0) };
    let visible = bench.log.marks().durable().offset;
    let deleted = |bench: &Bench| bench.names().iter().filter(|n| n.ends_with(".deleted")).count();
    while deleted(&bench) == 0 {
        bench.log.retain(&retention, visible, LATER_MS);
        bench.turn();
    }
    let since = bench.io.clock().now();
    while deleted(&bench) > 0 {
        bench.log.retain(&retention, visible, LATER_MS);
        bench.turn();
    }
    assert!(bench.io.clock().now() >= since.after(Duration::from_secs(59)));
    let mut bytes = [0; 100];
    assert_eq!(bench.io.fs().read_at(&reader, 0, &mut bytes).unwrap(), 100);
}

#[test]
fn a_power_cut_at_any_moment_leaves_everything_from_a_start_that_never_goes_back() {
    for seed in 0..150 {
        println!("seed {seed}");
        let mut bench = Bench::new(seed);
        let mut known = Offset(0);
        for epoch in 2..7 {
            for _ in 0..bench.rng.below(150) {
                bench.append().unwrap();
                let visible = bench.log.marks().durable().offset;
                match bench.rng.below(60) {
                    0 => drop(bench.log.retain(&by_age(0), visible, LATER_MS)),
                    1..4 => drop(bench.log.retain(&by_size(300 << 10), visible, LATER_MS)),
                    // As a client deletes records.
                    4 => bench.log.start_at(Offset(bench.rng.below(visible.0 as u64 + 1) as i64)),
                    _ => {}
                }
                while bench.rng.chance(50) {
                    bench.turn();
                }
                assert!(bench.log.log_start() >= known);
                known = bench.log.log_start();
            }
            let durable = bench.log.marks().durable().offset;
            bench.world.power_cut();
            bench.io = bench.world.driver();
            while bench.rng.chance(40) {
                let ops = bench.rng.below(60);
                bench.world.disk().silence_after(ops);
                drop(OpenAgain(&bench).open());
                bench.world.power_cut();
                bench.io = bench.world.driver();
            }
            bench.log = open(&bench.io, epoch, None);
            assert_eq!(bench.log.health(), &Health::Serving);
            let (start, end) = (bench.log.log_start(), bench.log.marks().durable().offset);
            assert!(known <= start && start <= end && durable <= end, "{known} {start} {end}");
            known = start;
            bench.sent.retain(|(next, _)| *next <= end);
            bench.check();
            bench.check_files();
        }
    }
}

/// A start that may be cut.
struct OpenAgain<'a>(&'a Bench);

impl OpenAgain<'_> {
    fn open(&self) -> io::Result<Log> {
        let fs = self.0.io.fs();
        let open = crate::log::recovery::OpenLog {
            fs: &fs,
            dir: DIR.into(),
            settings: crate::log::tests::settings(),
            pool: headwater_io::buffer::BufferPool::new(16 << 20, 16 << 20),
            epoch: crate::model::LeaderEpoch(1),
            clean: None,
            journaled: None,
            batch_bytes_max: 51 << 10,
        };
        open.open()
    }
}

/// Segments of a log that was filled and then stopped, by hand.
fn stopped(segments: usize) -> (Bench, Vec<Offset>) {
    let mut bench = Bench::new(9);
    bench.fill(segments);
    let bases = bench.sizes().into_iter().map(|(base, _)| base).collect();
    (bench, bases)
}

#[test]
fn leftovers_of_every_step_are_finished_at_the_start() {
    // Noted, and nothing has gone.
    let (mut bench, bases) = stopped(4);
    start::write(&bench.io.fs(), Path::new(DIR), bases[2]).unwrap();
    bench.cut(2);
    assert_eq!((bench.log.log_start(), bench.log.segment_count()), (bases[2], 2));
    bench.check();
    bench.check_files();
    // Gone in another order than that of their offsets, and one of them renamed only.
    let (mut bench, bases) = stopped(4);
    let (fs, dir) = (bench.io.fs(), Path::new(DIR));
    start::write(&fs, dir, Offset(bases[3].0 + 1)).unwrap();
    fs.remove_file(&directory::segment(dir, bases[1])).unwrap();
    let third = directory::segment(dir, bases[2]);
    fs.rename(&third, &third.with_extension("log.deleted")).unwrap();
    fs.sync_dir(dir).unwrap();
    bench.cut(2);
    assert_eq!(bench.log.health(), &Health::Serving);
    assert_eq!((bench.log.log_start().0, bench.log.segment_count()), (bases[3].0 + 1, 1));
    bench.check();
    bench.check_files();
}

#[test]
fn a_note_that_does_not_check_gives_nothing_up_and_one_behind_the_end_shows_a_loss() {
    let (mut bench, bases) = stopped(3);
    let (fs, note) = (bench.io.fs(), Path::new(DIR).join(directory::START));
    start::write(&fs, Path::new(DIR), bases[1]).unwrap();
    let mut bytes = fs.read(&note).unwrap();
    bytes[6] ^= 1;
    fs.replace(&note, &bytes).unwrap();
    bench.cut(2);
    assert_eq!((bench.log.log_start(), bench.log.segment_count()), (Offset(0), 3));
    // What lies before a start was durable.
    let (mut bench, bases) = stopped(3);
    let fs = bench.io.fs();
    start::write(&fs, Path::new(DIR), Offset(bases[2].0 + 1)).unwrap();
    let last = fs.open(&directory::segment(Path::new(DIR), bases[2]), Access::Write).unwrap();
    fs.set_len(&last, Position(0).0).unwrap();
    fs.sync(&last).unwrap();
    bench.cut(2);
    assert!(matches!(bench.log.health(), Health::Quarantined(_)), "{:?}", bench.log.health());
}
