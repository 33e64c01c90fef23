//! One partition's log: append, read, flush, and what is known about how safe each byte is.
//!
//! The log is driven, it does not drive: its shard calls [`Log::append`], then [`Log::pump`] once a tick
//! to start whatever is due, and [`Log::complete`] with what came back. What a successful append means
//! is told by the watermarks alone: nothing is promised before a mark has passed it.
//!
//! Must not know sockets, requests, other partitions, or who waits for what.

pub mod aborted;
pub mod append;
pub mod commits;
pub mod compaction;
mod damaged;
pub mod directory;
pub mod epochs;
pub mod flow;
pub mod folder;
pub mod hot;
pub mod journaled;
pub mod look;
pub mod noted;
pub mod point;
mod pointed;
pub mod producers;
pub mod read;
pub mod record_set;
pub mod recovery;
pub mod retention;
pub mod roll;
pub mod scrub;
pub mod segments;
pub mod start;
pub mod watermarks;
mod writing;

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use headwater_io::buffer::BufferPool;
use headwater_io::clock::Nanos;
use headwater_io::driver::Driver;
use headwater_io::file::Fs;
use headwater_io::op::Op;

use crate::model::{LeaderEpoch, LogByte, Offset};
use crate::planted::{self, Bug};
use crate::token::{LogOp, Owner};
use commits::Commits;
use compaction::Compaction;
use damaged::Damaged;
use folder::Folder;
use hot::Hot;
use pointed::Pointed;
use producers::Producers;
use retention::Retained;
use segments::{NextSegment, RoomJob, Segment};
use watermarks::Watermarks;
use writing::Delayed;

/// How one log behaves; from the topic's and the broker's settings.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// A segment is rolled when the next batch would make it larger, in bytes.
    pub segment_bytes: u64,
    /// A segment is rolled when its first batch is this old.
    pub segment_age_max: Duration,
    /// Bytes between two entries of the index.
    pub index_interval_bytes: u32,
    /// Past the page cache (`O_DIRECT`), or through it.
    pub direct: bool,
    /// Allocate and zero a whole segment before it is used.
    pub preallocate: bool,
    /// The largest single write, in bytes.
    pub unit_bytes: usize,
    /// Writes in flight at once.
    pub depth: usize,
    /// Bytes that are handed to the device and not yet durable: no more than this, so that recovery can
    /// tell a torn end from damage. A quarter of it makes a sync due.
    pub unhardened_bytes_max: u64,
    /// Written data that nobody waits for is made durable after this long.
    pub flush_after: Duration,
    /// The first waiter of a commit waits this long for company.
    pub linger: Duration,
    /// The shard keeps a journal: the marks follow it.
    pub journaled: bool,
}

/// Whether the log takes part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It does.
    Serving,
    /// The disk is full, or no descriptor is left: reads are served, appends refused, and room is asked
    /// for again at this time.
    Full {
        /// When to ask again.
        retry_at: Nanos,
    },
    /// A write or sync failed. What the device holds is unknown until it is read again after a restart;
    /// a second sync that succeeded would prove nothing, so none is tried.
    Failed(Arc<str>),
    /// Recovery found acknowledged data damaged. Nothing is served and nothing is changed.
    Quarantined(Arc<str>),
}

/// The log of one partition.
pub struct Log {
    slot: u32,
    folder: Folder,
    settings: LogSettings,
    pool: BufferPool,
    epoch: LeaderEpoch,
    /// Oldest first; the last one is appended to.
    segments: VecDeque<Segment>,
    next_serial: u32,
    next: NextSegment,
    /// An append needs a new segment, and none is ready.
    roll_wanted: bool,
    /// A segment was begun under its temporary name.
    name_wanted: bool,
    room_job: Option<RoomJob>,
    /// Size of an append that found no room; allocation makes room for it.
    room_wanted: usize,
    /// The disk had no room for the next segment, which was not needed yet: not again before this.
    prepare_at: Option<Nanos>,
    /// The disk had no room for what seals a segment: not again before this.
    seal_at: Option<Nanos>,
    marks: Watermarks,
    commits: Commits,
    /// Writes to files that were not open.
    delayed: Delayed,
    hot: Hot,
    producers: Producers,
    /// Somebody waits for everything before this byte to be durable.
    durable_wanted: LogByte,
    /// When the oldest gathered byte was appended, for the commit linger.
    gathering_since: Option<Nanos>,
    /// When the oldest written and unsynced unit was written.
    unsynced_since: Option<Nanos>,
    /// Where reads ended lately: the next ones start there.
    cursors: VecDeque<read::Cursor>,
    /// The last look into a file found nothing.
    look_failed: bool,
    /// What the scrubber has found damaged.
    damaged: Damaged,
    log_start: Offset,
    /// What is given up before it.
    retained: Retained,
    /// What is known of its cleaning.
    compaction: Compaction,
    /// Operations that will still complete.
    outstanding: usize,
    health: Health,
    /// What the shard's journal must know, if it has one.
    journaled: Option<journaled::Journaled>,
    /// What it knows of its recovery point.
    pointed: Pointed,
    /// Memory is short: what can be carried to the segments is.
    pressed: bool,
}

impl Log {
    /// The marks: appended, written, durable.
    pub fn marks(&self) -> &Watermarks {
        &self.marks
    }

    /// The first offset that can be read.
    pub fn log_start(&self) -> Offset {
        self.log_start
    }

    /// The epoch under which this process appends.
    pub fn epoch(&self) -> LeaderEpoch {
        self.epoch
    }

    /// Whether the log takes part.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// The settings in force.
    pub fn settings(&self) -> &LogSettings {
        &self.settings
    }

    /// The settings have changed. What was begun under the old ones is finished under them.
    pub fn change(&mut self, settings: LogSettings) {
        self.settings = settings;
    }

    /// The folder the log lives in.
    pub fn dir(&self) -> &Path {
        self.folder.path()
    }

    /// That folder, as it is shared with who may take it away.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Memory that the hot tail holds, in bytes.
    pub fn hot_bytes(&self) -> usize {
        self.hot.held_bytes()
    }

    /// Size of all segments, in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.end().0).sum()
    }

    /// The highest timestamp in the log, -1 when it is empty.
    pub fn max_timestamp_ms(&self) -> i64 {
        self.segments.iter().map(|segment| segment.index.max_timestamp_ms()).max().unwrap_or(-1)
    }

    /// What it knows of its producers.
    pub fn producers(&self) -> &Producers {
        &self.producers
    }

    /// Forgets producers that have been idle for so long.
    pub fn forget_idle_producers(&mut self, unix_ms: i64, idle_ms_max: i64) {
        self.producers.forget_idle(unix_ms, idle_ms_max);
    }

    /// Tells the log under which slot its shard will submit and complete its operations.
    pub fn adopt(&mut self, slot: u32) {
        self.slot = slot;
        if planted::is(Bug::ForgetProducers) {
            self.producers = Producers::default();
        }
    }

    /// Lets go of the oldest hot piece that the segments have; the bytes freed.
    pub fn evict(&mut self) -> usize {
        match self.is_journaled() {
            true => self.hot.evict(self.commits.written_to()),
            false => self.hot.evict(self.marks.written().byte),
        }
    }

    /// Says whether memory is short.
    pub fn press(&mut self, pressed: bool) {
        self.pressed = pressed;
    }

    /// Where the log ends on disk once everything is written: for the record of a clean stop.
    pub fn clean_end(&self) -> Option<recovery::CleanEnd> {
        let active = self.segments.back().filter(|_| self.health == Health::Serving)?;
        let in_segments =
            !self.is_journaled() || self.commits.durable_to() == self.marks.appended().byte;
        (in_segments && self.marks.durable() == self.marks.appended()).then(|| recovery::CleanEnd {
            segment_base: active.base,
            position: active.end(),
            next_offset: self.marks.appended().offset,
        })
    }

    /// Whether no operation is in flight, so that nothing will complete any more.
    pub fn is_idle(&self) -> bool {
        self.outstanding == 0 && !self.has_frames()
    }

    fn submit(&mut self, io: &mut Driver, op: Op, name: LogOp) {
        self.outstanding += 1;
        io.submit(op, Owner::Log(self.slot, name).token());
    }

    /// Work on an I/O thread in the log's folder, which stays where it is meanwhile.
    fn job_within<R: Send + 'static>(
        &self,
        act: impl FnOnce(&Fs, &Path) -> io::Result<R> + Send + 'static,
    ) -> Op {
        let folder = self.folder.clone();
        Op::Job(Box::new(move |fs| Box::new(folder.within(|dir| act(fs, dir)))))
    }

    fn active(&mut self) -> &mut Segment {
        self.segments.back_mut().expect("a log has a segment")
    }

    fn segment_by_serial(&mut self, serial: u32) -> Option<&mut Segment> {
        self.segments.iter_mut().find(|segment| segment.serial == serial)
    }

    /// Ends the log's service for good; the first reason stays. The log of a deleted topic that has not
    /// heard of it yet has nothing to fail at: its shard lets go of it soon.
    pub fn fail(&mut self, what: &str, error: &io::Error) {
        if matches!(self.health, Health::Failed(_)) || self.folder.is_gone() {
            return;
        }
        let reason = format!("{what} failed: {error}");
        tracing::error!(log = %self.dir().display(), reason, "log fails: no more acknowledgements until a restart re-reads it");
        self.health = Health::Failed(reason.into());
    }
}

#[cfg(test)]
mod deletion_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod writing_tests;
