//! Clients that are over their quotas: their connections are not read for as long as they were told to stay away. Most
//! clients do not stay away by themselves.

use std::time::Duration;

use headwater_io::clock::Nanos;

use super::Worker;

impl Worker {
    /// Reads nothing more from a connection for so long.
    pub(super) fn throttle(&mut self, slot: u32, wait: Duration, now: Nanos) {
        if wait.is_zero() {
            return;
        }
        if let Some(connection) = self.connections.get_mut(slot as usize) {
            let until = now.after(wait);
            connection.mute(until);
            self.throttled.insert((until, slot));
        }
    }

    /// Reads again from connections whose time is up. One that has been throttled again meanwhile, or has taken the place
    /// of one that is gone, stays as it is.
    pub(super) fn end_throttles(&mut self) {
        let now = self.now();
        while let Some(&(until, slot)) = self.throttled.first().filter(|(until, _)| *until <= now) {
            self.throttled.remove(&(until, slot));
            if let Some(connection) = self.connections.get_mut(slot as usize) {
                connection.unmute(now);
                self.touched.push(slot);
            }
        }
    }
}
