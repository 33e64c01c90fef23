//! Appending: record set in, offsets out. Copies the bytes into the tail and nothing more; writing is
//! `flow`'s work.

use headwater_io::clock::Nanos;
use headwater_protocol::batch::control::End;
use headwater_protocol::batch::header::{self, BatchHeader, HEADER_BYTES};

use super::producers::transactions::{Ended, MarkerError, MarkerOf, Place};
use super::producers::{SequenceError, Verdict};
use super::record_set::RecordSet;
use super::watermarks::Mark;
use super::{Health, Log};
use crate::model::{LeaderEpoch, Offset, Position};
use crate::rare::{self, Rare};

/// Where a record set went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Offset of its first record.
    pub base_offset: Offset,
    /// The mark that must be passed before it may be acknowledged.
    pub end: Offset,
    /// The time given to all its records, for topics configured so; -1 otherwise.
    pub log_append_time_ms: i64,
    /// Whether it was there already and nothing was appended.
    pub duplicate: bool,
}

/// Why nothing was appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppendError {
    /// Memory or file space is being made; the same append will succeed later. Nothing was changed.
    NotYet,
    /// Not the producer's next batch.
    Sequence(SequenceError),
    /// It would begin a transaction here, of which nobody has said that its coordinator knows of it.
    Unverified,
    /// Not a marker that may end a transaction here.
    Marker(MarkerError),
    /// The disk is full.
    Full,
    /// The log has failed or is quarantined.
    Offline,
}

/// How an append is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppendTime {
    /// Now, on the monotonic clock.
    pub now: Nanos,
    /// The time to give to all records, if the topic says so.
    pub log_append_time_ms: Option<i64>,
}

impl Log {
    /// Appends a record set as a whole or not at all. It may only go on with a transaction that is open
    /// here, unless it is `verified`.
    pub fn append(
        &mut self,
        set: &RecordSet,
        time: AppendTime,
        verified: bool,
    ) -> Result<Appended, AppendError> {
        self.check_health()?;
        if let Some(duplicate) = self.check_sequences(set)? {
            return Ok(duplicate);
        }
        let first = set.first();
        let begins = first.attributes.is_transactional
            && !self.producers.is_open(first.producer_id, first.producer_epoch);
        if begins && !verified {
            return Err(AppendError::Unverified);
        }
        self.append_checked(set, time).map(|(appended, _)| appended)
    }

    /// Appends the marker of a transaction; also the transaction that it ended, if one was open here.
    pub fn append_marker(
        &mut self,
        set: &RecordSet,
        time: AppendTime,
        marker: &MarkerOf,
    ) -> Result<(Appended, Option<Ended>), AppendError> {
        self.check_health()?;
        self.producers.check_marker(marker).map_err(AppendError::Marker)?;
        self.append_checked(set, time)
    }

    fn check_health(&self) -> Result<(), AppendError> {
        match self.health {
            Health::Serving => Ok(()),
            Health::Full { .. } => Err(AppendError::Full),
            Health::Failed(_) | Health::Quarantined(_) => Err(AppendError::Offline),
        }
    }

    fn append_checked(
        &mut self,
        set: &RecordSet,
        time: AppendTime,
    ) -> Result<(Appended, Option<Ended>), AppendError> {
        self.make_room(set, time.now)?;
        let base_offset = self.marks.appended().offset;
        let mut ended = None;
        for (header, bytes) in set.batches() {
            ended = self.append_batch(*header, bytes, time.log_append_time_ms);
        }
        let writer = self.active().writer().expect("the active segment is open");
        writer.first_append.get_or_insert(time.now);
        self.gathering_since.get_or_insert(time.now);
        let appended = Appended {
            base_offset,
            end: self.marks.appended().offset,
            log_append_time_ms: time.log_append_time_ms.unwrap_or(-1),
            duplicate: false,
        };
        Ok((appended, ended))
    }

    /// The original's place when the set is a repetition, `None` when it is new.
    fn check_sequences(&self, set: &RecordSet) -> Result<Option<Appended>, AppendError> {
        // With several batches only the first can be compared with the past; Kafka allows one batch a
        // request, so more than one comes from nobody who is idempotent.
        match self.producers.check(set.first()).map_err(AppendError::Sequence)? {
            Verdict::Append => Ok(None),
            Verdict::Duplicate { base_offset, next_offset } => {
                rare::reached(Rare::DuplicateAnswered);
                Ok(Some(Appended {
                    base_offset,
                    end: next_offset,
                    log_append_time_ms: -1,
                    duplicate: true,
                }))
            }
        }
    }

    /// Memory and file space for the set, in a new segment if they do not fit into this one.
    fn make_room(&mut self, set: &RecordSet, now: Nanos) -> Result<(), AppendError> {
        let bytes = set.bytes().len();
        let (segment_bytes, age_max) = (self.settings.segment_bytes, self.settings.segment_age_max);
        if self.active().is_due(set, segment_bytes, age_max, now) && !self.roll() {
            return Err(AppendError::NotYet);
        }
        let pool = self.pool.clone();
        let writer = self.active().writer().expect("the active segment is open");
        if !writer.room.fits(writer.tail.end(), bytes) {
            self.room_wanted = bytes;
            return Err(AppendError::NotYet);
        }
        writer.tail.reserve(bytes, &pool).map_err(|_| AppendError::NotYet)
    }

    fn append_batch(
        &mut self,
        mut header: BatchHeader,
        bytes: &[u8],
        log_append_time_ms: Option<i64>,
    ) -> Option<Ended> {
        let base = self.marks.appended().offset;
        let LeaderEpoch(epoch) = self.epoch;
        header.base_offset = base.0;
        header.leader_epoch = epoch;
        let segment = self.segments.back_mut().expect("a log has a segment");
        let at = segment.end();
        let writer = segment.writer().expect("the active segment is open");
        match log_append_time_ms {
            // The usual case: only the first bytes change, and no checksum covers them.
            None => {
                let (head, records) = bytes.split_at(HEADER_BYTES);
                let mut head: [u8; HEADER_BYTES] = head.try_into().expect("header size");
                header::set_base_offset(&mut head, base.0);
                header::set_leader_epoch(&mut head, epoch);
                writer.tail.append(&head);
                writer.tail.append(records);
            }
            Some(time_ms) => {
                let mut batch = bytes.to_vec();
                header::set_base_offset(&mut batch, base.0);
                header::set_leader_epoch(&mut batch, epoch);
                header::set_log_append_time(&mut batch, time_ms);
                header.max_timestamp = time_ms;
                writer.tail.append(&batch);
            }
        }
        segment.index.add(at, &header);
        let place = Place { segment: segment.base, position: at };
        let ended = self.producers.note(&header, place, End::of(&header, bytes));
        let end = Position(at.0 + bytes.len() as u64);
        let byte = segment.log_byte(end);
        self.marks.append(Mark { byte, offset: Offset(header.next_offset()) });
        ended
    }
}
