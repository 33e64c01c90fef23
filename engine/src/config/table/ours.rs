//! Settings that Kafka does not have: durability, the commit, the machine.

use super::{GIB, INT, KIB, MIB, broker, same, topic};
use crate::config::setting::{Kind, Setting, Unit};

pub(super) static SETTINGS: &[Setting] = &[
    topic(
        "durability",
        Kind::Choice(&["durable", "written", "appended"]),
        "durable",
        "What must have happened to a record before acks=all is answered: durable (flushed: survives power loss), \
         written (the device accepted it: survives a kill), appended (in memory).",
    )
    .from(&[same("durability")]),
    topic(
        "write.caching",
        Kind::Choice(&["true", "false", "default"]),
        "default",
        "Redpanda's name: true means durability=written, false means durability=durable, default leaves it to \
         durability and flush.messages.",
    )
    .from(&[same("write.caching.default")]),
    broker(
        "durability.path",
        Kind::Choice(&["journal", "direct", "buffered"]),
        "journal",
        "How bytes reach the device: journal (one write makes durable what all partitions of a shard have gathered), \
         direct (O_DIRECT, then a flush per partition) or buffered (page cache, then a flush; as Kafka writes).",
    ),
    broker(
        "journal.file.bytes",
        Kind::Long(Unit::Bytes, MIB, GIB),
        "33554432",
        "Size of each file of a shard's journal. It is allocated and written once; the journal must hold what has not \
         been carried to the segments yet.",
    ),
    broker(
        "journal.files",
        Kind::Int(Unit::Count, 2, 64),
        "4",
        "Files that a shard's journal goes round in.",
    ),
    broker(
        "commit.linger.us",
        Kind::AutoOr(Unit::Microseconds, 0, 1_000_000),
        "0",
        "How long a commit that could start waits for more records to share it; auto waits half of what a commit \
         takes, at most 500 us, while records arrive faster than that (on the journal; 0 on other paths).",
    ),
    broker(
        "commit.unit.bytes",
        Kind::Int(Unit::Bytes, 64 * KIB, 64 * MIB),
        "1048576",
        "Largest single write to the device; a longer commit is several writes.",
    ),
    broker(
        "commit.depth",
        Kind::Int(Unit::Count, 1, 64),
        "4",
        "Writes of one partition that may be in flight at once.",
    ),
    broker(
        "commit.flush.ms",
        Kind::Int(Unit::Milliseconds, 1, 3_600_000),
        "10",
        "After this long at most, records that nobody waits for (acks=0 and acks=1) are made durable as well.",
    ),
    broker(
        "scrub.bytes.per.second",
        Kind::Long(Unit::Bytes, 0, 1024 * GIB),
        "8388608",
        "How fast sealed segments are read again in the background, to find damage before a consumer does; all shards \
         together. 0 switches it off.",
    ),
    broker(
        "scrub.interval.hours",
        Kind::Int(Unit::Hours, 0, 24 * 3650),
        "24",
        "A segment that was read again is left alone for this long.",
    ),
    broker(
        "shards",
        Kind::Int(Unit::Count, 0, 256),
        "0",
        "Threads that serve partitions, each pinned to a processor of its own; 0 takes one for each usable processor, and of \
         four or fewer leaves one to the clients.",
    ),
    broker(
        "backend",
        Kind::Choice(&["auto", "uring", "posix"]),
        "auto",
        "How operations reach the kernel: uring (io_uring), posix (epoll and I/O threads), auto (uring where it is \
         allowed).",
    ),
    broker(
        "spin.us",
        Kind::Int(Unit::Microseconds, -1, 1_000_000),
        "-1",
        "How long an idle shard looks for work before it sleeps; -1 takes about \
         what waking up costs where a processor is left over, and 0 elsewhere.",
    ),
    broker(
        "pin",
        Kind::Bool,
        "true",
        "Whether each shard's thread stays on one processor, where there are more than two.",
    ),
    broker(
        "cpu.first",
        Kind::Int(Unit::Count, 0, 4095),
        "0",
        "The first processor to pin a shard to, counted among those this process may use.",
    ),
    broker(
        "memory.bytes",
        Kind::Long(Unit::Bytes, 0, 1024 * GIB),
        "0",
        "Memory for requests, hot tails and buffers, divided among the shards; 0 takes a quarter of the machine's, at \
         most 1 GiB.",
    ),
    broker(
        "hot.percent",
        Kind::Int(Unit::Percent, 1, 90),
        "50",
        "Share of memory.bytes that keeps the newest records for consumers at the tail.",
    ),
    broker(
        "metrics.listen",
        Kind::Text,
        "",
        "Address (host:port) that answers GET /metrics in Prometheus' text format; port 0 takes a free one. Without it \
         nobody is answered. See METRICS.md.",
    )
    .without_default(),
    broker(
        "metrics.labels.max",
        Kind::Int(Unit::Count, 0, 100_000),
        "250",
        "Topics, and groups, that have metrics of their own; those of the rest are added up as `other`.",
    ),
    broker(
        "connection.requests.max",
        Kind::Int(Unit::Count, 1, INT),
        "64",
        "Requests of one connection that may be in flight; after that the connection is not read until one is answered.",
    ),
];
