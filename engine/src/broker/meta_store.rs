//! Metadata as versioned records: read one, list some, change one by compare-and-swap.
//!
//! The seam behind which a cluster's shared store will stand: nothing above assumes that a change
//! succeeds only because it read the record before. Here it is a log file of its own in the data
//! directory, outside the topic name space; each change is durable before it is answered.
//!
//! ```text
//! record: length 4 (of what follows crc), crc 4 (CRC32C of what follows), then JSON
//!         {"key": "topic/flights", "version": 7, "value": ...}      value null = removed
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use headwater_io::file::{Access, File, Fs};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// When the file holds this many times more records than there are keys, it is written anew at open.
const REWRITE_FACTOR: usize = 4;
const PREFIX_BYTES: usize = 8;

/// The version of a record: grows with every change of any record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub u64);

/// Records in a local file.
pub struct MetaStore {
    fs: Fs,
    file: File,
    end: u64,
    records: BTreeMap<String, (Version, Value)>,
    last: Version,
}

#[derive(Serialize, Deserialize)]
struct Line {
    key: String,
    version: Version,
    value: Value,
}

/// Why a record was not changed.
#[derive(Debug)]
pub enum SwapError {
    /// Somebody else changed it first; its version now, `None` when it does not exist.
    Conflict(Option<Version>),
    /// The store could not be written.
    Io(io::Error),
}

/// Why the store cannot be opened.
#[derive(Debug)]
pub enum OpenError {
    /// A file operation failed.
    Io(io::Error),
    /// A record in the middle is damaged: continuing would forget topics.
    Damaged {
        /// The file.
        path: PathBuf,
        /// The byte at which the record starts.
        at: u64,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Io(e) => write!(f, "metadata store: {e}"),
            OpenError::Damaged { path, at } => write!(
                f,
                "{} is damaged at byte {at}: restore it from a copy; nothing was changed",
                path.display()
            ),
        }
    }
}

impl From<io::Error> for OpenError {
    fn from(e: io::Error) -> Self {
        OpenError::Io(e)
    }
}

impl MetaStore {
    /// Opens the store in `path`, or creates an empty one.
    pub fn open(fs: &Fs, path: &Path) -> Result<Self, OpenError> {
        if !fs.exists(path) {
            fs.replace(path, &[])?;
        }
        let bytes = fs.read(path)?;
        let (lines, end) = parse(&bytes, path)?;
        let count = lines.len();
        let mut records = BTreeMap::new();
        let mut last = Version(0);
        for line in lines {
            last = last.max(line.version);
            match line.value {
                Value::Null => drop(records.remove(&line.key)),
                value => drop(records.insert(line.key, (line.version, value))),
            }
        }
        let mut end = end as u64;
        if count > REWRITE_FACTOR * (records.len() + 16) || end < bytes.len() as u64 {
            // The last version stays known even when its record was removed.
            let mut whole = encode("", last, &Value::Null);
            whole.extend(
                records.iter().flat_map(|(key, (version, value))| encode(key, *version, value)),
            );
            fs.replace(path, &whole)?;
            end = whole.len() as u64;
        }
        let file = fs.open(path, Access::Write)?;
        Ok(MetaStore { fs: fs.clone(), file, end, records, last })
    }

    /// A record's version and value.
    pub fn get(&self, key: &str) -> Option<(Version, &Value)> {
        self.records.get(key).map(|(version, value)| (*version, value))
    }

    /// All records whose key starts with `prefix`, in key order.
    pub fn list<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, Version, &'a Value)> {
        self.records
            .range(prefix.to_owned()..)
            .take_while(move |(key, _)| key.starts_with(prefix))
            .map(|(key, (version, value))| (key.as_str(), *version, value))
    }

    /// Changes (or, with `None`, removes) a record if it still has the expected version (`None`: if it
    /// does not exist). Durable when this returns.
    pub fn swap(
        &mut self,
        key: &str,
        expected: Option<Version>,
        value: Option<Value>,
    ) -> Result<Version, SwapError> {
        let current = self.get(key).map(|(version, _)| version);
        if current != expected {
            return Err(SwapError::Conflict(current));
        }
        let version = Version(self.last.0 + 1);
        let bytes = encode(key, version, value.as_ref().unwrap_or(&Value::Null));
        self.fs.write_all_at(&self.file, self.end, &bytes).map_err(SwapError::Io)?;
        self.fs.sync(&self.file).map_err(SwapError::Io)?;
        self.end += bytes.len() as u64;
        self.last = version;
        match value {
            Some(value) => drop(self.records.insert(key.to_owned(), (version, value))),
            None => drop(self.records.remove(key)),
        }
        Ok(version)
    }
}

fn encode(key: &str, version: Version, value: &Value) -> Vec<u8> {
    let line = Line { key: key.to_owned(), version, value: value.clone() };
    let json = serde_json::to_vec(&line).expect("plain values serialise");
    let mut bytes = Vec::with_capacity(PREFIX_BYTES + json.len());
    bytes.extend((json.len() as u32).to_be_bytes());
    bytes.extend(crc32c::crc32c(&json).to_be_bytes());
    bytes.extend(json);
    bytes
}

/// All whole records, and where they end. A torn last one was never answered and is dropped; a broken
/// one with a sound one behind it is damage.
fn parse(bytes: &[u8], path: &Path) -> Result<(Vec<Line>, usize), OpenError> {
    let mut lines = Vec::new();
    let mut at = 0;
    while let Some((line, len)) = parse_one(&bytes[at..]) {
        lines.push(line);
        at += len;
    }
    let sound_behind = (at + 1..bytes.len()).any(|later| parse_one(&bytes[later..]).is_some());
    if sound_behind {
        return Err(OpenError::Damaged { path: path.to_owned(), at: at as u64 });
    }
    Ok((lines, at))
}

fn parse_one(bytes: &[u8]) -> Option<(Line, usize)> {
    let length = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
    let crc = u32::from_be_bytes(bytes.get(4..8)?.try_into().ok()?);
    let json = bytes.get(PREFIX_BYTES..PREFIX_BYTES.checked_add(length)?)?;
    if length == 0 || crc32c::crc32c(json) != crc {
        return None;
    }
    Some((serde_json::from_slice(json).ok()?, PREFIX_BYTES + length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_io::sim::World;
    use serde_json::json;

    fn open(fs: &Fs) -> Result<MetaStore, OpenError> {
        fs.create_dir_all(Path::new("/d")).unwrap();
        MetaStore::open(fs, Path::new("/d/metadata.log"))
    }

    #[test]
    fn swaps_need_the_right_version_and_survive_a_power_cut() {
        for seed in 0..50 {
            let world = World::new(seed);
            let fs = world.driver().fs();
            let mut store = open(&fs).unwrap();
            let one = store.swap("topic/a", None, Some(json!(1))).unwrap();
            assert!(
                matches!(store.swap("topic/a", None, Some(json!(2))), Err(SwapError::Conflict(Some(v))) if v == one)
            );
            let two = store.swap("topic/a", Some(one), Some(json!(2))).unwrap();
            store.swap("topic/b", None, Some(json!("b"))).unwrap();
            world.power_cut();
            let mut store = open(&world.driver().fs()).unwrap();
            assert_eq!(store.get("topic/a"), Some((two, &json!(2))));
            assert_eq!(store.list("topic/").count(), 2);
            store.swap("topic/a", Some(two), None).unwrap();
            assert!(open(&world.driver().fs()).unwrap().get("topic/a").is_none());
        }
    }

    #[test]
    fn a_torn_end_is_dropped_and_damage_in_the_middle_refused() {
        let world = World::new(1);
        let fs = world.driver().fs();
        let mut store = open(&fs).unwrap();
        store.swap("a", None, Some(json!(1))).unwrap();
        store.swap("b", None, Some(json!(2))).unwrap();
        let path = Path::new("/d/metadata.log");
        let bytes = fs.read(path).unwrap();
        fs.replace(path, &bytes[..bytes.len() - 1]).unwrap();
        let store = open(&fs).unwrap();
        assert!(store.get("a").is_some() && store.get("b").is_none());
        let mut damaged = bytes.clone();
        damaged[12] ^= 1;
        fs.replace(path, &damaged).unwrap();
        assert!(matches!(open(&fs), Err(OpenError::Damaged { at: 0, .. })));
    }
}
