//! One connection: bytes in, frames out; answers in, bytes out, in the order of the questions.
//!
//! Receiving really stops when the connection has too much in service: its socket fills, and the client
//! waits. Memory is taken as bytes arrive, not as a length prefix promises.

use std::collections::VecDeque;
use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use headwater_io::clock::Nanos;
use headwater_io::op::Op;
use headwater_io::socket::Socket;
use headwater_protocol::frame::{self, FrameError, LENGTH_PREFIX_BYTES};

use super::limits::{Limits, RECEIVE_BYTES_MAX, RECEIVE_BYTES_MIN};
use super::outgoing::Outgoing;
use crate::log::read::Piece;
use crate::shard::letters::CallId;

/// One connection.
pub struct Connection {
    socket: Socket,
    /// The other end.
    pub peer: SocketAddr,
    /// Received and not yet taken as frames; away while an operation has it.
    buffer: Option<BytesMut>,
    receive_bytes: usize,
    /// What [`Connection::missing_bytes`] was when the buffer went away.
    missing: usize,
    /// Questions in service, oldest first, with the size of each.
    in_service: VecDeque<(Place, usize)>,
    /// Bytes of answers among them, which wait for older ones.
    ready_bytes: u64,
    outgoing: Outgoing,
    /// Bytes of the send in flight.
    sending_bytes: u64,
    sending: bool,
    state: State,
    /// Nothing is taken from it before this, for its client's quotas.
    muted_until: Option<Nanos>,
    /// Requests in service that no later one may overtake.
    held_back_by: u32,
    /// When something last arrived, or was last taken by the client.
    pub heard: Nanos,
    /// When bytes last arrived.
    pub received_at: Nanos,
    /// When the send in flight was started.
    pub sends_since: Nanos,
    /// What its core has counted of [`Connection::unsent_bytes`].
    pub counted_bytes: u64,
    /// What its core has counted of [`Connection::partial_bytes`].
    pub counted_partial: usize,
}

/// Where a question's answer goes in the order of answers.
enum Place {
    /// Not answered yet.
    Waiting(CallId),
    /// Answered, but an older one is not.
    Ready(Vec<Piece>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// No more requests are taken; answers are still sent.
    Draining,
    /// Shut down; waits for operations in flight.
    Closed,
}

impl Connection {
    /// A connection that was just accepted.
    pub fn new(socket: Socket, peer: SocketAddr, now: Nanos) -> Self {
        Connection {
            socket,
            peer,
            buffer: Some(BytesMut::new()),
            receive_bytes: RECEIVE_BYTES_MIN,
            missing: 0,
            in_service: VecDeque::new(),
            ready_bytes: 0,
            outgoing: Outgoing::default(),
            sending_bytes: 0,
            sending: false,
            state: State::Open,
            muted_until: None,
            held_back_by: 0,
            heard: now,
            received_at: now,
            sends_since: now,
            counted_bytes: 0,
            counted_partial: 0,
        }
    }

    /// Received bytes come back with their buffer; 0 of them means the client is done sending.
    pub fn received(&mut self, buffer: BytesMut, n: usize, now: Nanos) {
        (self.heard, self.received_at) = (now, now);
        // A full receive asks for larger ones, a nearly empty one for smaller.
        if n >= self.receive_bytes {
            self.receive_bytes = (self.receive_bytes * 4).min(RECEIVE_BYTES_MAX);
        }
        self.buffer = Some(buffer);
        if n == 0 && self.state == State::Open {
            self.state = State::Draining;
        }
    }

    /// The next whole frame without its length, if there is one and the connection may have more in
    /// service.
    ///
    /// # Errors
    /// When the length makes no sense: nothing that follows can be understood.
    pub fn next_frame(&mut self, limits: &Limits) -> Result<Option<Bytes>, FrameError> {
        let full = self.is_full(limits) || self.is_held();
        let Some(buffer) = self.buffer.as_mut().filter(|_| !full && self.state != State::Closed)
        else {
            return Ok(None);
        };
        let Some(len) = frame::frame_len(buffer, limits.request_bytes)? else { return Ok(None) };
        if buffer.len() < LENGTH_PREFIX_BYTES + len {
            return Ok(None);
        }
        let mut whole = buffer.split_to(LENGTH_PREFIX_BYTES + len);
        if whole.len() > RECEIVE_BYTES_MAX {
            // The rest would keep all the memory that this one took for as long as the connection lives.
            *buffer = BytesMut::from(&buffer[..]);
        }
        Ok(Some(whole.split_off(LENGTH_PREFIX_BYTES).freeze()))
    }

    /// Whether it has as much in service, or waiting to be sent, as it may have.
    fn is_full(&self, limits: &Limits) -> bool {
        let waiting = self.outgoing.bytes() + self.ready_bytes;
        self.in_service.len() >= limits.requests || waiting > limits.outgoing_bytes as u64
    }

    /// A question is in service.
    pub fn begin(&mut self, call: CallId, request_bytes: usize) {
        self.in_service.push_back((Place::Waiting(call), request_bytes));
    }

    /// A question is answered (perhaps with nothing). Returns the request bytes that are no longer held.
    pub fn answer(&mut self, call: CallId, parts: Vec<Piece>) -> usize {
        let place = self
            .in_service
            .iter_mut()
            .find(|(place, _)| matches!(place, Place::Waiting(c) if *c == call));
        if let Some((place, _)) = place {
            self.ready_bytes += parts.iter().map(Piece::len).sum::<u64>();
            *place = Place::Ready(parts);
        }
        let mut freed = 0;
        while let Some((Place::Ready(_), _)) = self.in_service.front() {
            let Some((Place::Ready(parts), bytes)) = self.in_service.pop_front() else {
                unreachable!()
            };
            freed += bytes;
            self.ready_bytes -= parts.iter().map(Piece::len).sum::<u64>();
            self.outgoing.push(parts);
        }
        freed
    }

    /// The receive to start now, if one is due.
    pub fn next_receive(&mut self, limits: &Limits, may_receive: bool) -> Option<Op> {
        let quiet = self.is_held() || !may_receive;
        if self.is_full(limits) || quiet || self.state != State::Open {
            return None;
        }
        let missing = self.missing_bytes(limits);
        let mut buffer = self.buffer.take()?;
        self.missing = missing;
        // As much again as has arrived, at most: a length alone buys no memory.
        let grow = missing.min(buffer.len()).max(self.receive_bytes);
        if buffer.capacity() - buffer.len() < grow.min(missing.max(RECEIVE_BYTES_MIN)) {
            buffer.reserve(grow);
        }
        Some(Op::Recv { socket: self.socket.clone(), buf: buffer })
    }

    /// The send to start now, if one is due.
    pub fn next_send(&mut self) -> Option<Op> {
        if self.sending || self.state == State::Closed {
            return None;
        }
        let before = self.outgoing.bytes();
        let op = self.outgoing.next(&self.socket)?;
        self.sending_bytes = before - self.outgoing.bytes();
        self.sending = true;
        Some(op)
    }

    /// A send has ended.
    pub fn sent(&mut self, now: Nanos) {
        self.heard = now;
        self.sending_bytes = 0;
        self.sending = false;
    }

    /// Bytes of answers that the client has not taken yet.
    pub fn unsent_bytes(&self) -> u64 {
        self.ready_bytes + self.outgoing.bytes() + self.sending_bytes
    }

    /// Bytes received that are no whole request yet.
    pub fn partial_bytes(&self) -> usize {
        self.buffer.as_ref().map_or(self.counted_partial, BytesMut::len)
    }

    /// Bytes that its request in the making still lacks; 0 when it has none that can be understood.
    pub fn missing_bytes(&self, limits: &Limits) -> usize {
        let Some(buffer) = &self.buffer else { return self.missing };
        let wanted = frame::frame_len(buffer, limits.request_bytes).ok().flatten();
        wanted.map_or(0, |len| (LENGTH_PREFIX_BYTES + len).saturating_sub(buffer.len()))
    }

    /// Takes nothing from the client until then; it is not to blame for its silence.
    pub fn mute(&mut self, until: Nanos) {
        self.muted_until = self.muted_until.max(Some(until));
        self.heard = self.heard.max(until);
    }

    /// Takes from it again, if it is time.
    pub fn unmute(&mut self, now: Nanos) {
        self.muted_until = self.muted_until.filter(|until| *until > now);
    }

    /// A request in service takes a way on which a later one would overtake it: nothing is taken until it is through.
    pub fn hold_back(&mut self) {
        self.held_back_by += 1;
    }

    /// It is through.
    pub fn let_go(&mut self) {
        self.held_back_by -= 1;
    }

    fn is_held(&self) -> bool {
        self.muted_until.is_some() || self.held_back_by > 0
    }

    /// Takes no more requests; what is in service is answered first.
    pub fn drain(&mut self) {
        if self.state == State::Open {
            self.state = State::Draining;
        }
    }

    /// Ends the connection now.
    pub fn close(&mut self) {
        self.state = State::Closed;
        self.socket.shutdown();
    }

    /// Whether everything that was asked is answered and sent and no more will be asked.
    pub fn is_done(&self) -> bool {
        self.state == State::Draining
            && self.in_service.is_empty()
            && self.outgoing.bytes() == 0
            && !self.sending
    }

    /// Whether requests of it are in service.
    pub fn has_requests(&self) -> bool {
        !self.in_service.is_empty()
    }

    /// Whether it holds so little that it may receive even when memory is short: nothing in service, and
    /// no more of a request than a small one has.
    pub fn is_light(&self) -> bool {
        self.in_service.is_empty() && self.partial_bytes() < RECEIVE_BYTES_MAX
    }

    /// Whether it is closed and no operation is in flight any more.
    pub fn is_gone(&self) -> bool {
        self.state == State::Closed && !self.sending && self.buffer.is_some()
    }

    /// Whether a question is in service or an answer on its way.
    pub fn is_busy(&self) -> bool {
        !self.in_service.is_empty() || self.sending || self.outgoing.bytes() > 0
    }

    /// Whether it makes no progress and the client is to blame: nothing is asked, or answers are not taken.
    pub fn waits_for_client(&self) -> bool {
        self.in_service.is_empty() || self.sending
    }

    /// The calls that nobody will hear the answers of.
    pub fn abandon(&mut self) -> (Vec<CallId>, usize) {
        let held = self.in_service.iter().map(|(_, bytes)| bytes).sum();
        let calls = self.in_service.drain(..).filter_map(|(place, _)| match place {
            Place::Waiting(call) => Some(call),
            Place::Ready(_) => None,
        });
        (calls.collect(), held)
    }

    /// A receive failed: its buffer is gone, the connection is over.
    pub fn receive_failed(&mut self) {
        self.buffer = Some(BytesMut::new());
        self.close();
    }
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
