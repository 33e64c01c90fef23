//! What goes wrong in one life of the broker, and when.

use std::time::Duration;

use headwater_io::clock::Nanos;
use headwater_io::sim::World;
use headwater_io::sim::disk::{self, Odds};
use headwater_io::sim::rng::Rng;

use crate::faults::Fault;
use crate::plan::{End, Plan};

/// A life lasts up to this.
const LIFE_NS_MAX: u64 = 120_000_000;
/// Room that a full disk still has, at most, in bytes.
const ROOM_BYTES_MAX: u64 = 600 << 10;

#[derive(Clone, Copy, Debug)]
enum Strike {
    Rot,
    Full,
    Room,
    Reset,
    Silence,
    /// After this many operations of the disk nothing of it is heard.
    CutAfter(u64),
}

/// The faults of one life.
pub struct Weather {
    odds: Odds,
    delay_max: Duration,
    strikes: Vec<(Nanos, Strike)>,
    capacity: Option<u64>,
    shreds: bool,
    end: Nanos,
}

impl Weather {
    /// Draws it.
    pub fn draw(plan: &Plan, end: End, now: Nanos, rng: &mut Rng) -> Self {
        let has = |fault| plan.faults.has(fault);
        let longer = plan.transactional.as_ref().map_or(1, |of| of.longer);
        let life_ns = 1_000_000 + rng.below(LIFE_NS_MAX * longer);
        let mut some = |fault: Fault, most: u64| if has(fault) { 1 + rng.below(most) } else { 0 };
        let odds = Odds {
            write_fails: some(Fault::FailingWrites, 10_000),
            sync_fails: some(Fault::FailingSyncs, 10_000),
            no_descriptor: some(Fault::NoDescriptors, 50_000),
            slow: some(Fault::SlowDisk, 100_000),
            write_lost: some(Fault::LostWrites, 10_000),
            write_misdirected: some(Fault::MisdirectedWrites, 10_000),
        };
        let delay_max = Duration::from_nanos(some(Fault::NetworkDelay, 5_000_000));
        let mut strikes = Vec::new();
        let mut add = |fault, strike, most: u64| {
            for _ in 0..if has(fault) { 1 + rng.below(most) } else { 0 } {
                strikes.push((Nanos(now.0 + rng.below(life_ns)), strike));
            }
        };
        add(Fault::BitRot, Strike::Rot, 2);
        add(Fault::FullDisk, Strike::Full, 2);
        add(Fault::FullDisk, Strike::Room, 2);
        add(Fault::Resets, Strike::Reset, 4);
        add(Fault::HalfOpen, Strike::Silence, 2);
        if end == End::Cut && has(Fault::CutAtOperation) {
            add(Fault::CutAtOperation, Strike::CutAfter(0), 1);
        }
        for (_, strike) in &mut strikes {
            if let Strike::CutAfter(ops) = strike {
                *ops = 1 + rng.below(60);
            }
        }
        strikes.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        // The other paths assume that a device keeps sectors whole (DURABILITY.md).
        let shreds = has(Fault::ShreddedSectors) && plan.path == "journal";
        Weather { odds, delay_max, strikes, capacity: None, shreds, end: Nanos(now.0 + life_ns) }
    }

    /// When the life ends.
    pub fn end(&self) -> Nanos {
        self.end
    }

    /// When the next thing happens.
    pub fn next(&self) -> Option<Nanos> {
        Some(self.strikes.last().map_or(self.end, |(at, _)| self.end.min(*at)))
    }

    /// From now on.
    pub fn begin(&self, world: &World, _: &mut Rng) {
        self.set(world);
        world.net().set_delay_max(self.delay_max);
    }

    /// Lets happen what is due.
    pub fn pass(&mut self, now: Nanos, world: &World, rng: &mut Rng) {
        while let Some(&(_, strike)) = self.strikes.last().filter(|(at, _)| *at <= now) {
            self.strikes.pop();
            match strike {
                Strike::Rot => rot(world, rng),
                Strike::Full => {
                    let room = rng.below(ROOM_BYTES_MAX);
                    self.capacity = Some(world.disk().used_bytes() + room);
                    self.set(world);
                }
                Strike::Room => {
                    self.capacity = None;
                    self.set(world);
                }
                Strike::Reset => world.net().reset_one(),
                Strike::Silence => world.net().silence_one(),
                Strike::CutAfter(ops) => world.disk().silence_after(ops),
            }
        }
    }

    /// Nothing goes wrong any more.
    pub fn clear(world: &World) {
        world.disk().set_faults(disk::Faults::default());
        world.net().set_delay_max(Duration::ZERO);
    }

    fn set(&self, world: &World) {
        let (odds, capacity_bytes) = (self.odds, self.capacity);
        let shreds = self.shreds;
        let rest = disk::Faults::default();
        world.disk().set_faults(disk::Faults { odds, capacity_bytes, shreds, ..rest });
    }
}

fn rot(world: &World, rng: &mut Rng) {
    let files = world.disk().record_files();
    let files: Vec<_> = files.into_iter().filter(|(_, len)| *len > 0).collect();
    if files.is_empty() {
        return;
    }
    let (path, len) = rng.pick(&files);
    world.disk().rot(path, rng.below(*len), rng.below(8) as u8);
}
