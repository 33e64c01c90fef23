//! A worker that somebody else drives, one tick at a time: as a simulated machine does, where all cores and
//! their clients share one thread and one clock.

use headwater_io::clock::Nanos;

use super::Worker;
use crate::log::Log;

impl Worker {
    /// Begins to accept connections. From now on call [`Worker::tick`] whenever it is due.
    pub fn begin(&mut self) {
        self.place_coordinators();
        self.accept();
    }

    /// When the next tick will have something to do.
    pub fn due(&self) -> Nanos {
        let deadline = self.deadline();
        self.io.next_due().map_or(deadline, |due| due.min(deadline))
    }

    /// Whether it was told to stop, and has.
    pub fn has_stopped(&self) -> bool {
        self.is_stopped()
    }

    /// What its logs were.
    pub fn into_logs(self) -> Vec<Log> {
        self.shard.into_logs()
    }
}
