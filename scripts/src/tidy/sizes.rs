//! Sizes of files and functions, counted without tests: a file named after the whole grows first, so it fails first.
//!
//! Good files have 150 lines and good functions fit on a screen; these limits are where reading stops being possible.

use super::Finding;
use super::source::{RustFile, Sources};

const FILE_LINES_MAX: usize = 600;
const FILE_LINES_NOTED: usize = 400;
const FUNCTION_LINES_MAX: usize = 100;
const FUNCTION_LINES_NOTED: usize = 70;

/// Files and functions over the limit.
pub fn check(sources: &Sources) -> Vec<Finding> {
    over(sources, FILE_LINES_MAX, FUNCTION_LINES_MAX)
}

/// Files and functions over the soft limit.
pub fn notes(sources: &Sources) -> Vec<Finding> {
    over(sources, FILE_LINES_NOTED, FUNCTION_LINES_NOTED)
}

fn over(sources: &Sources, file_lines_max: usize, function_lines_max: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in sources.rust.iter().filter(|file| !file.is_test()) {
        let code = without_tests(file);
        let lines = code.lines().count();
        if lines > file_lines_max {
            let what = format!("{lines} lines, at most {file_lines_max}: split it by noun");
            findings.push(Finding::new(&file.path, 0, what));
        }
        for function in functions(code).filter(|function| function.lines > function_lines_max) {
            let what = format!(
                "`{}` has {} lines, at most {function_lines_max}: name its parts",
                function.name, function.lines
            );
            findings.push(Finding::new(&file.path, function.line, what));
        }
    }
    findings
}

/// Masked code up to the tests at the end of the file.
fn without_tests(file: &RustFile) -> &str {
    let end = file.code.find("#[cfg(test)]\nmod ").filter(|end| {
        let declaration = file.code[*end..].lines().nth(1).unwrap_or_default();
        declaration.ends_with('{')
    });
    &file.code[..end.unwrap_or(file.code.len())]
}

struct Function<'a> {
    name: &'a str,
    line: usize,
    lines: usize,
}

/// Functions with a body, in masked code.
fn functions(code: &str) -> impl Iterator<Item = Function<'_>> {
    code.match_indices("fn ").filter_map(|(at, _)| {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            return None;
        }
        let rest = &code[at + 3..];
        let name = &rest[..rest.find(|c: char| !c.is_alphanumeric() && c != '_')?];
        if name.is_empty() {
            return None;
        }
        let body = body(rest)?;
        let mut depth = 0_usize;
        let end = rest[body..].char_indices().find_map(|(at, c)| {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            (depth == 0).then_some(body + at)
        })?;
        let line = code[..=at].lines().count();
        Some(Function { name, line, lines: rest[..=end].lines().count() })
    })
}

/// Where the body starts; `None` if there is none. The `;` of an array's type in the signature is none of its ends.
fn body(signature: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in signature.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            '{' if depth == 0 => return Some(at),
            ';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{RustFile, functions, without_tests};

    #[test]
    fn counts_lines_of_functions() {
        let code = "trait T {\n fn no_body(&self);\n}\nfn a(x: [u8; 2]) -> u8 {\n if x {\n }\n}\n";
        let found: Vec<_> = functions(code).map(|f| (f.name, f.line, f.lines)).collect();
        assert_eq!(found, [("a", 4, 4)]);
        let code = "fn a() {\n if x {\n }\n}\npub fn b() {}\n";
        let found: Vec<_> = functions(code).map(|f| (f.name, f.line, f.lines)).collect();
        assert_eq!(found, [("a", 1, 4), ("b", 5, 1)]);
    }

    #[test]
    fn tests_at_the_end_do_not_count() {
        let file = RustFile::new("x/src/y.rs", "fn a() {}\n#[cfg(test)]\nmod tests {\n}\n");
        assert_eq!(without_tests(&file).lines().count(), 1);
        let file = RustFile::new("x/src/y.rs", "#[cfg(test)]\nmod tests;\nfn a() {}\n");
        assert_eq!(without_tests(&file).lines().count(), 3);
    }
}
