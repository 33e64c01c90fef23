//! A whole shard on a simulated machine: sockets, disk and clock from one seed. What a real process can
//! only be tried for happens here at will: the same run twice, power cuts at any moment, disks that fail.

mod scrub;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use headwater_io::buffer::BufferPool;
use headwater_io::driver::Driver;
use headwater_io::mailbox::{Sender, mailbox};
use headwater_io::op::{Completion, Done, Op, Token};
use headwater_io::sim::World;
use headwater_io::sim::disk::Faults;
use headwater_io::sim::rng::Rng;
use headwater_io::socket::Socket;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::batch::builder::{BatchBuilder, Producer};
use headwater_protocol::batch::compression::Compression;
use headwater_protocol::batch::header;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::frame::{self, RequestHeader, ResponseHeader};
use headwater_protocol::messages::fetch::response::FetchResponse;
use headwater_protocol::messages::fetch::{FetchPartition, FetchRequest, FetchTopic};
use headwater_protocol::messages::metadata::{
    MetadataRequest, MetadataRequestTopic, MetadataResponse,
};
use headwater_protocol::messages::produce::{
    ProducePartition, ProduceRequest, ProduceResponse, ProduceTopic,
};
use headwater_protocol::wire::uuid::Uuid;
use headwater_protocol::wire::writer::Writer;

use super::mail::{BOX_LETTERS, Letter, Mail};
use super::{Parts, Worker};
use crate::api::Node;
use crate::broker::controller::Place;
use crate::broker::start;
use crate::config::broker::BrokerConfig;
use crate::model::{LeaderEpoch, ShardId};
use crate::net::limits::Limits;
use crate::shard::Shard;

const ADDR: &str = "127.0.0.1:9092";
const MEMORY_BYTES: usize = 32 << 20;
/// A run that takes more ticks than this hangs.
const TICKS_MAX: usize = 2_000_000;
/// Tokens of what clients send; those of what they receive are their numbers.
const SENT: u64 = 1 << 32;

/// A machine with one shard and its clients.
struct Machine {
    world: World,
    worker: Worker,
    /// What clients do happens between ticks, at the same virtual time.
    io: Driver,
    clients: Vec<Client>,
    mailbox: Sender<Letter>,
}

struct Client {
    socket: Socket,
    /// Requests, one after the other; the first one is on its way.
    outgoing: VecDeque<Bytes>,
    received: BytesMut,
    closed: bool,
    reads: bool,
}

impl Machine {
    /// Starts on what the disk of this world holds.
    fn start(world: World) -> Self {
        let mut config = BrokerConfig::default();
        config.journal_file_bytes = 1 << 20;
        Machine::start_with(world, config)
    }

    fn start_with(world: World, config: BrokerConfig) -> Self {
        let config = Arc::new(config);
        let io = world.driver();
        let data_dir = PathBuf::from("/data");
        let ids = ["cluster".to_owned(), "directory".to_owned()];
        let claimed = start::claim(&io.fs(), &data_dir, config.node_id, ids).expect("a directory");
        let pool = BufferPool::new(MEMORY_BYTES, MEMORY_BYTES);
        let place = Place {
            data_dir,
            config: Arc::clone(&config),
            direct: true,
            epoch: LeaderEpoch(0),
            pools: vec![pool.clone()],
        };
        let opened = start::open(&io.fs(), claimed, place).expect("a sound directory");
        let journal = opened.journals.into_iter().next().flatten();
        let mut shard = Shard::new(ShardId(0), pool, MEMORY_BYTES / 2, journal);
        for (_, key, settings, log) in opened.logs {
            shard.adopt(key, settings, log);
        }
        let node = Node {
            id: config.node_id,
            cluster_id: "cluster".to_owned(),
            host: "127.0.0.1".to_owned(),
            port: 9092,
            shards: 1,
            epoch: opened.epoch,
        };
        let (mailbox, inbox) = mailbox(BOX_LETTERS, io.waker());
        let mut rng = Rng::new(7);
        let new_id = move || {
            let mut id = [0; 16];
            id[..8].copy_from_slice(&rng.next_u64().to_be_bytes());
            id
        };
        let parts = Parts {
            id: ShardId(0),
            shard,
            mail: Mail::new(inbox, vec![mailbox.clone()]),
            listener: Some(world.net().listen(ADDR.parse().expect("an address"))),
            catalog: opened.catalog,
            limits: Limits::of(&config, 1, MEMORY_BYTES),
            config,
            node: Arc::new(node),
            controller: Some(opened.controller),
            new_id: Box::new(new_id),
            io,
        };
        let mut worker = Worker::new(parts);
        worker.accept();
        Machine { io: world.driver(), world, worker, clients: Vec::new(), mailbox }
    }

    /// A new connection; its number.
    fn connect(&mut self) -> usize {
        let addr = ADDR.parse().expect("an address");
        let socket = self.world.net().connect(addr).expect("a listener");
        self.clients.push(Client {
            socket,
            outgoing: VecDeque::new(),
            received: BytesMut::new(),
            closed: false,
            reads: true,
        });
        self.receive(self.clients.len() - 1);
        self.clients.len() - 1
    }

    fn receive(&mut self, client: usize) {
        let socket = self.clients[client].socket.clone();
        let buf = BytesMut::with_capacity(16 << 10);
        self.io.submit(Op::Recv { socket, buf }, Token(client as u64));
    }

    fn send(&mut self, client: usize, bytes: Bytes) {
        self.clients[client].outgoing.push_back(bytes);
        if self.clients[client].outgoing.len() == 1 {
            self.send_next(client);
        }
    }

    fn send_next(&mut self, client: usize) {
        let Client { socket, outgoing, .. } = &self.clients[client];
        if let Some(bytes) = outgoing.front() {
            let (socket, parts) = (socket.clone(), vec![bytes.clone()]);
            self.io.submit(Op::Send { socket, parts }, Token(SENT | client as u64));
        }
    }

    fn tick(&mut self) {
        self.worker.tick();
        let mut completions = Vec::new();
        self.io.poll(&mut completions);
        self.hear(completions);
    }

    fn hear(&mut self, completions: Vec<Completion>) {
        for completion in completions {
            let number = (completion.token.0 & !SENT) as usize;
            let client = &mut self.clients[number];
            match completion.result {
                Ok(Done::Received(buffer, n)) => {
                    client.received.extend_from_slice(&buffer);
                    client.closed = n == 0;
                    if !client.closed && client.reads {
                        self.receive(number);
                    }
                }
                Ok(_) => {
                    client.outgoing.pop_front();
                    self.send_next(number);
                }
                Err(_) => client.closed = true,
            }
        }
    }

    /// The next answer to a client, without its length.
    fn answer(&mut self, client: usize) -> Bytes {
        for _ in 0..TICKS_MAX {
            if let Some(answer) = whole_frame(&mut self.clients[client].received) {
                return answer;
            }
            assert!(!self.clients[client].closed, "the connection of client {client} has ended");
            self.tick();
        }
        panic!("no answer to client {client}");
    }

    fn call(&mut self, client: usize, request: Bytes) -> Bytes {
        self.send(client, request);
        self.answer(client)
    }

    fn produce(&mut self, client: usize, batch: &[u8]) -> (ErrorCode, i64) {
        let answer = self.call(client, produce(batch, -1));
        produced(&answer)
    }

    /// Error, high watermark, and the base offsets of the batches that one fetch gives.
    fn fetch(&mut self, client: usize, offset: i64) -> (ErrorCode, i64, Vec<i64>) {
        let answer = self.call(client, fetch(offset, 0));
        fetched(&answer)
    }
}

fn whole_frame(received: &mut BytesMut) -> Option<Bytes> {
    let len = frame::frame_len(received, usize::MAX).ok()??;
    (received.len() >= 4 + len).then(|| received.split_to(4 + len).freeze().slice(4..))
}

fn encode(api: ApiKey, version: i16, body: impl FnOnce(&mut Writer<'_>)) -> Bytes {
    let (api_key, api_version) = (api.code(), version);
    let header = RequestHeader { api_key, api_version, correlation_id: 1, client_id: None };
    let mut buffer = BytesMut::new();
    frame::encode_request(&mut buffer, &header, body);
    buffer.freeze()
}

fn metadata(topic: &str) -> Bytes {
    let topics = Some(vec![MetadataRequestTopic { topic_id: Uuid::ZERO, name: Some(topic) }]);
    let request = MetadataRequest { topics, ..MetadataRequest::default() };
    encode(ApiKey::Metadata, 9, |w| request.encode(w, 9))
}

fn produce(records: &[u8], acks: i16) -> Bytes {
    let partitions = vec![ProducePartition { index: 0, records: Some(records) }];
    let topics = vec![ProduceTopic { name: "t", topic_id: Uuid::ZERO, partitions }];
    let request = ProduceRequest { transactional_id: None, acks, timeout_ms: 1000, topics };
    encode(ApiKey::Produce, 9, |w| request.encode(w, 9))
}

fn fetch(fetch_offset: i64, max_wait_ms: i32) -> Bytes {
    let partition_max_bytes = 4 << 20;
    let partition = FetchPartition { fetch_offset, partition_max_bytes, ..Default::default() };
    let topics = vec![FetchTopic { name: "t", topic_id: Uuid::ZERO, partitions: vec![partition] }];
    let request = FetchRequest {
        max_wait_ms,
        min_bytes: 1,
        max_bytes: 4 << 20,
        session_epoch: -1,
        topics,
        ..Default::default()
    };
    encode(ApiKey::Fetch, 11, |w| request.encode(w, 11))
}

fn produced(answer: &[u8]) -> (ErrorCode, i64) {
    let (_, mut body) = ResponseHeader::decode(answer, ApiKey::Produce, 9).expect("a header");
    let response = ProduceResponse::decode(&mut body, 9).expect("a response");
    let partition = &response.topics[0].partitions[0];
    (partition.error_code, partition.base_offset)
}

fn fetched(answer: &[u8]) -> (ErrorCode, i64, Vec<i64>) {
    let (_, mut body) = ResponseHeader::decode(answer, ApiKey::Fetch, 11).expect("a header");
    let response = FetchResponse::decode(&mut body, 11).expect("a response");
    let partition = &response.topics[0].partitions[0];
    let batches = header::batches(partition.records.inline().expect("inline"));
    let batches = batches.map(|batch| {
        let batch = batch.expect("whole batches");
        header::check(batch.bytes).expect("sound batches").base_offset
    });
    (partition.error_code, partition.high_watermark, batches.collect())
}

fn batch(number: u64, bytes: usize) -> Vec<u8> {
    let mut value = number.to_be_bytes().to_vec();
    value.resize(bytes.max(8), number as u8);
    let mut builder = BatchBuilder::new(Compression::None);
    builder.push(1_700_000_000_000, None, Some(&value));
    builder.finish(Producer::NONE).to_vec()
}

/// A machine with the topic `t` and one client, number 0.
fn with_topic(seed: u64) -> Machine {
    let mut machine = Machine::start(World::new(seed));
    let client = machine.connect();
    let answer = machine.call(client, metadata("t"));
    let (_, mut body) = ResponseHeader::decode(&answer, ApiKey::Metadata, 9).expect("a header");
    let response = MetadataResponse::decode(&mut body, 9).expect("a response");
    assert_eq!(response.topics[0].error_code, ErrorCode::None);
    machine
}

#[test]
fn records_go_in_and_come_out() {
    for seed in 0..20 {
        let mut machine = with_topic(seed);
        for n in 0..10 {
            let batch = batch(n, 100 + 3000 * n as usize);
            assert_eq!(machine.produce(0, &batch), (ErrorCode::None, n as i64));
        }
        let all = (0..10).collect::<Vec<i64>>();
        assert_eq!(machine.fetch(0, 0), (ErrorCode::None, 10, all), "seed {seed}");
        // One waits for the next, another one brings it.
        let consumer = machine.connect();
        machine.send(consumer, fetch(10, 60_000));
        assert_eq!(machine.produce(0, &batch(10, 10)), (ErrorCode::None, 10));
        assert_eq!(fetched(&machine.answer(consumer)), (ErrorCode::None, 11, vec![10]));
    }
}

/// Everything that clients see, and when.
fn transcript(seed: u64) -> (Vec<u8>, u64) {
    let mut machine = with_topic(seed);
    let mut rng = Rng::new(seed);
    let mut seen = Vec::new();
    let clients: Vec<usize> = (0..4).map(|_| machine.connect()).collect();
    for n in 0..60 {
        let client = clients[rng.below(4) as usize];
        let request = match rng.below(3) {
            0 => fetch(rng.below(20) as i64, rng.below(50) as i32),
            1 => produce(&batch(n, rng.below(5000) as usize), 1),
            _ => produce(&batch(n, rng.below(200_000) as usize), -1),
        };
        machine.send(client, request);
        if rng.chance(60) {
            seen.extend_from_slice(&machine.answer(client));
            seen.extend_from_slice(&machine.world.clock().now().0.to_be_bytes());
        }
    }
    for _ in 0..20_000 {
        machine.tick();
    }
    machine.clients.iter().for_each(|client| seen.extend_from_slice(&client.received));
    (seen, machine.world.disk().ops())
}

/// A failure can only be repeated if everything is decided by the seed.
#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in 0..5 {
        assert!(transcript(seed) == transcript(seed), "seed {seed}");
    }
    assert!(transcript(1) != transcript(2));
}

/// Whatever the disk keeps of a power cut, what was acknowledged is in it, and in its place.
#[test]
fn a_power_cut_loses_nothing_that_was_acknowledged() {
    for seed in 0..40 {
        let mut machine = with_topic(seed);
        let mut rng = Rng::new(seed + 1000);
        let producer = machine.connect();
        let (mut acknowledged, mut sent) = (0, 0);
        for n in 0..20 + rng.below(3000) {
            if n % 40 == 0 {
                machine.send(producer, produce(&batch(sent, rng.below(20_000) as usize), -1));
                sent += 1;
            }
            machine.tick();
            while let Some(answer) = whole_frame(&mut machine.clients[producer].received) {
                assert_eq!(produced(&answer), (ErrorCode::None, acknowledged), "seed {seed}");
                acknowledged += 1;
            }
        }
        let world = machine.world.clone();
        drop(machine);
        world.power_cut();
        let mut machine = Machine::start(world);
        let client = machine.connect();
        let (error, end, _) = machine.fetch(client, 0);
        assert_eq!(error, ErrorCode::None, "seed {seed}");
        let there = acknowledged..=sent as i64;
        assert!(there.contains(&end), "seed {seed}: {acknowledged} acknowledged, {end} there");
        let mut offset = 0;
        while offset < end {
            for found in machine.fetch(client, offset).2 {
                assert_eq!(found, offset, "seed {seed}");
                offset += 1;
            }
        }
        assert_eq!(machine.produce(client, &batch(0, 10)), (ErrorCode::None, end), "seed {seed}");
    }
}

/// A client that asks for more and more and takes nothing: its answers stay bounded, and with them what
/// is received from it; another one is served as before.
#[test]
fn who_does_not_read_is_not_served_for_ever() {
    let mut machine = with_topic(3);
    for n in 0..20 {
        machine.produce(0, &batch(n, 400_000));
    }
    let deaf = machine.connect();
    machine.clients[deaf].reads = false;
    for _ in 0..200 {
        machine.send(deaf, fetch(0, 0));
    }
    for _ in 0..20_000 {
        machine.tick();
    }
    let limits = machine.worker.limits;
    let unsent = machine.worker.unsent_bytes as usize;
    // As much as one connection may have waiting, and the answer that went beyond it.
    assert!(unsent <= limits.outgoing_bytes + (4 << 20), "{unsent} bytes wait");
    let held = machine.worker.held_bytes;
    assert!(held < 64 * 200, "{held} bytes of requests");
    let started = machine.world.clock().now();
    assert_eq!(machine.produce(0, &batch(20, 100)), (ErrorCode::None, 20));
    assert_eq!(machine.fetch(0, 20), (ErrorCode::None, 21, vec![20]));
    let took = machine.world.clock().now().since(started);
    assert!(took < Duration::from_millis(20), "{took:?}");
    // When it has gone nothing of it is left.
    machine.clients[deaf].socket.shutdown();
    for _ in 0..1000 {
        machine.tick();
    }
    let left = (machine.worker.unsent_bytes, machine.worker.promised_bytes);
    assert_eq!((left, machine.worker.held_bytes), ((0, 0), 0));
    assert_eq!(machine.worker.connections.len(), 1);
}

/// After a write or sync that failed nobody can tell what the disk holds: nothing more is acknowledged or
/// served until it was read again.
#[test]
fn a_failing_disk_ends_service_until_a_restart() {
    for (seed, faults) in [
        Faults { fail_write_in: Some(1), ..Faults::default() },
        Faults { fail_sync_in: Some(1), ..Faults::default() },
    ]
    .into_iter()
    .enumerate()
    {
        let mut machine = with_topic(seed as u64);
        assert_eq!(machine.produce(0, &batch(0, 100)), (ErrorCode::None, 0));
        machine.world.disk().set_faults(faults);
        for n in 1..3 {
            assert_eq!(machine.produce(0, &batch(n, 100)).0, ErrorCode::KafkaStorageError);
        }
        assert_eq!(machine.fetch(0, 0).0, ErrorCode::KafkaStorageError);
        let world = machine.world.clone();
        drop(machine);
        world.power_cut();
        let mut machine = Machine::start(world);
        let client = machine.connect();
        let (error, end, batches) = machine.fetch(client, 0);
        assert_eq!((error, batches[0]), (ErrorCode::None, 0));
        assert_eq!(machine.produce(client, &batch(9, 100)), (ErrorCode::None, end));
    }
}

#[test]
fn a_full_disk_refuses_and_recovers() {
    for seed in 0..10 {
        let mut machine = with_topic(seed);
        // The journal has its room from the start.
        let full = Faults { capacity_bytes: Some((4 + 3) << 20), ..Faults::default() };
        machine.world.disk().set_faults(full);
        let mut end = 0;
        while machine.produce(0, &batch(end as u64, 50_000)) == (ErrorCode::None, end) {
            end += 1;
            assert!(end < 100, "seed {seed}");
        }
        assert!(end > 40, "seed {seed}: full after {end} batches of 50,000 bytes on 3 MiB");
        assert_eq!(machine.produce(0, &batch(0, 50_000)).0, ErrorCode::KafkaStorageError);
        assert_eq!(machine.fetch(0, 0).1, end);
        machine.world.disk().set_faults(Faults::default());
        let later = machine.world.clock().now().after(Duration::from_secs(1));
        while machine.world.clock().now() < later {
            machine.tick();
        }
        assert_eq!(machine.produce(0, &batch(end as u64, 50_000)), (ErrorCode::None, end));
    }
}

/// Who waits is answered, what was appended is flushed, and then the shard is done.
#[test]
fn a_stop_answers_and_flushes() {
    let mut machine = with_topic(5);
    let consumer = machine.connect();
    machine.send(consumer, fetch(0, 60_000));
    machine.send(0, produce(&batch(0, 100), 1));
    assert_eq!(produced(&machine.answer(0)), (ErrorCode::None, 0));
    assert_eq!(fetched(&machine.answer(consumer)).1, 1);
    machine.send(consumer, fetch(1, 60_000));
    for _ in 0..100 {
        machine.tick();
    }
    assert!(machine.mailbox.send(Letter::Stop).is_ok());
    let started = machine.world.clock().now();
    for _ in 0..TICKS_MAX {
        if machine.worker.is_stopped() {
            break;
        }
        machine.tick();
    }
    assert!(machine.worker.is_stopped());
    assert!(machine.world.clock().now().since(started) < Duration::from_millis(100));
    // The shard is gone, and with it what moved the clock; what it sent is still on its way.
    for _ in 0..100 {
        let mut completions = Vec::new();
        let until = machine.world.clock().now().after(Duration::from_micros(20));
        machine.io.wait(&mut completions, until);
        machine.hear(completions);
    }
    let answer = whole_frame(&mut machine.clients[consumer].received).expect("an answer");
    assert_eq!(fetched(&answer), (ErrorCode::None, 1, vec![]));
    let logs = machine.worker.shard.into_logs();
    assert!(logs.iter().all(|log| log.clean_end().is_some()), "everything is durable");
}
