//! Who waits for which mark of a log, and is told in log order.

use std::collections::VecDeque;

use super::letters::{AppendAnswer, ReplyTo};
use crate::model::Offset;

/// Waiters of one partition for one mark. They come in log order, so they go in log order.
#[derive(Default)]
pub struct Waiters(VecDeque<Waiter>);

struct Waiter {
    end: Offset,
    reply_to: ReplyTo,
    answer: Waited,
}

/// What a waiter is told when its mark is passed.
pub enum Waited {
    /// Its record set is as safe as it wanted.
    Append(AppendAnswer),
    /// Everything appended before it asked is durable.
    Flush,
}

impl Waiters {
    /// Somebody waits until the mark is at or beyond `end`.
    pub fn push(&mut self, end: Offset, reply_to: ReplyTo, answer: Waited) {
        // A repetition of an old batch waits for an offset that others have passed: it goes before them.
        let at = self.0.partition_point(|waiter| waiter.end <= end);
        self.0.insert(at, Waiter { end, reply_to, answer });
    }

    /// The mark is at `mark`: everybody who waited for less is taken out.
    pub fn release(&mut self, mark: Offset, mut tell: impl FnMut(ReplyTo, Waited)) {
        while self.0.front().is_some_and(|waiter| waiter.end <= mark) {
            let waiter = self.0.pop_front().expect("just seen");
            tell(waiter.reply_to, waiter.answer);
        }
    }

    /// Takes everybody out, unanswered.
    pub fn drain(&mut self) -> impl Iterator<Item = (ReplyTo, Waited)> + '_ {
        self.0.drain(..).map(|waiter| (waiter.reply_to, waiter.answer))
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
