//! What a run of transactions will be like: an input topic that ordinary producers fill, outputs that
//! transactions fill from it, and who works on both.

use std::sync::Arc;

use headwater_io::sim::rng::Rng;

use super::{End, PATHS, Plan, Producer, Topic, Wish, config, end};
use crate::model::Level;
use crate::requests::transactions::Rules;

/// What such a run has beside what every run has.
#[derive(Clone, Debug)]
pub struct Transactional {
    /// Topics that only transactions write to.
    pub outputs: Vec<Topic>,
    /// One for each transactional id; together they process all partitions of the input.
    pub processors: Vec<Processor>,
    /// Groups without members that commit offsets now and then.
    pub committers: usize,
    /// Somebody deletes records of outputs.
    pub deletes: bool,
    /// Lives are longer by this factor: long enough for retention and compaction to come round.
    pub longer: u64,
    /// And clients slower by this one.
    pub pace: u64,
}

/// Who processes some partitions of the input under one transactional id.
#[derive(Clone, Debug)]
pub struct Processor {
    /// The id; that of its group, too.
    pub id: String,
    /// Instances that take it from each other.
    pub instances: usize,
    /// Partitions of the input.
    pub inputs: Vec<i32>,
    /// What its clients keep to.
    pub rules: Rules,
    /// How long a transaction may stay open.
    pub timeout_ms: i32,
    /// Its largest value, in bytes.
    pub value_bytes_max: u64,
}

impl Transactional {
    /// Partitions of outputs as (topic, index), in order.
    pub fn partitions(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let topics = self.outputs.iter().enumerate();
        topics.flat_map(|(n, topic)| (0..topic.partitions).map(move |index| (n, index)))
    }
}

/// Draws what the wish leaves open.
pub(super) fn draw(wish: &Wish, rng: &mut Rng) -> Result<Plan, String> {
    let drawn = (*rng.pick(PATHS)).to_owned();
    let path = wish.path.clone().unwrap_or(drawn);
    let drawn = wish.faults.drawn(rng);
    let faults = if wish.always { wish.faults } else { drawn };
    let internal = rng.pick(&["1", "2", "3"]).to_string();
    let more = [
        ("offsets.topic.num.partitions", &internal[..]),
        ("transaction.state.log.num.partitions", &internal),
        ("log.retention.check.interval.ms", "500"),
        ("log.cleaner.backoff.ms", "100"),
        ("log.cleaner.min.cleanable.ratio", "0.1"),
    ];
    let mut config = config(&path, &more, rng)?;
    // Smaller than anybody may set it, so that they roll.
    let segment_bytes = *rng.pick(&[8 << 10, 16 << 10, 64 << 10, 1 << 20]);
    config.coordination.offsets_segment_bytes = segment_bytes;
    config.coordination.transactions_segment_bytes = segment_bytes;
    let input = Topic { partitions: 1 + rng.below(3) as usize, ..topic("in".to_owned(), rng) };
    let transactional = transactional(input.partitions, rng);
    Ok(Plan {
        seed: wish.seed,
        config: Arc::new(config),
        path,
        shards: 2 + rng.below(2) as usize,
        topics: vec![input],
        producers: vec![feeder(rng)],
        consumers: rng.below(2) as usize,
        ends: (0..1 + rng.below(4)).map(|_| end(faults, rng)).collect::<Vec<End>>(),
        faults,
        requests: 10 + rng.below(30),
        printed: wish.printed,
        transactional: Some(transactional),
    })
}

fn topic(name: String, rng: &mut Rng) -> Topic {
    Topic {
        name,
        partitions: 1 + rng.below(3) as usize,
        // Less is not enough for "exactly once": a commit would outlive what it commits.
        durability: Level::Durable,
        segment_bytes: *rng.pick(&[16 << 10, 48 << 10, 1 << 20]),
        retention_bytes: None,
    }
}

fn transactional(inputs: usize, rng: &mut Rng) -> Transactional {
    let slow = rng.chance(12);
    let retention_bytes = slow.then(|| *rng.pick(&[20 << 10, 60 << 10]));
    let outputs = (0..1 + rng.below(2)).map(|n| Topic {
        retention_bytes,
        segment_bytes: if slow { 16 << 10 } else { *rng.pick(&[16 << 10, 48 << 10, 1 << 20]) },
        ..topic(format!("out{n}"), rng)
    });
    let outputs = outputs.collect();
    let ids = 1 + rng.below(inputs.min(2) as u64) as usize;
    let processors = (0..ids).map(|n| processor(n, ids, inputs, slow, rng)).collect();
    Transactional {
        outputs,
        processors,
        committers: rng.below(3) as usize,
        deletes: rng.chance(25),
        longer: if slow { 30 } else { 1 },
        pace: if slow { 8 } else { 1 },
    }
}

fn processor(n: usize, ids: usize, inputs: usize, slow: bool, rng: &mut Rng) -> Processor {
    Processor {
        id: format!("p{n}"),
        instances: 1 + usize::from(rng.chance(50)),
        inputs: (0..inputs).filter(|input| input % ids == n).map(|input| input as i32).collect(),
        rules: if rng.chance(65) { Rules::New } else { Rules::Old },
        timeout_ms: *rng.pick(&[30, 90, 400, 1500]) * if slow { 3 } else { 1 },
        value_bytes_max: *rng.pick(&[30, 400, 400, 5000]),
    }
}

fn feeder(rng: &mut Rng) -> Producer {
    Producer {
        acks: -1,
        idempotent: true,
        in_flight: 1 + rng.below(3) as usize,
        value_bytes_max: *rng.pick(&[40, 900]),
        partitions: 1 + rng.below(3),
    }
}
