//! What the loopback network does with our ring: round trips of small messages, and a stream.
//!
//! Two threads, each with a ring of its own and tied to a processor of its own where there are two,
//! stand in for the client and the broker.

use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use headwater_io::clock::Nanos;
use headwater_io::cpu;
use headwater_io::driver::{Backend, Driver};
use headwater_io::op::{Completion, Done, Op, Token};
use headwater_io::socket::{Listener, Socket};

use super::Sample;
use super::latency::Latencies;

const REQUEST_BYTES: usize = 128;
const ANSWER_BYTES: usize = 16;
const RECEIVE_BYTES: usize = 256 << 10;

/// Requests of 128 bytes answered with 16, `in_flight` at a time.
pub fn round_trips(
    backend: Backend,
    spin: Duration,
    in_flight: usize,
    time: Duration,
) -> io::Result<Sample> {
    let client = move |socket| ask(End::open(backend, spin, socket)?, in_flight, time);
    let (mut sample, cpu_ns) = both_ends(backend, spin, answer, client)?;
    sample.cpu_ns = cpu_ns;
    Ok(sample)
}

/// A sender and a receiver, as fast as it goes, in pieces of `chunk_bytes`.
pub fn stream(backend: Backend, chunk_bytes: usize, time: Duration) -> io::Result<Sample> {
    let spin = Duration::ZERO;
    let client = move |socket| pour(End::open(backend, spin, socket)?, chunk_bytes, time);
    let (mut sample, cpu_ns) = both_ends(backend, spin, drain, client)?;
    sample.cpu_ns = cpu_ns;
    Ok(sample)
}

/// Runs `serve` and `client` on two threads with one connection between them; what the client
/// measured, and the processor time that the server took.
fn both_ends(
    backend: Backend,
    spin: Duration,
    serve: fn(End) -> io::Result<()>,
    client: impl FnOnce(Socket) -> io::Result<Sample> + Send + 'static,
) -> io::Result<(Sample, u64)> {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = Listener::bind(any, false)?;
    let address = listener.local_addr()?;
    let cpus = cpu::usable();
    let (first, last) = (cpus.first().copied(), cpus.last().copied());
    let server = thread::spawn(move || {
        pin(first);
        let end = End::accept(backend, spin, listener)?;
        let cpu_start_ns = cpu::thread_cpu_ns();
        serve(end)?;
        Ok::<u64, io::Error>(cpu::thread_cpu_ns() - cpu_start_ns)
    });
    let client = thread::spawn(move || {
        pin(last);
        client(Socket::connect(address)?)
    });
    let sample = client.join().expect("the client does not panic")?;
    let cpu_ns = server.join().expect("the server does not panic")?;
    Ok((sample, cpu_ns))
}

fn pin(cpu: Option<usize>) {
    // Not being tied makes the figure noisier, not wrong.
    cpu.map(cpu::pin);
}

/// One end of a connection with its ring.
struct End {
    driver: Driver,
    socket: Socket,
    out: Vec<Completion>,
}

impl End {
    fn open(backend: Backend, spin: Duration, socket: Socket) -> io::Result<End> {
        Ok(End { driver: Driver::open(backend, spin)?, socket, out: Vec::new() })
    }

    fn accept(backend: Backend, spin: Duration, listener: Listener) -> io::Result<End> {
        let mut driver = Driver::open(backend, spin)?;
        driver.submit(Op::Accept { listener }, Token(0));
        let mut out = Vec::new();
        while out.is_empty() {
            driver.wait(&mut out, Nanos(u64::MAX));
        }
        match out.remove(0).result? {
            Done::Accepted(socket, _) => Ok(End { driver, socket, out }),
            _ => unreachable!("only an accept was submitted"),
        }
    }

    fn send(&mut self, bytes: Bytes) {
        let op = Op::Send { socket: self.socket.clone(), parts: vec![bytes] };
        self.driver.submit(op, Token(1));
    }

    fn receive(&mut self, buf: BytesMut) {
        self.driver.submit(Op::Recv { socket: self.socket.clone(), buf }, Token(2));
    }

    /// Waits; then hands each completion on until `handle` says that it is the end.
    fn turn(
        &mut self,
        mut handle: impl FnMut(&mut End, Done) -> io::Result<bool>,
    ) -> io::Result<bool> {
        let mut out = std::mem::take(&mut self.out);
        self.driver.wait(&mut out, Nanos(u64::MAX));
        let mut more = true;
        for completion in out.drain(..) {
            more &= handle(self, completion.result?)?;
        }
        self.out = out;
        Ok(more)
    }
}

fn ask(mut end: End, in_flight: usize, time: Duration) -> io::Result<Sample> {
    let request = Bytes::from(vec![7; REQUEST_BYTES * in_flight]);
    let mut latencies = Latencies::default();
    let start = Instant::now();
    let (mut ops, mut got, mut asked) = (0, 0, start);
    end.send(request.clone());
    end.receive(BytesMut::with_capacity(ANSWER_BYTES * in_flight));
    let more = |end: &mut End, done: Done| {
        let Done::Received(mut buf, n) = done else { return Ok(true) };
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        got += n;
        if got == ANSWER_BYTES * in_flight {
            latencies.record(asked.elapsed());
            (got, ops, asked) = (0, ops + in_flight as u64, Instant::now());
            if asked.duration_since(start) >= time {
                end.socket.shutdown();
                return Ok(false);
            }
            end.send(request.clone());
        }
        buf.clear();
        buf.reserve(ANSWER_BYTES * in_flight);
        end.receive(buf);
        Ok(true)
    };
    let mut more = more;
    while end.turn(&mut more)? {}
    Ok(Sample {
        ops,
        elapsed: start.elapsed(),
        bytes: 0,
        cpu_ns: 0,
        latency_us: latencies.summary(),
    })
}

fn answer(mut end: End) -> io::Result<()> {
    let answers = Bytes::from(vec![1; RECEIVE_BYTES / REQUEST_BYTES * ANSWER_BYTES]);
    let mut waiting_bytes = 0;
    end.receive(BytesMut::with_capacity(RECEIVE_BYTES));
    while end.turn(|end, done| {
        let Done::Received(mut buf, n) = done else { return Ok(true) };
        if n == 0 {
            return Ok(false);
        }
        waiting_bytes += n;
        end.send(answers.slice(..waiting_bytes / REQUEST_BYTES * ANSWER_BYTES));
        waiting_bytes %= REQUEST_BYTES;
        buf.clear();
        buf.reserve(RECEIVE_BYTES);
        end.receive(buf);
        Ok(true)
    })? {}
    Ok(())
}

fn pour(mut end: End, chunk_bytes: usize, time: Duration) -> io::Result<Sample> {
    let chunk = Bytes::from(vec![7; chunk_bytes]);
    let start = Instant::now();
    let mut ops = 0;
    end.send(chunk.clone());
    while end.turn(|end, _| {
        ops += 1;
        let more = start.elapsed() < time;
        if more {
            end.send(chunk.clone());
        } else {
            end.socket.shutdown();
        }
        Ok(more)
    })? {}
    Ok(Sample {
        ops,
        elapsed: start.elapsed(),
        bytes: chunk_bytes as u64,
        cpu_ns: 0,
        latency_us: None,
    })
}

fn drain(mut end: End) -> io::Result<()> {
    end.receive(BytesMut::with_capacity(RECEIVE_BYTES));
    while end.turn(|end, done| {
        let Done::Received(mut buf, n) = done else { return Ok(true) };
        buf.clear();
        buf.reserve(RECEIVE_BYTES);
        end.receive(buf);
        Ok(n > 0)
    })? {}
    Ok(())
}
