//! A whole data directory, damaged, and the broker started on it.
//!
//! Promises: it refuses to start in words, or it starts, and then every record that it serves is one that was sent, at
//! its offset. A partition that cannot keep this is offline; what its checksum cannot tell about a sealed segment, its
//! consumers are not told either (see below). Where the damage is in files that hold nothing but
//! shortcuts, nothing is missing. What is served once is served again after a clean stop.

use headwater_io::sim::World;
use headwater_io::sim::rng::Rng;
use headwater_protocol::batch::header;
use headwater_protocol::error_code::ErrorCode;

use super::Target;
use crate::image::{self, Acknowledged, TOPIC, images};
use crate::machine::client::sound_batches;
use crate::machine::{self, Machine};
use crate::script::{self, Touched};

pub const TARGET: Target = Target {
    name: "directory",
    about: "damaged data directories: refused in words, or every record that is served is one that was sent",
    make,
    check,
    smoke: 300,
    found: &[
        // The second partition's first segment became the first one's.
        b"\0\x0a\x08\0\0\0\0\x10\x19",
    ],
};

fn make(rng: &mut Rng) -> Vec<u8> {
    let which = rng.below(images().len() as u64) as u8;
    let mut bytes = vec![which];
    bytes.extend(script::make(rng, &images()[usize::from(which)].files));
    bytes
}

fn check(bytes: &[u8]) {
    let Some((which, script)) = bytes.split_first() else { return };
    let image = &images()[usize::from(*which) % images().len()];
    let mut files = image.files.clone();
    let touched = script::apply(script, &mut files);
    let world = machine::world_with(u64::from(*which), &files);
    let sent: Vec<Served> = image.acknowledged.iter().cloned().map(Some).collect();
    let Some((world, served)) = Look { settings: image.settings, sent, touched }.serve(world)
    else {
        return;
    };
    // Once more: what was served then, and what was appended, is all there.
    let again = Look { settings: image.settings, sent: served.clone(), touched };
    let Some((_, again)) = again.serve(world) else {
        panic!("started, was stopped cleanly, and does not start again");
    };
    for (partition, (before, after)) in served.iter().zip(&again).enumerate() {
        let Some(before) = before else { continue };
        let Some(after) = after else { panic!("partition {partition} was served and is offline") };
        assert!(after.starts_with(before), "partition {partition} lost what was served");
    }
}

/// What a partition served, in order; `None` when it is offline.
type Served = Option<Vec<Acknowledged>>;

/// One start of the broker, and what may be found then.
struct Look {
    settings: &'static [&'static str],
    /// For each partition; `None` when nothing is known of it.
    sent: Vec<Served>,
    touched: Touched,
}

impl Look {
    /// Starts, reads everything, appends to every partition, stops. `None` when the directory is refused.
    fn serve(&self, world: World) -> Option<(World, Vec<Served>)> {
        let mut machine = match Machine::start(world, self.settings) {
            Ok(machine) => machine,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                self.excuse(&format!("refused: {error}"));
                return None;
            }
        };
        let client = machine.connect();
        let served = self.sent.iter().zip(0..).map(|(sent, partition)| {
            let mut served = self.read(&mut machine, client, partition, sent.as_ref()?)?;
            self.append(&mut machine, client, partition, &mut served);
            Some(served)
        });
        let served = served.collect();
        Some((machine.stop(), served))
    }

    /// Reads to the high watermark, as a consumer does.
    fn read(
        &self,
        machine: &mut Machine,
        client: usize,
        partition: i32,
        sent: &[Acknowledged],
    ) -> Served {
        let (mut served, mut offset) = (Vec::new(), 0);
        loop {
            let fetched = machine.fetch(client, TOPIC, partition, offset);
            if fetched.error != ErrorCode::None {
                self.excuse(&format!("partition {partition}: {:?}", fetched.error));
                return None;
            }
            if offset >= fetched.high_watermark {
                if offset < sent.last().map_or(0, |last| last.next) {
                    self.excuse(&format!("partition {partition} ends at {offset}"));
                }
                return Some(served);
            }
            let batches = sound_batches(&fetched.records);
            if batches.is_empty() {
                // Rot in a sealed segment: a consumer refuses the batch by its checksum.
                self.excuse(&format!("partition {partition}: nothing sound at {offset}"));
                return None;
            }
            for (base, next, bytes) in batches {
                if base != offset {
                    // Kafka's checksum does not cover a batch's offset, so rot of it in a sealed segment is
                    // served as it is, until somebody reads the segment as a whole.
                    assert!(
                        self.touched.segments,
                        "partition {partition}: {base} comes at {offset}"
                    );
                    return None;
                }
                let found = Acknowledged { base, next, bytes };
                assert!(
                    sent.contains(&found),
                    "partition {partition}: what is at {base} was never sent"
                );
                served.push(found);
                offset = next;
            }
        }
    }

    /// The last batch again, which must be known as a repetition; then a new one, at the end.
    fn append(
        &self,
        machine: &mut Machine,
        client: usize,
        partition: i32,
        served: &mut Vec<Acknowledged>,
    ) {
        let end = served.last().map_or(0, |last| last.next);
        if let Some(last) = served.last() {
            let (error, base) = machine.produce(client, TOPIC, partition, &last.bytes);
            let repeated = (error, base) == (ErrorCode::None, last.base);
            assert!(
                repeated,
                "partition {partition}: {error:?}, {base} for the batch at {}",
                last.base
            );
        }
        let bytes = image::batch(&mut Rng::new(end as u64), end as i32);
        let records = header::check(&bytes).expect("sound").record_count;
        let (error, base) = machine.produce(client, TOPIC, partition, &bytes);
        assert_eq!((error, base), (ErrorCode::None, end), "partition {partition}: the next batch");
        served.push(Acknowledged { base, next: base + i64::from(records), bytes });
    }

    /// What needs damage to something that cannot be made again.
    fn excuse(&self, what: &str) {
        assert!(self.touched.essentials, "{what}; nothing but shortcuts was damaged");
    }
}
