//! The cells, and their names: goals and tables find them by name.

use crate::figures::shape::{Shape, library, produce};
use crate::plan::{Act, Beside, Load};
use crate::setting::{Acks, Path};

const KIB: usize = 1 << 10;
/// Partitions that are written at once.
pub const AT_ONCE: [u32; 4] = [1, 16, 64, 512];

pub fn at_once(partitions: u32, path: Path) -> String {
    match partitions {
        1 => format!("1 partition at once, {path}"),
        n => format!("{n} partitions at once, {path}"),
    }
}

pub fn bulk(path: Path) -> String {
    format!("250 x 1 KiB, {path}")
}

pub fn bulk_library(path: Path) -> String {
    format!("library, 1 MiB batches, {path}")
}

pub fn many(path: Path) -> String {
    format!("many partitions, stopped and started, {path}")
}

pub fn killed(path: Path) -> String {
    format!("killed under load and started, {path}")
}

pub fn saturated(path: Path) -> String {
    format!("15 x 1 KiB, as fast as it goes, {path}")
}

pub fn half(path: Path) -> String {
    format!("15 x 1 KiB, half of saturation, {path}")
}

pub fn half_with_rolls(path: Path) -> String {
    format!("15 x 1 KiB, half of saturation, small segments, {path}")
}

/// All of them; `direct` runs beside `path` but for the many partitions, which take minutes to make.
pub fn shapes(path: Path, many: u32, kill_bytes: u64) -> Vec<Shape> {
    let mut paths = vec![path];
    paths.extend((path != Path::Direct).then_some(Path::Direct));
    let mut shapes = Vec::new();
    for &path in &paths {
        shapes.extend(AT_ONCE.map(|partitions| round(partitions, path)));
        shapes.extend([durable(bulk(path), 250, path).with(beside_the_disk)]);
        shapes.extend([library(bulk_library(path)).with(|s| s.setting.path = path)]);
        shapes.push(kill(kill_bytes, path));
        shapes.extend(rolls(path));
    }
    shapes.push(many_partitions(many, path));
    shapes
}

fn durable(name: String, records: u32, path: Path) -> Shape {
    produce(name, Acks::All, KIB, records).with(|s| s.setting.path = path)
}

/// One record for each partition in one request, the next when it is answered: each is a commit.
fn round(partitions: u32, path: Path) -> Shape {
    durable(at_once(partitions, path), 1, path).with(|s| {
        (s.client.round, s.client.in_flight) = (true, 1);
        s.client.partitions = partitions;
    })
}

fn beside_the_disk(shape: &mut Shape) {
    shape.beside = Some(Beside::SequentialWrite);
}

fn many_partitions(partitions: u32, path: Path) -> Shape {
    durable(many(path), 1, path).with(|s| {
        s.act = Act::Restart;
        s.client.partitions = partitions;
    })
}

fn kill(bytes: u64, path: Path) -> Shape {
    durable(killed(path), 250, path).with(|s| {
        s.act = Act::Kill;
        s.client.bytes_max = bytes;
    })
}

/// The same load on one large segment and on many small ones, at half of what goes.
fn rolls(path: Path) -> [Shape; 3] {
    let at_half = |name: String, set: &'static [&'static str]| {
        durable(name, 15, path).with(|s| {
            s.client.load = Load::Half;
            s.client.bytes_max = 2 << 30;
            s.half_of = Some(saturated(path));
            s.set = set;
        })
    };
    [
        durable(saturated(path), 15, path),
        at_half(half(path), &["log.segment.bytes=2147479552"]),
        at_half(half_with_rolls(path), &["log.segment.bytes=16777216"]),
    ]
}
