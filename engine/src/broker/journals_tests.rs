//! Several logs behind one journal on a simulated disk: random work, power cuts at any moment, also in
//! the middle of recovery, and a model of what clients were told.

#[path = "journals_tests/cases.rs"]
mod cases;

use std::time::Duration;

use bytes::Bytes;
use headwater_io::buffer::BufferPool;
use headwater_io::clock::Nanos;
use headwater_io::driver::Driver;
use headwater_io::sim::World;
use headwater_io::sim::rng::Rng;
use headwater_protocol::batch::builder::{BatchBuilder, Producer};
use headwater_protocol::batch::compression::Compression;
use headwater_protocol::batch::header;

use super::*;
use crate::broker::catalog::Topic;
use crate::config::topic::TopicConfig;
use crate::log::read::Piece;
use crate::log::record_set::RecordSet;
use crate::log::recovery::OpenLog;
use crate::log::retention::Retention;
use crate::log::{Health, LogSettings};
use crate::model::LeaderEpoch;
use crate::shard::Shard;
use crate::shard::letters::{
    Acks, Answer, Ask, Bar, CallId, Isolation, Marks, PartitionSettings, ReadAsk, ReplyTo,
};
use crate::shard::serve::Moment;
use crate::token::Owner;

const DATA: &str = "/data";
const TOPIC: TopicId = TopicId([7; 16]);
const DIRECTORY: TopicId = TopicId([9; 16]);
const BATCH_MAX: usize = 300 << 10;
const HOT_BYTES_MAX: usize = 2 << 20;

fn log_settings() -> LogSettings {
    LogSettings {
        segment_bytes: 400 << 10,
        segment_age_max: Duration::MAX,
        index_interval_bytes: 1024,
        direct: true,
        preallocate: false,
        unit_bytes: 64 << 10,
        depth: 3,
        unhardened_bytes_max: 128 << 10,
        flush_after: Duration::from_millis(5),
        linger: Duration::ZERO,
        journaled: true,
    }
}

fn journal_settings() -> JournalSettings {
    JournalSettings {
        // Small, so that it goes round in every run.
        file_bytes: 320 << 10,
        files: 3,
        depth: 2,
        linger: Wait::Fixed(Duration::ZERO),
        flush_after: Duration::from_millis(5),
    }
}

/// What a client would know of one partition.
#[derive(Default)]
struct Model {
    /// Appended, in order: the offset after it, and the bytes that no log changes.
    sent: Vec<(Offset, Bytes)>,
    acknowledged: Offset,
    /// The log starts here, or later.
    start: Offset,
}

/// What happens to recovery points while the power is off.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tamper {
    Nothing,
    /// They are torn, or of an earlier time, or of segments that were rolled.
    Points,
}

struct Machine {
    world: World,
    io: Driver,
    shard: Shard,
    rng: Rng,
    models: Vec<Model>,
    /// What each open call appended: partition and end.
    calls: HashMap<u64, (usize, Offset)>,
    /// Retries on their way, and where the original ends.
    duplicates: HashMap<u64, Offset>,
    next_call: u64,
    epoch: i32,
    reads: HashMap<u64, Vec<u8>>,
    tamper: Tamper,
    /// Recovery points as they were found at earlier cuts.
    old_points: Vec<(PathBuf, Vec<u8>)>,
    /// Starts of logs from a point.
    points_used: usize,
    /// What is kept of every log.
    retention: Option<Retention>,
    /// Deletions of records on their way: of which partition.
    deletions: HashMap<u64, usize>,
    marks: HashMap<u64, Marks>,
}

fn key(index: usize) -> PartitionKey {
    PartitionKey { topic: TOPIC, index: index as i32 }
}

fn catalog(partitions: usize) -> Catalog {
    Catalog::default().with(Topic {
        name: "t".to_owned(),
        id: TOPIC,
        partitions: partitions as i32,
        placement: 0,
        overrides: BTreeMap::new(),
        config: TopicConfig::resolve(&BrokerConfig::default(), &BTreeMap::new()).unwrap(),
    })
}

/// The start of a broker as far as its journal and logs are concerned.
fn open(io: &Driver, partitions: usize, epoch: i32) -> io::Result<Shard> {
    let fs = io.fs();
    let data = Path::new(DATA);
    for index in 0..partitions {
        fs.create_dir_all(&directory::partition(data, "t", index as i32))?;
    }
    fs.sync_dir(data)?;
    let recovered = recover(&fs, data, DIRECTORY, &catalog(partitions))?;
    let pool = BufferPool::new(64 << 20, 64 << 20);
    let mut logs = Vec::new();
    for index in 0..partitions {
        let open = OpenLog {
            fs: &fs,
            dir: directory::partition(data, "t", index as i32),
            settings: log_settings(),
            pool: pool.clone(),
            epoch: LeaderEpoch(epoch),
            clean: None,
            journaled: recovered.known.get(&key(index)).copied(),
            batch_bytes_max: BATCH_MAX,
        };
        logs.push(open.open()?);
    }
    let dir = files::folder(data, ShardId(0));
    let identity = JournalIdentity { directory: DIRECTORY, shard: ShardId(0) };
    let ended = recovered.ended.get(&ShardId(0)).copied().unwrap_or(Ended::NOTHING);
    let points = logs.iter().enumerate();
    let points = points.filter_map(|(n, log)| crate::shard::journal::point_of(key(n), log));
    let begun = files::begin(&fs, &dir, identity, &journal_settings(), ended, points.collect())?;
    let journal = Journal::new(dir, identity, journal_settings(), begun);
    let mut shard = Shard::new(ShardId(0), pool, HOT_BYTES_MAX, Some(journal));
    for (index, log) in logs.into_iter().enumerate() {
        assert_eq!(log.health(), &Health::Serving, "partition {index}");
        let settings = PartitionSettings { bar: Bar::Durable, log_append_time: false };
        shard.adopt(key(index), settings, log);
    }
    Ok(shard)
}

impl Machine {
    fn new(seed: u64, partitions: usize) -> Self {
        let world = World::new(seed);
        let io = world.driver();
        let shard = open(&io, partitions, 1).unwrap();
        Machine {
            world,
            io,
            shard,
            rng: Rng::new(seed ^ 0xfeed),
            models: (0..partitions).map(|_| Model::default()).collect(),
            calls: HashMap::new(),
            duplicates: HashMap::new(),
            next_call: 0,
            epoch: 1,
            reads: HashMap::new(),
            tamper: Tamper::Nothing,
            old_points: Vec::new(),
            points_used: 0,
            retention: None,
            deletions: HashMap::new(),
            marks: HashMap::new(),
        }
    }

    fn moment(&self) -> Moment {
        Moment { now: self.io.clock().now(), unix_ms: 1 }
    }

    fn ask(&mut self, ask: Ask) -> u64 {
        let call = self.next_call;
        self.next_call += 1;
        let reply_to = ReplyTo::Call { shard: ShardId(0), call: CallId(call), part: 0 };
        let at = self.moment();
        assert!(self.shard.serve(ask, reply_to, at, &mut self.io).is_none());
        call
    }

    fn append(&mut self) {
        let most = *self.rng.pick(&[200, 200, 5_000, 70_000, 250_000]);
        self.append_up_to(most);
    }

    fn append_up_to(&mut self, most: u64) {
        let index = self.rng.below(self.models.len() as u64) as usize;
        let value: Vec<u8> =
            (0..1 + self.rng.below(most)).map(|_| self.rng.next_u64() as u8).collect();
        let mut builder = BatchBuilder::new(Compression::None);
        builder.push(1, Some(b"key"), Some(&value));
        let sequence = self.models[index].sent.len() as i32;
        let producer = Producer { id: index as i64, epoch: 0, base_sequence: sequence };
        let bytes = Bytes::copy_from_slice(builder.finish(producer));
        let acks = *self.rng.pick(&[Acks::All, Acks::All, Acks::Leader, Acks::None]);
        let set = RecordSet::check(bytes.clone(), BATCH_MAX).unwrap();
        let call = self.ask(Ask::Append { partition: key(index), set, acks, verified: None });
        let model = &mut self.models[index];
        let end = Offset(model.sent.len() as i64 + 1);
        model.sent.push((end, bytes.slice(17..)));
        if acks == Acks::All {
            self.calls.insert(call, (index, end));
        }
    }

    /// One tick of the loop that a worker runs.
    fn turn(&mut self) {
        let now = self.io.clock().now();
        let (at, retention) = (self.moment(), self.retention);
        self.shard.sweep(at, &|_| retention);
        self.shard.pump(&mut self.io, now);
        self.take_answers();
        let until = self.shard.deadline().unwrap_or(now.after(Duration::from_millis(1)));
        let mut out = Vec::new();
        self.io
            .wait(&mut out, until.max(Nanos(now.0 + 1)).min(now.after(Duration::from_millis(5))));
        for completion in out {
            let now = self.io.clock().now();
            match Owner::of(completion.token) {
                Owner::Log(slot, op) => {
                    self.shard.complete(slot, op, completion.result, now, &mut self.io);
                }
                Owner::Journal(op) => {
                    self.shard.complete_journal(op, completion.result, now, &mut self.io);
                }
                other => panic!("{other:?}"),
            }
        }
        self.take_answers();
    }

    fn take_answers(&mut self) {
        let mut answers = Vec::new();
        self.shard.take_answers(&mut answers);
        for (reply_to, answer) in answers {
            let ReplyTo::Call { call, .. } = reply_to else { panic!("only calls ask") };
            match answer {
                Answer::Appended(Ok(answer)) => {
                    if let Some(end) = self.duplicates.remove(&call.0) {
                        assert!(answer.appended.duplicate, "a retry was appended again");
                        assert_eq!(answer.appended.end, end);
                    }
                    if let Some((index, end)) = self.calls.remove(&call.0) {
                        assert_eq!(answer.appended.end, end, "partition {index}");
                        let model = &mut self.models[index];
                        assert!(model.acknowledged < end, "acknowledged out of order");
                        model.acknowledged = end;
                    }
                }
                Answer::LogStart(started) => {
                    if let Some(index) = self.deletions.remove(&call.0) {
                        let model = &mut self.models[index];
                        model.start = model.start.max(started.expect("records were deleted"));
                    }
                }
                Answer::Marks(marks) => drop(self.marks.insert(call.0, marks.unwrap())),
                Answer::Read(results) => {
                    let read = results.into_iter().next().unwrap().unwrap();
                    let mut bytes = Vec::new();
                    for piece in &read.pieces {
                        match piece {
                            Piece::Memory(memory) => bytes.extend_from_slice(memory),
                            Piece::File { file, at, len } => {
                                let mut part = vec![0; *len as usize];
                                self.io.fs().read_at(file, *at, &mut part).unwrap();
                                bytes.extend(part);
                            }
                        }
                    }
                    self.reads.insert(call.0, bytes);
                }
                _ => panic!("an append or read failed"),
            }
        }
    }

    /// Where a log starts: never before it started once.
    fn start_of(&mut self, index: usize) -> Offset {
        let call = self.ask(Ask::Marks(key(index)));
        self.take_answers();
        let start = self.marks.remove(&call).expect("marks").log_start;
        assert!(start >= self.models[index].start, "partition {index} starts at {start}");
        self.models[index].start = start;
        start
    }

    /// A client deletes records that it knows.
    fn delete_records(&mut self) {
        let index = self.rng.below(self.models.len() as u64) as usize;
        let upto = self.rng.below(self.models[index].acknowledged.0 as u64 + 1);
        let ask = Ask::DeleteRecords { partition: key(index), upto: Some(Offset(upto as i64)) };
        let call = self.ask(ask);
        self.deletions.insert(call, index);
    }

    /// Every log keeps about this much; looked at every few ticks.
    fn keep_bytes(&mut self, bytes_max: u64) {
        let bytes_max = Some(bytes_max);
        self.retention = Some(Retention { deletes: true, bytes_max, ..Retention::default() });
        self.shard.sweep_every(Duration::from_millis(3), self.io.clock().now());
    }

    /// Reads a partition from its start to its visible end; the bodies of its batches, those that are deleted
    /// as they were.
    fn read_all(&mut self, index: usize) -> Vec<Bytes> {
        let mut offset = self.start_of(index);
        let sent = &self.models[index].sent;
        let mut bodies: Vec<Bytes> =
            sent[..offset.0 as usize].iter().map(|(_, body)| body.clone()).collect();
        loop {
            let (bytes_max, isolation) = (1 << 20, Isolation::Uncommitted);
            let ask = ReadAsk { partition: key(index), offset, bytes_max, epoch: -1, isolation };
            let call = self.ask(Ask::Read { reads: vec![ask], bytes_max: 1 << 20 });
            let bytes = loop {
                self.take_answers();
                match self.reads.remove(&call) {
                    Some(bytes) => break bytes,
                    None => self.turn(),
                }
            };
            let before = offset;
            for batch in header::batches(&bytes).map_while(Result::ok) {
                let checked = header::check(batch.bytes).expect("a sound batch");
                if checked.base_offset < offset.0 {
                    continue;
                }
                assert_eq!(checked.base_offset, offset.0, "partition {index}");
                offset = Offset(checked.next_offset());
                bodies.push(Bytes::copy_from_slice(&batch.bytes[17..]));
            }
            if offset == before {
                return bodies;
            }
        }
    }

    fn check_contents(&mut self) {
        for index in 0..self.models.len() {
            let bodies = self.read_all(index);
            let model = &mut self.models[index];
            assert!(bodies.len() as i64 >= model.acknowledged.0, "partition {index} lost records");
            for (body, (end, sent)) in bodies.iter().zip(&model.sent) {
                assert!(body == sent, "partition {index}: record before {end} is altered");
            }
            // A consumer sees what is durable; after a restart that is all there is.
            model.sent.truncate(model.sent.len().max(bodies.len()));
        }
    }

    /// Of the newest checkpoint.
    fn checkpoint_serial(&self) -> u64 {
        let dir = files::folder(Path::new(DATA), ShardId(0));
        match checkpoint::newest(&self.io.fs(), &dir).unwrap() {
            Found::Newest(found) => found.serial,
            _ => panic!("no checkpoint"),
        }
    }

    /// The recovery points that there are.
    fn points(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let fs = self.io.fs();
        let dirs =
            (0..self.models.len()).map(|n| directory::partition(Path::new(DATA), "t", n as i32));
        dirs.flat_map(|dir| {
            let entries = fs.list(&dir).unwrap().into_iter();
            let points = entries.filter(|entry| directory::parse_point(&entry.name).is_some());
            points.map(|entry| dir.join(entry.name)).collect::<Vec<_>>()
        })
        .map(|path| (path.clone(), fs.read(&path).unwrap()))
        .collect()
    }

    fn tamper_with_points(&mut self) {
        let (fs, found) = (self.io.fs(), self.points());
        for (path, bytes) in found.iter().chain(&self.old_points) {
            let torn = self.rng.below(bytes.len() as u64) as usize;
            match self.rng.below(3) {
                0 => fs.replace(path, &bytes[..torn]).unwrap(),
                1 => fs.replace(path, bytes).unwrap(),
                _ => {}
            }
        }
        self.old_points.extend(found);
    }

    /// A retry of the last batch that was kept is recognised, whatever its producer was read from.
    fn check_producers(&mut self) {
        for index in 0..self.models.len() {
            let kept = self.models[index].sent.len();
            let Some((end, body)) = self.models[index].sent.last().cloned() else { continue };
            let mut bytes = vec![0; 17];
            bytes[8..12].copy_from_slice(&(body.len() as i32 + 5).to_be_bytes());
            bytes[16] = 2;
            bytes.extend_from_slice(&body);
            let set = RecordSet::check(bytes.into(), BATCH_MAX).unwrap();
            let (acks, verified) = (Acks::Leader, None);
            let call = self.ask(Ask::Append { partition: key(index), set, acks, verified });
            self.duplicates.insert(call, end);
            while self.duplicates.contains_key(&call) {
                self.turn();
            }
            assert_eq!(self.models[index].sent.len(), kept);
        }
    }

    /// Takes the power away, perhaps also while it recovers, and starts again.
    fn cut(&mut self) {
        self.epoch += 1;
        self.world.power_cut();
        self.io = self.world.driver();
        if self.tamper == Tamper::Points {
            self.tamper_with_points();
        }
        while self.rng.chance(40) {
            let ops = self.rng.below(60);
            self.world.disk().silence_after(ops);
            let died = open(&self.io, self.models.len(), self.epoch);
            drop(died);
            self.world.power_cut();
            self.io = self.world.driver();
        }
        self.shard = open(&self.io, self.models.len(), self.epoch).unwrap();
        // What nobody vouches for is removed: what is left was used.
        self.points_used += self.points().len();
        self.calls.clear();
        self.deletions.clear();
        for index in 0..self.models.len() {
            let kept = self.read_all(index).len();
            let model = &mut self.models[index];
            assert!(
                kept as i64 >= model.acknowledged.0,
                "partition {index} lost records: {kept} of {:?}",
                model.acknowledged
            );
            model.sent.truncate(kept);
        }
        self.check_contents();
        self.check_producers();
    }

    fn settle(&mut self) {
        self.shard.flush_all();
        for _ in 0..200_000 {
            if self.shard.is_quiet() {
                return;
            }
            self.turn();
        }
        panic!("the shard never came to rest");
    }
}
