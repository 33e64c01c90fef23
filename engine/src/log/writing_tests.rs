//! Tests of the descriptor that a segment is written through, on a simulated disk.

use std::time::Duration;

use headwater_io::clock::Nanos;
use headwater_io::sim::disk::Faults;

use super::flow::FULL_RETRY;
use super::segments::NextSegment;
use super::tests::{Bench, open};
use super::writing::IDLE;
use super::{Health, Log};
use crate::token::Owner;

impl Bench {
    /// A tick that ends by then.
    pub(super) fn turn_until(&mut self, end: Nanos) {
        let now = self.io.clock().now();
        self.log.pump(&mut self.io, now);
        let mut out = Vec::new();
        let until = self.log.deadline().unwrap_or(now.after(Duration::from_millis(1)));
        self.io.wait(&mut out, until.max(now.after(Duration::from_micros(1))).min(end));
        for completion in out {
            let Owner::Log(0, op) = Owner::of(completion.token) else { panic!("not a log's") };
            self.log.complete(op, completion.result, self.io.clock().now());
        }
    }

    /// An append, durable.
    fn write(&mut self) {
        self.append().unwrap();
        self.settle();
    }

    /// Lets time pass in which nobody appends.
    fn rest(&mut self, time: Duration) {
        let until = self.io.clock().now().after(time);
        while self.io.clock().now() < until {
            self.turn_until(until);
        }
    }

    fn refuse_descriptors(&self, no_descriptors: bool) {
        self.world.disk().set_faults(Faults { no_descriptors, ..Faults::default() });
    }
}

impl Log {
    /// Descriptors that it holds for writing.
    fn open_for_writing(&self) -> usize {
        let segments = self.segments.iter().filter_map(|segment| segment.writing());
        segments.chain(self.next.writing()).filter(|writing| writing.is_open()).count()
    }
}

#[test]
fn a_log_holds_nothing_for_writing_until_it_is_written_often() {
    let mut bench = Bench::new(1);
    assert_eq!(bench.log.open_for_writing(), 0, "a log that was just made");
    bench.write();
    assert_eq!(bench.log.open_for_writing(), 0, "after one write");
    for _ in 0..5 {
        bench.rest(IDLE);
        bench.write();
        assert_eq!(bench.log.open_for_writing(), 0, "with idle times between writes");
    }
    bench.write();
    assert_eq!(bench.log.open_for_writing(), 1, "two writes in a row");
    bench.assert_holds(bench.log.marks().durable().offset);
}

#[test]
fn an_idle_log_closes_what_it_wrote_through_and_wakes_nobody_any_more() {
    let mut bench = Bench::new(2);
    // Far enough for the next segment to be ready, which has a descriptor as well.
    while !matches!(bench.log.next, NextSegment::Ready(..)) {
        bench.write();
    }
    assert_eq!(bench.log.open_for_writing(), 2);
    bench.rest(IDLE * 2);
    assert_eq!(bench.log.open_for_writing(), 0);
    assert_eq!(bench.log.deadline(), None);
    // And into that segment, which has no name yet.
    for _ in 0..40 {
        bench.write();
    }
    assert!(bench.log.segment_count() > 1);
    assert_eq!(bench.log.health(), &Health::Serving);
    let end = bench.log.marks().durable().offset;
    bench.log = open(&bench.io, 2, None);
    bench.assert_holds(end);
}

#[test]
fn a_busy_log_keeps_its_descriptor() {
    let mut bench = Bench::new(3);
    bench.write();
    bench.write();
    for _ in 0..20 {
        bench.rest(IDLE - Duration::from_millis(50));
        bench.write();
        assert_eq!(bench.log.open_for_writing(), 1);
    }
}

/// The bytes wait, in the order in which they came, and nothing is acknowledged before its time.
#[test]
fn without_a_descriptor_writes_wait_until_there_is_one() {
    for seed in 0..20 {
        println!("seed {seed}");
        let mut bench = Bench::new(seed);
        for _ in 0..seed % 3 {
            bench.write();
        }
        bench.rest(IDLE * 2);
        let durable = bench.log.marks().durable();
        // There is room for these: only the write must open a file.
        bench.append().unwrap();
        bench.refuse_descriptors(true);
        bench.log.want_durable(bench.log.marks().appended().offset);
        bench.rest(FULL_RETRY * 3);
        assert!(bench.log.is_delayed());
        assert_eq!(bench.log.marks().durable(), durable);
        assert_ne!(bench.log.deadline(), None);
        bench.refuse_descriptors(false);
        bench.rest(FULL_RETRY);
        bench.write();
        assert_eq!(bench.log.health(), &Health::Serving);
        bench.assert_holds(bench.log.marks().appended().offset);
    }
}

/// As with a full disk.
#[test]
fn without_a_descriptor_to_make_room_with_appends_are_refused_for_a_while() {
    let mut bench = Bench::new(5);
    bench.refuse_descriptors(true);
    bench.append().unwrap_err();
    assert!(matches!(bench.log.health(), Health::Full { .. }));
    bench.refuse_descriptors(false);
    bench.rest(FULL_RETRY * 2);
    bench.write();
    assert_eq!(bench.log.health(), &Health::Serving);
}

/// The power goes at every moment of work with idle times in it, and descriptors that are missing.
#[test]
fn what_was_acknowledged_through_a_file_opened_late_survives_power_cuts() {
    for seed in 0..60 {
        println!("seed {seed}");
        let mut bench = Bench::new(1000 + seed);
        for _ in 0..bench.rng.below(20) {
            let is_refused = bench.append().is_err();
            bench.log.want_durable(bench.log.marks().appended().offset);
            bench.refuse_descriptors(false);
            if is_refused {
                bench.rest(FULL_RETRY * 2);
            } else if bench.rng.chance(30) {
                bench.rest(IDLE * 2);
                let refuse = bench.rng.chance(30);
                bench.refuse_descriptors(refuse);
            }
            bench.turn();
        }
        let durable = bench.log.marks().durable();
        bench.refuse_descriptors(false);
        bench.world.power_cut();
        bench.io = bench.world.driver();
        bench.log = open(&bench.io, 2, None);
        let end = bench.log.marks().durable().offset;
        bench.sent.retain(|(next, _)| *next <= end);
        bench.assert_holds(durable.offset);
    }
}
