//! Letters from one thread to another: a bounded queue and a wake-up that costs a system call only
//! when the receiver sleeps.
//!
//! The order that makes it safe: the sender pushes, then looks at `parked`; the receiver sets
//! `parked`, then looks at its queues once more before it sleeps. Both sides use sequentially
//! consistent operations, so at least one of them sees the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_queue::ArrayQueue;

use crate::sys;

/// Wakes one driver's thread. Cheap when that thread is awake.
#[derive(Clone)]
pub struct Waker(pub(crate) Arc<Bell>);

pub(crate) struct Bell {
    parked: AtomicBool,
    rung: AtomicBool,
    event: Option<std::os::fd::OwnedFd>,
}

impl Waker {
    /// A waker that rings an eventfd, which the backend watches while it sleeps.
    pub(crate) fn with_event() -> std::io::Result<Self> {
        Ok(Waker(Arc::new(Bell {
            parked: AtomicBool::new(false),
            rung: AtomicBool::new(false),
            event: Some(sys::eventfd()?),
        })))
    }

    /// A waker for a backend that never sleeps.
    pub(crate) fn silent() -> Self {
        Waker(Arc::new(Bell {
            parked: AtomicBool::new(false),
            rung: AtomicBool::new(false),
            event: None,
        }))
    }

    /// Makes the thread return from its wait, now or the next time it waits.
    pub fn wake(&self) {
        self.0.rung.store(true, Ordering::SeqCst);
        let event = self.0.event.as_ref();
        if let Some(event) = event.filter(|_| self.0.parked.load(Ordering::SeqCst)) {
            sys::ring(event);
        }
    }

    pub(crate) fn event(&self) -> &std::os::fd::OwnedFd {
        self.0.event.as_ref().expect("this backend sleeps")
    }

    /// Whether somebody has rung; leaves it so.
    pub(crate) fn rung(&self) -> bool {
        self.0.rung.load(Ordering::Relaxed)
    }

    /// True once after each ring.
    pub(crate) fn take_ring(&self) -> bool {
        // Looked at in a spin loop: read before writing, so that the line stays shared.
        self.0.rung.load(Ordering::SeqCst) && self.0.rung.swap(false, Ordering::SeqCst)
    }

    /// Announces sleep. False when somebody rang in the meantime: do not sleep.
    pub(crate) fn try_park(&self) -> bool {
        self.0.parked.store(true, Ordering::SeqCst);
        if self.take_ring() {
            self.unpark();
            return false;
        }
        true
    }

    pub(crate) fn unpark(&self) {
        self.0.parked.store(false, Ordering::SeqCst);
    }
}

/// The sending end: any thread, any number of clones.
pub struct Sender<T> {
    letters: Arc<Letters<T>>,
    waker: Waker,
}

struct Letters<T> {
    queue: ArrayQueue<T>,
    /// The receiver is gone: letters go nowhere.
    closed: AtomicBool,
}

impl<T> Letters<T> {
    fn burn(&self) {
        while self.queue.pop().is_some() {}
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Sender { letters: Arc::clone(&self.letters), waker: self.waker.clone() }
    }
}

impl<T> Sender<T> {
    /// Puts a letter in and wakes the receiver; gives it back when the box is full. When the receiver is
    /// gone the letter is dropped, as are those that it had not read: whoever waits for an answer that
    /// depends on one learns it from its drop.
    pub fn send(&self, letter: T) -> Result<(), T> {
        let Letters { queue, closed } = &*self.letters;
        if closed.load(Ordering::SeqCst) {
            return Ok(());
        }
        queue.push(letter)?;
        // Closed in between: either the receiver has seen the letter, or we see that it is gone.
        match closed.load(Ordering::SeqCst) {
            true => self.letters.burn(),
            false => self.waker.wake(),
        }
        Ok(())
    }
}

/// The receiving end, polled by the thread whose waker was given.
pub struct Receiver<T> {
    letters: Arc<Letters<T>>,
}

impl<T> Receiver<T> {
    /// The oldest letter, if any.
    pub fn receive(&self) -> Option<T> {
        self.letters.queue.pop()
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.letters.closed.store(true, Ordering::SeqCst);
        self.letters.burn();
    }
}

/// A mailbox that holds at most `capacity` letters for the thread behind `waker`.
pub fn mailbox<T>(capacity: usize, waker: Waker) -> (Sender<T>, Receiver<T>) {
    let queue = ArrayQueue::new(capacity);
    let letters = Arc::new(Letters { queue, closed: AtomicBool::new(false) });
    (Sender { letters: Arc::clone(&letters), waker }, Receiver { letters })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_box_gives_the_letter_back() {
        let (tx, rx) = mailbox(1, Waker::silent());
        assert_eq!(tx.send(1), Ok(()));
        assert_eq!(tx.send(2), Err(2));
        assert_eq!(rx.receive(), Some(1));
        assert_eq!(rx.receive(), None);
    }

    #[test]
    fn letters_to_nobody_are_dropped() {
        let letter = Arc::new(());
        let (tx, rx) = mailbox(2, Waker::silent());
        assert_eq!(tx.send(Arc::clone(&letter)), Ok(()));
        drop(rx);
        assert_eq!(Arc::strong_count(&letter), 1);
        for _ in 0..5 {
            assert_eq!(tx.send(Arc::clone(&letter)), Ok(()));
        }
        assert_eq!(Arc::strong_count(&letter), 1);
    }

    #[test]
    fn a_ring_before_sleep_prevents_sleep() {
        let waker = Waker::with_event().unwrap();
        waker.wake();
        assert!(!waker.try_park());
        assert!(waker.try_park());
        waker.unpark();
    }
}
