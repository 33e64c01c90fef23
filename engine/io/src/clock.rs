//! Time as the engine sees it: a monotonic clock for deadlines and a wall clock for timestamps.
//!
//! Under simulation both are virtual, so nothing above may ask the operating system for the time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A point on the monotonic clock, in nanoseconds since an arbitrary start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Nanos(pub u64);

impl Nanos {
    /// The point `d` later; saturates.
    pub fn after(self, d: Duration) -> Nanos {
        Nanos(self.0.saturating_add(u64::try_from(d.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// How long from `earlier` to here; zero when `earlier` is later.
    pub fn since(self, earlier: Nanos) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Tells the time; cheap to clone and to read.
#[derive(Clone)]
pub enum Clock {
    /// The machine's clocks.
    Real(Instant),
    /// A virtual clock that only the simulation moves.
    Sim(Arc<SimClock>),
}

/// A clock that stands still until it is moved.
#[derive(Default)]
pub struct SimClock {
    now: AtomicU64,
}

/// Wall-clock time at which every simulation starts: 2026-01-01T00:00:00Z.
const SIM_EPOCH_MS: i64 = 1_767_225_600_000;

impl SimClock {
    /// Moves the clock forward to `to`; never back.
    pub fn advance_to(&self, to: Nanos) {
        self.now.fetch_max(to.0, Ordering::Relaxed);
    }
}

impl Clock {
    /// The machine's clocks. All of a process count from the same moment, so that threads may compare their times.
    pub fn real() -> Self {
        static START: OnceLock<Instant> = OnceLock::new();
        Clock::Real(*START.get_or_init(Instant::now))
    }

    /// Monotonic time.
    pub fn now(&self) -> Nanos {
        match self {
            Clock::Real(start) => Nanos(start.elapsed().as_nanos() as u64),
            Clock::Sim(clock) => Nanos(clock.now.load(Ordering::Relaxed)),
        }
    }

    /// Milliseconds since 1970, as in record timestamps.
    pub fn unix_ms(&self) -> i64 {
        match self {
            Clock::Real(_) => {
                SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64)
            }
            Clock::Sim(clock) => {
                SIM_EPOCH_MS + (clock.now.load(Ordering::Relaxed) / 1_000_000) as i64
            }
        }
    }
}
