//! Administration as Kafka's own admin client knows it: `scripts/conformance/Administration.java`.

use super::cases::{Case, case};
use super::clients;
use super::lab::Lab;
use super::tools::Tool::Kafka;

/// The checks of this file.
pub fn all() -> Vec<Case> {
    vec![case("java-administration", &[Kafka], Box::new(administration))]
}

fn administration(lab: &mut Lab) -> Result<String, String> {
    let out = lab.file("java-administration.out");
    clients::java_program(lab, "Administration.java", &[&lab.broker.address], &out)
}
