//! A broker made of a few threads and vectors, on a real loopback socket: enough of Kafka's protocol
//! for the client to be tested from end to end, and able to misbehave on purpose.
//!
//! It does not share code with the engine, only the protocol crate's types.

#![allow(dead_code, reason = "each test program uses a part of it")]

pub mod answer;
mod log;
mod transactions;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use headwater_protocol::error_code::ErrorCode;
pub use log::Topics;

/// What to do with one produce request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Append and acknowledge.
    Behave,
    /// Append nothing and answer with this.
    Refuse(ErrorCode),
    /// Append, then end the connection without an answer.
    AppendAndHangUp,
    /// End the connection without appending.
    HangUp,
    /// Acknowledge without appending.
    Lose,
    /// Append twice, acknowledge once.
    Repeat,
    /// Append with one bit of the last byte flipped.
    Flip,
    /// Forget all producers, then behave.
    ForgetProducers,
}

type Script = Box<dyn FnMut(usize) -> Act + Send>;

/// How it behaves.
pub struct Settings {
    /// Decides about the n-th produce request.
    pub script: Script,
    /// Decides about the n-th request to end a transaction; to append is to end it.
    pub ends: Script,
    /// Waits before each produce answer.
    pub delay: Duration,
    /// Knows ApiVersions only in version 0.
    pub is_old: bool,
    /// Keeps nothing of what is produced, to be as fast as it can.
    pub discards: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            script: Box::new(|_| Act::Behave),
            ends: Box::new(|_| Act::Behave),
            delay: Duration::ZERO,
            is_old: false,
            discards: false,
        }
    }
}

/// Running until dropped.
pub struct FakeBroker {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

pub struct Shared {
    pub address: SocketAddr,
    pub topics: Mutex<Topics>,
    pub script: Mutex<(usize, Script)>,
    pub ends: Mutex<(usize, Script)>,
    pub delay: Duration,
    pub is_old: bool,
    pub discards: bool,
    over: AtomicBool,
}

impl Shared {
    pub fn new(address: SocketAddr, settings: Settings) -> Self {
        Shared {
            address,
            topics: Mutex::default(),
            script: Mutex::new((0, settings.script)),
            ends: Mutex::new((0, settings.ends)),
            delay: settings.delay,
            is_old: settings.is_old,
            discards: settings.discards,
            over: AtomicBool::new(false),
        }
    }
}

impl FakeBroker {
    pub fn start(settings: Settings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::new(address, settings));
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if accepting.over.load(Ordering::Relaxed) {
                    return;
                }
                let (stream, shared) = (stream.unwrap(), Arc::clone(&accepting));
                thread::spawn(move || serve(stream, &shared));
            }
        });
        FakeBroker { address, shared }
    }

    pub fn target(&self) -> String {
        self.address.to_string()
    }

    pub fn topics(&self) -> std::sync::MutexGuard<'_, Topics> {
        self.shared.topics.lock().unwrap()
    }
}

impl Drop for FakeBroker {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(self.address));
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) {
    stream.set_nodelay(true).unwrap();
    let (mut inbox, mut outbox) = (Vec::new(), bytes::BytesMut::new());
    let mut buffer = vec![0; 1 << 20];
    loop {
        let Ok(n @ 1..) = stream.read(&mut buffer) else { return };
        inbox.extend_from_slice(&buffer[..n]);
        let mut at = 0;
        while inbox.len() >= at + 4 {
            let length = u32::from_be_bytes(inbox[at..at + 4].try_into().unwrap()) as usize;
            if inbox.len() < at + 4 + length {
                break;
            }
            if !answer::request(&inbox[at + 4..at + 4 + length], shared, &mut outbox) {
                return;
            }
            at += 4 + length;
        }
        inbox.drain(..at);
        if stream.write_all(&outbox).is_err() {
            return;
        }
        outbox.clear();
    }
}
