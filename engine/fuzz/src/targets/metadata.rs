//! The metadata log: topics, producer ids, the epoch.
//!
//! Promises: refused with the place of the damage, or opened: then it can be changed, and opened again it is the same;
//! a refusal changes nothing.

use std::collections::BTreeMap;
use std::path::Path;

use headwater::broker::meta_store::{MetaStore, OpenError, Version};
use headwater_io::file::{Access, Fs};
use headwater_io::sim::World;
use headwater_io::sim::rng::Rng;
use serde_json::{Value, json};

use super::Target;
use crate::damage;

const PATH: &str = "/data/metadata.log";

pub const TARGET: Target = Target {
    name: "metadata",
    about: "metadata logs: refused unchanged, or opened, changed and opened again to the same records",
    make,
    check,
    smoke: 1500,
    found: &[],
};

fn make(rng: &mut Rng) -> Vec<u8> {
    let mut records = Vec::new();
    for n in 0..rng.below(12) {
        let key = format!("topic/{}", rng.below(4));
        let value = match rng.below(3) {
            0 => Value::Null,
            1 => json!({ "partitions": n, "placement": "x" }),
            _ => json!([n, "a", { "b": [1.5, null] }]),
        };
        let mut line = json!({ "key": key, "version": n + 1, "value": value }).to_string();
        if rng.chance(10) {
            let mut bytes = line.into_bytes();
            damage::damage(rng, &mut bytes);
            line = String::from_utf8_lossy(&bytes).into_owned();
        }
        records.push(record(line.as_bytes()));
    }
    let mut bytes = records.concat();
    if rng.chance(70) {
        damage::damage(rng, &mut bytes);
    }
    bytes
}

/// Length, checksum, JSON (`FORMAT.md`).
fn record(json: &[u8]) -> Vec<u8> {
    let mut bytes = (json.len() as u32).to_be_bytes().to_vec();
    bytes.extend(crc32c::crc32c(json).to_be_bytes());
    bytes.extend(json);
    bytes
}

fn check(bytes: &[u8]) {
    let fs = World::new(1).driver().fs();
    put(&fs, bytes);
    let mut store = match MetaStore::open(&fs, Path::new(PATH)) {
        Ok(store) => store,
        Err(OpenError::Damaged { at, .. }) => {
            assert!(at < bytes.len() as u64, "damaged behind its end");
            assert!(fs.read(Path::new(PATH)).expect("there") == bytes, "refused and changed");
            return;
        }
        Err(OpenError::Io(e)) => panic!("an error of a disk that has none: {e}"),
    };
    let old = store.get("topic/new").map(|(version, _)| version);
    store.swap("topic/new", old, Some(json!("new"))).expect("a record can be changed");
    let before = records(&store);
    drop(store);
    let store =
        MetaStore::open(&fs, Path::new(PATH)).unwrap_or_else(|_| panic!("not opened again"));
    assert_eq!(records(&store), before);
}

fn records(store: &MetaStore) -> BTreeMap<String, (Version, Value)> {
    store.list("").map(|(key, version, value)| (key.to_owned(), (version, value.clone()))).collect()
}

fn put(fs: &Fs, bytes: &[u8]) {
    fs.create_dir_all(Path::new("/data")).expect("a directory");
    let file = fs.create_new(Path::new(PATH), Access::Write).expect("a file");
    fs.write_all_at(&file, 0, bytes).expect("bytes");
}
