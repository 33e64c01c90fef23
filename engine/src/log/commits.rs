//! Group commit: which parts of the log are on their way to the disk, written, or durable.
//!
//! Everything that arrives while a write is in flight gathers in the tail and shares the next one.
//! Units are begun in log order and may complete in any order; only the contiguous prefix counts. A
//! unit's state moves one way, through one method that asserts it. Pure: submits nothing.

use std::collections::VecDeque;

use crate::model::LogByte;

/// Where a unit is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Handed to the device; durable on completion if it said so.
    InFlight { durable: bool },
    /// The device accepted it; a sync must still follow.
    Written,
    /// The sync with this number covers it.
    Syncing(u32),
    /// It survives power loss.
    Durable,
}

#[derive(Clone, Copy, Debug)]
struct Unit {
    segment: u32,
    end: LogByte,
    state: State,
    partial: bool,
}

/// The units of one log that are not yet durable, in log order.
#[derive(Debug)]
pub struct Commits {
    units: VecDeque<Unit>,
    /// Serial number of the first unit in the queue.
    first: u32,
    next_sync: u32,
    in_flight: usize,
    written_to: LogByte,
    durable_to: LogByte,
}

impl Commits {
    /// Nothing on its way; everything before `at` is durable.
    pub fn new(at: LogByte) -> Self {
        Commits {
            units: VecDeque::new(),
            first: 0,
            next_sync: 0,
            in_flight: 0,
            written_to: at,
            durable_to: at,
        }
    }

    /// Units handed to the device and not completed.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Whether the last unit covers a padded block and is still in flight: that block must not be written
    /// again before it completes, for the device may do overlapping writes in any order.
    pub fn tail_block_busy(&self) -> bool {
        self.units.back().is_some_and(|u| u.partial && matches!(u.state, State::InFlight { .. }))
    }

    /// A unit that ends at `end` is handed to the device; its serial number.
    pub fn begin(&mut self, segment: u32, end: LogByte, durable: bool, partial: bool) -> u32 {
        let last = self.submitted_to();
        assert!(end > last, "units begin in log order: {end:?} after {last:?}");
        let serial = self.first.wrapping_add(self.units.len() as u32);
        self.units.push_back(Unit { segment, end, state: State::InFlight { durable }, partial });
        self.in_flight += 1;
        serial
    }

    /// The device accepted a unit.
    pub fn complete(&mut self, serial: u32) {
        let n = serial.wrapping_sub(self.first) as usize;
        let unit = &mut self.units[n];
        unit.step(match unit.state {
            State::InFlight { durable: true } => State::Durable,
            _ => State::Written,
        });
        self.in_flight -= 1;
        self.advance();
    }

    /// Segments with units that are written and that no sync covers.
    pub fn unsynced_segment(&self) -> Option<u32> {
        self.units.iter().find(|unit| unit.state == State::Written).map(|unit| unit.segment)
    }

    /// A sync of a segment begins: it covers what is written now. Its serial number.
    pub fn begin_sync(&mut self, segment: u32) -> u32 {
        let sync = self.next_sync;
        self.next_sync = sync.wrapping_add(1);
        for unit in
            self.units.iter_mut().filter(|u| u.segment == segment && u.state == State::Written)
        {
            unit.step(State::Syncing(sync));
        }
        sync
    }

    /// A sync succeeded.
    pub fn complete_sync(&mut self, sync: u32) {
        for unit in self.units.iter_mut().filter(|unit| unit.state == State::Syncing(sync)) {
            unit.step(State::Durable);
        }
        self.advance();
    }

    /// Whether a sync is under way.
    pub fn syncing(&self) -> bool {
        self.units.iter().any(|unit| matches!(unit.state, State::Syncing(_)))
    }

    /// Everything before this byte was handed to the device.
    pub fn submitted_to(&self) -> LogByte {
        self.units.back().map_or(self.written_to, |unit| unit.end)
    }

    /// Everything before this byte is written.
    pub fn written_to(&self) -> LogByte {
        self.written_to
    }

    /// Everything before this byte is durable.
    pub fn durable_to(&self) -> LogByte {
        self.durable_to
    }

    /// Whether any unit of the segment is not yet durable.
    pub fn busy(&self, segment: u32) -> bool {
        self.units.iter().any(|unit| unit.segment == segment)
    }

    fn advance(&mut self) {
        while let Some(unit) = self.units.front().filter(|unit| unit.state == State::Durable) {
            self.durable_to = unit.end;
            self.written_to = self.written_to.max(unit.end);
            self.units.pop_front();
            self.first = self.first.wrapping_add(1);
        }
        let written = self.units.iter().take_while(|u| !matches!(u.state, State::InFlight { .. }));
        if let Some(unit) = written.last() {
            self.written_to = self.written_to.max(unit.end);
        }
    }
}

impl Unit {
    fn step(&mut self, to: State) {
        let allowed = matches!(
            (self.state, to),
            (State::InFlight { durable: true }, State::Durable)
                | (State::InFlight { durable: false }, State::Written)
                | (State::Written, State::Syncing(_))
                | (State::Syncing(_), State::Durable)
        );
        assert!(allowed, "a unit went from {:?} to {to:?}", self.state);
        self.state = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_contiguous_prefix_counts() {
        let mut commits = Commits::new(LogByte(0));
        let a = commits.begin(0, LogByte(10), true, false);
        let b = commits.begin(0, LogByte(20), true, true);
        assert!(commits.tail_block_busy());
        commits.complete(b);
        assert_eq!((commits.written_to(), commits.durable_to()), (LogByte(0), LogByte(0)));
        commits.complete(a);
        assert_eq!((commits.written_to(), commits.durable_to()), (LogByte(20), LogByte(20)));
        assert_eq!(commits.in_flight(), 0);
    }

    #[test]
    fn a_sync_covers_what_was_written_when_it_began() {
        let mut commits = Commits::new(LogByte(0));
        let a = commits.begin(0, LogByte(10), false, false);
        commits.complete(a);
        let sync = commits.begin_sync(0);
        let b = commits.begin(0, LogByte(20), false, false);
        commits.complete(b);
        commits.complete_sync(sync);
        assert_eq!((commits.written_to(), commits.durable_to()), (LogByte(20), LogByte(10)));
        assert_eq!(commits.unsynced_segment(), Some(0));
    }

    /// A durable write hardens itself alone: on a device with FUA it does not flush what came before.
    #[test]
    fn a_durable_unit_does_not_harden_an_earlier_written_one() {
        let mut commits = Commits::new(LogByte(0));
        let a = commits.begin(0, LogByte(10), false, false);
        let b = commits.begin(0, LogByte(20), true, false);
        commits.complete(a);
        commits.complete(b);
        assert_eq!((commits.written_to(), commits.durable_to()), (LogByte(20), LogByte(0)));
        let sync = commits.begin_sync(0);
        commits.complete_sync(sync);
        assert_eq!(commits.durable_to(), LogByte(20));
    }
}
