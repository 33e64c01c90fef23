//! Creating and deleting topics on disk: straight-line, blocking, run on an I/O thread.
//!
//! A topic is created in this order: folders with their empty logs, durable; then the record. Deleted:
//! the record first, then the folders. So after a stop at any point a folder without a record is a
//! leftover that [`super::start`] removes, and a record without folders does not occur.

use std::io;
use std::path::{Path, PathBuf};

use headwater_io::file::{Access, Fs};

use super::catalog::Topic;
use super::meta_store::{MetaStore, SwapError};
use crate::log::directory;
use crate::model::TopicId;

/// Of a folder's name, this much is kept when it is set aside.
const ASIDE_NAME_CHARS: usize = 200;

/// The record's key in the metadata store.
pub fn record_key(topic: &str) -> String {
    format!("topic/{topic}")
}

/// Makes the folders of partitions `from` up to the topic's count, each with its identity.
pub fn make_folders(
    fs: &Fs,
    data_dir: &Path,
    topic: &Topic,
    from: i32,
) -> io::Result<Vec<PathBuf>> {
    let mut made = Vec::new();
    for index in from..topic.partitions {
        let dir = directory::partition(data_dir, &topic.name, index);
        if fs.exists(&dir) {
            // A leftover of a deletion that has not got this far yet.
            set_aside(fs, data_dir, &dir)?;
        }
        fs.create_dir_all(&dir)?;
        let identity =
            format!("version: 0\ntopic_id: {}\nid_hex: {}\n", topic.id, topic.record().id);
        let file = fs.create_new(&dir.join(directory::PARTITION_METADATA), Access::Write)?;
        fs.write_all_at(&file, 0, identity.as_bytes())?;
        fs.sync(&file)?;
        fs.sync_dir(&dir)?;
        made.push(dir);
    }
    fs.sync_dir(data_dir)?;
    Ok(made)
}

/// The topic id in a partition's folder, if it can be read.
pub fn folder_topic(fs: &Fs, dir: &Path) -> Option<TopicId> {
    let bytes = fs.read(&dir.join(directory::PARTITION_METADATA)).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let hex = text.lines().find_map(|line| line.strip_prefix("id_hex: "))?;
    super::catalog::parse_id(hex.trim())
}

/// Writes the topic's record over the version that is there now.
pub fn write_record(store: &mut MetaStore, topic: &Topic) -> Result<(), SwapError> {
    let key = record_key(&topic.name);
    let current = store.get(&key).map(|(version, _)| version);
    let value = serde_json::to_value(topic.record()).expect("plain values serialise");
    store.swap(&key, current, Some(value)).map(drop)
}

/// Removes the topic's record.
pub fn remove_record(store: &mut MetaStore, topic: &str) -> Result<(), SwapError> {
    let key = record_key(topic);
    match store.get(&key).map(|(version, _)| version) {
        Some(version) => store.swap(&key, Some(version), None).map(drop),
        None => Ok(()),
    }
}

/// Moves a folder out of the way under a name that no partition has; removing it may take its time.
pub fn set_aside(fs: &Fs, data_dir: &Path, dir: &Path) -> io::Result<PathBuf> {
    // Cut, so that the longest topic name still leaves room for the rest of a file name.
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    let name: String = name.chars().take(ASIDE_NAME_CHARS).collect();
    let aside = (0..)
        .map(|n| data_dir.join(format!("{name}.{n}{}", directory::DELETED)))
        .find(|path| !fs.exists(path))
        .expect("some number is free");
    fs.rename(dir, &aside)?;
    fs.sync_dir(data_dir)?;
    Ok(aside)
}

/// Removes a topic's folders.
pub fn remove_folders(fs: &Fs, data_dir: &Path, topic: &Topic) -> io::Result<()> {
    let mut aside = Vec::new();
    for index in 0..topic.partitions {
        let dir = directory::partition(data_dir, &topic.name, index);
        if fs.exists(&dir) {
            aside.push(set_aside(fs, data_dir, &dir)?);
        }
    }
    aside.iter().try_for_each(|dir| fs.remove_dir_all(dir))
}
