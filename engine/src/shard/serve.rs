//! Answers the questions of [`super::letters::Ask`], one small method each.

use std::io;

use headwater_io::clock::Nanos;
use headwater_io::driver::Driver;
use headwater_io::file::Fs;
use headwater_io::op::Op;

use super::Shard;
use super::letters::{
    Acks, Answer, Ask, Isolation, OffsetAt, ReadAnswer, ReadAsk, Refusal, ReplyTo, Seen,
};
use super::partition::{Append, Partition, What};
use crate::log::epochs::EpochLookup;
use crate::log::look::TimeHit;
use crate::log::record_set::RecordSet;
use crate::model::{LeaderEpoch, PartitionKey};

/// The time at which a question is served.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// On the monotonic clock.
    pub now: Nanos,
    /// On the wall, in milliseconds since 1970.
    pub unix_ms: i64,
}

/// A read with whom to answer.
pub(super) struct ReadQuestion {
    reads: Vec<ReadAsk>,
    bytes_max: u64,
    reply_to: ReplyTo,
}

/// A search in files, on an I/O thread; what it finds is the answer to `reply_to`.
pub struct Search {
    /// What to submit; it ends as an [`Answer`].
    pub op: Op,
    /// Who asked.
    pub reply_to: ReplyTo,
    /// The answer if it does not end.
    pub refuse: Refuse,
}

/// Makes an answer of a refusal.
pub type Refuse = fn(Refusal) -> Answer;

impl Search {
    fn new(
        reply_to: ReplyTo,
        refuse: Refuse,
        look: impl FnOnce(&Fs) -> io::Result<Answer> + Send + 'static,
    ) -> Self {
        let run = move |fs: &Fs| {
            look(fs).unwrap_or_else(|error| {
                tracing::error!(%error, "a segment could not be searched");
                refuse(Refusal::Offline)
            })
        };
        Search { op: Op::Job(Box::new(move |fs| Box::new(run(fs)))), reply_to, refuse }
    }
}

impl Shard {
    /// Serves one question; the answer may come later. Returns a job that the caller must run.
    pub fn serve(
        &mut self,
        ask: Ask,
        reply_to: ReplyTo,
        at: Moment,
        io: &mut Driver,
    ) -> Option<Search> {
        match ask {
            Ask::Append { partition, set, acks, verified } => {
                let what = What::Records { verified };
                let unix_ms = at.unix_ms;
                self.append(partition, Append { set, what, acks, unix_ms, reply_to }, at.now);
            }
            Ask::Marker { partition, of, marker } => {
                let (what, acks, unix_ms) = (What::Marker(of), Acks::All, at.unix_ms);
                let set = RecordSet::marker(&of, marker, unix_ms);
                self.append(partition, Append { set, what, acks, unix_ms, reply_to }, at.now);
            }
            Ask::Read { reads, bytes_max } => {
                self.read(ReadQuestion { reads, bytes_max, reply_to }, io)
            }
            Ask::Watch(seen) => self.watch(&seen, reply_to),
            Ask::Unwatch(partitions, call) => {
                for key in partitions {
                    if let Some((_, found)) = self.find(key) {
                        found.unwatch(call);
                    }
                }
            }
            Ask::Offset { partition, at, epoch, isolation } => {
                return self.offset(partition, at, (epoch, isolation), reply_to);
            }
            Ask::EpochEnd { partition, known, epoch } => {
                return self.epoch_end(partition, (known, epoch), reply_to);
            }
            Ask::Producers(partition) => {
                let producers = self.find(partition).map(|(_, found)| found.producers());
                let answer = producers.unwrap_or(Err(Refusal::Unknown));
                self.answer(reply_to, Answer::Producers(answer));
            }
            Ask::Sizes(partitions) => {
                let size = |key| Some(self.find(key)?.1.log.size_bytes());
                let sizes = partitions.into_iter().map(size).collect();
                self.answer(reply_to, Answer::Sizes(sizes));
            }
            Ask::DeleteRecords { partition, upto } => {
                self.delete_records(partition, upto, reply_to)
            }
            Ask::Flush(partition) => match self.find(partition) {
                Some((slot, found)) => {
                    let mut answers = Vec::new();
                    found.flush(at.now, reply_to, &mut answers);
                    self.answers.append(&mut answers);
                    self.mark_dirty(slot);
                }
                None => self.answer(reply_to, Answer::Marks(Err(Refusal::Unknown))),
            },
            Ask::Marks(partition) => {
                let marks = self.find(partition).map(|(_, found)| found.marks());
                self.answer(reply_to, Answer::Marks(marks.ok_or(Refusal::Unknown)));
            }
        }
        None
    }

    fn append(&mut self, key: PartitionKey, append: Append, now: Nanos) {
        let Some((slot, found)) = self.find(key) else {
            return self.answer(append.reply_to, Answer::Appended(Err(Refusal::Unknown)));
        };
        let mut answers = Vec::new();
        found.append(append, now, &mut answers);
        self.answers.append(&mut answers);
        self.mark_dirty(slot);
    }

    pub(super) fn find(&mut self, key: PartitionKey) -> Option<(u32, &mut Partition)> {
        let slot = *self.by_key.get(&key)?;
        Some((slot, &mut self.slots[slot as usize]))
    }

    pub(super) fn answer(&mut self, reply_to: ReplyTo, answer: Answer) {
        self.answers.push((reply_to, answer));
    }

    /// Reads everything, or nothing yet: when a batch must be looked for in a file first, the whole
    /// question waits until it is found.
    fn read(&mut self, question: ReadQuestion, io: &mut Driver) {
        let mut left = question.bytes_max;
        let mut results = Vec::with_capacity(question.reads.len());
        let mut waits_for = None;
        for ask in &question.reads {
            let result = match self.find(ask.partition) {
                None => Err(Refusal::Unknown),
                Some((slot, found)) => match check_epoch(ask.epoch, found.log.epoch()) {
                    Err(refusal) => Err(refusal),
                    Ok(()) => found.read(ask, ask.bytes_max.min(left)).unwrap_or_else(|look| {
                        found.look(look, io);
                        waits_for = Some(slot);
                        Ok(ReadAnswer::default())
                    }),
                },
            };
            left = left.saturating_sub(result.as_ref().map_or(0, |read| read.bytes));
            results.push(result);
        }
        match waits_for {
            Some(slot) => self.looking.push((slot, question)),
            None => self.answer(question.reply_to, Answer::Read(results)),
        }
    }

    /// The partition is gone: what waited for it to find a batch is answered without it.
    pub(super) fn refuse_looking(&mut self, slot: u32) {
        for (waits_for, question) in std::mem::take(&mut self.looking) {
            match waits_for == slot {
                true => {
                    let unknown = question.reads.iter().map(|_| Err(Refusal::Unknown)).collect();
                    self.answer(question.reply_to, Answer::Read(unknown));
                }
                false => self.looking.push((waits_for, question)),
            }
        }
    }

    /// A look of this partition has ended: asks again what waited for it.
    pub(super) fn looked(&mut self, slot: u32, io: &mut Driver) {
        let waiting = std::mem::take(&mut self.looking);
        for (waits_for, question) in waiting {
            match waits_for == slot {
                true => self.read(question, io),
                false => self.looking.push((waits_for, question)),
            }
        }
    }

    /// Only the first partition that has moved needs to wake the caller.
    fn watch(&mut self, all_seen: &[Seen], reply_to: ReplyTo) {
        let ReplyTo::Call { shard, call, part } = reply_to else { return };
        for seen in all_seen {
            let reply_to = ReplyTo::Call { shard, call, part };
            match self.find(seen.partition) {
                None => self.answer(reply_to, Answer::Moved),
                Some((slot, found)) => {
                    found.watch(*seen, reply_to);
                    self.mark_dirty(slot);
                }
            }
        }
    }

    fn offset(
        &mut self,
        key: PartitionKey,
        at: OffsetAt,
        (epoch, isolation): (i32, Isolation),
        reply_to: ReplyTo,
    ) -> Option<Search> {
        let Some((_, found)) = self.find(key) else {
            self.answer(reply_to, Answer::Offset(Err(Refusal::Unknown)));
            return None;
        };
        let current = found.log.epoch();
        if let Err(refusal) = check_epoch(epoch, current) {
            self.answer(reply_to, Answer::Offset(Err(refusal)));
            return None;
        }
        let (start, visible) = (found.log.log_start(), found.end(isolation));
        let timestamp_ms = match at {
            OffsetAt::Time(timestamp_ms) => timestamp_ms,
            OffsetAt::MaxTimestamp => found.log.max_timestamp_ms(),
            OffsetAt::Start | OffsetAt::End => {
                let offset = if at == OffsetAt::Start { start } else { visible.offset };
                let hit = TimeHit { offset, timestamp_ms: -1 };
                self.answer(reply_to, Answer::Offset(Ok((Some(hit), current))));
                return None;
            }
        };
        if start == visible.offset || timestamp_ms > found.log.max_timestamp_ms() {
            self.answer(reply_to, Answer::Offset(Ok((None, current))));
            return None;
        }
        let look = found.log.look_for_time(timestamp_ms, visible);
        let refuse = |refusal| Answer::Offset(Err(refusal));
        let found = move |hit| Answer::Offset(Ok((hit, current)));
        Some(Search::new(reply_to, refuse, move |fs| look.run(fs).map(found)))
    }

    fn epoch_end(
        &mut self,
        key: PartitionKey,
        (known, epoch): (i32, i32),
        reply_to: ReplyTo,
    ) -> Option<Search> {
        let found = self.find(key).ok_or(Refusal::Unknown);
        let found = found.and_then(|(_, partition)| {
            check_epoch(known, partition.log.epoch())?;
            partition.epoch_end(LeaderEpoch(epoch))
        });
        let refuse = |refusal| Answer::EpochEnd(Err(refusal));
        match found {
            Err(refusal) => self.answer(reply_to, refuse(refusal)),
            Ok(EpochLookup::Known(end)) => self.answer(reply_to, Answer::EpochEnd(Ok(end))),
            Ok(EpochLookup::Look(look)) => {
                let found = |end| Answer::EpochEnd(Ok(Some(end)));
                return Some(Search::new(reply_to, refuse, move |fs| look.run(fs).map(found)));
            }
        }
        None
    }
}

fn check_epoch(known: i32, current: LeaderEpoch) -> Result<(), Refusal> {
    match known {
        -1 => Ok(()),
        known if known < current.0 => Err(Refusal::FencedEpoch),
        known if known > current.0 => Err(Refusal::UnknownEpoch),
        _ => Ok(()),
    }
}
