//! The fence around `unsafe`: all of it lives in `engine/io`, and every other crate forbids it in its root.

use super::Finding;
use super::source::{RustFile, Sources};

/// The one crate inside.
const INSIDE: &str = "engine/io/";

/// What every other crate's root says.
const FORBIDS: &str = "#![forbid(unsafe_code)]";

/// Uses of `unsafe` outside the fence, and roots that do not forbid it.
pub fn check(sources: &Sources) -> Vec<Finding> {
    let outside = sources.rust.iter().filter(|file| !file.path.starts_with(INSIDE));
    outside.flat_map(check_file).collect()
}

fn check_file(file: &RustFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(file.code.lines()) {
        let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        if words.any(|word| word == "unsafe") {
            findings.push(Finding::new(&file.path, number, "`unsafe` belongs in engine/io only"));
        }
    }
    if is_root(&file.path) && !file.code.contains(FORBIDS) {
        findings.push(Finding::new(
            &file.path,
            0,
            format!("say `{FORBIDS}` after the `//!` lines"),
        ));
    }
    findings
}

/// Roots of libraries and programs; tests and examples are covered by looking for the word.
fn is_root(path: &str) -> bool {
    ["/src/lib.rs", "/src/main.rs"].iter().any(|root| path.ends_with(root))
        || path.contains("/src/bin/")
}

#[cfg(test)]
mod tests {
    use super::{RustFile, check_file};

    #[test]
    fn finds_the_word_in_code_only() {
        let text = "// unsafe\nlet a = \"unsafe\";\n#[expect(unsafe_code)]\nunsafe { x() }\n";
        let findings = check_file(&RustFile::new("loadgen/src/x.rs", text));
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].line, 4);
    }

    #[test]
    fn a_root_must_forbid_it() {
        let check = |text: &str| check_file(&RustFile::new("loadgen/src/lib.rs", text)).len();
        assert_eq!(check("//! x\n#![forbid(unsafe_code)]\n"), 0);
        assert_eq!(check("//! x\n// #![forbid(unsafe_code)]\n"), 1);
    }
}
