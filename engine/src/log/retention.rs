//! What a log forgets: records before its start, and whole old segments.
//!
//! 1. *Expired*: the oldest segments are too old, or the log without them is still large enough; only what
//!    consumers can see goes. When that is all of it, the active segment is rolled first, so that there is
//!    one left to say at which offset the log goes on.
//! 2. *Noted*: where the log will start is written down ([`super::start`]); only then it starts there. The
//!    deletion of records by a client begins here, and may end inside a segment.
//! 3. *Forgotten*: segments that end before the start leave memory, and their files get another name. Not
//!    before the journal is done with them: what a start would put back must have a place to go to.
//! 4. *Removed*: after `file.delete.delay.ms` the files are unlinked. Readers that have them open go on.
//!
//! A stop anywhere in between leaves files that the next start removes. Producers are not forgotten with
//! their records, as in Kafka: a retry is still recognised.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use headwater_io::clock::Nanos;
use headwater_io::driver::Driver;
use headwater_io::file::Fs;
use headwater_io::op::Op;

use super::segments::Segment;
use super::{Health, Log, directory, start};
use crate::config::topic::TopicConfig;
use crate::model::Offset;
use crate::token::LogOp;

/// What a topic wants to keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Whether old records are deleted at all.
    pub deletes: bool,
    /// A segment goes when its newest record is older.
    pub age_ms_max: Option<u64>,
    /// The oldest segments go while the others have as much.
    pub bytes_max: Option<u64>,
    /// Files that are given up stay on the disk so long.
    pub file_delay: Duration,
}

impl Retention {
    /// Of a topic with these settings.
    pub fn of(config: &TopicConfig) -> Self {
        Retention {
            deletes: config.cleanup_delete,
            age_ms_max: config.retention_ms,
            bytes_max: config.retention_bytes,
            file_delay: Duration::from_millis(config.file_delete_delay_ms),
        }
    }
}

/// How far a log is with what it forgets.
#[derive(Debug)]
pub(super) struct Retained {
    /// Where it is to start.
    wanted: Offset,
    /// A note of that is on its way.
    noting: Option<Offset>,
    /// The segment in which a start would begin to put back what the journal has: it and later ones stay.
    floor: Offset,
    /// The same as of a checkpoint that is being written.
    next_floor: Offset,
    file_delay: Duration,
    /// Files with another name, in the order in which they are to go.
    leaving: VecDeque<Leaving>,
    /// They are being renamed, or removed.
    is_busy: bool,
}

#[derive(Debug)]
struct Leaving {
    at: Nanos,
    files: Vec<PathBuf>,
}

/// The files that were renamed; empty when they were removed.
type Moved = io::Result<Vec<PathBuf>>;

impl Retained {
    /// Of a log that starts at `log_start`. With a journal the segments from `floor` on are needed.
    pub fn new(log_start: Offset, floor: Option<Offset>) -> Self {
        let floor = floor.unwrap_or(Offset(i64::MAX));
        Retained {
            wanted: log_start,
            noting: None,
            floor,
            next_floor: floor,
            file_delay: Duration::ZERO,
            leaving: VecDeque::new(),
            is_busy: false,
        }
    }

    /// Segments from here on may be needed by a start: what the journal has is put back into them.
    pub fn floor(&self) -> Offset {
        self.floor
    }

    /// Whether files are being renamed or removed.
    pub fn is_busy(&self) -> bool {
        self.is_busy
    }
}

impl Log {
    /// Gives up what need not be kept of the records before `visible`; whether there is more to do soon.
    pub fn retain(&mut self, retention: &Retention, visible: Offset, unix_ms: i64) -> bool {
        if !matches!(self.health, Health::Serving | Health::Full { .. }) {
            return false;
        }
        self.retained.file_delay = retention.file_delay;
        let expired = if retention.deletes { self.expired(retention, visible, unix_ms) } else { 0 };
        if expired == self.segments.len() && !self.roll() {
            return true;
        }
        self.start_at(self.segments[expired].base);
        self.has_forgettable()
    }

    /// How many of the oldest segments, as in Kafka: by size, and of the others by time.
    fn expired(&self, retention: &Retention, visible: Offset, unix_ms: i64) -> usize {
        let mut excess = retention.bytes_max.map_or(0, |max| self.size_bytes().saturating_sub(max));
        let mut by_size = 0;
        for segment in self.visible_segments(visible) {
            match excess.checked_sub(segment.end().0) {
                Some(rest) => excess = rest,
                None => break,
            }
            by_size += 1;
        }
        let is_old = |segment: &&Segment| {
            let newest_ms = segment.index.max_timestamp_ms();
            let is_empty = segment.end().0 == 0;
            // Records without a time never become old.
            retention.age_ms_max.is_some_and(|max| {
                let age_ms = unix_ms.saturating_sub(newest_ms);
                is_empty || (newest_ms >= 0 && age_ms > i64::try_from(max).unwrap_or(i64::MAX))
            })
        };
        by_size + self.visible_segments(visible).skip(by_size).take_while(is_old).count()
    }

    /// Segments of which consumers can see all, and that have something in them.
    fn visible_segments(&self, visible: Offset) -> impl Iterator<Item = &Segment> {
        let visible = visible.min(self.marks.durable().offset);
        let is_visible =
            move |segment: &&Segment| !segment.is_fresh() && segment.index.next_offset() <= visible;
        self.segments.iter().take_while(is_visible)
    }

    /// The log is to start here, if it does not start later; see [`Log::log_start`].
    pub fn start_at(&mut self, offset: Offset) {
        self.retained.wanted = self.retained.wanted.max(offset);
        self.want_durable(offset);
    }

    /// Whether it will start at `offset`, or later.
    pub fn will_start_at(&self, offset: Offset) -> bool {
        self.retained.wanted >= offset
    }

    /// Whether something of that is on its way.
    pub(super) fn is_moving_start(&self) -> bool {
        self.retained.noting.is_some() || self.retained.is_busy
    }

    /// Whether old segments wait for a checkpoint that lets them go.
    pub fn awaits_checkpoint(&self) -> bool {
        let floor = self.retained.floor;
        let waits = |segment: &Segment| segment.is_sealed() && segment.base >= floor;
        self.segments.iter().take(self.before_start()).any(waits)
    }

    /// A checkpoint is being written with [`Log::settled`] in it.
    pub fn checkpoint_begun(&mut self) {
        self.retained.next_floor = self.settled().0;
    }

    /// That checkpoint is durable.
    pub fn checkpoint_done(&mut self) {
        if self.is_journaled() {
            self.retained.floor = self.retained.floor.max(self.retained.next_floor);
        }
    }

    /// Segments that have nothing behind the start.
    fn before_start(&self) -> usize {
        let next = self.segments.iter().skip(1);
        next.take_while(|next| next.base <= self.log_start).count()
    }

    fn has_forgettable(&self) -> bool {
        self.retained.wanted > self.log_start || self.before_start() > 0
    }

    /// How many of these can go now. What producers sent must be known without them.
    fn forgettable(&self) -> usize {
        let floor = self.retained.floor;
        let can_go = |segment: &&Segment| segment.is_sealed() && segment.base < floor;
        match self.segments.iter().all(|segment| segment.named) {
            true => {
                let n = self.segments.iter().take(self.before_start()).take_while(can_go).count();
                (1..=n).rev().find(|&n| self.segments[n].has_snapshot).unwrap_or(0)
            }
            false => 0,
        }
    }

    /// Starts what is due of all that.
    pub(super) fn step_retention(&mut self, io: &mut Driver, now: Nanos) {
        self.note_start(io);
        if self.retained.is_busy || self.compaction.is_swapping() {
            return;
        }
        let job = match self.removes_at().is_some_and(|at| now >= at) {
            true => self.remove_aside(),
            false if self.forgettable() > 0 => self.forget_segments(),
            false => return,
        };
        self.retained.is_busy = true;
        self.submit(io, job, LogOp::Forget);
    }

    fn forget_segments(&mut self) -> Op {
        // Closed by the job: a descriptor may be slow to close.
        let gone: Vec<Segment> = self.segments.drain(..self.forgettable()).collect();
        let first = self.segments[0].base;
        tracing::info!(log = %self.dir().display(), segments = gone.len(), log_start = %self.log_start, "old segments are deleted");
        self.job_within(move |fs, dir| {
            drop(gone);
            set_aside(fs, dir, first)
        })
    }

    fn remove_aside(&mut self) -> Op {
        let files = self.retained.leaving.pop_front().expect("just seen").files;
        self.job_within(move |fs, _| remove(fs, &files))
    }

    fn note_start(&mut self, io: &mut Driver) {
        let to = self.retained.wanted;
        let is_due = to > self.log_start && to <= self.marks.durable().offset;
        if !is_due || self.retained.noting.is_some() {
            return;
        }
        self.retained.noting = Some(to);
        let job = self.job_within(move |fs, dir| start::write(fs, dir, to));
        self.submit(io, job, LogOp::Start);
    }

    pub(super) fn start_noted(&mut self, result: io::Result<()>) {
        let to = self.retained.noting.take().expect("on its way");
        match result {
            Ok(()) => self.log_start = to,
            Err(error) => {
                tracing::warn!(log = %self.dir().display(), offset = %to, %error, "where the log starts could not be written down: nothing is deleted");
                self.retained.wanted = self.log_start;
            }
        }
    }

    pub(super) fn forgotten(&mut self, result: Moved, now: Nanos) {
        self.retained.is_busy = false;
        match result {
            Ok(files) if files.is_empty() => {}
            Ok(files) => {
                let at = now.after(self.retained.file_delay);
                self.retained.leaving.push_back(Leaving { at, files });
            }
            // The whole folder is on its way out.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                tracing::warn!(log = %self.dir().display(), %error, "files of old segments could not be removed: the next start tries again");
            }
        }
    }

    /// When files are to be removed.
    pub(super) fn removes_at(&self) -> Option<Nanos> {
        let leaving = self.retained.leaving.front().filter(|_| !self.retained.is_busy)?;
        Some(leaving.at)
    }
}

/// Gives other names to all files that belong to segments before `first`.
fn set_aside(fs: &Fs, dir: &Path, first: Offset) -> Moved {
    let mut files = Vec::new();
    for entry in fs.list(dir)? {
        if directory::belongs_before(&entry.name, first) {
            let aside = dir.join(entry.name.clone() + directory::DELETED);
            fs.rename(&dir.join(&entry.name), &aside)?;
            files.push(aside);
        }
    }
    Ok(files)
}

fn remove(fs: &Fs, files: &[PathBuf]) -> Moved {
    files.iter().try_for_each(|file| fs.remove_file(file)).map(|()| Vec::new())
}

#[cfg(test)]
#[path = "retention_tests.rs"]
mod tests;
