//! One connection: what waits to be sent, what has been received, which answers are expected.
//!
//! A connection has at most one send and one receive under way: everything that was queued while a
//! send was under way leaves together in the next. Requests are answered in the order they were sent,
//! as the protocol promises. Must not know what the requests are for.

use std::collections::VecDeque;
use std::fmt;
use std::io;

use bytes::{Bytes, BytesMut};
use headwater_io::clock::Nanos;
use headwater_io::socket::Socket;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::frame::{self, LENGTH_PREFIX_BYTES};

use super::network::Owner;
use super::versions::Versions;

/// Room offered to the kernel when nothing is known of what comes.
const RECEIVE_BYTES_MIN: usize = 64 << 10;
/// An answer larger than this is a broker gone mad.
const FRAME_BYTES_MAX: usize = 1 << 30;

/// Why a connection ended.
#[derive(Debug)]
pub enum Closed {
    /// It was never there.
    Connect(io::Error),
    /// It broke.
    Broken(io::Error),
    /// The broker ended it.
    ByBroker,
    /// No answer in time.
    TimedOut,
    /// What came is not Kafka's protocol.
    Garbage(String),
    /// The broker does not speak any version of this API that we do.
    NoCommonVersion(ApiKey),
    /// The broker refused to say which versions it speaks.
    Refused(ErrorCode),
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Closed::Connect(e) => write!(f, "cannot connect: {e}"),
            Closed::Broken(e) => write!(f, "connection broke: {e}"),
            Closed::ByBroker => write!(f, "the broker closed the connection"),
            Closed::TimedOut => write!(f, "no answer in time"),
            Closed::Garbage(what) => write!(f, "the answer is not Kafka's protocol: {what}"),
            Closed::NoCommonVersion(api) => {
                write!(f, "the broker speaks no version of {api} that this program does")
            }
            Closed::Refused(code) => write!(f, "the broker refused: {}", code.name()),
        }
    }
}

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Being made.
    Connecting,
    /// Asking which versions the broker speaks.
    Greeting,
    /// Requests may be sent.
    Open,
    /// Over; kept until the kernel has given everything back.
    Closed,
}

/// An answer that has to come.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// As sent in the request.
    pub correlation_id: i32,
    /// Which API was asked.
    pub api: ApiKey,
    /// In which version.
    pub version: i16,
    /// The asker's name for the request.
    pub tag: u64,
    /// When to stop waiting.
    pub deadline: Nanos,
}

/// See the module.
pub struct Connection {
    /// Who uses it.
    pub owner: Owner,
    /// How far it is.
    pub state: State,
    /// The socket, once connected.
    pub socket: Option<Socket>,
    /// What both sides speak, once greeted.
    pub versions: Versions,
    /// Parts of requests that wait for the send under way.
    pub outbox: Vec<Bytes>,
    /// Requests in the outbox, and in the send under way, that will never be answered.
    pub unanswered_queued: Vec<u64>,
    /// See `unanswered_queued`.
    pub unanswered_sending: Vec<u64>,
    /// Whether a send, and a receive, are under way.
    pub sending: bool,
    /// See `sending`.
    pub receiving: bool,
    /// Whether it is being connected.
    pub connecting: bool,
    /// Answers in the order in which they must come.
    pub expected: VecDeque<Expected>,
    inbox: BytesMut,
    inbox_capacity: usize,
    next_correlation_id: i32,
}

impl Connection {
    /// One that is being made.
    pub fn new(owner: Owner) -> Self {
        Connection {
            owner,
            state: State::Connecting,
            socket: None,
            versions: Versions::default(),
            outbox: Vec::new(),
            unanswered_queued: Vec::new(),
            unanswered_sending: Vec::new(),
            sending: false,
            receiving: false,
            connecting: true,
            expected: VecDeque::new(),
            inbox: BytesMut::new(),
            inbox_capacity: 0,
            next_correlation_id: 0,
        }
    }

    /// True when the kernel holds nothing of it any more.
    pub fn is_idle(&self) -> bool {
        !(self.sending || self.receiving || self.connecting)
    }

    /// The number of the next request.
    pub fn take_correlation_id(&mut self) -> i32 {
        let id = self.next_correlation_id;
        self.next_correlation_id = (id + 1) & i32::MAX;
        id
    }

    /// The buffer for the next receive: what is left of the last one, with room for the frame that
    /// has begun.
    pub fn take_inbox(&mut self) -> BytesMut {
        let mut inbox = std::mem::take(&mut self.inbox);
        if inbox.is_empty() && inbox.capacity() < self.inbox_capacity {
            // Have the memory of the last frames again, if whoever looked at them is done.
            let _ = inbox.try_reclaim(self.inbox_capacity);
        }
        let begun = frame::frame_len(&inbox, FRAME_BYTES_MAX).ok().flatten();
        let missing =
            begun.map_or(0, |length| (LENGTH_PREFIX_BYTES + length).saturating_sub(inbox.len()));
        inbox.reserve(missing.max(RECEIVE_BYTES_MIN));
        self.inbox_capacity = self.inbox_capacity.max(inbox.capacity());
        inbox
    }

    /// Puts back what was received.
    pub fn put_inbox(&mut self, inbox: BytesMut) {
        self.inbox = inbox;
    }

    /// The next whole frame, without its length.
    pub fn next_frame(&mut self) -> Result<Option<Bytes>, Closed> {
        let length = frame::frame_len(&self.inbox, FRAME_BYTES_MAX);
        let Some(length) = length.map_err(|e| Closed::Garbage(e.to_string()))? else {
            return Ok(None);
        };
        if self.inbox.len() < LENGTH_PREFIX_BYTES + length {
            return Ok(None);
        }
        let whole = self.inbox.split_to(LENGTH_PREFIX_BYTES + length).freeze();
        Ok(Some(whole.slice(LENGTH_PREFIX_BYTES..)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(bytes: &[u8]) -> Connection {
        let mut connection = Connection::new(Owner::Control);
        let mut inbox = connection.take_inbox();
        inbox.extend_from_slice(bytes);
        connection.put_inbox(inbox);
        connection
    }

    #[test]
    fn frames_come_out_whole() {
        let mut c = connection(&[0, 0, 0, 2, 7, 8, 0, 0, 0, 1, 9, 0, 0, 0]);
        assert_eq!(c.next_frame().unwrap().unwrap(), [7, 8][..]);
        assert_eq!(c.next_frame().unwrap().unwrap(), [9][..]);
        assert!(c.next_frame().unwrap().is_none());
        let mut inbox = c.take_inbox();
        inbox.extend_from_slice(&[1, 5]);
        c.put_inbox(inbox);
        assert_eq!(c.next_frame().unwrap().unwrap(), [5][..]);
    }

    #[test]
    fn room_is_made_for_the_frame_that_has_begun() {
        let mut c = connection(&(3i32 << 20).to_be_bytes());
        assert!(c.next_frame().unwrap().is_none());
        assert!(c.take_inbox().capacity() >= 3 << 20);
    }

    #[test]
    fn memory_of_frames_that_were_let_go_is_used_again() {
        let mut c = connection(&[0, 0, 0, 1, 5]);
        let frame = c.next_frame().unwrap().unwrap();
        let before = frame.as_ptr();
        drop(frame);
        let mut inbox = c.take_inbox();
        inbox.extend_from_slice(&[0; 5]);
        assert_eq!(inbox[4..].as_ptr(), before);
    }

    #[test]
    fn nonsense_ends_the_connection() {
        assert!(matches!(connection(&[0xff; 4]).next_frame(), Err(Closed::Garbage(_))));
    }
}
