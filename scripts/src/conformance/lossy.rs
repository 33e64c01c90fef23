//! A network that loses answers: a broker behind a proxy that passes requests on, waits for the answer to every so many
//! Produce, and hangs up instead of handing it over. The records were written, the client must think they were not: only
//! an idempotent producer writes them once.

use super::broker::Broker;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

/// The answer to every so many Produce is lost.
const EVERY: u32 = 5;
const PRODUCE: i16 = 0;

/// A broker that clients reach through the proxy only.
pub struct Lossy {
    broker: Broker,
    /// Of the proxy.
    pub address: String,
    counters: Arc<Counters>,
}

#[derive(Default)]
struct Counters {
    produced: AtomicU32,
    lost: AtomicU32,
}

impl Lossy {
    /// Starts a broker like `other` behind a proxy.
    pub fn start(other: &Broker, folder: PathBuf) -> Result<Self, String> {
        let told = |e: io::Error| format!("proxy: {e}");
        let listener = TcpListener::bind("127.0.0.1:0").map_err(told)?;
        let address = listener.local_addr().map_err(told)?.to_string();
        let data_dir = folder.join("data");
        let mut broker = Broker::wrapped(other, Vec::new(), folder, data_dir);
        broker.set(format!("advertised.listeners=PLAINTEXT://{address}"));
        broker.start()?;
        let counters = Arc::new(Counters::default());
        let (target, shared) = (broker.address.clone(), Arc::clone(&counters));
        thread::spawn(move || accept(&listener, &target, &shared));
        Ok(Self { broker, address, counters })
    }

    /// Answers lost so far.
    pub fn lost(&self) -> u32 {
        self.counters.lost.load(Ordering::SeqCst)
    }
}

impl Drop for Lossy {
    fn drop(&mut self) {
        self.broker.kill();
    }
}

fn accept(listener: &TcpListener, target: &str, counters: &Arc<Counters>) {
    for client in listener.incoming().flatten() {
        let (target, counters) = (target.to_owned(), Arc::clone(counters));
        // A connection that ends is nothing to tell: clients come again.
        thread::spawn(move || drop(pass(&client, &target, &counters)));
    }
}

/// Passes requests and answers, one at a time and in order, until an answer is lost or somebody hangs up.
fn pass(mut client: &TcpStream, target: &str, counters: &Counters) -> io::Result<()> {
    let mut broker = TcpStream::connect(target)?;
    client.set_nodelay(true)?;
    broker.set_nodelay(true)?;
    loop {
        let request = frame(&mut client)?;
        broker.write_all(&request)?;
        let answer = frame(&mut broker)?;
        if is_produce(&request) && counters.is_lost() {
            return client.shutdown(Shutdown::Both);
        }
        client.write_all(&answer)?;
    }
}

impl Counters {
    fn is_lost(&self) -> bool {
        let produced = self.produced.fetch_add(1, Ordering::SeqCst) + 1;
        let is_lost = produced.is_multiple_of(EVERY);
        self.lost.fetch_add(u32::from(is_lost), Ordering::SeqCst);
        is_lost
    }
}

fn is_produce(request: &[u8]) -> bool {
    request.get(4..6) == Some(&PRODUCE.to_be_bytes())
}

/// A request or an answer, with its size in front.
fn frame(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut size = [0; 4];
    stream.read_exact(&mut size)?;
    let mut frame = size.to_vec();
    stream.take(u64::from(u32::from_be_bytes(size))).read_to_end(&mut frame)?;
    Ok(frame)
}
