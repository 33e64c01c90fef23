//! The last step of opening: the log in memory, as its segments were found.

use std::collections::VecDeque;
use std::io;

use headwater_io::buffer::BLOCK;
use headwater_io::clock::Nanos;
use headwater_io::file::{Access, File};

use super::OpenLog;
use super::listing::Listing;
use super::read::Found;
use crate::log::commits::Commits;
use crate::log::compaction::Compaction;
use crate::log::damaged::Damaged;
use crate::log::folder::Folder;
use crate::log::hot::Hot;
use crate::log::journaled::Journaled;
use crate::log::pointed::Pointed;
use crate::log::producers::Producers;
use crate::log::retention::Retained;
use crate::log::segments::{NextSegment, Segment, SegmentState, Writer};
use crate::log::watermarks::{Mark, Watermarks};
use crate::log::writing::{Delayed, Writing};
use crate::log::{Health, Log, directory};
use crate::model::{LogByte, Offset, Position};
use crate::segment::room::Room;
use crate::segment::scan::Scan;
use crate::segment::tail::Tail;

/// The first byte of a log that is opened. Not 0: what is cleaned may become longer, to the front.
const FIRST_BYTE: LogByte = LogByte(1 << 60);

impl OpenLog<'_> {
    pub(super) fn build(
        &self,
        found: Vec<Found>,
        scan: Scan,
        producers: Producers,
        start: Option<Offset>,
        listing: &Listing,
        health: Health,
    ) -> io::Result<Log> {
        let mut segments = VecDeque::with_capacity(found.len());
        let log_start = start.unwrap_or(found[0].base).max(found[0].base);
        let (count, mut log_base) = (found.len(), FIRST_BYTE);
        // Of a log that never got anything: see `roll`.
        let fresh = count == 1 && found[0].end == Position(0);
        let pointed = Pointed::at(found[count - 1].pointed);
        for (n, found) in found.into_iter().enumerate() {
            let last = n + 1 == count;
            let path = directory::segment(&self.dir, found.base);
            let reader = self.fs.open(&path, Access::Read)?;
            let state = match last && health == Health::Serving {
                true => SegmentState::Open(self.writer(found.end, &reader)?),
                false => SegmentState::Sealed { end: found.end },
            };
            let Found { base, end, index, aborted, .. } = found;
            segments.push_back(Segment {
                serial: n as u32,
                base,
                log_base,
                index,
                aborted,
                reader,
                has_snapshot: listing.has(&directory::snapshot(&self.dir, base)),
                scrub_at: Nanos(0),
                named: !fresh,
                state,
            });
            log_base = LogByte(log_base.0 + end.0);
        }
        let end = Mark { byte: log_base, offset: scan.next_offset };
        let damaged = Damaged::noted(self.fs, &self.dir, &segments)?;
        let last = segments.back().expect("at least one was found");
        // The journal is begun anew, and its first checkpoint says that all before this one is settled.
        let floor = last.base;
        let journaled =
            self.settings.journaled.then(|| Journaled::new(end, last.end(), last.serial));
        Ok(Log {
            slot: 0,
            folder: Folder::at(self.dir.clone()),
            settings: self.settings.clone(),
            pool: self.pool.clone(),
            epoch: self.epoch,
            next_serial: segments.len() as u32,
            segments,
            next: NextSegment::None,
            roll_wanted: false,
            name_wanted: fresh,
            room_job: None,
            room_wanted: 0,
            prepare_at: None,
            seal_at: None,
            marks: Watermarks::recovered(end),
            commits: Commits::new(log_base),
            delayed: Delayed::default(),
            hot: Hot::default(),
            producers,
            durable_wanted: log_base,
            gathering_since: None,
            unsynced_since: None,
            cursors: VecDeque::new(),
            look_failed: false,
            damaged,
            log_start,
            compaction: Compaction::new(listing.cleaned(), scan.next_offset),
            retained: Retained::new(log_start, self.settings.journaled.then_some(floor)),
            outstanding: 0,
            health,
            journaled,
            pointed,
            pressed: false,
        })
    }

    fn writer(&self, end: Position, reader: &File) -> io::Result<Writer> {
        let writing = Writing::closed(reader, self.settings.direct);
        let mut last_block = vec![0; (end.0 % BLOCK as u64) as usize];
        self.fs.read_at(reader, end.0 - last_block.len() as u64, &mut last_block)?;
        let tail = Tail::new(end, &last_block, &self.pool).map_err(|_| {
            io::Error::other("no memory for the last block of a log: raise memory.bytes")
        })?;
        let room = self.first_room(&writing.borrow(), end)?;
        Ok(Writer { writing, tail, room, first_append: None, snapshot: None })
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
