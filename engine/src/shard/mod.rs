//! The partitions that one core owns. Requests come as [`letters::Ask`]s, from this thread or another,
//! and are answered with [`letters::Answer`]s; when is decided by the marks of the log.
//!
//! Must not know frames or connections: who asked is a [`letters::ReplyTo`] and nothing more.

pub mod acks;
pub mod letters;
pub mod partition;
pub mod reply;
pub mod serve;

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::time::Duration;

use headwater_io::buffer::BufferPool;
use headwater_io::clock::Nanos;
use headwater_io::driver::Driver;
use headwater_io::op::Done;

use crate::log::Log;
use crate::model::{PartitionKey, ShardId};
use crate::token::{LogOp, SLOTS_MAX};
use letters::{Answer, PartitionSettings, ReplyTo};
use partition::Partition;

/// Memory is given back by completions, by sockets, by other threads' sockets: appends that wait for it
/// are simply tried again this often.
const STARVED_RETRY: Duration = Duration::from_millis(1);

/// One core's partitions.
pub struct Shard {
    id: ShardId,
    pool: BufferPool,
    /// Hot bytes are let go of when the pool lends more than this.
    hot_bytes_max: usize,
    slots: slab::Slab<Partition>,
    by_key: HashMap<PartitionKey, u32>,
    /// Partitions to be pumped at the end of this tick.
    dirty: Vec<u32>,
    /// When a partition must be pumped although nothing happens to it.
    deadlines: BTreeSet<(Nanos, u32)>,
    /// Reads that wait until a partition has found a batch in its files.
    looking: Vec<(u32, serve::ReadQuestion)>,
    /// Answers that are ready.
    answers: Vec<(ReplyTo, Answer)>,
    /// Partitions with appends that wait for memory or room, and when they are tried again.
    starved: Vec<u32>,
    starved_retry: Option<Nanos>,
    /// Logs of partitions that are gone, to be closed on an I/O thread.
    dead: Vec<Log>,
    /// Where the search for hot bytes to let go of goes on.
    evict_from: usize,
}

impl Shard {
    /// A shard without partitions, whose logs take their memory from `pool`.
    pub fn new(id: ShardId, pool: BufferPool, hot_bytes_max: usize) -> Self {
        Shard {
            id,
            pool,
            hot_bytes_max,
            slots: slab::Slab::new(),
            by_key: HashMap::new(),
            dirty: Vec::new(),
            deadlines: BTreeSet::new(),
            looking: Vec::new(),
            answers: Vec::new(),
            starved: Vec::new(),
            starved_retry: None,
            dead: Vec::new(),
            evict_from: 0,
        }
    }

    /// Takes over a log; from now on this shard alone touches it.
    pub fn adopt(&mut self, key: PartitionKey, settings: PartitionSettings, mut log: Log) {
        let entry = self.slots.vacant_entry();
        let slot = entry.key() as u32;
        assert!(
            slot < SLOTS_MAX,
            "shard {:?} has {slot} partitions, the most there can be",
            self.id
        );
        log.adopt(slot);
        entry.insert(Partition::new(settings, log));
        self.by_key.insert(key, slot);
    }

    /// Lets go of a partition: waiters are told that it does not exist; its log goes when the last
    /// operation in flight has ended.
    pub fn release(&mut self, key: PartitionKey) {
        let Some(slot) = self.by_key.remove(&key) else { return };
        self.slots[slot as usize].release(&mut self.answers);
        self.refuse_looking(slot);
        self.drop_if_idle(slot);
    }

    /// An operation of a log has ended.
    pub fn complete(
        &mut self,
        slot: u32,
        op: LogOp,
        result: io::Result<Done>,
        now: Nanos,
        io: &mut Driver,
    ) {
        let Some(partition) = self.slots.get_mut(slot as usize) else { return };
        partition.log.complete(op, result, now);
        if op == LogOp::Look {
            partition.looked();
        }
        if partition.released {
            return self.drop_if_idle(slot);
        }
        partition.settle(now, &mut self.answers);
        self.mark_dirty(slot);
        if op == LogOp::Look {
            self.looked(slot, io);
        }
    }

    /// Starts everything that is due. Call once a tick, after all requests and completions.
    pub fn pump(&mut self, io: &mut Driver, now: Nanos) {
        while let Some(&(due, slot)) = self.deadlines.first().filter(|(due, _)| *due <= now) {
            self.deadlines.remove(&(due, slot));
            self.mark_dirty(slot);
        }
        self.retry_starved(now);
        for slot in std::mem::take(&mut self.dirty) {
            let Some(partition) = self.slots.get_mut(slot as usize) else { continue };
            partition.dirty = false;
            partition.pump(io, now, &mut self.answers);
            if partition.is_starved() {
                self.starved.push(slot);
                self.starved_retry.get_or_insert(now.after(STARVED_RETRY));
            }
            let next = partition.log.deadline();
            let scheduled = std::mem::replace(&mut partition.deadline, next);
            if scheduled != next {
                scheduled.map(|at| self.deadlines.remove(&(at, slot)));
                next.map(|at| self.deadlines.insert((at, slot)));
            }
        }
        self.evict();
    }

    /// When [`Shard::pump`] must be called next although nothing happens.
    pub fn deadline(&self) -> Option<Nanos> {
        if !self.dirty.is_empty() {
            return Some(Nanos(0));
        }
        let first = self.deadlines.first().map(|(at, _)| *at);
        [first, self.starved_retry].into_iter().flatten().min()
    }

    /// Takes the answers that are ready.
    pub fn take_answers(&mut self, into: &mut Vec<(ReplyTo, Answer)>) {
        into.append(&mut self.answers);
    }

    /// Whether appends are waiting for memory or file space: a reason to receive no more.
    pub fn is_pressed(&self) -> bool {
        self.pool.is_short()
    }

    /// Asks every log to make durable what it has.
    pub fn flush_all(&mut self) {
        for (slot, partition) in &mut self.slots {
            let end = partition.log.marks().appended().offset;
            partition.log.want_durable(end);
            if !partition.dirty {
                partition.dirty = true;
                self.dirty.push(slot as u32);
            }
        }
    }

    /// Whether no log has anything left to do.
    pub fn is_quiet(&self) -> bool {
        self.slots.iter().all(|(_, partition)| partition.is_quiet())
    }

    /// Hands all logs back, for a clean stop.
    pub fn into_logs(self) -> Vec<Log> {
        self.slots.into_iter().map(|(_, partition)| partition.log).collect()
    }

    fn retry_starved(&mut self, now: Nanos) {
        if self.starved_retry.is_some_and(|at| at <= now) {
            self.starved_retry = None;
            for slot in std::mem::take(&mut self.starved) {
                self.mark_dirty(slot);
            }
        }
    }

    /// Takes the logs of partitions that are gone. Closing the last descriptor of a removed file frees its
    /// blocks, which may take long: not for a shard's thread.
    pub fn take_dead(&mut self) -> Vec<Log> {
        std::mem::take(&mut self.dead)
    }

    fn mark_dirty(&mut self, slot: u32) {
        let partition = self.slots.get_mut(slot as usize);
        if partition.is_some_and(|partition| !std::mem::replace(&mut partition.dirty, true)) {
            self.dirty.push(slot);
        }
    }

    fn drop_if_idle(&mut self, slot: u32) {
        let idle = self.slots.get(slot as usize).is_some_and(|p| p.released && p.log.is_idle());
        if idle {
            let partition = self.slots.remove(slot as usize);
            partition.deadline.map(|at| self.deadlines.remove(&(at, slot)));
            self.dead.push(partition.log);
        }
    }

    /// Lets go of the oldest hot bytes, partition by partition, until enough memory is free.
    fn evict(&mut self) {
        let slots = self.slots.capacity();
        let mut fruitless = 0;
        while self.pool.usage().in_use_bytes > self.hot_bytes_max && fruitless < slots {
            self.evict_from = (self.evict_from + 1) % slots;
            let freed =
                self.slots.get_mut(self.evict_from).map_or(0, |partition| partition.log.evict());
            fruitless = if freed > 0 { 0 } else { fruitless + 1 };
        }
    }
}
