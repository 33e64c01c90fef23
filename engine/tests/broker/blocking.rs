//! A shard's thread never waits in a system call but for its ring: under `strace`, a run with everything
//! that reads and writes is watched, and every call of a shard's thread must be one that cannot block.
//!
//! Skipped where there is no `strace`, or it may not trace.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use headwater_io::driver::Backend;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::list_offsets::MAX_TIMESTAMP;

use crate::harness::batches::{THEN_MS, plain, sized};
use crate::harness::broker::{Broker, Folder, Options};
use crate::harness::requests::Want;
use crate::harness::{eventually, facts, on_both};

/// One system call, as `strace -ttt` prints it.
#[derive(Debug)]
struct Call<'a> {
    thread: u32,
    at: f64,
    name: &'a str,
    /// Arguments and result.
    rest: String,
}

/// Why a call cannot block, for those that both backends use.
const HARMLESS: &[(&str, &str)] = &[
    ("futex", "wakes other threads; a lock is held for a few instructions"),
    ("sched_yield", "lets others run, and goes on"),
    ("mincore", "asks which pages are in memory"),
    ("mmap", "memory"),
    ("munmap", "memory"),
    ("mremap", "memory"),
    ("mprotect", "memory"),
    ("madvise", "memory"),
    ("brk", "memory"),
    ("clock_gettime", "time"),
    ("fstat", "the size of an open file, in memory"),
    ("statx", "the size of an open file, in memory"),
    ("ioctl", "FIONBIO"),
    ("fcntl", "whether a descriptor is open, which debug builds ask before they close it"),
    ("sendfile", "checked apart: pages in memory, socket non-blocking"),
    ("setsockopt", "TCP_NODELAY"),
    ("getpeername", "in memory"),
    ("shutdown", "marks the socket"),
    ("close", "of a socket, without lingering; files are closed elsewhere"),
    ("getrandom", "the seed of a hash map"),
    ("prlimit64", "how many descriptors there may be, asked once"),
    ("gettid", "nothing"),
    ("rt_sigprocmask", "nothing"),
    ("sigaltstack", "nothing"),
];

fn is_allowed(call: &Call<'_>, backend: Backend) -> bool {
    let quick = call.rest.contains("MSG_DONTWAIT");
    match (call.name, backend) {
        // Rings another shard's or its own bell: an eventfd.
        ("write", _) => call.rest.contains("\"\\1\\0\\0\\0\\0\\0\\0\\0\", 8"),
        ("io_uring_enter", Backend::Uring) => true,
        ("epoll_pwait2" | "epoll_wait" | "epoll_ctl", Backend::Posix) => true,
        ("recvfrom" | "sendmsg", Backend::Posix) => quick,
        ("accept4", Backend::Posix) => true,
        ("read", Backend::Posix) => call.rest.contains("\\0\\0\\0\\0\\0\\0\\0\", 8) = 8"),
        (name, _) => HARMLESS.iter().any(|(harmless, _)| *harmless == name),
    }
}

/// Every call at the place where it began; one that was interrupted by another thread's is put together.
fn parse(trace: &str) -> Vec<Call<'_>> {
    let mut calls: Vec<Call<'_>> = Vec::new();
    let mut unfinished: BTreeMap<u32, usize> = BTreeMap::new();
    for line in trace.lines() {
        let Some((thread, rest)) = line.split_once(char::is_whitespace) else { continue };
        let Some((at, rest)) = rest.trim_start().split_once(' ') else { continue };
        let (Ok(thread), Ok(at)) = (thread.parse(), at.parse()) else { continue };
        if let Some((_, end)) = rest.split_once(" resumed>") {
            if let Some(n) = unfinished.remove(&thread) {
                calls[n].rest.push_str(end);
            }
        } else if let Some((name, rest)) = rest.split_once('(').filter(|(name, _)| is_name(name)) {
            if rest.ends_with("<unfinished ...>") {
                unfinished.insert(thread, calls.len());
            }
            calls.push(Call { thread, at, name, rest: rest.to_owned() });
        }
    }
    calls
}

fn is_name(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64()
}

fn can_trace(folder: &Folder) -> bool {
    let output = folder.path().join("probe");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o"]).arg(output).arg("true");
    strace.output().is_ok_and(|output| output.status.success())
}

/// Everything that reads and writes: all acks, rolls, small and large requests, waits, old records,
/// times, topics that come and go, connections that come and go.
fn work(broker: &Broker) {
    let (mut client, mut consumer) = (broker.connect(), broker.connect());
    client.create("new", 3, &[("segment.bytes", "300000")]);
    let waiting =
        consumer.ask_fetch(&Want { wait_ms: 5000, ..Want::from("new", &[(0, 0), (1, 0)]) }, 12);
    for n in 0..30 {
        for partition in 0..3 {
            let batch = sized(2, 1 + 2000 * n as usize, n);
            let acks = [-1, 1, 0][n as usize % 3];
            let asked = client.ask_produce("new", partition, &batch, acks);
            if acks != 0 {
                assert_eq!(client.produced(asked).error, ErrorCode::None);
            }
        }
    }
    drop(consumer.fetched(waiting));
    assert_eq!(client.read_all("old", 0, 0).len(), 60);
    for offset in [3, 17, 44] {
        let from = [(0, offset)];
        let want = Want { partition_bytes: 1000, ..Want::from("old", &from) };
        assert!(!client.fetch(&want).only().bytes.is_empty());
    }
    for time in [THEN_MS, MAX_TIMESTAMP] {
        assert_eq!(client.offset_at("old", 0, time).0, ErrorCode::None);
    }
    assert_eq!(client.delete("new"), ErrorCode::None);
    assert_eq!(client.produce("old", 0, &plain(&["x"])).error, ErrorCode::None);
    for _ in 0..10 {
        broker.connect().topics();
    }
    // What is worth a line in the log.
    let mut stranger = broker.connect();
    stranger.send(b"GET / HTTP/1.1\r\n\r\n").expect("a connection");
    assert!(stranger.is_closed());
    eventually("a line of the log", Duration::from_secs(5), || {
        broker.log().contains("connection closed").then_some(())
    });
}

#[test]
fn a_shards_thread_makes_no_call_that_blocks() {
    on_both(|backend| {
        let folder = Folder::new();
        if !can_trace(&folder) {
            return eprintln!("SKIPPED on {backend}: no strace here, or it may not trace");
        }
        let broker = Options::new(backend).shards(2).start_in(folder.clone());
        let mut client = broker.connect();
        client.create("old", 1, &[("segment.bytes", "4000000")]);
        for n in 0..30 {
            client.append("old", 0, &sized(2, 100_000, n));
        }
        drop(client);
        let (_, options) = broker.stop();
        evict(&folder.data().join("old-0"));
        let trace = folder.path().join("trace");
        let strace = ["strace", "-f", "-ttt", "-qq", "-o", trace.to_str().expect("text")];
        let mut broker = options.under(&strace).start_in(folder.clone());
        let from = seconds();
        work(&broker);
        let to = seconds();
        // By now: a thread has its parent's name until it gives itself one.
        let names = facts::threads(broker.pid());
        let shards: BTreeSet<u32> = names
            .iter()
            .filter(|(_, name)| name.starts_with("hw-shard-"))
            .map(|(id, _)| *id)
            .collect();
        assert_eq!(shards.len(), 2, "{names:?}");
        broker.signal("TERM");
        assert!(broker.wait(Duration::from_secs(20)).success());
        let text = fs::read_to_string(&trace).expect("what strace wrote");
        let calls = parse(&text);
        let of_shards = calls.iter().filter(|call| shards.contains(&call.thread));
        let of_shards: Vec<_> = of_shards.filter(|call| (from..to).contains(&call.at)).collect();
        check(&of_shards, backend);
    });
}

fn check(calls: &[&Call<'_>], backend: Backend) {
    let count = |name| calls.iter().filter(|call| call.name == name).count();
    let waits = count("io_uring_enter") + count("epoll_pwait2") + count("epoll_wait");
    assert!(waits > 100, "only {waits} of {} calls: was the right thing watched?", calls.len());
    assert!(count("sendfile") > 0, "no old records were sent");
    let blocking: Vec<_> = calls.iter().filter(|call| !is_allowed(call, backend)).collect();
    assert!(
        blocking.is_empty(),
        "{} calls may block: {:#?}",
        blocking.len(),
        &blocking[..blocking.len().min(40)]
    );
    // Between a switch to non-blocking and one back, or on a socket that always is.
    let mut non_blocking: BTreeMap<(u32, &str), bool> = BTreeMap::new();
    for call in calls {
        let socket = call.rest.split([',', ')']).next().unwrap_or_default();
        let place = (call.thread, socket);
        if call.name == "ioctl" {
            non_blocking.insert(place, call.rest.contains("FIONBIO, [1]"));
        } else if call.name == "sendfile" {
            assert_eq!(non_blocking.get(&place), Some(&true), "{call:?}");
        }
    }
}

/// Takes a folder's files out of memory, so that reading them means waiting for a disk.
fn evict(dir: &Path) {
    for entry in fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = format!("if={}", path.display());
        let dropped =
            Command::new("dd").args([&name, "iflag=nocache", "count=0", "status=none"]).status();
        assert!(dropped.is_ok_and(|status| status.success()), "{}", path.display());
    }
}
