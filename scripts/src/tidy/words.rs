//! Words that do not belong: debris in code, tests that are switched off, and places that exist on one machine only.

use super::Finding;
use super::source::Sources;

/// In code, each with its replacement. Split, so that this file does not find itself.
const DEBRIS: &[(&str, &str)] = &[
    (concat!("todo", "!("), "write it, or return an error that says what is missing"),
    (concat!("unimplemented", "!("), "write it, or return an error that says what is missing"),
    (concat!("dbg", "!("), "use tracing, or nothing"),
    (concat!("#[", "ignore"), "run it, or move it to `cargo xtask nightly`"),
];

/// In code that is not only a test: what several tests share is used by some of them only.
const ALLOWED: &str = "allow(";

/// In any text.
const PLACES: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("python", "hosted.org"),
    concat!("maven", ".org"),
    concat!("maven.apache", ".org/maven2"),
];

/// How a file of ours must begin.
const OPENING: &str = "//!";

/// All findings.
pub fn check(sources: &Sources) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &sources.rust {
        if !file.text.starts_with(OPENING) {
            let what = "open with `//!`: its place in the world, and what it must not know";
            findings.push(Finding::new(&file.path, 1, what));
        }
        for (number, line) in (1..).zip(file.code.lines()) {
            for (word, advice) in DEBRIS.iter().filter(|(word, _)| line.contains(word)) {
                findings.push(Finding::new(&file.path, number, format!("`{word}…`: {advice}")));
            }
        }
        if !file.is_test() {
            findings.extend(allowances(&file.path, &file.code));
        }
        findings.extend(places(&file.path, &file.text));
    }
    for file in sources.manifests.iter().chain(&sources.others) {
        findings.extend(places(&file.path, &file.text));
    }
    findings
}

/// An allowed lint outlives its reason; an expected one is reported when it is not needed any more.
fn allowances(path: &str, code: &str) -> Vec<Finding> {
    let is_attribute = |line: &str| {
        let start = line.trim_start();
        ["#[", "#!["]
            .iter()
            .any(|open| start.strip_prefix(open).is_some_and(|s| s.starts_with(ALLOWED)))
    };
    let advice = "say #[expect(lint, reason = \"…\")] instead of allowing it";
    (1..)
        .zip(code.lines())
        .filter(|(_, line)| is_attribute(line))
        .map(|(number, _)| Finding::new(path, number, advice))
        .collect()
}

fn places(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        for place in PLACES.iter().filter(|place| line.contains(**place)) {
            let what = format!("`{place}` is a place that exists elsewhere: leave it out");
            findings.push(Finding::new(path, number, what));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{DEBRIS, PLACES, check};
    use crate::tidy::source::{RustFile, Sources, TextFile};

    #[test]
    fn finds_each_word() {
        let allowed = "#[allow(dead_code)]\n#![allow(dead_code)]\n";
        let text: String = DEBRIS.iter().map(|(word, _)| format!("{word}\n")).collect();
        let places: String = PLACES.iter().map(|place| format!("{place}\n")).collect();
        let sources = Sources {
            rust: vec![RustFile::new("x.rs", text + allowed)],
            manifests: Vec::new(),
            others: vec![TextFile { path: "x.md".to_owned(), text: places }],
        };
        // The file does not open with `//!` either.
        assert_eq!(check(&sources).len(), DEBRIS.len() + PLACES.len() + 3);
    }
}
