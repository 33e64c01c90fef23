//! Compaction: of each key only the last record stays. Kafka's log cleaner, on our log.
//!
//! ```text
//!   due?  ->  map keys of the dirty part  ->  for each group of segments: rewrite, swap  ->  note how far
//!   plan      run (a step at a time)          rewrite, filter                 swap           note
//! ```
//!
//! | module | what it does |
//! | --- | --- |
//! | `plan` | what could be cleaned, and whether it is worth it |
//! | `run` | one cleaning, in steps on I/O threads |
//! | `rewrite` | a group of segments that becomes one |
//! | `way` | batches in log order, checked |
//! | `key_map` | key to its last offset, in bounded memory |
//! | `filter` | what becomes of one batch |
//! | `transactions` | what is void, and which markers may go |
//! | `swap` | files change places, and a stop at any moment leaves a whole log |
//! | `note` | how far the log is clean, and how far it may have gaps |
//!
//! **Gaps.** What is cleaned has offsets missing between batches and between segments, and everywhere else that is
//! damage. A cleaned segment says so in its index, and where the segment behind it begins; so the chain of segments is
//! as tight as before. For a segment whose index is lost the note of the log says whether gaps are possible there.
//!
//! Decides nothing about when: that is the shard's. A log that looks damaged to the cleaner is given up by it until the
//! next start: what is damaged is not made worse, and who looks after it finds every byte.

pub mod filter;
pub mod key_map;
pub mod note;
pub mod plan;
mod rewrite;
pub mod run;
pub mod swap;
pub mod transactions;
mod way;

use std::io;
use std::path::Path;

use headwater_io::clock::Nanos;
use headwater_io::driver::Driver;
use headwater_io::file::Fs;

use super::segments::{Segment, SegmentState};
use super::{Health, Log};
use crate::model::{LogByte, Offset};
use crate::token::LogOp;
use note::Note;
use plan::{Cleanable, Policy};
use rewrite::{Group, Swapped};
use run::{Next, Plan, Run, Tally};
use way::Source;

/// What a log knows of its cleaning.
pub(super) struct Compaction {
    note: Note,
    work: Work,
    /// What the last step has come to, until the shard takes it.
    worked: Option<Worked>,
    given_up: bool,
    /// Segments that were replaced, to be closed by the next job: that may be slow.
    old: Vec<Segment>,
}

enum Work {
    /// Nothing is being cleaned.
    None,
    /// A run rests between two steps.
    Resting(Box<Run>),
    /// It is on an I/O thread.
    Stepping,
    /// What it has made is being swapped in there.
    Swapping,
    /// It is done, and that is being noted.
    Noting(Note),
}

/// What a step has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worked {
    /// What it has done.
    pub tally: Tally,
    /// What is to be thought of the run.
    pub end: Option<Ended>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The log is as clean as it could be.
    Done,
    /// It could not be finished, and is tried again.
    Failed,
}

/// What a job brings back.
pub(super) enum Stepped {
    Step(Box<Run>),
    Swap(Box<Run>, Box<Swapped>, Note),
    /// A swap has stopped half-way.
    Torn(io::Error),
    Noted,
    Discarded,
}

/// Whether a step could be begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It was.
    Yes,
    /// Something is in its way that will pass.
    NotYet,
    /// The run was given up.
    No,
}

impl Compaction {
    /// Of a log with this note that ends at `end`.
    pub fn new(note: Note, end: Offset) -> Self {
        // A repair may have shortened it.
        let note = Note { gaps_below: note.gaps_below.min(end), ..note };
        Compaction { note, work: Work::None, worked: None, given_up: false, old: Vec::new() }
    }

    /// How far the log is clean.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// Whether the cleaner has given the log up until the next start.
    pub fn is_given_up(&self) -> bool {
        self.given_up
    }

    /// Whether files are to change places next, or do.
    pub fn is_about_to_swap(&self) -> bool {
        match &self.work {
            Work::Resting(run) => run.next() == Next::Swap,
            _ => self.is_swapping(),
        }
    }

    /// Whether files are changing places.
    pub fn is_swapping(&self) -> bool {
        matches!(self.work, Work::Swapping)
    }

    /// Whether an I/O thread is at work.
    pub fn is_busy(&self) -> bool {
        matches!(self.work, Work::Stepping | Work::Swapping | Work::Noting(_))
    }
}

impl Log {
    /// Begins a run over what is cleanable; [`Log::clean_step`] does the work.
    pub fn begin_cleaning(
        &mut self,
        policy: &Policy,
        cleanable: &Cleanable,
        unix_ms: i64,
        map_bytes_max: u64,
    ) {
        let Cleanable { first_dirty: from, upto, .. } = *cleanable;
        let dirty = |segment: &&Segment| segment.base < upto && segment.index.upto() > from;
        let sources: Vec<&Segment> = self.segments.iter().filter(dirty).collect();
        let Some(first) = sources.first() else { return };
        let floor = first.index.floor(from);
        let plan = Plan {
            dirty: sources.iter().map(|segment| Source::of(segment)).collect(),
            at: floor.position,
            batch: floor.offset,
            from,
            aborted: self.aborted_in(from, upto),
            delete_retention_ms: policy.delete_retention_ms,
            upto,
            now_ms: unix_ms,
            map_bytes_max,
        };
        tracing::debug!(log = %self.dir().display(), %from, %upto, dirty_ratio = cleanable.dirty_ratio(), "cleaning begins");
        self.compaction.work = Work::Resting(Box::new(Run::new(plan)));
    }

    /// Starts the next step of a run, on about so many bytes; its completion brings [`Log::take_worked`]. Nothing is
    /// swapped while the log `is_scrubbed`: what was found damaged in the old files must not be noted for the new ones.
    pub fn clean_step(&mut self, bytes: u64, is_scrubbed: bool, io: &mut Driver) -> Begun {
        let work = std::mem::replace(&mut self.compaction.work, Work::None);
        let Work::Resting(mut run) = work else {
            self.compaction.work = work;
            return Begun::No;
        };
        if !matches!(self.health, Health::Serving | Health::Full { .. }) {
            return Begun::No;
        }
        if !self.has_group(&run) {
            return self.discard(&run, io);
        }
        if run.next() == Next::Group {
            match self.next_group(&run) {
                Some(group) => run.begin(group),
                None => return self.note_cleaned(run, io),
            }
        }
        if run.next() == Next::Swap {
            return self.swap(run, is_scrubbed, io);
        }
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        self.compaction.work = Work::Stepping;
        let old = std::mem::take(&mut self.compaction.old);
        let job = self.job_within(move |fs: &Fs, dir: &Path| {
            drop(old);
            let base = run.offsets().map(|offsets| offsets.start);
            match run.step(fs, dir, bytes) {
                Ok(()) => Ok(Stepped::Step(run)),
                Err(error) => {
                    // Others may need the room that it took.
                    base.map_or(Ok(()), |base| swap::discard(fs, dir, base)).and(Err(error))
                }
            }
        });
        self.submit(io, job, LogOp::Clean);
        Begun::Yes
    }

    /// The group at hand is not what it was: nothing comes of this run.
    fn discard(&mut self, run: &Run, io: &mut Driver) -> Begun {
        let Some(base) = run.offsets().map(|offsets| offsets.start) else { return Begun::No };
        self.compaction.work = Work::Stepping;
        let job = self.job_within(move |fs, dir| {
            swap::discard(fs, dir, base)?;
            Ok(Stepped::Discarded)
        });
        self.submit(io, job, LogOp::Clean);
        Begun::Yes
    }

    /// Whether the segments of a run's group are all there, and none of them is known to be damaged.
    fn has_group(&self, run: &Run) -> bool {
        let is_there = |serial: &u32| self.segments.iter().any(|one| one.serial == *serial);
        let is_sound = run.offsets().is_none_or(|offsets| !self.damaged.is_in(&offsets));
        is_sound && run.serials().iter().all(is_there)
    }

    /// The first segments that were not rewritten by the run, as many as may become one: together they are no larger
    /// than a segment may be, and their offsets fit into its index.
    fn next_group(&self, run: &Run) -> Option<Group> {
        let (from, upto) = (run.grouped_upto(), run.mapped_upto());
        let first = self.segments.partition_point(|segment| segment.base < from);
        let head = self.segments.get(first).filter(|segment| segment.base < upto)?;
        let (mut bytes, mut count) = (head.end().0, 1);
        for next in self.segments.iter().skip(first + 1) {
            let fits = bytes + next.end().0 <= self.settings.segment_bytes
                && next.index.upto().0 - 1 - head.base.0 <= i64::from(i32::MAX);
            if next.base >= upto || !fits {
                break;
            }
            bytes += next.end().0;
            count += 1;
        }
        let group = || self.segments.iter().skip(first).take(count);
        let end = self.segments[first + count].base;
        Some(Group {
            base: head.base,
            upto: end,
            sources: group().map(Source::of).collect(),
            aborted: self.aborted_in(head.base, end),
            last: self.producers.last_batches(),
            index_interval_bytes: self.settings.index_interval_bytes,
        })
    }

    fn swap(&mut self, mut run: Box<Run>, is_scrubbed: bool, io: &mut Driver) -> Begun {
        if is_scrubbed || self.retained.is_busy() {
            self.compaction.work = Work::Resting(run);
            return Begun::NotYet;
        }
        self.compaction.work = Work::Swapping;
        let mut note = self.compaction.note;
        let job = self.job_within(move |fs, dir| {
            let base = run.offsets().map_or(Offset(0), |offsets| offsets.start);
            match run.swap(fs, dir, &mut note) {
                Ok(swapped) => Ok(Stepped::Swap(run, Box::new(swapped), note)),
                Err(error) if swap::is_decided(fs, dir, base) => Ok(Stepped::Torn(error)),
                Err(error) => swap::discard(fs, dir, base).and(Err(error)),
            }
        });
        self.submit(io, job, LogOp::Clean);
        Begun::Yes
    }

    fn note_cleaned(&mut self, run: Box<Run>, io: &mut Driver) -> Begun {
        let note = Note { first_dirty: run.mapped_upto(), ..self.compaction.note };
        self.compaction.work = Work::Noting(note);
        let old = std::mem::take(&mut self.compaction.old);
        let job = self.job_within(move |fs, dir| {
            // To give memory back may be slow as well.
            drop((old, run));
            note.write(fs, dir)?;
            Ok(Stepped::Noted)
        });
        self.submit(io, job, LogOp::Clean);
        Begun::Yes
    }

    pub(super) fn cleaned(&mut self, result: io::Result<Stepped>, now: Nanos) {
        let work = std::mem::replace(&mut self.compaction.work, Work::None);
        let (run, end) = match result {
            Ok(Stepped::Step(run)) => (Some(run), None),
            Ok(Stepped::Swap(run, swapped, note)) => {
                self.compaction.note = note;
                self.swapped(*swapped, now);
                (Some(run), None)
            }
            Ok(Stepped::Noted) => {
                if let Work::Noting(note) = work {
                    self.compaction.note = note;
                }
                (None, Some(Ended::Done))
            }
            Ok(Stepped::Discarded) => (None, Some(Ended::Failed)),
            Ok(Stepped::Torn(error)) => {
                self.fail("swapping in a cleaned segment", &error);
                (None, Some(Ended::Failed))
            }
            Err(error) => {
                self.cleaning_failed(&error);
                (None, Some(Ended::Failed))
            }
        };
        let mut run = run;
        let tally = run.as_mut().map(|run| run.take_tally()).unwrap_or_default();
        self.compaction.worked = Some(Worked { tally, end });
        if let Some(run) = run {
            self.compaction.work = Work::Resting(run);
        }
    }

    fn cleaning_failed(&mut self, error: &io::Error) {
        let log = self.folder.path().display();
        match error.kind() {
            // The whole folder is on its way out.
            _ if self.folder.is_gone() => {}
            io::ErrorKind::InvalidData => {
                tracing::error!(%log, %error, "the log is not cleaned any more until the next start: it is damaged");
                self.compaction.given_up = true;
            }
            _ => {
                tracing::warn!(%log, %error, "a log could not be cleaned: it is tried again");
            }
        }
    }

    /// A cleaned segment is there instead of those it was made of: for readers, too, from now on.
    fn swapped(&mut self, swapped: Swapped, now: Nanos) {
        let Swapped { base, upto, end, index, aborted, reader } = swapped;
        let first = self.segments.partition_point(|segment| segment.base < base);
        let behind = self.segments.partition_point(|segment| segment.base < upto);
        let (serial, next) = (self.next_serial, self.segments[behind].log_base);
        self.next_serial += 1;
        let old: Vec<Segment> = self.segments.drain(first..behind).collect();
        // What is known of bytes of the old ones does not hold any more.
        self.hot.forget_before(next);
        self.cursors.retain(|cursor| cursor.is_at_or_after(next));
        let log_base = LogByte(next.0 - end.0);
        self.move_forward(first, log_base);
        let segment = Segment {
            serial,
            base,
            log_base,
            index,
            aborted,
            reader,
            has_snapshot: old[0].has_snapshot,
            named: true,
            scrub_at: now,
            state: SegmentState::Sealed { end },
        };
        let before: u64 = old.iter().map(|segment| segment.end().0).sum();
        tracing::debug!(log = %self.dir().display(), segments = old.len(), %base, %upto, before, after = end.0, "cleaned");
        self.segments.insert(first, segment);
        self.compaction.old = old;
    }

    /// Lets the segments before the one with this number end at `limit` at the latest. A cleaned one ends where the next
    /// one begins, and may be longer than what it was made of: a horizon takes some bytes in each batch.
    fn move_forward(&mut self, number: usize, mut limit: LogByte) {
        for segment in self.segments.iter_mut().take(number).rev() {
            let Some(by) = segment.log_byte(segment.end()).0.checked_sub(limit.0) else { return };
            self.damaged.shift(segment, by);
            segment.log_base = LogByte(segment.log_base.0 - by);
            limit = segment.log_base;
        }
    }

    /// What the last step of the cleaning has come to; said once.
    pub fn take_worked(&mut self) -> Option<Worked> {
        self.compaction.worked.take()
    }

    /// Whether the log is being cleaned.
    pub fn is_being_cleaned(&self) -> bool {
        !matches!(self.compaction.work, Work::None)
    }

    /// Whether the cleaner has given it up until the next start.
    pub fn is_uncleanable(&self) -> bool {
        self.compaction.is_given_up()
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod workshop;
