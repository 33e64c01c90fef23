//! Data directories as a broker leaves them: on every path of durability, after a clean stop, a kill and a power cut;
//! small, with several segments, and with a list of what was acknowledged.

use std::sync::OnceLock;

use headwater_io::sim::World;
use headwater_io::sim::rng::Rng;
use headwater_protocol::batch::builder::{BatchBuilder, Producer};
use headwater_protocol::batch::compression::Compression;
use headwater_protocol::batch::header;
use headwater_protocol::error_code::ErrorCode;

use crate::machine::{self, ImageFile, Machine};

/// The topic in every image.
pub const TOPIC: &str = "t";
/// Its partitions.
const PARTITIONS: i32 = 2;
/// Who produced it.
const PRODUCER: i64 = 7;

/// Small segments, so that there are several, and entries in their indexes.
const TOPIC_SETTINGS: [(&str, &str); 2] =
    [("segment.bytes", "16384"), ("index.interval.bytes", "512")];
const BATCHES: i32 = 16;

/// The paths, each with what makes its files small.
const PATHS: [&[&str]; 3] = [
    &["durability.path=direct"],
    &["durability.path=buffered"],
    &["durability.path=journal", "journal.file.bytes=1048576", "journal.files=3"],
];

/// How a broker ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It was stopped and wrote down where everything ends.
    Stopped,
    /// It was killed: what it wrote is there.
    Killed,
    /// The power was cut: what it synced is there, and a part of the rest.
    Cut,
}

/// A batch as it was sent, and where it was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// The offset of its first record.
    pub base: i64,
    /// The offset after its last record.
    pub next: i64,
    /// Its bytes, without what the broker fills in.
    pub bytes: Vec<u8>,
}

/// A data directory, and what must be in it.
pub struct Image {
    /// Settings of the broker that left it behind.
    pub settings: &'static [&'static str],
    /// How it ended.
    pub end: End,
    /// Its files.
    pub files: Vec<ImageFile>,
    /// For each partition.
    pub acknowledged: Vec<Vec<Acknowledged>>,
}

/// All of them; made once.
pub fn images() -> &'static [Image] {
    static IMAGES: OnceLock<Vec<Image>> = OnceLock::new();
    IMAGES.get_or_init(|| {
        let paths = PATHS.into_iter().filter(|settings| machine::config(settings).is_some());
        paths
            .flat_map(|path| [End::Stopped, End::Killed, End::Cut].map(|end| build(path, end)))
            .collect()
    })
}

/// A batch of the images' producer.
pub fn batch(rng: &mut Rng, base_sequence: i32) -> Vec<u8> {
    let mut builder = BatchBuilder::new(Compression::None);
    for _ in 0..=rng.below(3) {
        let value: Vec<u8> = (0..rng.below(1500)).map(|_| rng.next_u64() as u8).collect();
        builder.push(1_700_000_000_000 + i64::from(base_sequence), Some(b"key"), Some(&value));
    }
    let producer = Producer { id: PRODUCER, epoch: 0, base_sequence };
    let mut batch = builder.finish(producer).to_vec();
    header::set_leader_epoch(&mut batch, -1);
    batch
}

fn build(settings: &'static [&'static str], end: End) -> Image {
    let mut machine =
        Machine::start(World::new(5), settings).unwrap_or_else(|e| panic!("a new directory: {e}"));
    let client = machine.connect();
    assert_eq!(machine.create(client, TOPIC, PARTITIONS, &TOPIC_SETTINGS), ErrorCode::None);
    let mut rng = Rng::new(11);
    let mut acknowledged = vec![Vec::new(); PARTITIONS as usize];
    let mut sequences = [0; PARTITIONS as usize];
    for n in 0..BATCHES * PARTITIONS {
        let partition = (n % PARTITIONS) as usize;
        let bytes = batch(&mut rng, sequences[partition]);
        let (error, base) = machine.produce(client, TOPIC, n % PARTITIONS, &bytes);
        assert_eq!(error, ErrorCode::None);
        let records = header::check(&bytes).expect("sound").record_count;
        sequences[partition] += records;
        acknowledged[partition].push(Acknowledged { base, next: base + i64::from(records), bytes });
        // Seals and whatever else happens behind an answer.
        (0..rng.below(40)).for_each(|_| machine.tick());
    }
    let world = match end {
        End::Stopped => machine.stop(),
        End::Killed => machine.kill(),
        End::Cut => machine.cut(),
    };
    Image { settings, end, files: machine::files_of(&world), acknowledged }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_an_image_of_every_path_that_this_release_has() {
        let has = |path: &str| images().iter().any(|image| image.settings[0].ends_with(path));
        assert!(has("direct") && has("buffered") && has("journal"));
        let settings = PATHS.iter().all(|settings| machine::config(settings).is_some());
        assert!(settings, "a path's settings have other names or limits");
        for Image { files, settings, end, .. } in images() {
            let segments =
                files.iter().filter(|(path, _)| path.extension().is_some_and(|e| e == "log"));
            assert!(segments.count() > 3, "{settings:?} {end:?}: no segment was rolled");
            let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
            assert!(
                bytes < 8 << 20,
                "{settings:?} {end:?}: {bytes} bytes are too many for each input"
            );
        }
    }
}
