//! The order of the layers in `engine/src`: data flows one way, and a module knows only what is below it.
//!
//! A new module must be given its place here first. Paths are followed through `crate::…` and `super::…`, single and in
//! braces; renaming a module on import does not hide it.

use super::Finding;
use super::source::{RustFile, Sources};

/// May import anything, and nothing below may import them.
const ABOVE: &[&str] = &["main", "bin", "boot", "cli", "embedded", "worker"];

/// From the socket down to the file.
const LAYERS: &[&str] = &["net", "api", "broker", "shard", "log", "journal", "segment"];

/// Free to all, and knowing only each other.
const BELOW: &[&str] = &["config", "metrics", "model", "planted", "rare", "token"];

/// A place in the order; the higher, the more a module may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Below,
    Layer(usize),
    Above,
}

/// Modules without a place, and imports that point upwards.
pub fn check(sources: &Sources) -> Vec<Finding> {
    sources.rust.iter().flat_map(check_file).collect()
}

fn check_file(file: &RustFile) -> Vec<Finding> {
    let Some(inside) = file.path.strip_prefix("engine/src/") else { return Vec::new() };
    let mut path: Vec<&str> = inside.trim_end_matches(".rs").split('/').collect();
    if path.last() == Some(&"mod") {
        path.pop();
    }
    let own = path[0];
    if own == "lib" {
        return Vec::new();
    }
    let Some(rank) = rank(own) else {
        let what =
            format!("`{own}` has no place in the order: add it to scripts/src/tidy/layers.rs");
        return vec![Finding::new(&file.path, 0, what)];
    };
    let mut findings = Vec::new();
    for (line, module) in imports(&file.code, path.len()) {
        if module != own && self::rank(&module).is_some_and(|other| !may_know(rank, other)) {
            let what = format!(
                "`{own}` must not know `{module}`, which is above it: pass down a value, or move the type"
            );
            findings.push(Finding::new(&file.path, line, what));
        }
    }
    findings
}

fn may_know(own: Rank, other: Rank) -> bool {
    own == Rank::Above || other == Rank::Below || own > other
}

fn rank(module: &str) -> Option<Rank> {
    if ABOVE.contains(&module) {
        return Some(Rank::Above);
    }
    if BELOW.contains(&module) {
        return Some(Rank::Below);
    }
    let from_the_bottom = LAYERS.iter().rev().position(|layer| *layer == module)?;
    Some(Rank::Layer(from_the_bottom))
}

/// Top-level modules that code at this depth names, with the line.
fn imports(code: &str, depth: usize) -> Vec<(usize, String)> {
    // From a file at depth 2 (`log/read.rs`), `super::super::` is the crate.
    let to_the_top = "super::".repeat(depth);
    let mut found = Vec::new();
    for prefix in ["crate::", to_the_top.as_str()] {
        for (at, _) in code.match_indices(prefix) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '$') {
                continue;
            }
            let line = code[..at].lines().count().max(1);
            let rest = &code[at + prefix.len()..];
            found.extend(heads(rest).into_iter().map(|module| (line, module)));
        }
    }
    found
}

/// The first names after `crate::`: one, or several in braces.
fn heads(rest: &str) -> Vec<String> {
    let word = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let Some(group) = rest.trim_start().strip_prefix('{') else { return vec![word(rest)] };
    let (mut depth, mut start, mut heads) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                heads.push(word(&group[start..at]));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    heads
}

#[cfg(test)]
mod tests {
    use super::{RustFile, check_file};

    fn findings(path: &str, code: &str) -> Vec<String> {
        check_file(&RustFile::new(path, code)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn downward_and_sideways_imports_pass() {
        for (path, code) in [
            ("engine/src/net/send.rs", "use crate::{api::{self, x}, config::broker};"),
            ("engine/src/log/read.rs", "use crate::segment::reader;\nuse super::append;"),
            ("engine/src/log/read.rs", "use crate::log::append; // crate::shard::x"),
            ("engine/src/worker.rs", "use crate::net; use crate::log;"),
            ("engine/src/config/topic.rs", "use super::super::model::Offset;"),
            ("engine/src/lib.rs", "pub mod net;"),
            ("loadgen/src/lib.rs", "use crate::net;"),
        ] {
            assert_eq!(findings(path, code), Vec::<String>::new(), "{path}");
        }
    }

    #[test]
    fn upward_imports_are_found() {
        for (path, code, module) in [
            ("engine/src/log/read.rs", "fn a() {\n crate::shard::x() }", "shard"),
            ("engine/src/log/read.rs", "use crate::{segment::x, config,\n api::y};", "api"),
            ("engine/src/log/mod.rs", "use super::net;", "net"),
            ("engine/src/log/read.rs", "use super::super::worker;", "worker"),
            ("engine/src/config/mod.rs", "use crate::segment;", "segment"),
            ("engine/src/net/send.rs", "use crate::cli::x;", "cli"),
        ] {
            let findings = findings(path, code);
            assert!(findings[0].contains(&format!("must not know `{module}`")), "{findings:?}");
        }
        assert!(findings("engine/src/new/x.rs", "")[0].contains("`new` has no place"));
    }
}
