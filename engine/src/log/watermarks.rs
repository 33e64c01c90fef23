//! How far a log has come: *appended* (in memory) >= *written* (the device accepted it) >= *durable*
//! (flushed; survives power loss). The only setters assert the order and that nothing goes back.

use std::collections::VecDeque;

use crate::model::{LogByte, Offset};

/// A point in a log between two batches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// Bytes before it.
    pub byte: LogByte,
    /// Offset of the record after it.
    pub offset: Offset,
}

/// The three marks of one log.
#[derive(Clone, Debug)]
pub struct Watermarks {
    appended: Mark,
    written: Mark,
    durable: Mark,
    /// Ends of the batches after `durable`, oldest first.
    ends: VecDeque<Mark>,
    /// How many of `ends` are at or before `written`.
    written_ends: usize,
}

impl Watermarks {
    /// All three at the end of what recovery found.
    pub fn recovered(end: Mark) -> Self {
        Watermarks {
            appended: end,
            written: end,
            durable: end,
            ends: VecDeque::new(),
            written_ends: 0,
        }
    }

    /// End of what is in memory.
    pub fn appended(&self) -> Mark {
        self.appended
    }

    /// End of what the device accepted.
    pub fn written(&self) -> Mark {
        self.written
    }

    /// End of what survives power loss.
    pub fn durable(&self) -> Mark {
        self.durable
    }

    /// A batch was appended and ends at `end`.
    pub fn append(&mut self, end: Mark) {
        assert!(end > self.appended, "appended would go back: {end:?} after {self:?}");
        self.appended = end;
        self.ends.push_back(end);
    }

    /// Bytes before `byte` are written: the mark moves to the last batch that ends there or before.
    pub fn write(&mut self, byte: LogByte) {
        while let Some(end) = self.ends.get(self.written_ends).filter(|end| end.byte <= byte) {
            self.written = *end;
            self.written_ends += 1;
        }
        self.check();
    }

    /// Bytes before `byte` are durable.
    pub fn harden(&mut self, byte: LogByte) {
        while let Some(end) = self.ends.front().copied().filter(|end| end.byte <= byte) {
            assert!(self.written_ends > 0, "durable before written: {end:?} in {self:?}");
            self.durable = end;
            self.ends.pop_front();
            self.written_ends -= 1;
        }
        self.check();
    }

    fn check(&self) {
        assert!(
            self.appended >= self.written && self.written >= self.durable,
            "appended >= written >= durable does not hold: {self:?}"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(byte: u64, offset: i64) -> Mark {
        Mark { byte: LogByte(byte), offset: Offset(offset) }
    }

    #[test]
    fn marks_stop_at_whole_batches() {
        let mut marks = Watermarks::recovered(mark(100, 10));
        marks.append(mark(200, 15));
        marks.append(mark(350, 16));
        marks.write(LogByte(349));
        assert_eq!((marks.written(), marks.durable()), (mark(200, 15), mark(100, 10)));
        marks.write(LogByte(350));
        marks.harden(LogByte(300));
        assert_eq!((marks.written(), marks.durable()), (mark(350, 16), mark(200, 15)));
        marks.harden(LogByte(350));
        assert_eq!(marks.durable(), marks.appended());
    }

    #[test]
    #[should_panic(expected = "durable before written")]
    fn durable_cannot_overtake_written() {
        let mut marks = Watermarks::recovered(mark(0, 0));
        marks.append(mark(10, 1));
        marks.harden(LogByte(10));
    }
}
