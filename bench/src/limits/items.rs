//! The one list of limits: what each is called, and which of them belong to which command.

use super::disk::{Job, Verb};

/// One thing to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// What is measured.
    pub what: What,
    /// Also measured around every `compare`, because a share needs it.
    pub in_short_list: bool,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant's text names its fields")]
pub enum What {
    /// Operations on a file.
    Disk(Job),
    /// 128-byte requests and 16-byte answers over loopback, `in_flight` at once; with `spins` both
    /// sides look for work before they sleep.
    RoundTrip { in_flight: usize, spins: bool },
    /// One sender, one receiver, as fast as loopback goes.
    Stream { chunk_bytes: usize },
    /// CRC-32C over a hot buffer.
    Crc { bytes: usize },
    /// Copying a buffer.
    Copy { bytes: usize },
    /// Asking the ring for completions when there are none.
    Enter,
}

/// 1 MiB, eight in flight, one after the other: the disk's bandwidth.
pub const SEQUENTIAL_WRITE: What = disk(Verb::Write, 1 << 20, 8);
/// The same for reading.
pub const SEQUENTIAL_READ: What = disk(Verb::Read, 1 << 20, 8);
/// The bare durable step of every log: 4 KiB, then `fdatasync`.
pub const WRITE_SYNC_4K: What = disk(Verb::WriteThenSync, 4 << 10, 1);
/// One request and its answer with both sides spinning: the floor of any acknowledgement.
pub const ROUND_TRIP: What = What::RoundTrip { in_flight: 1, spins: true };
/// The same with both sides asleep in between.
pub const ROUND_TRIP_ASLEEP: What = What::RoundTrip { in_flight: 1, spins: false };
/// How fast bytes come over loopback in large pieces.
pub const STREAM: What = What::Stream { chunk_bytes: 256 << 10 };
/// Checksum of a usual batch.
pub const CRC_16K: What = What::Crc { bytes: 16 << 10 };

/// Sizes of the curve of durable writes.
pub const DURABLE_SIZES: [usize; 5] = [4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20];

/// A durable write (`RWF_DSYNC`) of one of [`DURABLE_SIZES`].
pub const fn durable(bytes: usize, depth: usize) -> What {
    disk(Verb::WriteDurable, bytes, depth)
}

/// A write without a sync, one at a time.
pub const fn written(bytes: usize) -> What {
    disk(Verb::Write, bytes, 1)
}

const fn disk(verb: Verb, bytes: usize, depth: usize) -> What {
    What::Disk(Job { verb, bytes, depth })
}

/// Everything, for `bench limits`.
pub fn all() -> Vec<Item> {
    let mut items = vec![short(SEQUENTIAL_WRITE), short(SEQUENTIAL_READ)];
    items.push(long(disk(Verb::WriteSame, 1 << 20, 8)));
    for bytes in DURABLE_SIZES {
        items.push(Item { what: written(bytes), in_short_list: bytes <= 256 << 10 });
    }
    items.push(short(WRITE_SYNC_4K));
    items.push(long(disk(Verb::WriteThenSync, 64 << 10, 1)));
    items.push(long(disk(Verb::Sync, 0, 1)));
    for bytes in DURABLE_SIZES {
        for depth in [1, 2, 4] {
            let in_short_list = depth == 1 && bytes <= 256 << 10;
            items.push(Item { what: durable(bytes, depth), in_short_list });
        }
    }
    items.push(long(disk(Verb::ExtendDurable, 4 << 10, 1)));
    items.push(long(disk(Verb::AllocatedDurable, 4 << 10, 1)));
    items.extend([short(ROUND_TRIP), short(ROUND_TRIP_ASLEEP)]);
    items.push(long(What::RoundTrip { in_flight: 32, spins: true }));
    items.extend([long(What::Stream { chunk_bytes: 16 << 10 }), short(STREAM)]);
    items.extend([64, 1 << 10].map(|bytes| long(What::Crc { bytes })));
    items.push(short(CRC_16K));
    items.push(long(What::Crc { bytes: 1 << 20 }));
    items.extend([256 << 10, 64 << 20].map(|bytes| long(What::Copy { bytes })));
    items.push(long(What::Enter));
    items
}

/// The few that shares are made of, for `compare` and `figures`.
pub fn short_list() -> Vec<Item> {
    all().into_iter().filter(|item| item.in_short_list).collect()
}

const fn short(what: What) -> Item {
    Item { what, in_short_list: true }
}

const fn long(what: What) -> Item {
    Item { what, in_short_list: false }
}

impl What {
    /// A name for programs, which stays.
    pub fn id(self) -> String {
        match self {
            What::Disk(Job { verb, bytes, depth }) => match verb {
                Verb::Write => format!("disk_write_{bytes}_depth_{depth}"),
                Verb::WriteSame => format!("disk_write_same_{bytes}_depth_{depth}"),
                Verb::Read => format!("disk_read_{bytes}_depth_{depth}"),
                Verb::WriteDurable => format!("disk_write_durable_{bytes}_depth_{depth}"),
                Verb::WriteThenSync => format!("disk_write_then_sync_{bytes}"),
                Verb::Sync => "disk_sync".to_owned(),
                Verb::ExtendDurable => format!("disk_extend_durable_{bytes}"),
                Verb::AllocatedDurable => format!("disk_allocated_durable_{bytes}"),
            },
            What::RoundTrip { in_flight, spins } => {
                let how = if spins { "spinning" } else { "sleeping" };
                format!("loopback_round_trip_{how}_{in_flight}")
            }
            What::Stream { chunk_bytes } => format!("loopback_stream_{chunk_bytes}"),
            What::Crc { bytes } => format!("crc32c_{bytes}"),
            What::Copy { bytes } => format!("copy_{bytes}"),
            What::Enter => "ring_enter".to_owned(),
        }
    }

    /// A name for people.
    pub fn name(self) -> String {
        match self {
            What::Disk(Job { verb, bytes, depth }) => {
                let size = size_name(bytes);
                match verb {
                    Verb::Write if depth > 1 => format!("sequential write, {size}, depth {depth}"),
                    Verb::Write => format!("write, {size}"),
                    Verb::WriteSame => format!("the same {size} again, depth {depth}"),
                    Verb::Read => format!("sequential read, {size}, depth {depth}"),
                    Verb::WriteDurable => format!("durable write, {size}, depth {depth}"),
                    Verb::WriteThenSync => format!("write + fdatasync, {size}"),
                    Verb::Sync => "fdatasync, nothing to write".to_owned(),
                    Verb::ExtendDurable => format!("durable write, {size}, file grows"),
                    Verb::AllocatedDurable => format!("durable write, {size}, fallocate only"),
                }
            }
            What::RoundTrip { in_flight: 1, spins: true } => "round trip, both spin".to_owned(),
            What::RoundTrip { in_flight: 1, spins: false } => "round trip, both sleep".to_owned(),
            What::RoundTrip { in_flight, .. } => format!("round trips, {in_flight} in flight"),
            What::Stream { chunk_bytes } => format!("stream, {} pieces", size_name(chunk_bytes)),
            What::Crc { bytes } => format!("CRC-32C, {}", size_name(bytes)),
            What::Copy { bytes } => format!("memory copy, {}", size_name(bytes)),
            What::Enter => "ring entered for nothing".to_owned(),
        }
    }

    /// The part of the machine that it measures.
    pub fn group(self) -> &'static str {
        match self {
            What::Disk(_) => "disk",
            What::RoundTrip { .. } | What::Stream { .. } => "loopback",
            What::Crc { .. } | What::Copy { .. } | What::Enter => "processor",
        }
    }
}

/// `4 KiB`, `1 MiB`, `64 B`.
pub fn size_name(bytes: usize) -> String {
    match bytes {
        b if b >= 1 << 20 && b % (1 << 20) == 0 => format!("{} MiB", b >> 20),
        b if b >= 1 << 10 && b % (1 << 10) == 0 => format!("{} KiB", b >> 10),
        b => format!("{b} B"),
    }
}
