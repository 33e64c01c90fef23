//! A reply that a program waits for: as a future in any executor, or by blocking.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

/// The promise of a value.
#[must_use = "nothing is known before the reply is there: wait for it or await it"]
pub struct Pending<T>(Arc<Cell<T>>);

/// The other end: fulfils the promise once.
pub struct Completer<T>(Option<Arc<Cell<T>>>);

/// The engine stopped before it replied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

struct Cell<T> {
    state: Mutex<State<T>>,
    arrived: Condvar,
}

enum State<T> {
    Waiting(Option<Waker>),
    Arrived(Result<T, Stopped>),
    Taken,
}

/// A promise and its completer.
pub fn pending<T>() -> (Completer<T>, Pending<T>) {
    let cell = Arc::new(Cell { state: Mutex::new(State::Waiting(None)), arrived: Condvar::new() });
    (Completer(Some(Arc::clone(&cell))), Pending(cell))
}

impl<T> Completer<T> {
    /// Fulfils the promise.
    pub fn complete(mut self, value: T) {
        if let Some(cell) = self.0.take() {
            cell.arrive(Ok(value));
        }
    }
}

impl<T> Drop for Completer<T> {
    /// A promise that nobody will fulfil any more is broken aloud.
    fn drop(&mut self) {
        if let Some(cell) = self.0.take() {
            cell.arrive(Err(Stopped));
        }
    }
}

impl<T> Cell<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().expect("reply lock")
    }

    fn arrive(&self, result: Result<T, Stopped>) {
        let before = std::mem::replace(&mut *self.state(), State::Arrived(result));
        self.arrived.notify_all();
        if let State::Waiting(Some(waker)) = before {
            waker.wake();
        }
    }
}

impl<T> Pending<T> {
    /// Blocks until the reply is there.
    ///
    /// # Errors
    /// When the engine stopped first.
    pub fn wait(self) -> Result<T, Stopped> {
        let mut state = self.0.state();
        loop {
            match std::mem::replace(&mut *state, State::Taken) {
                State::Arrived(result) => return result,
                waiting => *state = waiting,
            }
            state = self.0.arrived.wait(state).expect("reply lock");
        }
    }
}

impl<T> Future for Pending<T> {
    type Output = Result<T, Stopped>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.state();
        match std::mem::replace(&mut *state, State::Taken) {
            State::Arrived(result) => Poll::Ready(result),
            State::Waiting(_) => {
                *state = State::Waiting(Some(context.waker().clone()));
                Poll::Pending
            }
            State::Taken => panic!("polled after it was ready"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrives_from_another_thread_and_breaks_when_dropped() {
        let (completer, reply) = pending();
        let sender = std::thread::spawn(move || completer.complete(7));
        assert_eq!(reply.wait(), Ok(7));
        sender.join().unwrap();
        let (completer, reply) = pending::<u8>();
        drop(completer);
        assert_eq!(reply.wait(), Err(Stopped));
    }

    #[test]
    fn wakes_a_task() {
        let (completer, mut reply) = pending();
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(Pin::new(&mut reply).poll(&mut context), Poll::Pending);
        completer.complete("x");
        assert_eq!(Pin::new(&mut reply).poll(&mut context), Poll::Ready(Ok("x")));
    }
}
