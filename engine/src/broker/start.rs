//! Opening a data directory: claim it, read what it holds, open every log, remove leftovers. And the
//! reverse: a clean stop that saves the next start the reading.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_io::file::{Access, Fs};
use serde_json::json;

use super::catalog::{Catalog, Topic, TopicRecord};
use super::controller::{Controller, Place, configs, quotas};
use super::identity::{self, ClaimError, Claimed};
use super::journals::Recovered;
use super::meta_store::{MetaStore, OpenError, SwapError};
use super::quotas::Quotas;
use super::{abreast, journals, topics};
use crate::config::broker::BrokerConfig;
use crate::config::topic::TopicConfig;
use crate::log::recovery::CleanEnd;
use crate::log::{Log, directory, noted};
use crate::model::{LeaderEpoch, PartitionKey, ShardId};
use crate::shard::journal::Journal;
use crate::shard::letters::PartitionSettings;

const EPOCH_KEY: &str = "leader-epoch";

/// A log, and the shard that shall own it.
pub type OwnedLog = (ShardId, PartitionKey, PartitionSettings, Log);

/// A directory with everything in it open.
pub struct Opened {
    /// Keeps the directory ours.
    pub claimed: Claimed,
    /// The topics.
    pub catalog: Arc<Catalog>,
    /// The broker's settings, with what was stated while earlier processes ran.
    pub config: Arc<BrokerConfig>,
    /// The epoch under which this process appends.
    pub epoch: LeaderEpoch,
    /// Every log with the shard that shall own it.
    pub logs: Vec<OwnedLog>,
    /// Each shard's journal, if logs are served through one.
    pub journals: Vec<Option<Journal>>,
    /// Ready for commands.
    pub controller: Controller,
    /// What opening took.
    pub recovered: Reading,
}

/// What was read of logs and journals at a start.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// How much.
    pub bytes: u64,
    /// How long that, and everything that followed from it, took.
    pub time: Duration,
}

/// Why a start failed; each says what to do.
#[derive(Debug)]
pub enum StartError {
    /// The directory is not ours to use.
    Claim(ClaimError),
    /// The metadata store cannot be opened.
    Metadata(OpenError),
    /// A topic's record makes no sense.
    Topic(String, String),
    /// A log cannot be opened.
    Log(String, io::Error),
    /// Another file operation failed.
    Io(&'static str, io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Claim(e) => e.fmt(f),
            StartError::Metadata(e) => e.fmt(f),
            StartError::Topic(topic, why) => write!(f, "topic '{topic}' cannot be opened: {why}"),
            StartError::Log(log, e) => write!(f, "log {log} cannot be opened: {e}{}", advice(e)),
            StartError::Io(what, e) => write!(f, "{what}: {e}{}", advice(e)),
        }
    }
}

impl std::error::Error for StartError {}

/// What to do about an error of the system's, where that is known.
pub fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "; make room on the disk",
        io::ErrorKind::PermissionDenied => "; the user of this process needs access",
        _ => "",
    }
}

/// Claims the directory: the first step, before threads or sockets.
///
/// # Errors
/// When it is not ours to use.
pub fn claim(
    fs: &Fs,
    data_dir: &Path,
    node_id: i32,
    fresh_ids: [String; 2],
) -> Result<Claimed, StartError> {
    identity::claim(fs, data_dir, node_id, fresh_ids).map_err(StartError::Claim)
}

/// Opens everything in a claimed directory. `place.epoch` is set here.
///
/// # Errors
/// The first thing that cannot be opened.
pub fn open(fs: &Fs, claimed: Claimed, mut place: Place) -> Result<Opened, StartError> {
    let path = place.data_dir.join(directory::METADATA);
    let mut store = MetaStore::open(fs, &path).map_err(StartError::Metadata)?;
    place.epoch = raise_epoch(&mut store)?;
    if let Some(config) = configs::read(&store, &place.config) {
        place.config = Arc::new(config);
    }
    let catalog = Arc::new(read_catalog(&store, &place)?);
    let begun = Instant::now();
    let clean = take_clean_ends(fs, &place.data_dir);
    remove_leftovers(fs, &place.data_dir, &catalog, &mut store)?;
    let directory = journals::directory_id(&claimed.identity.directory_id);
    let journal = |e| StartError::Io("a shard's journal", e);
    let recovered = journals::recover(fs, &place.data_dir, directory, &catalog).map_err(journal)?;
    let (logs, mut read_bytes) = open_logs(fs, &place, &catalog, &clean, &recovered)?;
    let opened: Vec<_> = logs.iter().map(|(shard, key, _, log)| (*shard, *key, log)).collect();
    let journals = journals::begin(
        fs,
        &place.data_dir,
        &place.config,
        directory,
        place.pools.len(),
        &recovered,
        &opened,
    )
    .map_err(journal)?;
    let segments: usize = logs.iter().map(|(_, _, _, log)| log.segment_count()).sum();
    read_bytes += recovered.read_bytes;
    let recovered = Reading { bytes: read_bytes, time: begun.elapsed() };
    let ms = recovered.time.as_millis() as u64;
    tracing::info!(logs = logs.len(), segments, read_bytes, ms, "recovered");
    let (epoch, config) = (place.epoch, Arc::clone(&place.config));
    let controller = Controller::new(place, Arc::clone(&catalog), store);
    Ok(Opened { claimed, catalog, config, epoch, logs, journals, controller, recovered })
}

/// Opens every log, with what the clean stop and the journals know of it; also, how many bytes of them had
/// to be read.
fn open_logs(
    fs: &Fs,
    place: &Place,
    catalog: &Catalog,
    clean: &BTreeMap<String, CleanEnd>,
    recovered: &Recovered,
) -> Result<(Vec<OwnedLog>, u64), StartError> {
    let partitions: Vec<(&Topic, i32)> = catalog
        .topics()
        .flat_map(|topic| (0..topic.partitions).map(|index| (&**topic, index)))
        .collect();
    let opened = abreast::each(fs, &partitions, |&(topic, index)| {
        let dir = directory::partition(&place.data_dir, &topic.name, index);
        let name = format!("{}-{index}", topic.name);
        if !fs.exists(&dir) {
            let why = format!("folder {} is missing; restore it from a copy", dir.display());
            return Err(StartError::Topic(topic.name.clone(), why));
        }
        let end = clean.get(&name).copied();
        let known = recovered.known.get(&topic.key(index)).copied();
        place.open_log(fs, topic, index, dir, end, known).map_err(|e| StartError::Log(name, e))
    });
    let (mut logs, mut read_bytes) = (Vec::with_capacity(opened.len()), 0);
    for (&(topic, index), opened) in partitions.iter().zip(opened) {
        let (log, read) = opened?;
        read_bytes += read;
        let shard = topic.shard(index, place.pools.len());
        logs.push((shard, topic.key(index), place.partition_settings(&topic.config), log));
    }
    Ok((logs, read_bytes))
}

/// Every start appends under a new epoch, so that what an earlier process appended can be told apart.
fn raise_epoch(store: &mut MetaStore) -> Result<LeaderEpoch, StartError> {
    let current = store
        .get(EPOCH_KEY)
        .map(|(version, value)| (version, value["epoch"].as_i64().unwrap_or(-1)));
    let (version, epoch) = current.map_or((None, 0), |(version, epoch)| (Some(version), epoch + 1));
    let write = store.swap(EPOCH_KEY, version, Some(json!({ "epoch": epoch })));
    write.map_err(store_failed)?;
    Ok(LeaderEpoch(epoch as i32))
}

fn read_catalog(store: &MetaStore, place: &Place) -> Result<Catalog, StartError> {
    let quotas = Quotas::new(quotas::read(store), &place.config);
    let mut catalog = Catalog::default().with_quotas(quotas);
    for (key, _, value) in store.list("topic/") {
        let name = key.trim_start_matches("topic/").to_owned();
        let bad = |why: String| StartError::Topic(name.clone(), why);
        let record: TopicRecord =
            serde_json::from_value(value.clone()).map_err(|e| bad(e.to_string()))?;
        let id = record.topic_id().ok_or_else(|| bad("its id is damaged".to_owned()))?;
        let TopicRecord { partitions, placement, overrides, .. } = record;
        let config =
            TopicConfig::resolve(&place.config, &overrides).map_err(|e| bad(e.to_string()))?;
        catalog = catalog.with(Topic {
            name: name.clone(),
            id,
            partitions,
            placement,
            overrides,
            config,
        });
    }
    Ok(catalog)
}

/// Takes folders out of the way that no topic's record speaks for.
fn remove_leftovers(
    fs: &Fs,
    data_dir: &Path,
    catalog: &Catalog,
    store: &mut MetaStore,
) -> Result<(), StartError> {
    let io = |e| StartError::Io("a leftover folder cannot be removed", e);
    let mut entries = fs.list(data_dir).map_err(io)?;
    entries.retain(|entry| entry.is_dir);
    let owners =
        abreast::each(fs, &entries, |entry| topics::folder_topic(fs, &data_dir.join(&entry.name)));
    for (entry, owner) in entries.iter().zip(owners) {
        let dir = data_dir.join(&entry.name);
        if entry.name.ends_with(directory::DELETED) {
            fs.remove_dir_all(&dir).map_err(io)?;
        } else if let Some((topic, index)) = directory::parse_partition(&entry.name) {
            let known = catalog.by_name(topic).filter(|topic| topic.has(index));
            match (known, owner) {
                (Some(topic), Some(id)) if id == topic.id => {}
                (Some(topic), None) => topics::write_identity(fs, &dir, topic).map_err(io)?,
                _ => drop(topics::clear(fs, store, data_dir, &dir).map_err(io)?),
            }
        }
    }
    topics::unmark_deleting(store, None).map_err(store_failed)
}

fn store_failed(error: SwapError) -> StartError {
    let error = match error {
        SwapError::Io(error) => error,
        SwapError::Conflict(version) => {
            io::Error::other(format!("a record has changed to {version:?}"))
        }
    };
    StartError::Io("the metadata store cannot be written", error)
}

/// The ends that a clean stop wrote. The file is removed before anything is appended: it speaks for one
/// start only.
fn take_clean_ends(fs: &Fs, data_dir: &Path) -> BTreeMap<String, CleanEnd> {
    let path = data_dir.join(directory::CLEAN);
    let ends = fs.read(&path).ok().and_then(|bytes| decode_clean(&bytes));
    let removed =
        !fs.exists(&path) || (fs.remove_file(&path).is_ok() && fs.sync_dir(data_dir).is_ok());
    ends.filter(|_| removed).unwrap_or_default()
}

/// Stops cleanly: cuts off what was allocated ahead and writes down where every log ends.
///
/// # Errors
/// When a file cannot be written; the next start will then read everything.
pub fn stop(fs: &Fs, data_dir: &Path, logs: &[Log]) -> io::Result<()> {
    let mut ends = BTreeMap::new();
    for log in logs {
        let Some(end) = log.clean_end() else { continue };
        let file = fs.open(&directory::segment(log.dir(), end.segment_base), Access::Write)?;
        if fs.len(&file)? != end.position.0 {
            fs.set_len(&file, end.position.0)?;
            fs.sync(&file)?;
        }
        let name = log.dir().file_name().unwrap_or_default().to_string_lossy().into_owned();
        ends.insert(name, end);
    }
    write_points(fs, logs);
    fs.replace(&data_dir.join(directory::CLEAN), &encode_clean(&ends))
}

/// Saves the next start the walk over the last segments. What cannot be written it walks.
fn write_points(fs: &Fs, logs: &[Log]) {
    let written = abreast::each(fs, logs, |log| {
        let Some((path, bytes)) = log.closing_point() else { return Ok(()) };
        fs.replace(&path, &bytes)
    });
    if let Some(error) = written.into_iter().find_map(Result::err) {
        tracing::warn!(%error, "a recovery point could not be written: the next start reads more");
    }
}

/// The bytes of the file that a clean stop writes.
pub fn encode_clean(ends: &BTreeMap<String, CleanEnd>) -> Vec<u8> {
    noted::encode(ends)
}

/// The ends in that file, if it checks.
pub fn decode_clean(bytes: &[u8]) -> Option<BTreeMap<String, CleanEnd>> {
    noted::decode(bytes)
}
