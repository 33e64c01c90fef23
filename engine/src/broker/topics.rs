//! Creating and deleting topics on disk: straight-line, blocking, run on an I/O thread.
//!
//! A topic is created in this order: folders, their names durable by one sync for all; then the record.
//! What is in a folder becomes durable with the first append to its log: until then it says nothing that
//! the record does not, and a start makes it again ([`write_identity`]). Deleted: a mark, the record, then
//! the folders. So after a stop at any point a record without folders does not occur, and a folder without a record is a leftover if it is marked or empty. Any other one has records
//! that somebody may miss (`fate`): it is kept.

use std::io;
use std::path::{Path, PathBuf};

use headwater_io::file::{Access, Fs};
use serde_json::json;

use super::catalog::Topic;
use super::meta_store::{MetaStore, SwapError};
use crate::log::directory;
use crate::log::folder::Folders;
use crate::model::TopicId;

/// Of a folder's name, this much is kept when it is set aside.
const ASIDE_NAME_CHARS: usize = 200;

/// Keys of marks: with the topic's id behind it, the topic is being deleted.
const DELETING: &str = "deleting/";

/// The record's key in the metadata store.
pub fn record_key(topic: &str) -> String {
    format!("topic/{topic}")
}

/// Makes the folders of partitions `from` up to the topic's count, each with its identity.
///
/// # Errors
/// Also when a folder is in the way that is none of ours.
pub fn make_folders(
    fs: &Fs,
    store: &MetaStore,
    data_dir: &Path,
    topic: &Topic,
    from: i32,
) -> io::Result<Vec<PathBuf>> {
    let mut made = Vec::new();
    for index in from..topic.partitions {
        let dir = directory::partition(data_dir, &topic.name, index);
        if fs.exists(&dir) && clear(fs, store, data_dir, &dir)? == Fate::Foreign {
            let why = format!("folder {} is in the way: move it elsewhere", dir.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
        }
        fs.create_dir_all(&dir)?;
        let file = fs.create_new(&dir.join(directory::PARTITION_METADATA), Access::Write)?;
        fs.write_all_at(&file, 0, identity(topic).as_bytes())?;
        made.push(dir);
    }
    fs.sync_dir(data_dir)?;
    Ok(made)
}

fn identity(topic: &Topic) -> String {
    format!("version: 0\ntopic_id: {}\nid_hex: {}\n", topic.id, topic.record().id)
}

/// Says again whose a folder is, when a power cut right after the creation has taken that.
///
/// # Errors
/// When the file cannot be written.
pub fn write_identity(fs: &Fs, dir: &Path, topic: &Topic) -> io::Result<()> {
    fs.replace(&dir.join(directory::PARTITION_METADATA), identity(topic).as_bytes())
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

/// Removes what a creation that failed has made.
pub fn remove_made(fs: &Fs, data_dir: &Path, topic: &Topic, from: i32) {
    for index in from..topic.partitions {
        let dir = directory::partition(data_dir, &topic.name, index);
        // What cannot be removed now is empty, and so removed at the next start.
        if folder_topic(fs, &dir) == Some(topic.id) {
            drop(fs.remove_dir_all(&dir));
        }
    }
}

/// What becomes of a partition's folder that no topic's record speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Of a creation or deletion that was interrupted.
    Remove,
    /// It has records, and nobody is known to have deleted their topic: the metadata log was damaged,
    /// or comes from an older copy.
    Stray,
    /// None of ours; a person put it there.
    Foreign,
}

fn fate(fs: &Fs, store: &MetaStore, dir: &Path) -> io::Result<Fate> {
    let id = folder_topic(fs, dir);
    let deleted = id.is_some_and(|id| store.get(&deleting_key(id)).is_some());
    let mut entries = fs.list(dir)?.into_iter();
    let empty = entries.all(|entry| {
        let segment = directory::parse_segment(&entry.name).is_some();
        entry.name == directory::PARTITION_METADATA || (segment && entry.len == 0)
    });
    Ok(match id {
        _ if deleted || empty => Fate::Remove,
        Some(_) => Fate::Stray,
        None => Fate::Foreign,
    })
}

/// Takes a folder that no topic's record speaks for out of the way, as its fate wants; what it was.
pub fn clear(fs: &Fs, store: &MetaStore, data_dir: &Path, dir: &Path) -> io::Result<Fate> {
    let fate = fate(fs, store, dir)?;
    match fate {
        Fate::Remove => {
            let aside = set_aside(fs, data_dir, dir, directory::DELETED)?;
            tracing::info!(dir = %dir.display(), "removed: a creation or deletion was interrupted");
            fs.remove_dir_all(&aside)?;
        }
        Fate::Stray => {
            let aside = set_aside(fs, data_dir, dir, directory::STRAY)?;
            tracing::error!(
                dir = %aside.display(),
                "records of a topic that the metadata log does not know: kept aside, not served; remove the \
                 folder if nobody misses them"
            );
        }
        Fate::Foreign => {
            tracing::warn!(dir = %dir.display(), "left alone: not a partition of ours")
        }
    }
    Ok(fate)
}

/// The key of the mark that a topic is being deleted.
fn deleting_key(id: TopicId) -> String {
    format!("{DELETING}{}", super::catalog::format_id(id))
}

/// Notes that a topic is about to be deleted, so that its folders are known to be leftovers.
pub fn mark_deleting(store: &mut MetaStore, topic: &Topic) -> Result<(), SwapError> {
    let key = deleting_key(topic.id);
    let current = store.get(&key).map(|(version, _)| version);
    store.swap(&key, current, Some(json!({ "topic": topic.name }))).map(drop)
}

/// Takes the marks back: of one topic, or of all.
pub fn unmark_deleting(store: &mut MetaStore, topic: Option<&Topic>) -> Result<(), SwapError> {
    let key = topic.map_or(DELETING.to_owned(), |topic| deleting_key(topic.id));
    let marks: Vec<_> =
        store.list(&key).map(|(key, version, _)| (key.to_owned(), version)).collect();
    marks.into_iter().try_for_each(|(key, version)| store.swap(&key, Some(version), None).map(drop))
}

/// Moves a folder out of the way under a name that no partition has; removing it may take its time.
fn set_aside(fs: &Fs, data_dir: &Path, dir: &Path, suffix: &str) -> io::Result<PathBuf> {
    // Cut, so that the longest topic name still leaves room for the rest of a file name.
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    let name: String = name.chars().take(ASIDE_NAME_CHARS).collect();
    let aside = (0..)
        .map(|n| data_dir.join(format!("{name}.{n}{suffix}")))
        .find(|path| !fs.exists(path))
        .expect("some number is free");
    fs.rename(dir, &aside)?;
    fs.sync_dir(data_dir)?;
    Ok(aside)
}

/// Removes a topic's folders, whatever its logs are at.
pub fn remove_folders(
    fs: &Fs,
    data_dir: &Path,
    folders: &Folders,
    topic: &Topic,
) -> io::Result<()> {
    let mut aside = Vec::new();
    for index in 0..topic.partitions {
        let dir = directory::partition(data_dir, &topic.name, index);
        if fs.exists(&dir) {
            let rename = |dir: &Path| set_aside(fs, data_dir, dir, directory::DELETED);
            aside.push(folders.take_away(&dir, rename)?);
        }
    }
    aside.iter().try_for_each(|dir| fs.remove_dir_all(dir))
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_io::sim::World;

    const ID: &str = "000102030405060708090a0b0c0d0e0f";

    /// Name and content.
    type File<'a> = (&'a str, &'a [u8]);

    /// A folder with these files and the store, before it is cleared.
    fn folder(files: &[File<'_>]) -> (Fs, MetaStore, PathBuf) {
        let fs = World::new(1).driver().fs();
        let dir = PathBuf::from("/d/t-0");
        fs.create_dir_all(&dir).unwrap();
        for (name, bytes) in files {
            fs.replace(&dir.join(name), bytes).unwrap();
        }
        let store = MetaStore::open(&fs, Path::new("/d/metadata.log")).unwrap();
        (fs, store, dir)
    }

    #[test]
    fn only_what_is_empty_or_marked_is_removed() {
        let ours = format!("version: 0\nid_hex: {ID}\n");
        let identity = (directory::PARTITION_METADATA, ours.as_bytes());
        let torn: File<'_> = (directory::PARTITION_METADATA, b"vers");
        let segment = "00000000000000000000.log";
        let cases: [(&[File<'_>], Fate); 7] = [
            (&[], Fate::Remove),
            (&[identity], Fate::Remove),
            (&[torn], Fate::Remove),
            (&[identity, (segment, b"")], Fate::Remove),
            (&[identity, (segment, b"records")], Fate::Stray),
            (&[(segment, b"records")], Fate::Foreign),
            (&[("thesis.txt", b"years of work")], Fate::Foreign),
        ];
        for (files, expected) in cases {
            let (fs, store, dir) = folder(files);
            assert_eq!(clear(&fs, &store, Path::new("/d"), &dir).unwrap(), expected, "{files:?}");
            assert_eq!(fs.exists(&dir), expected == Fate::Foreign);
            assert_eq!(fs.exists(Path::new("/d/t-0.0.stray")), expected == Fate::Stray);
        }
        let (fs, mut store, dir) = folder(&[identity, (segment, b"records")]);
        let id = super::super::catalog::parse_id(ID).unwrap();
        store.swap(&deleting_key(id), None, Some(json!({}))).unwrap();
        assert_eq!(clear(&fs, &store, Path::new("/d"), &dir).unwrap(), Fate::Remove);
        unmark_deleting(&mut store, None).unwrap();
        assert_eq!(store.list("").count(), 0);
    }
}
