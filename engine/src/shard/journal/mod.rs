//! The journal of one shard at work: what all its partitions have gathered becomes durable by one write.
//!
//! `commit` makes frames and follows them, `tidy` carries what they protect to the segments and frees
//! their space, `files` holds the blocking verbs. The formats and the ring's state are `crate::journal`.
//!
//! Acknowledgements leave in the order of the commits (I4): a frame that is durable before an earlier
//! one waits for it. A write or sync that fails ends the service of the whole shard: what the device
//! holds is unknown until it is read again, and a second sync that succeeded would prove nothing.

mod commit;
pub mod files;
pub mod linger;
mod measure;
mod points;
mod tidy;
mod write_back;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use headwater_io::buffer::BufferPool;
use headwater_io::clock::Nanos;
use headwater_io::driver::Driver;
use headwater_io::file::File;
use headwater_io::op::{Done, Op};
use slab::Slab;

use super::partition::Partition;
use crate::journal::ring::Ring;
use crate::log::commits::Commits;
use crate::metrics::counters::Journaled;
use crate::model::{LogByte, ShardId, TopicId};
use crate::planted::{self, Bug};
use crate::token::{JournalOp, Owner};
use commit::Flight;
use linger::{Linger, Wait};
use points::Points;
use tidy::Tidy;
pub use tidy::point_of;
use write_back::WriteBacks;

/// How a journal behaves.
#[derive(Clone, Debug)]
pub struct JournalSettings {
    /// Size of each file.
    pub file_bytes: u64,
    /// How many there are.
    pub files: usize,
    /// Frames in flight at once.
    pub depth: usize,
    /// The first waiter of a commit waits so long for company.
    pub linger: Wait,
    /// Frames that nobody waits for are synced after this long.
    pub flush_after: Duration,
}

/// Whose journal it is.
#[derive(Clone, Copy, Debug)]
pub struct JournalIdentity {
    /// The data directory.
    pub directory: TopicId,
    /// The shard.
    pub shard: ShardId,
}

/// See the module.
pub struct Journal {
    dir: PathBuf,
    identity: JournalIdentity,
    settings: JournalSettings,
    ring: Ring,
    /// By their place in the ring; `None` until the file has been prepared.
    files: Vec<Option<File>>,
    /// Frames as units: the file is the segment, the number of the commit counts.
    commits: Commits,
    /// Commits that are not durable yet, in order.
    flights: VecDeque<Flight>,
    /// The commit that an extent, named by slot and unit, belongs to.
    extents: HashMap<(u32, u32), u64>,
    next_seq: u64,
    /// Partitions with bytes in no frame.
    waiting: Vec<u32>,
    gathering_since: Option<Nanos>,
    unsynced_since: Option<Nanos>,
    /// Somebody waits for frames that were written without a sync.
    sync_wanted: bool,
    linger: Linger,
    tidy: Tidy,
    write_backs: WriteBacks,
    /// Bytes of extents in commits behind the newest checkpoint: a start reads them.
    extent_bytes: u64,
    points: Points,
    /// Of the newest checkpoint.
    serial: u64,
    /// Somebody waits for a checkpoint.
    round_wanted: bool,
    /// No frame fits until space is freed.
    full: bool,
    /// Stopping: everything is to be settled and written down.
    closing: bool,
    failed: bool,
    /// What it has done.
    counted: Journaled,
}

/// What the shard must do after a completion.
#[derive(Default)]
pub(super) struct Moved {
    /// Partitions whose marks have moved.
    pub slots: Vec<u32>,
}

impl Journal {
    /// A journal whose first file is prepared and whose checkpoint is written.
    pub fn new(
        dir: PathBuf,
        identity: JournalIdentity,
        settings: JournalSettings,
        begun: files::Begun,
    ) -> Self {
        commit::assert_increments_fit(&begun.ring);
        let mut files = vec![None; settings.files];
        files[0] = Some(begun.file);
        Journal {
            dir,
            identity,
            ring: begun.ring,
            files,
            commits: Commits::new(LogByte(begun.next_seq - 1)),
            flights: VecDeque::new(),
            extents: HashMap::new(),
            next_seq: begun.next_seq,
            waiting: Vec::new(),
            gathering_since: None,
            unsynced_since: None,
            sync_wanted: false,
            linger: Linger::new(settings.linger),
            tidy: Tidy::Idle,
            write_backs: WriteBacks::default(),
            extent_bytes: 0,
            points: Points::default(),
            serial: begun.serial,
            round_wanted: false,
            full: false,
            closing: false,
            failed: false,
            counted: Journaled::default(),
            settings,
        }
    }

    /// A partition has been pumped: does it wait for a frame, or for a sync?
    pub(super) fn look_at(&mut self, slot: u32, partition: &mut Partition, now: Nanos) {
        if partition.log.unframed_bytes() > 0 {
            self.gathering_since.get_or_insert(now);
            self.linger.appended(now);
            if !std::mem::replace(&mut partition.waits_for_frame, true) {
                self.waiting.push(slot);
            }
        } else if partition.log.awaits_durable() {
            self.sync_wanted = true;
        }
    }

    /// Starts everything that is due; the partitions that must be pumped for it.
    pub(super) fn pump(
        &mut self,
        slots: &mut Slab<Partition>,
        pool: &BufferPool,
        io: &mut Driver,
        now: Nanos,
    ) -> Vec<u32> {
        if self.failed {
            return Vec::new();
        }
        self.prepare_file(io);
        while self.is_due(slots, now) && self.commit(slots, pool, io, now) {}
        self.sync_if_due(io, now);
        self.write_points(slots, io);
        let mut begun = self.tidy_up(slots, io);
        begun.extend(self.held_back(slots));
        begun
    }

    /// When it must be pumped although nothing happens.
    pub(super) fn deadline(&self) -> Option<Nanos> {
        if self.failed {
            return None;
        }
        // What cannot begin now waits for a completion: asked for before, it would be asked for for ever.
        let wait = self.linger.wait();
        let lingers = !wait.is_zero() && self.flights.is_empty() && !self.full;
        let linger = self.gathering_since.filter(|_| lingers && !self.waiting.is_empty());
        let linger = linger.map(|since| since.after(wait));
        let flush = self.unsynced_since.filter(|_| !self.commits.syncing());
        let flush = flush.map(|since| since.after(self.settings.flush_after));
        // The last round of a shard whose partitions have nothing to do: no completion would begin it.
        let is_due = (self.is_close_due() || self.round_wanted) && self.tidy.is_idle();
        let close = is_due.then_some(Nanos(0));
        [linger, flush, close].into_iter().flatten().min()
    }

    /// An operation has ended.
    ///
    /// # Errors
    /// The operation's own: the shard must fail.
    pub(super) fn complete(
        &mut self,
        op: JournalOp,
        result: io::Result<Done>,
        slots: &mut Slab<Partition>,
        io: &mut Driver,
        now: Nanos,
    ) -> io::Result<Moved> {
        let retry = planted::is(Bug::RetryFailedSync) && result.is_err();
        match op {
            JournalOp::Frame(_) | JournalOp::Sync(_) if retry => {
                let file = self.files.iter().flatten().next().expect("a file in use").clone();
                io.submit(Op::Sync { file }, Owner::Journal(op).token());
                Ok(Moved::default())
            }
            JournalOp::Frame(serial) => {
                result?;
                Ok(self.frame_done(serial, slots, now))
            }
            JournalOp::Sync(serial) => {
                result?;
                self.commits.complete_sync(serial);
                Ok(self.advance(slots, now))
            }
            JournalOp::Prepare => {
                self.file_prepared(result?)?;
                Ok(Moved::default())
            }
            JournalOp::Checkpoint => self.checkpoint_written(result?, slots),
        }
    }

    /// Takes no further part.
    pub(super) fn fail(&mut self) {
        self.failed = true;
    }

    /// Everything is to be settled, and a last checkpoint written.
    pub(super) fn close(&mut self) {
        self.closing = true;
    }

    /// A checkpoint is to be written soon: what segments can go depends on it.
    pub(super) fn want_round(&mut self) {
        self.round_wanted = true;
    }

    /// Whether nothing is left to do.
    pub(super) fn is_quiet(&self) -> bool {
        let idle = self.flights.is_empty() && self.waiting.is_empty();
        self.failed || (idle && self.tidy.is_idle() && !self.closing)
    }
}
