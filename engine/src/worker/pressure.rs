//! When memory is short: who may still receive, and who must give back what it holds.
//!
//! Light connections go on; of those with a large request in the making, one at a time, the one that
//! lacks least. It must get on, or it is closed: a request that is never finished would keep its memory,
//! and everybody else waiting, for ever.

use std::time::Duration;

use headwater_io::clock::Nanos;

use super::Worker;

/// The favoured connection may be silent for this long.
const SILENCE: Duration = Duration::from_secs(1);
/// And must send at least this much in a second.
const BYTES_PER_SECOND_MIN: u64 = 1 << 20;

/// The one connection that may complete a large request.
pub(super) struct Favoured {
    slot: u32,
    /// When it will have been silent for too long.
    silent_at: Nanos,
    /// When it should be done.
    done_at: Nanos,
}

impl Worker {
    /// Whether memory is short.
    pub(super) fn is_pressed(&self) -> bool {
        self.held_bytes >= self.limits.held_bytes || self.shard.is_pressed()
    }

    /// Whether a connection may receive now.
    pub(super) fn may_receive(&mut self, slot: u32) -> bool {
        let Some(connection) = self.connections.get(slot as usize) else { return false };
        if !self.is_pressed() || connection.is_light() {
            return true;
        }
        if connection.has_requests() {
            return false;
        }
        let missing = connection.missing_bytes(&self.limits);
        let favoured = self.favoured.as_ref().map(|favoured| favoured.slot);
        let least = favoured.and_then(|slot| self.connections.get(slot as usize));
        let least = least.map(|connection| connection.missing_bytes(&self.limits));
        if favoured != Some(slot) && least.is_none_or(|least| missing < least) {
            self.favour(slot, missing as u64);
        }
        self.favoured.as_ref().is_some_and(|favoured| favoured.slot == slot)
    }

    fn favour(&mut self, slot: u32, missing: u64) {
        let now = self.now();
        let time = Duration::from_millis(missing * 1000 / BYTES_PER_SECOND_MIN);
        let (silent_at, done_at) = (now.after(SILENCE), now.after(SILENCE + time));
        self.favoured = Some(Favoured { slot, silent_at, done_at });
    }

    /// A connection has received something.
    pub(super) fn favoured_received(&mut self, slot: u32, now: Nanos) {
        if let Some(favoured) = self.favoured.as_mut().filter(|favoured| favoured.slot == slot) {
            favoured.silent_at = now.after(SILENCE);
        }
    }

    /// A connection is gone, or has no large request in the making any more.
    pub(super) fn no_longer_favoured(&mut self, slot: u32) {
        if self.favoured.as_ref().is_some_and(|favoured| favoured.slot == slot) {
            self.favoured = None;
            // Others may have been waiting for it.
            self.touch_all();
        }
    }

    /// When the favoured connection will have had its chance.
    pub(super) fn turn_end(&self) -> Option<Nanos> {
        self.favoured.as_ref().map(|favoured| favoured.silent_at.min(favoured.done_at))
    }

    /// Counts what a connection holds.
    pub(super) fn count_held(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot as usize) else { return };
        let partial = connection.partial_bytes();
        let before = std::mem::replace(&mut connection.counted_partial, partial);
        self.held_bytes = self.held_bytes + partial - before;
        let unsent = connection.unsent_bytes();
        let before = std::mem::replace(&mut connection.counted_bytes, unsent);
        self.unsent_bytes = self.unsent_bytes + unsent - before;
        if connection.is_light() || connection.has_requests() {
            self.no_longer_favoured(slot);
        }
    }

    /// Once a tick: takes the turn from a favoured connection that does not use it; when memory is no
    /// longer short, everybody may receive again.
    pub(super) fn look_at_pressure(&mut self) {
        let pressed = self.is_pressed();
        if std::mem::replace(&mut self.was_pressed, pressed) && !pressed {
            self.favoured = None;
            self.touch_all();
        }
        let now = self.now();
        let slot = self.favoured.as_ref().map(|favoured| favoured.slot);
        if let Some(slot) = slot.filter(|_| self.turn_end().is_some_and(|end| end <= now)) {
            self.favoured = None;
            let why = "its request came too slowly while memory was short";
            self.close_connection(slot, why);
            self.touch_all();
        }
    }
}
