//! What is checked with every client: the rows of the matrix. What a client's program does for each is said here once;
//! `scripts/conformance/clients` holds the programs.

/// A row.
pub struct Feature {
    /// As programs and `--only` know it.
    pub name: &'static str,
    /// As people read it.
    pub says: &'static str,
    /// APIs without which a broker cannot have it: key and name.
    pub needs: &'static [(i16, &'static str)],
    /// How it is checked.
    pub how: How,
}

/// How a feature is checked.
#[derive(Clone, Copy)]
pub enum How {
    /// The client's program does it all.
    Program,
    /// The same, and some answers to Produce never arrive.
    Lossy,
    /// Members that come and are killed, with this protocol.
    Group(&'static str),
}

const GROUPS: &[(i16, &str)] = &[(11, "JoinGroup"), (8, "OffsetCommit"), (9, "OffsetFetch")];
const CONSUMER_GROUPS: &[(i16, &str)] = &[(68, "ConsumerGroupHeartbeat")];
const TRANSACTIONS: &[(i16, &str)] =
    &[(24, "AddPartitionsToTxn"), (26, "EndTxn"), (28, "TxnOffsetCommit")];

/// All rows.
pub static FEATURES: &[Feature] = &[
    program("version", "version", &[]),
    program("codec-none", "write and read, uncompressed", &[]),
    program("codec-gzip", "gzip", &[]),
    program("codec-snappy", "snappy", &[]),
    program("codec-lz4", "lz4", &[]),
    program("codec-zstd", "zstd", &[]),
    Feature {
        how: How::Group("classic"),
        ..program("group", "group: members join and are killed", GROUPS)
    },
    Feature {
        how: How::Group("consumer"),
        ..program("group-consumer", "the same, new protocol (KIP-848)", CONSUMER_GROUPS)
    },
    program("resume", "commit, go away, go on there; groups apart", GROUPS),
    program("replay", "again from an offset, a time, the beginning", GROUPS),
    Feature {
        how: How::Lossy,
        ..program("idempotence", "idempotent, every fifth answer lost", &[])
    },
    program("transactions", "read, process, write in transactions, some aborted", TRANSACTIONS),
    program("read-committed", "`read_committed` and open, aborted transactions", TRANSACTIONS),
    program("fencing", "an older producer of the same id is fenced", TRANSACTIONS),
    program("topics", "create, grow, look at, delete topics", &[]),
    program("configs", "describe and alter settings", &[(44, "IncrementalAlterConfigs")]),
    program("groups", "list, describe, delete groups; their offsets", &[(42, "DeleteGroups")]),
    program("txn-admin", "list and describe transactions, producers", &[(66, "ListTransactions")]),
    program("delete-records", "delete records", &[(21, "DeleteRecords")]),
    program("errors", "an error of each kind", GROUPS),
];

const fn program(
    name: &'static str,
    says: &'static str,
    needs: &'static [(i16, &'static str)],
) -> Feature {
    Feature { name, says, needs, how: How::Program }
}
