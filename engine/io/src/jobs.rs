//! I/O threads: where blocking work goes so that a shard's thread never blocks.
//!
//! One pool belongs to one driver. The threads are started before the shard pins itself, so they
//! are free to run on any processor.

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;

use crossbeam_queue::SegQueue;

use crate::file::Fs;
use crate::mailbox::Waker;
use crate::op::Done;

/// Blocking work whose result is the result of an operation.
pub(crate) type Task = Box<dyn FnOnce(&Fs) -> io::Result<Done> + Send>;

pub(crate) struct JobPool {
    queue: mpsc::Sender<(usize, Task)>,
    finished: Arc<SegQueue<(usize, io::Result<Done>)>>,
}

impl JobPool {
    /// Starts `threads` I/O threads that ring `waker` after each task.
    pub(crate) fn start(threads: usize, fs: Fs, waker: Waker) -> io::Result<Self> {
        let (queue, tasks) = mpsc::channel();
        let tasks = Arc::new(Mutex::new(tasks));
        let finished = Arc::new(SegQueue::new());
        for n in 0..threads {
            let (tasks, finished) = (Arc::clone(&tasks), Arc::clone(&finished));
            let (fs, waker) = (fs.clone(), waker.clone());
            thread::Builder::new()
                .name(format!("hw-io-{n}"))
                .spawn(move || work(&tasks, &finished, &fs, &waker))?;
        }
        Ok(JobPool { queue, finished })
    }

    /// Queues a task; its result will carry `slot`.
    pub(crate) fn run(&self, slot: usize, task: Task) {
        self.queue.send((slot, task)).expect("I/O threads live as long as their pool");
    }

    /// The next finished task, if any.
    pub(crate) fn finished(&self) -> Option<(usize, io::Result<Done>)> {
        self.finished.pop()
    }
}

fn work(
    tasks: &Mutex<mpsc::Receiver<(usize, Task)>>,
    finished: &SegQueue<(usize, io::Result<Done>)>,
    fs: &Fs,
    waker: &Waker,
) {
    loop {
        // The lock is held while waiting: threads queue up behind it instead of on the channel.
        let next = tasks.lock().expect("task lock").recv();
        let Ok((slot, task)) = next else { return };
        let result = panic::catch_unwind(AssertUnwindSafe(|| task(fs))).unwrap_or_else(|_| {
            Err(io::Error::other("an I/O task panicked; its message is above"))
        });
        finished.push((slot, result));
        waker.wake();
    }
}
