//! Administration as Kafka's own admin client knows it: `scripts/conformance/Administration.java`.

use super::cases::{Case, case};
use super::clients;
use super::lab::Lab;
use super::tools::Tool::Kafka;
use std::fs;

/// The checks of this file.
pub fn all() -> Vec<Case> {
    vec![case("java-administration", &[Kafka], Box::new(administration))]
}

fn administration(lab: &mut Lab) -> Result<String, String> {
    let out = lab.file("java-administration.out");
    clients::java_program(lab, "Administration.java", &[&lab.broker.address], &out)?;
    let printed = fs::read_to_string(&out).map_err(|e| format!("{}: {e}", out.display()))?;
    Ok(printed.trim().to_owned())
}
