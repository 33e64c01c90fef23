//! Names of files and folders, built and parsed in one place.
//!
//! ```text
//! <data dir>/.lock                          held while the directory is in use
//! <data dir>/headwater.json                 format version, node id, directory id, cluster id
//! <data dir>/metadata.log                   topics and everything else the cluster agrees on
//! <data dir>/clean                          ends of all logs, written by a clean stop, removed at start
//! <data dir>/<topic>-<partition>/           one log
//!     partition.metadata                    the topic's id
//!     <base offset, 20 digits>.log          record batches
//!     <base offset>.hwindex                 offsets and times, of a sealed segment
//!     <base offset>.point                   index and producers, of the segment that is appended to
//!     <offset>.hwsnapshot                   producers as of that offset
//!     <base offset>.lost-<unix ms>          what a repair cut off
//!     next.segment                          made ready, not yet named
//!     cleaned                               up to where compaction has been
//!     <base offset>.log.cleaned             what compaction makes of some segments; its .txnindex.cleaned
//!     <base offset>.hwindex.swap            of that: once it is there, it takes their place
//!     log-start                             where the log starts, once it was shortened at its front
//!     <any of these>.deleted                of a segment before that, on its way out
//!     acknowledged                          where the log must end, when it does not
//! <data dir>/<topic>-<partition>.<n>.deleted/   on its way out
//! <data dir>/<topic>-<partition>.<n>.stray/     records of a topic that the metadata log does not know
//! ```

use std::path::{Path, PathBuf};

use crate::model::Offset;

/// The file that is locked while a process uses the directory.
pub const LOCK: &str = ".lock";
/// What the directory is.
pub const IDENTITY: &str = "headwater.json";
/// The metadata log.
pub const METADATA: &str = "metadata.log";
/// The ends of all logs after a clean stop.
pub const CLEAN: &str = "clean";
/// The topic id of a partition's folder, as Kafka writes it.
pub const PARTITION_METADATA: &str = "partition.metadata";
/// A segment that is ready and has no name yet.
pub const NEXT_SEGMENT: &str = "next.segment";
/// In the folder of a log that lacks acknowledged records: where it must end.
pub const ACKNOWLEDGED: &str = "acknowledged";
/// In the folder of a log of which the scrubber has found something damaged: what.
pub const DAMAGED: &str = "damaged";
/// In the folder of a log that was shortened at its front: where it starts.
pub const START: &str = "log-start";
/// In the folder of a log that was cleaned: up to where.
pub const CLEANED_NOTE: &str = "cleaned";
/// What the file of a segment ends with that compaction is making.
pub const CLEANED: &str = ".cleaned";
/// What a folder or a file that is being deleted ends with.
pub const DELETED: &str = ".deleted";
/// What a folder with records of an unknown topic ends with: kept, and not served.
pub const STRAY: &str = ".stray";

const SWAP: &str = ".swap";
const SEGMENT: &str = ".log";
const INDEX: &str = ".hwindex";
const POINT: &str = ".point";
const ABORTED: &str = ".txnindex";
const LOST: &str = ".lost-";
const SNAPSHOT: &str = ".hwsnapshot";

/// The folder of a partition.
pub fn partition(data_dir: &Path, topic: &str, index: i32) -> PathBuf {
    data_dir.join(format!("{topic}-{index}"))
}

/// The topic and partition in a folder's name.
pub fn parse_partition(name: &str) -> Option<(&str, i32)> {
    let (topic, index) = name.rsplit_once('-')?;
    let index = index.parse().ok().filter(|&n: &i32| n >= 0 && n.to_string() == index)?;
    (!topic.is_empty()).then_some((topic, index))
}

/// The segment that starts at `base`.
pub fn segment(dir: &Path, base: Offset) -> PathBuf {
    dir.join(format!("{:020}{SEGMENT}", base.0))
}

/// The index of the segment that starts at `base`.
pub fn index(dir: &Path, base: Offset) -> PathBuf {
    dir.join(format!("{:020}{INDEX}", base.0))
}

/// The transactions aborted in the segment that starts at `base`, under Kafka's name.
pub fn aborted(dir: &Path, base: Offset) -> PathBuf {
    dir.join(format!("{:020}{ABORTED}", base.0))
}

/// The base offset in the name of a list of aborted transactions.
pub fn parse_aborted(name: &str) -> Option<Offset> {
    parse_offset(name.strip_suffix(ABORTED)?)
}

/// The producers as of `offset`.
pub fn snapshot(dir: &Path, offset: Offset) -> PathBuf {
    dir.join(format!("{:020}{SNAPSHOT}", offset.0))
}

/// The recovery point of the segment that starts at `base`.
pub fn point(dir: &Path, base: Offset) -> PathBuf {
    dir.join(format!("{:020}{POINT}", base.0))
}

/// The base offset in a segment's name.
pub fn parse_segment(name: &str) -> Option<Offset> {
    parse_offset(name.strip_suffix(SEGMENT)?)
}

/// The offset in a snapshot's name.
pub fn parse_snapshot(name: &str) -> Option<Offset> {
    parse_offset(name.strip_suffix(SNAPSHOT)?)
}

/// The segment from `base` on as compaction makes it, before it is one.
pub fn cleaned(dir: &Path, base: Offset) -> PathBuf {
    with_ending(&segment(dir, base), CLEANED)
}

/// Its list of aborted transactions.
pub fn cleaned_aborted(dir: &Path, base: Offset) -> PathBuf {
    with_ending(&aborted(dir, base), CLEANED)
}

/// Its index: once this is there, it is to take the place of the segments that it was made of.
pub fn swap(dir: &Path, base: Offset) -> PathBuf {
    with_ending(&index(dir, base), SWAP)
}

/// The base offset in the name of such an index.
pub fn parse_swap(name: &str) -> Option<Offset> {
    parse_offset(name.strip_suffix(SWAP)?.strip_suffix(INDEX)?)
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// The offset in the name of a file that belongs to a segment: it, its index, its aborted transactions, its recovery
/// point; or of the producers as of then.
pub fn parse_any(name: &str) -> Option<Offset> {
    let kinds = [SEGMENT, INDEX, POINT, ABORTED, SNAPSHOT];
    parse_offset(kinds.iter().find_map(|kind| name.strip_suffix(kind))?)
}

/// What a repair cut off the segment that starts at `base`.
pub fn lost(dir: &Path, base: Offset, unix_ms: i64) -> PathBuf {
    dir.join(format!("{:020}{LOST}{unix_ms}", base.0))
}

/// Whether a repair has cut this off.
pub fn is_lost(name: &str) -> bool {
    name.split_once(LOST).is_some_and(|(base, _)| parse_offset(base).is_some())
}

/// The base offset in the name of a recovery point.
pub fn parse_point(name: &str) -> Option<Offset> {
    parse_offset(name.strip_suffix(POINT)?)
}

/// Whether a file is of no use to a log whose first segment starts at `first`.
pub fn belongs_before(name: &str, first: Offset) -> bool {
    parse_any(name).is_some_and(|offset| offset < first)
}

fn parse_offset(digits: &str) -> Option<Offset> {
    let all_digits = digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit());
    all_digits.then(|| digits.parse().ok().map(Offset))?
}

/// A topic name that Kafka allows: 1 to 249 of letters, digits, '.', '_' and '-', but not "." or "..".
pub fn is_topic_name(name: &str) -> bool {
    let fits = (1..=249).contains(&name.len()) && name != "." && name != "..";
    fits && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_parsing_and_others_are_refused() {
        let dir = Path::new("/d");
        let name = |path: PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        assert_eq!(name(segment(dir, Offset(42))), "00000000000000000042.log");
        assert_eq!(parse_segment("00000000000000000042.log"), Some(Offset(42)));
        assert_eq!(parse_segment("42.log"), None);
        assert_eq!(parse_segment("000000000000000000+1.log"), None);
        assert_eq!(parse_snapshot(&name(snapshot(dir, Offset(7)))), Some(Offset(7)));
        assert!(belongs_before(&name(index(dir, Offset(7))), Offset(8)));
        assert_eq!(name(cleaned(dir, Offset(42))), "00000000000000000042.log.cleaned");
        assert_eq!(parse_swap(&name(swap(dir, Offset(7)))), Some(Offset(7)));
        assert_eq!((parse_swap(&name(index(dir, Offset(7)))), parse_any("cleaned")), (None, None));
        for other in [name(index(dir, Offset(8))), name(lost(dir, Offset(7), 1)), START.to_owned()]
        {
            assert!(!belongs_before(&other, Offset(8)), "{other}");
        }
        assert_eq!(parse_partition("a-b-12"), Some(("a-b", 12)));
        assert_eq!(parse_partition("a--1"), Some(("a-", 1)));
        for wrong in ["a", "-1", "a-+1", "a-01", "a-x", "a-1.3.deleted"] {
            assert_eq!(parse_partition(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn topic_names_are_kafkas() {
        for good in ["a", "A.b_c-1", &"x".repeat(249)] {
            assert!(is_topic_name(good), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "a b", "ä", &"x".repeat(250)] {
            assert!(!is_topic_name(bad), "{bad}");
        }
    }
}
