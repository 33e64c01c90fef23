//! The cells, and their names: goals and tables find them by name.

use crate::args::EosArgs;
use crate::figures::shape::{Shape, produce};
use crate::plan::Load;
use crate::setting::{Acks, Path};

/// As fast as it goes, numbered batches and no transactions: what the others are compared with.
pub const IDEMPOTENT: &str = "idempotent only";
/// One record after the other, each answered before the next.
pub const LONE: &str = "a record now and then, idempotent only";
/// The same, each a transaction of its own.
pub const LONE_TRANSACTIONS: &str = "a record now and then, each in a transaction";

/// Records a second, and a commit before the next comes.
const LONE_RATE: f64 = 20.0;
const LONE_COMMIT_MS: f64 = 1.0;
const BATCH_BYTES: usize = 16 << 10;
const LINGER_MS: f64 = 5.0;

/// The same in transactions that are committed after so long.
pub fn committed(interval_ms: f64) -> String {
    format!("transactions of {interval_ms} ms")
}

/// All of them.
pub fn shapes(args: &EosArgs) -> Vec<Shape> {
    let committed = args
        .commit_ms
        .iter()
        .map(|&ms| saturated(args, committed(ms)).with(|s| s.client.commit_ms = Some(ms)));
    let mut shapes = vec![saturated(args, IDEMPOTENT)];
    shapes.extend(committed);
    shapes.push(lone(LONE));
    shapes.push(lone(LONE_TRANSACTIONS).with(|s| s.client.commit_ms = Some(LONE_COMMIT_MS)));
    shapes
}

/// As Kafka's producers do it by default, from several of them to several partitions.
fn saturated(args: &EosArgs, name: impl Into<String>) -> Shape {
    durable(name, args.record_bytes).with(|s| {
        (s.client.batch_records, s.client.batch_bytes) = (None, BATCH_BYTES);
        s.client.linger_ms = LINGER_MS;
        s.client.producers = args.producers;
        s.client.partitions = args.partitions;
        s.client.bytes_max = args.run_mib_max << 20;
    })
}

fn lone(name: &str) -> Shape {
    durable(name, 1 << 10).with(|s| s.client.load = Load::Rate(LONE_RATE))
}

fn durable(name: impl Into<String>, record_bytes: usize) -> Shape {
    produce(name, Acks::All, record_bytes, 1).with(|s| {
        s.setting.path = Path::Journal;
        s.client.idempotent = true;
    })
}
