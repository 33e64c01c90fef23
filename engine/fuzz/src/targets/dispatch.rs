//! Streams of requests to a whole shard: what decodes is served, on the same machine as somebody else's topic.
//!
//! Promises: the shard lives, another client's records stay what they were, and that client is served.

use bytes::Bytes;
use headwater_io::sim::World;
use headwater_io::sim::rng::Rng;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::batch::builder::{BatchBuilder, Producer};
use headwater_protocol::batch::compression::Compression;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::fetch::{FetchPartition, FetchRequest, FetchTopic};
use headwater_protocol::messages::produce::{ProducePartition, ProduceRequest, ProduceTopic};
use headwater_protocol::wire::uuid::Uuid;

use super::requests::{frame, served};
use super::{Target, batches};
use crate::bodies::Direction;
use crate::damage;
use crate::machine::Machine;
use crate::machine::client::{encode, sound_batches};
use crate::samples::sample;

/// Ticks after which a stream has been heard to its end.
const TICKS: usize = 200;
/// The topic of the one who means no harm.
const HERS: &str = "hers";

pub const TARGET: Target = Target {
    name: "dispatch",
    about: "streams of requests to a whole shard: it lives, and another client's records stay what they were",
    make,
    check,
    smoke: 400,
    found: &[],
};

/// A few requests with their lengths.
fn make(rng: &mut Rng) -> Vec<u8> {
    let mut stream = Vec::new();
    for _ in 0..=rng.below(5) {
        let mut request = request(rng);
        if rng.chance(40) {
            let mut inside = request.split_off(4);
            damage::damage(rng, &mut inside);
            request = (inside.len() as u32).to_be_bytes().to_vec();
            request.extend(inside);
        }
        stream.extend(request);
    }
    if rng.chance(20) {
        damage::damage(rng, &mut stream);
    }
    stream
}

fn request(rng: &mut Rng) -> Vec<u8> {
    let index = rng.below(2) as i32;
    match rng.below(3) {
        0 => {
            let mut records = batches::batch(rng);
            if rng.chance(50) {
                damage::damage(rng, &mut records);
            }
            let partitions = vec![ProducePartition { index, records: Some(&records) }];
            let topics = vec![ProduceTopic { name: "t", topic_id: Uuid::ZERO, partitions }];
            let acks = rng.below(3) as i16 - 1;
            let request = ProduceRequest { transactional_id: None, acks, timeout_ms: 1000, topics };
            encode(ApiKey::Produce, 9, |w| request.encode(w, 9)).to_vec()
        }
        1 => {
            let offsets = [0, 1, 2, -1, i64::MAX, i64::MIN];
            let partition = FetchPartition {
                index,
                fetch_offset: offsets[rng.below(6) as usize],
                partition_max_bytes: rng.next_u64() as i32 >> rng.below(31),
                ..Default::default()
            };
            let topics =
                vec![FetchTopic { name: "t", topic_id: Uuid::ZERO, partitions: vec![partition] }];
            let (min_bytes, max_wait_ms) = (rng.below(1000) as i32, rng.below(100) as i32);
            let session_epoch = rng.below(3) as i32 - 1;
            let request = FetchRequest {
                min_bytes,
                max_wait_ms,
                max_bytes: 1 << 20,
                session_epoch,
                topics,
                ..Default::default()
            };
            encode(ApiKey::Fetch, 11, |w| request.encode(w, 11)).to_vec()
        }
        _ => {
            let served = served();
            let (api, version) = served[rng.below(served.len() as u64) as usize];
            let frame = frame(api, version, &sample(api, Direction::Request, version));
            [&(frame.len() as u32).to_be_bytes()[..], &frame].concat()
        }
    }
}

fn check(bytes: &[u8]) {
    let mut machine =
        Machine::start(World::new(1), &[]).unwrap_or_else(|e| panic!("a new directory: {e}"));
    let her = machine.connect();
    assert_eq!(machine.create(her, HERS, 1, &[]), ErrorCode::None);
    assert_eq!(machine.create(her, "t", 2, &[]), ErrorCode::None);
    let mut sent = vec![hers(0)];
    assert_eq!(machine.produce(her, HERS, 0, &sent[0]), (ErrorCode::None, 0));

    let enemy = machine.connect();
    machine.send(enemy, Bytes::copy_from_slice(bytes));
    (0..TICKS).for_each(|_| machine.tick());

    sent.push(hers(1));
    assert_eq!(machine.produce(her, HERS, 0, &sent[1]), (ErrorCode::None, 1), "she is not served");
    let fetched = machine.fetch(her, HERS, 0, 0);
    assert_eq!((fetched.error, fetched.high_watermark), (ErrorCode::None, 2));
    let found: Vec<_> =
        sound_batches(&fetched.records).into_iter().map(|(.., bytes)| bytes).collect();
    assert!(found == sent, "her records are not what she sent");
}

fn hers(n: u8) -> Vec<u8> {
    let mut builder = BatchBuilder::new(Compression::None);
    builder.push(1_700_000_000_000, None, Some(&[n; 100]));
    let mut batch = builder.finish(Producer::NONE).to_vec();
    headwater_protocol::batch::header::set_leader_epoch(&mut batch, -1);
    batch
}
