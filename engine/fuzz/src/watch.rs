//! Watches over inputs that do not come back: a parser that runs for ever prints nothing, and a panic does not happen.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// No input takes so long by half a minute.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(500);
const HANGS: i32 = 1;

/// Ends the process when one seed lasts too long. Over when it is dropped.
pub struct Watch {
    seed: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

impl Watch {
    /// Begins to watch.
    pub fn over(target: &'static str) -> Self {
        let watch = Watch { seed: Arc::default(), over: Arc::default() };
        let (seed, over) = (Arc::clone(&watch.seed), Arc::clone(&watch.over));
        // Left to itself: a thread that is waited for would make every run end with a pause.
        thread::spawn(move || look(target, &seed, &over));
        watch
    }

    /// Where the seed that is being checked must always stand.
    pub fn seed(&self) -> &AtomicU64 {
        &self.seed
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

fn look(target: &str, seed: &AtomicU64, over: &AtomicBool) {
    let (mut last, mut since) = (seed.load(Ordering::Relaxed), Duration::ZERO);
    while !over.load(Ordering::Relaxed) {
        thread::sleep(LOOK_EVERY);
        let now = seed.load(Ordering::Relaxed);
        since = if now == last { since + LOOK_EVERY } else { Duration::ZERO };
        last = now;
        if since >= PATIENCE && !over.load(Ordering::Relaxed) {
            println!("FAIL {target}: seed {now} has not come back for {PATIENCE:?}");
            println!("  repeat with: fuzz repeat {target} {now}");
            std::process::exit(HANGS);
        }
    }
}
