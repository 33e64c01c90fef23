//! The contract of the seam, held against every backend: what `uring` does, `posix` and `sim` do.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use headwater_io::buffer::{AlignedBuf, BLOCK};
use headwater_io::clock::Nanos;
use headwater_io::driver::{Backend, Driver};
use headwater_io::file::{Access, File};
use headwater_io::op::{Completion, Done, Op, Token};
use headwater_io::sim::World;
use headwater_io::socket::{Listener, Socket};

struct Bench {
    driver: Driver,
    world: Option<World>,
    dir: PathBuf,
    _keep: Option<tempfile::TempDir>,
}

/// One bench per backend that works here; uring may be forbidden, and then posix must carry all.
fn benches(spin: Duration) -> Vec<Bench> {
    let mut benches = Vec::new();
    for backend in [Backend::Uring, Backend::Posix] {
        let Ok(driver) = Driver::open(backend, spin) else {
            eprintln!("SKIPPED: backend {backend} is refused here");
            continue;
        };
        // Beside the sources, not in /tmp: that may be a tmpfs without direct I/O.
        let keep = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        benches.push(Bench { driver, world: None, dir: keep.path().to_owned(), _keep: Some(keep) });
    }
    let world = World::new(7);
    let driver = world.driver();
    driver.fs().create_dir_all(Path::new("/d")).unwrap();
    benches.push(Bench { driver, world: Some(world), dir: "/d".into(), _keep: None });
    benches
}

impl Bench {
    fn run(&mut self, op: Op) -> std::io::Result<Done> {
        self.driver.submit(op, Token(1));
        self.next().result
    }

    fn next(&mut self) -> Completion {
        let mut out = Vec::new();
        let deadline = self.driver.clock().now().after(Duration::from_secs(20));
        while out.is_empty() {
            self.driver.wait(&mut out, deadline);
            assert!(self.driver.clock().now() < deadline, "no completion in 20 s");
        }
        assert_eq!(out.len(), 1);
        out.remove(0)
    }

    fn file(&self, name: &str) -> File {
        let file = self.driver.fs().create_new(&self.dir.join(name), Access::WriteDirect).unwrap();
        self.driver.fs().allocate(&file, 1 << 20).unwrap();
        file
    }

    fn pair(&mut self) -> (Socket, Socket) {
        let any = "127.0.0.1:0".parse().unwrap();
        let listener = match &self.world {
            Some(world) => world.net().listen(any),
            None => Listener::bind(any, true).unwrap(),
        };
        let addr = listener.local_addr().unwrap();
        self.driver.submit(Op::Accept { listener }, Token(1));
        self.driver.poll(&mut Vec::new());
        let client = match &self.world {
            Some(world) => world.net().connect(addr).unwrap(),
            None => Socket::connect(addr).unwrap(),
        };
        match self.next().result.unwrap() {
            Done::Accepted(server, _) => (client, server),
            _ => panic!("not accepted"),
        }
    }

    fn receive(&mut self, socket: &Socket, want: usize) -> BytesMut {
        let mut got = BytesMut::new();
        while got.len() < want {
            got.reserve(64 << 10);
            match self.run(Op::Recv { socket: socket.clone(), buf: got }).unwrap() {
                Done::Received(buf, n) => {
                    assert!(n > 0, "closed early");
                    got = buf;
                }
                _ => panic!("not received"),
            }
        }
        got
    }
}

fn block(byte: u8, blocks: usize) -> Bytes {
    let mut buf = AlignedBuf::unpooled(blocks * BLOCK);
    buf.extend_from(&vec![byte; blocks * BLOCK]);
    buf.freeze()
}

#[test]
fn what_is_written_is_read() {
    for mut b in benches(Duration::ZERO) {
        let file = b.file("f");
        let bufs = vec![block(1, 1), block(2, 3)];
        let write = Op::Write { file: file.clone(), at: BLOCK as u64, bufs, durable: true };
        assert!(matches!(b.run(write), Ok(Done::Written)));
        assert!(matches!(b.run(Op::Sync { file: file.clone() }), Ok(Done::Synced)));
        let read = Op::Read { file, at: BLOCK as u64, buf: AlignedBuf::unpooled(4 * BLOCK) };
        let Ok(Done::Read(buf)) = b.run(read) else { panic!("not read") };
        assert_eq!(&buf[..BLOCK], &block(1, 1)[..]);
        assert_eq!(&buf[BLOCK..], &block(2, 3)[..]);
        let counters = b.driver.counters();
        assert_eq!((counters.writes, counters.durable_writes, counters.syncs), (1, 1, 1));
        assert_eq!(counters.written_bytes, 4 * BLOCK as u64);
    }
}

#[test]
fn many_writes_are_in_flight_at_once() {
    for mut b in benches(Duration::from_micros(50)) {
        let file = b.file("f");
        for n in 0..64u64 {
            let bufs = vec![block(n as u8, 1)];
            let write =
                Op::Write { file: file.clone(), at: n * BLOCK as u64, bufs, durable: false };
            b.driver.submit(write, Token(n));
        }
        let mut out = Vec::new();
        while out.len() < 64 {
            let until = b.driver.clock().now().after(Duration::from_secs(1));
            b.driver.wait(&mut out, until);
        }
        let mut tokens: Vec<u64> = out.iter().map(|c| c.token.0).collect();
        tokens.sort();
        assert_eq!(tokens, (0..64).collect::<Vec<_>>());
        assert!(out.iter().all(|c| matches!(c.result, Ok(Done::Written))));
    }
}

#[test]
fn a_failed_operation_says_so() {
    for mut b in benches(Duration::ZERO) {
        if b.world.is_some() {
            continue; // The simulated disk does not know who may write.
        }
        let path = b.dir.join("f");
        std::fs::write(&path, b"x").unwrap();
        let file = b.driver.fs().open(&path, Access::Read).unwrap();
        let write = Op::Write { file, at: 0, bufs: vec![block(1, 1)], durable: false };
        assert_eq!(b.run(write).err().unwrap().raw_os_error(), Some(9), "EBADF");
    }
}

#[test]
fn bytes_cross_a_socket_whatever_their_number() {
    for mut b in benches(Duration::ZERO) {
        let (client, server) = b.pair();
        let parts: Vec<Bytes> = (0..3000u32).map(|n| Bytes::from(vec![n as u8; 700])).collect();
        let expected = parts.concat();
        b.driver.submit(Op::Send { socket: client.clone(), parts }, Token(2));
        let mut got = BytesMut::new();
        let mut sent = false;
        let receive = |b: &mut Bench, mut buf: BytesMut| {
            buf.reserve(64 << 10);
            b.driver.submit(Op::Recv { socket: server.clone(), buf }, Token(3));
        };
        receive(&mut b, BytesMut::new());
        while !sent || got.len() < expected.len() {
            let mut out = Vec::new();
            let until = b.driver.clock().now().after(Duration::from_secs(1));
            b.driver.wait(&mut out, until);
            for completion in out {
                match completion.result.unwrap() {
                    Done::Sent => sent = true,
                    Done::Received(buf, _) => {
                        got.extend_from_slice(&buf);
                        if got.len() < expected.len() {
                            receive(&mut b, BytesMut::new());
                        }
                    }
                    _ => panic!("unexpected"),
                }
            }
        }
        assert!(got == expected);
    }
}

#[test]
fn file_bytes_go_to_a_socket_without_a_copy() {
    for mut b in benches(Duration::ZERO) {
        let file = b.file("f");
        let bufs = vec![block(7, 20)];
        b.run(Op::Write { file, at: 0, bufs, durable: true }).unwrap();
        let (client, server) = b.pair();
        let file = b.driver.fs().open(&b.dir.join("f"), Access::Read).unwrap();
        let send = Op::SendFile { socket: server, file, at: 100, len: 50_000 };
        assert!(matches!(b.run(send), Ok(Done::Sent)));
        let got = b.receive(&client, 50_000);
        assert!(got.iter().all(|&byte| byte == 7));
        assert_eq!(got.len(), 50_000);
    }
}

#[test]
fn a_closed_peer_is_zero_bytes_and_shutdown_ends_a_receive() {
    for mut b in benches(Duration::ZERO) {
        let (client, server) = b.pair();
        drop(client);
        let recv = Op::Recv { socket: server, buf: BytesMut::with_capacity(10) };
        assert!(matches!(b.run(recv), Ok(Done::Received(_, 0))));
        let (_client, server) = b.pair();
        let recv = Op::Recv { socket: server.clone(), buf: BytesMut::with_capacity(10) };
        b.driver.submit(recv, Token(1));
        b.driver.poll(&mut Vec::new());
        server.shutdown();
        assert!(matches!(b.next().result, Ok(Done::Received(_, 0)) | Err(_)));
    }
}

#[test]
fn jobs_run_elsewhere_and_come_back() {
    for mut b in benches(Duration::ZERO) {
        let dir = b.dir.clone();
        let job = Op::Job(Box::new(move |fs| Box::new(fs.exists(&dir))));
        let Ok(Done::Job(answer)) = b.run(job) else { panic!("no answer") };
        assert_eq!(answer.downcast_ref(), Some(&true));
    }
}

#[test]
fn a_deadline_ends_the_wait_and_a_ring_ends_it_early() {
    for mut b in benches(Duration::ZERO) {
        let start = b.driver.clock().now();
        let until = start.after(Duration::from_millis(20));
        while b.driver.clock().now() < until {
            b.driver.wait(&mut Vec::new(), until);
        }
        if b.world.is_some() {
            continue;
        }
        let waker = b.driver.waker();
        let ringer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(10));
            waker.wake();
        });
        b.driver.wait(&mut Vec::new(), Nanos(u64::MAX));
        ringer.join().unwrap();
    }
}

#[test]
fn waiting_for_a_silent_socket_does_not_burn_the_cpu() {
    for mut b in benches(Duration::ZERO) {
        if b.world.is_some() {
            continue;
        }
        let (_client, server) = b.pair();
        b.driver.submit(Op::Recv { socket: server, buf: BytesMut::with_capacity(10) }, Token(1));
        let before = b.driver.counters().enters;
        let until = b.driver.clock().now().after(Duration::from_millis(50));
        while b.driver.clock().now() < until {
            b.driver.wait(&mut Vec::new(), until);
        }
        assert!(b.driver.counters().enters - before < 20, "entered in a loop");
    }
}
