//! Arrows between crates. Cargo refuses cycles; this refuses additions.

use super::Finding;
use super::source::{Sources, TextFile};

/// Each of our crates, and which of ours it may link.
const MAY_LINK: &[(&str, &[&str])] = &[
    ("headwater-protocol", &[]),
    ("headwater-io", &[]),
    ("headwater", &["headwater-protocol", "headwater-io"]),
    ("headwater-loadgen", &["headwater", "headwater-protocol", "headwater-io"]),
    ("headwater-sim", &["headwater", "headwater-loadgen", "headwater-protocol", "headwater-io"]),
    ("headwater-fuzz", &["headwater", "headwater-loadgen", "headwater-protocol", "headwater-io"]),
    ("headwater-bench", &["headwater", "headwater-loadgen", "headwater-protocol", "headwater-io"]),
    ("xtask", &[]),
];

/// Tables of a manifest that make a link.
const LINKS: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

/// Links that are not in the table.
pub fn check(sources: &Sources) -> Vec<Finding> {
    sources.manifests.iter().flat_map(check_manifest).collect()
}

fn check_manifest(file: &TextFile) -> Vec<Finding> {
    let finding = |what: String| vec![Finding::new(&file.path, 0, what)];
    let Ok(manifest) = file.text.parse::<toml::Table>() else {
        return finding("is not TOML".to_owned());
    };
    let Some(name) = manifest.get("package").and_then(|package| package.get("name")?.as_str())
    else {
        return Vec::new();
    };
    let Some((_, allowed)) = MAY_LINK.iter().find(|(crate_name, _)| *crate_name == name) else {
        return finding(format!("`{name}` is not in the table in scripts/src/tidy/arrows.rs"));
    };
    LINKS
        .iter()
        .filter_map(|table| manifest.get(*table)?.as_table())
        .flat_map(|table| table.keys())
        .filter(|link| MAY_LINK.iter().any(|(ours, _)| ours == link))
        .filter(|link| *link != name && !allowed.contains(&link.as_str()))
        .map(|link| Finding::new(&file.path, 0, format!("`{name}` must not link `{link}`")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{TextFile, check_manifest};

    #[test]
    fn finds_arrows_that_point_upwards() {
        let check = |text: &str| {
            let file = TextFile { path: "x/Cargo.toml".to_owned(), text: text.to_owned() };
            check_manifest(&file).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let engine =
            "[package]\nname = \"headwater\"\n[dependencies]\nheadwater-io.workspace = true\n";
        assert_eq!(check(engine), Vec::<String>::new());
        let io =
            "[package]\nname = \"headwater-io\"\n[dev-dependencies]\nheadwater.workspace = true\n";
        assert_eq!(check(io), ["x/Cargo.toml: `headwater-io` must not link `headwater`"]);
        assert_eq!(check("[workspace]\n"), Vec::<String>::new());
        assert!(check("[package]\nname = \"new\"\n")[0].contains("not in the table"));
    }
}
