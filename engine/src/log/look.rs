//! Looking into segment files for a batch or a timestamp: blocking work, described here, run on an I/O
//! thread, while the shard serves others.

use std::io;

use headwater_io::driver::Driver;
use headwater_io::file::{File, Fs};
use headwater_io::op::Op;
use headwater_protocol::batch::compression::records_of;
use headwater_protocol::batch::header::{self, Batch, BatchHeader};
use headwater_protocol::batch::record::records;

use super::Log;
use super::segments::Segment;
use super::watermarks::Mark;
use crate::model::{Offset, Position};
use crate::rare::{self, Rare};
use crate::segment::index::BatchStart;
use crate::segment::newest::Newest;
use crate::segment::scan::{Chain, Depth, Walk};
use crate::token::LogOp;

/// A compressed batch may unpack to this and four times its size, in bytes; more is not looked into.
const UNPACKED_MAX: usize = 16 << 20;

/// Looks for the batch that holds an offset.
pub struct Look {
    file: File,
    segment: u32,
    chain: Chain,
    from: BatchStart,
    upto: Position,
    offset: Offset,
    newest: Newest,
}

/// Where it is, or the first one behind that offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looked {
    /// In this segment.
    pub segment: u32,
    /// What was looked for.
    pub offset: Offset,
    /// It starts here.
    pub position: Position,
}

impl Look {
    pub(super) fn batch(
        segment: &Segment,
        from: BatchStart,
        offset: Offset,
        newest: Newest,
    ) -> Self {
        let file = segment.reader.clone();
        let (segment, chain, upto) = (segment.serial, segment.index.chain(), segment.end());
        Look { file, segment, chain, from, upto, offset, newest }
    }

    /// Runs on an I/O thread; the answer goes to the log as the end of a `LogOp::Look`.
    ///
    /// # Errors
    /// When the file cannot be read, or has no such batch although its index says so.
    pub fn run(self, fs: &Fs) -> io::Result<Looked> {
        let mut found = None;
        let walk = Walk {
            fs,
            file: &self.file,
            from: self.from.position,
            upto: self.upto,
            next_offset: self.from.offset,
            chain: self.chain,
            depth: Depth::Headers,
            newest: self.newest.clone(),
        };
        let scan = walk.run_until(|position, header| {
            if header.next_offset() > self.offset.0 {
                let (segment, offset) = (self.segment, self.offset);
                found = Some(Looked { segment, offset, position });
            }
            found.is_none()
        })?;
        found.ok_or_else(|| {
            let Look { offset, from, upto, .. } = self;
            let from = from.position;
            let why = format!("no batch with offset {offset} in bytes {from} to {upto}: {scan:?}");
            io::Error::new(io::ErrorKind::InvalidData, why)
        })
    }
}

/// A record found by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeHit {
    /// Its offset.
    pub offset: Offset,
    /// Its timestamp in milliseconds.
    pub timestamp_ms: i64,
}

/// Looks for the first record at or after a time, over all segments from the first that may have it.
pub struct TimeLook {
    places: Vec<Place>,
    timestamp_ms: i64,
    /// Records before it are deleted.
    log_start: Offset,
}

struct Place {
    file: File,
    chain: Chain,
    from: BatchStart,
    upto: Position,
    newest: Newest,
}

impl Log {
    /// Starts a look on an I/O thread; it ends as the completion of a `LogOp::Look`.
    pub fn start_look(&mut self, look: Look, io: &mut Driver) {
        rare::reached(Rare::LookedInFile);
        let job = Op::Job(Box::new(move |fs| Box::new(look.run(fs))));
        self.submit(io, job, LogOp::Look);
    }

    /// What of a segment is in no file yet, up to a position.
    pub(super) fn newest(&self, segment: &Segment, upto: Position) -> Newest {
        let upto = segment.log_byte(upto);
        let from = self.commits.written_to().max(segment.log_base).min(upto);
        Newest { from: segment.position(from), pieces: self.hot.slice(from, upto) }
    }

    /// How to find the first record with a timestamp of at least `timestamp_ms` before `visible`.
    pub fn look_for_time(&self, timestamp_ms: i64, visible: Mark) -> TimeLook {
        let mut places = Vec::new();
        let log_start = self.log_start;
        let is_there =
            |s: &&Segment| s.log_base < visible.byte && s.index.next_offset() > log_start;
        for segment in self.segments.iter().filter(is_there) {
            let Some(position) = segment.index.floor_time(timestamp_ms) else { continue };
            let upto = segment.position(visible.byte.min(segment.log_byte(segment.end())));
            let from = segment.index.start_at(position);
            let parts = self.damaged.around(segment, from, upto).into_iter();
            let file = &segment.reader;
            let newest = self.newest(segment, upto);
            let chain = segment.index.chain();
            places.extend(parts.map(|(from, upto)| Place {
                file: file.clone(),
                chain,
                from,
                upto,
                newest: newest.clone(),
            }));
        }
        TimeLook { places, timestamp_ms, log_start }
    }
}

impl TimeLook {
    /// Runs on an I/O thread.
    pub fn run(self, fs: &Fs) -> io::Result<Option<TimeHit>> {
        for place in &self.places {
            if let Some(hit) = place.first_at(self.timestamp_ms, self.log_start, fs)? {
                return Ok(Some(hit));
            }
        }
        Ok(None)
    }
}

impl Place {
    fn first_at(
        &self,
        timestamp_ms: i64,
        log_start: Offset,
        fs: &Fs,
    ) -> io::Result<Option<TimeHit>> {
        let mut candidate: Option<(Position, BatchHeader)> = None;
        let walk = Walk {
            fs,
            file: &self.file,
            from: self.from.position,
            upto: self.upto,
            next_offset: self.from.offset,
            chain: self.chain,
            depth: Depth::Headers,
            newest: self.newest.clone(),
        };
        walk.run_until(|position, header| {
            // Of a batch without records compaction has left the times.
            let has_it = header.max_timestamp >= timestamp_ms && header.record_count > 0;
            if has_it && header.next_offset() > log_start.0 {
                candidate = Some((position, *header));
            }
            candidate.is_none()
        })?;
        let Some((position, header)) = candidate else { return Ok(None) };
        let mut bytes = vec![0; header.total_bytes()];
        self.newest.read_at(fs, &self.file, position.0, &mut bytes)?;
        header::check(&bytes)
            .map_err(|e| io::Error::other(format!("batch at {position}: {e:?}")))?;
        let hit = first_record_at(&Batch { header, bytes: &bytes }, timestamp_ms, log_start);
        // In a batch with deleted records in front the one with its highest timestamp may be one of them.
        Ok(Some(TimeHit { offset: hit.offset.max(log_start), ..hit }))
    }
}

/// The first record of a batch at or after a time. A batch whose records cannot be unpacked is found as
/// a whole: its first offset, with its highest timestamp.
fn first_record_at(batch: &Batch<'_>, timestamp_ms: i64, log_start: Offset) -> TimeHit {
    let header = &batch.header;
    let whole = TimeHit { offset: Offset(header.base_offset), timestamp_ms: header.max_timestamp };
    if header.attributes.is_log_append_time {
        return whole;
    }
    let mut scratch = Vec::new();
    let most = UNPACKED_MAX + 4 * batch.bytes.len();
    let Ok(payload) = records_of(batch, most, &mut scratch) else { return whole };
    records(payload, header.record_count)
        .map_while(Result::ok)
        .map(|record| TimeHit {
            offset: Offset(header.base_offset + i64::from(record.offset_delta)),
            timestamp_ms: header.timestamp(record.timestamp_delta),
        })
        .find(|hit| hit.timestamp_ms >= timestamp_ms && hit.offset >= log_start)
        .unwrap_or(whole)
}
