//! The files of the repository, read once for all rules.

use super::mask::mask;
use std::fs;
use std::path::Path;

/// All text files that rules look at.
pub struct Sources {
    /// Rust files.
    pub rust: Vec<RustFile>,
    /// Cargo.toml of each crate.
    pub manifests: Vec<TextFile>,
    /// Every other file that people read or machines run.
    pub others: Vec<TextFile>,
}

/// A file as it is.
pub struct TextFile {
    /// Path from the root of the repository, with `/`.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// A Rust file, also with comments and strings blanked.
pub struct RustFile {
    /// Path from the root of the repository, with `/`.
    pub path: String,
    /// What is in it.
    pub text: String,
    /// The same lines, with spaces for comments and for what is inside quotes.
    pub code: String,
}

impl Sources {
    /// Reads everything below `root` but builds, results and what git keeps for itself.
    pub fn read(root: &Path) -> Self {
        let mut sources = Self { rust: Vec::new(), manifests: Vec::new(), others: Vec::new() };
        sources.read_folder(root, "");
        sources
    }

    fn read_folder(&mut self, folder: &Path, prefix: &str) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        let mut names: Vec<String> =
            entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        for name in names {
            let path = format!("{prefix}{name}");
            let is_ours =
                ![".git", "target", "results", "Cargo.lock", "__pycache__"].contains(&&*name);
            if is_ours && folder.join(&name).is_dir() {
                self.read_folder(&folder.join(&name), &format!("{path}/"));
            } else if is_ours && let Ok(text) = fs::read_to_string(folder.join(&name)) {
                self.add(path, text);
            }
        }
    }

    fn add(&mut self, path: String, text: String) {
        if path.ends_with(".rs") {
            self.rust.push(RustFile::new(path, text));
        } else if path.ends_with("Cargo.toml") {
            self.manifests.push(TextFile { path, text });
        } else {
            self.others.push(TextFile { path, text });
        }
    }
}

impl RustFile {
    /// Blanks comments and strings.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let (path, text) = (path.into(), text.into());
        let code = mask(&text);
        Self { path, text, code }
    }

    /// Whether it holds tests only.
    pub fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs")
            || self.path.contains("/tests/")
            || self.path.contains("/benches/")
    }
}
