//! The lines that are written: real ones if they are there, made up ones of the same shape if not, and it says which.

use crate::repo;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Lines of `key<TAB>value`.
pub struct Input {
    /// The file that clients read.
    pub path: PathBuf,
    /// What is in it.
    pub text: String,
    /// Where it comes from.
    pub description: String,
}

/// Lines of the made up file: as many as in the real one.
const MADE_UP_LINES: u64 = 500_000;

/// Writes the input into `folder`, the first `lines` of it.
pub fn prepare(
    wanted: Option<&Path>,
    lines: Option<usize>,
    folder: &Path,
) -> Result<Input, String> {
    let beside = repo::root().join("../shared/data/flights.tsv.gz");
    let found = wanted.map(Path::to_owned).or_else(|| beside.exists().then_some(beside));
    let (mut text, mut description) = match found {
        Some(path) => (read(&path)?, path.display().to_string()),
        None => (made_up(), "made up (no --flights, no HEADWATER_FLIGHTS)".to_owned()),
    };
    if let Some(lines) = lines {
        let end = text.match_indices('\n').nth(lines.saturating_sub(1)).map(|(at, _)| at + 1);
        text.truncate(end.unwrap_or(text.len()));
    }
    description = format!("{description}, {} lines, {} bytes", text.lines().count(), text.len());
    let path = folder.join("input.tsv");
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, &text))
        .map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(Input { path, text, description })
}

fn read(path: &Path) -> Result<String, String> {
    let told = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    if path.extension().is_none_or(|extension| extension != "gz") {
        return fs::read_to_string(path).map_err(|e| told(&e));
    }
    let unpacked = Command::new("gzip").arg("-dc").arg(path).stderr(Stdio::inherit()).output();
    let unpacked = unpacked.map_err(|e| format!("cannot start gzip: {e}"))?;
    match unpacked.status.success() {
        true => String::from_utf8(unpacked.stdout).map_err(|e| told(&e)),
        false => Err(told(&unpacked.status)),
    }
}

/// Some 220 keys, a few of them far more frequent, values of about 100 bytes; the same every time.
fn made_up() -> String {
    let mut text = Vec::new();
    let mut state = 1_u64;
    for line in 0..MADE_UP_LINES {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let random = state >> 33;
        // The smaller of two is more often small: frequent keys and rare ones.
        let airport = (random % 220).min(random / 220 % 220);
        let (delay_min, distance_mi) = (random % 200, 100 + random % 2_500);
        let written = writeln!(
            text,
            "A{airport:03}\t{{\"line\":{line},\"origin\":\"A{airport:03}\",\"destination\":\"A{:03}\",\
             \"delay_min\":{delay_min},\"distance_mi\":{distance_mi}}}",
            random % 219
        );
        // Memory takes every byte.
        drop(written);
    }
    String::from_utf8(text).unwrap_or_default()
}
