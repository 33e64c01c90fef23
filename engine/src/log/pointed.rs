//! Which recovery points a log writes, and when.
//!
//! A log under load is never at rest, so a point is made in three steps, each at a moment that somebody
//! else knows: *drafted* at the appended end, which keeps the producers and how far the index has come;
//! *vouched for* once a checkpoint that covers it is being written; *written* by a job once that checkpoint is
//! durable. A point that was written earlier would be one that no start believes.
//!
//! Writing one costs about 1/256 of the segment (16 bytes for each 4 KiB), so it is done again when the
//! segment has grown by a sixteenth: 6 % of what is written, at most. What a start then walks by headers is
//! a sixteenth of the active segments, and what two rounds of the journal have brought.
//!
//! A point is for speed alone. One that cannot be written is tried again at a later round.

use std::io;
use std::path::PathBuf;

use headwater_io::driver::Driver;

use super::producers::Producers;
use super::{Health, Log, point};
use crate::model::{Offset, Position};
use crate::rare::{self, Rare};
use crate::segment::index::IndexMark;
use crate::token::LogOp;

/// A new point when the segment has grown by this part of it.
const GROWTH_SHARE: u64 = 16;
/// At a clean stop for everything that would take longer to walk than to load.
const CLOSING_BYTES_MIN: u64 = 1 << 20;

/// What a log knows of its recovery point.
#[derive(Debug, Default)]
pub(super) struct Pointed {
    /// Where the active segment's is; at its start when there is none.
    at: Position,
    draft: Option<Draft>,
    writing: Option<Writing>,
}

/// What a point will be made of.
#[derive(Debug)]
struct Draft {
    position: Position,
    next_offset: Offset,
    index: IndexMark,
    producers: Producers,
    vouched: bool,
}

/// The one on its way.
#[derive(Debug)]
struct Writing {
    segment: u32,
    position: Position,
}

impl Pointed {
    /// Of a log whose recovery has used this one.
    pub fn at(position: Option<Position>) -> Self {
        Pointed { at: position.unwrap_or(Position(0)), ..Pointed::default() }
    }

    /// The active segment is another one, and has none.
    pub fn rolled(&mut self) {
        self.at = Position(0);
        self.draft = None;
    }
}

impl Log {
    /// Drafts a point at the appended end, if the active segment has grown enough since the last one:
    /// by `growth_min` bytes at least.
    pub fn draft_point(&mut self, growth_min: u64) {
        let due = self.pointed.draft.is_none() && matches!(self.health, Health::Serving);
        let end = self.active().end();
        if due && end.0 - self.pointed.at.0 >= growth_min.max(end.0 / GROWTH_SHARE) {
            self.pointed.draft = Some(self.draft());
        }
    }

    fn draft(&self) -> Draft {
        let active = self.segments.back().expect("a log has a segment");
        let next_offset = self.marks.appended().offset;
        Draft {
            position: active.end(),
            next_offset,
            index: active.index.mark(),
            producers: self.producers.clone(),
            vouched: false,
        }
    }

    /// A checkpoint with [`Log::settled`] in it is being written.
    pub fn vouch_for_draft(&mut self) {
        let (base, settled) = self.settled();
        let in_active = base == self.active().base;
        let draft = self.pointed.draft.as_mut();
        if let Some(draft) = draft.filter(|draft| in_active && draft.position <= settled) {
            draft.vouched = true;
        }
    }

    /// Whether a point may be written, once that checkpoint is durable.
    pub fn has_vouched_draft(&self) -> bool {
        self.pointed.draft.as_ref().is_some_and(|draft| draft.vouched)
    }

    /// Writes the point that was vouched for; its checkpoint is durable.
    pub fn write_point(&mut self, io: &mut Driver) {
        if self.is_writing_point() || !matches!(self.health, Health::Serving) {
            return;
        }
        let Some(draft) = self.pointed.draft.take_if(|draft| draft.vouched) else { return };
        let active = self.active();
        let (base, index) = (active.base, active.index.as_of(draft.index));
        self.pointed.writing = Some(Writing { segment: active.serial, position: draft.position });
        let job = self.job_within(move |fs, dir| {
            let Draft { position, next_offset, producers, .. } = draft;
            let bytes = point::encode(&index, &producers, base, position, next_offset);
            fs.replace(&point::path(dir, base), &bytes)
        });
        self.submit(io, job, LogOp::Point);
    }

    /// Whether one is on its way.
    pub fn is_writing_point(&self) -> bool {
        self.pointed.writing.is_some()
    }

    pub(super) fn point_written(&mut self, result: io::Result<()>) {
        let Writing { segment, position } = self.pointed.writing.take().expect("on its way");
        match result {
            Ok(()) if segment == self.active().serial => {
                rare::reached(Rare::PointWritten);
                self.pointed.at = position;
            }
            Ok(()) => {}
            Err(error) => {
                tracing::warn!(log = %self.dir().display(), %error, "a recovery point could not be written: a start would read more");
            }
        }
    }

    /// The file of a point at the end of a log that was stopped cleanly, if it is worth one.
    pub fn closing_point(&self) -> Option<(PathBuf, Vec<u8>)> {
        let end = self.clean_end()?;
        if end.position.0 - self.pointed.at.0 < CLOSING_BYTES_MIN {
            return None;
        }
        let (index, base) = (&self.segments.back()?.index, end.segment_base);
        let bytes = point::encode(index, &self.producers, base, end.position, end.next_offset);
        Some((point::path(self.dir(), base), bytes))
    }
}
