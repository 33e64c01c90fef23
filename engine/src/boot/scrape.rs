//! As much of HTTP as a scrape needs: `GET /metrics`, one request per connection, one connection at a time.
//!
//! Written out because it is so little, and so that its limits are ours: a head of 8 KiB, five seconds for all of it. Who
//! is slow costs other scrapers that time, and the shards nothing: their numbers are copied before the first byte is sent.
//! Must not know what is handed out.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::BootError;
use crate::config::listener::Address;
use crate::metrics::text::CONTENT_TYPE;

/// The longest head of a request.
const HEAD_BYTES_MAX: usize = 8 << 10;
/// How long a request and its answer may take together.
const SCRAPE: Duration = Duration::from_secs(5);
/// Bytes given to the socket at once, so that the time is looked at now and then.
const CHUNK_BYTES: usize = 64 << 10;
/// How often a stop is looked for while a client is slow.
const LOOK: Duration = Duration::from_millis(200);
/// After an accept that failed: out of descriptors, most likely.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Binds the address, before anything else is opened.
pub(super) fn bind(address: &Address) -> Result<TcpListener, BootError> {
    let bound = TcpListener::bind((address.host.as_str(), address.port));
    bound.map_err(|e| BootError::Metrics(address.to_string(), e))
}

/// A thread that answers.
pub(super) struct Server {
    addr: SocketAddr,
    stopping: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Server {
    /// Answers with what `text` makes.
    pub(super) fn start(
        listener: TcpListener,
        mut text: impl FnMut() -> Arc<str> + Send + 'static,
    ) -> Result<Self, BootError> {
        let fail = |e| BootError::Io("the thread that hands out metrics", e);
        let addr = listener.local_addr().map_err(fail)?;
        let stopping = Arc::new(AtomicBool::new(false));
        let stops = Arc::clone(&stopping);
        let run = move || {
            while !stops.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((stream, peer)) => {
                        if let Err(error) = Scrape::new(stream, &stops).serve(&mut text) {
                            tracing::debug!(%peer, %error, "a scrape ended early");
                        }
                    }
                    Err(_) => std::thread::sleep(ACCEPT_RETRY),
                }
            }
        };
        let thread = std::thread::Builder::new().name("hw-metrics".to_owned()).spawn(run);
        Ok(Server { addr, stopping, thread: thread.map_err(fail)? })
    }

    /// Where.
    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Ends it: a connection of our own wakes it.
    pub(super) fn stop(self) {
        self.stopping.store(true, Ordering::Relaxed);
        let mut own = self.addr;
        if own.ip().is_unspecified() {
            own.set_ip(if own.is_ipv4() {
                [127, 0, 0, 1].into()
            } else {
                [0, 0, 0, 0, 0, 0, 0, 1].into()
            });
        }
        // One that cannot be woken ends with the process.
        if TcpStream::connect_timeout(&own, SCRAPE).is_ok() {
            drop(self.thread.join());
        }
    }
}

/// One connection.
struct Scrape<'a> {
    stream: TcpStream,
    until: Instant,
    stopping: &'a AtomicBool,
}

impl<'a> Scrape<'a> {
    fn new(stream: TcpStream, stopping: &'a AtomicBool) -> Self {
        Scrape { stream, until: Instant::now() + SCRAPE, stopping }
    }

    fn serve(&mut self, text: &mut impl FnMut() -> Arc<str>) -> io::Result<()> {
        let head = self.read_head()?;
        let mut words = head.split(' ');
        let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let path = target.split('?').next().unwrap_or("");
        match (method, path) {
            ("GET", "/metrics") => self.answer("200 OK", &text()),
            ("GET" | "HEAD", _) => self.answer("404 Not Found", "Metrics are at /metrics.\n"),
            _ => self.answer("405 Method Not Allowed", "Only GET /metrics is answered.\n"),
        }
    }

    /// The first line of the request; the rest is read and passed over.
    fn read_head(&mut self) -> io::Result<String> {
        let mut head = Vec::new();
        let mut chunk = [0; 1024];
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            self.look_at_time()?;
            let Some(n) = in_time(self.stream.read(&mut chunk))? else { continue };
            if n == 0 || head.len() + n > HEAD_BYTES_MAX {
                return Err(io::ErrorKind::InvalidData.into());
            }
            head.extend_from_slice(&chunk[..n]);
        }
        let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
        Ok(String::from_utf8_lossy(line).into_owned())
    }

    fn answer(&mut self, status: &str, body: &str) -> io::Result<()> {
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        for chunk in [head.as_bytes()].into_iter().chain(body.as_bytes().chunks(CHUNK_BYTES)) {
            let mut left = chunk;
            while !left.is_empty() {
                self.look_at_time()?;
                let n = in_time(self.stream.write(left))?.unwrap_or(0);
                left = &left[n..];
            }
        }
        Ok(())
    }

    /// Sets how long the next call may take; an error when time is up, or everything stops.
    fn look_at_time(&self) -> io::Result<()> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() || self.stopping.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left.min(LOOK)))?;
        self.stream.set_write_timeout(Some(left.min(LOOK)))
    }
}

/// Nothing when the call has only taken its time.
fn in_time(done: io::Result<usize>) -> io::Result<Option<usize>> {
    match done {
        Ok(n) => Ok(Some(n)),
        Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
            Ok(None)
        }
        Err(e) => Err(e),
    }
}
