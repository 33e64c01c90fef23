//! The machine that the tests of this folder run on: one shard and its clients, in one simulated world.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use headwater_io::buffer::BufferPool;
use headwater_io::driver::Driver;
use headwater_io::mailbox::{Sender, mailbox};
use headwater_io::op::{Completion, Done, Op, Token};
use headwater_io::sim::World;
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

use super::super::mail::{BOX_LETTERS, Letter, Mail};
use super::super::{Parts, Worker};
use crate::api::Node;
use crate::broker::controller::Place;
use crate::broker::start;
use crate::config::broker::BrokerConfig;
use crate::log::folder::Folders;
use crate::model::{LeaderEpoch, ShardId};
use crate::net::limits::Limits;
use crate::shard::Shard;

pub(super) const ADDR: &str = "127.0.0.1:9092";
pub(super) const MEMORY_BYTES: usize = 32 << 20;
/// A run that takes more ticks than this hangs.
pub(super) const TICKS_MAX: usize = 2_000_000;
/// Tokens of what clients send; those of what they receive are their numbers.
pub(super) const SENT: u64 = 1 << 32;

/// A machine with one shard and its clients.
pub(super) struct Machine {
    pub(super) world: World,
    pub(super) worker: Worker,
    /// What clients do happens between ticks, at the same virtual time.
    pub(super) io: Driver,
    pub(super) clients: Vec<Client>,
    pub(super) mailbox: Sender<Letter>,
}

pub(super) struct Client {
    pub(super) socket: Socket,
    /// Requests, one after the other; the first one is on its way.
    pub(super) outgoing: VecDeque<Bytes>,
    pub(super) received: BytesMut,
    pub(super) closed: bool,
    pub(super) reads: bool,
}

impl Machine {
    /// Starts on what the disk of this world holds.
    pub(super) fn start(world: World) -> Self {
        let mut config = BrokerConfig::default();
        config.journal_file_bytes = 1 << 20;
        Machine::start_with(world, config)
    }

    pub(super) fn start_with(world: World, mut config: BrokerConfig) -> Self {
        // Records here are older than a week.
        config.topic_defaults.retention_ms = None;
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
            folders: Folders::default(),
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
    pub(super) fn connect(&mut self) -> usize {
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

    pub(super) fn receive(&mut self, client: usize) {
        let socket = self.clients[client].socket.clone();
        let buf = BytesMut::with_capacity(16 << 10);
        self.io.submit(Op::Recv { socket, buf }, Token(client as u64));
    }

    pub(super) fn send(&mut self, client: usize, bytes: Bytes) {
        self.clients[client].outgoing.push_back(bytes);
        if self.clients[client].outgoing.len() == 1 {
            self.send_next(client);
        }
    }

    pub(super) fn send_next(&mut self, client: usize) {
        let Client { socket, outgoing, .. } = &self.clients[client];
        if let Some(bytes) = outgoing.front() {
            let (socket, parts) = (socket.clone(), vec![bytes.clone()]);
            self.io.submit(Op::Send { socket, parts }, Token(SENT | client as u64));
        }
    }

    pub(super) fn tick(&mut self) {
        self.worker.tick();
        let mut completions = Vec::new();
        self.io.poll(&mut completions);
        self.hear(completions);
    }

    pub(super) fn hear(&mut self, completions: Vec<Completion>) {
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
    pub(super) fn answer(&mut self, client: usize) -> Bytes {
        for _ in 0..TICKS_MAX {
            if let Some(answer) = whole_frame(&mut self.clients[client].received) {
                return answer;
            }
            assert!(!self.clients[client].closed, "the connection of client {client} has ended");
            self.tick();
        }
        panic!("no answer to client {client}");
    }

    pub(super) fn call(&mut self, client: usize, request: Bytes) -> Bytes {
        self.send(client, request);
        self.answer(client)
    }

    pub(super) fn produce(&mut self, client: usize, batch: &[u8]) -> (ErrorCode, i64) {
        let answer = self.call(client, produce(batch, -1));
        produced(&answer)
    }

    /// Error, high watermark, and the base offsets of the batches that one fetch gives.
    pub(super) fn fetch(&mut self, client: usize, offset: i64) -> (ErrorCode, i64, Vec<i64>) {
        let answer = self.call(client, fetch(offset, 0));
        fetched(&answer)
    }
}

pub(super) fn whole_frame(received: &mut BytesMut) -> Option<Bytes> {
    let len = frame::frame_len(received, usize::MAX).ok()??;
    (received.len() >= 4 + len).then(|| received.split_to(4 + len).freeze().slice(4..))
}

pub(super) fn encode(api: ApiKey, version: i16, body: impl FnOnce(&mut Writer<'_>)) -> Bytes {
    let (api_key, api_version) = (api.code(), version);
    let header = RequestHeader { api_key, api_version, correlation_id: 1, client_id: None };
    let mut buffer = BytesMut::new();
    frame::encode_request(&mut buffer, &header, body);
    buffer.freeze()
}

pub(super) fn metadata(topic: &str) -> Bytes {
    let topics = Some(vec![MetadataRequestTopic { topic_id: Uuid::ZERO, name: Some(topic) }]);
    let request = MetadataRequest { topics, ..MetadataRequest::default() };
    encode(ApiKey::Metadata, 9, |w| request.encode(w, 9))
}

pub(super) fn produce(records: &[u8], acks: i16) -> Bytes {
    let partitions = vec![ProducePartition { index: 0, records: Some(records) }];
    let topics = vec![ProduceTopic { name: "t", topic_id: Uuid::ZERO, partitions }];
    let request = ProduceRequest { transactional_id: None, acks, timeout_ms: 1000, topics };
    encode(ApiKey::Produce, 9, |w| request.encode(w, 9))
}

pub(super) fn fetch(fetch_offset: i64, max_wait_ms: i32) -> Bytes {
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

pub(super) fn produced(answer: &[u8]) -> (ErrorCode, i64) {
    let (_, mut body) = ResponseHeader::decode(answer, ApiKey::Produce, 9).expect("a header");
    let response = ProduceResponse::decode(&mut body, 9).expect("a response");
    let partition = &response.topics[0].partitions[0];
    (partition.error_code, partition.base_offset)
}

pub(super) fn fetched(answer: &[u8]) -> (ErrorCode, i64, Vec<i64>) {
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

pub(super) fn batch(number: u64, bytes: usize) -> Vec<u8> {
    let mut value = number.to_be_bytes().to_vec();
    value.resize(bytes.max(8), number as u8);
    let mut builder = BatchBuilder::new(Compression::None);
    builder.push(1_700_000_000_000, None, Some(&value));
    builder.finish(Producer::NONE).to_vec()
}

/// A machine with the topic `t` and one client, number 0.
pub(super) fn with_topic(seed: u64) -> Machine {
    let mut machine = Machine::start(World::new(seed));
    let client = machine.connect();
    let answer = machine.call(client, metadata("t"));
    let (_, mut body) = ResponseHeader::decode(&answer, ApiKey::Metadata, 9).expect("a header");
    let response = MetadataResponse::decode(&mut body, 9).expect("a response");
    assert_eq!(response.topics[0].error_code, ErrorCode::None);
    machine
}
