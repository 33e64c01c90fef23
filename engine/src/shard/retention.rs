//! What a shard's partitions forget: all of them are looked at every few minutes, some at a time; and records
//! that clients delete.
//!
//! What goes is decided and done by the logs ([`crate::log::retention`]). Here is only when, and who waits for it.
//! A sweep that leaves something to be done, a roll or a checkpoint, is soon followed by another one.

use std::time::Duration;

use headwater_io::clock::Nanos;

use super::Shard;
use super::letters::{Answer, Refusal, ReplyTo};
use super::partition::Partition;
use super::serve::Moment;
use crate::log::Health;
use crate::log::retention::Retention;
use crate::model::{Offset, PartitionKey};

/// The first sweep comes this long after the start.
const FIRST_SWEEP: Duration = Duration::from_secs(2);
/// When something is left to be done.
const SWEEP_AGAIN: Duration = Duration::from_secs(1);
/// Partitions looked at in one tick.
const PARTITIONS_PER_TICK: usize = 256;
/// Then the shard serves others for a moment.
const GO_ON: Duration = Duration::from_millis(1);

/// When partitions are looked at, and who waits for a log to start later.
#[derive(Default)]
pub(super) struct Keeper {
    /// `None`: not yet, or not any more.
    next: Option<Nanos>,
    interval: Duration,
    next_slot: usize,
    /// Something is left to be done.
    again: bool,
    waiting: Vec<Waiting>,
}

struct Waiting {
    slot: u32,
    log_start: Offset,
    reply_to: ReplyTo,
}

impl Keeper {
    /// Begins nothing any more.
    pub(super) fn stop(&mut self) {
        self.next = None;
    }

    /// When the next partitions are to be looked at.
    pub(super) fn deadline(&self) -> Option<Nanos> {
        self.next
    }

    /// Partitions up to this slot of `slots` were looked at.
    fn has_looked(&mut self, upto: usize, slots: usize, now: Nanos) {
        let done = upto >= slots;
        let rest = match (done, self.again) {
            (false, _) => GO_ON,
            (true, true) => SWEEP_AGAIN.min(self.interval),
            (true, false) => self.interval,
        };
        self.next = Some(now.after(rest));
        self.next_slot = if done { 0 } else { upto };
        self.again &= !done;
    }

    fn take_waiting(&mut self, slot: u32) -> Vec<Waiting> {
        self.waiting.extract_if(.., |waiting| waiting.slot == slot).collect()
    }
}

impl Shard {
    /// Looks for what need not be kept, soon and then so often.
    pub fn sweep_every(&mut self, interval: Duration, now: Nanos) {
        self.keeper.interval = interval;
        self.keeper.next = Some(now.after(FIRST_SWEEP.min(interval)));
    }

    /// Looks at the next partitions, if it is time; `retention_of` says what their topics want to keep.
    pub fn sweep(&mut self, at: Moment, retention_of: &dyn Fn(PartitionKey) -> Option<Retention>) {
        if self.keeper.next.is_none_or(|next| at.now < next) {
            return;
        }
        let (from, slots) = (self.keeper.next_slot, self.slots.capacity());
        let upto = slots.min(from + PARTITIONS_PER_TICK);
        for slot in from..upto {
            self.retain(slot as u32, at, retention_of);
        }
        self.keeper.has_looked(upto, slots, at.now);
    }

    fn retain(
        &mut self,
        slot: u32,
        at: Moment,
        retention_of: &dyn Fn(PartitionKey) -> Option<Retention>,
    ) {
        let partition = self.slots.get_mut(slot as usize).filter(|found| !found.released);
        let Some(partition) = partition else { return };
        let Some(retention) = retention_of(partition.key) else { return };
        let visible = partition.visible().offset;
        if !partition.log.retain(&retention, visible, at.unix_ms) {
            return;
        }
        self.keeper.again = true;
        if let (Some(journal), true) = (&mut self.journal, partition.log.awaits_checkpoint()) {
            journal.want_round();
        }
        self.mark_dirty(slot);
    }

    /// Deletes the records of a partition before `upto`, or all that consumers can see.
    pub(super) fn delete_records(
        &mut self,
        key: PartitionKey,
        upto: Option<Offset>,
        reply_to: ReplyTo,
    ) {
        let Some((slot, found)) = self.find(key) else {
            return self.answer(reply_to, Answer::LogStart(Err(Refusal::Unknown)));
        };
        let log_start = found.log.log_start();
        match found.delete_records(upto) {
            Err(refusal) => self.answer(reply_to, Answer::LogStart(Err(refusal))),
            Ok(upto) if upto <= log_start => self.answer(reply_to, Answer::LogStart(Ok(log_start))),
            Ok(log_start) => {
                self.keeper.waiting.push(Waiting { slot, log_start, reply_to });
                self.mark_dirty(slot);
            }
        }
    }

    /// A log starts later than before, or it could not be written down that it does.
    pub(super) fn started(&mut self, slot: u32) {
        let log = &self.slots[slot as usize].log;
        let (start, mut still) = (log.log_start(), Vec::new());
        for waiting in self.keeper.take_waiting(slot) {
            let answer = match waiting.log_start <= start {
                true => Ok(start),
                false if log.will_start_at(waiting.log_start) => {
                    still.push(waiting);
                    continue;
                }
                false => Err(Refusal::Offline),
            };
            self.answers.push((waiting.reply_to, Answer::LogStart(answer)));
        }
        self.keeper.waiting.append(&mut still);
    }

    /// Nothing will come of what these wait for.
    pub(super) fn refuse_starts(&mut self, slot: u32, refusal: &Refusal) {
        for waiting in self.keeper.take_waiting(slot) {
            let answer = Answer::LogStart(Err(refusal.clone()));
            self.answers.push((waiting.reply_to, answer));
        }
    }
}

impl Partition {
    /// Where the log is to start.
    fn delete_records(&mut self, upto: Option<Offset>) -> Result<Offset, Refusal> {
        if let Health::Failed(_) | Health::Quarantined(_) = self.log.health() {
            return Err(Refusal::Offline);
        }
        let (log_start, high_watermark) = (self.log.log_start(), self.visible().offset);
        let upto = upto.unwrap_or(high_watermark);
        if upto < Offset(0) || upto > high_watermark {
            return Err(Refusal::OutOfRange { log_start, high_watermark });
        }
        self.log.start_at(upto);
        Ok(upto)
    }
}
