//! One cleaning of one log, step by step on I/O threads: first the dirty part is *mapped*, then the log is *rewritten*
//! group by group from its start to the end of what was mapped. Between two steps it rests with its log, which may give
//! it up at any time: what it has written so far has no name that counts.

use std::io;
use std::path::Path;

use headwater_io::file::Fs;
use headwater_protocol::batch::control::End;
use headwater_protocol::batch::header::{self, Batch, BatchHeader};

use super::filter::{Cleaned, Rules, Unclean, visit_records};
use super::key_map::KeyMap;
use super::note::Note;
use super::rewrite::{Group, Rewriting, Swapped};
use super::swap;
use super::transactions::Transactions;
use super::way::{Source, Way};
use crate::log::aborted::Aborted;
use crate::model::{Offset, Position};

/// A cleaning.
pub(in crate::log) struct Run {
    stage: Stage,
    rules: Rules,
    /// What was dirty begins here.
    from: Offset,
    /// Segments before it belong to groups that were begun.
    grouped_upto: Offset,
    transactions: Transactions,
    tally: Tally,
}

enum Stage {
    /// The dirty part is read.
    Map(Way),
    /// The next group of segments is wanted.
    Between,
    /// A group is written anew.
    Rewrite(Box<Rewriting>),
    /// It is ready to be swapped in.
    Made(Box<Rewriting>),
}

/// What a run is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::log) enum Next {
    /// Another step.
    Step,
    /// A group, with [`Run::begin`]; it is done when there is none.
    Group,
    /// The swap.
    Swap,
}

/// What it has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Bytes read and written.
    pub moved_bytes: u64,
    /// Of segments that were rewritten.
    pub cleaned_bytes: u64,
    /// What these have become.
    pub written_bytes: u64,
    /// Records that were read while rewriting.
    pub records: u64,
    /// Those that stay.
    pub kept_records: u64,
}

impl Tally {
    /// Adds what another step has done.
    pub fn add(&mut self, other: &Tally) {
        self.moved_bytes += other.moved_bytes;
        self.cleaned_bytes += other.cleaned_bytes;
        self.written_bytes += other.written_bytes;
        self.records += other.records;
        self.kept_records += other.kept_records;
    }
}

/// What a run begins with.
pub(in crate::log) struct Plan {
    /// Segments with something dirty in them, in order.
    pub dirty: Vec<Source>,
    /// Where the first of them begins to be dirty: the start of a batch there, and its offset.
    pub at: Position,
    /// As above.
    pub batch: Offset,
    /// What is dirty begins here.
    pub from: Offset,
    /// Transactions aborted in the dirty part.
    pub aborted: Vec<Aborted>,
    /// `delete.retention.ms`.
    pub delete_retention_ms: u64,
    /// The end of what can be cleaned.
    pub upto: Offset,
    /// The wall clock.
    pub now_ms: i64,
    /// Memory for keys.
    pub map_bytes_max: u64,
}

impl Run {
    /// A run that has everything before it.
    pub fn new(plan: Plan) -> Self {
        let mut transactions = Transactions::default();
        transactions.expect(&plan.aborted);
        Run {
            stage: Stage::Map(Way::new(plan.dirty, plan.at, plan.batch)),
            rules: Rules {
                now_ms: plan.now_ms,
                delete_retention_ms: i64::try_from(plan.delete_retention_ms).unwrap_or(i64::MAX),
                keys: KeyMap::new(plan.map_bytes_max),
                mapped_upto: plan.from,
                cleanable_upto: plan.upto,
            },
            from: plan.from,
            grouped_upto: Offset(0),
            transactions,
            tally: Tally::default(),
        }
    }

    /// What comes next.
    pub fn next(&self) -> Next {
        match &self.stage {
            Stage::Map(_) | Stage::Rewrite(_) => Next::Step,
            Stage::Between => Next::Group,
            Stage::Made(_) => Next::Swap,
        }
    }

    /// The log is clean up to here when all groups before it are swapped in.
    pub fn mapped_upto(&self) -> Offset {
        self.rules.mapped_upto
    }

    /// Where the next group begins.
    pub fn grouped_upto(&self) -> Offset {
        self.grouped_upto
    }

    /// What it has done since this was asked last.
    pub fn take_tally(&mut self) -> Tally {
        std::mem::take(&mut self.tally)
    }

    /// The segments of the group at hand: they must be there until the swap.
    pub fn serials(&self) -> &[u32] {
        match &self.stage {
            Stage::Rewrite(group) | Stage::Made(group) => &group.serials,
            _ => &[],
        }
    }

    /// The offsets of the group at hand.
    pub fn offsets(&self) -> Option<std::ops::Range<Offset>> {
        match &self.stage {
            Stage::Rewrite(group) | Stage::Made(group) => Some(group.base..group.upto),
            _ => None,
        }
    }

    /// The next group.
    pub fn begin(&mut self, group: Group) {
        self.transactions.expect(&group.aborted);
        self.grouped_upto = group.upto;
        self.stage = Stage::Rewrite(Box::new(Rewriting::new(group)));
    }

    /// Reads about so many bytes and does what is to be done with them.
    ///
    /// # Errors
    /// `InvalidData` when the log is damaged; and those of the disk.
    pub fn step(&mut self, fs: &Fs, dir: &Path, bytes: usize) -> io::Result<()> {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Between) {
            Stage::Map(mut way) => match self.map(fs, &mut way, bytes)? {
                true => Stage::Map(way),
                false => {
                    self.transactions = Transactions::default();
                    Stage::Between
                }
            },
            Stage::Rewrite(mut group) => match self.rewrite(fs, dir, &mut group, bytes)? {
                true => Stage::Rewrite(group),
                false if group.is_other() => Stage::Made(group),
                false => {
                    // As it was before: it stays.
                    swap::discard(fs, dir, group.base)?;
                    Stage::Between
                }
            },
            other => other,
        };
        Ok(())
    }

    /// Whether there is more to map.
    fn map(&mut self, fs: &Fs, way: &mut Way, bytes: usize) -> io::Result<bool> {
        let Some(bytes) = way.read(fs, bytes)? else { return Ok(false) };
        self.tally.moved_bytes += bytes.len() as u64;
        for batch in header::batches(&bytes) {
            let batch = batch.expect("whole batches were read");
            if !self.map_batch(&batch)? {
                tracing::debug!(keys = self.rules.keys.count(), "the map of keys is full");
                return match self.rules.mapped_upto > self.from {
                    true => Ok(false),
                    false => Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        "one batch has more keys than fit: raise log.cleaner.dedupe.buffer.size",
                    )),
                };
            }
            let next = Offset(batch.header.next_offset());
            self.rules.mapped_upto = next.max(self.rules.mapped_upto);
        }
        self.rules.mapped_upto = way.passed().max(self.rules.mapped_upto);
        Ok(true)
    }

    /// Whether the map had room for all of it.
    fn map_batch(&mut self, batch: &Batch<'_>) -> io::Result<bool> {
        let header = &batch.header;
        if header.attributes.is_control {
            self.transactions.marker(header, End::of(header, batch.bytes));
            return Ok(true);
        }
        if self.transactions.batch(header) {
            return Ok(true);
        }
        let (mut has_room, from) = (true, self.from);
        let keys = &mut self.rules.keys;
        let visited = visit_records(batch, |record| {
            let offset = Offset(header.base_offset + i64::from(record.offset_delta));
            if let Some(key) = record.key.filter(|_| offset >= from) {
                has_room = keys.put(key, offset).is_ok();
            }
            has_room
        });
        visited.map_err(|error| unclean(header, error))?;
        Ok(has_room)
    }

    /// Whether there is more of the group.
    fn rewrite(
        &mut self,
        fs: &Fs,
        dir: &Path,
        group: &mut Rewriting,
        bytes: usize,
    ) -> io::Result<bool> {
        group.open(fs, dir)?;
        let Some(bytes) = group.way.read(fs, bytes)? else {
            group.aborted = self.transactions.take_still_aborted();
            group.finish(fs, dir)?;
            return Ok(false);
        };
        let mut out = Vec::with_capacity(bytes.len());
        for batch in header::batches(&bytes) {
            let batch = batch.expect("whole batches were read");
            let outcome = self.rules.clean(&batch, &mut self.transactions, &group.last);
            let outcome = outcome.map_err(|error| unclean(&batch.header, error))?;
            self.tally.records += u64::try_from(batch.header.record_count).unwrap_or(0);
            self.tally.kept_records += outcome.kept;
            group.has_changed |= outcome.batch != Cleaned::Same;
            match &outcome.batch {
                Cleaned::Gone => {}
                Cleaned::Same => group.keep(&batch.header, batch.bytes, &mut out),
                Cleaned::Less(less) => {
                    let header = BatchHeader::parse(less).expect("it was just made");
                    group.keep(&header, less, &mut out);
                }
            }
        }
        group.write(fs, &out)?;
        self.tally.cleaned_bytes += bytes.len() as u64;
        self.tally.written_bytes += out.len() as u64;
        self.tally.moved_bytes += (bytes.len() + out.len()) as u64;
        Ok(true)
    }

    /// Puts what was made in the place of what it was made of, on the disk.
    ///
    /// # Errors
    /// When that stops half-way: the log must not be served before a start has finished it.
    pub fn swap(&mut self, fs: &Fs, dir: &Path, note: &mut Note) -> io::Result<Swapped> {
        let Stage::Made(group) = std::mem::replace(&mut self.stage, Stage::Between) else {
            unreachable!("swapped when it is made")
        };
        group.swap_in(fs, dir, note)
    }
}

fn unclean(header: &BatchHeader, error: Unclean) -> io::Error {
    let what = format!("the batch at offset {}: {error}", header.base_offset);
    io::Error::new(io::ErrorKind::InvalidData, what)
}
