//! Stops of every kind, and what is there afterwards: everything that was acknowledged, once.

mod bounded;
mod cold;
mod kill;
mod leftovers;
mod retention;
mod stop;
mod tails;

use std::path::{Path, PathBuf};

/// A partition's segment files, oldest first.
fn segments(data: &Path, partition: &str) -> Vec<PathBuf> {
    with_suffix(data, partition, ".log")
}

/// A partition's files of one kind, by name.
fn with_suffix(data: &Path, partition: &str, suffix: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(data.join(partition)).expect("a partition's folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<_> = paths.filter(|path| path.to_string_lossy().ends_with(suffix)).collect();
    paths.sort();
    paths
}
