//! The table of targets: everything that reads bytes from a socket or from a disk.
//!
//! A target lives in one file: what it makes, what it promises, and inputs that once broke a promise, kept as bytes.

mod batches;
mod compression;
mod directory;
mod dispatch;
mod index;
mod journal;
mod journal_frame;
mod metadata;
mod point;
mod producers;
mod requests;
mod responses;
mod settings;

use headwater_io::sim::rng::Rng;

/// Something that reads bytes.
#[derive(Clone, Copy)]
pub struct Target {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it reads and what it promises, in one line.
    pub about: &'static str,
    /// Makes an input: sound at first, then damaged.
    pub make: fn(&mut Rng) -> Vec<u8>,
    /// Takes any bytes; panics when a promise is broken.
    pub check: fn(&[u8]),
    /// Inputs that `cargo test` tries, in well under a second.
    pub smoke: u64,
    /// Inputs that broke a promise once.
    pub found: &'static [&'static [u8]],
}

/// All of them.
pub const TARGETS: &[Target] = &[
    requests::TARGET,
    responses::TARGET,
    batches::TARGET,
    compression::TARGET,
    index::TARGET,
    producers::TARGET,
    point::TARGET,
    metadata::TARGET,
    settings::TARGET,
    journal_frame::TARGET,
    journal::TARGET,
    dispatch::TARGET,
    directory::TARGET,
];

/// The target of this name.
pub fn by_name(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
