//! Opening a log: what may be found after a stop of any kind, and what is done about it.
//!
//! The cases are a table ([`decide`]) with one decision each. The rule behind it: a log is never cut where
//! something may have been acknowledged without saying so. Appends are acknowledged in log order, and at
//! most [`window_bytes`] of them are on their way at once; so a break in the chain of batches with more
//! sound bytes behind it than that cannot be a torn write, it is damage.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};

use headwater_io::buffer::{BLOCK, BufferPool};
use headwater_io::file::{Access, File, Fs};
use serde::{Deserialize, Serialize};

use super::commits::Commits;
use super::flow::is_full;
use super::hot::Hot;
use super::producers::{self, Producers};
use super::segments::{NextSegment, Segment, SegmentState, Writer};
use super::watermarks::{Mark, Watermarks};
use super::{Health, Log, LogSettings, directory};
use crate::model::{LeaderEpoch, LogByte, Offset, Position};
use crate::segment::index::{self, Index};
use crate::segment::room::Room;
use crate::segment::scan::{self, Depth, Scan, ScanEnd, Walk};
use crate::segment::tail::Tail;

/// Where a log ended when it was stopped cleanly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CleanEnd {
    /// The last segment.
    pub segment_base: Offset,
    /// Its size.
    pub position: Position,
    /// The offset after the last record.
    pub next_offset: Offset,
}

/// What follows the sound part of the last segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behind {
    /// Nothing but zeros, or the end of the file.
    Nothing,
    /// Bytes that are no sound batch.
    Rubbish,
    /// A sound batch, no further away than writes may be in flight at once.
    NearBatch,
    /// A sound batch, further away than that.
    FarBatch,
}

/// What is done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Serve as it is.
    Serve,
    /// Cut off a write that never completed: nothing in it was acknowledged.
    CutTorn,
    /// Cut, and say which offsets are gone: the last commits were torn, and whether the first of them was
    /// acknowledged and then damaged cannot be told.
    CutAndTell,
    /// Keep every byte and serve nothing: acknowledged data is damaged.
    Quarantine,
}

/// The table. Rows are how the walk over the last segment ended, columns what lies behind.
pub fn decide(why: ScanEnd, behind: Behind) -> Decision {
    match (why, behind) {
        (ScanEnd::AtEnd | ScanEnd::ZeroFill, _) => Decision::Serve,
        (ScanEnd::Broken(_) | ScanEnd::OffsetGap { .. }, Behind::Nothing | Behind::Rubbish) => {
            Decision::CutTorn
        }
        (ScanEnd::Broken(_) | ScanEnd::OffsetGap { .. }, Behind::NearBatch) => Decision::CutAndTell,
        (ScanEnd::Broken(_) | ScanEnd::OffsetGap { .. }, Behind::FarBatch) => Decision::Quarantine,
        (ScanEnd::Stopped, _) => unreachable!("recovery walks to the end"),
    }
}

/// How far apart the first and last byte of everything that is written and not yet durable can be.
pub fn window_bytes(settings: &LogSettings, batch_bytes_max: usize) -> u64 {
    // A last unit is begun just below the limit.
    settings.unhardened_bytes_max + settings.unit_bytes.max(batch_bytes_max) as u64
}

/// What is needed to open a log.
pub struct OpenLog<'a> {
    /// The file system.
    pub fs: &'a Fs,
    /// The log's folder; it exists.
    pub dir: PathBuf,
    /// How it will behave.
    pub settings: LogSettings,
    /// Where its memory comes from.
    pub pool: BufferPool,
    /// The epoch under which it will append.
    pub epoch: LeaderEpoch,
    /// Where it ended, if it was stopped cleanly.
    pub clean: Option<CleanEnd>,
    /// The largest batch that may be in it, in bytes.
    pub batch_bytes_max: usize,
}

/// A segment as found, with its index.
struct Found {
    base: Offset,
    end: Position,
    index: Index,
}

impl OpenLog<'_> {
    /// Opens the log. Damage is not an error: it yields a log that is quarantined.
    ///
    /// # Errors
    /// When files cannot be read or written.
    pub fn open(self) -> io::Result<Log> {
        self.remove_leftovers()?;
        let mut bases = self.segment_bases()?;
        if bases.is_empty() {
            drop(self.fs.create_new(&directory::segment(&self.dir, Offset(0)), Access::Write)?);
            self.fs.sync_dir(&self.dir)?;
            bases.push(Offset(0));
        }
        let mut found = Vec::new();
        for (n, &base) in bases.iter().enumerate() {
            let next = bases.get(n + 1).copied();
            let sealed = next.is_some().then(|| self.sealed(base)).transpose()?.flatten();
            match sealed {
                Some(segment) if next != Some(segment.index.next_offset()) => {
                    return self.gap_after(found, segment);
                }
                Some(segment) => found.push(segment),
                None => return self.open_tail(found, &bases[n..]),
            }
        }
        unreachable!("the last segment is never sealed")
    }

    /// A sealed segment does not end where the next one starts: a file in between is missing.
    fn gap_after(&self, mut found: Vec<Found>, segment: Found) -> io::Result<Log> {
        let (end, next_offset) = (segment.end, segment.index.next_offset());
        let reason = format!(
            "segment {} ends at offset {next_offset}, the next one does not start there",
            segment.base
        );
        found.push(segment);
        let scan = Scan { end, next_offset, why: ScanEnd::AtEnd };
        self.quarantine(found, scan, Producers::default(), reason)
    }

    /// Half-made files of a stop in the middle of a roll.
    fn remove_leftovers(&self) -> io::Result<()> {
        for entry in self.fs.list(&self.dir)? {
            if entry.name == directory::NEXT_SEGMENT || entry.name.ends_with(".tmp") {
                self.fs.remove_file(&self.dir.join(&entry.name))?;
            }
        }
        Ok(())
    }

    fn segment_bases(&self) -> io::Result<Vec<Offset>> {
        let entries = self.fs.list(&self.dir)?;
        // Listed by name, and names have a fixed width, so they are in offset order.
        Ok(entries.iter().filter_map(|entry| directory::parse_segment(&entry.name)).collect())
    }

    /// A segment that has an index which fits it was sealed.
    fn sealed(&self, base: Offset) -> io::Result<Option<Found>> {
        let file = self.fs.open(&directory::segment(&self.dir, base), Access::Read)?;
        let end = Position(self.fs.len(&file)?);
        let path = directory::index(&self.dir, base);
        if !self.fs.exists(&path) {
            return Ok(None);
        }
        let index = index::file::decode(&self.fs.read(&path)?, base, end);
        Ok(index.map(|index| Found { base, end, index }))
    }

    /// Walks the segments from the first that was not sealed; usually only the last one.
    fn open_tail(&self, mut found: Vec<Found>, bases: &[Offset]) -> io::Result<Log> {
        let (mut producers, from) = self.producers_at(bases[0])?;
        self.replay(&found, from, &mut producers)?;
        for (n, &base) in bases.iter().enumerate() {
            let (segment, scan) = self.walk(base, &mut producers)?;
            let next = bases.get(n + 1).copied();
            let continues = next.is_none_or(|next| next == scan.next_offset);
            let whole = matches!(scan.why, ScanEnd::AtEnd | ScanEnd::ZeroFill) && continues;
            found.push(segment);
            // A clean stop wrote down where the log ends: whatever ends before is no torn write.
            if let Some(clean) = self.clean_end_of(base).filter(|clean| scan.end < clean.position) {
                let reason = format!(
                    "ends at byte {} of segment {base}, but was stopped cleanly at byte {}, offset {}",
                    scan.end, clean.position, clean.next_offset
                );
                return self.quarantine(found, scan, producers, reason);
            }
            match next {
                Some(_) if whole => self.seal(found.last().expect("pushed"), scan.end)?,
                None if whole => {
                    self.trim(base, scan.end)?;
                    return self.build(found, scan, producers, Health::Serving);
                }
                _ => return self.broken(found, scan, &bases[n + 1..], producers),
            }
        }
        unreachable!("the last segment ends the loop")
    }

    fn walk(&self, base: Offset, producers: &mut Producers) -> io::Result<(Found, Scan)> {
        let file = self.fs.open(&directory::segment(&self.dir, base), Access::Read)?;
        let size = Position(self.fs.len(&file)?);
        let clean = self.clean_end_of(base).filter(|clean| clean.position == size);
        let mut index = Index::new(base, self.settings.index_interval_bytes);
        let walk = Walk {
            fs: self.fs,
            file: &file,
            from: Position(0),
            upto: size,
            next_offset: base,
            // After a clean stop the end is known to be sound; the headers still make the index.
            depth: if clean.is_some() { Depth::Headers } else { Depth::Checksums },
        };
        let scan = walk.run(|position, header| {
            index.add(position, header);
            producers.note(header);
        })?;
        Ok((Found { base, end: scan.end, index }, scan))
    }

    fn clean_end_of(&self, base: Offset) -> Option<CleanEnd> {
        self.clean.filter(|clean| clean.segment_base == base)
    }

    /// The chain of batches breaks in `found.last()`, before its end or before the next segment's start.
    fn broken(
        &self,
        found: Vec<Found>,
        scan: Scan,
        later: &[Offset],
        producers: Producers,
    ) -> io::Result<Log> {
        let base = found.last().expect("the broken one").base;
        let behind = self.look_behind(base, &scan, later)?;
        let why = match scan.why {
            ScanEnd::AtEnd | ScanEnd::ZeroFill => {
                ScanEnd::OffsetGap { expected: scan.next_offset, found: later[0] }
            }
            other => other,
        };
        let decision = decide(why, behind);
        let (log, offset, position) = (self.dir.display(), scan.next_offset, scan.end);
        match decision {
            Decision::Quarantine => {
                let reason = format!(
                    "damaged at byte {position} of segment {base}, offset {offset}: {why:?}"
                );
                return self.quarantine(found, scan, producers, reason);
            }
            Decision::CutAndTell => tracing::warn!(
                %log, %offset, %position, ?why,
                "cut off a torn tail with sound batches in it: the last commits before the stop were not \
                 acknowledged, or were damaged afterwards, which cannot be told here"
            ),
            _ => {
                tracing::info!(%log, %offset, %position, ?why, "cut off a write that never completed")
            }
        }
        for &base in later {
            self.fs.remove_file(&directory::segment(&self.dir, base))?;
        }
        self.trim(base, scan.end)?;
        self.build(found, scan, producers, Health::Serving)
    }

    /// Keeps every byte and serves nothing.
    fn quarantine(
        &self,
        found: Vec<Found>,
        scan: Scan,
        producers: Producers,
        reason: String,
    ) -> io::Result<Log> {
        tracing::error!(
            log = %self.dir.display(),
            reason,
            "acknowledged data is damaged: the partition is offline, its bytes are kept"
        );
        self.build(found, scan, producers, Health::Quarantined(reason.into()))
    }

    fn look_behind(&self, base: Offset, scan: &Scan, later: &[Offset]) -> io::Result<Behind> {
        let window = window_bytes(&self.settings, self.batch_bytes_max);
        let file = self.fs.open(&directory::segment(&self.dir, base), Access::Read)?;
        let size = Position(self.fs.len(&file)?);
        let mut behind = Behind::Rubbish;
        let mut from = Position(scan.end.0 + 1);
        while let Some(end) = scan::find_batch(self.fs, &file, from, size, scan.next_offset)? {
            behind = Behind::NearBatch;
            if end.0 - scan.end.0 > window {
                return Ok(Behind::FarBatch);
            }
            from = end;
        }
        let mut later_bytes = 0;
        for &base in later {
            let file = self.fs.open(&directory::segment(&self.dir, base), Access::Read)?;
            let upto = Position(self.fs.len(&file)?);
            let walk = Walk {
                fs: self.fs,
                file: &file,
                from: Position(0),
                upto,
                next_offset: base,
                depth: Depth::Checksums,
            };
            later_bytes += walk.run(|_, _| {})?.end.0;
        }
        Ok(match later_bytes {
            0 => behind,
            n if n > window => Behind::FarBatch,
            _ => Behind::NearBatch,
        })
    }

    /// Cuts the file at the end of its last sound batch, so that nothing stale can ever follow what is
    /// appended there.
    fn trim(&self, base: Offset, end: Position) -> io::Result<()> {
        let file = self.fs.open(&directory::segment(&self.dir, base), Access::Write)?;
        if self.fs.len(&file)? != end.0 {
            self.fs.set_len(&file, end.0)?;
        }
        // Also what was read but perhaps never synced before the stop: it is about to be served.
        self.fs.sync(&file)
    }

    /// Finishes the sealing that the stop interrupted.
    fn seal(&self, found: &Found, end: Position) -> io::Result<()> {
        self.trim(found.base, end)?;
        let bytes = index::file::encode(&found.index, end);
        match self.fs.replace(&directory::index(&self.dir, found.base), &bytes) {
            // It is in memory; the next start builds it again.
            Err(error) if is_full(&error) => Ok(()),
            other => other,
        }
    }

    /// The newest sound snapshot at or before `offset`, and where it was taken.
    fn producers_at(&self, offset: Offset) -> io::Result<(Producers, Offset)> {
        let entries = self.fs.list(&self.dir)?;
        let taken = entries.iter().filter_map(|entry| directory::parse_snapshot(&entry.name));
        let mut taken: Vec<Offset> = taken.filter(|taken| *taken <= offset).collect();
        while let Some(at) = taken.pop() {
            let bytes = self.fs.read(&directory::snapshot(&self.dir, at))?;
            if let Some(producers) = producers::file::decode(&bytes, at) {
                return Ok((producers, at));
            }
            tracing::warn!(log = %self.dir.display(), offset = %at, "snapshot of producers is damaged: rebuilt from batches");
        }
        Ok((Producers::default(), Offset(0)))
    }

    /// Brings producers up to the end of the sealed segments.
    fn replay(&self, sealed: &[Found], from: Offset, producers: &mut Producers) -> io::Result<()> {
        for found in sealed.iter().filter(|found| found.base >= from) {
            let file = self.fs.open(&directory::segment(&self.dir, found.base), Access::Read)?;
            let walk = Walk {
                fs: self.fs,
                file: &file,
                from: Position(0),
                upto: found.end,
                next_offset: found.base,
                depth: Depth::Headers,
            };
            walk.run(|_, header| producers.note(header))?;
        }
        Ok(())
    }

    fn build(
        &self,
        found: Vec<Found>,
        scan: Scan,
        producers: Producers,
        health: Health,
    ) -> io::Result<Log> {
        let mut segments = VecDeque::with_capacity(found.len());
        let log_start = found[0].base;
        let (count, mut log_base) = (found.len(), LogByte(0));
        for (n, found) in found.into_iter().enumerate() {
            let last = n + 1 == count;
            let path = directory::segment(&self.dir, found.base);
            let reader = self.fs.open(&path, Access::Read)?;
            let state = match last && health == Health::Serving {
                true => SegmentState::Open(self.writer(&path, found.end, &reader)?),
                false => SegmentState::Sealed { end: found.end },
            };
            let Found { base, end, index } = found;
            segments.push_back(Segment {
                serial: n as u32,
                base,
                log_base,
                index,
                reader,
                named: true,
                state,
            });
            log_base = LogByte(log_base.0 + end.0);
        }
        let end = Mark { byte: log_base, offset: scan.next_offset };
        Ok(Log {
            slot: 0,
            dir: self.dir.clone(),
            settings: self.settings.clone(),
            pool: self.pool.clone(),
            epoch: self.epoch,
            next_serial: segments.len() as u32,
            segments,
            next: NextSegment::None,
            roll_wanted: false,
            name_wanted: false,
            room_job: None,
            room_wanted: 0,
            prepare_at: None,
            seal_at: None,
            marks: Watermarks::recovered(end),
            commits: Commits::new(log_base),
            hot: Hot::default(),
            producers,
            durable_wanted: log_base,
            gathering_since: None,
            unsynced_since: None,
            cursors: VecDeque::new(),
            look_failed: false,
            log_start,
            outstanding: 0,
            health,
        })
    }

    fn writer(&self, path: &Path, end: Position, reader: &File) -> io::Result<Writer> {
        let access = if self.settings.direct { Access::WriteDirect } else { Access::Write };
        let file = self.fs.open(path, access)?;
        let mut last_block = vec![0; (end.0 % BLOCK as u64) as usize];
        self.fs.read_at(reader, end.0 - last_block.len() as u64, &mut last_block)?;
        let tail = Tail::new(end, &last_block, &self.pool).map_err(|_| {
            io::Error::other("no memory for the last block of a log: raise memory.bytes")
        })?;
        let room = self.first_room(&file, end)?;
        Ok(Writer { file, tail, room, first_append: None, snapshot: None })
    }

    /// The space of the segment that will be appended to: none ahead, unless the topic wants all of it.
    fn first_room(&self, file: &File, end: Position) -> io::Result<Room> {
        let mut room = Room::exact(end);
        if self.settings.preallocate {
            let len = self.settings.segment_bytes.next_multiple_of(BLOCK as u64).max(room.zeroed.0);
            self.fs.allocate(file, len)?;
            self.fs.write_zeros(file, room.zeroed.0, len - room.zeroed.0)?;
            self.fs.sync(file)?;
            room = Room::of(Position(len), Position(len));
        }
        Ok(room)
    }
}
