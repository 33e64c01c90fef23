//! The names under which operations are submitted: who asked, for which slot, which one of them.
//!
//! Free to every layer. Packed into the 64 bits that a completion brings back.

use headwater_io::op::Token;

/// Who owns a completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A connection accepted on the listener.
    Listener,
    /// Received on a connection.
    Receive(u32),
    /// Sent on a connection.
    Send(u32),
    /// An operation of a log.
    Log(u32, LogOp),
    /// A job of the broker or shard.
    Job(u32),
    /// An operation of the shard's journal.
    Journal(JournalOp),
}

/// What a journal's operation was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalOp {
    /// A write of the frame with this serial number.
    Frame(u32),
    /// A sync with this serial number.
    Sync(u32),
    /// A file was made ready for use.
    Prepare,
    /// A checkpoint was written.
    Checkpoint,
}

/// What a log's operation was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogOp {
    /// A write of the unit with this serial number.
    Write(u32),
    /// A sync with this serial number.
    Sync(u32),
    /// A step of file space.
    Room,
    /// A new segment was made ready.
    Prepare,
    /// The new segment got its name.
    Name,
    /// A segment was sealed.
    Seal,
    /// An index was loaded, or a batch looked for.
    Look,
    /// A recovery point was written.
    Point,
    /// Where the log starts was written down.
    Start,
    /// Files of old segments were renamed, or removed.
    Forget,
    /// A step of a cleaning.
    Clean,
}

const LISTENER: u64 = 0;
const RECEIVE: u64 = 1;
const SEND: u64 = 2;
const JOB: u64 = 3;
const WRITE: u64 = 4;
const SYNC: u64 = 5;
const ROOM: u64 = 6;
const PREPARE: u64 = 7;
const NAME: u64 = 8;
const SEAL: u64 = 9;
const LOOK: u64 = 10;
const FRAME: u64 = 11;
const JOURNAL_SYNC: u64 = 12;
const JOURNAL_PREPARE: u64 = 13;
const CHECKPOINT: u64 = 14;
const POINT: u64 = 15;
const START: u64 = 16;
const FORGET: u64 = 17;
const CLEAN: u64 = 18;

/// Slots are below this: 24 bits.
pub const SLOTS_MAX: u32 = 1 << 24;

impl Owner {
    /// Kind in 8 bits, slot in 24, serial number in 32.
    pub fn token(self) -> Token {
        let (kind, slot, serial) = match self {
            Owner::Listener => (LISTENER, 0, 0),
            Owner::Receive(slot) => (RECEIVE, slot, 0),
            Owner::Send(slot) => (SEND, slot, 0),
            Owner::Job(slot) => (JOB, slot, 0),
            Owner::Log(slot, op) => match op {
                LogOp::Write(serial) => (WRITE, slot, serial),
                LogOp::Sync(serial) => (SYNC, slot, serial),
                LogOp::Room => (ROOM, slot, 0),
                LogOp::Prepare => (PREPARE, slot, 0),
                LogOp::Name => (NAME, slot, 0),
                LogOp::Seal => (SEAL, slot, 0),
                LogOp::Look => (LOOK, slot, 0),
                LogOp::Point => (POINT, slot, 0),
                LogOp::Start => (START, slot, 0),
                LogOp::Forget => (FORGET, slot, 0),
                LogOp::Clean => (CLEAN, slot, 0),
            },
            Owner::Journal(op) => match op {
                JournalOp::Frame(serial) => (FRAME, 0, serial),
                JournalOp::Sync(serial) => (JOURNAL_SYNC, 0, serial),
                JournalOp::Prepare => (JOURNAL_PREPARE, 0, 0),
                JournalOp::Checkpoint => (CHECKPOINT, 0, 0),
            },
        };
        assert!(slot < SLOTS_MAX, "slot {slot} does not fit a token");
        Token(kind << 56 | u64::from(slot) << 32 | u64::from(serial))
    }

    /// The owner in a token that [`Owner::token`] made.
    pub fn of(token: Token) -> Self {
        let slot = (token.0 >> 32) as u32 & (SLOTS_MAX - 1);
        let serial = token.0 as u32;
        match token.0 >> 56 {
            LISTENER => Owner::Listener,
            RECEIVE => Owner::Receive(slot),
            SEND => Owner::Send(slot),
            JOB => Owner::Job(slot),
            WRITE => Owner::Log(slot, LogOp::Write(serial)),
            SYNC => Owner::Log(slot, LogOp::Sync(serial)),
            ROOM => Owner::Log(slot, LogOp::Room),
            PREPARE => Owner::Log(slot, LogOp::Prepare),
            NAME => Owner::Log(slot, LogOp::Name),
            SEAL => Owner::Log(slot, LogOp::Seal),
            LOOK => Owner::Log(slot, LogOp::Look),
            POINT => Owner::Log(slot, LogOp::Point),
            START => Owner::Log(slot, LogOp::Start),
            FORGET => Owner::Log(slot, LogOp::Forget),
            CLEAN => Owner::Log(slot, LogOp::Clean),
            FRAME => Owner::Journal(JournalOp::Frame(serial)),
            JOURNAL_SYNC => Owner::Journal(JournalOp::Sync(serial)),
            JOURNAL_PREPARE => Owner::Journal(JournalOp::Prepare),
            CHECKPOINT => Owner::Journal(JournalOp::Checkpoint),
            kind => unreachable!("no operation has kind {kind}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_owner_survives_its_token() {
        let slot = SLOTS_MAX - 1;
        let log = |op| Owner::Log(slot, op);
        for owner in [
            Owner::Listener,
            Owner::Receive(slot),
            Owner::Send(0),
            Owner::Job(7),
            log(LogOp::Write(u32::MAX)),
            log(LogOp::Sync(3)),
            log(LogOp::Room),
            log(LogOp::Prepare),
            log(LogOp::Name),
            log(LogOp::Seal),
            log(LogOp::Look),
            log(LogOp::Point),
            log(LogOp::Clean),
            Owner::Journal(JournalOp::Frame(u32::MAX)),
            Owner::Journal(JournalOp::Sync(1)),
            Owner::Journal(JournalOp::Prepare),
            Owner::Journal(JournalOp::Checkpoint),
        ] {
            assert_eq!(Owner::of(owner.token()), owner);
        }
    }
}
