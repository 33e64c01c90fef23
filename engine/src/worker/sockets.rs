//! Connections of one core: accepting them, feeding their frames to calls, sending what calls answer.

use std::io;
use std::time::Duration;

use headwater_io::clock::Nanos;
use headwater_io::op::{Done, Op};

use super::Worker;
use crate::net::connection::Connection;
use crate::token::Owner;

/// After an accept that failed.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

impl Worker {
    /// Accepts again when a failure is long enough ago.
    pub(super) fn retry_accept(&mut self) {
        let now = self.now();
        if self.accept_again.is_some_and(|at| at <= now) {
            self.accept_again = None;
            self.accept();
        }
    }

    /// Waits for the next connection.
    pub fn accept(&mut self) {
        if let Some(listener) = self.listener.clone() {
            self.io.submit(Op::Accept { listener }, Owner::Listener.token());
        }
    }

    pub(super) fn accepted(&mut self, result: io::Result<Done>) {
        match result {
            Ok(Done::Accepted(socket, peer)) => {
                if self.connections.len() >= self.limits.connections {
                    tracing::warn!(%peer, connections = self.connections.len(), "refused: raise max.connections");
                    socket.shutdown();
                    self.counted.connections.refused += 1;
                } else {
                    self.counted.connections.accepted += 1;
                    let slot =
                        self.connections.insert(Connection::new(socket, peer, self.now())) as u32;
                    self.touched.push(slot);
                }
            }
            Ok(_) => unreachable!("an accept ends as one"),
            // Out of descriptors, most likely: at once it would only fail again.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted: raise `ulimit -n`, or close some");
                self.accept_again = Some(self.now().after(ACCEPT_RETRY));
                return;
            }
        }
        self.accept();
    }

    pub(super) fn received(&mut self, slot: u32, result: io::Result<Done>) {
        let now = self.now();
        let Some(connection) = self.connections.get_mut(slot as usize) else { return };
        match result {
            Ok(Done::Received(buffer, n)) => {
                connection.received(buffer, n, now);
                self.favoured_received(slot, now);
            }
            Ok(_) => unreachable!("a receive ends as one"),
            Err(_) => connection.receive_failed(),
        }
        self.touched.push(slot);
    }

    pub(super) fn sent(&mut self, slot: u32, result: io::Result<Done>) {
        let now = self.now();
        let Some(connection) = self.connections.get_mut(slot as usize) else { return };
        self.counted.connections.sends.record(now.since(connection.sends_since));
        connection.sent(now);
        if result.is_err() {
            connection.close();
        }
        self.touched.push(slot);
    }

    /// Gives every connection that was touched its turn: frames to calls, answers to the socket, and the
    /// next receive, unless memory is short.
    pub(super) fn serve_touched(&mut self) {
        for slot in std::mem::take(&mut self.touched) {
            self.take_frames(slot);
            self.count_held(slot);
            let may_receive = self.may_receive(slot);
            let Some(connection) = self.connections.get_mut(slot as usize) else { continue };
            if let Some(send) = connection.next_send() {
                connection.sends_since = self.io.clock().now();
                self.io.submit(send, Owner::Send(slot).token());
            }
            if let Some(receive) = connection.next_receive(&self.limits, may_receive) {
                self.io.submit(receive, Owner::Receive(slot).token());
            }
            if connection.is_done() {
                connection.close();
            }
            if connection.is_gone() {
                self.forget(slot);
            }
        }
    }

    fn take_frames(&mut self, slot: u32) {
        loop {
            let Some(connection) = self.connections.get_mut(slot as usize) else { return };
            match connection.next_frame(&self.limits) {
                Ok(Some(frame)) => self.begin_call(slot, &frame),
                Ok(None) => return,
                Err(error) => return self.close_connection(slot, &error.to_string()),
            }
        }
    }

    /// Ends a connection because of what its client did.
    pub(super) fn close_connection(&mut self, slot: u32, why: &str) {
        let Some(connection) = self.connections.get_mut(slot as usize) else { return };
        tracing::info!(peer = %connection.peer, why, "connection closed");
        self.counted.connections.ended += 1;
        connection.close();
        self.touched.push(slot);
    }

    fn forget(&mut self, slot: u32) {
        let mut connection = self.connections.remove(slot as usize);
        self.unsent_bytes -= connection.counted_bytes;
        self.held_bytes -= connection.counted_partial;
        self.no_longer_favoured(slot);
        let (calls, held) = connection.abandon();
        self.held_bytes -= held;
        self.drop_calls(calls);
    }

    /// Closes connections that have said nothing for too long.
    pub(super) fn close_idle(&mut self, now: Nanos) {
        let idle = self.config.connection_idle_ms_max.map(Duration::from_millis);
        let idle = idle.unwrap_or(Duration::MAX);
        let mut slots: Vec<u32> = Vec::new();
        for (slot, connection) in &mut self.connections {
            if connection.waits_for_client() && now.since(connection.heard) > idle {
                connection.close();
            }
            // Also those that memory kept from receiving get another look.
            slots.push(slot as u32);
        }
        self.touched.extend(slots);
    }

    /// Looks again at all connections.
    pub(super) fn touch_all(&mut self) {
        self.touched.extend(self.connections.iter().map(|(slot, _)| slot as u32));
    }

    /// Takes no more requests from anybody.
    pub(super) fn drain_connections(&mut self) {
        self.listener = None;
        for (_, connection) in &mut self.connections {
            connection.drain();
        }
        self.touch_all();
    }

    pub(super) fn has_busy_connections(&self) -> bool {
        self.connections.iter().any(|(_, connection)| connection.is_busy())
    }
}
