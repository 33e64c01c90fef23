//! Rules of the repository, as tests: what a reviewer should never have to say.
//!
//! A rule is a function from sources to findings. Findings fail; notes are printed. The lists of exceptions may only
//! shrink. `cargo xtask tidy` prints everything, `cargo test` fails with the findings.

mod arrows;
mod fence;
mod layers;
mod mask;
mod sizes;
mod source;
mod words;

#[cfg(test)]
mod tests;

use crate::repo;
use source::Sources;
use std::fmt;

/// A place where a rule is broken.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Path from the root of the repository.
    path: String,
    /// Line, from 1; 0 for the whole file.
    line: usize,
    /// What is wrong and what to do.
    what: String,
}

impl Finding {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.what),
            line => write!(f, "{}:{line}: {}", self.path, self.what),
        }
    }
}

/// Reads the repository and applies every rule.
fn findings() -> Vec<Finding> {
    let sources = Sources::read(&repo::root());
    let mut findings = layers::check(&sources);
    findings.extend(fence::check(&sources));
    findings.extend(arrows::check(&sources));
    findings.extend(sizes::check(&sources));
    findings.extend(words::check(&sources));
    findings.sort();
    findings
}

/// Prints notes and findings; true if there are no findings.
pub fn run() -> bool {
    for note in sizes::notes(&Sources::read(&repo::root())) {
        println!("note: {note}");
    }
    let findings = findings();
    for finding in &findings {
        println!("{finding}");
    }
    println!("tidy: {} findings", findings.len());
    findings.is_empty()
}
