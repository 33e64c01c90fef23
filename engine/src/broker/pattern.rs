//! Regular expressions that clients send: they must match a whole name, and take bounded memory and time.
//!
//! Kafka's brokers use RE2/J. The crate `regex` is of the same family: linear in time, no look-around, no back
//! references. Inside a class it knows more (`[a[b]]` and `[a&&b]` are sets), and `\Q..\E` and `\C` less; what it does
//! not understand is refused.

use regex::{Regex, RegexBuilder};

/// The most memory that one pattern may take once it is compiled, in bytes.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// A pattern that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPattern;

/// A pattern that matches whole names.
pub fn whole(pattern: &str) -> Result<Regex, BadPattern> {
    // By itself first: `a)|(b` would be a pattern only between our parentheses.
    let compile = |text: &str| RegexBuilder::new(text).size_limit(PATTERN_BYTES_MAX).build();
    let anchored = compile(pattern).and_then(|_| compile(&format!(r"\A(?:{pattern})\z")));
    anchored.map_err(|_| BadPattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_whole_names_or_is_refused() {
        let matches = |pattern: &str, name: &str| whole(pattern).map(|found| found.is_match(name));
        assert_eq!(matches("a|ab", "ab"), Ok(true));
        assert_eq!(matches("a", "ab"), Ok(false));
        assert_eq!(matches(r"orders\..*", "orders.eu"), Ok(true));
        assert_eq!(matches(r"orders\..*", "my-orders.eu"), Ok(false));
        for bad in ["[", "a)|(b", "(?=a)a", r"(a)\1", "((((a{200}){200}){200}){200})"] {
            assert_eq!(whole(bad).err(), Some(BadPattern), "{bad}");
        }
    }
}
