//! Our cleaner against Kafka's own: `scripts/conformance/Compaction.java` writes the same to both, and what their cleaners
//! leave must be the same.

use super::broker::Broker;
use super::cases::{Case, case};
use super::clients;
use super::kafka::Kafka;
use super::lab::Lab;
use super::tools::Tool;

/// The checks of this file.
pub fn all() -> Vec<Case> {
    vec![case("compaction-as-kafka", &[Tool::Kafka], Box::new(as_kafka))]
}

/// What is written. Of this one the cleaner makes a segment longer than it was: that has once been served wrongly.
const SEED: &str = "21";

/// The cleaner looks around often, and its map of keys does not take what a small machine has.
const KAFKA_SETTINGS: &[&str] =
    &["log.cleaner.backoff.ms=100", "log.cleaner.dedupe.buffer.size=8388608"];

/// Without a journal: what it may have to put back is not cleaned yet, and here each cleaning has to come as far as
/// Kafka's.
const OUR_SETTING: &str = "durability.path=buffered";

fn as_kafka(lab: &mut Lab) -> Result<String, String> {
    let folder = lab.file("compaction");
    let (home, data) = (folder.join("broker"), folder.join("broker/data"));
    let mut ours = Broker::wrapped(&lab.broker, Vec::new(), home, data);
    ours.set(OUR_SETTING.to_owned());
    ours.start()?;
    let kafka = Kafka::start(lab, &folder.join("kafka"), KAFKA_SETTINGS)?;
    let out = folder.join("compaction.out");
    let folders = [ours.data_dir(), &kafka.data_dir].map(|folder| folder.display().to_string());
    let args = [&ours.address, &kafka.address, &folders[0], &folders[1], SEED];
    let printed = clients::java_program(lab, "Compaction.java", &args, &out)?;
    ours.stop()?;
    Ok(printed)
}
