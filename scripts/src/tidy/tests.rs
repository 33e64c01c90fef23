//! The repository keeps its rules, and the blanking that they rely on works.

use super::findings;
use super::mask::mask;

#[test]
fn the_repository_is_tidy() {
    let findings: Vec<String> = findings().iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

#[test]
fn comments_and_quotes_are_blanked_and_columns_kept() {
    for (text, expected) in [
        ("a // b\nc", "a ....\nc"),
        ("a /* b /* c */\n d */ e", "a ............\n..... e"),
        ("f(\"x\\\"y\", b'z', '\\'', '\"')", "f(......, b..., ...., ...)"),
        ("r#\"a\"b\"# + br\"c\\\" + r#type", "........ + ...... + r#type"),
        ("&'a str, 'b: loop", "&'a str, 'b: loop"),
        ("for_r\"x\"", "for_r..."),
    ] {
        // A dot stands for what is blanked.
        let dotted: String = mask(text)
            .chars()
            .zip(expected.chars())
            .map(|(c, e)| match (c, e) {
                (' ', '.') => '.',
                _ => c,
            })
            .collect();
        assert_eq!(dotted, expected, "{text}");
        assert_eq!(mask(text).chars().count(), text.chars().count(), "{text}");
    }
}
