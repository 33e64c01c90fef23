//! All connections of a run on one driver: requests in, events out.
//!
//! The caller's loop is: [`Network::poll`] (or [`Network::wait`]), handle the events, send requests,
//! again. Requests sent between two polls leave in one send per connection.
//!
//! Must not know what is measured; it hands on what happened and the loop looks at the clock.

mod reap;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use headwater_io::clock::{Clock, Nanos};
use headwater_io::driver::Driver;
use headwater_io::op::{Completion, Op, Token};
use headwater_io::socket::Socket;
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::frame::{self, RequestHeader};
use headwater_protocol::wire::writer::Writer;
use slab::Slab;

use super::connection::{Closed, Connection, Expected, State};
use super::messages::{FetchedPart, ProduceHead, ProducedPart};

/// Makes a connection to `HOST:PORT`; runs where blocking is allowed.
pub type Connect = Arc<dyn Fn(&str) -> io::Result<Socket> + Send + Sync>;

/// Whose connection it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// [`super::control`].
    Control,
    /// The producer of this number.
    Producer(usize),
    /// The consumer of this number.
    Consumer(usize),
}

/// A connection, as its owner names it. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Link {
    key: usize,
    serial: u64,
}

/// Something happened on a connection.
pub struct Event {
    /// To whom.
    pub owner: Owner,
    /// On which of its connections.
    pub link: Link,
    /// What.
    pub what: What,
}

/// See [`Event`]. `tag` is the owner's name for the request.
pub enum What {
    /// Requests may be sent.
    Open,
    /// It is over; answers that were due will not come.
    Closed(Closed),
    /// A request that has no answer was handed to the kernel.
    Handed {
        /// Which.
        tag: u64,
    },
    /// The answer to a produce request.
    Produced {
        /// Which.
        tag: u64,
        /// What became of each batch.
        parts: Vec<ProducedPart>,
    },
    /// The answer to a fetch.
    Fetched {
        /// Which.
        tag: u64,
        /// Of the whole request, or none.
        error: ErrorCode,
        /// From each partition.
        parts: Vec<FetchedPart>,
    },
    /// The answer to anything else.
    Answered {
        /// Which.
        tag: u64,
        /// Header and body.
        frame: Bytes,
        /// In this version.
        version: i16,
    },
}

impl Link {
    pub(super) fn new(key: usize, serial: u64) -> Self {
        Link { key, serial }
    }

    pub(super) fn key(self) -> usize {
        self.key
    }

    pub(super) fn is(self, serial: u64) -> bool {
        self.serial == serial
    }
}

struct Entry {
    serial: u64,
    connection: Connection,
}

/// See the module.
pub struct Network {
    driver: Driver,
    clock: Clock,
    connect: Connect,
    client_id: String,
    answer_timeout: Duration,
    entries: Slab<Entry>,
    next_serial: u64,
    completions: Vec<Completion>,
    /// Connections that may have something to send.
    to_flush: Vec<usize>,
    /// Connections that need a receive under way.
    to_receive: Vec<usize>,
}

const CONNECT: u64 = 0;
const RECEIVE: u64 = 1;
const SEND: u64 = 2;

fn token(key: usize, kind: u64) -> Token {
    Token((key as u64) << 2 | kind)
}

impl Network {
    /// No connections yet. An answer that takes longer than `answer_timeout` ends its connection.
    pub fn new(
        driver: Driver,
        connect: Connect,
        client_id: String,
        answer_timeout: Duration,
    ) -> Self {
        let clock = driver.clock();
        Network {
            driver,
            clock,
            connect,
            client_id,
            answer_timeout,
            entries: Slab::new(),
            next_serial: 0,
            completions: Vec::new(),
            to_flush: Vec::new(),
            to_receive: Vec::new(),
        }
    }

    /// The clock of everything on this network.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Begins to connect; an event says when that is done.
    pub fn open(&mut self, owner: Owner, address: &str) -> Link {
        self.next_serial += 1;
        let serial = self.next_serial;
        let key = self.entries.insert(Entry { serial, connection: Connection::new(owner) });
        let (connect, address) = (Arc::clone(&self.connect), address.to_owned());
        let job: headwater_io::op::Job = Box::new(move |_| Box::new(connect(&address)));
        self.driver.submit(Op::Job(job), token(key, CONNECT));
        Link { key, serial }
    }

    /// Ends a connection; no event follows.
    pub fn close(&mut self, link: Link) {
        if self.get(link).is_some() {
            self.shut(link.key);
        }
    }

    /// The version in which `api` is spoken on this connection.
    pub fn version(&self, link: Link, api: ApiKey) -> Option<i16> {
        self.get(link)?.versions.of(api)
    }

    /// Sends a request that will be answered. False when the connection is not open, or the broker
    /// does not know the API.
    pub fn call(
        &mut self,
        link: Link,
        api: ApiKey,
        tag: u64,
        body: impl FnOnce(&mut Writer<'_>, i16),
    ) -> bool {
        let Some(version) = self.version(link, api) else { return false };
        self.enqueue(
            link.key,
            api,
            version,
            Some(tag),
            |w| {
                body(w, version);
                Vec::new()
            },
            &[],
        );
        true
    }

    /// Sends a produce request; with acks=0 there will be no answer but [`What::Handed`].
    pub fn produce(&mut self, link: Link, tag: u64, head: &ProduceHead<'_>) -> bool {
        let Some(version) = self.version(link, ApiKey::Produce) else { return false };
        let answered = (head.acks != 0).then_some(tag);
        self.enqueue(
            link.key,
            ApiKey::Produce,
            version,
            answered,
            |w| head.encode(w),
            head.batches,
        );
        if answered.is_none() {
            self.entries[link.key].connection.unanswered_queued.push(tag);
        }
        true
    }

    /// Starts what was sent, and adds what has happened to `events`. Never blocks.
    pub fn poll(&mut self, events: &mut Vec<Event>) {
        self.start_queued();
        let mut completions = std::mem::take(&mut self.completions);
        self.driver.poll(&mut completions);
        self.handle(&mut completions, events);
        self.completions = completions;
    }

    /// As [`Network::poll`], but waits for something to happen until `until`.
    pub fn wait(&mut self, events: &mut Vec<Event>, until: Nanos) {
        self.start_queued();
        let mut completions = std::mem::take(&mut self.completions);
        self.driver.wait(&mut completions, until);
        self.handle(&mut completions, events);
        self.completions = completions;
    }

    /// Ends connections whose answer is overdue. To be called now and then.
    pub fn expire(&mut self, events: &mut Vec<Event>) {
        let now = self.clock.now();
        let overdue = |entry: &Entry| {
            let open = entry.connection.state != State::Closed;
            open && entry.connection.expected.front().is_some_and(|first| first.deadline <= now)
        };
        let keys: Vec<usize> =
            self.entries.iter().filter(|(_, entry)| overdue(entry)).map(|(key, _)| key).collect();
        for key in keys {
            self.end(key, Closed::TimedOut, events);
        }
    }

    fn get(&self, link: Link) -> Option<&Connection> {
        let entry = self.entries.get(link.key)?;
        let usable = entry.serial == link.serial && entry.connection.state != State::Closed;
        usable.then_some(&entry.connection)
    }

    fn enqueue(
        &mut self,
        key: usize,
        api: ApiKey,
        version: i16,
        answered: Option<u64>,
        body: impl FnOnce(&mut Writer<'_>) -> Vec<usize>,
        fillings: &[(u32, Bytes)],
    ) {
        let connection = &mut self.entries[key].connection;
        let correlation_id = connection.take_correlation_id();
        let client_id = Some(self.client_id.as_str());
        let header =
            RequestHeader { api_key: api.code(), api_version: version, correlation_id, client_id };
        let mut head = BytesMut::with_capacity(128 + 16 * fillings.len());
        let holes = frame::encode_request(&mut head, &header, body);
        let head = head.freeze();
        let mut at = 0;
        for (hole, (_, filling)) in holes.into_iter().zip(fillings) {
            connection.outbox.push(head.slice(at..hole));
            connection.outbox.push(filling.clone());
            at = hole;
        }
        connection.outbox.push(head.slice(at..));
        if let Some(tag) = answered {
            let deadline = self.clock.now().after(self.answer_timeout);
            connection.expected.push_back(Expected { correlation_id, api, version, tag, deadline });
        }
        self.to_flush.push(key);
    }

    /// One send and one receive per connection that needs it.
    fn start_queued(&mut self) {
        for key in self.to_flush.drain(..) {
            let Some(entry) = self.entries.get_mut(key) else { continue };
            let connection = &mut entry.connection;
            if connection.sending || connection.outbox.is_empty() {
                continue;
            }
            let Some(socket) = connection.socket.clone() else { continue };
            // The kernel side keeps the vector; the next one is likely to need as much room.
            let room = connection.outbox.len();
            let parts = std::mem::replace(&mut connection.outbox, Vec::with_capacity(room));
            std::mem::swap(&mut connection.unanswered_sending, &mut connection.unanswered_queued);
            connection.sending = true;
            self.driver.submit(Op::Send { socket, parts }, token(key, SEND));
        }
        for key in self.to_receive.drain(..) {
            let Some(entry) = self.entries.get_mut(key) else { continue };
            let connection = &mut entry.connection;
            if connection.receiving || connection.state == State::Closed {
                continue;
            }
            let Some(socket) = connection.socket.clone() else { continue };
            let buf = connection.take_inbox();
            connection.receiving = true;
            self.driver.submit(Op::Recv { socket, buf }, token(key, RECEIVE));
        }
    }
}
