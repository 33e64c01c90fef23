//! Stopping: no new requests, answers to those in service, everything flushed, and then an end; each
//! stage with a limit, so that a slow client or disk cannot hold it up for ever.
//!
//! A shard whose own clients are answered goes on serving the other shards until theirs are, too.

use std::time::Duration;

use headwater_io::clock::Nanos;

use super::Worker;
use super::mail::Letter;
use crate::model::ShardId;

/// How long requests in service may take.
const ANSWERS: Duration = Duration::from_secs(3);
/// How long flushing may take. What is not durable by then was not acknowledged as such.
const FLUSH: Duration = Duration::from_secs(20);

/// How far a worker is with stopping.
#[derive(Default)]
pub(super) enum Stop {
    /// Not asked for.
    #[default]
    Running,
    /// Requests in service are answered.
    Draining(Nanos),
    /// They are, here; other shards may still ask.
    Drained(Nanos),
    /// Logs are flushed.
    Flushing(Nanos),
    /// Nothing is left to do.
    Stopped,
}

impl Stop {
    pub(super) fn deadline(&self) -> Option<Nanos> {
        match self {
            Stop::Draining(until) | Stop::Drained(until) | Stop::Flushing(until) => Some(*until),
            Stop::Running | Stop::Stopped => None,
        }
    }
}

impl Worker {
    pub(super) fn begin_stop(&mut self) {
        if let Stop::Running = self.stop {
            // Parked fetches would wait for records that will not come.
            let parked: Vec<_> = self.deadlines.iter().map(|(_, call)| *call).collect();
            self.drop_parked(parked);
            // So would members of groups wait for others: they look for their coordinator again.
            for connection in self.waiting_members() {
                self.close_connection(connection, "the broker stops");
            }
            self.drain_connections();
            self.stop = Stop::Draining(self.now().after(ANSWERS));
        }
    }

    pub(super) fn advance_stop(&mut self) {
        let now = self.now();
        if let Stop::Draining(until) = self.stop
            && (now >= until || !self.has_busy_connections())
        {
            self.stop = Stop::Drained(until);
            self.drained_shards += 1;
            for shard in (0..self.mail.shards()).map(|n| ShardId(n as u16)) {
                if shard != self.id {
                    self.mail.send(shard, Letter::Drained);
                }
            }
            // This may be the last thing that this shard says.
            self.mail.flush();
        }
        if let Stop::Drained(until) = self.stop
            && (now >= until || self.drained_shards >= self.mail.shards())
        {
            self.shard.flush_all();
            self.stop = Stop::Flushing(now.after(FLUSH));
        }
        // At once: a shard that has nothing to flush gets no completion that would wake it.
        if let Stop::Flushing(until) = self.stop
            && (now >= until || (self.shard.is_quiet() && !self.mail.is_backed_up()))
        {
            if now >= until {
                tracing::error!(
                    "stopped before everything was flushed: the disk did not answer in time"
                );
            }
            self.stop = Stop::Stopped;
        }
    }

    pub(super) fn is_stopped(&self) -> bool {
        matches!(self.stop, Stop::Stopped)
    }

    fn drop_parked(&mut self, parked: Vec<crate::shard::letters::CallId>) {
        for call in parked {
            self.end_wait(call);
        }
    }
}
