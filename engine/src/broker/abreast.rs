//! The same work on many folders: on several threads, for most of it waits for the device. Results come
//! in the order of the items. On a simulated disk one thread does it all, so that a seed decides the rest.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use headwater_io::file::Fs;

/// Syncs that wait side by side share the flushes of the device.
const THREADS: usize = 8;
/// Less than this for each thread is not worth one.
const ITEMS_MIN: usize = 16;

/// What `work` makes of each item.
pub fn each<T: Sync, R: Send>(fs: &Fs, items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = if fs.is_simulated() { 1 } else { THREADS.min(items.len() / ITEMS_MIN) };
    if threads < 2 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        while let Some((n, item)) = Some(next.fetch_add(1, Ordering::Relaxed))
            .and_then(|n| items.get(n).map(|item| (n, item)))
        {
            done.push((n, work(item)));
        }
        done
    };
    let mut done: Vec<(usize, R)> = thread::scope(|scope| {
        let helpers: Vec<_> = (0..threads).map(|_| scope.spawn(take)).collect();
        let joined = helpers.into_iter().map(|helper| helper.join());
        joined
            .flat_map(|done| done.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    done.sort_by_key(|(n, _)| *n);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order() {
        let items: Vec<usize> = (0..1000).collect();
        let squares: Vec<usize> = items.iter().map(|n| n * n).collect();
        for count in [0, 1, 31, 32, 1000] {
            assert_eq!(each(&Fs::os(), &items[..count], |n| n * n), squares[..count], "{count}");
        }
    }
}
