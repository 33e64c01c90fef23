//! What Kafka's Java consumer does by itself: `scripts/conformance/Consumers.java`.

use super::cases::{Case, case};
use super::clients;
use super::lab::Lab;
use super::tools::Tool::Kafka;

/// The checks of this file.
pub fn all() -> Vec<Case> {
    vec![case("java-consumers", &[Kafka], Box::new(consumers))]
}

/// With a start in between, so that there are two leader epochs.
fn consumers(lab: &mut Lab) -> Result<String, String> {
    let out = lab.file("java-consumers.out");
    clients::java_program(lab, "Consumers.java", &[&lab.broker.address, "write"], &out)?;
    lab.broker.kill();
    lab.broker.start_again()?;
    clients::java_program(lab, "Consumers.java", &[&lab.broker.address, "check"], &out)
}
