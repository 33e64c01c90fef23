//! The log of `serve`, on standard error, written by a thread of its own: whoever reads standard error, or
//! does not, must never hold up a shard.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::time::Duration;

/// Lines that may wait; more are dropped, and counted.
const LINES_MAX: usize = 4096;
/// How long the end of the program waits for its last lines.
const LAST_LINES: Duration = Duration::from_secs(1);

/// The way to the log's thread; cheap to clone.
#[derive(Clone)]
pub struct Log {
    lines: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
}

enum Message {
    Line(Vec<u8>),
    Flush(mpsc::Sender<()>),
}

impl Log {
    /// Starts the log. `HEADWATER_LOG` chooses what is logged, as in `HEADWATER_LOG=headwater=debug`.
    pub fn start() -> Self {
        let filter = tracing_subscriber::EnvFilter::try_from_env("HEADWATER_LOG")
            .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
        let (lines, received) = mpsc::sync_channel(LINES_MAX);
        let dropped = Arc::new(AtomicU64::new(0));
        let log = Log { lines, dropped: Arc::clone(&dropped) };
        let thread = std::thread::Builder::new().name("hw-log".to_owned());
        // Without a thread nothing reads the lines: they are dropped, the broker runs all the same.
        drop(thread.spawn(move || write_lines(&received, &dropped, &mut io::stderr())));
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_env_filter(filter);
        let subscriber = subscriber.with_writer(move || writer.clone());
        // Fails only when a program that calls this has its own: then that one is right.
        drop(subscriber.try_init());
        log
    }

    /// Waits, but not for long, until everything logged so far is written.
    pub fn flush(&self) {
        let (done_to, done) = mpsc::channel();
        if self.lines.try_send(Message::Flush(done_to)).is_ok() {
            let _ = done.recv_timeout(LAST_LINES);
        }
    }
}

/// One call for each line, which never waits.
impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if let Err(TrySendError::Full(_)) = self.lines.try_send(Message::Line(line.to_vec())) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_lines(received: &Receiver<Message>, dropped: &AtomicU64, out: &mut impl Write) {
    for message in received {
        // Nobody can be told that standard error is gone.
        match message {
            Message::Line(line) => drop(out.write_all(&line)),
            Message::Flush(done) => drop(done.send(())),
        }
        let dropped = dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            drop(writeln!(
                out,
                "{dropped} lines of the log were dropped: they came faster than they were read"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_nobody_reads_are_dropped_and_counted() {
        let (lines, received) = mpsc::sync_channel(2);
        let dropped = Arc::new(AtomicU64::new(0));
        let mut log = Log { lines, dropped: Arc::clone(&dropped) };
        for n in 0..5 {
            log.write_all(format!("line {n}\n").as_bytes()).unwrap();
        }
        drop(log);
        let mut out = Vec::new();
        write_lines(&received, &dropped, &mut out);
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("line 0\n3 lines of the log were dropped"), "{text}");
        assert!(text.ends_with("line 1\n"), "{text}");
    }
}
