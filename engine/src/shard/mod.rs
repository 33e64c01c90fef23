//! The partitions that one core owns. Requests come as [`letters::Ask`]s, from this thread or another,
//! and are answered with [`letters::Answer`]s; when is decided by the marks of the log.
//!
//! Must not know frames or connections: who asked is a [`letters::ReplyTo`] and nothing more.

pub mod acks;
mod change;
pub mod compaction;
mod counted;
pub mod journal;
pub mod letters;
mod measure;
pub mod own;
pub mod partition;
pub mod reply;
pub mod retention;
pub mod scrub;
pub mod serve;
mod unseen;
pub mod verification;

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::time::Duration;

use headwater_io::buffer::BufferPool;
use headwater_io::clock::Nanos;
use headwater_io::driver::Driver;
use headwater_io::op::Done;

use crate::log::{Health, Log};
use crate::model::{PartitionKey, ShardId};
use crate::rare::{self, Rare};
use crate::token::{JournalOp, LogOp, SLOTS_MAX};
use compaction::Cleaner;
use journal::{Journal, Moved};
use letters::{Answer, PartitionSettings, Refusal, ReplyTo};
use partition::Partition;
use retention::Keeper;
use scrub::Scrubber;

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
    /// Makes durable what all partitions have gathered, if there is one.
    journal: Option<Journal>,
    /// A write or sync has failed: no partition of this shard acknowledges anything any more.
    failed: bool,
    was_pressed: bool,
    /// Reads sealed segments again.
    scrubber: Scrubber,
    /// Deletes what need not be kept.
    keeper: Keeper,
    /// Compacts.
    cleaner: Cleaner,
}

impl Shard {
    /// A shard without partitions, whose logs take their memory from `pool`.
    pub fn new(
        id: ShardId,
        pool: BufferPool,
        hot_bytes_max: usize,
        journal: Option<Journal>,
    ) -> Self {
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
            journal,
            failed: false,
            was_pressed: false,
            scrubber: Scrubber::default(),
            keeper: Keeper::default(),
            cleaner: Cleaner::default(),
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
        if matches!(log.health(), Health::Quarantined(_)) {
            rare::reached(Rare::Quarantine);
        }
        entry.insert(Partition::new(key, settings, log));
        self.by_key.insert(key, slot);
    }

    /// Lets go of a partition: waiters are told that it does not exist; its log goes when the last
    /// operation in flight has ended.
    pub fn release(&mut self, key: PartitionKey) {
        let Some(slot) = self.by_key.remove(&key) else { return };
        self.slots[slot as usize].release(&mut self.answers);
        self.refuse_looking(slot);
        self.refuse_starts(slot, &Refusal::Unknown);
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
        let succeeded = result.is_ok();
        partition.log.complete(op, result, now);
        if let (Some(journal), LogOp::Write(unit), true) = (&mut self.journal, op, succeeded) {
            let moved = journal.unit_done(slot, unit, &mut self.slots, now);
            self.settle(moved, now);
        }
        let Some(partition) = self.slots.get(slot as usize) else { return };
        if matches!(partition.log.health(), Health::Failed(_)) {
            self.fail("a partition's log", now);
        }
        if op == LogOp::Clean {
            // Also of a partition that is gone: the cleaner goes on elsewhere.
            self.cleaned(slot, now);
        }
        let partition = &mut self.slots[slot as usize];
        if op == LogOp::Look {
            partition.looked();
        }
        if partition.released {
            return self.drop_if_idle(slot);
        }
        partition.settle(now, &mut self.answers);
        self.mark_dirty(slot);
        match op {
            LogOp::Look => self.looked(slot, io),
            LogOp::Start => self.started(slot),
            _ => {}
        }
    }

    /// An operation of the journal has ended.
    pub fn complete_journal(
        &mut self,
        op: JournalOp,
        result: io::Result<Done>,
        now: Nanos,
        io: &mut Driver,
    ) {
        let Some(journal) = &mut self.journal else { return };
        match journal.complete(op, result, &mut self.slots, io, now) {
            Ok(moved) => self.settle(moved, now),
            Err(error) => self.fail(&format!("the journal: {op:?}: {error}"), now),
        }
    }

    /// Marks have moved: whoever waited is answered, and what became durable may go to the segments.
    fn settle(&mut self, moved: Moved, now: Nanos) {
        for slot in moved.slots {
            let Some(partition) = self.slots.get_mut(slot as usize) else { continue };
            if partition.released {
                self.drop_if_idle(slot);
            } else {
                partition.settle(now, &mut self.answers);
                self.mark_dirty(slot);
            }
        }
    }

    /// Ends the service of every partition: one device is behind all of them, and what it holds is
    /// unknown until it is read again.
    fn fail(&mut self, what: &str, now: Nanos) {
        if std::mem::replace(&mut self.failed, true) {
            return;
        }
        rare::reached(Rare::ShardFailed);
        tracing::error!(
            shard = self.id.0,
            what,
            "a write or sync failed: the shard acknowledges nothing any more until a restart reads what the disk holds"
        );
        self.scrubber.stop();
        self.keeper.stop();
        self.cleaner.stop();
        let slots: Vec<u32> = self.slots.iter().map(|(slot, _)| slot as u32).collect();
        slots.into_iter().for_each(|slot| self.refuse_starts(slot, &Refusal::Offline));
        self.journal.iter_mut().for_each(Journal::fail);
        let error = io::Error::other(what.to_owned());
        for (_, partition) in &mut self.slots {
            partition.log.fail("an operation of its shard", &error);
            partition.settle(now, &mut self.answers);
        }
    }

    /// Starts everything that is due. Call once a tick, after all requests and completions.
    pub fn pump(&mut self, io: &mut Driver, now: Nanos) {
        while let Some(&(due, slot)) = self.deadlines.first().filter(|(due, _)| *due <= now) {
            self.deadlines.remove(&(due, slot));
            self.mark_dirty(slot);
        }
        self.retry_starved(now);
        let pressed = self.journal.is_some() && self.pool.usage().in_use_bytes > self.hot_bytes_max;
        if pressed && !std::mem::replace(&mut self.was_pressed, pressed) {
            let slots: Vec<u32> = self.slots.iter().map(|(slot, _)| slot as u32).collect();
            slots.into_iter().for_each(|slot| self.mark_dirty(slot));
        }
        self.was_pressed = pressed;
        for slot in std::mem::take(&mut self.dirty) {
            let Some(partition) = self.slots.get_mut(slot as usize) else { continue };
            partition.dirty = false;
            partition.log.press(pressed);
            if let Some(journal) = &mut self.journal {
                journal.allow_write_backs(partition);
            }
            partition.pump(io, now, &mut self.answers);
            if let Some(journal) = &mut self.journal {
                journal.count_write_backs(slot, partition);
                journal.look_at(slot, partition, now);
            }
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
        if let Some(journal) = &mut self.journal {
            for slot in journal.pump(&mut self.slots, &self.pool, io, now) {
                self.mark_dirty(slot);
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
        let journal = self.journal.as_ref().and_then(Journal::deadline);
        let keeping = [self.scrubber.deadline(), self.keeper.deadline(), self.cleaner.deadline()];
        let due = [first, self.starved_retry, journal].into_iter().chain(keeping);
        due.flatten().min()
    }

    /// Takes the answers that are ready.
    pub fn take_answers(&mut self, into: &mut Vec<(ReplyTo, Answer)>) {
        into.append(&mut self.answers);
    }

    /// Lets every log forget producers that have been idle for so long, see
    /// [`crate::log::producers::Producers::forget_idle`]. Call it every few minutes.
    pub fn forget_idle_producers(&mut self, unix_ms: i64, idle_ms_max: i64) {
        for (_, partition) in &mut self.slots {
            partition.log.forget_idle_producers(unix_ms, idle_ms_max);
        }
    }

    /// Whether appends are waiting for memory or file space: a reason to receive no more.
    pub fn is_pressed(&self) -> bool {
        self.pool.is_short()
    }

    /// Asks every log to make durable what it has; nothing else is begun any more.
    pub fn flush_all(&mut self) {
        self.scrubber.stop();
        self.keeper.stop();
        self.cleaner.stop();
        for (slot, partition) in &mut self.slots {
            let end = partition.log.marks().appended().offset;
            partition.log.want_durable(end);
            partition.log.want_settled();
            if !partition.dirty {
                partition.dirty = true;
                self.dirty.push(slot as u32);
            }
        }
        self.journal.iter_mut().for_each(Journal::close);
    }

    /// Whether no log has anything left to do.
    pub fn is_quiet(&self) -> bool {
        self.journal.as_ref().is_none_or(Journal::is_quiet)
            && self.slots.iter().all(|(_, partition)| partition.is_quiet())
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
